#include "arch/x86/clock_measure.h"

#include "lib/compiler.h"

#define MAX_SAMPLES	64
#define AGREE_SHIFT	6		/* 1/64 */

/* Readings per sample; the shortest counts, as it is the least disturbed. */
#define READINGS	5

/* So many equal readings: a dead timer. 10 ms never take MAX_POLLS. */
#define DEAD_POLLS	20000
#define MAX_POLLS	1000000

/* With fewer looks each gap is a large part of the time. */
#define MIN_LOOKS	16

/* Minutes: no valid sample takes as long. */
#define MAX_TICKS	(1ull << 38)

struct reading {
	u64 count, time;
};

/* Counter and timer at one moment, as nearly as both can be read at once. */
static struct reading read_both(const struct clock_timer *timer,
				u64 (*count)(void))
{
	u64 before, after, time, shortest = ~0ull;
	struct reading best = { 0 };
	u32 i;

	for (i = 0; i < READINGS; i++) {
		before = count();
		time = timer->read();
		after = count();
		if (after - before < shortest) {
			shortest = after - before;
			best.count = before + shortest / 2;
			best.time = time;
		}
	}
	return best;
}

static u64 elapsed(const struct clock_timer *timer, u64 start, u64 now)
{
	return (now - start) & timer->mask;
}

/* Progress of a sample, and the longest time between two looks. */
struct watch {
	u64 start, last, gap;
	u32 looks;
};

static void look(struct watch *watch, u64 count)
{
	if (count - watch->last > watch->gap)
		watch->gap = count - watch->last;
	watch->last = count;
	watch->looks++;
}

/* At least half of the time passed between two looks. */
static bool was_disturbed(const struct watch *watch)
{
	return watch->gap >= (watch->last - watch->start) / 2;
}

/* Its counter wraps within a second: the PIT's in 55 ms. */
static bool comes_round(const struct clock_timer *timer)
{
	return timer->mask < timer->hz;
}

enum wait_end { REACHED, DISTURBED, STANDS_STILL };

/*
 * Poll until @ticks of the timer have passed since @start. Stop if the counter
 * may have wrapped between two looks.
 */
static enum wait_end wait_ticks(const struct clock_timer *timer, u64 start,
				u64 ticks, u64 (*count)(void),
				struct watch *watch)
{
	u64 last = start, now;
	u32 polls, still = 0;

	for (polls = 0; polls < MAX_POLLS && still < DEAD_POLLS; polls++) {
		now = timer->read();
		look(watch, count());
		if (watch->looks >= MIN_LOOKS && comes_round(timer) &&
		    was_disturbed(watch))
			return DISTURBED;
		if (elapsed(timer, start, now) >= ticks)
			return REACHED;
		still = now == last ? still + 1 : 0;
		last = now;
	}
	return STANDS_STILL;
}

/* Ticks per millisecond, once; 0: disturbed. False: the timer stands still. */
static bool sample(const struct clock_timer *timer, u32 ms,
		   u64 (*count)(void), u64 *result)
{
	struct reading start = read_both(timer, count), end;
	struct watch watch = { start.count, start.count, 0, 0 };
	u64 ticks, time;

	*result = 0;
	switch (wait_ticks(timer, start.time, timer->hz * ms / 1000, count,
			   &watch)) {
	case STANDS_STILL:
		return false;
	case DISTURBED:
		return true;
	case REACHED:
		break;
	}
	end = read_both(timer, count);
	look(&watch, end.count);
	ticks = end.count - start.count;
	time = elapsed(timer, start.time, end.time);
	if ((comes_round(timer) && was_disturbed(&watch)) ||
	    ticks > MAX_TICKS || !time)
		return true;
	/* In this order nothing overflows, up to timers of 60 GHz. */
	*result = ticks * (timer->hz / 1000) / time;
	return true;
}

u64 clock_agree(const u64 *samples, u32 count)
{
	u64 best = 0;
	u32 i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			if (i != j && samples[j] >= samples[i] &&
			    samples[j] - samples[i] <=
				    samples[i] >> AGREE_SHIFT &&
			    (!best || samples[i] < best))
				best = samples[i];
	return best;
}

static bool plausible(u64 ticks_per_ms)
{
	return ticks_per_ms >= CLOCK_MIN_TICKS_PER_MS &&
	       ticks_per_ms <= CLOCK_MAX_TICKS_PER_MS;
}

/*
 * On a busy host each CPU runs for a few ms and then waits for longer: shorten
 * the samples from time to time, so that some are undisturbed.
 */
u64 clock_measure(const struct clock_timer *timer, u32 ms, u64 (*count)(void))
{
	u64 samples[MAX_SAMPLES], agreed;
	u32 tries, length, good = 0;

	for (tries = 0; tries < MAX_SAMPLES; tries++) {
		length = ms / (1 + tries / 2 % 8);
		if (!sample(timer, length ? length : 1, count, &samples[good]))
			return 0;
		if (samples[good])
			good++;
		agreed = clock_agree(samples, good);
		if (agreed)
			return plausible(agreed) ? agreed : 0;
	}
	return 0;
}

/* SDM vol. 3, 18.7.3: crystal clock and its ratio; else the base frequency. */
#define LEAF_TSC		0x15
#define LEAF_FREQUENCY		0x16

/* Hypervisor leaves; the TSC in kHz is in VMware's, which KVM has too. */
#define LEAF_HYPERVISOR		0x40000000
#define LEAF_HYPERVISOR_TSC	0x40000010

/* Hyper-V: Hypervisor Top-Level Functional Specification, 2.4.4, 12.4.2 */
#define HYPERV_EBX		0x7263694d	/* "Microsoft Hv" */
#define HYPERV_ECX		0x666f736f
#define HYPERV_EDX		0x76482074
#define LEAF_HYPERV_FEATURES	0x40000003
#define HYPERV_EAX_FREQUENCY	(1u << 11)	/* the MSRs may be read */
#define HYPERV_EDX_FREQUENCY	(1u << 8)	/* ... and are there */
#define MSR_HYPERV_TSC_HZ	0x40000022

static u64 hypervisor_states(cpuid_fn cpuid, u64 (*msr)(u32 number))
{
	struct cpuid id, features;

	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR))
		return 0;
	id = cpuid(LEAF_HYPERVISOR, 0);
	if (id.ebx == HYPERV_EBX && id.ecx == HYPERV_ECX &&
	    id.edx == HYPERV_EDX && id.eax >= LEAF_HYPERV_FEATURES) {
		features = cpuid(LEAF_HYPERV_FEATURES, 0);
		if (features.eax & HYPERV_EAX_FREQUENCY &&
		    features.edx & HYPERV_EDX_FREQUENCY)
			return msr(MSR_HYPERV_TSC_HZ) / 1000;
		return 0;
	}
	if (id.eax >= LEAF_HYPERVISOR_TSC && id.eax < LEAF_HYPERVISOR + 0x100)
		return cpuid(LEAF_HYPERVISOR_TSC, 0).eax;
	return 0;
}

static u64 cpu_states(cpuid_fn cpuid)
{
	u32 last = cpuid(0, 0).eax;
	struct cpuid id;

	if (last >= LEAF_TSC) {
		id = cpuid(LEAF_TSC, 0);
		if (id.eax && id.ebx && id.ecx)
			return (u64)id.ecx * id.ebx / id.eax / 1000;
	}
	if (last >= LEAF_FREQUENCY)
		return (u64)(cpuid(LEAF_FREQUENCY, 0).eax & 0xffff) * 1000;
	return 0;
}

u64 clock_stated(cpuid_fn cpuid, u64 (*msr)(u32 number))
{
	u64 ticks = hypervisor_states(cpuid, msr);

	if (!ticks)
		ticks = cpu_states(cpuid);
	return plausible(ticks) ? ticks : 0;
}

bool clock_differ(u64 a, u64 b)
{
	u64 difference = a > b ? a - b : b - a;

	return difference > (a < b ? a : b) / 20;
}
