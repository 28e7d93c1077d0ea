/*
 * The VMX back end over the CPU of test/cpu/vmx_model.h: no entry meets a
 * translation that is another vCPU's or older than a flush of its root, INVEPT
 * is executed exactly where it is owed, and the VMCS that is meant is current.
 */
#include "test/cpu/vmx_model.h"

#include <string.h>

#undef skip			/* cmocka's */

static u64 counted(const char *name)
{
	const struct counter *c;

	for (c = __start_counters; c < __stop_counters; c++)
		if (!strcmp(c->name, name))
			return counter_sum(c);
	fail_msg("no counter %s", name);
	return 0;
}

static void enter(u32 i)
{
	vmx_backend.enter(&test_vcpus[i]);
	assert_int_equal(test_vcpus[i].kind, HVM_EXIT_INTERRUPT);
}

/* One INVEPT for each flush, of that root, on that CPU; one at the start. */
static void test_flush(void **state)
{
	u64 before, executed;

	(void)state;
	power_on();
	before = counted("invept_single");
	executed = invepts;
	init_vcpu(0, 0);
	init_vcpu(1, 1);
	enter(0);
	enter(1);
	assert_int_equal(invepts, executed + 2);
	assert_int_equal(cpu[0].count, 4);
	vmx_backend.flush_root(root_at(0));
	assert_int_equal(cpu[0].count, 2);
	assert_int_equal(cpu[0].tlb[0].root, root_at(1).v);
	assert_int_equal(invepts, executed + 3);
	assert_int_equal(counted("invept_single"), before + 3);
	enter(0);
	assert_int_equal(cpu[0].count, 4);
}

static bool owed[CPUS][ROOTS];

static bool in_use(u32 root)
{
	u32 i;

	for (i = 0; i < VCPUS; i++)
		if (test_vcpus[i].control &&
		    (vmcss[i].value[slot_of(EPTP)] & PAGE_MASK) ==
			    root_at(root).v)
			return true;
	return false;
}

/* A table changes; who has a VM on it will flush, and nobody else. */
static void change(u32 root)
{
	u32 id;

	versions[root]++;
	for (id = 0; id < CPUS && in_use(root); id++)
		owed[id][root] = true;
}

static void come_or_go(u32 i)
{
	u32 root = (u32)random() % ROOTS;

	if (test_vcpus[i].control) {
		fake_cpu(test_vcpus[i].bound_cpu);
		vmx_backend.vcpu_destroy(&test_vcpus[i]);
		return;
	}
	fake_cpu((u32)random() % CPUS);
	init_vcpu(i, root);
	owed[cpu_id()][root] = false;	/* it begins without any */
}

static void one_operation(void)
{
	u32 i = (u32)random() % VCPUS, what = (u32)random() % 16, root;
	u64 before = invepts;

	if (what < 3) {
		change((u32)random() % ROOTS);
		assert_int_equal(invepts, before);
	} else if (what < 4) {
		come_or_go(i);
		assert_int_equal(invepts, before + !!test_vcpus[i].control);
	} else if (test_vcpus[i].control) {
		fake_cpu(test_vcpus[i].bound_cpu);
		root = root_of(vmcss[i].value[slot_of(EPTP)]);
		if (owed[cpu_id()][root]) {
			vmx_backend.flush_root(root_at(root));
			assert_int_equal(invepts, ++before);
		}
		owed[cpu_id()][root] = false;
		enter(i);
		assert_int_equal(invepts, before);
	}
}

static void test_random(void **state)
{
	u32 round, n;

	(void)state;
	srandom(4);
	for (round = 0; round < 8; round++) {
		power_on();
		memset(owed, 0, sizeof(owed));
		if (round % 2)
			*test_msr(MSR_VMX_PROC2) = (u64)PROC2_EPT << 32;
		if (round / 2 % 2)
			hvm_info.accessed_dirty = !hvm_info.accessed_dirty;
		for (n = 0; n < 10000; n++)
			one_operation();
	}
}

/* 1 to 65535 and again; 0 would be the host's own translations. */
static void test_vpids(void **state)
{
	u64 last, now;
	u32 i;

	(void)state;
	power_on();
	init_vcpu(0, 0);
	last = vmread(VPID);
	for (i = 0; i < 0x10010; i++) {
		vmx_backend.vcpu_destroy(&test_vcpus[0]);
		init_vcpu(0, 0);
		now = vmread(VPID);
		assert_int_equal(now, last == 0xffff ? 1 : last + 1);
		last = now;
	}
}

static void flush_and_fail(void *arg)
{
	(void)arg;
	fail_invept = true;
	vmx_backend.flush_root(root_at(0));
}

static void load_and_fail(void *arg)
{
	init_vcpu(1, 0);
	fail_vmptrld = true;
	vmx_backend.enter(arg);
}

static void enter_elsewhere(void *arg)
{
	fake_cpu(1);
	vmx_backend.enter(arg);
}

static void destroy_elsewhere(void *arg)
{
	fake_cpu(1);
	vmx_backend.vcpu_destroy(arg);
}

static void write_nowhere(void *arg)
{
	(void)arg;
	fake_cpu(2);
	vmx_fill_vmcs(0, 0, 0, 0);
}

static void test_panics(void **state)
{
	(void)state;
	power_on();
	init_vcpu(0, 0);
	assert_true(fake_panics(flush_and_fail, NULL, "O12"));
	assert_true(fake_panics(load_and_fail, &test_vcpus[0], "vmptrld"));
	assert_true(fake_panics(enter_elsewhere, &test_vcpus[0], "bound_cpu"));
	assert_true(fake_panics(destroy_elsewhere, &test_vcpus[0],
				"bound_cpu"));
	assert_true(fake_panics(write_nowhere, NULL, "no VMCS field"));
	fail_invept = true;
	assert_int_equal(vmx_backend.vcpu_init(&test_vcpus[1], regions[1],
					       root_at(0), 0, 0, 0), -EINVAL);
	fail_invept = false;
	fail_vmclear = true;
	assert_int_equal(vmx_backend.vcpu_init(&test_vcpus[1], regions[1],
					       root_at(0), 0, 0, 0), -EINVAL);
	fail_vmclear = false;
}

/* They act on the vCPU that is meant, not on the one that ran last. */
static void test_others(void **state)
{
	(void)state;
	power_on();
	init_vcpu(0, 0);
	init_vcpu(1, 0);
	vmcss[0].value[slot_of(GUEST_RIP)] = 0x1fffffffe;
	vmcss[0].value[slot_of(INSTRUCTION_LENGTH)] = 3;
	vmcss[1].value[slot_of(GUEST_RIP)] = 0x5000;
	vmx_backend.skip(&test_vcpus[0]);
	assert_int_equal(vmx_backend.rip(&test_vcpus[1]), 0x5000);
	assert_int_equal(vmx_backend.rip(&test_vcpus[0]), 0x200000001);
}

/* A VMCS is loaded where another was current, and nowhere else. */
static void test_loads(void **state)
{
	u64 before;

	(void)state;
	power_on();
	init_vcpu(0, 0);
	init_vcpu(1, 0);
	before = loads;
	enter(1);
	assert_int_equal(loads, before);
	enter(0);
	enter(0);
	(void)vmx_backend.rip(&test_vcpus[0]);
	assert_int_equal(loads, before + 1);
	/* Another goes: this one stays current. */
	vmx_backend.vcpu_destroy(&test_vcpus[1]);
	enter(0);
	assert_int_equal(loads, before + 1);
	/* This one goes, and a new one comes to its place. */
	vmx_backend.vcpu_destroy(&test_vcpus[0]);
	init_vcpu(0, 0);
	enter(0);
	assert_int_equal(loads, before + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_vpids),
		cmocka_unit_test(test_panics),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_loads),
	};

	return RUN(tests);
}
