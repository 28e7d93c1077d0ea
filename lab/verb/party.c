#include "lab/verb/internal.h"

#include "arch/x86/counter.h"
#include "ept/ept.h"
#include "lib/print.h"
#include "mm/ksm.h"

void party_leave(struct party *party)
{
	party_child_exit(party);
	party_unpin_all(party);
	if (party->mergeable)
		ksm_exit();
	party->mergeable = false;
}

static void undo(struct party *party)
{
	u32 i;

	party_leave(party);
	if (party->read_only)
		BUG_ON(mm_protect_rw(party->mm, party->area));
	party->read_only = false;
	mm_discard(party->mm, party->area);
	party_complete(party);
	for (i = 0; i < PARTY_FLAGS; i++)
		store_release(&party->flags[i], 0ull);
}

int party_init(struct party *party)
{
	hva_t hva;
	int err;

	for (hva = party->area.start; hva.v < party->area.end.v;
	     hva = hva_add(hva, PAGE_SIZE)) {
		err = mm_fault(party->mm, hva, MM_WRITE);
		if (err)
			return err;
	}
	undo(party);
	party->free_frames = frame_free_count();
	return 0;
}

void party_begin(struct party *party)
{
	party->spurious_before = counter_sum(&count_pf_spurious);
	party->faults_before = counter_sum(&count_pf_taken);
}

s64 party_reset(struct party *party)
{
	undo(party);
	return (s64)(party->free_frames - frame_free_count());
}
