#include "mm/mm.h"

#include "arch/x86/cpu.h"
#include "arch/x86/handshake.h"
#include "arch/x86/paging.h"
#include "arch/x86/tlb.h"
#include "arch/x86/trap.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/step.h"
#include "lib/string.h"
#include "mm/habits.h"
#include "mm/rmap.h"

_Static_assert(sizeof(struct mm) <= PAGE_SIZE, "one frame holds a struct mm");

struct mm *mm_create(void)
{
	struct frame *home = frame_alloc_zeroed();
	struct frame *root = frame_alloc_zeroed();
	struct mm *mm;

	if (!home || !root) {
		if (home)
			frame_put(home);
		if (root)
			frame_put(root);
		return NULL;
	}
	mm = frame_ptr(home);
	mm->root = frame_ptr(root);
	mm->recent = mm->root;
	root->table.base = (hva_t){ 0 };
	mm->habits = &habits_right;
	mm->users = 1;
	/* The kernel's own half: everything below the first process slot. */
	memcpy(mm->root, hpa_to_ptr(kernel_root()),
	       table_index(HVA_START, ROOT_LEVEL) * sizeof(pte_t));
	return mm;
}

bool mm_tryget(struct mm *mm)
{
	u32 users = READ_ONCE(mm->users);

	while (users) {
		if (atomic_cmpxchg(&mm->users, users, users + 1))
			return true;
		users = READ_ONCE(mm->users);
	}
	return false;
}

/*
 * No CPU has @mm loaded and nobody can get it any more, so no flush is owed;
 * the entries still go under PTL, because rmap walks may look at them.
 */
static void unmap_all(struct mm *mm)
{
	u32 i;

	for (i = 0; i < mm->vma_count; i++) {
		for_each_pte(it, mm, mm->vmas[i].range) {
			struct frame *frame;
			pte_t old;

			if (!pte_present(pte_read(it.ptep)))
				continue;
			spin_lock(hpt_lock(it.ptep));
			old = hpt_clear(it.ptep);
			spin_unlock(hpt_lock(it.ptep));
			frame = pfn_frame(pte_pfn(old));
			rmap_remove(frame, it.ptep);
			frame_put(frame);
		}
	}
}

void mm_put(struct mm *mm)
{
	if (atomic_sub(&mm->users, 1))
		return;
	BUG_ON(READ_ONCE(mm->cpu_mask));
	BUG_ON(mm->notifiers);
	write_lock(&mm->mmap_lock);
	unmap_all(mm);
	write_unlock(&mm->mmap_lock);
	hpt_destroy(mm);
	frame_put(ptr_frame(mm));
}

void mm_switch(struct mm *mm)
{
	struct cpu *cpu = this_cpu();
	struct mm *old = cpu->mm;
	u64 self = 1ull << cpu->id;

	if (old == mm)
		return;
	/*
	 * The bit is in the mask before the tables are walked and until
	 * nothing of them is cached: a flusher that misses it has nothing to
	 * flush here (the locked operation is the barrier; pairs with the
	 * exchange in hpt_clear()).
	 */
	if (mm)
		atomic_or(&mm->cpu_mask, self);
	/* While this CPU drops its translations, the checker, which asks whose
	 * tables it uses, is told neither. */
	cpu->mm = NULL;
	step_change(STEP_CLEAN, NULL, cpu->id, FLUSH_ALL, 0);
	cpu->mm = mm;
	tlb_load_root(mm ? ptr_to_hpa(mm->root) : kernel_root());
	if (old)
		atomic_and(&old->cpu_mask, ~self);
}

static bool range_valid(struct hva_range range)
{
	return range.start.v >= HVA_START && range.end.v <= HVA_END &&
	       range.start.v < range.end.v &&
	       !((range.start.v | range.end.v) & ~PAGE_MASK);
}

int mm_mmap(struct mm *mm, struct hva_range range, u32 flags)
{
	int err = -EINVAL;
	u32 i;

	if (!range_valid(range))
		return -EINVAL;
	write_lock(&mm->mmap_lock);
	if (mm->vma_count == MAX_VMAS)
		goto out;
	for (i = 0; i < mm->vma_count; i++) {
		struct hva_range *other = &mm->vmas[i].range;

		if (range.start.v < other->end.v &&
		    other->start.v < range.end.v)
			goto out;
	}
	mm->vmas[mm->vma_count++] = (struct vma){ range, flags };
	err = 0;
out:
	write_unlock(&mm->mmap_lock);
	return err;
}

struct vma *vma_find(struct mm *mm, hva_t hva)
{
	u32 i;

	for (i = 0; i < mm->vma_count; i++) {
		struct vma *vma = &mm->vmas[i];

		if (hva.v >= vma->range.start.v && hva.v < vma->range.end.v)
			return vma;
	}
	return NULL;
}

int mm_page_fault(hva_t hva, u32 error)
{
	struct mm *mm = this_cpu()->mm;

	if (!mm || hva.v < HVA_START || hva.v >= HVA_END)
		return -EFAULT;
	return mm_fault(mm, hva_page(hva),
			error & PF_WRITE ? MM_WRITE : MM_READ);
}
