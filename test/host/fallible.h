/*
 * The calls that may fail, and how: test/host/fallible.c lets each of them fail
 * once. To add one is to add a row: build.mk takes the names for the linker
 * from here, and the program what it returns. tools/check_source.py looks for
 * functions that are missing.
 *
 * A row stands for a call from one file to another, in mm/, ept/ or vmm/. The
 * function is not called then, so its real failure must leave nothing behind.
 * One with several errors has several rows. Not here:
 *
 *	hpt_walk hpt_walk_next ept_walk memslot_gfns tree_find policy_find
 *	axis_choice policy_choice policy_exclusion
 *		look-ups, and NULL is where nothing is: who has seen an entry
 *		relies on it
 *	hpt_wrprotect ept_pending_complete mmu_notifier_complete
 *		what they return is what they have found, no failure
 *	change_n3_check
 *		tells of the cleared P before it fails: fallible.c lets it do
 *		so
 *	hpt_entry_mm spte_format vm_control vm_page vm_mailbox vm_oracle
 *	vm_guest_page
 *		always answer
 *	mm_fork mm_protect_ro mm_protect_rw mm_migrate gup_pin ksm_add
 *	merge_page vm_create
 *		operations themselves: nobody in these folders calls them
 */
#ifndef TEST_HOST_FALLIBLE_H
#define TEST_HOST_FALLIBLE_H

#define FALLIBLE_CALLS(ROW)						\
	ROW(frame_alloc, 0)						\
	ROW(frame_alloc_zeroed, 0)					\
	ROW(frame_alloc_now, 0)						\
	ROW(frame_tryget, 0)						\
	ROW(frame_is_exclusive, 0)					\
	ROW(quarantine_add, 0)						\
	ROW(rmap_first, 0)						\
	ROW(hpt_walk_alloc, 0)						\
	ROW(mm_create, 0)						\
	ROW(mm_tryget, 0)						\
	ROW(mm_mmap, -EINVAL)						\
	ROW(vma_find, 0)						\
	ROW(mm_fault, 0)	/* try the access again */		\
	ROW(mm_fault, -EFAULT)						\
	ROW(mm_fault, -ENOMEM)						\
	ROW(gup_fast, -EAGAIN)						\
	ROW(gup_page, -EAGAIN)						\
	ROW(gup_page, -EFAULT)						\
	ROW(gup_page, -ENOMEM)						\
	ROW(change_n1_recheck, -EAGAIN)					\
	ROW(change_mapping, -EAGAIN)					\
	ROW(change_mapping, -EBUSY)					\
	ROW(merge_step_wrprotect, -EAGAIN)				\
	ROW(merge_step_wrprotect, -EBUSY)				\
	ROW(merge_step_compare, -EAGAIN)				\
	ROW(merge_step_replace, -EAGAIN)				\
	ROW(merge_step_replace, -EBUSY)					\
	ROW(merge_wrprotect, -EAGAIN)					\
	ROW(merge_wrprotect, -EBUSY)					\
	ROW(merge_page_in_pass, -EAGAIN)				\
	ROW(merge_page_in_pass, -EBUSY)					\
	ROW(memslot_add, -EINVAL)					\
	ROW(memslot_find, 0)						\
	ROW(ept_postpone, 0)						\
	ROW(ept_walk_alloc, 0)						\
	ROW(ept_add_tables, -ENOMEM)					\
	ROW(ept_init, -ENOMEM)						\
	ROW(ept_add_slot, -EINVAL)					\
	ROW(ept_add_slot, -ENOMEM)					\
	ROW(hvm_vcpu_init, -ENODEV)

#endif
