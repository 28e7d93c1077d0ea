#include "ept/set.h"

#include "arch/x86/counter.h"
#include "ept/ept.h"
#include "ept/walk.h"
#include "lib/print.h"
#include "lib/rule.h"
#include "lib/step.h"

COUNTER(spte_map);		/* absent to present */
COUNTER(spte_zap);		/* present to absent */
COUNTER(spte_change);		/* another frame */
COUNTER(spte_wrprotect);
COUNTER(spte_upgrade);		/* gained W */

/* Does @new only add rights to what @old maps? A and D are the hardware's. */
static bool only_adds(const struct spte_format *f, spte_t old, spte_t new)
{
	return spte_present(f, old) && spte_pfn(old).n == spte_pfn(new).n &&
	       !(old.v & ~new.v & ~(f->accessed | f->dirty));
}

static __noinline void moved_while_writable(gfn_t gfn, spte_t old, spte_t new)
{
	rule_broken("O4: gfn %llx changed frame while writable: %llx to %llx",
		    (unsigned long long)gfn.n, (unsigned long long)old.v,
		    (unsigned long long)new.v);
}

/* What the hardware noted in @old is the frame's from now on (O11). */
static void credit(const struct spte_format *f, spte_t old)
{
	u32 noted = 0;

	if (old.v & f->accessed)
		noted |= FRAME_ACCESSED;
	if (old.v & f->dirty)
		noted |= FRAME_DIRTY;
	frame_credit(pfn_frame(spte_pfn(old)), noted);
}

/* @old was present: count what it has become. */
static void count_end(const struct spte_format *f, gfn_t gfn, spte_t old,
		      spte_t new, struct ept_flush *flush)
{
	u64 differs = old.v ^ new.v;

	if (!spte_present(f, new)) {
		count(&count_spte_zap);
	} else if (differs & SPTE_ADDR) {
		if (unlikely(old.v & f->write))
			moved_while_writable(gfn, old, new);
		count(&count_spte_change);
	} else if (differs & old.v & f->write) {
		count(&count_spte_wrprotect);
	} else if (differs & f->write) {
		count(&count_spte_upgrade);
		flush->gained++;
	}
}

spte_t ept_set(struct ept *ept, gfn_t gfn, spte_t *sptep, spte_t new,
	       struct ept_flush *flush)
{
	const struct spte_format *f = ept->format;
	spte_t old;

	STEP_BUG_ON(!spin_is_locked(&ept->lock));
	/*
	 * The hardware may set A and D at any time. If the entry only gains
	 * rights they stay with it, else take what was noted (O11).
	 */
	if (only_adds(f, spte_read(sptep), new)) {
		old.v = atomic_or(&sptep->v, new.v);
		new.v |= old.v;
	} else {
		old.v = atomic_exchange(&sptep->v, new.v);
	}
	if (spte_present(f, old)) {
		credit(f, old);
		flush->owed |= spte_needs_flush(f, old, new);
		count_end(f, gfn, old, new, flush);
	} else {
		count(&count_spte_map);
	}
	step_change(STEP_SPTE, ept, gfn.n, old.v, new.v);
	return old;
}

/* @gfn has no entry at level 1: its table is not there, nothing else (O9). */
static __noinline void must_be_absent(struct ept *ept, gfn_t gfn)
{
	for_each_spte(it, ept, gfn, (gfn_t){ gfn.n + 1 })
		BUG_ON(it.level > 1);
}

u32 ept_find_leaves(struct ept *ept, hva_t hva, struct ept_leaf *leaves)
{
	u32 i, count = 0;

	for (i = 0; i < ept->slots.count; i++) {	/* each alias (O16) */
		const struct memslot *slot = &ept->slots.slots[i];
		u64 page = (hva.v - slot->hva.v) >> PAGE_SHIFT;
		gfn_t gfn = { slot->gfn.n + page };
		spte_t *sptep;

		if (page >= slot->page_count)
			continue;
		sptep = ept_walk(ept, gfn);
		if (unlikely(!sptep))
			must_be_absent(ept, gfn);
		else if (spte_present(ept->format, spte_read(sptep)))
			leaves[count++] = (struct ept_leaf){ gfn, sptep };
	}
	return count;
}

void ept_change_leaves(struct ept *ept, const struct ept_leaf *leaves,
		       u32 count, spte_change_fn change, pte_t pte,
		       struct ept_flush *flush)
{
	u32 i;

	for (i = 0; i < count; i++) {
		spte_t old = spte_read(leaves[i].sptep);
		spte_t new = change(ept->format, old, pte);

		if (new.v != old.v)
			ept_set(ept, leaves[i].gfn, leaves[i].sptep, new,
				flush);
	}
}

u32 ept_add_write(struct ept *ept, const struct ept_leaf *leaves, u32 leaf_count,
		  pte_t pte)
{
	const struct spte_format *f = ept->format;
	u32 i, gained = 0;

	for (i = 0; i < leaf_count; i++) {
		spte_t old = spte_read(leaves[i].sptep);
		spte_t new = spte_add_write(f, old);

		if (old.v == new.v || spte_pfn(old).n != pte_pfn(pte).n)
			continue;
		/* A locked OR: the hardware may set A and D meanwhile. */
		(void)atomic_or(&leaves[i].sptep->v, f->write);
		credit(f, old);
		gained++;
		count(&count_spte_upgrade);
		step_change(STEP_SPTE, ept, leaves[i].gfn.n, old.v, new.v);
	}
	return gained;
}

static void change_gfns(struct ept *ept, gfn_t start, gfn_t end,
			spte_change_fn change, pte_t pte,
			struct ept_flush *flush)
{
	for_each_spte(it, ept, start, end) {
		spte_t old = spte_read(it.sptep), new;

		BUG_ON(it.level > 1);		/* O9: not a part of it */
		if (!spte_present(ept->format, old))
			continue;	/* never created here (O7) */
		new = change(ept->format, old, pte);
		if (new.v != old.v)
			ept_set(ept, it.gfn, it.sptep, new, flush);
	}
}

void ept_change_range(struct ept *ept, struct hva_range range,
		      spte_change_fn change, pte_t pte,
		      struct ept_flush *flush)
{
	struct ept_leaf leaves[MAX_MEMSLOTS];
	u32 i;

	if (range.end.v - range.start.v == PAGE_SIZE) {
		i = ept_find_leaves(ept, range.start, leaves);
		ept_change_leaves(ept, leaves, i, change, pte, flush);
		return;
	}
	for (i = 0; i < ept->slots.count; i++) {	/* each alias (O16) */
		gfn_t start, end;

		if (memslot_gfns(&ept->slots.slots[i], range, &start, &end))
			change_gfns(ept, start, end, change, pte, flush);
	}
}
