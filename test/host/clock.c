/*
 * How fast is the TSC? Timers of a simulated machine, on a host that takes the
 * CPU away when it likes, and what CPUs and hypervisors say of themselves.
 */
#include "test/host/support.h"

#include <string.h>
#include "arch/x86/clock_measure.h"

/* The machine: time in ns, which every look at it costs some of. */
static struct {
	u64 now, reads;
	u64 tsc_per_ms, timer_hz;
	u32 hiccups;		/* one look in so many takes up to 200 ms more */
	u64 counter_mask;	/* bits that it has */
	u64 slice, turn;	/* we run so long, in each turn of others' */
} world;

static u64 below(u64 n)
{
	return ((u64)random() << 31 ^ (u64)random()) % n;
}

static void pass(u64 ns)
{
	world.now += ns;
	if (world.hiccups && !below(world.hiccups))
		world.now += below(200000000);
	if (world.turn && world.now % world.turn > world.slice)
		world.now += world.turn - world.now % world.turn;
}

static u64 read_world_tsc(void)
{
	pass(10);
	return world.now * world.tsc_per_ms / 1000000;
}

static u64 counter(void)
{
	return world.now * (world.timer_hz / 1000) / 1000000;
}

static u64 read_timer(void)
{
	u64 value;

	pass(400);
	value = counter() & world.counter_mask;
	world.reads++;
	pass(400);
	return value;
}

static u64 read_nothing(void)
{
	pass(1000);
	world.reads++;
	return 0xffff;
}

static u64 read_noise(void)
{
	pass(1000);
	return (u64)random();
}

static struct clock_timer set_up(u64 tsc_per_ms, u64 hz, u64 mask, u32 hiccups)
{
	memset(&world, 0, sizeof(world));
	world.now = below(1ull << 34);
	world.tsc_per_ms = tsc_per_ms;
	world.timer_hz = hz;
	world.counter_mask = mask;
	world.hiccups = hiccups;
	return (struct clock_timer){ "timer", hz, mask, read_timer };
}

static u64 measure(const struct clock_timer *timer)
{
	return clock_measure(timer, 10, read_world_tsc);
}

static const struct {
	u64 hz, mask;
} kinds[] = {
	{ 1193182, 0xffff }, { 3579545, 0xffffff }, { 14318180, 0xffffffff },
	{ 100000000, 0xffffffff },
};

static void test_quiet(void **state)
{
	static const u64 rates[] = { 500, 50000, 1000000, 2600000, 6000000 };
	u32 i, j;

	(void)state;
	for (i = 0; i < array_count(kinds); i++) {
		for (j = 0; j < array_count(rates); j++) {
			struct clock_timer timer = set_up(rates[j],
				kinds[i].hz, kinds[i].mask, 0);
			u64 start = world.now, ticks = measure(&timer);

			assert_true(ticks >= rates[j] * 99 / 100);
			assert_true(ticks <= rates[j] * 101 / 100);
			/* Two samples, on a machine that nothing disturbs. */
			assert_true(world.now - start < 21000000);
		}
	}
}

/* Right within 2 %, or not at all, and that is rare. */
static void test_hiccups(void **state)
{
	u32 i, j, given_up = 0, tried = 0;

	(void)state;
	srandom(5);
	for (i = 0; i < array_count(kinds); i++) {
		for (j = 0; j < 300; j++) {
			/* From one a second to one in 20 ms. */
			struct clock_timer timer = set_up(2600000,
				kinds[i].hz, kinds[i].mask,
				20000 + (u32)below(1000000));
			u64 ticks = measure(&timer);

			tried++;
			given_up += !ticks;
			if (ticks && (ticks < 2600000 * 98ull / 100 ||
				      ticks > 2600000 * 102ull / 100))
				fail_msg("kind %u: %llu ticks per ms", i,
					 (unsigned long long)ticks);
		}
	}
	assert_true(given_up < tried / 50);
}

#define READINGS	5	/* of a moment, as clock_measure.c */

/* It begins, is behind its end, and ends where it began. */
static u64 read_paused(void)
{
	bool behind = world.reads++ % (READINGS + 1 + READINGS) == READINGS;

	pass(400);
	return behind ? world.timer_hz : 0;
}

/* For just one turn of the timer, again and again: no time seems to pass. */
static void test_paused(void **state)
{
	struct clock_timer timer = set_up(2600000, 3579545, 0xffffff, 0);

	(void)state;
	timer.read = read_paused;
	assert_int_equal(measure(&timer), 0);
	assert_true(world.reads > 100);
}

#define SUSPENDED_NS	590000000000ull

/* Away for almost two rounds of the timer, which shows less than one. */
static u64 read_suspended(void)
{
	if (world.reads % (READINGS + 1 + READINGS) == READINGS)
		world.now += SUSPENDED_NS;
	return read_timer();
}

/* In each sample, and so they agree: on twice the ticks, or more. */
static void test_suspended(void **state)
{
	struct clock_timer timer = set_up(480000, 14318180, 0xffffffff, 0);

	(void)state;
	timer.read = read_suspended;
	assert_int_equal(measure(&timer), 0);
}

/* A host with more to do: some ms for us, then more for the others. */
static void test_busy(void **state)
{
	static const struct {
		u64 slice, turn;
	} hosts[] = {
		{ 4000000, 8000000 }, { 3000000, 15000000 },
		{ 3000000, 60000000 }, { 6000000, 120000000 },
		{ 3000000, 500000000 }, { 12000000, 70000000 },
	};
	u32 i, j, k;

	(void)state;
	for (i = 0; i < array_count(kinds); i++) {
		for (j = 0; j < array_count(hosts); j++) {
			for (k = 0; k < 20; k++) {
				struct clock_timer timer = set_up(2600000,
					kinds[i].hz, kinds[i].mask, 0);
				u64 ticks;

				world.slice = hosts[j].slice;
				world.turn = hosts[j].turn;
				ticks = measure(&timer);
				if (ticks < 2600000 * 98ull / 100 ||
				    ticks > 2600000 * 102ull / 100)
					fail_msg("kind %u, host %u: %llu", i,
						 j, (unsigned long long)ticks);
			}
		}
	}
}

/* What is no timer is found out in a bounded number of reads. */
static void test_none(void **state)
{
	struct clock_timer timer = set_up(2600000, 1193182, 0xffff, 0);

	(void)state;
	timer.read = read_nothing;
	assert_int_equal(measure(&timer), 0);
	assert_true(world.reads < 50000);

	timer = set_up(2600000, 1193182, 0xffff, 0);
	timer.read = read_noise;
	srandom(1);
	assert_int_equal(measure(&timer), 0);

	/* It never gets as far as it should: a counter of 8 bits. */
	timer = set_up(2600000, 1193182, 0xff, 0);
	assert_int_equal(measure(&timer), 0);
	assert_true(world.reads < 2000000);

	/* A TSC that stands still, or that nobody can have. */
	timer = set_up(0, 1193182, 0xffff, 0);
	assert_int_equal(measure(&timer), 0);
	timer = set_up(CLOCK_MIN_TICKS_PER_MS / 2, 1193182, 0xffff, 0);
	assert_int_equal(measure(&timer), 0);
	timer = set_up(CLOCK_MAX_TICKS_PER_MS * 2, 1193182, 0xffff, 0);
	assert_int_equal(measure(&timer), 0);
}

static void test_agree(void **state)
{
	static const struct {
		u64 samples[5];
		u64 agreed;
	} rows[] = {
		{ { 0 }, 0 },
		{ { 100 }, 0 },
		{ { 6400, 6500 }, 6400 },		/* 1/64 */
		{ { 6500, 6400 }, 6400 },
		{ { 6400, 6501 }, 0 },
		{ { 2600, 37000, 2601 }, 2600 },
		{ { 37000, 2600, 37001, 2601 }, 2600 },	/* the smaller pair */
		{ { 10, 2600, 2600 }, 2600 },		/* not the smallest */
		{ { 2600, 5200, 10400, 20800, 41600 }, 0 },
		{ { 7, 7 }, 7 },
	};
	u32 i, n;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		for (n = 0; n < 5 && rows[i].samples[n]; n++)
			;
		assert_int_equal(clock_agree(rows[i].samples, n),
				 rows[i].agreed);
	}
}

static void test_differ(void **state)
{
	(void)state;
	assert_false(clock_differ(1000, 1000));
	assert_false(clock_differ(1000, 1050));
	assert_false(clock_differ(1050, 1000));
	assert_true(clock_differ(1000, 1051));
	assert_true(clock_differ(1051, 1000));
	assert_true(clock_differ(3500000, 50000));
}

/* What the simulated CPU answers, leaf by leaf. */
struct answer {
	u32 leaf;
	struct cpuid id;
};

static const struct answer *answers;

static struct cpuid answer(u32 leaf, u32 subleaf)
{
	const struct answer *a;

	assert_int_equal(subleaf, 0);
	for (a = answers; a->leaf != ~0u; a++)
		if (a->leaf == leaf)
			return a->id;
	fail_msg("CPUID leaf %x was not to be asked", leaf);
	return (struct cpuid){ 0 };
}

static u64 hyperv_hz;

static u64 answer_msr(u32 number)
{
	assert_int_equal(number, 0x40000022);
	return hyperv_hz;
}

#define HYPERVISOR	{ 1, { .ecx = 1u << 31 } }
#define NO_HYPERVISOR	{ 1, { 0 } }
#define HYPERV(last)	{ 0x40000000, { last, 0x7263694d, 0x666f736f,	\
					0x76482074 } }
#define KVM(last)	{ 0x40000000, { last, 0x4b4d564b, 0x564b4d56, 0x4d } }
#define END		{ ~0u, { 0 } }

static const struct {
	const char *name;
	struct answer answers[6];
	u64 hyperv_hz, ticks;
} machines[] = {
	{ "an old CPU", { { 0, { 0x14, 0, 0, 0 } }, NO_HYPERVISOR, END },
	  0, 0 },
	{ "crystal and ratio",
	  { { 0, { 0x16, 0, 0, 0 } }, NO_HYPERVISOR,
	    { 0x15, { 2, 250, 24000000, 0 } }, END }, 0, 3000000 },
	{ "a ratio beyond 32 bits",
	  { { 0, { 0x15, 0, 0, 0 } }, NO_HYPERVISOR,
	    { 0x15, { 3, 600, 25000000, 0 } }, END }, 0, 5000000 },
	{ "no crystal, base frequency",
	  { { 0, { 0x16, 0, 0, 0 } }, NO_HYPERVISOR,
	    { 0x15, { 2, 250, 0, 0 } }, { 0x16, { 0xabcd0dac, 0, 0, 0 } },
	    END }, 0, 3500000 },
	{ "no ratio, no base frequency",
	  { { 0, { 0x16, 0, 0, 0 } }, NO_HYPERVISOR, { 0x15, { 0 } },
	    { 0x16, { 0 } }, END }, 0, 0 },
	{ "a ratio, and no leaf 16h",
	  { { 0, { 0x15, 0, 0, 0 } }, NO_HYPERVISOR,
	    { 0x15, { 0, 250, 24000000, 0 } }, END }, 0, 0 },
	{ "a hypervisor with its leaf",
	  { { 0, { 0xd, 0, 0, 0 } }, HYPERVISOR, KVM(0x40000010),
	    { 0x40000010, { 2100000, 0, 0, 0 } }, END }, 0, 2100000 },
	{ "its leaf is empty: the CPU is asked",
	  { { 0, { 0x15, 0, 0, 0 } }, HYPERVISOR, KVM(0x40000010),
	    { 0x40000010, { 0 } }, { 0x15, { 1, 100, 24000000, 0 } }, END },
	  0, 2400000 },
	{ "a hypervisor without it",
	  { { 0, { 0xd, 0, 0, 0 } }, HYPERVISOR, KVM(0x40000001), END },
	  0, 0 },
	{ "a hypervisor that answers anything",
	  { { 0, { 0xd, 0, 0, 0 } }, HYPERVISOR, KVM(0xffffffff), END },
	  0, 0 },
	{ "Hyper-V",
	  { { 0, { 0xd, 0, 0, 0 } }, HYPERVISOR, HYPERV(0x4000000c),
	    { 0x40000003, { 1u << 11, 0, 0, 1u << 8 } }, END },
	  2900000000, 2900000 },
	{ "Hyper-V that keeps its MSR",
	  { { 0, { 0xd, 0, 0, 0 } }, HYPERVISOR, HYPERV(0x4000000c),
	    { 0x40000003, { 0, 0, 0, 1u << 8 } }, END }, 2900000000, 0 },
	{ "Hyper-V that has no such MSR",
	  { { 0, { 0xd, 0, 0, 0 } }, HYPERVISOR, HYPERV(0x4000000c),
	    { 0x40000003, { 1u << 11, 0, 0, 0 } }, END }, 2900000000,
	  0 },
	{ "not plausible",
	  { { 0, { 0xd, 0, 0, 0 } }, HYPERVISOR, KVM(0x40000010),
	    { 0x40000010, { 0xffffffff, 0, 0, 0 } }, END }, 0, 0 },
};

static void test_stated(void **state)
{
	u64 ticks;
	u32 i;

	(void)state;
	for (i = 0; i < array_count(machines); i++) {
		answers = machines[i].answers;
		hyperv_hz = machines[i].hyperv_hz;
		ticks = clock_stated(answer, answer_msr);
		if (ticks != machines[i].ticks)
			fail_msg("%s: %llu", machines[i].name,
				 (unsigned long long)ticks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_hiccups),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_suspended),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_agree),
		cmocka_unit_test(test_differ),
		cmocka_unit_test(test_stated),
	};

	return RUN(tests);
}
