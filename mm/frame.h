/*
 * Physical memory, frame by frame: who uses it (refcount), which tables map it
 * (mapcount, reverse map), and for a frame that is a page table the lock of
 * its entries (PTL). A frame is freed when its last reference goes.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include "arch/x86/insn.h"
#include "arch/x86/spinlock.h"
#include "lib/tree.h"

struct mm;
struct rmap_link;

#define FRAME_DIRTY	(1u << 0)	/* written through some translation */
#define FRAME_ACCESSED	(1u << 1)
#define FRAME_STABLE	(1u << 2)	/* in the stable tree, never writable */
#define FRAME_KEPT	(1u << 3)	/* in a quarantine, by one reference */

struct __aligned(64) frame {	/* so that its index is a shift */
	u32 refcount;		/* atomic; each mapping holds one */
	u32 pins;		/* atomic; references that are pins: gup.h */
	u32 flags;		/* atomic */

	/*
	 * Of a page: the rmap lock, for mapcount, mappings and the rmap links
	 * of these mappings. Of a table: the PTL, for its entries.
	 */
	spinlock_t lock;
	u32 mapcount;		/* entries that map this frame */
	u32 mappings;		/* first of them, see rmap.h */
	u32 awaited;		/* atomic; changes of a mapping to this frame
				 * whose flush waits, see quarantine.h */

	union {
		struct frame *next_free;
		struct {
			struct mm *mm;
			hva_t base;		/* hva of entry 0 */
			struct rmap_link *links;	/* one per entry */
		} table;
		struct frame *next_unlinked;	/* a table of the secondary
						 * that waits for its flush */
		struct tree_node stable;	/* under the ksm lock */
		struct {			/* in a quarantine */
			struct frame *next;
			struct frame *new;	/* its replacement */
		} kept;
	};
};

/*
 * Take over the machine's memory. @ranges are page aligned, sorted and free;
 * the table of frames is placed in the first that has room for it. Call once.
 */
void frame_init(const struct memory_range *ranges, u32 count);

extern struct frame *frames;	/* indexed by pfn */
extern struct frame *zero_frame;	/* all zero, always mapped read-only */

/*
 * A frame with one reference, its content undefined (junk) or zero; NULL when
 * none is left, or frame_fail_at says so. Before it gives up it flushes and
 * frees what only waits for a flush. No rmap lock, no ML.
 */
struct frame *frame_alloc(void);
struct frame *frame_alloc_zeroed(void);

/* The same without that flush. Leaf lock inside. */
struct frame *frame_alloc_now(void);

void frame_get(struct frame *frame);

/* Is it pinned for a device? Settled under the PTL of its mapping. */
static inline bool frame_is_pinned(const struct frame *frame)
{
	return load_acquire(&frame->pins);
}

/* Take a reference unless the count is zero (F2); false: it was. */
__must_check bool frame_tryget(struct frame *frame);

/* Fill freed frames with junk (on to begin with), so that whoever still reads
 * one is found out; off where instructions are counted. */
void frame_set_poison(bool on);

/*
 * Drop a reference; the last one frees the frame and fills it with junk. The
 * caller has flushed every CPU that may still reach it through the mapping
 * that held the reference (O6).
 */
void frame_put(struct frame *frame);

/* Frames that are free now: before an experiment = after it (INV-FREE). */
u64 frame_free_count(void);
u64 frame_total_count(void);

/* One more than the highest pfn. */
u64 frame_pfn_end(void);

/*
 * Tests: let the n-th allocation from now fail (1 = the next); 0 = none.
 * Returns what is left of the previous countdown; 0: its allocation has
 * failed.
 */
u64 frame_fail_at(u64 n);

static inline pfn_t frame_pfn(const struct frame *frame)
{
	return (pfn_t){ (u64)(frame - frames) };
}

static inline struct frame *pfn_frame(pfn_t pfn)
{
	return &frames[pfn.n];
}

static inline void *frame_ptr(const struct frame *frame)
{
	return hpa_to_ptr(pfn_to_hpa(frame_pfn(frame)));
}

static inline struct frame *ptr_frame(const void *p)
{
	return pfn_frame(hpa_to_pfn(ptr_to_hpa(p)));
}

static inline u32 frame_refcount(const struct frame *frame)
{
	return load_acquire(&frame->refcount);
}

static inline bool frame_is_stable(const struct frame *frame)
{
	return READ_ONCE(frame->flags) & FRAME_STABLE;
}

/* Note in @frame that a translation to it was used (O11). */
static inline void frame_credit(struct frame *frame, u32 flags)
{
	if (flags & ~READ_ONCE(frame->flags))
		atomic_or(&frame->flags, flags);
}

#endif
