/*
 * The steps of docs/contract.md, as points in the running code. Each call of
 * step() marks the place where the step of that name is complete. A hook sees
 * them all: the event trace is one, the tests' order checks are another.
 */
#ifndef ARCH_X86_STEP_H
#define ARCH_X86_STEP_H

#include "arch/x86/compiler.h"

#define STEPS(X)							\
	X(F1) X(F2) X(F3) X(F4) X(F5)					\
	X(I1) X(I2) X(I3) X(R1) X(R2) X(R3)				\
	X(T2) X(N0) X(N1) X(N2) X(N3) X(N4) X(N5) X(N6)			\
	X(E1) X(E2) X(E3) X(X1) X(X2) X(X3)				\
	X(REQUEST) X(KICK) X(FLUSH) X(PRIMARY) X(FREE)

enum step {
#define STEP_ENUM(name) STEP_##name,
	STEPS(STEP_ENUM)
#undef STEP_ENUM
	STEP_COUNT,
};

extern const char *const step_names[STEP_COUNT];

/* @subject is what the step is about: an hva, a gfn, a pfn, a CPU. */
typedef void (*step_hook_t)(enum step step, u64 subject);
extern step_hook_t step_hook;	/* NULL: nobody listens */

static inline void step(enum step step, u64 subject)
{
	step_hook_t hook = READ_ONCE(step_hook);

	if (unlikely(hook))
		hook(step, subject);
}

#endif
