/*
 * Traps: the page-fault handler that mm/ installs, and everything else, which
 * prints a register dump and ends the machine.
 */
#ifndef ARCH_X86_TRAP_H
#define ARCH_X86_TRAP_H

#include "lib/types.h"

/* What entry.S saves, lowest address first. */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

#define PF_PRESENT	(1u << 0)
#define PF_WRITE	(1u << 1)

/*
 * Called on a page fault in host code with interrupts as they were when the
 * fault hit. Returns 0 if the access may be tried again; anything else makes
 * user_store() fail, and elsewhere ends the machine.
 */
typedef int (*page_fault_handler)(hva_t address, u32 error);
void trap_set_page_fault(page_fault_handler handler);

#endif
