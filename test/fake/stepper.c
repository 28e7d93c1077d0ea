#define _GNU_SOURCE		/* REG_EFL */
#include "test/fake/stepper.h"

#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include "lib/print.h"
#include "test/fake/fake.h"
#include "test/fake/internal.h"

#define EFLAGS_TF	(1ull << 8)
#define INT3		0xcc
#define MAX_STEPS	100000

extern char __executable_start[], etext[];	/* of this program */

static const struct stepped_race *race;
static u32 stop_at, steps;
static bool stepping, stopped;
static _Thread_local bool is_stepped;	/* CPU 0, whoever it plays */

/*
 * A step costs a signal, so the way to the n-th instruction is not stepped but
 * run, as far as the last place before it that a first run met for the first
 * time: an INT3 stands there.
 */
static struct {
	u64 rip;
	u32 step;
} places[MAX_STEPS];
static u32 place_count;
static u64 last_place;

static struct {
	bool awaited;		/* CPU 0 is on its way there */
	u32 step;		/* that it is */
	u8 *at, was;
} int3;

/* CPU 1: may it go; has it ended, or met something that CPU 0 holds? */
static sem_t go, stands;
static u32 other_stands;	/* stands was posted */

/* Not in a library, and not one more round of a string instruction. */
static bool is_new_place(u64 rip)
{
	bool moved = rip != last_place;

	last_place = rip;
	return moved && rip >= (uintptr_t)__executable_start &&
	       rip < (uintptr_t)etext;
}

static void set_int3(u32 place)
{
	int3.awaited = true;
	int3.step = places[place].step;
	int3.at = (u8 *)places[place].rip;
	int3.was = *int3.at;
	*int3.at = INT3;
}

static void remove_int3(void)
{
	/* By either CPU, or both. */
	if (int3.at)
		__atomic_store_n(int3.at, int3.was, __ATOMIC_SEQ_CST);
}

/* The first run: each place where it is met first. */
static void remember(u64 rip)
{
	u32 i;

	for (i = 0; i < place_count && places[i].rip != rip; i++)
		;
	if (i < place_count || i == MAX_STEPS)
		return;
	places[place_count].rip = rip;
	places[place_count++].step = steps;
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	greg_t *rip = &c->uc_mcontext.gregs[REG_RIP];
	greg_t *flags = &c->uc_mcontext.gregs[REG_EFL];

	(void)signal, (void)info;
	if (!is_stepped) {
		/* CPU 1 met it in an interrupt: CPU 0 will not stop here. */
		remove_int3();
		--*rip;
		return;
	}
	if (int3.awaited) {
		remove_int3();
		--*rip;
		int3.awaited = false;
		steps = int3.step - 1;
		*flags |= (s64)EFLAGS_TF;
	}
	if (!stepping) {
		*flags &= ~(s64)EFLAGS_TF;
		return;
	}
	if (!is_new_place(*rip))
		return;
	steps++;
	if (!stop_at)
		remember(*rip);
	if (steps != stop_at)
		return;
	*flags &= ~(s64)EFLAGS_TF;
	stopped = true;
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

bool fake_interrupt_is_late(void)
{
	return false;
}

void fake_interrupt_is_sent(u32 id)
{
	(void)id;
}

void fake_waits(void)
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
		stepping = is_stepped = true;
		if (!int3.awaited)
			set_trap_flag();
		race->stepped();
		stepping = false;
		remove_int3();
		/* The function was shorter: CPU 1 comes last. */
		if (!stopped)
			sem_post(&go);
		return;
	}
	wait_to_go();
	race->other();
	stand();
}

/* Is there an instruction number @step? 0: counts them. */
static bool run_to(u32 step, bool by_int3)
{
	u32 place = place_count;

	stop_at = step;
	steps = 0;
	last_place = 0;
	stopped = false;
	other_stands = 0;
	if (race->before)
		race->before();
	sem_init(&go, 0, 0);
	sem_init(&stands, 0, 0);
	while (by_int3 && place && places[place - 1].step > step)
		place--;
	int3.awaited = false;
	if (by_int3 && place)
		set_int3(place - 1);
	fake_run(2, column);
	if (race->after)
		race->after();
	return stopped;
}

u32 fake_step_through(const struct stepped_race *which)
{
	struct sigaction action = { .sa_sigaction = on_trap,
				    .sa_flags = SA_SIGINFO };
	u64 text = (uintptr_t)__executable_start & PAGE_MASK;
	u32 step;

	if (sigaction(SIGTRAP, &action, NULL) ||
	    mprotect((void *)text, (uintptr_t)etext - text,
		     PROT_READ | PROT_WRITE | PROT_EXEC))
		panic("this host lets no program write to its own text");
	race = which;
	place_count = 0;
	(void)run_to(0, false);
	/* A run that goes another way than the first is stepped. */
	for (step = 1; run_to(step, true) || run_to(step, false);
	     step += which->stride ? which->stride : 1)
		if (step >= MAX_STEPS)
			panic("a stepped function without end");
	race = NULL;
	return steps;
}
