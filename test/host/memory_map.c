/*
 * The loader's memory map against a simple model, a byte for each page: random
 * maps with overlaps, parts of pages, more entries than anybody has, ends at
 * and behind 2^64. A page is handed out exactly if some entry offers all of it,
 * no entry reserves any of it, and nobody lives there.
 *
 * TANDEM_SEED=N tries other maps.
 */
#include "test/host/support.h"

#include <stdio.h>
#include <string.h>
#include "boot/multiboot.h"

#define MAPS		4000
#define MIB		(1ull << 20)
#define LIMIT		(64 * MIB)
#define PAGES		(LIMIT >> PAGE_SHIFT)
#define KERNEL_START	MIB
#define KERNEL_END	(MIB + 0x12345)

/* Where block, command line and map lie, and can be read. */
#define BASE		(2 * MIB)
#define SIZE		(256ull << 10)
#define LINE		(BASE + 0x1003)
#define MAP		(BASE + 0x3005)
static const char line[] = "/kernel seed=1";

static u8 memory[SIZE];

static const void *read_memory(u64 address, u64 size)
{
	if (address < BASE || size > SIZE || address - BASE > SIZE - size)
		return NULL;
	return memory + (address - BASE);
}

static const struct boot_machine machine = {
	.read = read_memory,
	.kernel = { { KERNEL_START }, { KERNEL_END } },
	.limit = { LIMIT },
};

struct block {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline;
	u32 mods[2], syms[4], mmap_length, mmap_addr;
} __packed;

struct entry {
	u32 size;
	u64 base, length;
	u32 type;
} __packed;

/* The model. */
static bool offered[PAGES], reserved[PAGES];

/* In 128 bits nothing wraps; an entry that ends behind 2^64 ends there. */
static void model_add(const struct entry *e)
{
	__extension__ typedef unsigned __int128 wide;
	wide end = (wide)e->base + e->length, page;
	u64 first = e->base >> PAGE_SHIFT, p;

	for (p = first; e->length && p < PAGES; p++) {
		page = (wide)p << PAGE_SHIFT;
		if (page >= end)
			break;
		if (e->type != 1)
			reserved[p] = true;
		else if (page >= e->base && page + PAGE_SIZE <= end)
			offered[p] = true;
	}
}

static void model_reserve(u64 start, u64 end)
{
	struct entry e = { 20, start, end - start, 2 };

	model_add(&e);
}

static bool model_has(u64 page)
{
	return page < PAGES && offered[page] && !reserved[page];
}

/* A map being written behind MAP; returns where it ends. */
static u64 add_entry(u64 at, const struct entry *e)
{
	assert_non_null(read_memory(at, sizeof(e->size) + e->size));
	memcpy(memory + (at - BASE), e, sizeof(*e));
	model_add(e);
	return at + sizeof(e->size) + e->size;
}

static void write_block(u64 map_end)
{
	struct block block = {
		.flags = 1 << 0 | 1 << 2 | 1 << 6, .mem_upper = 50 << 10,
		.cmdline = (u32)LINE,
		.mmap_addr = (u32)MAP, .mmap_length = (u32)(map_end - MAP),
	};

	memcpy(memory, &block, sizeof(block));
	memcpy(memory + (LINE - BASE), line, sizeof(line));
	model_reserve(0, MIB);
	model_reserve(KERNEL_START, KERNEL_END);
	model_reserve(BASE, BASE + sizeof(block));
	model_reserve(LINE, LINE + sizeof(line));
	model_reserve(MAP, map_end);
}

static u64 below(u64 n)
{
	return ((u64)random() << 31 ^ (u64)random()) % n;
}

/* Mostly a few pages somewhere, near a page's bounds or not. */
static struct entry random_entry(void)
{
	struct entry e = { .size = 20, .type = 1 };

	e.base = below(LIMIT + 16 * MIB);
	e.length = below(below(4) ? 64 << PAGE_SHIFT : LIMIT);
	if (below(2))
		e.base &= PAGE_MASK;
	if (below(2))
		e.length &= PAGE_MASK;
	if (!below(8))
		e.length += below(5) - 2;
	if (!below(30))
		e.length = 0 - e.base;			/* ends at 2^64 */
	if (!below(30))
		e.length = below(2) ? ~0ull : 0 - below(1 << 30);
	if (!below(40))
		e.base = 0 - below(4 << PAGE_SHIFT);
	if (!below(3))
		e.type = (u32)below(6);
	if (!below(10))
		e.size += (u32)below(40);
	return e;
}

/* One big offer and many small ones that overlap it, or that stand alone. */
static u64 random_map(u32 count)
{
	struct entry all = { 20, 0, below(2) ? LIMIT : 3 * MIB, 1 };
	u32 big = (u32)below(count + 1), i;
	u64 at = MAP;

	for (i = 0; i < count; i++) {
		struct entry e = random_entry();

		if (count > 300)
			/* So many that there are hundreds of ranges. */
			e.length %= 9 << PAGE_SHIFT;
		at = add_entry(at, i == big ? &all : &e);
	}
	return at;
}

static int by_size(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The model's ranges, each found whole in @info or, if small, left out. */
static void compare(const struct boot_info *info)
{
	static u64 sizes[PAGES];
	u64 page, start, left = 0, kept = 0;
	u32 count = 0, i = 0;

	for (page = 0; page < PAGES; page++) {
		if (!model_has(page))
			continue;
		for (start = page; model_has(page); page++)
			;
		sizes[count++] = (page - start) << PAGE_SHIFT;
		if (i < info->range_count &&
		    info->ranges[i].start.v == start << PAGE_SHIFT) {
			assert_int_equal(info->ranges[i].end.v,
					 page << PAGE_SHIFT);
			kept += sizes[count - 1];
			i++;
		} else {
			left += sizes[count - 1];
		}
	}
	assert_int_equal(i, info->range_count);
	assert_int_equal(info->left_out_size, left);
	assert_int_equal(info->left_out_count, count - i);
	assert_int_equal(i, count < BOOT_MAX_RANGES ? count : BOOT_MAX_RANGES);
	qsort(sizes, count, sizeof(*sizes), by_size);
	while (i--)
		kept -= sizes[i];
	assert_int_equal(kept, 0);		/* none is bigger that is not */
}

static void try_map(u64 map_end)
{
	static struct boot_info info;

	write_block(map_end);
	assert_int_equal(multiboot_parse(BASE, &machine, &info), 0);
	assert_false(info.map_is_cut);
	assert_string_equal(info.command_line, line);
	compare(&info);
}

static void begin(void)
{
	memset(offered, 0, sizeof(offered));
	memset(reserved, 0, sizeof(reserved));
	memset(memory, 0, sizeof(memory));
}

static void test_random(void **state)
{
	const char *text = getenv("TANDEM_SEED");
	u32 i, many = 0;

	(void)state;
	srandom(text ? (unsigned)atoi(text) : 1);
	for (i = 0; i < MAPS; i++) {
		u32 count = 1 + (u32)below(i % 100 ? 40 : 1200);

		begin();
		many += count > 256;
		try_map(random_map(count));
	}
	assert_true(many > MAPS / 200);
}

/* The entry that reserves is the last of very many. */
static void test_last(void **state)
{
	static const u32 counts[] = { 33, 256, 257, 258, BOOT_MAX_MAP };
	u32 i, j;

	(void)state;
	for (i = 0; i < array_count(counts); i++) {
		struct entry all = { 20, MIB, 62 * MIB, 1 };
		struct entry one = { 20, 8 * MIB + 1, 32 * MIB, 2 };
		u64 at = MAP;

		begin();
		at = add_entry(at, &all);
		for (j = 2; j < counts[i]; j++)
			at = add_entry(at, &all);
		at = add_entry(at, &one);
		try_map(at);
	}
}

/* More ranges than the list holds: the biggest stay, and the rest is told. */
static void test_ranges(void **state)
{
	static struct boot_info info;
	u64 at = MAP;
	u32 i;

	(void)state;
	begin();
	for (i = 0; i < 2 * BOOT_MAX_RANGES; i++) {
		struct entry e = { 20, 4 * MIB + i * 0x10000ull,
				   (1 + i * 7 % 13) * PAGE_SIZE, 1 };

		at = add_entry(at, &e);
	}
	try_map(at);
	write_block(at);
	assert_int_equal(multiboot_parse(BASE, &machine, &info), 0);
	assert_int_equal(info.left_out_count, BOOT_MAX_RANGES);
}

/* A map that cannot be read to its end is not taken for a whole one. */
static void test_broken(void **state)
{
	static const struct {
		const char *name;
		u32 entries, size;
		s64 more;		/* bytes behind the last entry */
		bool cut;
	} rows[] = {
		{ "whole",		3, 20, 0, false },
		{ "a larger entry",	3, 24, 0, false },
		{ "empty",		0, 20, 0, false },
		{ "a smaller entry",	3, 19, 0, true },
		{ "half an entry",	3, 20, 12, true },
		{ "an entry's size",	3, 20, 4, true },
		{ "a byte less",	3, 20, -1, true },
		{ "all that fit",	BOOT_MAX_MAP, 20, 0, false },
		{ "one too many",	BOOT_MAX_MAP + 1, 20, 0, true },
	};
	static struct boot_info info;
	u32 i, j;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		struct entry e = { rows[i].size, 3 * MIB, MIB, 1 };
		u64 at = MAP;

		begin();
		for (j = 0; j < rows[i].entries; j++)
			at = add_entry(at, &e);
		write_block(at + rows[i].more);
		assert_int_equal(multiboot_parse(BASE, &machine, &info), 0);
		if (info.map_is_cut != rows[i].cut)
			fail_msg("%s", rows[i].name);
	}
	/* Too small, though what follows looks like an entry. */
	begin();
	write_block(add_entry(add_entry(MAP, &(struct entry){ 19, 3 * MIB,
							      MIB, 1 }),
			      &(struct entry){ 20, 5 * MIB, MIB, 1 }));
	assert_int_equal(multiboot_parse(BASE, &machine, &info), 0);
	assert_true(info.map_is_cut);
	/* The next one is judged for itself; without entries the size counts. */
	begin();
	model_add(&(struct entry){ 20, MIB, 50 * MIB, 1 });
	try_map(MAP);
}

#define GIB		(1ull << 30)
#define FAR		(1ull << 46)

/* What the first 4 GiB do not show. The machine has 46 bits of addresses. */
static const struct {
	const char *name;
	struct entry entries[3];
	struct memory_range ranges[2];
} far_maps[] = {
	{ "over 4 GiB", { { 20, 4 * GIB - MIB, 2 * MIB, 1 } },
	  { { { 4 * GIB - MIB }, { 4 * GIB + MIB } } } },
	{ "all past 4 GiB", { { 20, 4 * GIB + 3 * MIB, MIB, 1 } },
	  { { { 4 * GIB + 3 * MIB }, { 4 * GIB + 4 * MIB } } } },
	{ "a length of 4 GiB and a page",
	  { { 20, 8 * MIB, 4 * GIB + PAGE_SIZE, 1 } },
	  { { { 8 * MIB }, { 4 * GIB + 8 * MIB + PAGE_SIZE } } } },
	{ "reserved 4 GiB above",
	  { { 20, 8 * MIB, MIB, 1 }, { 20, 4 * GIB + 8 * MIB, MIB, 2 } },
	  { { { 8 * MIB }, { 9 * MIB } } } },
	{ "reserved in the middle",
	  { { 20, 8 * GIB, 8 * GIB, 1 }, { 20, 12 * GIB + 1, 1, 2 } },
	  { { { 8 * GIB }, { 12 * GIB } },
	    { { 12 * GIB + PAGE_SIZE }, { 16 * GIB } } } },
	{ "past 2^32 pages", { { 20, FAR / 2, 64 * GIB, 1 } },
	  { { { FAR / 2 }, { FAR / 2 + 64 * GIB } } } },
	{ "over the limit", { { 20, FAR - GIB, FAR, 1 } },
	  { { { FAR - GIB }, { FAR } } } },
	{ "behind the limit", { { 20, FAR, GIB, 1 } }, { { { 0 }, { 0 } } } },
};

static void test_far(void **state)
{
	static struct boot_info info;
	struct boot_machine big = machine;
	u32 i, j;

	(void)state;
	big.limit.v = FAR;
	for (i = 0; i < array_count(far_maps); i++) {
		u64 at = MAP;

		begin();
		for (j = 0; far_maps[i].entries[j].size && j < 3; j++)
			at = add_entry(at, &far_maps[i].entries[j]);
		write_block(at);
		assert_int_equal(multiboot_parse(BASE, &big, &info), 0);
		for (j = 0; j < 2 && far_maps[i].ranges[j].end.v; j++)
			if (info.ranges[j].start.v !=
			    far_maps[i].ranges[j].start.v ||
			    info.ranges[j].end.v != far_maps[i].ranges[j].end.v)
				fail_msg("%s: range %u", far_maps[i].name, j);
		assert_int_equal(info.range_count, j);
	}
	/* No map: KiB from 1 MiB on, more of them than 32 bits have bytes. */
	begin();
	write_block(MAP);
	((struct block *)memory)->mem_upper = 0xffffffff;
	assert_int_equal(multiboot_parse(BASE, &big, &info), 0);
	assert_int_equal(info.ranges[info.range_count - 1].end.v,
			 (MIB + (0xffffffffull << 10)) & PAGE_MASK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_far),
	};

	return RUN(tests);
}
