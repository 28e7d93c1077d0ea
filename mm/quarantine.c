#include "mm/quarantine.h"

#include "mm/notifier.h"

bool quarantine_add(struct quarantine *quarantine, struct frame *old,
		    struct frame *new)
{
	if (frame_is_stable(old) || frame_is_awaited(old))
		return false;
	if (atomic_or(&old->flags, FRAME_KEPT) & FRAME_KEPT)
		return false;
	frame_get(old);
	atomic_add(&new->awaited, 1);
	old->kept.next = quarantine->first;
	old->kept.new = new;
	quarantine->first = old;
	return true;
}

void quarantine_release(struct quarantine *quarantine)
{
	struct frame *old = quarantine->first;

	quarantine->first = NULL;
	while (old) {
		struct frame *next = old->kept.next;

		/* Still there: whoever took its mapping away has flushed, and
		 * that flush would have emptied this list. */
		atomic_sub(&old->kept.new->awaited, 1);
		atomic_and(&old->flags, ~FRAME_KEPT);
		frame_put(old);
		old = next;
	}
}

bool frame_is_exclusive(struct frame *frame)
{
	u32 count = frame_refcount(frame);

	if (frame_is_pinned(frame))
		return true;
	/* The map count alone would overlook a gup. The stable tree and the
	 * zero frame's owner hold references of their own. */
	if (count == 2 && frame_is_kept(frame)) {
		mmu_notifier_complete(NEED_FRAMES);
		count = frame_refcount(frame);
	}
	return count == 1;
}
