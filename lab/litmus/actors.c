#include "lab/litmus/actors.h"

#include "arch/x86/clock.h"
#include "arch/x86/user.h"
#include "arch/x86/wait.h"
#include "lab/litmus/guest.h"
#include "lib/error.h"
#include "mm/gup.h"
#include "vmm/litmus_abi.h"

#define ROUND_MS	2000	/* then nobody waits for a flag any more */

/* An actor of the round, or of what is done initially and finally. */
struct part {
	struct litmus_stage *stage;
	struct player player;
	const struct action *ops;
	u64 *regs;
	u64 polls;		/* looks at a flag, of a host thread */
	u32 *arrived;		/* the barrier; NULL: alone, not held */
	u32 count;		/* that meet there */
};

static void fail(struct litmus_stage *stage, const char *why)
{
	(void)atomic_cmpxchg(&stage->failure, (const char *)NULL, why);
}

const char *litmus_failure(const struct litmus_stage *stage)
{
	if (load_acquire(&stage->base.vm.failed))
		return stage->base.vm.message;
	return stage->failure;
}

static const char *text_of(int err)
{
	return err == -EBUSY ? "it gave up waiting for a flag"
			     : "memory is out";
}

/* --- A host thread's memory. */

static int host_read(struct player *player, u32 page, u32 word,
		     u64 *value)
{
	*value = READ_ONCE(*party_word(player->party, page, word));
	return 0;
}

static int host_write(struct player *player, u32 page, u32 word,
		      u64 value)
{
	u64 *at = party_word(player->party, page, word);

	if (user_store(at, value))
		return 0;
	/* Why, once more; it may be allowed by now, but was not. */
	return mm_fault(this_cpu()->mm, (hva_t){ (u64)at }, MM_WRITE) ==
	       -ENOMEM ? -ENOMEM : -EFAULT;
}

static bool is_late(const struct litmus_stage *stage, u64 grace_ms)
{
	u64 late = stage->deadline + grace_ms * clock_ticks_per_ms;

	return (s64)(read_tsc() - late) > 0;
}

static bool host_wait(struct player *player)
{
	struct part *part = container_of(player, struct part, player);
	struct litmus_stage *stage = part->stage;

	WRITE_ONCE(part->polls, part->polls + 1);
	if (is_late(stage, 0))
		WRITE_ONCE(stage->shared->stop, 1ull);
	cpu_progress();		/* this wait has a bound of its own */
	cpu_pause();
	return !READ_ONCE(stage->shared->stop);
}

static const struct access host_access = {
	.read = host_read, .write = host_write, .wait = host_wait,
};

/* --- A vCPU. */

/* Inside as far as possible, outside where an op says so. On its home CPU. */
static int play_vcpu(struct part *part, u32 index)
{
	const struct action *op = part->ops, *end = op + LITMUS_OPS;
	u64 *regs = part->regs;
	int err = 0;

	while (op < end && op->verb != VERB_END && !err) {
		u32 n = litmus_guest_count(op, end - op);

		if (n) {
			err = litmus_guest_play(part->stage, index, op, n,
						&regs);
		} else {
			u64 reg = 0;

			n = 1;
			err = verb_perform(&part->player, op, &reg);
			if (verb_sets_register(op->verb))
				*regs++ = reg;
		}
		op += n;
	}
	return err;
}

/* --- Rounds. */

static u32 vcpu_of(enum litmus_who who)
{
	return who - LITMUS_VCPU0;
}

static void meet(struct part *part)
{
	struct wait wait = wait_start("the other actors of a litmus test");

	(void)atomic_add(part->arrived, 1);
	while (load_acquire(part->arrived) < part->count)
		wait_spin(&wait);
	wait_end(&wait);
}

static void play(struct part *part, enum litmus_who who)
{
	struct litmus_stage *stage = part->stage;
	u32 self = part->player.index;
	struct mm *old = this_cpu()->mm;
	int err;

	mm_switch(stage->base.vm.mm);
	if (part->arrived) {
		meet(part);
		schedule_join(self, who == LITMUS_HOST ? &part->polls :
				   stage->guest_reads[vcpu_of(who)]);
	}
	err = who == LITMUS_HOST ?
		verb_play(&part->player, part->ops, LITMUS_OPS, part->regs) :
		play_vcpu(part, vcpu_of(who));
	if (part->arrived)
		schedule_leave(self);
	mm_switch(old);
	if (err && !load_acquire(&stage->base.vm.failed))
		fail(stage, text_of(err));
}

static void host_thread(void *arg)
{
	play(arg, LITMUS_HOST);
}

static void vcpu0_thread(void *arg)
{
	play(arg, LITMUS_VCPU0);
}

static void vcpu1_thread(void *arg)
{
	play(arg, LITMUS_VCPU1);
}

static cpu_fn thread_of(enum litmus_who who)
{
	static const cpu_fn threads[] = {
		[LITMUS_HOST] = host_thread, [LITMUS_VCPU0] = vcpu0_thread,
		[LITMUS_VCPU1] = vcpu1_thread,
	};

	return threads[who];
}

/* It ends by itself, or is made to. */
static void join(struct litmus_stage *stage, u32 cpu, enum litmus_who who)
{
	u64 since = read_tsc();

	while (cpu_busy(cpu)) {
		if (is_late(stage, 0))
			WRITE_ONCE(stage->shared->stop, 1ull);
		if (is_late(stage, LITMUS_GRACE_MS))
			break;
		cpu_progress();		/* bounded by what is above */
		wait_nap(since);
	}
	if (cpu_busy(cpu) && who != LITMUS_HOST)
		vcpu_stop(&stage->base.vm.vcpus[vcpu_of(who)],
			  "does not get on with a litmus test");
	cpu_join(cpu, "a host thread of a litmus test");
}

static void set_deadline(struct litmus_stage *stage)
{
	stage->deadline = read_tsc() + ROUND_MS * clock_ticks_per_ms;
}

static struct part new_part(struct litmus_stage *stage, u32 index,
			    const struct action *ops, u64 *regs)
{
	return (struct part){
		.stage = stage,
		.player = { .party = &stage->base.party, .access = &host_access,
			    .index = index },
		.ops = ops, .regs = regs,
	};
}

/* What is done initially or finally, one after the other. */
static void play_alone(struct litmus_stage *stage, const struct action *ops,
		       u32 count, u64 *regs)
{
	u32 i, cpu;

	set_deadline(stage);
	for (i = 0; i < count && ops[i].verb != VERB_END; i++) {
		struct action one[LITMUS_OPS] = { ops[i] };
		struct part part = new_part(stage, LITMUS_FINALLY, one, regs);

		if (litmus_failure(stage))
			return;
		cpu = ops[i].who == LITMUS_HOST ? 0 :
			stage->base.vm.vcpus[vcpu_of(ops[i].who)].home;
		cpu_start(cpu, thread_of(ops[i].who), &part);
		join(stage, cpu, ops[i].who);
		regs += verb_sets_register(ops[i].verb);
	}
}

/* All actors at once. CPU 0 plays the first host thread itself. */
static void play_actors(struct litmus_stage *stage, struct litmus_round *round)
{
	const struct litmus_test *test = stage->test;
	u32 count = litmus_actor_count(test), arrived = 0, i;
	u32 free_cpu = 1 + stage->base.vm.vcpu_count, own = count;
	struct part parts[LITMUS_ACTORS];
	u32 cpu_of[LITMUS_ACTORS];

	set_deadline(stage);
	for (i = 0; i < count; i++) {
		enum litmus_who who = test->actors[i].who;

		parts[i] = new_part(stage, i, test->actors[i].ops,
				    round->outcome.reg[i]);
		parts[i].arrived = &arrived;
		parts[i].count = count;
		if (who == LITMUS_HOST && own == count) {
			own = i;
			continue;
		}
		cpu_of[i] = who == LITMUS_HOST ? free_cpu++ :
			stage->base.vm.vcpus[vcpu_of(who)].home;
		cpu_start(cpu_of[i], thread_of(who), &parts[i]);
	}
	if (own < count)
		host_thread(&parts[own]);
	for (i = 0; i < count; i++)
		if (i != own)
			join(stage, cpu_of[i], test->actors[i].who);
}

bool litmus_play_round(struct litmus_stage *stage,
		       const struct schedule_plan *plan,
		       struct litmus_round *round)
{
	const struct litmus_test *test = stage->test;
	u64 nowhere[LITMUS_OPS + 4];
	u32 i;

	*round = (struct litmus_round){ 0 };
	WRITE_ONCE(stage->shared->stop, 0ull);
	play_alone(stage, test->initially, array_count(test->initially),
		   nowhere);
	if (litmus_failure(stage))
		return false;
	party_begin(&stage->base.party);
	schedule_begin(plan, litmus_actor_count(test));
	play_actors(stage, round);
	round->held = schedule_end();
	for (i = 0; i < LITMUS_ACTORS; i++)
		round->steps[i] = schedule_steps(i);
	play_alone(stage, test->finally, array_count(test->finally),
		   round->outcome.reg[LITMUS_FINALLY]);
	round->leaked_frames = party_reset(&stage->base.party);
	cpu_progress();
	return !litmus_failure(stage);
}

/* --- The stage. */

u32 litmus_vcpus(const struct litmus_test *test)
{
	u32 count = 1, i;

	for (i = 0; i < litmus_actor_count(test); i++)
		if (test->actors[i].who == LITMUS_VCPU1)
			count = 2;
	for (i = 0; i < array_count(test->initially); i++)
		if (test->initially[i].who == LITMUS_VCPU1)
			count = 2;
	for (i = 0; i < array_count(test->finally); i++)
		if (test->finally[i].who == LITMUS_VCPU1)
			count = 2;
	return count;
}

u32 litmus_cpus(const struct litmus_test *test)
{
	u32 hosts = 0, i;

	for (i = 0; i < litmus_actor_count(test); i++)
		hosts += test->actors[i].who == LITMUS_HOST;
	return litmus_vcpus(test) + (hosts ? hosts : 1);
}

/* Where the kernel itself, in whatever address space, finds a control page:
 * it stays where it is. */
static void *kernel_view(struct vm *vm, const void *control)
{
	u64 offset = (u64)control & ~PAGE_MASK;
	struct gup gup;
	char *page;

	if (gup_page(vm->mm, (hva_t){ (u64)control & PAGE_MASK }, MM_WRITE,
		     &gup))
		return NULL;
	page = frame_ptr(gup.frame);
	frame_put(gup.frame);
	return page + offset;
}

struct touch {
	struct litmus_stage *stage;
	u32 index;
	int err;
};

static void touch_here(void *arg)
{
	struct touch *touch = arg;
	struct mm *old = this_cpu()->mm;

	mm_switch(touch->stage->base.vm.mm);
	touch->err = litmus_guest_command(touch->stage, touch->index,
					  GUEST_TOUCH);
	mm_switch(old);
}

int litmus_stage_init(struct litmus_stage *stage,
		      const struct litmus_test *test)
{
	struct vm *vm = &stage->base.vm;
	u32 i;
	int err;

	stage->shared = kernel_view(vm, vm_control((gpa_t){
					GUEST_LITMUS_GPA }));
	if (!stage->shared)
		return -ENOMEM;
	stage->test = test;
	stage->base.party.flags = stage->shared->flags;
	err = party_init(&stage->base.party);
	set_deadline(stage);
	for (i = 0; i < vm->vcpu_count && !err; i++) {
		struct touch touch = { stage, i, 0 };

		stage->guest_reads[i] = kernel_view(vm, (u64 *)
						    &vm_mailbox(i)->reads);
		if (!stage->guest_reads[i])
			return -ENOMEM;
		cpu_call(vm->vcpus[i].home, touch_here, &touch);
		err = touch.err;
	}
	return err;
}
