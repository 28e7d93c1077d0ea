/*
 * The kernel's entry in C: wires everything, once.
 */
#include "arch/x86/clock.h"
#include "arch/x86/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/smp.h"
#include "arch/x86/watchdog.h"
#include "boot/command.h"
#include "boot/framebuffer.h"
#include "boot/multiboot.h"
#include "boot/version.h"
#include "lab/lab.h"
#include "lib/error.h"
#include "lib/print.h"
#include "mm/frame.h"
#include "test/boot/boot_test.h"

extern char image_start[], image_end[];		/* linker.ld */

static struct boot_info boot_info;

/* Tables of the loader lie below 4 GiB, and never in page 0. */
static const void *read_physical(u64 address, u64 size)
{
	if (address < PAGE_SIZE || address + size > 1ull << 32)
		return NULL;
	return hpa_to_ptr((hpa_t){ address });
}

/* Entries after a broken one may reserve what the others offer. */
static void check_map(void)
{
	if (boot_info.map_is_cut) {
		printk("error: the memory map is not accepted: it may have %u "
		       "entries, and each must be whole\n", BOOT_MAX_MAP);
		machine_exit(EXIT_NO_BACKEND);
	}
	if (boot_info.left_out_count)
		printk("memory: %lu KiB in %u pieces are not used: only the %u "
		       "biggest pieces are\n", boot_info.left_out_size >> 10,
		       boot_info.left_out_count, BOOT_MAX_RANGES);
}

static struct boot_machine machine = {
	.read = read_physical,
};

/* First of all, so that whatever goes wrong later is seen. */
static void start_console(u32 magic, u32 block)
{
	struct framebuffer fb;
	int err = -ENODEV;

	machine.kernel.start = ptr_to_hpa(image_start);
	machine.kernel.end = ptr_to_hpa(image_end);
	if (magic == MULTIBOOT_LOADER_MAGIC)
		err = boot_framebuffer(block, &machine, &fb);
	if (!err)
		machine.screen = framebuffer_memory(&fb);
	if (!console_init(err ? NULL : &fb))
		err = -EINVAL;
	printk("tandem " TANDEM_VERSION "\n");
	if (err == -EINVAL)
		printk("screen: it shows no text: %ux%u pixels of %u bits at "
		       "%lx; accepted are 16, 24 and 32 bits, without a "
		       "palette\n", fb.width, fb.height, fb.bits_per_pixel,
		       fb.base.v);
}

static void find_memory(u32 magic, u32 block)
{
	machine.limit = paging_init();
	if (magic != MULTIBOOT_LOADER_MAGIC)
		panic("not started by a multiboot loader: magic=%x", magic);
	if (multiboot_parse(block, &machine, &boot_info))
		panic("no multiboot information at %x", block);
	check_map();
	if (!boot_info.range_count)
		panic("the boot loader reports no usable memory");
}

/* A command line that was cut runs no experiment. */
static void check_command_line(void)
{
	if (!boot_info.line_is_cut)
		return;
	printk("error: the command line is not accepted: it must end within "
	       "%u bytes\n", COMMAND_LINE_SIZE - 1);
	machine_exit(EXIT_USAGE);
}

/* If one of the user's files is not accepted, run nothing. */
static void check_modules(void)
{
	if (!boot_info.module_error[0])
		return;
	printk("error: %s\n", boot_info.module_error);
	machine_exit(EXIT_USAGE);
}

static const char *test_name(u32 index)
{
	const struct boot_test *test = __start_boot_tests + index;

	return test < __stop_boot_tests ? test->name : NULL;
}

static const struct lab_tests tests = { boot_test_run, test_name };

/* The modules in place: physical memory is mapped at its own address. */
static const struct text_file *user_files(void)
{
	static struct text_file files[BOOT_MAX_MODULES];
	const struct boot_module *module;
	u32 i;

	for (i = 0; i < boot_info.module_count; i++) {
		module = &boot_info.modules[i];
		files[i].name = module->name;
		files[i].text = "";
		if (module->size)
			files[i].text = hpa_to_ptr((hpa_t){ module->start });
		files[i].size = module->size;
	}
	return files;
}

/* Called by boot/entry.S. */
__noreturn void kernel_main(u32 magic, u32 block);

void kernel_main(u32 magic, u32 block)
{
	smp_init_boot_cpu();
	start_console(magic, block);
	find_memory(magic, block);
	check_command_line();
	check_modules();
	frame_init(boot_info.ranges, boot_info.range_count);
	clock_init();
	smp_enable_interrupts();
	smp_start(command_number(boot_info.command_line, "cpus"));
	watchdog_start(WATCHDOG_PERIOD_MS, WATCHDOG_LIMIT_MS);

	machine_exit(lab_main(boot_info.command_line, &tests, user_files(),
			      boot_info.module_count));
}
