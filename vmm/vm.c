#include "vmm/vm.h"

#include "lib/error.h"
#include "lib/string.h"
#include "vmm/loader.h"

_Static_assert(GUEST_MAILBOX_GPA + GUEST_MAX_VCPUS * PAGE_SIZE
	       <= GUEST_STACK_GPA, "the mailboxes fit");
_Static_assert(sizeof(struct mailbox) <= PAGE_SIZE, "one page a mailbox");

void *vm_control(gpa_t gpa)
{
	return (void *)(CONTROL_HVA + gpa.v);
}

u64 *vm_page(u32 page)
{
	return (u64 *)(DATA_HVA + page * PAGE_SIZE);
}

struct mailbox *vm_mailbox(u32 vcpu)
{
	return vm_control((gpa_t){ GUEST_MAILBOX_GPA + vcpu * PAGE_SIZE });
}

struct oracle_page *vm_oracle(u32 page)
{
	return (struct oracle_page *)vm_control((gpa_t){ GUEST_ORACLE_GPA }) +
	       page;
}

struct guest_page *vm_guest_page(const struct vm *vm, u32 vcpu, u32 page)
{
	u32 pages = vm->config.page_count;

	return (struct guest_page *)vm_control((gpa_t){
			GUEST_SEEN_GPA(pages) }) + (u64)vcpu * pages + page;
}

struct hva_range vm_data_range(const struct vm *vm)
{
	return (struct hva_range){
		{ DATA_HVA },
		{ DATA_HVA + vm->config.page_count * PAGE_SIZE },
	};
}

/*
 * Make every control page present and writable before anybody uses it: if
 * memory runs out, it is here, as an error.
 */
static int populate_control(struct vm *vm)
{
	u64 gpa;

	for (gpa = GUEST_CONTROL_GPA; gpa < vm->control_end; gpa += PAGE_SIZE) {
		int err = mm_fault(vm->mm, (hva_t){ CONTROL_HVA + gpa },
				   MM_WRITE);
		if (err)
			return err;
	}
	return 0;
}

static int add_slots(struct vm *vm)
{
	u64 control_pages = (vm->control_end - GUEST_CONTROL_GPA) >> PAGE_SHIFT;
	struct memslot control = {
		.gfn = gpa_to_gfn((gpa_t){ GUEST_CONTROL_GPA }),
		.page_count = control_pages,
		.hva = { CONTROL_HVA + GUEST_CONTROL_GPA },
	};
	struct memslot data = {
		.gfn = gpa_to_gfn((gpa_t){ GUEST_DATA_GPA }),
		.page_count = vm->config.page_count,
		.hva = { DATA_HVA },
	};
	int err = ept_add_slot(&vm->ept, control);

	if (!err)
		err = ept_add_slot(&vm->ept, data);
	if (!err && vm->config.alias) {
		data.gfn = gpa_to_gfn((gpa_t){ GUEST_ALIAS_GPA });
		err = ept_add_slot(&vm->ept, data);
	}
	return err;
}

struct birth {
	struct vcpu *vcpu;
	void *page;
	int err;
};

/* On the vCPU's home CPU, with the CR3 that it will always exit to. */
static void vcpu_birth(void *arg)
{
	struct birth *birth = arg;
	struct vcpu *vcpu = birth->vcpu;
	struct mm *old = this_cpu()->mm;
	u64 stack = GUEST_STACK_GPA + (vcpu->index + 1) * GUEST_STACK_SIZE;

	mm_switch(vcpu->vm->mm);
	birth->err = hvm_vcpu_init(&vcpu->hvm, birth->page,
				   ptr_to_hpa(vcpu->vm->ept.root),
				   GUEST_IMAGE_GPA, stack, GUEST_TABLES_GPA);
	vcpu->hvm.regs.rdi = GUEST_MAILBOX_GPA + vcpu->index * PAGE_SIZE;
	mm_switch(old);
}

static void vcpu_death(void *arg)
{
	struct vcpu *vcpu = arg;

	hvm_vcpu_destroy(&vcpu->hvm);
}

static int add_vcpu(struct vm *vm, u32 index)
{
	struct vcpu *vcpu = &vm->vcpus[index];
	struct frame *page = frame_alloc_zeroed();
	struct birth birth = { vcpu, NULL, 0 };

	if (!page)
		return -ENOMEM;
	birth.page = frame_ptr(page);
	vcpu->vm = vm;
	vcpu->index = index;
	vcpu->home = cpu_count > 1 ? 1 + index : 0;
	ept_add_vcpu(&vm->ept, &vcpu->tlb);
	cpu_call(vcpu->home, vcpu_birth, &birth);
	if (birth.err) {
		frame_put(page);
		return birth.err;
	}
	vm->vcpu_count++;
	return 0;
}

static int create(struct vm *vm)
{
	const struct vm_config *config = &vm->config;
	struct hva_range control = {
		{ CONTROL_HVA + GUEST_CONTROL_GPA },
		{ CONTROL_HVA + vm->control_end },
	};
	u32 i;
	int err;

	err = mm_mmap(vm->mm, vm_data_range(vm), VMA_WRITE | VMA_MERGEABLE);
	if (!err)
		err = mm_mmap(vm->mm, control, VMA_WRITE | VMA_NOFORK);
	if (!err)
		err = populate_control(vm);
	if (err)
		return err;
	mm_switch(vm->mm);
	guest_load(vm);
	err = add_slots(vm);
	for (i = 0; i < config->vcpu_count && !err; i++)
		err = add_vcpu(vm, i);
	return err;
}

static u64 control_end(u32 page_count, u32 vcpu_count)
{
	u64 seen = (u64)page_count * vcpu_count *
		   sizeof(struct guest_page);

	return (GUEST_SEEN_GPA(page_count) + seen + ~PAGE_MASK) & PAGE_MASK;
}

u64 vm_gfn_count(u32 page_count, u32 vcpu_count)
{
	return 2ull * page_count +
	       ((control_end(page_count, vcpu_count) - GUEST_CONTROL_GPA) >>
		PAGE_SHIFT);
}

int vm_create(struct vm *vm, const struct vm_config *config)
{
	int err;

	if (cpu_count > 1 && config->vcpu_count > cpu_count - 1)
		return -EINVAL;
	memset(vm, 0, sizeof(*vm));
	vm->config = *config;
	vm->control_end = control_end(config->page_count, config->vcpu_count);
	vm->mm = mm_create();
	if (!vm->mm)
		return -ENOMEM;
	err = ept_init(&vm->ept, vm->mm, config->policy,
		       spte_format(hvm_info.format,
				   hvm_info.accessed_dirty));
	if (err) {
		mm_put(vm->mm);
		vm->mm = NULL;
		return err;
	}
	err = create(vm);
	if (err)
		vm_destroy(vm);
	return err;
}

void vm_destroy(struct vm *vm)
{
	u32 i;

	for (i = 0; i < vm->vcpu_count; i++) {
		void *page = vm->vcpus[i].hvm.control;

		cpu_call(vm->vcpus[i].home, vcpu_death, &vm->vcpus[i]);
		frame_put(ptr_frame(page));
	}
	vm->vcpu_count = 0;
	if (!vm->mm)
		return;
	if (this_cpu()->mm == vm->mm)
		mm_switch(NULL);
	ept_destroy(&vm->ept);
	mm_put(vm->mm);
	vm->mm = NULL;
}
