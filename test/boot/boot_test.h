/*
 * Scenarios that run inside the real kernel, on CPU 0, with all CPUs up and
 * hardware virtualization turned on on each. One scenario a file:
 *
 *	BOOT_TEST(its_name)
 *	{
 *		EXPECT(one == 1);
 *		return BOOT_TEST_PASS;
 *	}
 *
 * The linker gathers them; nobody keeps a list.
 */
#ifndef TEST_BOOT_BOOT_TEST_H
#define TEST_BOOT_BOOT_TEST_H

#include "lib/compiler.h"

enum boot_test_result {
	BOOT_TEST_PASS,
	BOOT_TEST_FAIL,
	BOOT_TEST_SKIP,		/* the machine has not what it takes */
};

struct boot_test {
	const char *name;
	int (*run)(void);	/* returns enum boot_test_result */
};

#define BOOT_TEST(test)							\
	static int test(void);						\
	static const struct boot_test boot_test_##test			\
	__attribute__((section("boot_tests"), used, aligned(8))) =	\
		{ #test, test };					\
	static int test(void)

/* All scenarios: the section's bounds, which the linker defines. */
extern const struct boot_test __start_boot_tests[], __stop_boot_tests[];

/* In a function that returns enum boot_test_result. */
#define EXPECT(condition) do {						\
	if (!(condition)) {						\
		boot_test_explain(__FILE__, __LINE__, #condition);	\
		return BOOT_TEST_FAIL;					\
	}								\
} while (0)

/* The same, and says what @value was. */
#define EXPECT_EQUAL(value, expected) do {				\
	u64 value_ = (value), expected_ = (expected);			\
	if (value_ != expected_) {					\
		boot_test_explain_values(__FILE__, __LINE__, #value,	\
					 value_, expected_);		\
		return BOOT_TEST_FAIL;					\
	}								\
} while (0)

/* Leave with another step's result if that is not a pass. */
#define EXPECT_PASS(step) do {						\
	int result_ = (step);						\
	if (result_ != BOOT_TEST_PASS)					\
		return result_;						\
} while (0)

void boot_test_explain(const char *file, int line, const char *what);
void boot_test_explain_values(const char *file, int line, const char *what,
			      u64 value, u64 expected);

/*
 * Is this machine another hypervisor's guest? One that is itself emulated may
 * be unable to get a CPU back on which our guest spins with interrupts off.
 * QEMU's own emulation, which calls itself a hypervisor, is none.
 */
bool boot_test_under_hypervisor(void);

/* The scenario called @name, of @length characters; NULL: there is none. */
const struct boot_test *boot_test_find(const char *name, size_t length);

/* Is policies[@i] asked for; is any of them? For scenarios that go over all. */
bool boot_test_wants(u32 i);
bool boot_test_wants_any(void);

/*
 * Run the scenarios @names, separated by commas, or "all", and print TAP; those
 * that go over policies, under those of the mask @policies. Returns how many
 * failed; a name that is unknown is a failure.
 */
int boot_test_run(const char *names, u64 policies);

#endif
