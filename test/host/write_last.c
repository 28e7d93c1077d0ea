/*
 * O53: where two virtual machines mirror one page, W comes when both have the
 * new frame, and neither an old translation.
 */
#include "test/host/pair.h"

#include <string.h>

#include "lib/step.h"

static struct {
	u32 moved[2];		/* S that have got another frame */
	bool owed[2];		/* and no flush since */
	u32 gains;
} seen;

/* Outside it has been asked to flush before it enters. */
static bool may_hold_old(u32 i)
{
	return seen.owed[i] && load_acquire(&cpus[i + 1].mode) != CPU_OUTSIDE;
}

static void hear(struct step_listener *listener,
		 const struct step_event *event)
{
	const struct spte_format *f = machines[0].ept.format;
	spte_t old = { event->from }, new = { event->to };
	u32 i;

	(void)listener;
	for (i = 0; i < 2; i++) {
		if (event->step == STEP_FLUSH &&
		    event->object == &machines[i].tlb)
			seen.owed[i] = false;
		if (event->step != STEP_SPTE ||
		    event->object != &machines[i].ept)
			continue;
		if (spte_pfn(old).n != spte_pfn(new).n) {
			seen.moved[i]++;
			seen.owed[i] = true;
		} else if (!spte_writable(f, old) && spte_writable(f, new)) {
			seen.gains++;
			assert_int_equal(seen.moved[0], seen.moved[1]);
			assert_false(may_hold_old(0) || may_hold_old(1));
		}
	}
}

static void test_write_comes_last(void **state)
{
	static const u32 rows[] = { ROW_CHANGE_PTE, ROW_UPGRADE_NOFLUSH,
				    ROW_BATCH, ROW_DEFER };
	struct step_listener listener = { .hear = hear };
	u32 a, b;

	(void)state;
	for (a = 0; a < array_count(rows); a++)
		for (b = 0; b < array_count(rows); b++) {
			pair_begin();
			machine_start(0, rows[a]);
			machine_start(1, rows[b]);
			pair_write(1);
			pair_fork_and_read();
			memset(&seen, 0, sizeof(seen));
			step_listen(&listener);
			pair_host_write();
			step_unlisten(&listener);
			assert_int_equal(seen.moved[0], N);
			assert_int_equal(seen.gains, 2 * N);
			pair_read(2);
			machine_stop(1);
			machine_stop(0);
			pair_end();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_comes_last),
	};

	return RUN(tests);
}
