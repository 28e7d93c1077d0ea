/*
 * A guest that does at random whatever it can: round after round, each with a
 * seed of its own, the host's memory and its free frames stay as they are, the
 * VM ends with one of the messages that there are, and the next one works.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/clock.h"
#include "arch/x86/counter.h"
#include "arch/x86/page.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "test/boot/guest_vm.h"

#define ROUNDS		96
#define PATIENCE_MS	20
#define BYSTANDERS	64	/* pages of another address space */
#define MANY_DONE	64	/* commands that a guest says it has done */

extern const char image_start[];		/* linker.ld */

static struct vm vm;

/* --- What must not change. */

static u64 digest_bytes(const char *from, const char *to)
{
	u64 digest = 0xcbf29ce484222325ull;

	for (; from < to; from++)
		digest = (digest ^ (u8)*from) * 0x100000001b3ull;
	return digest;
}

/* Code and constants of the kernel; the counters come behind them. */
static u64 digest_kernel(void)
{
	return digest_bytes(image_start, (const char *)__start_counters);
}

static struct frame *bystanders[BYSTANDERS];

static bool make_bystanders(void)
{
	u64 i;

	for (i = 0; i < BYSTANDERS; i++) {
		bystanders[i] = frame_alloc();
		if (!bystanders[i])
			return false;
		page_fill(frame_ptr(bystanders[i]), ~i);
	}
	return true;
}

static bool bystanders_are_whole(void)
{
	u64 i, word;

	for (i = 0; i < BYSTANDERS; i++)
		for (word = 0; word < PAGE_WORDS; word++)
			if (((u64 *)frame_ptr(bystanders[i]))[word] != ~i)
				return false;
	return true;
}

static void free_bystanders(void)
{
	u64 i;

	for (i = 0; i < BYSTANDERS && bystanders[i]; i++) {
		frame_put(bystanders[i]);
		bystanders[i] = NULL;
	}
}

/* --- A round. */

static const char *const messages[] = {
	"access outside its memslots, gpa ",
	"the host denies the page or has no memory for it, gpa ",
	"unknown hypercall ", "does not complete its command, last exit ",
	"stopped by the test", "exception ", "hlt ", "io ", "msr ",
	"shutdown ", "bad_entry ", "other ",
};

static bool is_documented(const char *message)
{
	static const char prefix[] = "guest vcpu 0: ";
	u32 i;

	if (strncmp(message, prefix, sizeof(prefix) - 1))
		return false;
	message += sizeof(prefix) - 1;
	for (i = 0; i < array_count(messages); i++)
		if (!strncmp(message, messages[i], strlen(messages[i])))
			return true;
	return false;
}

/* Run it on its own CPU and stop it in the end; or here, up to a deadline. */
static bool run_for_a_while(enum guest_op op, u64 seed)
{
	u64 end = read_tsc() + PATIENCE_MS * clock_ticks_per_ms;
	u32 home = vm.vcpus[0].home;

	vm.vcpus[0].deadline = end;
	guest_vm_start(&vm, op, seed);
	while (cpu_busy(home) && (s64)(read_tsc() - end) < 0)
		cpu_pause();
	if (cpu_busy(home))
		vcpu_stop(&vm.vcpus[0], "stopped by the test");
	return READ_ONCE(vm.failed);
}

/* A guest may say that it is done, and goes on when it is told to. */
static int round(enum guest_op op, u64 seed)
{
	u32 i;

	for (i = 0; i < MANY_DONE && !run_for_a_while(op, seed); i++)
		;
	if (vm.failed && !is_documented(vm.message)) {
		boot_test_explain(__FILE__, __LINE__, vm.message);
		return BOOT_TEST_FAIL;
	}
	return BOOT_TEST_PASS;
}

static int next_one_works(void)
{
	EXPECT_EQUAL(guest_vm_create(&vm), 0);
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_WRITE, 0), VCPU_DONE);
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_READ, 0), VCPU_DONE);
	EXPECT_EQUAL(vm_mailbox(0)->stale_count, 0);
	vm_destroy(&vm);
	return BOOT_TEST_PASS;
}

static int all_rounds(enum guest_op op)
{
	u64 free_before = frame_free_count(), kernel = digest_kernel();
	u32 failed = 0, i;
	int result;

	for (i = 1; i <= ROUNDS; i++) {
		EXPECT_EQUAL(guest_vm_create(&vm), 0);
		result = round(op, i);
		failed += vm.failed;
		vm_destroy(&vm);
		EXPECT_PASS(result);
		EXPECT_EQUAL(frame_free_count(), free_before);
		EXPECT(bystanders_are_whole());
	}
	EXPECT_EQUAL(digest_kernel(), kernel);
	printk("# %u of %u guests were ended\n", failed, ROUNDS);
	EXPECT(failed > ROUNDS / 2);
	return next_one_works();
}

static int hostile(enum guest_op op)
{
	int result;

	/* There, nobody gets a CPU back from a guest that hears nothing. */
	if (boot_test_under_hypervisor())
		return BOOT_TEST_SKIP;
	result = make_bystanders() ? all_rounds(op) : BOOT_TEST_FAIL;
	free_bystanders();
	return result;
}

BOOT_TEST(guest_random_code)
{
	return hostile(GUEST_BAD_CODE);
}

BOOT_TEST(guest_random_calls)
{
	return hostile(GUEST_BAD_CALLS);
}

BOOT_TEST(guest_random_accesses)
{
	return hostile(GUEST_BAD_ACCESSES);
}
