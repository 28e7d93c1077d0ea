#include "lab/litmus/guest.h"

#include "arch/x86/clock.h"
#include "lib/error.h"
#include "lib/print.h"
#include "vmm/litmus_abi.h"
#include "vmm/mailbox.h"

_Static_assert(LITMUS_OPS == GUEST_LITMUS_OPS &&
	       LITMUS_VCPUS == GUEST_LITMUS_VCPUS &&
	       PARTY_FLAGS == GUEST_LITMUS_FLAGS, "a script holds any actor");
_Static_assert(sizeof(struct guest_litmus) <= PAGE_SIZE, "one page");

u32 litmus_guest_count(const struct action *ops, u32 left)
{
	u32 n = 0;

	while (n < left && ops[n].verb != VERB_END &&
	       verbs[ops[n].verb].by != BY_VCPU)
		n++;
	return n;
}

static struct guest_litmus_op guest_op(const struct action *op)
{
	static const enum guest_verb verbs[] = {
		[VERB_READ] = GUEST_VERB_READ,
		[VERB_WRITE] = GUEST_VERB_WRITE,
		[VERB_RAISE] = GUEST_VERB_RAISE,
		[VERB_LOOK] = GUEST_VERB_LOOK,
		[VERB_AWAIT] = GUEST_VERB_AWAIT,
		[VERB_WATCH] = GUEST_VERB_WATCH,
	};
	u64 base = op->page & VERB_ALIAS ? GUEST_ALIAS_GPA : GUEST_DATA_GPA;
	u32 page = op->page & ~VERB_ALIAS;

	BUG_ON(op->verb >= array_count(verbs));
	return (struct guest_litmus_op){
		.verb = verbs[op->verb], .flag = op->flag,
		.gpa = base + page * PAGE_SIZE + op->word * sizeof(u64),
		.value = op->value, .other = op->other,
	};
}

int litmus_guest_command(struct litmus_stage *stage, u32 index,
			 enum guest_op op)
{
	struct vcpu *vcpu = &stage->base.vm.vcpus[index];
	enum vcpu_stop stop;

	mailbox_post(index, &(struct guest_command){
		.op = op, .then = GUEST_THEN_EXIT,
	});
	WRITE_ONCE(vcpu->deadline, stage->deadline +
				   LITMUS_GRACE_MS * clock_ticks_per_ms);
	do {
		stop = vcpu_run(vcpu);
	} while (stop == VCPU_DONE && !mailbox_is_completed(index));
	WRITE_ONCE(vcpu->deadline, 0ull);
	return stop == VCPU_DONE ? 0 : -EFAULT;
}

int litmus_guest_play(struct litmus_stage *stage, u32 index,
		      const struct action *ops, u32 count, u64 **regs)
{
	struct guest_litmus_script *script = &stage->shared->scripts[index];
	u32 i, next = 0;
	int err;

	for (i = 0; i < count; i++)
		script->ops[i] = guest_op(&ops[i]);
	script->op_count = count;
	script->gave_up = 0;
	err = litmus_guest_command(stage, index, GUEST_LITMUS);
	for (i = 0; i < count; i++)
		if (verb_sets_register(ops[i].verb))
			*(*regs)++ = script->regs[next++];
	if (!err && script->gave_up)
		err = -EBUSY;
	return err;
}
