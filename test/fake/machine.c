/*
 * CPUs, interrupts, time. The handshake runs on them as it is; what is faked
 * is how an interrupt gets to its target.
 */
#include "test/fake/fake.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include "arch/x86/clock.h"
#include "arch/x86/handshake.h"
#include "arch/x86/paging.h"
#include "lib/print.h"
#include "mm/frame.h"
#include "test/fake/internal.h"

struct cpu cpus[MAX_CPUS];
u32 cpu_count;
__thread struct cpu *fake_this_cpu = &cpus[0];
char *fake_ram;

u64 clock_ticks_per_ms = 1000000;	/* ticks are nanoseconds */

void (*fake_on_interrupt)(enum ipi ipi);
void (*fake_on_nmi)(void);
void (*fake_enter)(struct vcpu_tlb *tlb);
void (*fake_exit)(void);

struct fake_cpu_state {
	bool interrupts_off;
	bool in_guest;		/* inside, and the entry is complete */
	struct vcpu_tlb *inside;	/* whose entry that was */
	bool in_access;		/* in the middle of an instruction */
	bool serving;
	/* Atomic; a bit an enum ipi, then the NMI. Others write this one. */
	u32 pending __aligned(64);
};

#define PENDING_NMI	(1u << IPI_COUNT)

static struct fake_cpu_state states[MAX_CPUS];
static enum fake_player players[MAX_CPUS];
static hpa_t no_root;

void fake_ram_init(void)
{
	struct memory_range range = { { FAKE_RAM_START }, { FAKE_RAM_END } };

	fake_ram = mmap(NULL, FAKE_RAM_END, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fake_ram == MAP_FAILED)
		abort();
	/* Nothing is below, as a stray small number would find out. */
	mprotect(fake_ram, FAKE_RAM_START, PROT_NONE);
	/* The last page is the kernel's root, which maps nothing here. */
	range.end.v -= PAGE_SIZE;
	no_root = range.end;
	frame_init(&range, 1);
}

hpa_t kernel_root(void)
{
	return no_root;
}

static void enter(struct vcpu_tlb *tlb)
{
	tlb->handshake->enter(tlb);
}

static void leave(void)
{
	states[cpu_id()].inside->handshake->exit();
}

void fake_reset(u32 count)
{
	u32 i;

	for (i = 0; i < MAX_CPUS; i++) {
		cpus[i] = (struct cpu){
			.self = &cpus[i], .id = i, .apic_id = i,
		};
		states[i] = (struct fake_cpu_state){ 0 };
		players[i] = FAKE_SCRIPTED;
	}
	cpu_count = count;
	fake_this_cpu = &cpus[0];
	fake_on_interrupt = NULL;
	fake_on_nmi = NULL;
	fake_enter = enter;
	fake_exit = leave;
	fake_on_step = NULL;
	fake_guest_fault = NULL;
	fake_tlb_reset();
	fake_counters_start();
	fake_log_steps(FAKE_STEPS_MM);
	fake_log_clear();
}

u32 fake_cpu(u32 id)
{
	u32 before = fake_this_cpu->id;

	fake_this_cpu = &cpus[id];
	return before;
}

static void serve_inside(enum ipi ipi)
{
	if (fake_on_interrupt)
		fake_on_interrupt(ipi);
	else
		fake_guest_leave();
}

static void serve_nmi(void)
{
	if (fake_on_nmi)
		fake_on_nmi();
	else
		fake_guest_leave();
}

/* A look that tells nothing: the interrupt may come a moment later. */
static __attribute__((no_sanitize_thread)) bool
is_pending(const struct fake_cpu_state *state)
{
	return *(const volatile u32 *)&state->pending;
}

bool fake_interrupt_is_due(void)
{
	const struct fake_cpu_state *state = &states[cpu_id()];

	return is_pending(state) && !state->serving && !state->in_access &&
	       (state->in_guest || !state->interrupts_off);
}

bool fake_interrupt_is_pending(u32 id)
{
	return is_pending(&states[id]);
}

bool fake_interrupt_is_at(const volatile void *p)
{
	u32 i;

	for (i = 0; i < MAX_CPUS; i++)
		if (p == &states[i].pending)
			return true;
	return false;
}

void fake_access_begins(void)
{
	states[cpu_id()].in_access = true;
}

void fake_access_ends(void)
{
	states[cpu_id()].in_access = false;
}

void fake_play(u32 id, enum fake_player player)
{
	players[id] = player;
}

/*
 * An interrupt makes a CPU leave the guest whatever its IF is. The handler
 * runs outside, when interrupts are on: not between E1 and the entry proper.
 */
static void serve(struct fake_cpu_state *state)
{
	u32 pending, ipi;

	state->serving = true;
	pending = atomic_exchange(&state->pending, 0);
	if (pending & PENDING_NMI)
		serve_nmi();
	for (ipi = 0; ipi < IPI_COUNT; ipi++) {
		if (!(pending & 1u << ipi))
			continue;
		if (state->in_guest)
			serve_inside(ipi);
		if (state->interrupts_off)
			atomic_or(&state->pending, 1u << ipi);
		else if (ipi == IPI_PRIMARY)
			handshake_primary_ipi();
	}
	state->serving = false;
}

/* One that comes while another is served is taken right behind it. */
void fake_interrupts(void)
{
	struct fake_cpu_state *state = &states[cpu_id()];

	while (unlikely(is_pending(state)) && !state->serving &&
	       !fake_interrupt_is_late()) {
		serve(state);
		if (state->interrupts_off)
			break;
	}
}

void fake_pause(void)
{
	fake_interrupts();
	fake_waits();
	/* Whoever is waited for may need this very processor. */
	if (players[cpu_id()] == FAKE_THREAD)
		sched_yield();
}

void fake_guest_enter(struct vcpu_tlb *tlb)
{
	(void)fake_interrupts_save_off();
	WRITE_ONCE(tlb->cpu, cpu_id());
	states[cpu_id()].inside = tlb;
	fake_enter(tlb);
	states[cpu_id()].in_guest = true;
}

void fake_guest_leave(void)
{
	struct fake_cpu_state *state = &states[cpu_id()];

	if (!state->in_guest)
		return;
	state->in_guest = false;
	fake_exit();
	state->interrupts_off = false;
}

bool fake_guest_is_in(void)
{
	return states[cpu_id()].in_guest;
}

/* The pending word is set; a scripted CPU has no other chance to look. */
static void deliver(u32 id)
{
	u32 self;

	if (READ_ONCE(players[id]) != FAKE_SCRIPTED)
		return;
	self = fake_cpu(id);
	fake_interrupts();
	fake_cpu(self);
}

void ipi_send(u32 id, enum ipi ipi)
{
	static const char *const names[IPI_COUNT] = {
		[IPI_WAKE] = "wake", [IPI_KICK] = "kick",
		[IPI_PRIMARY] = "primary",
	};

	BUG_ON(id == cpu_id());
	fake_note("%s%u", names[ipi], id);
	if (ipi != IPI_WAKE)
		fake_did(ipi == IPI_KICK ? FAKE_KICK : FAKE_PRIMARY_IPI);
	atomic_or(&states[id].pending, 1u << ipi);
	fake_interrupt_is_sent(id);
	deliver(id);
}

void ipi_send_nmi(u32 id)
{
	fake_note("nmi%u", id);
	atomic_or(&states[id].pending, PENDING_NMI);
	fake_interrupt_is_sent(id);
	deliver(id);
}

/* Nobody sleeps here: no CPU's time would go on. */
bool lapic_timer_nap(u64 ticks)
{
	(void)ticks;
	return false;
}

u64 fake_interrupts_save_off(void)
{
	struct fake_cpu_state *state = &states[cpu_id()];
	u64 flags = state->interrupts_off ? 0 : RFLAGS_IF;

	state->interrupts_off = true;
	return flags;
}

void fake_interrupts_restore(u64 flags)
{
	if (!(flags & RFLAGS_IF))
		return;
	states[cpu_id()].interrupts_off = false;
	fake_interrupts();
}

bool fake_interrupts_are_on(void)
{
	return !states[cpu_id()].interrupts_off;
}

/* A CPU without a thread has no time but what its waits take. */
u64 fake_tsc(void)
{
	static u64 scripted[MAX_CPUS];
	struct timespec now;

	if (players[cpu_id()] != FAKE_THREAD) {
		scripted[cpu_id()] += 100 * clock_ticks_per_ms;
		return scripted[cpu_id()];
	}
	/* Of all threads: a busy host alone ends no wait. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

struct player {
	pthread_t thread;
	void (*fn)(u32 id);
	u32 id;
	u32 *running;
};

static void *play(void *arg)
{
	struct player *player = arg;

	fake_this_cpu = &cpus[player->id];
	player->fn(player->id);
	/* Whoever still needs an answer gets it. */
	atomic_sub(player->running, 1);
	while (READ_ONCE(*player->running)) {
		fake_interrupts();
		sched_yield();
	}
	return NULL;
}

void fake_run(u32 count, void (*fn)(u32 id))
{
	struct player players[MAX_CPUS];
	u32 running = count, i;

	for (i = 0; i < count; i++)
		fake_play(i, FAKE_THREAD);
	for (i = 0; i < count; i++) {
		players[i] = (struct player){ .fn = fn, .id = i,
					      .running = &running };
		if (pthread_create(&players[i].thread, NULL, play,
				   &players[i]))
			abort();
	}
	for (i = 0; i < count; i++)
		pthread_join(players[i].thread, NULL);
	for (i = 0; i < count; i++)
		fake_play(i, FAKE_SCRIPTED);
	fake_this_cpu = &cpus[0];
}
