/*
 * O11: what the hardware notes in a leaf while a right is added to it. A vCPU
 * reads through the leaf, which sets A, between the look at the leaf and the
 * store of W: A stays with it, or is the frame's.
 */
#include "test/explore/race.h"

#include "ept/ept.h"
#include "ept/n4.h"
#include "ept/walk.h"
#include "lab/check/check.h"
#include "lib/rule.h"
#include "test/explore/guest_fault.h"
#include "test/fake/fake.h"

#define DATA_GFN	0x200ull

static struct ept vm;
static struct vcpu_tlb vcpu;		/* on CPU 1 */
static struct mm *child;
static spte_t *leaf;			/* S of page 0 */
static u64 first_pfn;			/* what it maps in the beginning */
static struct frame *noted;		/* A was seen in a leaf to it */

struct variant {
	struct mm *(*share)(void);
	const struct n4_order *n4;	/* NULL: the right one */
};

static const struct variant *variant(void)
{
	return race->variant;
}

/* --- What each side does. */

static void host_writes(void)
{
	write_word(0, 0, 2);
}

static u64 guest_read(void)
{
	gpa_t gpa = gfn_to_gpa((gfn_t){ DATA_GFN });
	u64 value = 0;

	race_expect(!fake_guest_read(&vcpu, gpa, &value),
		    "the guest cannot read");
	return value;
}

static void guest_reads(void)
{
	spte_t s;

	(void)guest_read();
	s = spte_read(leaf);
	if (spte_present(vm.format, s) && s.v & vm.format->accessed)
		noted = pfn_frame(spte_pfn(s));
	fake_guest_leave();
}

/* --- Beginning and end. */

static int on_guest_fault(gpa_t gpa, u32 access)
{
	return explore_guest_fault(&vm, gpa, access);
}

static struct mm *with_child(void)
{
	return mm_fork(mm);
}

static struct mm *alone(void)
{
	struct mm *gone = mm_fork(mm);

	if (gone)
		mm_put(gone);
	return NULL;
}

/* P and S are read-only, and nothing is noted in S. */
static void build(void)
{
	struct memslot slot = { { DATA_GFN }, 1, page_hva(0) };
	u32 self;

	race_build(2);
	race_expect(!ept_init(&vm, mm, policy_find("change-pte"),
			      spte_format(HVM_EPT, true)) &&
		    !ept_add_slot(&vm, slot), "no secondary MMU");
	ept_add_vcpu(&vm, &vcpu);
	fake_guest_fault = on_guest_fault;
	n4_order = variant()->n4 ? variant()->n4 : &n4_order_right;
	write_word(0, 0, 1);
	child = variant()->share();
	self = fake_cpu(1);
	(void)guest_read();
	fake_guest_leave();
	fake_cpu(self);

	vcpu.requested++;	/* it walks anew */
	leaf = ept_walk(&vm, (gfn_t){ DATA_GFN });
	leaf->v &= ~vm.format->accessed;
	first_pfn = spte_pfn(*leaf).n;
	frame_of(0)->flags = 0;
	noted = NULL;
}

static void judge(void)
{
	spte_t s = spte_read(leaf);
	bool is_here = noted && spte_present(vm.format, s) &&
		       pfn_frame(spte_pfn(s)) == noted;

	if (noted && !(noted->flags & FRAME_ACCESSED) &&
	    !(is_here && s.v & vm.format->accessed))
		explore_found(FOUND_OUTCOME, "wrong: A is lost");
	/* Nothing noted: the leaf was read after it was changed. */
	race_came_out(!noted ? 1 : is_here ? 2 : 4);
	n4_order = &n4_order_right;
	if (child)
		mm_put(child);
	child = NULL;
	ept_destroy(&vm);
	race_end();
}

/* --- A mutant: W by a plain store of what was read. */

static void add_write_by_store(struct n4 *n4)
{
	u32 i;

	for (i = 0; i < n4->leaf_count; i++) {
		spte_t *sptep = n4->leaves[i].sptep;
		spte_t old = spte_read(sptep);

		WRITE_ONCE(sptep->v, spte_add_write(n4->ept->format, old).v);
	}
}

static const struct n4_order stores_order = { {
	[N4_SEQ] = n4_seq,
	[N4_REWRITE] = n4_rewrite,
	[N4_FLUSH] = n4_flush,
	[N4_ADD_WRITE] = add_write_by_store,
} };

#define ROW(text, what, mask, ...)					\
	{ .name = text, .build = build,					\
	  .cpus = { host_writes, guest_reads }, .judge = judge,		\
	  .preemptions = 3, .finds = what, .outcomes = mask,		\
	  .variant = &(const struct variant){ __VA_ARGS__ } }

static const struct race races[] = {
	ROW("T2, A is set meanwhile", NULL, 2, .share = alone),
	ROW("N4, A is set meanwhile", NULL, 1 | 2 | 4, .share = with_child),
	ROW("N4, W by a store", "A is lost", 1 | 2 | 4, .share = with_child,
	    .n4 = &stores_order),
};

int main(void)
{
	return race_main(races, array_count(races));
}
