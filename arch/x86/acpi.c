#include "arch/x86/acpi.h"

#include "lib/compiler.h"
#include "lib/string.h"

#define EBDA_SEGMENT	0x40e		/* where a BIOS stores its address */
#define EBDA_SIZE	0x400		/* so much of it is searched */
#define BIOS_START	0xe0000
#define BIOS_END	0x100000
#define ALIGNMENT	16

#define MAX_TABLE_SIZE	0x10000

struct root_pointer {
	char signature[8];
	u8 sum;
	char vendor[6];
	u8 revision;
	u32 rsdt;			/* up to here the first sum counts */
	u32 size;
	u64 xsdt;
	u8 whole_sum, reserved[3];
} __packed;

#define FIRST_SIZE	20		/* of revision 0 */

struct header {
	char signature[4];
	u32 size;
	u8 rest[28];
} __packed;

static bool sum_is_right(const void *from, u32 size)
{
	const u8 *byte = from;
	u8 sum = 0;

	while (size--)
		sum += *byte++;
	return !sum;
}

static const struct root_pointer *search(acpi_read_fn read, u64 start, u64 end)
{
	const struct root_pointer *root;
	u64 at;

	for (at = start; at < end; at += ALIGNMENT) {
		root = read(at, FIRST_SIZE);
		if (root && !memcmp(root->signature, "RSD PTR ", 8) &&
		    sum_is_right(root, FIRST_SIZE))
			return root;
	}
	return NULL;
}

static const struct root_pointer *find_root(acpi_read_fn read)
{
	const u16 *segment = read(EBDA_SEGMENT, sizeof(*segment));
	const struct root_pointer *root = NULL;
	u64 ebda;

	if (segment && *segment) {
		ebda = (u64)*segment << 4;
		root = search(read, ebda, ebda + EBDA_SIZE);
	}
	return root ? root : search(read, BIOS_START, BIOS_END);
}

/* The whole table at @address, whatever its signature. */
static const struct header *read_table(acpi_read_fn read, u64 address)
{
	const struct header *table = read(address, sizeof(*table));

	if (!table || table->size < sizeof(*table) ||
	    table->size > MAX_TABLE_SIZE || !read(address, table->size) ||
	    !sum_is_right(table, table->size))
		return NULL;
	return table;
}

/* Entry @i of a table of addresses of @width bytes each. */
static u64 entry(const struct header *tables, u32 width, u32 i)
{
	const u8 *at = (const u8 *)(tables + 1) + (size_t)i * width;
	u64 address = 0;

	memcpy(&address, at, width);
	return address;
}

const void *acpi_find(acpi_read_fn read, const char *signature, u32 size)
{
	const struct root_pointer *root = find_root(read);
	const struct header *tables, *table;
	u32 width, i;

	if (!root)
		return NULL;
	/* Every machine with these tables has the list of 32-bit addresses. */
	width = sizeof(u32);
	tables = read_table(read, root->rsdt);
	if (!tables && root->revision >= 2) {
		width = sizeof(u64);
		tables = read_table(read, root->xsdt);
	}
	if (!tables)
		return NULL;
	for (i = 0; i < (tables->size - sizeof(*tables)) / width; i++) {
		table = read_table(read, entry(tables, width, i));
		if (table && !memcmp(table->signature, signature, 4) &&
		    table->size >= size)
			return table;
	}
	return NULL;
}
