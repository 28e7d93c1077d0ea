/*
 * F2 against N2 and N3: the walker reads P, takes a reference, reads P again;
 * the owner of PTL clears P, flushes, and looks at the count. Never may both
 * succeed: the walker with a reference, and the owner with a count of 1. CPU 1
 * has not loaded the address space, as a scanner's has not, so N2 sends no IPI
 * that its interrupts-off walk would hold up.
 */
#include "test/explore/race.h"

#include "lib/error.h"
#include "mm/gup.h"
#include "mm/hpt.h"
#include "mm/rmap.h"

static struct gup walked;
static struct frame *raced;
static bool walker_has, owner_saw_alone;

static void build(void)
{
	race_build(2);
	write_word(0, 0, 5);
	raced = frame_of(0);
}

/* N2, N3, and P comes back (O17): the next one sees the same as before. */
static void owner(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0)), old;

	spin_lock(hpt_lock(ptep));
	old = hpt_clear_flush(mm, page_hva(0), ptep);
	owner_saw_alone = frame_refcount(pfn_frame(pte_pfn(old))) == 1;
	if (!owner_saw_alone)
		hpt_set(ptep, old);
	spin_unlock(hpt_lock(ptep));
}

static void walk(void)
{
	walker_has = !gup_fast(mm, page_hva(0), MM_READ, &walked);
}

static void walk_once(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0)), pte = pte_read(ptep);

	if (!pte_present(pte) || !frame_tryget(pfn_frame(pte_pfn(pte))))
		return;
	walked.frame = pfn_frame(pte_pfn(pte));
	walker_has = true;
}

enum { WALKER_WON = 1 << 0, OWNER_WON = 1 << 1, NEITHER_WON = 1 << 2 };

static void judge(void)
{
	if (walker_has && owner_saw_alone)
		explore_found(FOUND_OUTCOME, "both won");
	race_came_out(walker_has ? WALKER_WON :
		      owner_saw_alone ? OWNER_WON : NEITHER_WON);
	if (walker_has)
		frame_put(walked.frame);
	if (owner_saw_alone) {		/* P stayed empty: finish the job */
		rmap_remove(raced, hpt_walk(mm, page_hva(0)));
		frame_put(raced);
	}
	race_end();
}

static const struct race races[] = {
	{ .name = "two looks", .build = build, .cpus = { owner, walk },
	  .judge = judge, .preemptions = 4,
	  .outcomes = WALKER_WON | OWNER_WON | NEITHER_WON },
	{ .name = "no second look", .build = build,
	  .cpus = { owner, walk_once }, .judge = judge, .preemptions = 4,
	  .outcomes = WALKER_WON | OWNER_WON, .finds = "both won" },
};

int main(void)
{
	return race_main(races, array_count(races));
}
