#include "test/boot/toy_vm.h"

#include "arch/x86/page.h"
#include "lib/string.h"

#define EPT_READ	(1ull << 0)
#define EPT_WRITE	(1ull << 1)
#define EPT_EXECUTE	(1ull << 2)
#define EPT_WRITE_BACK	(6ull << 3)
#define EPT_ACCESSED	(1ull << 8)
#define EPT_DIRTY	(1ull << 9)

#define NPT_PRESENT	(1ull << 0)
#define NPT_WRITE	(1ull << 1)
#define NPT_USER	(1ull << 2)	/* every access of a guest is one */
#define NPT_ACCESSED	(1ull << 5)
#define NPT_DIRTY	(1ull << 6)
#define NPT_NO_EXECUTE	(1ull << 63)

#define PTE_TABLE	0x63ull		/* present, writable, A, D */
#define PTE_LARGE	0xe3ull		/* ... 2 MiB */
#define LARGE_SIZE	(2ull << 20)

#define VMCALL_LAST	0xc1		/* 0f 01 c1 */
#define VMMCALL_LAST	0xd9		/* 0f 01 d9 */

static u64 address_of(const void *page)
{
	return ptr_to_hpa(page).v;
}

static bool is_npt(void)
{
	return hvm_info.format == HVM_NPT;
}

static u64 table_entry(const void *table)
{
	return address_of(table) | (is_npt() ?
		NPT_PRESENT | NPT_WRITE | NPT_USER :
		EPT_READ | EPT_WRITE | EPT_EXECUTE);
}

/* NPT has no right to read: what is present may be read. */
static u64 leaf_entry(const void *page, u32 rights)
{
	bool write = rights & TOY_WRITE, execute = rights & TOY_EXECUTE;

	if (!rights)
		return 0;
	if (is_npt())
		return address_of(page) | NPT_PRESENT | NPT_USER |
		       (write ? NPT_WRITE : 0) |
		       (execute ? 0 : NPT_NO_EXECUTE);
	return address_of(page) | EPT_READ | EPT_WRITE_BACK |
	       (write ? EPT_WRITE : 0) | (execute ? EPT_EXECUTE : 0);
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

static void build_nested_tables(struct toy_vm *vm)
{
	int level;
	u32 i;

	for (level = ROOT_LEVEL; level > 1; level--)
		vm->nested[level - 1].word[0] =
			table_entry(&vm->nested[level - 2]);
	for (i = 0; i < array_count(vm->tables); i++)
		toy_map(vm, TOY_TABLES + i * PAGE_SIZE, &vm->tables[i],
			TOY_READ | TOY_WRITE);
	toy_map(vm, TOY_CODE, &vm->code, TOY_READ | TOY_EXECUTE);
	toy_map(vm, TOY_SHARED, &vm->shared, TOY_READ | TOY_WRITE);
}

/* The pieces say VMCALL; nowhere else do they contain its bytes. */
static void load_code(struct toy_vm *vm, const char *start, const char *end)
{
	u8 *code = (u8 *)&vm->code;
	u32 i;

	memcpy(code, start, end - start);
	if (!hvm_info.vmmcall)
		return;
	for (i = 2; i < end - start; i++)
		if (code[i - 2] == 0x0f && code[i - 1] == 0x01 &&
		    code[i] == VMCALL_LAST)
			code[i] = VMMCALL_LAST;
}

int toy_vm_init(struct toy_vm *vm, const char *start, const char *end)
{
	memset(vm, 0, sizeof(*vm));
	load_code(vm, start, end);
	build_guest_tables(vm);
	build_nested_tables(vm);
	return hvm_vcpu_init(&vm->vcpu, &vm->control, toy_root(vm), TOY_CODE,
			     TOY_SHARED + PAGE_SIZE, TOY_TABLES);
}

void toy_vm_destroy(struct toy_vm *vm)
{
	hvm_vcpu_destroy(&vm->vcpu);
}

u32 toy_marks(const struct toy_vm *vm, u64 gpa)
{
	u64 leaf = READ_ONCE(vm->nested[0].word[table_index(gpa, 1)]);
	u64 accessed = is_npt() ? NPT_ACCESSED : EPT_ACCESSED;
	u64 dirty = is_npt() ? NPT_DIRTY : EPT_DIRTY;

	return (leaf & accessed ? TOY_ACCESSED : 0) |
	       (leaf & dirty ? TOY_DIRTY : 0);
}

void toy_map(struct toy_vm *vm, u64 gpa, const struct toy_page *page,
	     u32 rights)
{
	WRITE_ONCE(vm->nested[0].word[table_index(gpa, 1)],
		   leaf_entry(page, rights));
}

hpa_t toy_root(const struct toy_vm *vm)
{
	return ptr_to_hpa(&vm->nested[ROOT_LEVEL - 1]);
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
