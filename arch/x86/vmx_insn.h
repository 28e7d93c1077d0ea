/*
 * The instructions of VMX, and those that only vmx*.c need. Host tests replace
 * this header by test/cpu/arch/x86/vmx_insn.h.
 */
#ifndef ARCH_X86_VMX_INSN_H
#define ARCH_X86_VMX_INSN_H

#include "arch/x86/insn.h"
#include "arch/x86/system.h"
#include "lib/compiler.h"

/* VMXON, VMCLEAR, VMPTRLD: each takes the address of an address. */
#define VMX_POINTER(name, instruction)					\
static inline bool __must_check name(const void *region)		\
{									\
	u64 address = ptr_to_hpa(region).v;				\
	bool failed;							\
									\
	__asm__ volatile (instruction " %1"				\
			  : "=@ccna" (failed) : "m" (address)		\
			  : "memory");					\
	return !failed;							\
}
VMX_POINTER(vmxon, "vmxon")
VMX_POINTER(vmclear, "vmclear")
VMX_POINTER(vmptrld, "vmptrld")

/* SDM vol. 3, 30.3 "INVEPT" */
#define INVEPT_SINGLE	1ull

static inline bool __must_check invept(u64 type, u64 eptp)
{
	struct { u64 eptp, reserved; } descriptor = { eptp, 0 };
	bool failed;

	__asm__ volatile ("invept %1, %2"
			  : "=@ccna" (failed) : "m" (descriptor), "r" (type)
			  : "memory");
	return !failed;
}

/* False: the current VMCS has no such field. */
static inline bool __must_check vmwrite(u64 field, u64 value)
{
	bool failed;

	__asm__ volatile ("vmwrite %2, %1"
			  : "=@ccna" (failed) : "r" (field), "r" (value));
	return !failed;
}

static inline u64 vmread(u64 field)
{
	u64 value;

	__asm__ volatile ("vmread %1, %0"
			  : "=r" (value) : "r" (field) : "cc");
	return value;
}

/* Take a vector 2 and return from it: NMIs are no longer blocked. */
static inline void unblock_nmis(void)
{
	__asm__ volatile ("int $2" ::: "memory");
}

/* GDTR, IDTR and the selector of the task register. */
static inline void store_tables(struct table_pointer *gdt,
				struct table_pointer *idt, u16 *tr)
{
	__asm__ volatile ("sgdt %0; sidt %1; str %2"
			  : "=m" (*gdt), "=m" (*idt), "=r" (*tr));
}

#endif
