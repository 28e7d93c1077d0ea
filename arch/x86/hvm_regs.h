/*
 * Where the entry routines of the back ends find things in struct hvm_vcpu:
 * numbers that assembly and C share; hvm.c asserts that the compiler agrees.
 */
#ifndef ARCH_X86_HVM_REGS_H
#define ARCH_X86_HVM_REGS_H

#define HVM_RAX		0
#define HVM_RCX		8
#define HVM_RDX		16
#define HVM_RBX		24
#define HVM_RBP		32
#define HVM_RSI		40
#define HVM_RDI		48
#define HVM_R8		56
#define HVM_R9		64
#define HVM_R10		72
#define HVM_R11		80
#define HVM_R12		88
#define HVM_R13		96
#define HVM_R14		104
#define HVM_R15		112
#define HVM_HOST_RSP	120
#define HVM_LAUNCHED	128

#endif
