/*
 * The machine, faked, for host tests. mm/, ept/ and handshake.c compile
 * unchanged over it and meet the same rules as on hardware:
 *
 *   RAM	an arena that frame_init() is given once
 *   CPUs	scripted: one thread plays them all, see fake_cpu(); or one
 *		thread each, see fake_run(). An IPI to a scripted CPU is
 *		served at once, one to a thread at its next interrupt point.
 *   TLBs	one a CPU and MMU. A translation, once used, is used until
 *		something flushes it, however wrong it has become.
 *   log	what happened in order, as words: see fake_log()
 */
#ifndef TEST_FAKE_FAKE_H
#define TEST_FAKE_FAKE_H

#include "arch/x86/handshake.h"
#include "arch/x86/lapic.h"
#include "lib/step.h"

#define FAKE_RAM_START	0x100000ull
#define FAKE_RAM_END	(FAKE_RAM_START + 64 * 1024 * 1024ull)

/*
 * Power on with @count CPUs, this thread as CPU 0, all outside, interrupts on,
 * TLBs and log empty. fake_ram_init() before it gives the RAM to mm/, once.
 */
void fake_reset(u32 count);
void fake_ram_init(void);

/* This thread goes on as CPU @id; returns the id that it was before. */
u32 fake_cpu(u32 id);

/* Serve what is pending on this CPU; a thread calls it now and then. */
void fake_interrupts(void);

/* Run @fn(id) on a thread each for CPUs 0 to @count - 1; wait for all. */
void fake_run(u32 count, void (*fn)(u32 id));

/*
 * What a scripted CPU inside does when it is interrupted. NULL: leaves, as
 * hardware does. Runs as the target.
 */
extern void (*fake_on_interrupt)(enum ipi ipi);
extern void (*fake_on_nmi)(void);

/* Called at each step of the contract: the second column of a race runs exactly there. */
extern void (*fake_on_step)(enum step step, u64 subject);

/*
 * The log: one word an event, "@n" behind it when CPU n was it.
 *
 *	N2 X3 ...	a step, if its bit is in the mask (default: the steps
 *			of mm/; entry and exit are of interest to few tests)
 *	kick1 primary1	an IPI to CPU 1; nmi1 wake1
 *	page local	tlb_flush_page(), tlb_flush_local()
 *	load second	tlb_load_root(), tlb_flush_secondary()
 */
#define FAKE_STEP(name)	(1ull << STEP_##name)
#define FAKE_STEPS_ALL	(FAKE_STEP(PTE) - 1)	/* no details */
#define FAKE_STEPS_MM	(FAKE_STEPS_ALL & ~(				\
	FAKE_STEP(E1) | FAKE_STEP(E2) | FAKE_STEP(E3) | FAKE_STEP(X1) |	\
	FAKE_STEP(X2) | FAKE_STEP(X3) | FAKE_STEP(REQUEST) |		\
	FAKE_STEP(KICK) | FAKE_STEP(FLUSH) | FAKE_STEP(PRIMARY) |	\
	FAKE_STEP(T7)))
void fake_log_steps(u64 mask);
void fake_log_off(void);	/* also: threads do not log */
void fake_note(const char *format, ...) __printf(1, 2);
const char *fake_log(void);
void fake_log_clear(void);
u32 fake_log_count(const char *word);

/* Do the accesses that hardware would do; 0, or the fault handler's error. */
__must_check int fake_read(hva_t hva, u64 *value);
__must_check int fake_write(hva_t hva, u64 value);

/* The current CPU walks ahead, as hardware may at any time; never faults. */
void fake_prefetch(hva_t hva);

/* Does the current CPU cache a host translation of @hva; with what right? */
bool fake_tlb_holds(hva_t hva);
bool fake_tlb_holds_writable(hva_t hva);

/*
 * The guest's side: the current CPU runs the vCPU of @tlb (entering if it is
 * outside, by the handshake) until the access is done, and stays inside. A
 * fault leaves and calls fake_guest_fault(), which answers 0 if the guest may
 * try again. Entries are EPT's with A/D (SDM vol. 3, 29.3.2).
 */
extern int (*fake_guest_fault)(gpa_t gpa, u32 access);
extern __thread u64 fake_guest_faults;		/* taken by this thread */
__must_check int fake_guest_read(struct vcpu_tlb *tlb, gpa_t gpa, u64 *value);
__must_check int fake_guest_write(struct vcpu_tlb *tlb, gpa_t gpa, u64 value);
bool fake_guest_holds(hpa_t root, gpa_t gpa);

/* Enter as that, and leave, without an access. */
void fake_guest_enter(struct vcpu_tlb *tlb);
void fake_guest_leave(void);
bool fake_guest_is_in(void);

/* How that is done: handshake_enter() and handshake_exit(), or a mutant. */
extern void (*fake_enter)(struct vcpu_tlb *tlb);
extern void (*fake_exit)(void);

/*
 * Since fake_reset() each counter of executed flushes, of IPIs, of requests and
 * of changed leaves has grown, on each CPU, by exactly what that CPU did; if
 * not, false, and standard error says which. Mutants need not count.
 */
bool fake_counters_agree(void);
void fake_counters_start(void);		/* as if it were reset now */

/*
 * Runs @fn(@arg) in a child process; true if it panicked with a message that
 * contains @text. The parent's state is untouched.
 */
bool fake_panics(void (*fn)(void *arg), void *arg, const char *text);

#endif
