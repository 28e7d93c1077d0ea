/*
 * The host's side of the oracle: writing pages, and checking at the end what
 * the host itself sees.
 */
#ifndef LAB_SCENARIO_CONTENT_H
#define LAB_SCENARIO_CONTENT_H

#include "lab/scenario/page_array.h"
#include "lab/scenario/selection.h"
#include "lab/verb/verb.h"

/* What pages must hold, beside what vm_oracle() knows of each. */
struct content {
	struct party *party;		/* whose pages they are */
	u32 page_count;
	struct page_array child_pages;	/* what those of the child must hold */
	u32 child_writes;
	u32 oldest_generation;		/* of what is written after a discard */
	bool identities_change;		/* pages do not keep theirs */
	const char *phase;		/* that is going on, for who reads */
	u64 stale_reads;		/* by anybody */
};

/* Nothing has been written to @page_count pages of @party, which has no child.
 * -ENOMEM. */
__must_check int content_init(struct content *content, struct party *party,
			      u32 page_count);
void content_exit(struct content *content);

/*
 * Write the next generation to @page through the host's own mapping; the first
 * store takes the fault if there is one to take: *@ticks is how long it took.
 * -ENOMEM, -EFAULT: it could not be resolved, nothing is published. The VM's
 * address space is current.
 */
__must_check int content_host_write(struct content *content, u32 page,
				    u64 *ticks);

/* The same with a tag of the caller's. */
__must_check int content_host_store(u32 page, u64 tag, u64 *ticks);

/* A generation that none of these pages has had, nor any that a discard has
 * ended. */
u32 content_next_generation(const struct content *content,
			    const struct selected *pages);

/* These pages will be zero; and now they are. Around a discard. */
void content_begin_zero(u32 first, u32 count);
void content_end_zero(u32 first, u32 count);

/* Note what the child that is forked in between must hold. */
void content_begin_fork(struct content *content);
void content_end_fork(struct content *content);

/* In the child, which is current: write a new tag to @page, -ENOMEM or -EFAULT;
 * check what @page holds. Any host thread, each its own pages. */
__must_check int content_child_write(struct content *content, u32 page);
__must_check int content_verify_child_page(struct content *content, u32 page);

/* Check @page, which nobody writes to meanwhile, in the VM's address space. */
__must_check int content_verify_own_page(struct content *content, u32 page);

/* Collect and print what the guest's @vcpu_count vCPUs reported, in
 * content->stale_reads. The guest is outside; the VM's address space is
 * current. */
void content_collect(struct content *content, u32 vcpu_count);

/*
 * Check every page through the host's mappings of the VM and of the child.
 * Counts in content->stale_reads, and prints the first ones. -ENOMEM: a page
 * could not even be read. As above.
 */
__must_check int content_verify(struct content *content);

/* Check that each word of @page in the current address space, which is
 * @reader's, is a tag from @oldest to @newest, of one identity. As above. */
__must_check int content_verify_page(struct content *content, u32 page,
				     u64 oldest, u64 newest,
				     const char *reader);

#endif
