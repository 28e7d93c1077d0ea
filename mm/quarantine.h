/*
 * Frames that outlive their mapping until a flush (O6). A merge that postpones
 * its flush (T3a) holds a reference on the old frame, and notes in the new one
 * that a CPU may still use a translation to another frame in its place.
 *
 * The reference is in the way of whoever counts references: a takeover, N3, a
 * migration. frame_is_exclusive() and rmap_extra_references() therefore
 * complete the flush, which drops it, and count again.
 */
#ifndef MM_QUARANTINE_H
#define MM_QUARANTINE_H

#include "mm/frame.h"

/* One listener's, under its lock. */
struct quarantine {
	struct frame *first;
};

/*
 * Keep @old, which a mapping left for @new, until quarantine_release().
 * Allocates nothing. False: not possible, so the flush cannot wait. @old is
 * kept already, or is a merged page itself, or @new of an earlier change that
 * still waits: that mapping changes again.
 */
__must_check bool quarantine_add(struct quarantine *quarantine,
				 struct frame *old, struct frame *new);

/* The flush is complete: drop the references. No rmap lock. */
void quarantine_release(struct quarantine *quarantine);

/* Does some quarantine hold a reference to @frame? */
static inline bool frame_is_kept(const struct frame *frame)
{
	return READ_ONCE(frame->flags) & FRAME_KEPT;
}

/* May a CPU still use a translation to an older frame in place of @frame? */
static inline bool frame_is_awaited(const struct frame *frame)
{
	return load_acquire(&frame->awaited);
}

/*
 * May a mapping of @frame, whose PTL the caller holds, have W? Its reference is
 * the only one (a quarantine's does not count, see above): nobody else maps or
 * reads the frame. Or the frame is pinned: then it belongs to this mapping
 * alone, even if others hold short references, and the mapping must keep it.
 */
__must_check bool frame_is_exclusive(struct frame *frame);

#endif
