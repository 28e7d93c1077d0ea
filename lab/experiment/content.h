/*
 * The host's side of the oracle: writing pages, and checking at the end what
 * the host itself sees.
 */
#ifndef LAB_EXPERIMENT_CONTENT_H
#define LAB_EXPERIMENT_CONTENT_H

#include "lab/experiment/run.h"

/*
 * Write the next generation to @page through the host's own mapping; the first
 * store takes the fault if there is one to take, and is what host_ticks
 * measures. -ENOMEM, -EFAULT: it could not be resolved, nothing is published.
 * The VM's address space is current.
 */
__must_check int content_host_write(struct run *run, u32 page);

/* The same with a tag of the caller's. */
__must_check int content_host_store(struct run *run, u32 page, u64 tag);

/* These pages will be zero; and now they are. Around a discard. */
void content_begin_zero(u32 first, u32 count);
void content_end_zero(u32 first, u32 count);

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
