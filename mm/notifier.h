/*
 * How the primary MMU tells whoever mirrors its entries. The four events of
 * docs/contract.md, sections 2 and 3: bracket, protect, upgrade, change_pte.
 * mm/ does not know who listens.
 */
#ifndef MM_NOTIFIER_H
#define MM_NOTIFIER_H

#include "mm/mm.h"

/* Why P changes. The first ones also call change_pte between start and end. */
enum invalidate_reason {
	INVALIDATE_COPY,	/* T1: copy on a write fault */
	INVALIDATE_WRPROTECT,	/* T4: first step of a merge */
	INVALIDATE_MERGE,	/* T3a */
	INVALIDATE_MIGRATE,	/* T6 */
	INVALIDATE_UNMAP,	/* T7 */
	INVALIDATE_PROTECT_RW,	/* rights given back, as a bracket */
	INVALIDATE_REASON_COUNT,
};

/* A bit for each of those. */
#define INVALIDATE_BY_CHANGE_PTE					\
	(1u << INVALIDATE_COPY | 1u << INVALIDATE_WRPROTECT |		\
	 1u << INVALIDATE_MERGE)

static inline bool invalidate_by_change_pte(enum invalidate_reason reason)
{
	return INVALIDATE_BY_CHANGE_PTE & 1u << reason;
}

/* Why flushes that listeners have postponed cannot wait any longer. */
enum mmu_need {
	NEED_CONTENT,	/* pages are copied or compared: nobody may still write
			 * through a right that was removed (T4) */
	NEED_FRAMES,	/* kept frames must be released: their references are
			 * counted, or memory is out (T3a, O6) */
	NEED_PASS_END,	/* a scan pass is over */
	NEED_ALL,
};

struct mmu_notifier;

/*
 * A single listener does N4 in one go. Several do it in two rounds, each over
 * all of them: nobody may write to the new frame while somebody still reads
 * the old one through any of them (O53).
 */
enum change_round {
	CHANGE_WHOLE,
	CHANGE_FRAME,	/* S gets its frame, without W, and is flushed */
	CHANGE_RIGHT,	/* then W, where P will have it */
};

struct mmu_notifier_ops {
	/* I1 and I3. No PTL held. After start returns nobody uses the range. */
	void (*start)(struct mmu_notifier *notifier, struct hva_range range,
		      enum invalidate_reason reason);
	void (*end)(struct mmu_notifier *notifier, struct hva_range range,
		    enum invalidate_reason reason);

	/* R1 and R3, around a write-protection of the range. No PTL held. */
	void (*protect_start)(struct mmu_notifier *notifier,
			      struct hva_range range);
	void (*protect_end)(struct mmu_notifier *notifier,
			    struct hva_range range);

	/* N2 is complete: P is none. Under PTL. */
	void (*cleared)(struct mmu_notifier *notifier, hva_t hva,
			enum invalidate_reason reason);

	/* N4: P was @old, is none, and will be @new. Under PTL. */
	void (*change_pte)(struct mmu_notifier *notifier, hva_t hva, pte_t old,
			   pte_t new, enum invalidate_reason reason,
			   enum change_round round);

	/* T2. P is @old and about to gain W. Under PTL. Of a postponer only. */
	void (*before_upgrade)(struct mmu_notifier *notifier, hva_t hva,
			       pte_t old);

	/* P has gained W and is @new. Under PTL. Then done, once after the
	 * pages of @range. */
	void (*upgrade)(struct mmu_notifier *notifier, hva_t hva, pte_t new);
	void (*upgrade_done)(struct mmu_notifier *notifier,
			     struct hva_range range);

	/* Issue the postponed flushes that @need does not let wait; true: there
	 * were some. May hold PTL. Only postponers have it. */
	bool (*complete)(struct mmu_notifier *notifier, enum mmu_need need);
};

struct mmu_notifier {
	const struct mmu_notifier_ops *ops;
	struct mmu_notifier *next;
	/* What it has no use for is not called. */
	u32 ignored_brackets;	/* mask of reasons: start and end */
	bool ignores_cleared;
	bool ignores_change;	/* change_pte */
	bool follows_upgrades;	/* upgrade and upgrade_done are called; also,
				 * in place of a bracket, when mm_protect_rw()
				 * gives rights back */
	bool postpones;		/* may leave flushes for later */
	bool wants_stages;	/* the scanner should write-protect many pages
				 * before it compares the first */
	struct mmu_notifier *next_postponer;
};

/* Take the mmap lock for writing: no event is under way meanwhile. */
void mmu_notifier_register(struct mm *mm, struct mmu_notifier *notifier);
void mmu_notifier_unregister(struct mm *mm, struct mmu_notifier *notifier);

void mmu_notifier_start(struct mm *mm, struct hva_range range,
			enum invalidate_reason reason);
void mmu_notifier_end(struct mm *mm, struct hva_range range,
		      enum invalidate_reason reason);
void mmu_notifier_protect_start(struct mm *mm, struct hva_range range);
void mmu_notifier_protect_end(struct mm *mm, struct hva_range range);
void mmu_notifier_cleared(struct mm *mm, hva_t hva,
			  enum invalidate_reason reason);
void mmu_notifier_change_pte(struct mm *mm, hva_t hva, pte_t old, pte_t new,
			     enum invalidate_reason reason);
void mmu_notifier_before_upgrade(struct mm *mm, hva_t hva, pte_t old);
void mmu_notifier_upgrade(struct mm *mm, hva_t hva, pte_t new);
void mmu_notifier_upgrade_done(struct mm *mm, struct hva_range range);

/* Those who leave flushes for later, of all address spaces. */
extern struct mmu_notifier *mmu_notifier_postponers;

bool mmu_notifier_complete_all(enum mmu_need need);

/*
 * Have every listener of any address space complete what @need asks for; true:
 * a flush was owed. When it returns that flush is complete, whoever issued it.
 * May hold PTL; no rmap lock, no ML.
 */
static inline bool mmu_notifier_complete(enum mmu_need need)
{
	return unlikely(READ_ONCE(mmu_notifier_postponers) != NULL) &&
	       mmu_notifier_complete_all(need);
}

/* True if every listener follows upgrades. */
bool mmu_notifier_follows_upgrades(struct mm *mm);

/* True if some listener wants the scanner to work in stages. Takes the mmap
 * lock for reading. */
bool mmu_notifier_wants_stages(struct mm *mm);

static inline struct hva_range page_range(hva_t hva)
{
	return (struct hva_range){ hva_page(hva),
				   hva_add(hva_page(hva), PAGE_SIZE) };
}

#endif
