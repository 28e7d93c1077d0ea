/*
 * What the host tests share: cmocka, a machine with an address space on CPU 0,
 * and a listener that writes what it hears into the log.
 *
 * A test's frames are counted before and after (INV-FREE): setup() and
 * teardown() do it, so every test that uses them looks for leaks.
 */
#ifndef TEST_HOST_SUPPORT_H
#define TEST_HOST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "arch/x86/counter.h"
#include "lib/error.h"
#include "lib/print.h"
#include "mm/hpt.h"
#include "mm/notifier.h"
#include "mm/rmap.h"
#include "test/fake/fake.h"

/* The address space of the test: one area, all rights, mergeable. */
#define AREA_PAGES	1024
extern struct mm *mm;

static inline hva_t page_hva(u64 page)
{
	return (hva_t){ HVA_START + (page << PAGE_SHIFT) };
}

static inline struct hva_range pages(u64 first, u64 count)
{
	return (struct hva_range){ page_hva(first), page_hva(first + count) };
}

/* Part of RUN(): the machine has its RAM. */
int group_setup(void **state);

/* Two CPUs outside, mm current on CPU 0, the log empty. */
int setup(void **state);
int teardown(void **state);

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define RUN(tests) (cmocka_set_message_output(CM_OUTPUT_TAP),		\
		    cmocka_run_group_tests(tests, group_setup, NULL))

/* The log is exactly that; it is empty then. */
#define assert_log(expected) do {					\
	assert_string_equal(fake_log(), expected);			\
	fake_log_clear();						\
} while (0)

bool log_begins(const char *prefix);

/* Accesses that must succeed, to word 0 of a page of the current mm. */
u64 read_page(u64 page);
void write_page(u64 page, u64 value);

/* CPU 1 runs @which too, so that a primary flush shows; empties the log. */
void load_on_cpu1(struct mm *which);

/* The entry of @page in @of; panics the test if no table is there. */
pte_t entry_of(struct mm *of, u64 page);
struct frame *frame_of(struct mm *of, u64 page);

/*
 * A listener that logs "start:copy:0+1" (reason, first page, count), likewise
 * end, "protect-start:0+4", "cleared:0", "change:0", "upgrade:0", "done:0+1",
 * and checks what each event promises.
 */
struct recorder {
	struct mmu_notifier notifier;
	struct mm *mm;
	pte_t old, new;		/* of the last change_pte or upgrade */
};
void recorder_add(struct recorder *recorder, struct mm *to);
void recorder_remove(struct recorder *recorder);

/* Let the n-th allocation of @fn fail, for n = 1, 2, ... until it succeeds;
 * frames must be as before after each failure. Returns how many there were. */
u32 fail_each_allocation(int (*fn)(void *arg), void (*undo)(void *arg),
			 void *arg);

#endif
