/*
 * Every instruction that drops cached translations, and nothing else.
 * INVLPG, CR3 reloads, INVEPT and TLB_CONTROL appear in tlb.c and in the two
 * back ends, vmx*.[ch] and svm*.c, only; a test checks it.
 */
#ifndef ARCH_X86_TLB_H
#define ARCH_X86_TLB_H

#include "lib/types.h"

/* Drop this CPU's own translations of one host page, or of all but global. */
void tlb_flush_page(hva_t hva);
void tlb_flush_local(void);

/* Load @root as the host page tables of this CPU (drops the old ones). */
void tlb_load_root(hpa_t root);

/* Drop this CPU's translations made through second-level root @root. */
void tlb_flush_secondary(hpa_t root);

#endif
