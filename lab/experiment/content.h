/*
 * The host's side of the oracle: writing pages, and checking at the end what
 * the host itself sees.
 */
#ifndef LAB_EXPERIMENT_CONTENT_H
#define LAB_EXPERIMENT_CONTENT_H

#include "lab/experiment/run.h"
#include "lab/scenario/selection.h"

/*
 * Write the next generation to @page through the host's own mapping; the first
 * store takes the fault if there is one to take: *@ticks is how long it took.
 * -ENOMEM, -EFAULT: it could not be resolved, nothing is published. The VM's
 * address space is current.
 */
__must_check int content_host_write(struct run *run, u32 page, u64 *ticks);

/* The same with a tag of the caller's. */
__must_check int content_host_store(u32 page, u64 tag, u64 *ticks);

/* A generation that none of these pages has had, nor any that a discard has
 * ended. */
u32 content_next_generation(const struct run *run,
			    const struct selected *pages);

/* These pages will be zero; and now they are. Around a discard. */
void content_begin_zero(u32 first, u32 count);
void content_end_zero(u32 first, u32 count);

/* Note what the child that is forked in between must hold. */
void content_begin_fork(struct run *run);
void content_end_fork(struct run *run);

/* In the child, which is current: write a new tag to @page, -ENOMEM or -EFAULT;
 * check what @page holds. Any host thread, each its own pages. */
__must_check int content_child_write(struct run *run, u32 page);
__must_check int content_verify_child_page(struct run *run, u32 page);

/* Check @page, which nobody writes to meanwhile, in the VM's address space. */
__must_check int content_verify_own_page(struct run *run, u32 page);

/* Collect and print what the guest reported, in run->stale_reads. The guest is
 * outside; the VM's address space is current. */
void content_collect(struct run *run);

/*
 * Check every page through the host's mappings of the VM and of the child.
 * Counts in run->stale_reads, and prints the first ones. -ENOMEM: a page could
 * not even be read. As above.
 */
__must_check int content_verify(struct run *run);

/* Check that each word of @page in the current address space, which is
 * @reader's, is a tag from @oldest to @newest, of one identity. As above. */
__must_check int content_verify_page(struct run *run, u32 page, u64 oldest,
				     u64 newest, const char *reader);

#endif
