#include "test/host/pair.h"

#include "mm/ksm.h"

const char *const row_names[ROW_COUNT] = {
	[ROW_BRACKET] = "bracket",
	[ROW_CLEAR_FLUSH_NOTIFY] = "clear-flush-notify",
	[ROW_CHANGE_2009] = "change-2009",
	[ROW_CHANGE_PTE] = "change-pte",
	[ROW_UPGRADE_NOFLUSH] = "upgrade-noflush",
	[ROW_BATCH] = "batch",
	[ROW_DEFER] = "defer",
};

static const u64 first_gfn[2] = { 0x200, 0x91000 };

struct machine machines[2];

struct mm *child;

/* A fault may have to be taken again because it changed P itself. */
#define MAX_RETRIES	100

static int on_fault(gpa_t gpa, u32 access)
{
	struct machine *m = &machines[cpu_id() - 1];

	switch (ept_fault(&m->ept, gpa, access)) {
	case EPT_FAULT_FIXED:
	case EPT_FAULT_SPURIOUS:
		return 0;
	case EPT_FAULT_RETRY:
		return m->retries++ < MAX_RETRIES ? 0 : -EAGAIN;
	default:
		return -EFAULT;
	}
}

void machine_make(u32 i, const struct policy *policy)
{
	struct machine *m = &machines[i];
	struct memslot slot = { { first_gfn[i] }, N, page_hva(0) };

	*m = (struct machine){ 0 };
	assert_int_equal(ept_init(&m->ept, mm, policy,
				  spte_format(HVM_EPT, true)), 0);
	assert_int_equal(ept_add_slot(&m->ept, slot), 0);
	ept_add_vcpu(&m->ept, &m->tlb);
	check_watch(&m->ept);
}

void machine_start(u32 i, u32 row)
{
	const struct policy *policy = policy_find(row_names[row]);

	assert_non_null(policy);
	machine_make(i, policy);
	machines[i].row = row;
}

void machine_stop(u32 i)
{
	u32 self = fake_cpu(i + 1);

	fake_guest_leave();
	fake_cpu(self);
	check_unwatch(&machines[i].ept);
	ept_destroy(&machines[i].ept);
}

/* A machine without VMs, three CPUs, and a checker that has heard nothing. */
void pair_begin(void)
{
	assert_int_equal(setup(NULL), 0);
	fake_reset(3);
	fake_log_off();
	mm_switch(mm);
	fake_guest_fault = on_fault;
	child = NULL;
	check_start();
}

void pair_end(void)
{
	if (child)
		mm_put(child);
	assert_int_equal(teardown(NULL), 0);
}

bool pair_is_quiet(void)
{
	char text[400];

	if (!check_total())
		return true;
	check_format(check_report(0), text, sizeof(text));
	print_error("%s\n", text);
	return false;
}

gpa_t machine_gpa(u32 i, u64 page)
{
	return gfn_to_gpa((gfn_t){ first_gfn[i] + page });
}

/* The vCPU stays inside, with its translations. */
u64 machine_read(u32 i, u64 page)
{
	u32 self = fake_cpu(i + 1);
	u64 value;
	int err = fake_guest_read(&machines[i].tlb, machine_gpa(i, page), &value);

	fake_cpu(self);
	assert_int_equal(err, 0);
	return value;
}

void machine_write(u32 i, u64 page, u64 value)
{
	u32 self = fake_cpu(i + 1);
	int err = fake_guest_write(&machines[i].tlb, machine_gpa(i, page), value);

	fake_cpu(self);
	assert_int_equal(err, 0);
}

void pair_read(u64 value)
{
	u64 page;
	u32 i;

	for (page = 0; page < N; page++)
		for (i = 0; i < 2; i++)
			assert_int_equal(machine_read(i, page), value);
}

/* Each page is present and writable in both. */
void pair_write(u64 value)
{
	u64 page;
	u32 i;

	for (page = 0; page < N; page++)
		for (i = 0; i < 2; i++)
			machine_write(i, page, value);
}

void pair_fork(void)
{
	child = mm_fork(mm);
	assert_non_null(child);
}

void pair_fork_and_read(void)
{
	pair_fork();
	pair_read(1);
}

void pair_fork_and_exit(void)
{
	pair_fork_and_read();
	mm_put(child);
	child = NULL;
}

void pair_host_write(void)
{
	u64 page;

	for (page = 0; page < N; page++)
		write_page(page, 2);
}

void pair_scan(void)
{
	u32 pass;

	assert_int_equal(ksm_add(mm, pages(0, N)), 0);
	for (pass = 0; pass < 2; pass++) {
		ksm_begin_pass();
		while (ksm_scan_next())
			;
	}
	assert_ptr_equal(frame_of(mm, 0), frame_of(mm, 1));
	ksm_exit();
}

void pair_discard(void)
{
	mm_discard(mm, pages(0, N));
}
