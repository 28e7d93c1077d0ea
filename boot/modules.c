#include "boot/modules.h"

#include "boot/multiboot.h"
#include "boot/usable.h"
#include "lib/compiler.h"
#include "lib/print.h"
#include "lib/string.h"

/* As loaders write it: little endian, packed. */
struct module_entry {
	u32 start, end;
	u32 string;
	u32 reserved;
} __packed;

static __printf(2, 3) bool refuse(struct boot_info *info,
				  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_text_args(info->module_error, sizeof(info->module_error),
			 format, args);
	va_end(args);
	info->module_count = 0;
	return false;
}

/* A zero-terminated string, or NULL: it is too long, or cannot be read. */
static const char *read_string(const struct boot_machine *machine,
			       u64 address)
{
	const char *c;
	u64 size = 0;

	do {
		if (size == COMMAND_LINE_SIZE)
			return NULL;
		c = machine->read(address + size++, 1);
	} while (c && *c);
	return c ? machine->read(address, size) : NULL;
}

static bool may_be_in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("._-+", c));
}

/*
 * The last component of the first word; NULL: there is no word. Loaders write
 * "path arguments", the path alone, the arguments alone, or nothing.
 */
static const char *find_name(const char *string, size_t *length)
{
	const char *name, *c;

	while (*string == ' ')
		string++;
	for (name = c = string; *c && *c != ' '; c++)
		if (*c == '/')
			name = c + 1;
	*length = (size_t)(c - name);
	return c == string ? NULL : name;
}

static bool is_good_name(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (!may_be_in_name(name[i]))
			return false;
	return length > 0 && length < BOOT_MODULE_NAME;
}

static bool read_name(const char *string, struct boot_module *module,
		      struct boot_info *info)
{
	char shown[BOOT_MODULE_NAME];
	size_t length;
	const char *name = find_name(string, &length);

	if (!name) {
		format_text(module->name, sizeof(module->name), "module%u",
			    info->module_count);
		return true;
	}
	quote_text(shown, sizeof(shown), name, length);
	if (!is_good_name(name, length))
		return refuse(info, "module '%s' is not accepted: its name may "
			      "have 1 to %u letters, digits and . _ - +", shown,
			      BOOT_MODULE_NAME - 1);
	memcpy(module->name, name, length);
	module->name[length] = '\0';
	return true;
}

/* Is the module usable, and its name valid? */
static bool check_module(const struct memory *memory,
			 const struct boot_module *module,
			 struct boot_info *info)
{
	u32 i;

	for (i = 0; i < info->module_count; i++)
		if (!strcmp(info->modules[i].name, module->name))
			return refuse(info, "module '%s' is not accepted: "
				      "there are two of that name",
				      module->name);
	if (module->size > BOOT_MODULE_SIZE)
		return refuse(info, "module '%s' is not accepted: it has %lu "
			      "bytes, and may have up to %u", module->name,
			      module->size, BOOT_MODULE_SIZE);
	if (module->size &&
	    (!memory->machine->read(module->start, module->size) ||
	     !usable_has(memory, module->start,
			 module->start + module->size)))
		return refuse(info, "module '%s' is not accepted: it does not "
			      "lie in usable memory from 1 MiB on",
			      module->name);
	return true;
}

static bool read_module(const struct memory *memory,
			const struct module_entry *entry,
			struct boot_info *info)
{
	struct boot_module *module = &info->modules[info->module_count];
	const char *string = read_string(memory->machine, entry->string);

	if (!string)
		return refuse(info, "module %u is not accepted: its string "
			      "must end within %u bytes", info->module_count,
			      COMMAND_LINE_SIZE - 1);
	if (!read_name(string, module, info))
		return false;
	if (entry->end < entry->start)
		return refuse(info, "module '%s' is not accepted: it ends "
			      "before it begins", module->name);
	module->start = entry->start;
	module->size = entry->end - entry->start;
	if (!check_module(memory, module, info))
		return false;
	info->module_count++;
	return true;
}

void modules_read(struct memory *memory, u64 list, u32 count,
		  struct boot_info *info)
{
	const struct module_entry *entries;
	u64 size = count * sizeof(*entries);
	u32 i;

	if (count > BOOT_MAX_MODULES) {
		refuse(info, "%u modules are not accepted: there may be up to "
		       "%u", count, BOOT_MAX_MODULES);
		return;
	}
	entries = memory->machine->read(list, size);
	if (!entries) {
		refuse(info, "the list of modules is not accepted: it cannot "
		       "be read");
		return;
	}
	for (i = 0; i < count; i++)
		if (!read_module(memory, &entries[i], info))
			return;
	/* Only after each was checked: they may share pages. */
	usable_take(memory, list, list + size);
	for (i = 0; i < count; i++) {
		u64 string = entries[i].string;

		usable_take(memory, string, string + 1 +
			    strlen(read_string(memory->machine, string)));
		usable_take(memory, entries[i].start, entries[i].end);
	}
}
