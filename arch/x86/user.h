/*
 * Host code that accesses a process' memory as the process would: through the
 * CPU's own translation, faults included.
 */
#ifndef ARCH_X86_USER_H
#define ARCH_X86_USER_H

#include "lib/compiler.h"

/*
 * Store @value at @address of the current address space. False: the fault
 * could not be resolved (no right, no memory) and nothing was stored. No lock
 * held, interrupts on.
 */
__must_check bool user_store(u64 *address, u64 value);

/*
 * The same for @count words, in ascending order. False: a part of them may have
 * been stored. A page can lose its right to write between any two of them.
 */
__must_check bool user_fill(u64 *address, u64 value, u64 count);

/* For trap.c: where to continue if the access at @rip fails; 0: nowhere. */
u64 user_fixup(u64 rip);

#endif
