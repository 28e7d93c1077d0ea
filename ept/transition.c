#include "ept/transition.h"

enum transition transition_of_reason(enum invalidate_reason reason)
{
	static const enum transition table[INVALIDATE_REASON_COUNT] = {
		[INVALIDATE_COPY] = TRANSITION_T1,
		[INVALIDATE_WRPROTECT] = TRANSITION_T4,
		[INVALIDATE_MERGE] = TRANSITION_T3a,
		[INVALIDATE_MIGRATE] = TRANSITION_T6,
		[INVALIDATE_UNMAP] = TRANSITION_T7,
		[INVALIDATE_PROTECT_RW] = TRANSITION_T2,
	};

	return table[reason];
}
