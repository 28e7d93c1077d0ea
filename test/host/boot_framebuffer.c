/*
 * What the boot loader says of a framebuffer, good and bad.
 */
#include "test/host/support.h"

#include <string.h>
#include "boot/framebuffer.h"
#include "boot/multiboot.h"

#define BLOCK	0x9000ull
#define M(n)	((u64)(n) << 20)

#define FLAG_MEMORY		(1u << 0)
#define FLAG_FRAMEBUFFER	(1u << 12)

struct block {
	u32 flags, others[21];
	u64 address;
	u32 pitch, width, height;
	u8 bits, type, colours[6];
} __packed;

static struct framebuffer fb;
static struct block block;
static u64 block_size;

static const void *read_block(u64 address, u64 size)
{
	if (address < BLOCK || size > block_size ||
	    address - BLOCK > block_size - size)
		return NULL;
	return (const u8 *)&block + (address - BLOCK);
}

static const struct boot_machine machine = {
	.read = read_block,
	.kernel = { { M(1) }, { M(2) } },
	.limit = { M(4096) },
};

/* The fields in the block's order. */
#define FB(address, pitch, width, height, bits, type) \
	{ FLAG_FRAMEBUFFER, { 0 }, address, pitch, width, height, bits, type, \
	  { 0 } }
#define AT	0x80000000ull

static const struct {
	const char *name;
	struct block block;
	int result;
} said[] = {
	{ "good", FB(AT, 4096, 1024, 768, 32, 1), 0 },
	{ "odd rows", FB(AT, 3079, 1024, 768, 24, 1), 0 },
	{ "16 bits", FB(AT, 2048, 1024, 768, 16, 1), 0 },
	{ "above 4 GiB", FB(1ull << 40, 4096, 1024, 768, 32, 1), 0 },
	{ "behind the kernel", FB(M(2), 4096, 1024, 768, 32, 1), 0 },
	{ "the largest", FB(AT, 65536, 16384, 16384, 32, 1), 0 },
	{ "the smallest", FB(AT, 480, 120, 100, 32, 1), 0 },
	{ "up to the last address",
	  FB(-M(3) - 1, 4096, 1024, 768, 32, 1), 0 },
	{ "beyond it", FB(-M(3), 4096, 1024, 768, 32, 1), -EINVAL },
	{ "text", FB(0xb8000, 160, 80, 25, 16, 2), -ENODEV },
	{ "a palette", FB(AT, 4096, 1024, 768, 32, 0), -EINVAL },
	{ "an unknown type", FB(AT, 4096, 1024, 768, 32, 3), -EINVAL },
	{ "8 bits", FB(AT, 4096, 1024, 768, 8, 1), -EINVAL },
	{ "15 bits", FB(AT, 4096, 1024, 768, 15, 1), -EINVAL },
	{ "64 bits", FB(AT, 8192, 1024, 768, 64, 1), -EINVAL },
	{ "no pitch", FB(AT, 0, 1024, 768, 32, 1), -EINVAL },
	{ "short rows", FB(AT, 4095, 1024, 768, 32, 1), -EINVAL },
	{ "long rows", FB(AT, 65537, 1024, 768, 32, 1), -EINVAL },
	{ "no width", FB(AT, 4096, 0, 768, 32, 1), -EINVAL },
	{ "narrow", FB(AT, 4096, 119, 768, 32, 1), -EINVAL },
	{ "wide", FB(AT, 32770, 16385, 768, 16, 1), -EINVAL },
	{ "a width that overflows",
	  FB(AT, 4096, 0x40000000, 768, 32, 1), -EINVAL },
	{ "no height", FB(AT, 4096, 1024, 0, 32, 1), -EINVAL },
	{ "flat", FB(AT, 4096, 1024, 99, 32, 1), -EINVAL },
	{ "high", FB(AT, 4096, 1024, 16385, 32, 1), -EINVAL },
	{ "over low memory", FB(0xa0000, 4096, 1024, 768, 32, 1), -EINVAL },
	{ "over the kernel", FB(M(2) - 4, 4096, 1024, 768, 32, 1), -EINVAL },
};

static void test_said(void **state)
{
	u32 i;

	(void)state;
	block_size = sizeof(block);
	for (i = 0; i < array_count(said); i++) {
		block = said[i].block;
		if (boot_framebuffer(BLOCK, &machine, &fb) != said[i].result)
			fail_msg("%s", said[i].name);
		if (said[i].result)
			continue;
		assert_int_equal(fb.base.v, block.address);
		assert_int_equal(fb.pitch, block.pitch);
		assert_int_equal(fb.width, block.width);
		assert_int_equal(fb.height, block.height);
		assert_int_equal(fb.bits_per_pixel, block.bits);
	}
}

static void test_not_said(void **state)
{
	(void)state;
	block = said[0].block;
	block_size = sizeof(block);
	block.flags = ~FLAG_FRAMEBUFFER;
	assert_int_equal(boot_framebuffer(BLOCK, &machine, &fb), -ENODEV);
	block.flags = FLAG_FRAMEBUFFER;
	assert_int_equal(boot_framebuffer(BLOCK - 1, &machine, &fb), -ENODEV);
	/* The flag, and a block that ends before what it promises. */
	block_size = 52;
	assert_int_equal(boot_framebuffer(BLOCK, &machine, &fb), -EINVAL);
}

/* Nobody gets its memory, even if the map offers it. */
static void test_is_taken(void **state)
{
	static struct boot_info info;
	struct boot_machine with_screen = machine;

	(void)state;
	block = said[0].block;
	block.address = M(16) + 5;
	block.flags = FLAG_FRAMEBUFFER | FLAG_MEMORY;
	block.others[1] = M(63) >> 10;		/* mem_upper */
	block_size = sizeof(block);
	assert_int_equal(boot_framebuffer(BLOCK, &machine, &fb), 0);
	with_screen.screen = framebuffer_memory(&fb);
	assert_int_equal(multiboot_parse(BLOCK, &with_screen, &info), 0);
	assert_int_equal(info.range_count, 2);
	assert_int_equal(info.ranges[0].start.v, M(2));
	assert_int_equal(info.ranges[0].end.v, M(16));
	assert_int_equal(info.ranges[1].start.v, M(19) + PAGE_SIZE);
	assert_int_equal(info.ranges[1].end.v, M(64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_not_said),
		cmocka_unit_test(test_is_taken),
	};

	return RUN(tests);
}
