/*
 * Bringing CPUs up.
 */
#ifndef ARCH_X86_SMP_H
#define ARCH_X86_SMP_H

#include "lib/types.h"

/* First of all: the boot CPU becomes a struct cpu, with tables and traps. */
void smp_init_boot_cpu(void);

/* Silence what the firmware left and turn interrupts on, on the boot CPU. */
void smp_enable_interrupts(void);

/*
 * Start all CPUs, keep the first @wanted to answer (the boot CPU included) and
 * stop the others for good. 0: as many as answer within a short time. Sets
 * cpu_count. Interrupts on.
 */
void smp_start(u32 wanted);

#endif
