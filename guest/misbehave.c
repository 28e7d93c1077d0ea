/*
 * What a guest must not do, so that the host can be seen to survive it.
 */
#include "guest/guest.h"

static void spin_with_interrupts_off(void)
{
	__asm__ volatile ("cli");
	for (;;)
		__asm__ volatile ("pause");
}

static void exit_for_ever(void)
{
	uint32_t eax, ebx, ecx, edx;

	for (;;)
		__asm__ volatile ("cpuid" : "=a" (eax), "=b" (ebx),
				  "=c" (ecx), "=d" (edx) : "a" (0), "c" (0));
}

void misbehave(const struct guest *guest)
{
	uint64_t argument = guest->now.argument;

	switch (guest->now.op) {
	case GUEST_BAD_ACCESS:
		(void)*(volatile uint64_t *)argument;
		break;
	case GUEST_BAD_HYPERCALL:
		hypercall(guest, argument);
		break;
	case GUEST_BAD_IO:
		__asm__ volatile ("outb %%al, %%dx"
				  :: "a" (0), "d" ((uint16_t)argument));
		break;
	case GUEST_BAD_HLT:
		__asm__ volatile ("hlt");
		break;
	case GUEST_BAD_SPIN:
		spin_with_interrupts_off();
		break;
	case GUEST_BAD_EXITS:
		exit_for_ever();
		break;
	case GUEST_BAD_TRIPLE:
	default:
		/* No IDT: #UD, which cannot be delivered, nor can that. */
		__asm__ volatile ("ud2");
	}
}
