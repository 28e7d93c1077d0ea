/*
 * Durations: their median, and the histogram by powers of two.
 */
#include "test/host/support.h"

#include "vmm/samples.h"

static struct samples samples;

static void test_median(void **state)
{
	static const u64 ticks[] = { 9, 1, 300, 7, 8 };
	u32 i;

	(void)state;
	samples_clear(&samples);
	assert_int_equal(samples_median(&samples), 0);
	for (i = 0; i < array_count(ticks); i++)
		samples_add(&samples, ticks[i]);
	assert_int_equal(samples.min, 1);
	assert_int_equal(samples.max, 300);
	assert_int_equal(samples_median(&samples), 8);
}

static void test_powers(void **state)
{
	static const u64 ticks[] = { 0, 1, 2, 3, 4, 1023, 1024, ~0ull };
	static const u32 wanted[SAMPLES_POWERS] = {
		[0] = 2, [1] = 2, [2] = 1, [9] = 1, [10] = 1, [63] = 1,
	};
	u32 counts[SAMPLES_POWERS], i;

	(void)state;
	samples_clear(&samples);
	for (i = 0; i < array_count(ticks); i++)
		samples_add(&samples, ticks[i]);
	samples_powers(&samples, counts);
	assert_memory_equal(counts, wanted, sizeof(wanted));
}

/* When it is full every second one stays, so the histogram keeps its shape. */
static void test_thinned(void **state)
{
	u32 counts[SAMPLES_POWERS], i;

	(void)state;
	samples_clear(&samples);
	for (i = 0; i < 2 * SAMPLES_MAX; i++)
		samples_add(&samples, i / 2 % 2 ? 16 : 4096);
	assert_int_equal(samples.count, 2 * SAMPLES_MAX);
	samples_powers(&samples, counts);
	assert_int_equal(counts[4], samples.kept / 2);
	assert_int_equal(counts[12], samples.kept / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_median),
		cmocka_unit_test(test_powers),
		cmocka_unit_test(test_thinned),
	};

	return RUN(tests);
}
