/*
 * What the boot loader tells: the input is the physical memory, behind two
 * bytes that say where in it the block lies. Modules may also lie behind 1 MiB,
 * where all is zero.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "boot/framebuffer.h"
#include "boot/multiboot.h"

const char fuzz_name[] = "multiboot";

#define BASE		0x8000ull
#define KERNEL_START	0x100000ull
#define KERNEL_END	0x112345ull
#define LIMIT		(1ull << 32)
#define UPPER_START	0x100000ull
#define UPPER_END	(1ull << 31)

static u8 *memory;
static u64 memory_size;

static const void *read_memory(u64 address, u64 size)
{
	static const u8 zeros[BOOT_MODULE_SIZE];

	if (address >= UPPER_START && address < UPPER_END &&
	    size <= sizeof(zeros))
		return zeros;
	if (address < BASE || size > memory_size ||
	    address - BASE > memory_size - size)
		return NULL;
	return memory + (address - BASE);
}

static void check_range(struct memory_range r, u64 last)
{
	FUZZ_EXPECT(r.start.v >= last && r.start.v < r.end.v);
	FUZZ_EXPECT(r.end.v <= LIMIT);
	FUZZ_EXPECT(!((r.start.v | r.end.v) & ~PAGE_MASK));
	FUZZ_EXPECT(r.end.v <= KERNEL_START || r.start.v >= KERNEL_END);
}

static bool is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-+");

	return length && length < BOOT_MODULE_NAME && !name[length];
}

/* What is there has a name of its own, is no more than may be, and is neither
 * the kernel nor memory that is used. */
static void check_module(const struct boot_info *info, u32 number)
{
	const struct boot_module *module = &info->modules[number];
	u64 start = module->start, end = start + module->size;
	u32 i;

	FUZZ_EXPECT(is_name(module->name));
	for (i = 0; i < number; i++)
		FUZZ_EXPECT(strcmp(info->modules[i].name, module->name));
	if (!module->size)
		return;
	FUZZ_EXPECT(module->size <= BOOT_MODULE_SIZE);
	FUZZ_EXPECT(start >= UPPER_START && end <= LIMIT);
	FUZZ_EXPECT(end <= KERNEL_START || start >= KERNEL_END);
	for (i = 0; i < info->range_count; i++)
		FUZZ_EXPECT(end <= info->ranges[i].start.v ||
			    start >= info->ranges[i].end.v);
}

/* All or none. */
static void check_modules(const struct boot_info *info)
{
	u32 i;

	FUZZ_EXPECT(info->module_count <= BOOT_MAX_MODULES);
	FUZZ_EXPECT(memchr(info->module_error, 0,
			   sizeof(info->module_error)));
	FUZZ_EXPECT(!info->module_count || !info->module_error[0]);
	for (i = 0; i < info->module_count; i++)
		check_module(info, i);
}

/* Where text may be drawn is neither the kernel nor memory that is used. */
static void check_framebuffer(const struct framebuffer *fb,
			      const struct boot_info *info)
{
	u64 start = fb->base.v, end = start + framebuffer_size(fb);
	u32 i;

	FUZZ_EXPECT(framebuffer_is_usable(fb) && start < end);
	FUZZ_EXPECT(end <= KERNEL_START || start >= KERNEL_END);
	for (i = 0; i < info->range_count; i++)
		FUZZ_EXPECT(end <= info->ranges[i].start.v ||
			    start >= info->ranges[i].end.v);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct boot_machine machine = {
		.read = read_memory,
		.kernel = { { KERNEL_START }, { KERNEL_END } },
		.limit = { LIMIT },
	};
	static struct boot_info info;
	u64 last = 1ull << 20, block;
	struct framebuffer fb;
	u32 i;

	if (size < 2)
		return 0;
	memory_size = size - 2;
	memory = malloc(memory_size + !memory_size);
	memcpy(memory, data + 2, memory_size);
	block = BASE + (data[0] | (u64)data[1] << 8);
	if (!boot_framebuffer(block, &machine, &fb))
		machine.screen = framebuffer_memory(&fb);
	(void)!multiboot_parse(block, &machine, &info);
	if (machine.screen.end.v)
		check_framebuffer(&fb, &info);
	free(memory);

	FUZZ_EXPECT(info.range_count <= BOOT_MAX_RANGES);
	for (i = 0; i < info.range_count; i++) {
		check_range(info.ranges[i], last);
		last = info.ranges[i].end.v;
	}
	check_modules(&info);
	FUZZ_EXPECT(memchr(info.command_line, 0, COMMAND_LINE_SIZE));
	return 0;
}
