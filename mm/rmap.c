#include "mm/rmap.h"

#include "lib/step.h"
#include "mm/notifier.h"
#include "mm/quarantine.h"

static u32 place_of(const pte_t *ptep)
{
	u64 pfn = frame_pfn(ptr_frame(ptep)).n;

	return (u32)(pfn << TABLE_BITS) |
	       (((uintptr_t)ptep & ~PAGE_MASK) / sizeof(*ptep));
}

static pte_t *entry_at(u32 place)
{
	pte_t *table = frame_ptr(pfn_frame((pfn_t){ place >> TABLE_BITS }));

	return &table[place & (TABLE_ENTRIES - 1)];
}

static struct rmap_link *link_at(u32 place)
{
	struct frame *table = pfn_frame((pfn_t){ place >> TABLE_BITS });

	return &table->table.links[place & (TABLE_ENTRIES - 1)];
}

void rmap_add(struct frame *frame, pte_t *ptep)
{
	u32 place = place_of(ptep);
	struct rmap_link *link = link_at(place);

	spin_lock(&frame->lock);
	link->prev = 0;
	link->next = frame->mappings;
	if (link->next)
		link_at(link->next)->prev = place;
	frame->mappings = place;
	frame->mapcount++;
	spin_unlock(&frame->lock);
}

void rmap_remove(struct frame *frame, pte_t *ptep)
{
	struct rmap_link *link = link_at(place_of(ptep));

	spin_lock(&frame->lock);
	STEP_BUG_ON(!frame->mapcount);
	if (link->next)
		link_at(link->next)->prev = link->prev;
	if (link->prev)
		link_at(link->prev)->next = link->next;
	else
		frame->mappings = link->next;
	frame->mapcount--;
	spin_unlock(&frame->lock);
}

pte_t *rmap_first(struct frame *frame)
{
	pte_t *ptep = NULL;

	/*
	 * While a mapping is listed its table cannot go: who tears it down
	 * needs the rmap lock first. A user taken here keeps it after.
	 */
	spin_lock(&frame->lock);
	if (frame->mappings) {
		ptep = entry_at(frame->mappings);
		if (!mm_tryget(hpt_entry_mm(ptep)))
			ptep = NULL;
	}
	spin_unlock(&frame->lock);
	return ptep;
}

static u32 extra_references(struct frame *frame)
{
	u32 extra;

	spin_lock(&frame->lock);
	extra = frame_refcount(frame) - frame->mapcount;
	spin_unlock(&frame->lock);
	return extra;
}

u32 rmap_extra_references(struct frame *frame)
{
	u32 extra = extra_references(frame);

	if (extra && frame_is_kept(frame)) {
		mmu_notifier_complete(NEED_FRAMES);
		extra = extra_references(frame);
	}
	return extra;
}
