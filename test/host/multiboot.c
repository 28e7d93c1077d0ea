/*
 * What the boot loader tells: memory maps good and bad, the command line, and
 * bytes at random, which must never be read out of bounds.
 */
#include "test/host/support.h"

#include <string.h>
#include "boot/multiboot.h"

/* The physical memory that can be read. */
#define BASE	0x8000ull
#define SIZE	0x8000ull

static u8 memory[SIZE];

static const void *read_memory(u64 address, u64 size)
{
	if (address < BASE || size > SIZE || address - BASE > SIZE - size)
		return NULL;
	return memory + (address - BASE);
}

#define K(n)	((u64)(n) << 10)
#define M(n)	((u64)(n) << 20)

static const struct boot_machine machine = {
	.read = read_memory,
	.kernel = { { M(1) }, { M(1) + 0x12345 } },
	.limit = { M(4096) },
};

/* Where things lie in this memory. */
#define BLOCK	0x9000u
#define MAP	0xa000u
#define LINE	0xb000u

struct block {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline;
	u32 mods[2], syms[4], mmap_length, mmap_addr;
} __packed;

struct entry {
	u32 size;
	u64 base, length;
	u32 type;
} __packed;

#define USABLE(base, length)	{ 20, base, length, 1 }
#define RESERVED(base, length)	{ 20, base, length, 2 }

#define FLAG_MEMORY	(1u << 0)
#define FLAG_LINE	(1u << 2)
#define FLAG_MAP	(1u << 6)

static const struct {
	const char *name;
	u32 flags, mem_upper;
	struct entry map[4];
	u32 map_length;			/* 0: all entries with a size */
	struct memory_range ranges[4];
} rows[] = {
	{ "no information", 0, 0, { { 0 } }, 0, { { { 0 }, { 0 } } } },
	{ "size only", FLAG_MEMORY, 15 * 1024, { { 0 } }, 0,
	  { { { M(1) + 0x13000 }, { M(16) } } } },
	{ "a PC's map", FLAG_MEMORY | FLAG_MAP, 1,
	  { USABLE(0, K(640)), RESERVED(K(640), K(384)),
	    USABLE(M(1), M(31)) }, 0,
	  { { { M(1) + 0x13000 }, { M(32) } } } },
	{ "two ranges that touch", FLAG_MAP, 0,
	  { USABLE(M(1), M(1)), USABLE(M(2), M(1)) }, 0,
	  { { { M(1) + 0x13000 }, { M(3) } } } },
	{ "unsorted, with a hole", FLAG_MAP, 0,
	  { USABLE(M(8), M(1)), USABLE(M(2), M(1)) }, 0,
	  { { { M(2) }, { M(3) } }, { { M(8) }, { M(9) } } } },
	{ "overlap with a reserved one", FLAG_MAP, 0,
	  { RESERVED(M(4) + 1, 1), USABLE(M(2), M(4)) }, 0,
	  { { { M(2) }, { M(4) } }, { { M(4) + K(4) }, { M(6) } } } },
	{ "parts of pages", FLAG_MAP, 0, { USABLE(M(2) + 5, K(12)) }, 0,
	  { { { M(2) + K(4) }, { M(2) + K(12) } } } },
	{ "less than a page", FLAG_MAP, 0, { USABLE(M(2) + 5, K(4)) }, 0,
	  { { { 0 }, { 0 } } } },
	{ "above the limit", FLAG_MAP, 0, { USABLE(M(4095), M(5)) }, 0,
	  { { { M(4095) }, { M(4096) } } } },
	{ "around the end of addresses", FLAG_MAP, 0,
	  { USABLE(M(4095), ~0ull), RESERVED(~0ull - 5, 100) }, 0,
	  { { { M(4095) }, { M(4096) } } } },
	{ "a larger entry", FLAG_MAP, 0,
	  { { 44, M(2), M(1), 1 }, { 0 }, USABLE(M(8), M(1)) }, 72,
	  { { { M(2) }, { M(3) } }, { { M(8) }, { M(9) } } } },
	{ "an entry that is too small ends it", FLAG_MAP, 0,
	  { USABLE(M(2), M(1)), { 19, M(4), M(1), 1 } }, 48,
	  { { { M(2) }, { M(3) } } } },
	{ "an entry that is cut off", FLAG_MAP, 0,
	  { USABLE(M(2), M(1)), USABLE(M(4), M(1)) }, 47,
	  { { { M(2) }, { M(3) } } } },
	{ "an empty map, and a size", FLAG_MAP | FLAG_MEMORY, 1024,
	  { { 0 } }, 1, { { { M(1) + 0x13000 }, { M(2) } } } },
};

static void check_sane(const struct boot_info *info)
{
	u64 last = M(1);
	u32 i;

	assert_true(info->range_count <= BOOT_MAX_RANGES);
	for (i = 0; i < info->range_count; i++) {
		struct memory_range r = info->ranges[i];

		assert_true(r.start.v >= last);
		assert_true(r.start.v < r.end.v);
		assert_true(r.end.v <= machine.limit.v);
		assert_int_equal((r.start.v | r.end.v) & ~PAGE_MASK, 0);
		assert_true(r.end.v <= machine.kernel.start.v ||
			    r.start.v >= machine.kernel.end.v);
		last = r.end.v;
	}
	assert_non_null(memchr(info->command_line, 0, COMMAND_LINE_SIZE));
}

static void test_maps(void **state)
{
	static struct boot_info info;
	u32 i, j;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		struct block block = {
			.flags = rows[i].flags,
			.mem_upper = rows[i].mem_upper,
			.mmap_addr = MAP, .mmap_length = rows[i].map_length,
		};

		for (j = 0; !rows[i].map_length && rows[i].map[j].size; j++)
			block.mmap_length += sizeof(struct entry);
		memset(memory, 0, sizeof(memory));
		memcpy(memory + BLOCK - BASE, &block, sizeof(block));
		memcpy(memory + MAP - BASE, rows[i].map, sizeof(rows[i].map));
		assert_int_equal(multiboot_parse(BLOCK, &machine, &info), 0);
		check_sane(&info);
		for (j = 0; rows[i].ranges[j].end.v; j++)
			if (j >= info.range_count ||
			    memcmp(&info.ranges[j], &rows[i].ranges[j],
				   sizeof(info.ranges[j])))
				fail_msg("%s: range %u", rows[i].name, j);
		assert_int_equal(info.range_count, j);
		assert_string_equal(info.command_line, "");
	}
}

static void test_no_block(void **state)
{
	static struct boot_info info = { .range_count = 7 };

	(void)state;
	assert_int_equal(multiboot_parse(BASE - 1, &machine, &info), -EINVAL);
	assert_int_equal(multiboot_parse(BASE + SIZE - 8, &machine, &info),
			 -EINVAL);
	assert_int_equal(info.range_count, 0);
	assert_string_equal(info.command_line, "");
}

static void parse_line(const char *line, size_t size, u32 address,
		       struct boot_info *info)
{
	struct block block = { .flags = FLAG_LINE, .cmdline = address };

	memset(memory, 0x41, sizeof(memory));
	memcpy(memory + BLOCK - BASE, &block, sizeof(block));
	memcpy(memory + address - BASE, line, size);
	assert_int_equal(multiboot_parse(BLOCK, &machine, info), 0);
	check_sane(info);
}

static void test_command_line(void **state)
{
	static struct boot_info info;
	static char longest[COMMAND_LINE_SIZE + 10];

	(void)state;
	parse_line("tandem policy=all", 18, LINE, &info);
	assert_string_equal(info.command_line, "tandem policy=all");
	parse_line("", 1, LINE, &info);
	assert_string_equal(info.command_line, "");
	assert_false(info.line_is_cut);
	/* All that fits, and one byte more: that is said. */
	memset(longest, 'x', sizeof(longest));
	longest[COMMAND_LINE_SIZE - 1] = '\0';
	parse_line(longest, COMMAND_LINE_SIZE, LINE, &info);
	assert_int_equal(strlen(info.command_line), COMMAND_LINE_SIZE - 1);
	assert_false(info.line_is_cut);
	longest[COMMAND_LINE_SIZE - 1] = 'x';
	longest[COMMAND_LINE_SIZE] = '\0';
	parse_line(longest, sizeof(longest), LINE, &info);
	assert_int_equal(strlen(info.command_line), COMMAND_LINE_SIZE - 1);
	assert_true(info.line_is_cut);
	/* Memory ends before the line does. */
	parse_line("abc", 3, BASE + SIZE - 3, &info);
	assert_string_equal(info.command_line, "abc");
	assert_true(info.line_is_cut);
	/* The next block without a line has none that is cut. */
	parse_line("abc", 4, BASE + SIZE - 4, &info);
	assert_false(info.line_is_cut);
}

/* Bytes at random, of which some happen to make sense. */
static void test_random(void **state)
{
	static struct boot_info info;
	u32 round, i;

	(void)state;
	srandom(3);
	for (round = 0; round < 2000; round++) {
		struct block block = {
			.flags = (u32)random(),
			.mem_upper = (u32)random(),
			.cmdline = BASE + (u32)random() % (2 * SIZE),
			.mmap_length = (u32)random() % 0x4000,
			.mmap_addr = BASE + (u32)random() % SIZE,
		};

		for (i = 0; i < SIZE; i++)
			memory[i] = random() % 4 ? (u8)random() % 32 : 0;
		memcpy(memory + BLOCK - BASE, &block, sizeof(block));
		assert_int_equal(multiboot_parse(BLOCK, &machine, &info), 0);
		check_sane(&info);
	}
}

/* More ranges than there is room for: fewer are used, none is wrong. */
static void test_many(void **state)
{
	static struct boot_info info;
	struct block block = { .flags = FLAG_MAP, .mmap_addr = MAP };
	struct entry *map = (struct entry *)(memory + MAP - BASE);
	u32 i, n = 2 * BOOT_MAX_RANGES;

	(void)state;
	memset(memory, 0, sizeof(memory));
	block.mmap_length = n * sizeof(*map);
	memcpy(memory + BLOCK - BASE, &block, sizeof(block));
	for (i = 0; i < n; i++)
		map[i] = (struct entry)USABLE(M(2 + 2 * i), M(1));
	assert_int_equal(multiboot_parse(BLOCK, &machine, &info), 0);
	check_sane(&info);
	assert_int_equal(info.range_count, BOOT_MAX_RANGES);
	/* A reserved page in the middle of a full list. */
	map[n - 1] = (struct entry)RESERVED(M(2) + K(512), K(4));
	assert_int_equal(multiboot_parse(BLOCK, &machine, &info), 0);
	check_sane(&info);
	for (i = 0; i < info.range_count; i++)
		assert_true(info.ranges[i].end.v <= M(2) + K(512) ||
			    info.ranges[i].start.v >= M(2) + K(516));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_no_block),
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_many),
	};

	return RUN(tests);
}
