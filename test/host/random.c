/*
 * Long random sequences of all operations, under each policy, against a model
 * of memory; and under mutants, which this must catch.
 *
 *	TANDEM_OPERATIONS=N	under all policies together (default 10000000)
 *	TANDEM_SEED=N		another sequence, or one that has failed
 *	TANDEM_POLICY=NAME	under this policy alone
 */
#include "test/host/operations.h"

#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lab/check/check.h"
#include "lib/rule.h"
#include "test/host/history.h"

enum {
	OPERATIONS = 10000000,
	MUTANT_OPERATIONS = 200000,
	MEETS_ALL = 10000,	/* operations that meet all counters of met[] */
	MIN_PAGES = 8,
	RESTART_EVERY = 2000,	/* operations, on average */
	FAIL_EVERY = 64,	/* operations, on average: out of memory */
	LOOK_EVERY = 64,	/* operations, at each entry */
	READ_EVERY = 1024,	/* operations, all of memory */
	STEPS_EVERY = 2,	/* steps, on average: another CPU goes on */
};

static const struct policy *policy;
static u64 free_before;
static bool in_operation, in_step;

static u64 number_from(const char *name, u64 otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : otherwise;
}

/* --- Beginning and end. */

static void begin_vm(void)
{
	vm_start(policy, now.page_count);
	ept_add_vcpu(&vm, &vcpus[1]);
}

/* No vCPU is inside. */
static void end_vm(void)
{
	check_stop();
	ept_destroy(&vm);
}

static void begin(void)
{
	u32 cpu;

	now.page_count = MIN_PAGES +
			 operations_below(MODEL_PAGES - MIN_PAGES + 1);
	free_before = frame_free_count();
	memset(&spaces[0], 0, sizeof(spaces[0]));
	spaces[0].mm = mm = mm_create();
	spaces[0].writable = true;
	assert_non_null(mm);
	assert_int_equal(mm_mmap(mm, pages(0, now.page_count),
				VMA_WRITE | VMA_MERGEABLE), 0);
	begin_vm();
	for (cpu = 0; cpu < OPERATION_CPUS; cpu++)
		operations_run_space(cpu, &spaces[0]);
	fake_cpu(0);
}

static void end(void)
{
	u32 i;

	for (i = 0; i < OPERATION_CPUS; i++)
		operations_run_space(i, NULL);
	fake_cpu(0);
	operations_let_go();
	end_vm();
	for (i = 0; i < MODEL_SPACES; i++) {
		if (spaces[i].mm)
			mm_put(spaces[i].mm);
		spaces[i].mm = NULL;
	}
	if (frame_free_count() != free_before)
		history_wrong("INV-FREE: %lld frames leaked",
			(long long)(free_before - frame_free_count()));
}

/* TLBs stay as they are, and frames become roots again (O13). */
static void restart(void)
{
	if (operations_below(2)) {
		end();
		begin();
		return;
	}
	operations_forget();
	end_vm();
	begin_vm();
}

/* --- One operation, and CPUs that go on in the middle of it. */

/* What would fault waits for a better time: locks may be held. */
static int no_fault_now(gpa_t gpa, u32 access)
{
	(void)gpa, (void)access;
	return -EAGAIN;
}

static void hear(struct step_listener *listener,
		 const struct step_event *event)
{
	int (*on_fault)(gpa_t gpa, u32 access) = fake_guest_fault;
	u32 cpu;

	(void)listener, (void)event;
	if (!in_operation || in_step || operations_below(STEPS_EVERY))
		return;
	in_step = true;
	fake_guest_fault = no_fault_now;
	do {
		cpu = operations_below(OPERATION_CPUS);
		if (cpu != cpu_id() && cpu != now.cpu)	/* it is not busy */
			operations_go_on(cpu);
	} while (operations_below(2));
	fake_guest_fault = on_fault;
	in_step = false;
}

static struct step_listener listener = { .hear = hear };

/* Mutants are the model's to catch. */
static void ask_checker(void)
{
	char text[400];

	if (!rules_are_on() || !check_total())
		return;
	check_format(check_report(0), text, sizeof(text));
	history_wrong("%s", text);
}

static void look_at_entries(void)
{
	u32 i;

	if (!vm_agrees())
		history_wrong("INV-SUBSET, or S and P map two frames");
	for (i = 0; i < MODEL_SPACES; i++)
		if (spaces[i].mm &&
		    model_breaks_inv_write(&spaces[i], now.page_count))
			history_wrong("INV-WRITE in space %u", i);
}

static void read_everything(void)
{
	u32 i;

	for (i = 0; i < MODEL_SPACES; i++) {
		const char *difference = NULL;

		if (spaces[i].mm)
			difference = model_difference(&spaces[i],
						      now.page_count);
		if (difference)
			history_wrong("%s", difference);
	}
}

static void perform_one(void)
{
	now.memory_fails = !operations_below(FAIL_EVERY);
	if (now.memory_fails)
		frame_fail_at(1 + operations_below(4));
	now.frozen = now.vanishing_of = NULL;
	in_operation = true;
	operations_any();
	in_operation = false;
	frame_fail_at(0);
	fake_cpu(0);
	ask_checker();
	if (history_count() % LOOK_EVERY == 0)
		look_at_entries();
	if (history_count() % READ_EVERY == 0)
		read_everything();
	if (!operations_below(RESTART_EVERY))
		restart();
}

/* True: all @count operations went well. */
static bool perform(const struct policy *which, u64 seed, u64 count)
{
	memset(&now, 0, sizeof(now));
	history_start();
	now.random = seed;
	policy = which;
	fake_reset(OPERATION_CPUS);
	begin();
	step_listen(&listener);
	fake_log_off();
	while (history_count() < count) {
		perform_one();
		if (history_what())
			break;
		history_next();
	}
	step_unlisten(&listener);
	end();
	return !history_what();
}

/* --- The tests. */

static u64 seed;

/* What a sequence must have met, not to be empty words. */
extern struct counter count_cow_copy, count_cow_reuse, count_ksm_merged;
extern struct counter count_ksm_broken, count_kicks, count_primary_ipis;

static struct counter *const met[] = {
	&count_cow_copy, &count_cow_reuse, &count_ksm_merged,
	&count_ksm_broken, &count_kicks, &count_primary_ipis,
};

static void test_policies(void **state)
{
	u64 before[array_count(met)];
	const char *only = getenv("TANDEM_POLICY");
	u64 count = number_from("TANDEM_OPERATIONS", OPERATIONS);
	u32 i, j;

	(void)state;
	for (i = 0; i < policy_count; i++) {
		for (j = 0; j < array_count(met); j++)
			before[j] = counter_sum(met[j]);
		if (only && strcmp(only, policies[i].name))
			continue;
		print_message("# %s: %llu operations, TANDEM_SEED=%llu\n",
			      policies[i].name,
			      (unsigned long long)count / policy_count,
			      (unsigned long long)seed);
		if (!perform(&policies[i], seed, count / policy_count)) {
			history_explain();
			fail();
		}
		for (j = 0; j < array_count(met); j++)
			if (count / policy_count >= MEETS_ALL)
				assert_true(counter_sum(met[j]) > before[j]);
	}
}

static void deliver_nothing(struct ept *ept)
{
	(void)ept;
}

static const struct deliver_choice never = {
	{ "never", "for the test" }, deliver_nothing,
};

/*
 * A stale write may hit anything, this program included: a process of its own
 * then dies of it.
 */
static void end_quietly(int signal)
{
	(void)signal;
	_exit(EXIT_FAILURE);
}

static __noreturn void run_mutant(const struct policy *mutant)
{
	signal(SIGSEGV, end_quietly);
	signal(SIGABRT, end_quietly);
	rules_off();
	if (perform(mutant, seed, MUTANT_OPERATIONS))
		_exit(EXIT_SUCCESS);
	print_message("# %s without flushes: operation %llu: %s\n",
		      mutant->name, (unsigned long long)history_count(),
		      history_what());
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

static bool is_caught(const struct policy *mutant)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child)
		run_mutant(mutant);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void test_mutants(void **state)
{
	struct policy mutant;
	u32 i;

	(void)state;
	for (i = 0; i < policy_count; i++) {
		mutant = policies[i];
		mutant.deliver = &never;
		if (!is_caught(&mutant))
			fail_msg("%s without flushes was not caught",
				 mutant.name);
	}
}

static void on_abort(int signal)
{
	(void)signal;
	history_explain();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_mutants),
	};

	seed = number_from("TANDEM_SEED", 1);
	/* A panic or a sanitizer may have the last word. */
	signal(SIGABRT, on_abort);
	__sanitizer_set_death_callback(history_explain);
	return RUN(tests);
}
