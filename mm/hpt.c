#include "mm/hpt.h"

#include "arch/x86/handshake.h"
#include "lib/print.h"
#include "lib/step.h"
#include "lib/string.h"
#include "mm/rmap.h"

static pte_t *table_of(pte_t entry)
{
	return hpa_to_ptr(pfn_to_hpa(pte_pfn(entry)));
}

pte_t *hpt_walk(struct mm *mm, hva_t hva)
{
	pte_t *table = mm->root;
	int level;

	for (level = ROOT_LEVEL; level > 1; level--) {
		pte_t entry = pte_read(&table[table_index(hva.v, level)]);

		if (!pte_present(entry))
			return NULL;
		table = table_of(entry);
	}
	return &table[table_index(hva.v, 1)];
}

/* A new table for entry @hva of level @level + 1, zeroed; NULL: no memory. */
static struct frame *table_alloc(struct mm *mm, hva_t hva, int level)
{
	struct frame *table = frame_alloc_zeroed();
	struct frame *links;

	if (!table)
		return NULL;
	table->table.mm = mm;
	table->table.links = NULL;
	if (level > 1)
		return table;

	links = frame_alloc_zeroed();
	if (!links) {
		frame_put(table);
		return NULL;
	}
	table->table.links = frame_ptr(links);
	table->table.base.v = hva.v & ~((PAGE_SIZE << TABLE_BITS) - 1);
	return table;
}

static void table_free(struct frame *table)
{
	if (table->table.links)
		frame_put(ptr_frame(table->table.links));
	frame_put(table);
}

pte_t *hpt_walk_alloc(struct mm *mm, hva_t hva)
{
	pte_t *table = mm->root;
	int level;

	for (level = ROOT_LEVEL; level > 1; level--) {
		pte_t *entry = &table[table_index(hva.v, level)];

		if (!pte_present(pte_read(entry))) {
			struct frame *lower = table_alloc(mm, hva, level - 1);

			if (!lower)
				return NULL;
			spin_lock(&mm->table_lock);
			if (!pte_present(pte_read(entry))) {
				/* The table's zeroes come first. */
				store_release(&entry->v,
					pte_make_table(frame_pfn(lower)).v);
				lower = NULL;
			}
			spin_unlock(&mm->table_lock);
			if (lower)	/* another CPU was quicker */
				table_free(lower);
		}
		table = table_of(pte_read(entry));
	}
	return &table[table_index(hva.v, 1)];
}

void hpt_lock_both(pte_t *a, pte_t *b)
{
	BUG_ON(hpt_lock(a) == hpt_lock(b));
	spin_lock(hpt_lock(a < b ? a : b));
	spin_lock(hpt_lock(a < b ? b : a));
}

hva_t hpt_entry_hva(pte_t *ptep)
{
	u64 index = ((uintptr_t)ptep & ~PAGE_MASK) / sizeof(*ptep);

	return hva_add(ptr_frame(ptep)->table.base, index << PAGE_SHIFT);
}

struct mm *hpt_entry_mm(pte_t *ptep)
{
	return ptr_frame(ptep)->table.mm;
}

/* Who listens hears of each change, under PTL still. */
static void tell(pte_t *ptep, pte_t old, pte_t new)
{
	if (step_is_heard())
		step_tell(STEP_PTE, hpt_entry_mm(ptep), hpt_entry_hva(ptep).v,
			  old.v, new.v);
}

pte_t hpt_clear(pte_t *ptep)
{
	pte_t old;

	BUG_ON(!spin_is_locked(hpt_lock(ptep)));
	/* Pairs with the second read in gup_fast(): a full barrier. */
	old.v = atomic_exchange(&ptep->v, 0);
	tell(ptep, old, pte_none());
	return old;
}

pte_t hpt_clear_flush(struct mm *mm, hva_t hva, pte_t *ptep)
{
	pte_t old = hpt_clear(ptep);

	handshake_flush_primary(READ_ONCE(mm->cpu_mask), hva);
	return old;
}

bool hpt_wrprotect(pte_t *ptep)
{
	pte_t old;

	BUG_ON(!spin_is_locked(hpt_lock(ptep)));
	old.v = atomic_and(&ptep->v, ~PTE_WRITE);
	tell(ptep, old, (pte_t){ old.v & ~PTE_WRITE });
	return pte_writable(old);
}

void hpt_upgrade(pte_t *ptep)
{
	pte_t old;

	BUG_ON(!spin_is_locked(hpt_lock(ptep)));
	BUG_ON(!pte_present(pte_read(ptep)));
	old.v = atomic_or(&ptep->v, PTE_WRITE);
	tell(ptep, old, (pte_t){ old.v | PTE_WRITE });
}

void hpt_set(pte_t *ptep, pte_t pte)
{
	BUG_ON(!spin_is_locked(hpt_lock(ptep)));
	BUG_ON(pte_present(pte_read(ptep)));
	/* What the frame contains comes before the way to it. */
	store_release(&ptep->v, pte.v);
	tell(ptep, pte_none(), pte);
}

void hpt_map(pte_t *ptep, struct frame *frame, enum pte_right right)
{
	rmap_add(frame, ptep);
	hpt_set(ptep, pte_make(frame_pfn(frame), right));
}

void hpt_flush_all(struct mm *mm)
{
	handshake_flush_primary(READ_ONCE(mm->cpu_mask),
				(hva_t){ FLUSH_ALL });
}

void hpt_clears_begin(struct mm *mm)
{
	(void)atomic_add(&mm->unflushed, 1);
}

void hpt_clears_end(struct mm *mm)
{
	hpt_flush_all(mm);
	(void)atomic_sub(&mm->unflushed, 1);
}

pte_t *hpt_next(struct mm *mm, hva_t *hva, hva_t end)
{
	const u64 table_size = PAGE_SIZE << TABLE_BITS;

	while (hva->v < end.v) {
		pte_t *ptep = hpt_walk(mm, *hva);

		cpu_progress();
		if (ptep)
			return ptep;
		hva->v = (hva->v + table_size) & ~(table_size - 1);
	}
	return NULL;
}

static void free_below(pte_t *table, int level, u32 first, u32 end)
{
	u32 i;

	for (i = first; i < end; i++) {
		pte_t *lower;

		if (!pte_present(table[i]))
			continue;
		lower = table_of(table[i]);
		if (level > 2)
			free_below(lower, level - 1, 0, TABLE_ENTRIES);
		table_free(ptr_frame(lower));
	}
}

void hpt_destroy(struct mm *mm)
{
	free_below(mm->root, ROOT_LEVEL, table_index(HVA_START, ROOT_LEVEL),
		   table_index(HVA_END - 1, ROOT_LEVEL) + 1);
	frame_put(ptr_frame(mm->root));
}
