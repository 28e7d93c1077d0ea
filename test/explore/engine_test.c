/*
 * The explorer itself: outcomes that are known to be possible are found, and
 * those that are not are not. TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "arch/x86/spinlock.h"
#include "test/explore/engine.h"
#include "test/fake/fake.h"

/* Each word in a line of its own, as the compiler likes to share lines. */
static struct {
	u64 value __aligned(64);
} x, y, flag, r[EXPLORE_ACTORS];
static spinlock_t first_lock, second_lock;
static rwlock_t rwlock;

/* The combinations of r[0] and r[1] that came out: bit r[0] + 2 * r[1]. */
static u64 *outcomes;

static void build(void)
{
	fake_ram_init();
	fake_reset(EXPLORE_ACTORS);
}

static void note_outcome(void)
{
	*outcomes |= 1ull << (r[0].value + 2 * r[1].value);
}

/* Store buffering (SDM vol. 3, 8.2.3.4). */
static void store_x_load_y(void)
{
	WRITE_ONCE(x.value, 1);
	r[0].value = READ_ONCE(y.value);
}

static void store_y_load_x(void)
{
	WRITE_ONCE(y.value, 1);
	r[1].value = READ_ONCE(x.value);
}

static void store_x_barrier_load_y(void)
{
	WRITE_ONCE(x.value, 1);
	full_barrier();
	r[0].value = READ_ONCE(y.value);
}

static void store_y_barrier_load_x(void)
{
	WRITE_ONCE(y.value, 1);
	full_barrier();
	r[1].value = READ_ONCE(x.value);
}

static void exchange_y_load_x(void)
{
	atomic_exchange(&y.value, 1);
	r[1].value = READ_ONCE(x.value);
}

/* Message passing: stores stay in order, and so do loads. */
static void send(void)
{
	WRITE_ONCE(x.value, 1);
	WRITE_ONCE(y.value, 1);
}

static void receive(void)
{
	r[0].value = READ_ONCE(y.value);
	r[1].value = READ_ONCE(x.value);
}

/* A lost update: bit 1 of the outcome if x is 1, bit 2 if it is 2. */
static void note_sum(void)
{
	*outcomes |= 1ull << x.value;
}

static void add_in_two(void)
{
	WRITE_ONCE(x.value, READ_ONCE(x.value) + 1);
}

static void add_plain(void)
{
	x.value++;
}

static void add_atomic(void)
{
	atomic_add(&x.value, 1);
}

/* With the locks as they are: arch/x86/spinlock.h. */
static void add_locked(void)
{
	spin_lock(&first_lock);
	x.value++;
	spin_unlock(&first_lock);
}

static void add_write_locked(void)
{
	write_lock(&rwlock);
	x.value++;
	write_unlock(&rwlock);
}

static void look_read_locked(void)
{
	u64 before;

	read_lock(&rwlock);
	before = x.value;
	if (x.value != before)
		explore_found(FOUND_OUTCOME, "a writer was there");
	read_unlock(&rwlock);
}

/* O14: in the wrong order. */
static void lock_both(spinlock_t *a, spinlock_t *b)
{
	spin_lock(a);
	spin_lock(b);
	spin_unlock(b);
	spin_unlock(a);
}

static void lock_up(void)
{
	lock_both(&first_lock, &second_lock);
}

static void lock_down(void)
{
	lock_both(&second_lock, &first_lock);
}

/* Waiting for what never comes, and for what does. */
static void wait_for_y(void)
{
	while (!READ_ONCE(y.value))
		cpu_pause();
	r[0].value = READ_ONCE(x.value);
}

static void nothing(void)
{
	add_atomic();
}

/* An IPI comes sooner or later: at any time, and for certain. */
static void send_ipi(void)
{
	atomic_add(&cpus[1].primary_requested, 1);
	ipi_send(1, IPI_PRIMARY);
	r[1].value = READ_ONCE(cpus[1].primary_taken);
	while (!READ_ONCE(cpus[1].primary_taken))
		cpu_pause();
}

static void get_ipi(void)
{
	WRITE_ONCE(x.value, 1);
	WRITE_ONCE(y.value, 1);
	r[0].value = READ_ONCE(cpus[1].primary_taken);
}

/*
 * A lock as test/explore/locks/ has it: nobody is preempted before it is given
 * back. Who waits meanwhile need not be preempted either.
 */
enum fake_lock_use { FAKE_LOCK_ALONE, FAKE_LOCK_WITH_OTHERS };
void fake_lock_point(void *lock, enum fake_lock_use how);
void fake_lock_wait(void *lock);
void fake_lock_done(void *lock, enum fake_lock_use how);

static u64 coarse __aligned(64);

#define UNSEEN __attribute__((no_sanitize_thread, noinline))

static UNSEEN void coarse_lock(void)
{
	fake_lock_point(&coarse, FAKE_LOCK_ALONE);
	while (coarse)
		fake_lock_wait(&coarse);
	coarse = 1;
	fake_lock_done(&coarse, FAKE_LOCK_ALONE);
}

static UNSEEN void coarse_unlock(void)
{
	coarse = 0;
	fake_lock_done(&coarse, FAKE_LOCK_ALONE);
}

static void tell_locked(void)
{
	coarse_lock();
	atomic_add(&flag.value, 1);
	atomic_add(&r[2].value, 1);
	coarse_unlock();
	atomic_add(&y.value, 1);
	atomic_add(&x.value, 1);
}

static void look_lock_look(void)
{
	while (!READ_ONCE(flag.value))
		cpu_pause();
	r[0].value = READ_ONCE(y.value);
	coarse_lock();
	coarse_unlock();
	r[1].value = READ_ONCE(x.value);
	atomic_add(&r[2].value, 1);
}

/* Who waits for a store goes on as soon as it is seen. */
static void tell_then_store(void)
{
	while (!READ_ONCE(y.value))
		cpu_pause();
	WRITE_ONCE(flag.value, 1);
	atomic_add(&x.value, 1);
}

static void look_when_told(void)
{
	atomic_add(&y.value, 1);
	while (!READ_ONCE(flag.value))
		cpu_pause();
	r[0].value = READ_ONCE(x.value);
}

/* An interrupt arrives before what its CPU would have done next. */
static void tell_and_store(void)
{
	atomic_add(&flag.value, 1);
	atomic_add(&x.value, 1);
}

static void send_ipi_when_told(void)
{
	while (!READ_ONCE(flag.value))
		cpu_pause();
	atomic_add(&cpus[0].primary_requested, 1);
	ipi_send(0, IPI_PRIMARY);
}

static void look_for_ipi(void)
{
	r[0].value = READ_ONCE(cpus[0].primary_taken);
	r[1].value = READ_ONCE(x.value);
}

enum { R00 = 1 << 0, R10 = 1 << 1, R01 = 1 << 2, R11 = 1 << 3 };

static const struct known {
	const char *name;
	void (*actors[EXPLORE_ACTORS])(void);
	void (*judge)(void);
	u32 preemptions;
	u64 outcomes;		/* that come out, all of them */
	const char *found;	/* what else is found; NULL: nothing */
} known[] = {
	{ "a load overtakes a store",
	  { store_x_load_y, store_y_load_x }, note_outcome, 2,
	  R00 | R01 | R10 | R11, NULL },
	{ "but no barrier",
	  { store_x_barrier_load_y, store_y_barrier_load_x }, note_outcome, 4,
	  R01 | R10 | R11, NULL },
	{ "nor a locked instruction",
	  { store_x_barrier_load_y, exchange_y_load_x }, note_outcome, 4,
	  R01 | R10 | R11, NULL },
	{ "one barrier is not enough",
	  { store_x_barrier_load_y, store_y_load_x }, note_outcome, 1,
	  R00 | R01 | R10 | R11, NULL },
	{ "messages arrive in order",
	  { send, receive }, note_outcome, 4, R00 | R01 | R11, NULL },
	{ "without preemptions nothing is in between",
	  { send, receive }, note_outcome, 0, R00 | R11, NULL },
	{ "an update is lost",
	  { add_in_two, add_in_two }, note_sum, 1, 1 << 1 | 1 << 2, NULL },
	{ "two of three are lost",
	  { add_in_two, add_in_two, add_in_two }, note_sum, 2,
	  1 << 1 | 1 << 2 | 1 << 3, NULL },
	{ "a plain update is lost",
	  { add_plain, add_plain }, note_sum, 1, 1 << 1 | 1 << 2, NULL },
	{ "an atomic update is not",
	  { add_atomic, add_atomic, add_atomic }, note_sum, 4, 1 << 3, NULL },
	{ "nor one under a ticket lock",
	  { add_locked, add_locked, add_locked }, note_sum, 3, 1 << 3, NULL },
	{ "nor one under a write lock",
	  { add_write_locked, add_write_locked, look_read_locked }, note_sum,
	  3, 1 << 2, NULL },
	{ "a read lock keeps writers out",
	  { add_write_locked, look_read_locked, look_read_locked }, note_sum,
	  3, 1 << 1, NULL },
	{ "one that does not lock",
	  { add_locked, add_plain }, note_sum, 2, 1 << 1 | 1 << 2, NULL },
	{ "locks in both orders are a deadlock",
	  { lock_up, lock_down }, NULL, 1, 0, "deadlock" },
	{ "in one order they are not",
	  { lock_up, lock_up, lock_up }, NULL, 3, 0, NULL },
	{ "a wait for nothing is a deadlock",
	  { wait_for_y, nothing }, NULL, 1, 0, "deadlock" },
	{ "a wait ends, with all that came before",
	  { wait_for_y, send }, note_outcome, 3, R10, NULL },
	{ "an interrupt arrives before, between and behind",
	  { send_ipi, get_ipi }, note_outcome, 2, R00 | R10 | R01 | R11,
	  NULL },
	{ "it arrives before what its CPU was about to do",
	  { tell_and_store, send_ipi_when_told, look_for_ipi }, note_outcome,
	  2, R00 | R10 | R01 | R11, NULL },
	{ "who waits for a lock gets it later without a preemption",
	  { tell_locked, look_lock_look }, note_outcome, 1,
	  R00 | R10 | R01 | R11, NULL },
	{ "who waits for a store goes on as soon as it is seen",
	  { tell_then_store, look_when_told }, note_outcome, 1, R00 | R10,
	  NULL },
};

static const struct known *test;

static bool reduce;

static struct exploration exploration_of(void)
{
	struct exploration what = {
		.build = build, .judge = test->judge,
		.preemptions = test->preemptions, .reduce = reduce,
	};

	while (what.count < EXPLORE_ACTORS && test->actors[what.count]) {
		what.actors[what.count].run = test->actors[what.count];
		what.actors[what.count].cpu = what.count;
		what.count++;
	}
	return what;
}

/* What the child and we share. */
static struct shared {
	struct explore_result result;
	u64 outcomes;
	bool replayed;		/* and found the same */
} *shared;

static void explore_here(void)
{
	struct exploration what = exploration_of();

	explore(&what, &shared->result);
}

static void replay_here(void)
{
	struct exploration what = exploration_of();
	const char *found = explore_replay(&what, &shared->result.shortest);

	shared->replayed = found &&
		!strcmp(found, shared->result.shortest.why);
}

static bool in_child(void (*fn)(void))
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (!child) {
		fn();
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child &&
	       WIFEXITED(status) && !WEXITSTATUS(status);
}

/* What is expected of it comes out. */
static bool is_right(void)
{
	const struct explore_result *r = &shared->result;

	memset(shared, 0, sizeof(*shared));
	if (!in_child(explore_here))
		return false;
	printf("# %llu states, %llu schedules, %llu pruned, outcomes %llx\n",
	       (unsigned long long)r->states,
	       (unsigned long long)r->schedules,
	       (unsigned long long)r->pruned,
	       (unsigned long long)shared->outcomes);
	if (explore_found_any(r))
		printf("# found: %s\n", r->shortest.why);
	if (!explore_found_any(r) != !test->found ||
	    (!test->found && shared->outcomes != test->outcomes))
		return false;
	return !test->found ||
	       (strstr(r->shortest.why, test->found) &&
		in_child(replay_here) && shared->replayed);
}

/* With all schedules, and reduced to those that show something: both end in the
 * same states, and find what they find with as few preemptions. */
static bool is_right_both_ways(void)
{
	struct explore_result all;

	reduce = false;
	if (!is_right())
		return false;
	all = shared->result;
	reduce = true;
	return is_right() && shared->result.ends == all.ends &&
	       shared->result.ends_hash == all.ends_hash &&
	       shared->result.schedules <= all.schedules &&
	       shared->result.shortest.preemptions == all.shortest.preemptions;
}

int main(void)
{
	u32 i, failed = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 4;
	outcomes = &shared->outcomes;
	printf("1..%zu\n", array_count(known));
	for (i = 0; i < array_count(known); i++) {
		bool right;

		test = &known[i];
		right = is_right_both_ways();
		failed += !right;
		printf("%sok %u - %s\n", right ? "" : "not ", i + 1,
		       test->name);
	}
	return failed != 0;
}
