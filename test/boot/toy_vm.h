/*
 * The smallest virtual machine: one vCPU over hand-built EPT or NPT that maps
 * single 4 KiB pages below 2 MiB, running a few instructions of toy_guest.S. It
 * needs arch/x86/ only, so that it shows the back end and nothing else.
 */
#ifndef TEST_BOOT_TOY_VM_H
#define TEST_BOOT_TOY_VM_H

#include "arch/x86/cpu.h"
#include "arch/x86/hvm.h"

/* Guest physical = guest virtual, for the first 1 GiB. */
#define TOY_TABLES	0x1000ull	/* PML4, PDPT, PD */
#define TOY_CODE	0x4000ull
#define TOY_SHARED	0x5000ull	/* struct toy_shared, writable */
#define TOY_DATA	0x6000ull	/* not mapped until a test does */

enum toy_right { TOY_READ = 1, TOY_WRITE = 2, TOY_EXECUTE = 4 };
enum toy_mark { TOY_ACCESSED = 1, TOY_DIRTY = 2 };

/* What guest and test tell each other; toy_guest.S knows the offsets. */
struct toy_shared {
	u64 count;		/* rounds of the guest's loop */
	u64 found;		/* last word read at TOY_DATA */
};

struct toy_page {
	u64 word[PAGE_WORDS];
} __aligned(4096);

struct toy_vm {
	struct toy_page nested[ROOT_LEVEL];	/* by level - 1 */
	struct toy_page tables[3], code, shared, control;
	struct hvm_vcpu vcpu;
};

/* Build @vm around the code from @start to @end, on the calling CPU. */
__must_check int toy_vm_init(struct toy_vm *vm, const char *start,
			     const char *end);

void toy_vm_destroy(struct toy_vm *vm);

/* Let @gpa be @page with @rights; 0 takes it away. Does not flush. */
void toy_map(struct toy_vm *vm, u64 gpa, const struct toy_page *page,
	     u32 rights);

/* What the hardware has left in the second-level entry of @gpa. */
u32 toy_marks(const struct toy_vm *vm, u64 gpa);

hpa_t toy_root(const struct toy_vm *vm);

/* Run until the next exit; interrupts are on after it. */
enum hvm_exit_kind toy_enter(struct toy_vm *vm);

/* ... that is not an interrupt of the host: its timer has no end. */
enum hvm_exit_kind toy_run(struct toy_vm *vm);

struct toy_shared volatile *toy_shared(struct toy_vm *vm);

/* A page of which every word is @word. */
void toy_fill(struct toy_page *page, u64 word);

/* The pieces of toy_guest.S. */
#define TOY_GUEST(name) extern const char name[], name##_end[]
TOY_GUEST(toy_exits);
TOY_GUEST(toy_registers);
TOY_GUEST(toy_access);
TOY_GUEST(toy_reader);
TOY_GUEST(toy_count);
TOY_GUEST(toy_count_deaf);

#endif
