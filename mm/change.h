/*
 * One change of one mapping, N1 to N6 of docs/contract.md, section 3: clear and
 * flush the primary; change the secondary; only then set the primary. Copies
 * (T1), write-protections of a merge (T4) and merges (T3a) all take this path.
 */
#ifndef MM_CHANGE_H
#define MM_CHANGE_H

#include "lib/step.h"
#include "mm/notifier.h"

struct change {
	struct mm *mm;
	hva_t hva;
	pte_t *ptep;
	pte_t seen;		/* what the decision was based on */
	struct frame *old;	/* that @seen maps */
	struct frame *new;	/* that P will map; may be @old */
	enum pte_right right;	/* with this right */
	enum invalidate_reason reason;
	u32 known_references;	/* allowed at N3 besides the mappings';
				 * ANY_REFERENCES: any number */
	pte_t cleared;		/* what N2 found; none: not yet */
};

enum { ANY_REFERENCES = ~0u };

/*
 * The steps of a change under PTL, N1 to N5; an entry without a function ends
 * the list. A step that fails ends the change, and give_up restores P.
 * habits.h chooses the order.
 */
struct change_order {
	struct change_step {
		int (*perform)(struct change *change);
		enum step name;
	} steps[6];
	void (*give_up)(struct change *change);
};
extern const struct change_order change_order_right;

int change_n1_recheck(struct change *change);
int change_n2_clear(struct change *change);
int change_n3_check(struct change *change);
int change_n4_secondary(struct change *change);
int change_n5_primary(struct change *change);
void change_give_up(struct change *change);

/*
 * Perform @change. The caller holds a reference to @old and to @new, and the
 * mmap lock for reading from the copy or comparison on (N0); no PTL. On success
 * the mapping's reference has moved from @old to @new. -EAGAIN: P is no longer
 * @seen (N1). -EBUSY: somebody else holds a reference, and P is restored (N3,
 * O17).
 */
__must_check int change_mapping(struct change *change);

#endif
