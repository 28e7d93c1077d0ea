#include "ept/memslot.h"

#include "lib/error.h"

/* Tables use 48 bits of an address: a gfn that differs above is the same. */
static bool fits(const struct memslot *slot)
{
	return slot->gfn.n < GFN_END &&
	       slot->page_count <= GFN_END - slot->gfn.n &&
	       slot->hva.v >= HVA_START && slot->hva.v < HVA_END &&
	       slot->page_count <= (HVA_END - slot->hva.v) >> PAGE_SHIFT;
}

int memslot_add(struct memslots *slots, struct memslot slot)
{
	u32 i, at;

	if (!slot.page_count || slots->count == MAX_MEMSLOTS)
		return -EINVAL;
	if (!fits(&slot))
		return -EINVAL;
	for (at = 0; at < slots->count; at++)
		if (slots->slots[at].gfn.n > slot.gfn.n)
			break;
	if (at < slots->count &&
	    slot.gfn.n + slot.page_count > slots->slots[at].gfn.n)
		return -EINVAL;
	if (at && memslot_contains(&slots->slots[at - 1], slot.gfn))
		return -EINVAL;

	for (i = slots->count++; i > at; i--)
		slots->slots[i] = slots->slots[i - 1];
	slots->slots[at] = slot;
	return 0;
}

const struct memslot *memslot_find(struct memslots *slots, gfn_t gfn)
{
	u32 hit = READ_ONCE(slots->last_hit);
	u32 low = 0, high = slots->count;

	if (likely(hit < high && memslot_contains(&slots->slots[hit], gfn)))
		return &slots->slots[hit];
	while (low < high) {
		u32 middle = (low + high) / 2;

		if (memslot_contains(&slots->slots[middle], gfn)) {
			WRITE_ONCE(slots->last_hit, middle);
			return &slots->slots[middle];
		}
		if (gfn.n < slots->slots[middle].gfn.n)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool memslot_gfns(const struct memslot *slot, struct hva_range range,
		  gfn_t *start, gfn_t *end)
{
	u64 first = slot->hva.v;
	u64 last = first + (slot->page_count << PAGE_SHIFT);

	if (range.start.v > first)
		first = range.start.v;
	if (range.end.v < last)
		last = range.end.v;
	if (first >= last)
		return false;
	start->n = slot->gfn.n + ((first - slot->hva.v) >> PAGE_SHIFT);
	end->n = slot->gfn.n + ((last - slot->hva.v) >> PAGE_SHIFT);
	return true;
}
