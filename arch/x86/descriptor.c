#include "arch/x86/descriptor.h"

#include <assert.h>
#include "arch/x86/machine.h"
#include "arch/x86/stack.h"
#include "arch/x86/system.h"
#include "lib/compiler.h"

#define GDT_CODE64	0x00af9b000000ffffull
#define GDT_DATA	0x00cf93000000ffffull
#define GDT_TSS		0x0000890000000000ull	/* 64-bit, available */

#define IST_FAULT	1			/* 0: the current stack */
#define GATE_INTERRUPT	0x8e00			/* present, IF := 0 */

/* SDM vol. 3, figure 8-11. */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, io_map;
} __packed;
static_assert(sizeof(struct tss) == 104, "SDM vol. 3, 8.7");

struct gate {
	u16 offset_low, selector, ist_and_type_low, offset_middle;
	u32 offset_high, reserved;
};

static struct cpu_tables {
	u64 gdt[5];		/* null, code, data, TSS (two words) */
	struct tss tss;
} tables[MAX_CPUS] __aligned(64);

static struct gate idt[256] __aligned(16);

extern char trap_stubs[];	/* trap_entry.S: 16 bytes per vector */
#define TRAP_STUB_SIZE	16

static void set_gate(u32 vector, u32 ist)
{
	u64 offset = (u64)trap_stubs + vector * TRAP_STUB_SIZE;

	idt[vector] = (struct gate){
		.offset_low = (u16)offset,
		.selector = SELECTOR_CODE64,
		.ist_and_type_low = (u16)(GATE_INTERRUPT | ist),
		.offset_middle = (u16)(offset >> 16),
		.offset_high = (u32)(offset >> 32),
	};
}

void descriptor_init(void)
{
	u32 vector;

	for (vector = 0; vector < array_count(idt); vector++)
		set_gate(vector, 0);
	/*
	 * Not the NMI: it may come while the handler of an earlier one runs
	 * (a back end executes INT 2 to unblock NMIs, and a hypervisor below
	 * us may not have blocked them), and would destroy its frame.
	 */
	set_gate(VECTOR_DOUBLE_FAULT, IST_FAULT);
	set_gate(VECTOR_MACHINE_CHECK, IST_FAULT);
}

static void set_tss_descriptor(u64 *gdt, const struct tss *tss)
{
	u64 base = (u64)tss;

	gdt[SELECTOR_TSS / 8] = GDT_TSS | (sizeof(*tss) - 1) |
				(base & 0xffffff) << 16 |
				(base >> 24 & 0xff) << 56;
	gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
}

void descriptor_load(u32 id)
{
	struct cpu_tables *own = &tables[id];
	struct table_pointer gdt = { sizeof(own->gdt) - 1, (u64)own->gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (u64)idt };

	own->gdt[SELECTOR_CODE64 / 8] = GDT_CODE64;
	own->gdt[SELECTOR_DATA / 8] = GDT_DATA;
	set_tss_descriptor(own->gdt, &own->tss);
	own->tss.ist[IST_FAULT - 1] = stack_fault_top(id);
	own->tss.io_map = sizeof(own->tss);

	/* CS, DS, ES and SS hold the same selectors in the boot GDT. */
	__asm__ volatile ("lgdt %0; ltr %1; lidt %2"
			  :: "m" (gdt), "r" ((u16)SELECTOR_TSS), "m" (idtr)
			  : "memory");
}
