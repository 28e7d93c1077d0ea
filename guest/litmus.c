/*
 * A vCPU's part of a litmus test: the script that the host has left.
 */
#include "guest/guest.h"

#include "vmm/litmus_abi.h"

static volatile struct guest_litmus *litmus(void)
{
	return (volatile struct guest_litmus *)GUEST_LITMUS_GPA;
}

static volatile uint64_t *word(const struct guest_litmus_op *op)
{
	return (volatile uint64_t *)op->gpa;
}

/* Between two looks at something: the host sees that we are at it. False: it
 * has taken too long. */
static bool go_on(struct guest *guest)
{
	guest->box->reads = guest->box->reads + 1;
	__asm__ volatile ("pause");
	return !litmus()->stop;
}

static uint64_t await(struct guest *guest, const struct guest_litmus_op *op)
{
	while (!litmus()->flags[op->flag])
		if (!go_on(guest))
			return 1;
	return 0;
}

static uint64_t watch(struct guest *guest, const struct guest_litmus_op *op,
		      volatile uint64_t *reg)
{
	struct watch watch = { .old = op->value, .new = op->other };
	uint64_t told;

	do {
		told = litmus()->flags[op->flag];
		watch_judge(&watch, told, *word(op));
		*reg = watch.wrong;
		if (!go_on(guest))
			return 1;
	} while (!told || watch.reads < WATCH_READS_MIN);
	return 0;
}

/* Returns how many registers it has set. */
static uint32_t perform(struct guest *guest, const struct guest_litmus_op *op,
			volatile uint64_t *reg, volatile uint64_t *gave_up)
{
	switch (op->verb) {
	case GUEST_VERB_READ:
		*reg = *word(op);
		return 1;
	case GUEST_VERB_WRITE:
		*word(op) = op->value;
		return 0;
	case GUEST_VERB_RAISE:
		litmus()->flags[op->flag] = 1;
		return 0;
	case GUEST_VERB_LOOK:
		*reg = litmus()->flags[op->flag];
		return 1;
	case GUEST_VERB_AWAIT:
		*gave_up = *gave_up | await(guest, op);
		return 0;
	case GUEST_VERB_WATCH:
		*gave_up = *gave_up | watch(guest, op, reg);
		return 1;
	}
	return 0;
}

/*
 * x86 keeps loads in order and stores in order, and volatile keeps the
 * compiler: what is shared is accessed as the script has it.
 */
void play_litmus(struct guest *guest)
{
	volatile struct guest_litmus_script *script =
		&litmus()->scripts[guest->now.vcpu];
	uint64_t count = script->op_count;
	uint32_t i, next = 0;

	for (i = 0; i < count && i < GUEST_LITMUS_OPS; i++) {
		const struct guest_litmus_op op = script->ops[i];

		next += perform(guest, &op, &script->regs[next],
				&script->gave_up);
		guest->box->reads = guest->box->reads + 1;
	}
}
