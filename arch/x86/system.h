/*
 * Privileged instructions: ports, MSRs, control registers, CPUID. Instructions
 * that flush translations are not here: see tlb.h.
 */
#ifndef ARCH_X86_SYSTEM_H
#define ARCH_X86_SYSTEM_H

#include "arch/x86/cpuid.h"

static inline u8 read_port(u16 port)
{
	u8 value;

	__asm__ volatile ("inb %1, %0" : "=a" (value) : "Nd" (port));
	return value;
}

static inline void write_port(u16 port, u8 value)
{
	__asm__ volatile ("outb %0, %1" :: "a" (value), "Nd" (port));
}

static inline u32 read_port_long(u16 port)
{
	u32 value;

	__asm__ volatile ("inl %1, %0" : "=a" (value) : "Nd" (port));
	return value;
}

static inline void write_port_bytes(u16 port, const void *from, size_t size)
{
	__asm__ volatile ("rep outsb"
			  : "+S" (from), "+c" (size) : "d" (port) : "memory");
}

static inline u64 read_msr(u32 msr)
{
	u32 low, high;

	__asm__ volatile ("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return (u64)high << 32 | low;
}

static inline void write_msr(u32 msr, u64 value)
{
	__asm__ volatile ("wrmsr" :: "c" (msr), "a" ((u32)value),
			  "d" ((u32)(value >> 32)) : "memory");
}

static inline u64 read_cr0(void)
{
	u64 value;

	__asm__ volatile ("movq %%cr0, %0" : "=r" (value));
	return value;
}

static inline void write_cr0(u64 value)
{
	__asm__ volatile ("movq %0, %%cr0" :: "r" (value) : "memory");
}

static inline u64 read_cr2(void)
{
	u64 value;

	__asm__ volatile ("movq %%cr2, %0" : "=r" (value));
	return value;
}

static inline u64 read_cr3(void)
{
	u64 value;

	__asm__ volatile ("movq %%cr3, %0" : "=r" (value));
	return value;
}

static inline u64 read_cr4(void)
{
	u64 value;

	__asm__ volatile ("movq %%cr4, %0" : "=r" (value));
	return value;
}

static inline void write_cr4(u64 value)
{
	__asm__ volatile ("movq %0, %%cr4" :: "r" (value) : "memory");
}

static inline struct cpuid read_cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid id;

	__asm__ volatile ("cpuid"
			  : "=a" (id.eax), "=b" (id.ebx),
			    "=c" (id.ecx), "=d" (id.edx)
			  : "a" (leaf), "c" (subleaf));
	return id;
}

/* What LGDT, LIDT, SGDT and SIDT move. */
struct table_pointer {
	u16 limit;
	u64 base;
} __attribute__((packed));

static inline __attribute__((noreturn)) void halt_forever(void)
{
	for (;;)
		__asm__ volatile ("cli; hlt" ::: "memory");
}

#endif
