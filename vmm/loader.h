/*
 * Loads the toy guest into a VM: its image, its page tables, the initial
 * content of its mailboxes.
 */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include "vmm/vm.h"

/* @vm's address space is current, its control slot present and writable. */
void guest_load(struct vm *vm);

#endif
