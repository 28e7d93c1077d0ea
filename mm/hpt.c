#include "mm/hpt.h"

#include "arch/x86/handshake.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/step.h"
#include "lib/string.h"
#include "mm/rmap.h"

/*
 * Follow the tables to the entry of it->hva: the only place that does while an
 * address space lives, because a leaf above level 1 differs in only one bit
 * from an entry that points to a table (O23); what it found last is the hint of
 * the next walk (mm->recent). False: it has reached an absent entry above
 * @lowest. Inline and unrolled: each shift is by a constant.
 */
static inline __attribute__((always_inline))
bool go_down(struct pte_iter *it)
{
	it->level = ROOT_LEVEL;
	it->ptep = &it->root[table_index(it->hva.v, ROOT_LEVEL)];
#pragma GCC unroll 3
	while (it->level > it->lowest) {
		pte_t pte = pte_read(it->ptep);
		pte_t *table = hpa_to_ptr(pfn_to_hpa(pte_pfn(pte)));

		if (!pte_is_table(pte, it->level))
			return pte_present(pte);
		it->ptep = &table[table_index(it->hva.v, --it->level)];
	}
	return true;
}

struct pte_iter hpt_walk_start(struct mm *mm, struct hva_range range,
			       int lowest)
{
	return (struct pte_iter){
		.root = mm->root, .lowest = lowest, .end = range.end,
		.next = range.start,
	};
}

bool hpt_walk_next(struct pte_iter *it)
{
	bool found = false;

	while (!found && it->next.v < it->end.v) {
		cpu_progress();
		it->hva = it->next;
		found = it->level == it->lowest &&
			table_index(it->hva.v, it->level);
		if (found)	/* neighbours share their table */
			it->ptep++;
		else
			found = go_down(it);
		it->next.v = (it->hva.v | (entry_size(it->level) - 1)) + 1;
	}
	return found;
}

/* Where the table of level 1 begins that translates @hva. */
static inline hva_t hva_table(hva_t hva)
{
	return (hva_t){ hva.v & ~(entry_size(2) - 1) };
}

static struct pte_iter walk_to(struct mm *mm, hva_t hva)
{
	return (struct pte_iter){ .root = mm->root, .lowest = 1, .hva = hva };
}

/*
 * Most walks end in the table where the one before ended. A table of level 1
 * knows the address that it begins at (no process has 0, the root's), and stays
 * as long as the address space: so whoever reads the hint may follow it.
 */
static inline pte_t *walk_recent(struct mm *mm, hva_t hva)
{
	pte_t *table = load_relaxed(&mm->recent);

	return hva_table(hva).v == ptr_frame(table)->table.base.v
		? &table[table_index(hva.v, 1)] : NULL;
}

static void note_recent(struct mm *mm, pte_t *ptep)
{
	store_relaxed(&mm->recent, (pte_t *)((uintptr_t)ptep & PAGE_MASK));
}

static pte_t *walk(struct mm *mm, hva_t hva)
{
	struct pte_iter it = walk_to(mm, hva);

	go_down(&it);
	if (it.level > 1)
		return NULL;
	note_recent(mm, it.ptep);
	return it.ptep;
}

pte_t *hpt_walk(struct mm *mm, hva_t hva)
{
	pte_t *ptep = walk_recent(mm, hva);

	return likely(ptep) ? ptep : walk(mm, hva);
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
	table->table.base = hva_table(hva);
	return table;
}

static void table_free(struct frame *table)
{
	if (table->table.links)
		frame_put(ptr_frame(table->table.links));
	frame_put(table);
}

/* Let the entry of @it, which was none, point to a table; -ENOMEM. */
static int add_table(struct mm *mm, const struct pte_iter *it)
{
	struct frame *lower = table_alloc(mm, it->hva, it->level - 1);

	if (!lower)
		return -ENOMEM;
	spin_lock(&mm->table_lock);
	if (!pte_present(pte_read(it->ptep))) {
		/* The table's zeroes must be visible first. */
		store_release(&it->ptep->v,
			      pte_make_table(frame_pfn(lower)).v);
		lower = NULL;
	}
	spin_unlock(&mm->table_lock);
	if (lower)		/* another CPU was first */
		table_free(lower);
	return 0;
}

pte_t *hpt_walk_alloc(struct mm *mm, hva_t hva)
{
	pte_t *ptep = hpt_walk(mm, hva);
	struct pte_iter it;

	if (likely(ptep))
		return ptep;
	it = walk_to(mm, hva);
	while (!go_down(&it))
		if (add_table(mm, &it))
			return NULL;
	BUG_ON(it.level > 1);	/* nobody makes larger leaves */
	return it.ptep;
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

/* Listeners to steps hear of each change, still under PTL. */
static void tell(pte_t *ptep, pte_t old, pte_t new)
{
	if (step_is_heard())
		step_tell(STEP_PTE, hpt_entry_mm(ptep), hpt_entry_hva(ptep).v,
			  old.v, new.v);
}

pte_t hpt_clear(pte_t *ptep)
{
	pte_t old;

	STEP_BUG_ON(!spin_is_locked(hpt_lock(ptep)));
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

	STEP_BUG_ON(!spin_is_locked(hpt_lock(ptep)));
	old.v = atomic_and(&ptep->v, ~PTE_WRITE);
	tell(ptep, old, (pte_t){ old.v & ~PTE_WRITE });
	return pte_writable(old);
}

void hpt_upgrade(pte_t *ptep)
{
	pte_t old;

	STEP_BUG_ON(!spin_is_locked(hpt_lock(ptep)));
	STEP_BUG_ON(!pte_present(pte_read(ptep)));
	old.v = atomic_or(&ptep->v, PTE_WRITE);
	tell(ptep, old, (pte_t){ old.v | PTE_WRITE });
}

void hpt_set(pte_t *ptep, pte_t pte)
{
	STEP_BUG_ON(!spin_is_locked(hpt_lock(ptep)));
	STEP_BUG_ON(pte_present(pte_read(ptep)));
	/* The frame's content must be visible before the entry. */
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

/*
 * Free the tables that entries @first to @end of @table point to, the lowest
 * first. The address space is gone and nobody else reads them, so plain reads
 * will do: the explorer would count each volatile one as a step where others
 * may interleave.
 */
static void free_below(pte_t *table, int level, u32 first, u32 end)
{
	u32 i;

	for (i = first; i < end; i++) {
		pte_t *lower = hpa_to_ptr(pfn_to_hpa(pte_pfn(table[i])));

		if (!pte_is_table(table[i], level))
			continue;
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
