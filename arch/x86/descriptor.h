/*
 * GDT, TSS and IDT. Every CPU has its own GDT and TSS and shares the IDT.
 */
#ifndef ARCH_X86_DESCRIPTOR_H
#define ARCH_X86_DESCRIPTOR_H

#include "lib/types.h"

/* Fill in the IDT; once, before the first descriptor_load(). */
void descriptor_init(void);

/* Load the tables of CPU @id on the calling CPU. Interrupts off. */
void descriptor_load(u32 id);

#endif
