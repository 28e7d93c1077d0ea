/*
 * Time, from the TSC. Under Bochs with one CPU a tick is an instruction.
 */
#ifndef ARCH_X86_CLOCK_H
#define ARCH_X86_CLOCK_H

#include "arch/x86/types.h"

extern u64 clock_ticks_per_ms;	/* calibrated against the PIT at boot */

#endif
