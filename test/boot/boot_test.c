#include "test/boot/boot_test.h"

#include "arch/x86/system.h"
#include "ept/policy.h"
#include "lib/print.h"
#include "lib/string.h"

/* "TCGTCGTCGTCG": a third of it will do. */
#define CPUID_HYPERVISOR	0x40000000
#define VENDOR_TCG		0x54474354u

static struct {
	u32 run, failed;
} tally;

void boot_test_explain(const char *file, int line, const char *what)
{
	printk("# %s:%d: expected %s\n", file, line, what);
}

void boot_test_explain_values(const char *file, int line, const char *what,
			      u64 value, u64 expected)
{
	printk("# %s:%d: %s is 0x%lx, expected 0x%lx\n", file, line, what,
	       value, expected);
}

bool boot_test_under_hypervisor(void)
{
	return read_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR &&
	       read_cpuid(CPUID_HYPERVISOR, 0).ebx != VENDOR_TCG;
}

const struct boot_test *boot_test_find(const char *name, size_t length)
{
	const struct boot_test *test;

	for (test = __start_boot_tests; test < __stop_boot_tests; test++)
		if (strlen(test->name) == length &&
		    !strncmp(test->name, name, length))
			return test;
	return NULL;
}

static void run_one(const struct boot_test *test)
{
	int result = test->run();

	tally.run++;
	if (result == BOOT_TEST_FAIL)
		tally.failed++;
	printk("%s %u - %s%s\n", result == BOOT_TEST_FAIL ? "not ok" : "ok",
	       tally.run, test->name,
	       result == BOOT_TEST_SKIP ? " # SKIP" : "");
}

static void run_all(void)
{
	const struct boot_test *test;

	for (test = __start_boot_tests; test < __stop_boot_tests; test++)
		run_one(test);
}

static void run_named(const char *name, size_t length)
{
	const struct boot_test *test = boot_test_find(name, length);
	char shown[64];

	if (test) {
		run_one(test);
		return;
	}
	tally.run++;
	tally.failed++;
	quote_text(shown, sizeof(shown), name, length);
	printk("# there is no such scenario\nnot ok %u - %s\n", tally.run,
	       shown);
}

static void run_list(const char *names)
{
	const char *comma;

	while ((comma = strchr(names, ','))) {
		run_named(names, comma - names);
		names = comma + 1;
	}
	run_named(names, strlen(names));
}

static u64 wanted;

bool boot_test_wants(u32 i)
{
	return wanted & 1ull << i;
}

bool boot_test_wants_any(void)
{
	return wanted & ((1ull << policy_count) - 1);
}

int boot_test_run(const char *names, u64 policies)
{
	wanted = policies;
	tally.run = 0;
	tally.failed = 0;
	if (!strcmp(names, "all"))
		run_all();
	else
		run_list(names);
	printk("1..%u\n", tally.run);
	printk("SUMMARY: %u passed, %u failed\n", tally.run - tally.failed,
	       tally.failed);
	return tally.failed;
}
