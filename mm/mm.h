/*
 * The primary MMU: a process' address space, and what a kernel does to it.
 *
 * Locks: see arch/x86/spinlock.h (O14). Fork, protect and exit hold the mmap
 * lock for writing; faults, merge, discard and migrate (which finds its address
 * spaces through the reverse map) for reading.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "mm/frame.h"
#include "mm/pte.h"

struct habits;
struct mmu_notifier;

/* Processes live in the slots 128 to 255 of the root table. */
#define HVA_START	(128ull << 39)
#define HVA_END		(256ull << 39)

#define VMA_WRITE	(1u << 0)	/* may be written */
#define VMA_NOFORK	(1u << 1)	/* a child does not get it */
#define VMA_MERGEABLE	(1u << 2)	/* the scanner may merge its pages */

struct hva_range { hva_t start, end; };	/* half open, page aligned */

struct vma {
	struct hva_range range;
	u32 flags;
};

#define MAX_VMAS	8

struct mm {
	rwlock_t mmap_lock;	/* vmas, notifiers; see above */
	struct vma vmas[MAX_VMAS];
	u32 vma_count;
	struct mmu_notifier *notifiers;

	const struct habits *habits;	/* set before use; owned by whoever
					 * sets it */
	u32 users;		/* atomic; the last one tears it down */
	u32 unflushed;		/* atomic: T7s that have cleared entries and
				 * dropped PTL, but not flushed yet */
	u64 cpu_mask;		/* atomic: CPUs that may hold translations */
	spinlock_t table_lock;	/* adding tables; they stay until the end */
	pte_t *root;
	pte_t *recent;		/* a table of level 1 that a walk came to lately,
				 * or the root: a hint, hpt.c */
};

enum mm_access { MM_READ, MM_WRITE };

/* A new address space with one user, or NULL when memory is out. */
struct mm *mm_create(void);

/* Drop a user. The last one unmaps everything: no CPU has it loaded then. */
void mm_put(struct mm *mm);

/* Take a user unless the last one has gone. */
__must_check bool mm_tryget(struct mm *mm);

/* Make @mm, or with NULL the kernel's tables alone, current on this CPU. */
void mm_switch(struct mm *mm);

/* Add a VMA. -EINVAL: out of bounds, overlapping, or too many. */
__must_check int mm_mmap(struct mm *mm, struct hva_range range, u32 flags);

/* The VMA that contains @hva, or NULL. Under the mmap lock. */
struct vma *vma_find(struct mm *mm, hva_t hva);

/*
 * Make P of @hva allow @access: first touch, zero frame, copy (T1), takeover
 * (T2). 0: done, or it changed meanwhile, try the access again. -EFAULT: no
 * such right; -ENOMEM. Takes the mmap lock for reading.
 */
__must_check int mm_fault(struct mm *mm, hva_t hva, enum mm_access access);

/* The machine's page-fault handler over mm_fault(); for trap_set_page_fault. */
int mm_page_fault(hva_t hva, u32 error);

/*
 * A copy-on-write copy of @parent but for its VMA_NOFORK areas, with one user;
 * NULL when memory is out (then @parent is write-protected, but otherwise
 * intact). One protect event per VMA.
 */
struct mm *mm_fork(struct mm *parent);

/* Take away, or give back, the right to write to @range (in one VMA). */
__must_check int mm_protect_ro(struct mm *mm, struct hva_range range);
__must_check int mm_protect_rw(struct mm *mm, struct hva_range range);

/* Forget the content of @range; the next touch finds zeroes (T7). */
void mm_discard(struct mm *mm, struct hva_range range);

/*
 * Move @frame's content to another frame under all its mappings (T6). The
 * caller holds a reference. -EBUSY: somebody else holds one too; -EAGAIN: an
 * address space that maps it is being torn down; -ENOMEM.
 */
__must_check int mm_migrate(struct frame *frame);

#endif
