/*
 * A guest that exits as it likes: each record of the input is an exit with its
 * details and registers. The run loop is the kernel's; the hardware below it is
 * this file.
 */
#include "test/fuzz/fuzz.h"

#include <string.h>
#include "arch/x86/smp.h"
#include "mm/frame.h"
#include "test/fake/fake.h"
#include "vmm/vm.h"

const char fuzz_name[] = "exits";

#define PAGES		4
#define CONTROL_PAGES	2

struct exit_record {
	u8 kind, access, region, number;
	u32 offset;
	u64 word;
} __packed;

static const u8 *input;
static size_t input_left;
static struct vm vm;

/* --- The hardware. */

struct hvm_info hvm_info;

const char *const hvm_exit_names[HVM_EXIT_COUNT] = {
	[HVM_EXIT_FAULT] = "fault", [HVM_EXIT_HYPERCALL] = "hypercall",
	[HVM_EXIT_CPUID] = "cpuid", [HVM_EXIT_INTERRUPT] = "interrupt",
	[HVM_EXIT_NMI] = "nmi", [HVM_EXIT_EXCEPTION] = "exception",
	[HVM_EXIT_HLT] = "hlt", [HVM_EXIT_IO] = "io", [HVM_EXIT_MSR] = "msr",
	[HVM_EXIT_SHUTDOWN] = "shutdown", [HVM_EXIT_BAD_ENTRY] = "bad_entry",
	[HVM_EXIT_OTHER] = "other",
};

/* In a slot, just beside one, or anywhere. */
static gpa_t gpa_of(const struct exit_record *r)
{
	switch (r->region % 4) {
	case 0:
		return (gpa_t){ r->word };
	case 1:
		return (gpa_t){ GUEST_CONTROL_GPA +
				r->offset % ((CONTROL_PAGES + 1) * PAGE_SIZE) };
	case 2:
		return (gpa_t){ GUEST_ALIAS_GPA +
				r->offset % ((PAGES + 1) * PAGE_SIZE) };
	}
	return (gpa_t){ GUEST_DATA_GPA + r->offset % ((PAGES + 1) *
						      PAGE_SIZE) };
}

void hvm_enter(struct hvm_vcpu *vcpu)
{
	struct exit_record r = { .kind = HVM_EXIT_HLT };
	u64 *registers = &vcpu->regs.rax;

	if (input_left >= sizeof(r)) {
		memcpy(&r, input, sizeof(r));
		input += sizeof(r);
		input_left -= sizeof(r);
	}
	vcpu->kind = r.kind % HVM_EXIT_COUNT;
	vcpu->detail = r.word;
	vcpu->gpa = gpa_of(&r);
	vcpu->access = r.access % 8;
	registers[r.number % 15] = r.word;
	if (r.region & 4)
		vcpu->regs.rax = r.number;	/* a known hypercall, perhaps */
}

void hvm_skip(struct hvm_vcpu *vcpu)
{
	(void)vcpu;
}

u64 hvm_rip(struct hvm_vcpu *vcpu)
{
	return vcpu->regs.r15;
}

bool cpu_busy(u32 id)
{
	(void)id;
	return false;
}

/* --- The machine. */

static int add_slot(u64 gpa, u64 page_count, u64 hva)
{
	const struct memslot slot = {
		gpa_to_gfn((gpa_t){ gpa }), page_count, { hva },
	};

	return ept_add_slot(&vm.ept, slot);
}

/* The data may be written, the control pages may not. */
static void create(const struct policy *policy)
{
	struct hva_range data = { { DATA_HVA },
				  { DATA_HVA + PAGES * PAGE_SIZE } };
	struct hva_range control = { { CONTROL_HVA },
				     { CONTROL_HVA + CONTROL_PAGES *
				       PAGE_SIZE } };
	struct vcpu *vcpu = &vm.vcpus[0];

	memset(&vm, 0, sizeof(vm));
	vm.mm = mm_create();
	FUZZ_EXPECT(vm.mm);
	FUZZ_EXPECT(!mm_mmap(vm.mm, data, VMA_WRITE | VMA_MERGEABLE));
	FUZZ_EXPECT(!mm_mmap(vm.mm, control, 0));
	FUZZ_EXPECT(!ept_init(&vm.ept, vm.mm, policy,
			      spte_format(HVM_EPT, true)));
	FUZZ_EXPECT(!add_slot(GUEST_DATA_GPA, PAGES, DATA_HVA));
	FUZZ_EXPECT(!add_slot(GUEST_ALIAS_GPA, PAGES, DATA_HVA));
	FUZZ_EXPECT(!add_slot(GUEST_CONTROL_GPA, CONTROL_PAGES, CONTROL_HVA));
	vcpu->vm = &vm;
	ept_add_vcpu(&vm.ept, &vcpu->tlb);
}

static void destroy(void)
{
	ept_destroy(&vm.ept);
	mm_put(vm.mm);
}

static void power_on(void)
{
	static bool has_memory;

	if (!has_memory)
		fake_ram_init();
	has_memory = true;
	fake_reset(1);
	fake_log_off();
}

/* The first byte chooses the policy. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	enum vcpu_stop stop;
	u64 free_before;

	if (!size)
		return 0;
	power_on();
	free_before = frame_free_count();
	create(&policies[data[0] % policy_count]);
	input = data + 1;
	input_left = size - 1;
	do {
		stop = vcpu_run(&vm.vcpus[0]);
		FUZZ_EXPECT(stop == VCPU_DONE || stop == VCPU_YIELDED ||
			    stop == VCPU_FAILED);
	} while (stop != VCPU_FAILED);
	FUZZ_EXPECT(vm.failed);
	FUZZ_EXPECT(!strncmp(vm.message, "guest vcpu 0: ", 14));
	FUZZ_EXPECT(!strchr(vm.message, '\n'));
	FUZZ_EXPECT(!vm.ept.inprog);
	destroy();
	FUZZ_EXPECT(frame_free_count() == free_before);	/* INV-FREE */
	return 0;
}
