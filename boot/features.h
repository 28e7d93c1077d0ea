/*
 * What a CPU must have, by the names of /proc/cpuinfo and of QEMU's -cpu: for
 * each a CPUID leaf and a bit of its edx. Listed is all that the kernel uses
 * unconditionally, not what it checks itself (1 GiB pages, x2APIC, what vmx.c
 * and svm.c need). boot/features.S checks before anything else.
 *
 * SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E
 */
#ifndef BOOT_FEATURES_H
#define BOOT_FEATURES_H

#define CPU_FEATURES(row)						\
	row("tsc", 0x00000001, 4)	/* all time */			\
	row("msr", 0x00000001, 5)	/* EFER, the base of GS */	\
	row("pae", 0x00000001, 6)	/* CR4.PAE, for 64 bits */	\
	row("apic", 0x00000001, 9)	/* the other CPUs */		\
	row("pge", 0x00000001, 13)	/* CR4.PGE: global pages */	\
	row("cmov", 0x00000001, 15)	/* the compiler */		\
	row("sse2", 0x00000001, 26)	/* MFENCE and LFENCE */		\
	row("nx", 0x80000001, 20)	/* EFER.NXE, bit 63 of entries */ \
	row("lm", 0x80000001, 29)	/* 64 bits */

#endif
