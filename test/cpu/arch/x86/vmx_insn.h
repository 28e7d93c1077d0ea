/*
 * Stands in for arch/x86/vmx_insn.h: the instructions are functions of the
 * test's CPU, which is test/cpu/vmx_model.c.
 */
#ifndef ARCH_X86_VMX_INSN_H
#define ARCH_X86_VMX_INSN_H

#include "arch/x86/insn.h"
#include "arch/x86/system.h"

#define INVEPT_SINGLE	1ull

bool vmxon(const void *region);
bool vmclear(const void *region);
bool vmptrld(const void *region);
bool invept(u64 type, u64 eptp);
bool vmwrite(u64 field, u64 value);
u64 vmread(u64 field);
void unblock_nmis(void);
void store_tables(struct table_pointer *gdt, struct table_pointer *idt,
		  u16 *tr);

#endif
