/*
 * The transitions of one mapping (docs/contract.md, section 6), for counting
 * which of them requested a flush. Pure.
 */
#ifndef EPT_TRANSITION_H
#define EPT_TRANSITION_H

#include "mm/notifier.h"

#define TRANSITIONS(X) X(T1) X(T2) X(T3a) X(T4) X(T6) X(T7)

enum transition {
#define TRANSITION_ENUM(name) TRANSITION_##name,
	TRANSITIONS(TRANSITION_ENUM)
#undef TRANSITION_ENUM
	TRANSITION_COUNT,
};

/* The transition that a change of P for @reason is. */
enum transition transition_of_reason(enum invalidate_reason reason);

#endif
