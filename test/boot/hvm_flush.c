/*
 * After hvm_flush_root() the guest uses the entries as they are. The first
 * half is on one CPU, over exits: emulators drop everything at an exit,
 * hardware and nested KVM do not. The second half is a guest that never
 * leaves by itself.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/lapic.h"
#include "arch/x86/tlb.h"
#include "arch/x86/wait.h"
#include "test/boot/toy_vm.h"

#define ROUNDS		8
#define TAG_A		0xaaaaull
#define TAG_B		0xbbbbull

static struct toy_vm vm;
static struct toy_page page_a, page_b;

/* Change the leaf, flush, and let the guest do @op: 0 reads, 1 writes. */
static enum hvm_exit_kind change_and_run(const struct toy_page *page,
					 u32 rights, u64 op)
{
	toy_map(&vm, TOY_DATA, page, rights);
	tlb_flush_secondary(toy_root(&vm));
	vm.vcpu.regs.rdi = op;
	if (vm.vcpu.kind == HVM_EXIT_HYPERCALL)
		hvm_skip(&vm.vcpu);
	return toy_run(&vm);
}

static int run_over_exits(void)
{
	const u32 rw = TOY_READ | TOY_WRITE;
	u32 i;

	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_HYPERCALL);
	for (i = 0; i < ROUNDS; i++) {
		toy_fill(&page_a, TAG_A);
		toy_fill(&page_b, TAG_B);
		EXPECT_EQUAL(change_and_run(&page_a, rw, 0),
			     HVM_EXIT_HYPERCALL);
		EXPECT_EQUAL(vm.vcpu.regs.rax, TAG_A);
		EXPECT_EQUAL(change_and_run(&page_b, rw, 0),
			     HVM_EXIT_HYPERCALL);
		EXPECT_EQUAL(vm.vcpu.regs.rax, TAG_B);
		/* Loses the right to write: once it has used it. */
		EXPECT_EQUAL(change_and_run(&page_b, rw, 1),
			     HVM_EXIT_HYPERCALL);
		EXPECT_EQUAL(change_and_run(&page_b, TOY_READ, 1),
			     HVM_EXIT_FAULT);
		EXPECT_EQUAL(vm.vcpu.access & HVM_WRITE, HVM_WRITE);
		EXPECT_EQUAL(change_and_run(&page_b, rw, 1),
			     HVM_EXIT_HYPERCALL);
		/* Goes away altogether. */
		EXPECT_EQUAL(change_and_run(NULL, 0, 0), HVM_EXIT_FAULT);
		EXPECT_EQUAL(change_and_run(&page_a, rw, 0),
			     HVM_EXIT_HYPERCALL);
		EXPECT_EQUAL(vm.vcpu.regs.rax, TAG_A);
	}
	return BOOT_TEST_PASS;
}

BOOT_TEST(hvm_flush)
{
	int result;

	EXPECT_EQUAL(toy_vm_init(&vm, toy_access, toy_access_end), 0);
	result = run_over_exits();
	toy_vm_destroy(&vm);
	return result;
}

/*
 * The other CPU: run the reader until told to stop, and flush when asked. Its
 * loop counts on flags, not on exits, because a kick that finds it outside the
 * guest makes none.
 */
static struct {
	u64 asked, done;	/* flushes */
	u32 stop;
	int err;
	enum hvm_exit_kind last;
} reader;

static void run_reader(void *arg)
{
	u64 asked;

	(void)arg;
	reader.err = toy_vm_init(&vm, toy_reader, toy_reader_end);
	if (reader.err)
		return;
	toy_map(&vm, TOY_DATA, &page_a, TOY_READ);
	do {
		reader.last = toy_enter(&vm);
		/* Pairs with the release in flush_reader(). */
		asked = load_acquire(&reader.asked);
		if (asked != reader.done) {
			tlb_flush_secondary(toy_root(&vm));
			/* Pairs with the acquire in flush_reader(). */
			store_release(&reader.done, asked);
		}
	} while (reader.last == HVM_EXIT_INTERRUPT && !READ_ONCE(reader.stop));
	toy_vm_destroy(&vm);
}

/* Wait until the guest has made two whole rounds, or has ended. */
static void wait_for_rounds(const char *what)
{
	u64 end = toy_shared(&vm)->count + 2;
	struct wait wait = wait_start(what);

	while (toy_shared(&vm)->count < end && cpu_busy(1))
		wait_spin(&wait);
	wait_end(&wait);
}

static void flush_reader(void)
{
	struct wait wait = wait_start("the reader to flush");
	/* Pairs with the acquire in run_reader(). */
	u64 asked = reader.asked + 1;

	store_release(&reader.asked, asked);
	ipi_send(1, IPI_KICK);
	/* Pairs with the release in run_reader(). */
	while (load_acquire(&reader.done) != asked && cpu_busy(1))
		wait_spin(&wait);
	wait_end(&wait);
}

static int change_under_reader(void)
{
	const struct toy_page *page;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		page = i % 2 ? &page_a : &page_b;
		toy_map(&vm, TOY_DATA, page, TOY_READ);
		flush_reader();
		wait_for_rounds("the reader to read after a flush");
		EXPECT_EQUAL(toy_shared(&vm)->found, page->word[0]);
	}
	return BOOT_TEST_PASS;
}

BOOT_TEST(hvm_flush_running)
{
	int result;

	if (cpu_count < 2)
		return BOOT_TEST_SKIP;
	toy_fill(&page_a, TAG_A);
	toy_fill(&page_b, TAG_B);
	toy_shared(&vm)->count = 0;
	reader.asked = reader.done = 0;
	reader.stop = 0;
	reader.err = 0;
	cpu_start(1, run_reader, NULL);
	wait_for_rounds("the reader to start");
	result = change_under_reader();
	WRITE_ONCE(reader.stop, 1);
	ipi_send(1, IPI_KICK);
	cpu_join(1, "the reader to stop");
	EXPECT_EQUAL(reader.err, 0);
	EXPECT_EQUAL(reader.last, HVM_EXIT_INTERRUPT);
	return result;
}
