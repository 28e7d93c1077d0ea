/*
 * Guest faults: F1 to F5 of docs/contract.md. A stale frame is never installed.
 *
 *	fault side			whoever changes P
 *
 *	F1  s = seq			N2  P := none, flush
 *	F2  look P up, take a ref	N4  ML { seq++; rewrite S; flush }
 *	F3  take ML			N5  P := new
 *	F4  seq != s: retry
 *	F5  install S
 *
 * A fault that snapshots after N4 finds P empty until N5, and waits on PTL
 * (O1). One that snapshotted before is refused at F4. One that installed
 * before is found by N4.
 */
#include "ept/fault.h"

#include "arch/x86/counter.h"
#include "ept/ept.h"
#include "ept/set.h"
#include "ept/walk.h"
#include "lib/error.h"
#include "lib/rule.h"
#include "lib/step.h"
#include "mm/gup.h"

COUNTER(pf_taken);	/* guest faults */
COUNTER(pf_fixed);	/* an entry was installed, or gained the right */
COUNTER(pf_spurious);	/* the entry allowed the access already */
COUNTER(pf_refault);	/* of pf_taken: zapped although its P was present */
COUNTER(pf_retry);	/* P was changing */

/* Is an invalidation that covers @hva running? Under ML; without it a hint. */
static bool is_in_progress(const struct ept *ept, hva_t hva)
{
	return READ_ONCE(ept->inprog) &&
	       hva.v >= READ_ONCE(ept->inprog_range.start.v) &&
	       hva.v < READ_ONCE(ept->inprog_range.end.v);
}

/*
 * F4. True: what was looked up may be stale. An invalidation that is running
 * has zapped and will not come back: nothing may appear after it (O8). ML.
 */
static bool must_retry(const struct ept *ept, hva_t hva, u64 seq)
{
	return is_in_progress(ept, hva) || ept->seq != seq;
}

static __noinline void differs(gfn_t gfn, spte_t s, pte_t p)
{
	rule_broken("O1: gfn %llx is %llx, the host has %llx",
		    (unsigned long long)gfn.n, (unsigned long long)s.v,
		    (unsigned long long)p.v);
}

/* F5. Under ML; never owes a flush. */
static enum ept_fault_result install(struct ept *ept, gfn_t gfn, u32 access,
				     const struct gup *gup)
{
	const struct spte_format *f = ept->format;
	spte_t *sptep = ept_walk_alloc(ept, gfn);
	spte_t new = spte_make(f, gup->pte), old;
	struct ept_flush flush = { 0 };

	if (!sptep)
		return EPT_FAULT_ERROR;
	old = spte_read(sptep);
	if (gup->was_mapped && spte_was_zapped(old))
		count(&count_pf_refault);
	if (unlikely(spte_present(f, old) &&
		     spte_pfn(old).n != spte_pfn(new).n))
		differs(gfn, old, gup->pte);
	if (spte_allows(f, old, access)) {
		count(&count_pf_spurious);
		return EPT_FAULT_SPURIOUS;
	}
	ept_set(ept, gfn, sptep, new, &flush);
	/* The other vCPUs may keep the read-only translation for a while. */
	count_add(&count_pf_spurious_max,
		  (u64)flush.gained * (ept->tlb_count - 1));
	step(STEP_F5, ept, gfn.n);
	count(&count_pf_fixed);
	return EPT_FAULT_FIXED;
}

enum ept_fault_result ept_fault(struct ept *ept, gpa_t gpa, u32 access)
{
	gfn_t gfn = gpa_to_gfn(gpa);
	const struct memslot *slot = memslot_find(&ept->slots, gfn);
	enum mm_access want = access & HVM_WRITE ? MM_WRITE : MM_READ;
	enum ept_fault_result result;
	struct gup gup;
	hva_t hva;
	int err;
	u64 seq;

	count(&count_pf_taken);
	if (!slot)
		return EPT_FAULT_MMIO;
	hva = gfn_to_hva(slot, gfn);

	/* F1. Pairs with the stores of seq under ML: P is read after it. */
	seq = load_acquire(&ept->seq);
	step(STEP_F1, ept, gfn.n);
	/*
	 * F4 would refuse it, and until then the reference of F2 would look
	 * like a pin to a merge or a migration (O17): do not even take it.
	 */
	if (is_in_progress(ept, hva)) {
		count(&count_pf_retry);
		return EPT_FAULT_RETRY;
	}
	err = gup_page(ept->mm, hva, want, &gup);		/* F2 */
	if (err) {
		if (err != -EAGAIN)
			return EPT_FAULT_ERROR;
		count(&count_pf_retry);
		return EPT_FAULT_RETRY;
	}
	step(STEP_F2, ept, gfn.n);

	spin_lock(&ept->lock);					/* F3 */
	step(STEP_F3, ept, gfn.n);
	if (must_retry(ept, hva, seq)) {			/* F4 */
		count(&count_pf_retry);
		result = EPT_FAULT_RETRY;
	} else {
		step(STEP_F4, ept, gfn.n);
		result = install(ept, gfn, access, &gup);	/* F5 */
	}
	spin_unlock(&ept->lock);
	frame_put(gup.frame);
	return result;
}
