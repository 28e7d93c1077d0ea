/*
 * Get a user page: the frame behind an hva, with a reference (F2). The fast
 * path takes no lock, the slow one may resolve a fault first.
 */
#ifndef MM_GUP_H
#define MM_GUP_H

#include "mm/mm.h"

struct gup {
	struct frame *frame;	/* one reference belongs to the caller */
	pte_t pte;		/* P as it was when the reference was taken */
	bool was_mapped;	/* P allowed the access when we came */
};

/* Lockless. -EAGAIN: P does not allow @access, or is changing right now. */
__must_check int gup_fast(struct mm *mm, hva_t hva, enum mm_access access,
			  struct gup *gup);

/*
 * Fast, else through the fault path. -EFAULT, -ENOMEM as mm_fault(); -EAGAIN
 * when P changes again and again: let the accessor try once more.
 */
__must_check int gup_page(struct mm *mm, hva_t hva, enum mm_access access,
			  struct gup *gup);

/*
 * Pin for a device: a reference that it keeps, to read and write the frame by
 * itself. Taken for writing, so the frame belongs to the page alone, and the
 * page keeps it until gup_unpin() or a discard: fork copies it for the child,
 * a write fault takes it over even if others hold references, merge and
 * migration give up (O17). Errors as gup_page(); under no lock.
 */
__must_check int gup_pin(struct mm *mm, hva_t hva, struct gup *gup);
void gup_unpin(struct frame *frame);

#endif
