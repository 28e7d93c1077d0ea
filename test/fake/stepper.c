#define _GNU_SOURCE		/* REG_EFL */
#include "test/fake/stepper.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include "arch/x86/print.h"
#include "test/fake/fake.h"

#define EFLAGS_TF	(1ull << 8)
#define MAX_STEPS	100000

static const struct stepped_race *race;
static u32 stop_at, steps;
static bool stepping;

/* CPU 1: may it go; has it ended, or met something that CPU 0 holds? */
static u32 go, other_stands;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)signal, (void)info;
	if (!stepping) {
		c->uc_mcontext.gregs[REG_EFL] &= ~(s64)EFLAGS_TF;
		return;
	}
	if (++steps < stop_at)
		return;
	c->uc_mcontext.gregs[REG_EFL] &= ~(s64)EFLAGS_TF;
	store_release(&go, 1);
	while (!load_acquire(&other_stands))
		sched_yield();
}

static void set_trap_flag(void)
{
	__asm__ volatile ("pushfq; orq %0, (%%rsp); popfq"
			  :: "i" (EFLAGS_TF) : "cc", "memory");
}

void fake_stepper_spin(void)
{
	if (cpu_id() == 1)
		store_release(&other_stands, 1);
}

static void column(u32 id)
{
	if (id == 0) {
		stepping = true;
		set_trap_flag();
		race->stepped();
		stepping = false;
		/* The function was shorter: CPU 1 comes last. */
		store_release(&go, 1);
		return;
	}
	while (!load_acquire(&go))
		sched_yield();
	race->other();
	store_release(&other_stands, 1);
}

u32 fake_step_through(const struct stepped_race *which)
{
	struct sigaction action = { .sa_sigaction = on_trap,
				    .sa_flags = SA_SIGINFO };

	if (sigaction(SIGTRAP, &action, NULL))
		abort();
	race = which;
	for (stop_at = 1; ; stop_at++) {
		if (race->before)
			race->before();
		steps = 0;
		go = 0;
		other_stands = 0;
		fake_run(2, column);
		if (race->after)
			race->after();
		if (steps < stop_at)
			return steps;
		if (stop_at == MAX_STEPS)
			panic("a stepped function without end");
	}
}
