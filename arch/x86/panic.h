/*
 * How the machine dies: one CPU reports, the others are stopped by NMI and
 * record where they were.
 */
#ifndef ARCH_X86_PANIC_H
#define ARCH_X86_PANIC_H

#include <stdarg.h>
#include "arch/x86/trap.h"
#include "lib/compiler.h"

/* True once some CPU has begun to panic. */
bool panic_is_running(void);

/* panic() for a trap: also dumps the registers in @frame. */
__noreturn void panic_trap(const struct trap_frame *frame,
			   const char *format, ...) __printf(2, 3);

/* From the NMI handler: if a panic is running, this CPU stops here. */
void panic_nmi(const struct trap_frame *frame);

#endif
