/*
 * A guest that means harm and has no idea: random bytes as code, random
 * hypercalls, random accesses. The command's argument is the seed.
 */
#include "guest/guest.h"

#define MANY	10000u

/* splitmix64 */
static uint64_t random_word(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/*
 * What is worth a try, of up to three bytes: VMCALL, VMMCALL, CPUID, WRMSR,
 * RDMSR, MOV to CR0, CR3, CR4 and CR8, MOV to DR7, CLI, STI, HLT, IN, OUT,
 * IRETQ, INT3, INVD, WBINVD, XSETBV, VMRUN, VMLOAD, VMSAVE, STGI, CLGI,
 * VMLAUNCH, VMXOFF, RSM, LIDT, LGDT, SYSCALL, JMP -2, RET.
 */
static const uint32_t tries[] = {
	0xc1010f, 0xd9010f, 0xa20f, 0x300f, 0x320f, 0xc0220f, 0xd8220f,
	0xe0220f, 0xc0220f44, 0xf8230f, 0xfa, 0xfb, 0xf4, 0xec, 0xee, 0xcf48,
	0xcc, 0x080f, 0x090f, 0xd1010f, 0xd8010f, 0xda010f, 0xdb010f,
	0xdc010f, 0xdd010f, 0xc2010f, 0xc4010f, 0xaa0f, 0x18010f, 0x10010f,
	0x050f, 0xfeeb, 0xc3,
};

/* Fill the data pages with random bytes and tries, and go there. */
static void run_random_code(const struct guest *guest, uint64_t random)
{
	uint64_t size = guest->now.pages * GUEST_PAGE_SIZE, i;
	volatile uint8_t *code = (volatile uint8_t *)guest->now.data_gpa;
	uint32_t try;

	for (i = 0; i < size; i++)
		code[i] = random_word(&random);
	for (i = 0; i + 8 < size; i += 4 + random_word(&random) % 12) {
		try = tries[random_word(&random) %
			    (sizeof(tries) / sizeof(tries[0]))];
		for (; try; try >>= 8)
			code[i++] = try;
	}
	i = random_word(&random) % size;
	__asm__ volatile ("call *%0" :: "r" (code + i), "a" (random),
			  "b" (random), "c" (0xc0000080u), "d" (random)
			  : "memory", "rsi", "rdi", "r8", "r9", "r10", "r11",
			    "r12", "r13", "r14", "r15");
}

/* Known ones and others, with whatever in the registers. */
static void make_random_calls(const struct guest *guest, uint64_t random)
{
	uint32_t i;

	for (i = 0; i < MANY; i++) {
		uint64_t number = random_word(&random);

		if (number % 64)
			number = HYPERCALL_DONE + number % 2;
		__asm__ volatile ("" :: "b" (random), "c" (~random),
				  "d" (random), "S" (random), "D" (~random));
		hypercall(guest, number);
	}
}

/* A window of 2 MiB of the guest's own tables, over any gpa there may be. */
#define WINDOW		0xc0000000ull
#define WINDOW_PDE	(*(volatile uint64_t *)(GUEST_TABLES_GPA + \
			 5 * GUEST_PAGE_SIZE))
#define PDE_LARGE	0x83ull
#define PDE_ADDRESS	0x000fffffffe00000ull

static uint64_t random_address(uint64_t *random, uint64_t control_end)
{
	uint64_t word = random_word(random);

	switch (word >> 60) {
	case 0:				/* anywhere below 4 GiB */
		return word & 0xffffffffull;
	case 1:				/* any gpa, through the window */
		WINDOW_PDE = (random_word(random) >> word % 32 & PDE_ADDRESS) |
			     PDE_LARGE;
		__asm__ volatile ("invlpg %0"
				  :: "m" (*(uint8_t *)WINDOW) : "memory");
		return WINDOW + (word & 0x1fffff);
	case 2:				/* its own code, tables and mailbox */
		return GUEST_CONTROL_GPA +
		       word % (control_end - GUEST_CONTROL_GPA);
	default:			/* data: nothing wrong with that */
		return GUEST_DATA_GPA + (word & 0x7ff8);
	}
}

static void make_random_accesses(const struct guest *guest, uint64_t random)
{
	uint32_t i;

	for (i = 0; i < MANY; i++) {
		volatile uint64_t *word = (volatile uint64_t *)
			random_address(&random, guest->now.control_end);

		if (random_word(&random) % 2)
			(void)*word;
		else
			*word = random;
	}
}

void be_hostile(const struct guest *guest)
{
	uint64_t random = guest->now.argument;

	switch (guest->now.op) {
	case GUEST_BAD_CODE:
		run_random_code(guest, random);
		break;
	case GUEST_BAD_CALLS:
		make_random_calls(guest, random);
		break;
	case GUEST_BAD_ACCESSES:
		make_random_accesses(guest, random);
		break;
	default:
		break;
	}
}
