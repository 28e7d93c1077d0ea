#include "test/boot/toy_vm.h"

#include "arch/x86/page.h"
#include "arch/x86/string.h"

#define EPT_ALL		7ull		/* read, write, execute */
#define EPT_WRITE_BACK	(6ull << 3)

#define PTE_TABLE	0x63ull		/* present, writable, A, D */
#define PTE_LARGE	0xe3ull		/* ... 2 MiB */
#define LARGE_SIZE	(2ull << 20)

static u64 address_of(const void *page)
{
	return ptr_to_hpa(page).v;
}

/* The guest's tables map the first 1 GiB at its own addresses. */
static void build_guest_tables(struct toy_vm *vm)
{
	u32 i;

	vm->tables[0].word[0] = (TOY_TABLES + PAGE_SIZE) | PTE_TABLE;
	vm->tables[1].word[0] = (TOY_TABLES + 2 * PAGE_SIZE) | PTE_TABLE;
	for (i = 0; i < TABLE_ENTRIES; i++)
		vm->tables[2].word[i] = i * LARGE_SIZE | PTE_LARGE;
}

static void build_ept(struct toy_vm *vm)
{
	int level;
	u32 i;

	for (level = ROOT_LEVEL; level > 1; level--)
		vm->ept[level - 1].word[0] =
			address_of(&vm->ept[level - 2]) | EPT_ALL;
	for (i = 0; i < array_count(vm->tables); i++)
		toy_map(vm, TOY_TABLES + i * PAGE_SIZE, &vm->tables[i],
			TOY_READ | TOY_WRITE);
	toy_map(vm, TOY_CODE, &vm->code, TOY_READ | TOY_EXECUTE);
	toy_map(vm, TOY_SHARED, &vm->shared, TOY_READ | TOY_WRITE);
}

int toy_vm_init(struct toy_vm *vm, const char *start, const char *end)
{
	memset(vm, 0, sizeof(*vm));
	memcpy(&vm->code, start, end - start);
	build_guest_tables(vm);
	build_ept(vm);
	return hvm_vcpu_init(&vm->vcpu, &vm->control, toy_root(vm), TOY_CODE,
			     TOY_SHARED + PAGE_SIZE, TOY_TABLES);
}

void toy_vm_destroy(struct toy_vm *vm)
{
	hvm_vcpu_destroy(&vm->vcpu);
}

u64 *toy_leaf(struct toy_vm *vm, u64 gpa)
{
	return &vm->ept[0].word[table_index(gpa, 1)];
}

void toy_map(struct toy_vm *vm, u64 gpa, const struct toy_page *page,
	     u32 rights)
{
	WRITE_ONCE(*toy_leaf(vm, gpa),
		   rights ? address_of(page) | EPT_WRITE_BACK | rights : 0);
}

hpa_t toy_root(const struct toy_vm *vm)
{
	return ptr_to_hpa(&vm->ept[ROOT_LEVEL - 1]);
}

enum hvm_exit_kind toy_enter(struct toy_vm *vm)
{
	interrupts_off();
	hvm_enter(&vm->vcpu);
	interrupts_on();
	return vm->vcpu.kind;
}

enum hvm_exit_kind toy_run(struct toy_vm *vm)
{
	while (toy_enter(vm) == HVM_EXIT_INTERRUPT)
		;
	return vm->vcpu.kind;
}

struct toy_shared volatile *toy_shared(struct toy_vm *vm)
{
	return (volatile struct toy_shared *)&vm->shared;
}

void toy_fill(struct toy_page *page, u64 word)
{
	page_fill(page, word);
}
