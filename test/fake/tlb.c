/*
 * TLBs that never forget by themselves, and the accesses that go through them:
 * the most permissive reading of the manuals (SDM vol. 3, 4.10 and 28.4). A
 * flush that is missing shows as an access to the wrong frame.
 */
#include "arch/x86/tlb.h"

#include <stdlib.h>
#include <string.h>
#include "arch/x86/hvm.h"
#include "arch/x86/trap.h"
#include "lib/print.h"
#include "mm/mm.h"
#include "test/fake/fake.h"
#include "test/fake/internal.h"

#define TLB_SIZE	1024

struct translation {
	u64 flushes;		/* valid while this is the TLB's; 0: never */
	bool writable, dirty;
	u64 root, page;		/* hpa of the tables, page number in them */
	pfn_t pfn;
};

struct tlb {
	u64 flushes;		/* of everything, and one */
	struct translation slots[TLB_SIZE];
};

/* Of each CPU: what it caches, of the host's tables and of the second level. */
static struct tlb host_tlbs[MAX_CPUS];
static struct tlb guest_tlbs[MAX_CPUS];
static hpa_t roots[MAX_CPUS];

int (*fake_guest_fault)(gpa_t gpa, u32 access);
__thread u64 fake_guest_faults;

void fake_tlb_reset(void)
{
	u32 i;

	for (i = 0; i < MAX_CPUS; i++) {
		host_tlbs[i].flushes++;
		guest_tlbs[i].flushes++;
	}
	memset(roots, 0, sizeof(roots));
	fake_guest_faults = 0;
}

static struct translation *slot_of(struct tlb *tlb, u64 page)
{
	return &tlb->slots[(page ^ page >> 10) % TLB_SIZE];
}

static struct translation *find(struct tlb *tlb, u64 root, u64 page)
{
	struct translation *t = slot_of(tlb, page);

	return t->flushes == tlb->flushes && t->root == root &&
	       t->page == page ? t : NULL;
}

void tlb_flush_page(hva_t hva)
{
	struct translation *t = slot_of(&host_tlbs[cpu_id()],
					hva.v >> PAGE_SHIFT);

	fake_note("page");
	fake_did(FAKE_PRIMARY_FLUSH);
	if (t->page == hva.v >> PAGE_SHIFT)
		t->flushes = 0;
}

void tlb_flush_local(void)
{
	fake_note("local");
	fake_did(FAKE_PRIMARY_FLUSH);
	host_tlbs[cpu_id()].flushes++;
}

void tlb_load_root(hpa_t root)
{
	fake_note("load");
	host_tlbs[cpu_id()].flushes++;
	roots[cpu_id()] = root;
}

/* This CPU's own: not a matter of who is first. */
__attribute__((no_sanitize_thread)) void tlb_flush_secondary(hpa_t root)
{
	struct tlb *tlb = &guest_tlbs[cpu_id()];
	u32 i;

	fake_note("second");
	fake_did(FAKE_SECONDARY_FLUSH);
	for (i = 0; i < TLB_SIZE; i++)
		if (tlb->slots[i].root == root.v)
			tlb->slots[i].flushes = 0;
}

/* Bits of an entry, as the hardware sees them. */
struct layout {
	u64 present, write, accessed, dirty;
};

static const struct layout host_layout = { 1, 2, 1 << 5, 1 << 6 };
static const struct layout ept_layout = { 7, 2, 1 << 8, 1 << 9 };

/*
 * Walk and fill, noting A, and D for a write. False: a fault. Entries change
 * while we walk; A and D are set only in the entry that was read.
 */
static bool fill(struct tlb *tlb, const struct layout *layout,
		 hpa_t root, u64 address, bool write)
{
	u64 mark = layout->accessed | (write ? layout->dirty : 0);
	u64 *table = hpa_to_ptr(root), *entry, value;
	struct translation *t;
	int level;

	if (!root.v)
		return false;
	for (level = ROOT_LEVEL; level > 1; level--) {
		value = READ_ONCE(table[table_index(address, level)]);
		if (!(value & layout->present))
			return false;
		table = hpa_to_ptr((hpa_t){ value & PTE_ADDR });
	}
	entry = &table[table_index(address, 1)];
	do {
		value = READ_ONCE(*entry);
		if (!(value & layout->present) ||
		    (write && !(value & layout->write)))
			return false;
	} while (!atomic_cmpxchg(entry, value, value | mark));

	t = slot_of(tlb, address >> PAGE_SHIFT);
	*t = (struct translation){
		.flushes = tlb->flushes,
		.writable = value & layout->write,
		.dirty = write,
		.root = root.v,
		.page = address >> PAGE_SHIFT,
		.pfn = { (value & PTE_ADDR) >> PAGE_SHIFT },
	};
	return true;
}

/*
 * The cached translation, or a new one; NULL: a fault. A first write walks
 * again to set D. A cached denial is a fault even if the entry would allow the
 * access by now (spurious), and drops the translation that caused it.
 */
static struct translation *translate(struct tlb *tlb,
				     const struct layout *layout, hpa_t root,
				     u64 address, bool write)
{
	struct translation *t = find(tlb, root.v, address >> PAGE_SHIFT);

	if (t && (!write || (t->writable && t->dirty)))
		return t;
	if (t && write && !t->writable) {
		t->flushes = 0;
		return NULL;
	}
	return fill(tlb, layout, root, address, write) ?
	       slot_of(tlb, address >> PAGE_SHIFT) : NULL;
}

void fake_prefetch(hva_t hva)
{
	(void)translate(&host_tlbs[cpu_id()], &host_layout, roots[cpu_id()],
			hva.v, false);
}

static u64 *word_at(const struct translation *t, u64 address)
{
	char *page = hpa_to_ptr(pfn_to_hpa(t->pfn));

	return (u64 *)(page + (address & ~PAGE_MASK & ~7ull));
}

static int access_host(hva_t hva, bool write, u64 *value)
{
	struct translation *t;
	int err;

	for (;;) {
		fake_interrupts();
		fake_access_begins();
		t = translate(&host_tlbs[cpu_id()], &host_layout,
			      roots[cpu_id()], hva.v, write);
		if (t)
			break;
		fake_access_ends();
		err = mm_page_fault(hva, write ? PF_WRITE : 0);
		if (err)
			return err;
	}
	if (write)
		__atomic_store_n(word_at(t, hva.v), *value, __ATOMIC_RELAXED);
	else
		*value = __atomic_load_n(word_at(t, hva.v), __ATOMIC_RELAXED);
	fake_access_ends();
	return 0;
}

int fake_read(hva_t hva, u64 *value)
{
	return access_host(hva, false, value);
}

int fake_write(hva_t hva, u64 value)
{
	return access_host(hva, true, &value);
}

static int access_guest(struct vcpu_tlb *tlb, gpa_t gpa, bool write,
			u64 *value)
{
	struct translation *t;
	int err;

	for (;;) {
		fake_interrupts();
		fake_access_begins();
		if (!fake_guest_is_in()) {
			fake_access_ends();
			fake_guest_enter(tlb);
			continue;
		}
		t = translate(&guest_tlbs[cpu_id()], &ept_layout, tlb->root,
			      gpa.v, write);
		if (t)
			break;
		fake_access_ends();
		fake_guest_faults++;
		fake_guest_leave();
		err = fake_guest_fault(gpa, write ? HVM_WRITE : HVM_READ);
		if (err)
			return err;
	}
	if (write)
		__atomic_store_n(word_at(t, gpa.v), *value, __ATOMIC_RELAXED);
	else
		*value = __atomic_load_n(word_at(t, gpa.v), __ATOMIC_RELAXED);
	fake_access_ends();
	return 0;
}

int fake_guest_read(struct vcpu_tlb *tlb, gpa_t gpa, u64 *value)
{
	return access_guest(tlb, gpa, false, value);
}

int fake_guest_write(struct vcpu_tlb *tlb, gpa_t gpa, u64 value)
{
	return access_guest(tlb, gpa, true, &value);
}

bool fake_guest_holds(hpa_t root, gpa_t gpa)
{
	return find(&guest_tlbs[cpu_id()], root.v, gpa.v >> PAGE_SHIFT);
}

bool fake_tlb_holds(hva_t hva)
{
	return find(&host_tlbs[cpu_id()], roots[cpu_id()].v,
		    hva.v >> PAGE_SHIFT) != NULL;
}

bool fake_tlb_holds_writable(hva_t hva)
{
	struct translation *t = find(&host_tlbs[cpu_id()], roots[cpu_id()].v,
				     hva.v >> PAGE_SHIFT);

	return t && t->writable;
}
