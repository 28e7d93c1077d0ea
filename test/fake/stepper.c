#define _GNU_SOURCE		/* REG_EFL */
#include "test/fake/stepper.h"

#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>
#include "arch/x86/print.h"
#include "test/fake/fake.h"

#define EFLAGS_TF	(1ull << 8)
#define MAX_STEPS	100000

extern char __executable_start[], etext[];	/* of this program */

static const struct stepped_race *race;
static u32 stop_at, steps;
static bool stepping;

/* CPU 1: may it go; has it ended, or met something that CPU 0 holds? */
static sem_t go, stands;
static u32 other_stands;	/* stands was posted */

/* Not in a library, and not one more round of a string instruction. */
static bool is_new_place(u64 rip)
{
	static u64 last;
	bool moved = rip != last;

	last = rip;
	return moved && rip >= (uintptr_t)__executable_start &&
	       rip < (uintptr_t)etext;
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)signal, (void)info;
	if (!stepping) {
		c->uc_mcontext.gregs[REG_EFL] &= ~(s64)EFLAGS_TF;
		return;
	}
	if (!is_new_place(c->uc_mcontext.gregs[REG_RIP]) ||
	    ++steps < stop_at)
		return;
	c->uc_mcontext.gregs[REG_EFL] &= ~(s64)EFLAGS_TF;
	sem_post(&go);
	sem_wait(&stands);
}

static void set_trap_flag(void)
{
	__asm__ volatile ("pushfq; orq %0, (%%rsp); popfq"
			  :: "i" (EFLAGS_TF) : "cc", "memory");
}

static void stand(void)
{
	if (!atomic_exchange(&other_stands, 1))
		sem_post(&stands);
}

void fake_stepper_spin(void)
{
	if (race && cpu_id() == 1)
		stand();
}

/* CPU 1 answers interrupts until its time has come. */
static void wait_to_go(void)
{
	struct timespec until;

	do {
		fake_interrupts();
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	} while (sem_timedwait(&go, &until));
}

static void column(u32 id)
{
	if (id == 0) {
		stepping = true;
		set_trap_flag();
		race->stepped();
		stepping = false;
		/* The function was shorter: CPU 1 comes last. */
		if (steps < stop_at)
			sem_post(&go);
		return;
	}
	wait_to_go();
	race->other();
	stand();
}

u32 fake_step_through(const struct stepped_race *which)
{
	struct sigaction action = { .sa_sigaction = on_trap,
				    .sa_flags = SA_SIGINFO };

	if (sigaction(SIGTRAP, &action, NULL))
		abort();
	race = which;
	for (stop_at = 1; ; stop_at += which->stride ? which->stride : 1) {
		if (race->before)
			race->before();
		steps = 0;
		other_stands = 0;
		sem_init(&go, 0, 0);
		sem_init(&stands, 0, 0);
		fake_run(2, column);
		if (race->after)
			race->after();
		if (steps < stop_at) {
			race = NULL;
			return steps;
		}
		if (stop_at >= MAX_STEPS)
			panic("a stepped function without end");
	}
}
