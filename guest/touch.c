/*
 * Take every fault on the control slot now, so that those which are counted
 * later are the workload's.
 */
#include "guest/guest.h"

/*
 * Make the page at @address writable: a write that changes nothing, and is
 * atomic because host and other vCPUs may write the same word. C would drop
 * it.
 */
static void touch_for_write(uint64_t address)
{
	__asm__ volatile ("lock; orq $0, %0"
			  : "+m" (*(volatile uint64_t *)address) :: "cc");
}

static void touch_range_for_write(uint64_t start, uint64_t size)
{
	uint64_t address;

	for (address = start & ~(GUEST_PAGE_SIZE - 1); address < start + size;
	     address += GUEST_PAGE_SIZE)
		touch_for_write(address);
}

void touch_control(const struct guest *guest)
{
	const struct command *now = &guest->now;
	uint64_t seen_size = now->pages * sizeof(struct guest_page);
	uint64_t seen = GUEST_SEEN_GPA(now->pages) + now->vcpu * seen_size;
	uint64_t address;

	for (address = GUEST_CONTROL_GPA; address < now->control_end;
	     address += GUEST_PAGE_SIZE)
		(void)*(volatile uint64_t *)address;

	touch_for_write((uint64_t)&guest->box->reads);
	touch_for_write(GUEST_LITMUS_GPA);
	touch_range_for_write(GUEST_STACK_GPA + now->vcpu * GUEST_STACK_SIZE,
			      GUEST_STACK_SIZE);
	touch_range_for_write(GUEST_ORACLE_GPA,
			      now->pages * sizeof(struct oracle_page));
	touch_range_for_write(seen, seen_size);
}
