#include "lab/scenario/workload.h"

#include "lab/experiment/content.h"
#include "lab/experiment/driver.h"
#include "lab/scenario/churn.h"
#include "lib/error.h"
#include "mm/gup.h"
#include "mm/ksm.h"

#define MERGE_PASSES	2	/* one to see each page, one to merge it */
#define MERGE_CLASS	1	/* all pages are equal */
#define MERGE_PAGES	2	/* one alone has no equal */
#define MIGRATE_TRIES	100

/* --- What the guest does. */

static int populate(struct run *run)
{
	return guest_do(run, GUEST_WRITE, 0);
}

static int populate_equal(struct run *run)
{
	return guest_do(run, GUEST_WRITE_CLASS, MERGE_CLASS);
}

static int guest_read(struct run *run)
{
	return guest_do(run, GUEST_READ, 0);
}

static int guest_write(struct run *run)
{
	return guest_do(run, GUEST_WRITE, 0);
}

/* --- What the host does. */

static int host_write(struct run *run, u32 page)
{
	return content_host_write(run, page);
}

static int host_fork(struct run *run)
{
	run->child_generation = TAG_GENERATION(vm_oracle(0)->published);
	run->child = mm_fork(run->vm.mm);
	return run->child ? 0 : -ENOMEM;
}

static int child_exit(struct run *run)
{
	mm_put(run->child);
	run->child = NULL;
	return 0;
}

static int merge(struct run *run)
{
	int err = ksm_add(run->vm.mm, vm_data_range(&run->vm));
	u32 pass;

	for (pass = 0; pass < MERGE_PASSES && !err; pass++) {
		ksm_begin_pass();
		do {
			err = guest_pace(run);
		} while (!err && ksm_scan_next());
	}
	return err;
}

static int protect_ro(struct run *run)
{
	return mm_protect_ro(run->vm.mm, vm_data_range(&run->vm));
}

static int protect_rw(struct run *run)
{
	return mm_protect_rw(run->vm.mm, vm_data_range(&run->vm));
}

static int discard(struct run *run)
{
	content_begin_zero(0, run->options->pages);
	mm_discard(run->vm.mm, vm_data_range(&run->vm));
	content_end_zero(0, run->options->pages);
	return 0;
}

/* A guest fault may hold a reference for a moment: then try again. */
static int migrate(struct run *run, u32 page)
{
	hva_t hva = { (u64)vm_page(page) };
	int err = -EBUSY, tries;

	for (tries = 0; tries < MIGRATE_TRIES && err == -EBUSY; tries++) {
		struct gup gup;
		u64 start;

		err = gup_page(run->vm.mm, hva, MM_READ, &gup);
		if (err)
			return err;
		start = read_tsc();
		err = mm_migrate(gup.frame);
		run_note_ticks(run, read_tsc() - start);
		frame_put(gup.frame);
		cpu_pause();
	}
	return err;
}

/* --- The table. */

#define POPULATE { "populate", populate, NULL,				\
		   { .faults_per_page = 1 } }
#define POPULATE_EQUAL { "populate", populate_equal, NULL,		\
			 { .faults_per_page = 1 } }
#define GUEST_READ_AGAIN { "guest-read", guest_read, NULL, { 0 } }
#define GUEST_READ_FIRST { "guest-read", guest_read, NULL,		\
			   { .faults_per_page = 1 } }
#define FORK { "fork", host_fork, NULL, { .requests = 1, .primary = 1 } }
/* Every copy changes the frame under both MMUs (T1). */
#define HOST_WRITE_COPIES { "host-write", NULL, host_write,		\
			    { .requests_per_page = 1, .primary_per_page = 1 } }
#define GUEST_WRITE_COPIES { "guest-write", guest_write, NULL,		\
			     { .requests_per_page = 1, .primary_per_page = 1, \
			       .faults_per_page = 1 } }
/* One flush of each MMU a pass for all write-protections, one for all new
 * frames: the least there is when both are batched. */
#define MERGE { "merge", merge, NULL,					\
		{ .requests = 2, .primary = 2, .min_pages = MERGE_PAGES } }
#define HOST_WRITE_UNMERGES { "host-write", NULL, host_write,		\
			      { .requests_per_page = 1, .primary_per_page = 1, \
				.min_pages = MERGE_PAGES } }
#define GUEST_WRITE_UNMERGES { "guest-write", guest_write, NULL,	\
			       { .requests_per_page = 1, .primary_per_page = 1, \
				 .faults_per_page = 1,			\
				 .min_pages = MERGE_PAGES } }

const struct workload workloads[] = {
	{
		"control", "nothing happens", NULL,
		{ POPULATE, GUEST_READ_AGAIN, GUEST_READ_AGAIN },
	}, {
		"cow-host", "fork, then the host writes", "host_cow_break",
		{ POPULATE, FORK, GUEST_READ_AGAIN, HOST_WRITE_COPIES,
		  GUEST_READ_AGAIN },
	}, {
		"cow-guest", "fork, then the guest writes", NULL,
		{ POPULATE, FORK, GUEST_READ_AGAIN, GUEST_WRITE_COPIES,
		  GUEST_READ_AGAIN },
	}, {
		"takeover", "fork, the child exits, host and guest write",
		"host_takeover",
		{ POPULATE, FORK, GUEST_READ_AGAIN,
		  { "child-exit", child_exit, NULL, { 0 } },
		  { "host-write", NULL, host_write, { 0 } },
		  { "guest-write", guest_write, NULL, { 0 } } },
	}, {
		"merge", "all pages are equal and get merged", NULL,
		{ POPULATE_EQUAL, MERGE, GUEST_READ_AGAIN },
	}, {
		"merge-host", "merge, then the host writes",
		"host_merge_break",
		{ POPULATE_EQUAL, MERGE, GUEST_READ_AGAIN, HOST_WRITE_UNMERGES,
		  GUEST_READ_AGAIN },
	}, {
		"merge-guest", "merge, then the guest writes", NULL,
		{ POPULATE_EQUAL, MERGE, GUEST_READ_AGAIN,
		  GUEST_WRITE_UNMERGES, GUEST_READ_AGAIN },
	}, {
		"zero", "the guest reads zeroes, then the host writes",
		"host_zero_break",
		{ GUEST_READ_FIRST, HOST_WRITE_COPIES, GUEST_READ_AGAIN },
	}, {
		"protect", "read-only for a while", NULL,
		{ POPULATE,
		  { "protect-ro", protect_ro, NULL,
		    { .requests = 1, .primary = 1 } },
		  GUEST_READ_AGAIN,
		  { "protect-rw", protect_rw, NULL, { 0 } },
		  { "guest-write", guest_write, NULL, { 0 } } },
	}, {
		"discard", "the content is forgotten, zeroes come back", NULL,
		{ POPULATE,
		  { "discard", discard, NULL, { .requests = 1, .primary = 1 } },
		  GUEST_READ_FIRST },
	}, {
		"migrate", "every page moves to another frame",
		"host_migrate",
		{ POPULATE,
		  { "migrate", NULL, migrate,
		    { .requests_per_page = 1, .primary_per_page = 1 } },
		  GUEST_READ_AGAIN },
	}, {
		"churn", "a seeded mix of everything", NULL,
		{ POPULATE, { "churn", churn, NULL, { 0 } },
		  GUEST_READ_AGAIN },
	},
};

const u32 workload_count = array_count(workloads);
