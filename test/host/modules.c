/*
 * The modules that the boot loader tells of: names of all loaders, each reason
 * to refuse one, and that nobody else gets their memory.
 */
#include "test/host/support.h"

#include <stdio.h>
#include <string.h>
#include "boot/multiboot.h"

#define M(n)	((u64)(n) << 20)

/* Tables can be read below, and modules behind 1 MiB. */
#define BASE	0x8000ull
#define SIZE	0x8000ull
#define UPPER	M(1)
#define END	M(5)		/* of what can be read: some may be no memory */

#define BLOCK	0x9000u
#define MAP	0x9800u
#define LIST	0xa000u
#define STRINGS	0xb000u
#define STRING	0x80u		/* room for one */

static u8 tables[SIZE], upper[END - UPPER];

static const void *read_memory(u64 address, u64 size)
{
	if (address >= UPPER && address <= END && size <= END - address)
		return upper + (address - UPPER);
	if (address < BASE || size > SIZE || address - BASE > SIZE - size)
		return NULL;
	return tables + (address - BASE);
}

static const struct boot_machine machine = {
	.read = read_memory,
	.kernel = { { M(1) }, { M(1) + 0x12345 } },
	.limit = { M(8) },
	.screen = { { M(3) + 0x80000 }, { M(3) + 0x81000 } },
};

struct block {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline;
	u32 mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
} __packed;

struct map_entry {
	u32 size;
	u64 base, length;
	u32 type;
} __packed;

struct module {
	u32 start, end, string, reserved;
};

#define FLAG_MODULES	(1u << 3)
#define FLAG_MAP	(1u << 6)

static const struct map_entry map[] = {
	{ 20, 0, 0xa0000, 1 },
	{ 20, M(1), M(3), 1 },		/* so that M(4) to M(5) is none */
	{ 20, M(3) + 0x40000, 0x1000, 2 },
};

static struct block block;
static struct module list[BOOT_MAX_MODULES + 1];
static struct boot_info info;

static void *at(u64 address)
{
	return tables + (address - BASE);
}

/* No module, then those that a test adds. */
static void begin(void)
{
	memset(tables, 0, sizeof(tables));
	block = (struct block){
		.flags = FLAG_MODULES | FLAG_MAP, .mods_addr = LIST,
		.mmap_addr = MAP, .mmap_length = sizeof(map),
	};
	memcpy(at(MAP), map, sizeof(map));
}

static void add(u64 start, u64 size, const char *string)
{
	u32 i = block.mods_count++;

	list[i] = (struct module){ (u32)start, (u32)(start + size),
				   STRINGS + i * STRING, 0 };
	assert_true(strlen(string) < STRING);
	strcpy(at(list[i].string), string);
}

static void parse(void)
{
	memcpy(at(BLOCK), &block, sizeof(block));
	if (block.mods_addr == LIST)
		memcpy(at(LIST), list, block.mods_count * sizeof(list[0]));
	assert_int_equal(multiboot_parse(BLOCK, &machine, &info), 0);
}

static void assert_refused(const char *error)
{
	parse();
	assert_string_equal(info.module_error, error);
	assert_int_equal(info.module_count, 0);
}

/* The name that the kernel makes of a string; NULL: none. */
static const char *name_of(const char *string)
{
	begin();
	add(M(2), 1, string);
	parse();
	return info.module_count ? info.modules[0].name : NULL;
}

#define LONGEST \
	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

static void test_names(void **state)
{
	static const struct {
		const char *string, *name;
	} rows[] = {
		{ "/home/me/my.scn my.scn", "my.scn" },	/* QEMU */
		{ "files/my.scn", "my.scn" },
		{ "my.scn", "my.scn" },			/* GRUB 2 */
		{ "  a/b+c_d-1.x  y/z", "b+c_d-1.x" },
		{ "", "module0" }, { "   ", "module0" },
		{ LONGEST, LONGEST }, { "/x/" LONGEST " y", LONGEST },
		{ LONGEST "x", NULL }, { "a/", NULL }, { "a/ b", NULL },
		{ "a,b", NULL }, { "a\tb", NULL }, { "\xc3\xa4", NULL },
		{ "a:b", NULL }, { "a=b", NULL }, { "%", NULL },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		const char *name = name_of(rows[i].string);

		if (!name != !rows[i].name ||
		    (name && strcmp(name, rows[i].name)))
			fail_msg("'%s': %s", rows[i].string, name);
	}
	begin();
	add(M(2), 1, "a=b c");
	assert_refused("module 'a=b' is not accepted: its name may have 1 to "
		       "63 letters, digits and . _ - +");
	begin();
	add(M(2), 1, LONGEST "x");
	parse();
	assert_non_null(strstr(info.module_error, "VWX...' is not accepted"));
}

static void test_where(void **state)
{
	(void)state;
	begin();
	add(M(2) + 5, 70, "d/a x");
	add(M(3), BOOT_MODULE_SIZE, "b");
	add(0, 0, "empty");
	add(M(2) + 5, 70, "");		/* no harm: it is only read */
	parse();
	assert_string_equal(info.module_error, "");
	assert_int_equal(info.module_count, 4);
	assert_string_equal(info.modules[0].name, "a");
	assert_int_equal(info.modules[0].start, M(2) + 5);
	assert_int_equal(info.modules[0].size, 70);
	assert_string_equal(info.modules[1].name, "b");
	assert_int_equal(info.modules[1].start, M(3));
	assert_int_equal(info.modules[1].size, BOOT_MODULE_SIZE);
	assert_int_equal(info.modules[2].size, 0);
	assert_string_equal(info.modules[3].name, "module3");
	/* The next block has none. */
	begin();
	parse();
	assert_int_equal(info.module_count, 0);
	block.flags = FLAG_MAP;
	block.mods_count = 7;
	parse();
	assert_int_equal(info.module_count, 0);
	assert_string_equal(info.module_error, "");
}

static void test_count(void **state)
{
	char name[8];
	u32 i;

	(void)state;
	begin();
	for (i = 0; i < BOOT_MAX_MODULES; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		add(M(2) + i * BOOT_MODULE_SIZE, BOOT_MODULE_SIZE, name);
	}
	parse();
	assert_string_equal(info.module_error, "");
	assert_int_equal(info.module_count, BOOT_MAX_MODULES);
	add(M(3), 1, "m16");
	assert_refused("17 modules are not accepted: there may be up to 16");
	block.mods_count = ~0u;
	block.mods_addr = 0;
	assert_refused("4294967295 modules are not accepted: there may be up "
		       "to 16");
}

/* Two modules, of which the second one is not accepted: then no one is. */
static void refused(u64 start, u64 size, const char *why)
{
	char error[sizeof(info.module_error)];

	begin();
	add(M(2), 1, "first");
	add(start, size, "second");
	snprintf(error, sizeof(error), "module 'second' is not accepted: %s",
		 why);
	assert_refused(error);
}

static void test_memory(void **state)
{
	static const char why[] = "it does not lie in usable memory from "
				  "1 MiB on";
	static const u64 starts[] = {
		0, M(1) - 0x800, BASE,		/* below */
		M(1), M(1) + 0x12fff,		/* the kernel, its last page */
		M(3) + 0x80000 - 0xfff,		/* into the screen */
		M(3) + 0x3f001, M(3) + 0x40800,	/* what is reserved */
		M(4) - 0xfff, M(4), M(5) - 0xfff, M(5), M(4096) - 0x1001,
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(starts); i++)
		refused(starts[i], 0x1000, why);
	for (i = 0; i < array_count(starts); i++) {
		begin();
		add(starts[i], 0, "empty");
		parse();
		assert_string_equal(info.module_error, "");
	}
	refused(M(2), BOOT_MODULE_SIZE + 1,
		"it has 65537 bytes, and may have up to 65536");
	refused(M(2), (u64)-1, "it ends before it begins");
	begin();
	add(M(2), 1, "x/a b");
	add(M(2), 1, "a");
	assert_refused("module 'a' is not accepted: there are two of that "
		       "name");
	begin();
	add(M(2), 1, "module1");
	add(M(2), 1, "");
	assert_refused("module 'module1' is not accepted: there are two of "
		       "that name");
}

/* Without a map the size is all that is known. */
static void test_size(void **state)
{
	(void)state;
	begin();
	block.flags = FLAG_MODULES | 1;
	block.mem_upper = 2 * 1024;
	add(M(3) - 1, 1, "a");
	parse();
	assert_int_equal(info.module_count, 1);
	add(M(3), 1, "b");
	assert_refused("module 'b' is not accepted: it does not lie in usable "
		       "memory from 1 MiB on");
	block.flags = FLAG_MODULES;
	parse();
	assert_int_equal(info.module_count, 0);
}

/* Strings without an end, and tables where nothing is. */
static void test_tables(void **state)
{
	u32 size = COMMAND_LINE_SIZE;

	(void)state;
	begin();
	add(M(2), 1, "a");
	list[0].string = BASE + SIZE - size;
	memset(at(list[0].string), ' ', size);
	*(char *)at(BASE + SIZE - 1) = '\0';
	parse();
	assert_string_equal(info.modules[0].name, "module0");
	*(char *)at(BASE + SIZE - 1) = ' ';
	assert_refused("module 0 is not accepted: its string must end within "
		       "2047 bytes");
	list[0].string = BASE + SIZE - 1;
	assert_refused("module 0 is not accepted: its string must end within "
		       "2047 bytes");
	list[0].string = 0;
	parse();
	assert_int_equal(info.module_count, 0);
	block.mods_addr = BASE + SIZE - 15;
	assert_refused("the list of modules is not accepted: it cannot be "
		       "read");
}

static bool is_free(u64 address)
{
	u32 i;

	for (i = 0; i < info.range_count; i++)
		if (address >= info.ranges[i].start.v &&
		    address < info.ranges[i].end.v)
			return true;
	return false;
}

/* Modules, strings and list are in no range; the pages around them are. */
static void test_reserved(void **state)
{
	u64 list_at = M(2) + 0x7ff8, string = M(2) + 0xafff;

	(void)state;
	begin();
	add(M(2) + 0x1fff, 0x1002, "");
	list[0].string = (u32)string;
	block.mods_addr = (u32)list_at;
	memcpy(upper + (list_at - UPPER), list, sizeof(list[0]));
	strcpy((char *)upper + (string - UPPER), "ab");
	parse();
	assert_string_equal(info.modules[0].name, "ab");
	assert_true(is_free(M(2)) && is_free(M(2) + 0x4000));
	assert_false(is_free(M(2) + 0x1000) || is_free(M(2) + 0x2000) ||
		     is_free(M(2) + 0x3000));
	assert_true(is_free(M(2) + 0x6000) && is_free(M(2) + 0x9000));
	assert_false(is_free(list_at) || is_free(list_at + 15));
	assert_false(is_free(string) || is_free(string + 2));
	assert_true(is_free(M(2) + 0xc000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_reserved),
	};

	return RUN(tests);
}
