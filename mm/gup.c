#include "mm/gup.h"

#include "lib/error.h"
#include "mm/hpt.h"

#define GUP_TRIES	64

static bool allows(pte_t pte, enum mm_access access)
{
	return access == MM_WRITE ? pte_writable(pte) : pte_present(pte);
}

/*
 *	gup_fast			the owner of PTL
 *
 *	read P				P := none (locked exchange)
 *	refcount++ if not 0		flush the primary
 *	read P again: changed? drop	check the reference count
 *
 * Both sides pass a full barrier between their two accesses: either the owner
 * sees the reference or we see that P is gone (F2, N3). Interrupts are off so
 * that the IPI round before tables are freed waits for us.
 */
int gup_fast(struct mm *mm, hva_t hva, enum mm_access access, struct gup *gup)
{
	struct frame *frame = NULL;
	u64 flags = interrupts_save_off();
	bool got = false, stable = false;
	pte_t *ptep, pte;

	ptep = hpt_walk(mm, hva);
	if (ptep) {
		pte = pte_read(ptep);
		if (allows(pte, access)) {
			frame = pfn_frame(pte_pfn(pte));
			got = frame_tryget(frame);
		}
		if (got)
			stable = pte_same(pte_read(ptep), pte);
	}
	interrupts_restore(flags);

	if (stable) {
		*gup = (struct gup){ frame, pte, true };
		return 0;
	}
	if (got)
		frame_put(frame);	/* takes a lock: interrupts are on */
	return -EAGAIN;
}

/* Under PTL: waits for whoever keeps P empty. */
static int take_locked(struct mm *mm, hva_t hva, enum mm_access access,
		       struct gup *gup)
{
	pte_t *ptep = hpt_walk(mm, hva);
	int err = -EAGAIN;
	pte_t pte;

	if (!ptep)
		return -EAGAIN;
	spin_lock(hpt_lock(ptep));
	pte = pte_read(ptep);
	if (allows(pte, access)) {
		*gup = (struct gup){ pfn_frame(pte_pfn(pte)), pte, false };
		frame_get(gup->frame);
		err = 0;
	}
	spin_unlock(hpt_lock(ptep));
	return err;
}

int gup_page(struct mm *mm, hva_t hva, enum mm_access access, struct gup *gup)
{
	int err, tries;

	if (!gup_fast(mm, hva, access, gup))
		return 0;
	for (tries = 0; tries < GUP_TRIES; tries++) {
		err = mm_fault(mm, hva, access);
		if (err)
			return err;
		if (!take_locked(mm, hva, access, gup))
			return 0;
	}
	return -EAGAIN;
}

/*
 * The reference becomes a pin, under PTL if P still allows writing: fork and
 * write faults, which check for pins under PTL, see it or have run before it.
 */
static bool become_pin(struct mm *mm, hva_t hva, const struct gup *gup)
{
	pte_t *ptep = hpt_walk(mm, hva);
	bool is;
	pte_t pte;

	spin_lock(hpt_lock(ptep));
	pte = pte_read(ptep);
	is = pte_writable(pte) && pte_pfn(pte).n == frame_pfn(gup->frame).n;
	if (is)
		(void)atomic_add(&gup->frame->pins, 1);
	spin_unlock(hpt_lock(ptep));
	return is;
}

int gup_pin(struct mm *mm, hva_t hva, struct gup *gup)
{
	int err, tries;

	for (tries = 0; tries < GUP_TRIES; tries++) {
		err = gup_page(mm, hva, MM_WRITE, gup);
		if (err)
			return err;
		if (become_pin(mm, hva, gup))
			return 0;
		frame_put(gup->frame);
	}
	return -EAGAIN;
}

void gup_unpin(struct frame *frame)
{
	(void)atomic_sub(&frame->pins, 1);
	frame_put(frame);
}
