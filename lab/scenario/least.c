#include "lab/scenario/least.h"

#include "lib/error.h"

enum primary {
	P_ABSENT,
	P_ZERO,			/* the zero frame, read-only */
	P_OWN,			/* a frame of its own, writable */
	P_SHARED,		/* with the child */
	P_LONE,			/* read-only still, but nobody shares it */
	P_MERGED,
};

enum secondary { S_ABSENT, S_READ, S_WRITE };

struct page_model {
	u8 p, s;
	u8 class;		/* of equal content; 0: its own */
	bool seen;		/* by the scanner, with this content */
	u32 stamp;		/* which write gave it that class */
};

static struct page_model *page_of(const struct least_model *model, u32 page)
{
	return page_array_at(&model->pages, page);
}

#define for_each_page(model, m)						\
	for (u32 i_ = 0; i_ < (model)->page_count; i_++)		\
		for (struct page_model *m = page_of(model, i_); m; m = NULL)

int least_init(struct least_model *model, u32 page_count)
{
	*model = (struct least_model){ .page_count = page_count };
	return page_array_init(&model->pages, page_count,
			       sizeof(struct page_model));
}

void least_exit(struct least_model *model)
{
	page_array_exit(&model->pages);
}

void least_begin(struct least_model *model)
{
	model->least = (struct least){ 0 };
}

void least_lose(struct least_model *model)
{
	model->lost = true;
	model->least = (struct least){ 0 };
}

/* --- One page. */

static void write_content(struct least_model *model, struct page_model *m,
			  u32 class)
{
	m->class = (u8)class;
	m->stamp = model->stamp;
	m->seen = false;
}

/* The page gets a frame of its own, if it has none: T1, T2, T8. */
static void own(struct least_model *model, struct page_model *m)
{
	bool copies = m->p == P_ZERO || m->p == P_SHARED || m->p == P_MERGED;

	if (copies) {
		model->least.primary++;
		model->least.requests += m->s != S_ABSENT;
	}
	m->p = P_OWN;
	if (m->s != S_ABSENT && !model->read_only)
		m->s = S_WRITE;
}

static void guest_write(struct least_model *model, struct page_model *m)
{
	if (m->s == S_WRITE)
		return;
	model->least.faults++;
	own(model, m);
	m->s = S_WRITE;
}

static void host_read(struct page_model *m)
{
	if (m->p == P_ABSENT)
		m->p = P_ZERO;
}

static void guest_read(struct least_model *model, struct page_model *m)
{
	if (m->s != S_ABSENT)
		return;
	model->least.faults++;
	host_read(m);
	m->s = m->p == P_OWN && !model->read_only ? S_WRITE : S_READ;
}

/* T6, under each MMU that maps it. */
static void migrate(struct least_model *model, struct page_model *m)
{
	host_read(m);
	model->least.primary++;
	model->least.requests += m->s != S_ABSENT;
}

/* The child copies; nobody shares the old frame then. */
static void child_write(struct least_model *model, struct page_model *m)
{
	if (m->p != P_SHARED)
		return;
	model->least.primary++;
	m->p = P_LONE;
}

/* --- Many pages, one flush. */

void least_begin_pages(struct least_model *model)
{
	model->gone_p = model->gone_s = false;
}

/* T7 */
static void discard(struct least_model *model, struct page_model *m)
{
	model->gone_p |= m->p != P_ABSENT;
	model->gone_s |= m->s != S_ABSENT;
	*m = (struct page_model){ 0 };
}

static void add_gone(struct least_model *model)
{
	model->least.primary += model->gone_p;
	model->least.requests += model->gone_s;
	model->gone_p = model->gone_s = false;
}

/* T4: no page may be written to. */
static void write_protect(struct least_model *model)
{
	for_each_page(model, m) {
		model->gone_p |= m->p == P_OWN && !model->read_only;
		model->gone_s |= m->s == S_WRITE;
		if (m->s == S_WRITE)
			m->s = S_READ;
	}
	add_gone(model);
}

/* There is one child at most: a second fork does nothing. */
static void fork_pages(struct least_model *model)
{
	if (model->has_child)
		return;
	model->has_child = true;
	write_protect(model);
	for_each_page(model, m)
		if (m->p == P_OWN || m->p == P_LONE)
			m->p = P_SHARED;
}

static void child_exit(struct least_model *model)
{
	model->has_child = false;
	for_each_page(model, m)
		if (m->p == P_SHARED)
			m->p = P_LONE;
}

static void protect_rw(struct least_model *model)
{
	model->read_only = false;
	for_each_page(model, m)
		if (m->p == P_OWN && m->s == S_READ)
			m->s = S_WRITE;
}

/* --- A pass of the scanner (T3a). */

#define GROUPS	64

/* Pages with equal content that two passes have seen. */
struct group {
	u32 class, stamp, count;
};

static bool is_candidate(const struct page_model *m)
{
	return m->class && m->seen && m->p != P_ABSENT && m->p != P_ZERO;
}

static struct group *group_of(struct group *groups, u32 *count,
			      const struct page_model *m)
{
	u32 i;

	for (i = 0; i < *count; i++)
		if (groups[i].class == m->class && groups[i].stamp == m->stamp)
			return &groups[i];
	if (*count == GROUPS)
		return NULL;
	groups[*count] = (struct group){ m->class, m->stamp, 0 };
	return &groups[(*count)++];
}

/* All pages of a group get one frame: a flush of each MMU for the rights that
 * go, and one for the frames. */
static void merge(struct least_model *model, struct group *groups, u32 count)
{
	bool frame_p = false, frame_s = false;
	struct group *group;

	for_each_page(model, m) {
		group = is_candidate(m) ? group_of(groups, &count, m) : NULL;
		if (!group || group->count < 2 || m->p == P_MERGED)
			continue;
		model->gone_p |= m->p == P_OWN;
		model->gone_s |= m->s == S_WRITE;
		frame_p = true;
		frame_s |= m->s != S_ABSENT;
		m->p = P_MERGED;
		if (m->s == S_WRITE)
			m->s = S_READ;
	}
	model->least.primary += frame_p;
	model->least.requests += frame_s;
	add_gone(model);
}

static void scan(struct least_model *model)
{
	struct group groups[GROUPS], *group;
	u32 count = 0;

	for_each_page(model, m) {
		group = is_candidate(m) ? group_of(groups, &count, m) : NULL;
		if (group)
			group->count++;
	}
	merge(model, groups, count);
	for_each_page(model, m)
		m->seen = m->p != P_ABSENT;
}

/* --- Statements. */

void least_note(struct least_model *model, const struct statement *statement)
{
	if (model->lost)
		return;
	least_begin_pages(model);
	switch (statement->verb) {
	case VERB_FORK:
		fork_pages(model);
		break;
	case VERB_CHILD_EXIT:
		child_exit(model);
		break;
	case VERB_PROTECT_RO:
		write_protect(model);
		model->read_only = true;
		break;
	case VERB_PROTECT_RW:
		protect_rw(model);
		break;
	case VERB_SCAN:
		if (statement->steps)
			least_lose(model);
		else if (model->mergeable)
			scan(model);
		break;
	case VERB_MERGEABLE:
		model->mergeable = true;
		break;
	case VERB_COMPLETE:
	case VERB_UNPIN_ALL:
		break;
	default:
		least_lose(model);
	}
}

void least_note_page(struct least_model *model,
		     const struct statement *statement, u32 page, u32 class)
{
	bool is_host = statement->who == WHO_HOST;
	struct page_model *m;

	if (model->lost)
		return;
	m = page_of(model, page);
	switch (statement->verb) {
	case VERB_READ:
		if (is_host)
			host_read(m);
		else
			guest_read(model, m);
		break;
	case VERB_WRITE:
		if (is_host)
			own(model, m);
		else
			guest_write(model, m);
		write_content(model, m, class);
		break;
	case VERB_MIGRATE:
		migrate(model, m);
		break;
	case VERB_CHILD_WRITE:
		child_write(model, m);
		break;
	case VERB_DISCARD:
		discard(model, m);
		if (statement->each)
			add_gone(model);
		break;
	case VERB_CHILD_READ:
	case VERB_UNPIN:
		break;
	default:		/* a pin keeps fork and scanner away */
		least_lose(model);
	}
}

void least_end_pages(struct least_model *model,
		     const struct statement *statement)
{
	if (model->lost)
		return;
	add_gone(model);
	if (statement->verb == VERB_WRITE)
		model->stamp++;
}
