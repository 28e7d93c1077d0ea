/*
 * The pages that second-level tables are made of.
 */
#ifndef EPT_TABLE_H
#define EPT_TABLE_H

#include "ept/flush.h"

/* Make the missing tables above the leaf of @gfn; -ENOMEM. ML. */
__must_check int ept_add_tables(struct ept *ept, gfn_t gfn);

/*
 * T13: unlink each leaf table that maps only gfns of @range, which was zapped.
 * A flush is then owed. Under ML; before dropping it the caller issues the
 * flush and frees the tables, in this order (O15).
 */
void ept_unlink_tables(struct ept *ept, struct hva_range range,
		       struct ept_flush *flush);
void ept_free_unlinked(struct ept *ept);

/* All of them, and the root: no CPU walks them any more. */
void ept_free_tables(struct ept *ept);

#endif
