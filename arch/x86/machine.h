/*
 * Numbers of the machine that C and assembly share: control register bits,
 * MSRs, selectors, vectors, sizes of stacks. Nothing but constants.
 */
#ifndef ARCH_X86_MACHINE_H
#define ARCH_X86_MACHINE_H

/* SDM vol. 3, 2.5 "Control registers" */
#define CR0_PE			(1 << 0)
#define CR0_MP			(1 << 1)
#define CR0_ET			(1 << 4)
#define CR0_NE			(1 << 5)
#define CR0_WP			(1 << 16)
#define CR0_PG			0x80000000
#define CR4_PAE			(1 << 5)
#define CR4_PGE			(1 << 7)

/* How every CPU runs. VMX requires NE. */
#define KERNEL_CR0	(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)
#define KERNEL_CR4	(CR4_PAE | CR4_PGE)

#define MSR_APIC_BASE		0x1b
#define   APIC_BASE_ENABLE	(1 << 11)
#define   APIC_BASE_X2APIC	(1 << 10)
#define MSR_X2APIC		0x800
#define MSR_EFER		0xc0000080
#define   EFER_LME		(1 << 8)
#define   EFER_NXE		(1 << 11)
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101

/* The first descriptors of every GDT; the boot GDT has the 32-bit ones too. */
#define SELECTOR_CODE64		0x08
#define SELECTOR_DATA		0x10
#define SELECTOR_TSS		0x18
#define SELECTOR_CODE32		0x28

/*
 * Where text goes (console.h), and how a machine ends (machine_exit()): QEMU's
 * isa-debug-exit, where the front end puts it, ends the process with value * 2
 * + 1. Bochs (and Bochs only) ends when its own port spells a word.
 */
#define DEBUG_PORT		0xe9
#define COM1			0x3f8
#define QEMU_EXIT_PORT		0xf4
#define QEMU_EXIT_BASE		0x10
#define BOCHS_EXIT_PORT		0x8900

#define KERNEL_STACK_SIZE	0x4000
#define FAULT_STACK_SIZE	0x2000
#define CPU_STACKS_SIZE		(KERNEL_STACK_SIZE + FAULT_STACK_SIZE)

#define VECTOR_NMI		2
#define VECTOR_DOUBLE_FAULT	8
#define VECTOR_PAGE_FAULT	14
#define VECTOR_MACHINE_CHECK	18
#define VECTOR_EXCEPTION_COUNT	32
#define VECTOR_PIC		0x20	/* both PICs, all lines masked */
#define VECTOR_IPI		0xf0	/* + enum ipi */
#define VECTOR_TIMER		0xf8
#define VECTOR_SPURIOUS		0xff

/* The page below 1 MiB where an AP starts: SIPI vector 0x08. */
#define AP_TRAMPOLINE		0x8000

#endif
