#include "lab/experiment/stage.h"

#include "lab/check/check.h"
#include "lib/error.h"

static const char *error_text(int err)
{
	switch (err) {
	case -ENOMEM:
		return "out of memory";
	case -EBUSY:
		return "a page was held by somebody else (pinned, or "
		       "merged) for too long";
	case -EACCES:
		return "an access was denied";
	case -EINVAL:
		return "the experiment does not fit this machine";
	case -ENODEV:
		return "the hardware refused the virtual machine";
	}
	return "an action failed";
}

void stage_stop(struct stage *stage, const char *why)
{
	if (!stage->message[0])
		format_text(stage->message, sizeof(stage->message), "%s", why);
}

void stage_fail(struct stage *stage, const char *where, int err)
{
	if (stage->message[0])
		return;
	if (stage->vm.failed)
		format_text(stage->message, sizeof(stage->message), "%s: %s",
			    where, stage->vm.message);
	else
		format_text(stage->message, sizeof(stage->message),
			    "%s: %s (%d)", where, error_text(err), err);
}

/* INV-FREE. What a round has left behind was counted, and is still there. */
static void count_leak(struct stage *stage)
{
	if (!stage->leaked_frames)
		stage->leaked_frames =
			(s64)(stage->free_before - frame_free_count());
}

static void complete(struct party *party)
{
	ept_complete(&container_of(party, struct stage, party)->vm.ept);
}

bool stage_open(struct stage *stage, const struct cell *cell,
		struct vm_config config)
{
	struct vm *vm = &stage->vm;
	int err;

	stage->free_before = frame_free_count();
	config.policy = &cell->policy;
	check_forget();		/* what the cell before violated is its own */
	err = vm_create(vm, &config);
	if (err) {
		stage_fail(stage, "creating the virtual machine", err);
		count_leak(stage);
		return false;
	}
	stage->party = (struct party){
		.mm = vm->mm, .area = vm_data_range(vm), .complete = complete,
	};
	if (cell->mutant)
		mutant_arm(cell->mutant, &vm->ept);
	check_start();
	check_watch(&vm->ept);
	return true;
}

void stage_close(struct stage *stage)
{
	party_leave(&stage->party);
	ept_complete(&stage->vm.ept);
	check_stop();
	stage->violations = check_total();
	vm_destroy(&stage->vm);
	mutant_disarm();
	count_leak(stage);
}

enum verdict stage_verdict(const struct stage *stage, enum verdict seen)
{
	if (stage->message[0])
		return VERDICT_DIED;
	if (!verdict_is_good(seen))
		return seen;
	if (stage->violations)
		return VERDICT_VIOLATION;
	return stage->leaked_frames ? VERDICT_LEAK : seen;
}
