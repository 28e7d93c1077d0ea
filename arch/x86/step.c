#include "arch/x86/step.h"

const char *const step_names[STEP_COUNT] = {
#define STEP_NAME(name) #name,
	STEPS(STEP_NAME)
#undef STEP_NAME
};

step_hook_t step_hook;
