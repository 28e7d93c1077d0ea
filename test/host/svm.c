/*
 * The SVM back end over the CPU of test/cpu/svm_model.h: with any number of
 * ASIDs no VMRUN meets a translation that is another vCPU's, another root's or
 * older than a flush of its root, and none drops what nobody asked for.
 */
#include "test/cpu/svm_model.h"

#include <string.h>

#undef skip				/* cmocka's */

static u8 run(u32 i)
{
	svm_backend.enter(&test_vcpus[i]);
	return flushed;
}

static u64 counted(const char *name)
{
	const struct counter *c;

	for (c = __start_counters; c < __stop_counters; c++)
		if (!strcmp(c->name, name))
			return counter_sum(c);
	fail_msg("no counter %s", name);
	return 0;
}

/* --- Who owns an ASID --- */

/* Two vCPUs and one ASID: whoever comes in between is flushed away. */
static void test_takeover(void **state)
{
	(void)state;
	power_on(2, EDX_BY_ASID);
	init_vcpu(0, 0);
	init_vcpu(1, 0);
	assert_int_equal(vmcbs[0].asid, 1);
	assert_int_equal(vmcbs[1].asid, 1);
	assert_int_equal(run(0), FLUSH_ASID);
	assert_int_equal(run(0), FLUSH_NONE);
	assert_int_equal(run(1), FLUSH_ASID);
	assert_int_equal(run(1), FLUSH_NONE);
	assert_int_equal(run(0), FLUSH_ASID);
	/* A new one at the same place is not the old one. */
	svm_backend.vcpu_destroy(&test_vcpus[0]);
	assert_null(test_vcpus[0].control);
	init_vcpu(0, 0);
	assert_int_equal(run(0), FLUSH_ASID);
	assert_int_equal(run(0), FLUSH_NONE);
	/* Who was not the last leaves no trace when it goes. */
	svm_backend.vcpu_destroy(&test_vcpus[1]);
	assert_int_equal(run(0), FLUSH_NONE);
}

/* As long as there are ASIDs, each vCPU of a CPU has its own. */
static void test_given(void **state)
{
	static const u32 counts[] = { 2, 3, 8, 15, 16, 17, ASIDS, 1 << 20 };
	u32 i, j, n;

	(void)state;
	for (i = 0; i < array_count(counts); i++) {
		bool given[17] = { false };

		power_on(counts[i], 0);
		n = counts[i] < 16 ? counts[i] : 16;
		for (j = 0; j < n - 1; j++) {
			init_vcpu(j, 0);
			assert_in_range(vmcbs[j].asid, 1, n - 1);
			assert_int_equal(given[vmcbs[j].asid], false);
			given[vmcbs[j].asid] = true;
			assert_int_equal(test_vcpus[j].bound_cpu, 0);
		}
		init_vcpu(j, 0);	/* one too many: again the first */
		assert_int_equal(vmcbs[j].asid, vmcbs[0].asid);
		fake_cpu(1);		/* which are of each CPU */
		init_vcpu(j + 1, 0);
		assert_in_range(vmcbs[j + 1].asid, 1, n - 1);
		assert_int_equal(test_vcpus[j + 1].bound_cpu, 1);
	}
}

/* A flush of a root is of all its ASIDs, on this CPU, once each. */
static void test_flush_root(void **state)
{
	u64 single, all;

	(void)state;
	power_on(16, EDX_BY_ASID);
	single = counted("tlb_control_single");
	all = counted("tlb_control_all");
	init_vcpu(0, 0);
	init_vcpu(1, 0);
	init_vcpu(2, 1);
	fake_cpu(1);
	init_vcpu(3, 0);
	assert_int_equal(run(3), FLUSH_ASID);
	fake_cpu(0);
	run(0), run(1), run(2);
	assert_int_equal(counted("tlb_control_single"), single + 4);

	svm_backend.flush_root(root_at(0));
	assert_int_equal(run(2), FLUSH_NONE);
	assert_int_equal(run(0), FLUSH_ASID);
	assert_int_equal(run(0), FLUSH_NONE);
	assert_int_equal(run(1), FLUSH_ASID);
	assert_int_equal(run(1), FLUSH_NONE);
	fake_cpu(1);
	assert_int_equal(run(3), FLUSH_NONE);
	assert_int_equal(counted("tlb_control_single"), single + 6);
	assert_int_equal(counted("tlb_control_all"), all);
}

/* Without a flush of one ASID it is all of them, and then none is owed. */
static void test_flush_all(void **state)
{
	u64 single, all;

	(void)state;
	power_on(16, 0);
	single = counted("tlb_control_single");
	all = counted("tlb_control_all");
	init_vcpu(0, 0);
	init_vcpu(1, 1);
	assert_int_equal(run(0), FLUSH_ALL);
	assert_int_equal(run(1), FLUSH_ALL);	/* its first time */
	assert_int_equal(vmcbs[1].clean, 0);	/* nor is there that */
	svm_backend.flush_root(root_at(0));
	svm_backend.flush_root(root_at(1));
	assert_int_equal(run(1), FLUSH_ALL);
	assert_int_equal(run(0), FLUSH_NONE);
	assert_int_equal(counted("tlb_control_all"), all + 3);
	assert_int_equal(counted("tlb_control_single"), single);
}

/* A VMRUN that is refused has flushed, or not: all of it is owed again. */
static void test_refused(void **state)
{
	(void)state;
	power_on(16, EDX_BY_ASID | EDX_CLEAN);
	init_vcpu(0, 0);
	init_vcpu(1, 1);
	run(0), run(1);
	assert_int_equal(vmcbs[0].clean, 0xfff);
	next.exit_code = EXIT_INVALID;
	run(0);
	assert_int_equal(vmcbs[0].clean, 0);
	assert_int_equal(test_vcpus[0].kind, HVM_EXIT_BAD_ENTRY);
	assert_int_equal(test_vcpus[0].detail, EXIT_INVALID);
	next.exit_code = EXIT_INTR;
	assert_int_equal(run(0), FLUSH_ASID);
	assert_int_equal(run(1), FLUSH_ASID);
}

/* --- Everything at once --- */

static struct {
	bool owed[17];
	const struct hvm_vcpu *owner[17];
	u64 root[17];
} spec[CPUS];

static void spec_reset(void)
{
	u32 id, asid;

	memset(spec, 0, sizeof(spec));
	for (id = 0; id < CPUS; id++)
		for (asid = 0; asid < 17; asid++)
			spec[id].owed[asid] = true;
}

/* What the next VMRUN of @i must do, on its CPU; and then it is done. */
static u8 spec_run(u32 i)
{
	u32 id = cpu_id(), asid = vmcbs[i].asid, other;

	if (spec[id].owner[asid] != &test_vcpus[i])
		spec[id].owed[asid] = true;
	spec[id].owner[asid] = &test_vcpus[i];
	spec[id].root[asid] = vmcbs[i].nested_root;
	if (!spec[id].owed[asid])
		return FLUSH_NONE;
	for (other = 0; other < 17; other++)
		if (other == asid || !flush_by_asid)
			spec[id].owed[other] = false;
	return flush_by_asid ? FLUSH_ASID : FLUSH_ALL;
}

static void change(u32 root)
{
	u32 id, asid;

	versions[root]++;
	for (id = 0; id < CPUS; id++) {
		fake_cpu(id);
		svm_backend.flush_root(root_at(root));
		for (asid = 1; asid < 17; asid++)
			if (spec[id].root[asid] == root_at(root).v)
				spec[id].owed[asid] = true;
	}
}

static void come_or_go(u32 i)
{
	u32 asid = vmcbs[i].asid;

	if (!test_vcpus[i].control) {
		fake_cpu((u32)random() % CPUS);
		init_vcpu(i, (u32)random() % ROOTS);
		return;
	}
	fake_cpu(test_vcpus[i].bound_cpu);
	svm_backend.vcpu_destroy(&test_vcpus[i]);
	if (spec[cpu_id()].owner[asid] == &test_vcpus[i])
		spec[cpu_id()].owner[asid] = NULL;
}

static void one_operation(u32 vcpu_count)
{
	u32 i = (u32)random() % vcpu_count, what = (u32)random() % 32;
	u8 expected;

	if (what < 4) {
		change((u32)random() % ROOTS);
	} else if (what < 6) {
		come_or_go(i);
	} else if (test_vcpus[i].control) {
		fake_cpu(test_vcpus[i].bound_cpu);
		next.exit_code = what == 6 ? EXIT_INVALID : EXIT_INTR;
		expected = spec_run(i);
		assert_int_equal(run(i), expected);
		if (what == 6)
			memset(spec[cpu_id()].owed, true,
			       sizeof(spec[0].owed));
	}
}

static void test_random(void **state)
{
	static const u32 counts[] = { 2, 3, 5, 16, 17, ASIDS };
	static const u32 features[] = {
		0, EDX_BY_ASID, EDX_CLEAN, EDX_BY_ASID | EDX_CLEAN,
	};
	u32 i, j, n;

	(void)state;
	srandom(9);
	for (i = 0; i < array_count(counts); i++) {
		for (j = 0; j < array_count(features); j++) {
			power_on(counts[i], features[j]);
			spec_reset();
			for (n = 0; n < 20000; n++)
				one_operation(n % 3 ? VCPUS : 5);
		}
	}
}

/* A vCPU is entered, and let go, on its own CPU. */
static void enter_elsewhere(void *arg)
{
	fake_cpu(1);
	svm_backend.enter(arg);
}

static void destroy_elsewhere(void *arg)
{
	fake_cpu(1);
	svm_backend.vcpu_destroy(arg);
}

static void test_bound(void **state)
{
	(void)state;
	power_on(16, 0);
	init_vcpu(0, 0);
	assert_true(fake_panics(enter_elsewhere, &test_vcpus[0], "bound_cpu"));
	assert_true(fake_panics(destroy_elsewhere, &test_vcpus[0],
				"bound_cpu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takeover),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_flush_root),
		cmocka_unit_test(test_flush_all),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_bound),
	};

	return RUN(tests);
}
