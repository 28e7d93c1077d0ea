/*
 * The least that a phase can cost, computed from what its statements do to
 * which pages: a model of every page, kept beside the run. It knows the
 * transitions (docs/contract.md, section 6) and no policy; what it leaves open
 * it counts as nothing.
 */
#ifndef LAB_SCENARIO_LEAST_H
#define LAB_SCENARIO_LEAST_H

#include "lab/scenario/page_array.h"
#include "lab/scenario/scenario.h"

struct least {
	u64 requests;		/* secondary flush requests */
	u64 primary;		/* primary flush requests */
	u64 faults;		/* guest faults */
};

struct least_model {
	struct page_array pages;	/* struct page_model */
	u32 page_count;
	u32 stamp;		/* of the last statement that wrote a class */
	bool read_only;
	bool has_child;
	bool mergeable;		/* the scanner has pages to look at */
	bool lost;		/* something happened that it cannot follow */
	struct least least;	/* since the phase began */
	/* What was there and is not any more, of all pages of a statement. */
	bool gone_p, gone_s;
};

/* -ENOMEM: there is no model. */
__must_check int least_init(struct least_model *model, u32 page_count);
void least_exit(struct least_model *model);

/* A phase begins. */
void least_begin(struct least_model *model);

/* From now on nothing is known. */
void least_lose(struct least_model *model);

/* A statement that is not for pages: a DO, about to be performed. */
void least_note(struct least_model *model, const struct statement *statement);

/* One that is, for @page, which will have content of @class (0: its own). */
void least_note_page(struct least_model *model,
		     const struct statement *statement, u32 page, u32 class);

/* It begins, and it ends: whatever is done at once for all its pages. */
void least_begin_pages(struct least_model *model);
void least_end_pages(struct least_model *model,
		     const struct statement *statement);

#endif
