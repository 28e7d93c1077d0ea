/*
 * Tables of a firmware, good and bad, and memory of anything: a table is found
 * whole or not at all, and nothing is read that is not there.
 */
#include "test/host/support.h"

#include <string.h>
#include "arch/x86/acpi.h"

#define MEMORY	(1u << 20)
#define EBDA	0x9fc00u
#define TABLES	0x60000u

static u8 *memory;

static const void *read_memory(u64 address, u64 size)
{
	if (!address || size > MEMORY || address > MEMORY - size)
		return NULL;
	return memory + address;
}

static void put(u32 at, u64 value, u32 size)
{
	memcpy(memory + at, &value, size);
}

/* Set the byte at @sum so that @size bytes from @at on add up to 0. */
static void balance(u32 at, u32 size, u32 sum)
{
	u8 total = 0;
	u32 i;

	memory[sum] = 0;
	for (i = 0; i < size; i++)
		total = (u8)(total + memory[at + i]);
	memory[sum] = (u8)-total;
}

static void put_table(u32 at, const char *signature, u32 size)
{
	memcpy(memory + at, signature, 4);
	put(at + 4, size, 4);
	balance(at, size < MEMORY - at ? size : 36, at + 9);
}

static void put_root(u32 at, u8 revision, u32 rsdt, u64 xsdt)
{
	memcpy(memory + at, "RSD PTR ", 8);
	put(at + 15, revision, 1);
	put(at + 16, rsdt, 4);
	put(at + 20, 36, 4);
	put(at + 24, xsdt, 8);
	balance(at, 20, at + 8);
}

#define RSDT	(TABLES + 0x1000)
#define XSDT	(TABLES + 0x2000)
#define FACP	(TABLES + 0x3000)
#define HPET	(TABLES + 0x4000)

/* A root at @at with both lists of the same two tables. */
static void put_all(u32 at)
{
	memset(memory, 0, MEMORY);
	put_table(FACP, "FACP", 116);
	put_table(HPET, "HPET", 56);
	put(RSDT + 36, FACP, 4);
	put(RSDT + 40, HPET, 4);
	put_table(RSDT, "RSDT", 44);
	put(XSDT + 36, FACP, 8);
	put(XSDT + 44, HPET, 8);
	put_table(XSDT, "XSDT", 52);
	put_root(at, 2, RSDT, XSDT);
	put(0x40e, EBDA >> 4, 2);
}

static const void *find(const char *signature, u32 size)
{
	return acpi_find(read_memory, signature, size);
}

/* Not so that a table that is missing hides behind the other list. */
static void only_xsdt(u32 at)
{
	put_root(at, 2, 0, XSDT);
}

static void test_found(void **state)
{
	static const u32 places[] = {
		EBDA, EBDA + 0x3f0, 0xe0000, 0xf1230, 0xffff0 - 16,
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(places); i++) {
		put_all(places[i]);
		assert_ptr_equal(find("FACP", 116), memory + FACP);
		assert_ptr_equal(find("HPET", 56), memory + HPET);
		assert_null(find("APIC", 36));
		assert_null(find("FACP", 117));		/* too short for us */
		only_xsdt(places[i]);
		assert_ptr_equal(find("HPET", 56), memory + HPET);
	}
}

static void test_not_found(void **state)
{
	static const u32 places[] = {
		EBDA + 0x400, EBDA - 16, 0xe0008, 0xdfff0, 0x1000,
	};
	u32 i;

	(void)state;
	memset(memory, 0, MEMORY);
	assert_null(find("FACP", 116));
	for (i = 0; i < array_count(places); i++) {
		put_all(places[i]);
		assert_null(find("FACP", 116));
	}
}

static void test_broken(void **state)
{
	(void)state;
	put_all(EBDA);
	memory[EBDA + 12]++;				/* the root's sum */
	assert_null(find("FACP", 116));

	put_all(EBDA);
	memory[FACP + 50]++;				/* the table's */
	assert_null(find("FACP", 116));
	assert_non_null(find("HPET", 56));

	put_all(EBDA);
	memory[RSDT + 9]++;				/* the first list's */
	assert_non_null(find("FACP", 116));
	put_root(EBDA, 0, RSDT, XSDT);			/* which is the only */
	assert_null(find("FACP", 116));

	put_all(EBDA);
	put_table(FACP, "FACP", 35);			/* less than a head */
	assert_null(find("FACP", 35));
	put_table(FACP, "FACP", 0x10001);		/* nobody's size */
	assert_null(find("FACP", 36));

	put_all(EBDA);
	put(RSDT + 36, MEMORY - 40, 4);			/* sticks out */
	put_table(RSDT, "RSDT", 44);
	put_table(MEMORY - 40, "FACP", 48);
	assert_null(find("FACP", 36));
	assert_non_null(find("HPET", 56));

	put_all(EBDA);
	put_table(RSDT, "RSDT", 43);			/* half an address */
	assert_non_null(find("FACP", 116));
	assert_null(find("HPET", 56));
	put_table(RSDT, "RSDT", 36);			/* an empty list */
	assert_null(find("FACP", 116));

	/* A broken root in the EBDA does not hide the one behind it. */
	put_all(0xf0000);
	memcpy(memory + EBDA, "RSD PTR ", 8);
	assert_non_null(find("FACP", 116));
	put(0x40e, 0, 2);
	assert_non_null(find("FACP", 116));
	put(0x40e, 0xffff, 2);
	assert_non_null(find("FACP", 116));
}

/* Good tables with bytes changed at random: whole or nothing. */
static void test_random(void **state)
{
	u32 round, i;

	(void)state;
	srandom(7);
	for (round = 0; round < 300; round++) {
		const u8 *found;
		u8 sum = 0;

		put_all(0xf0000);
		for (i = 0; i < 20; i++)
			memory[(random() % 2 ? RSDT : FACP) + random() % 60] =
				(u8)random();
		if (random() % 2)
			put_table(RSDT, "RSDT", 36 + (u32)random() % 40);
		found = find("FACP", 60);
		for (i = 0; found && i < *(const u32 *)(found + 4); i++)
			sum = (u8)(sum + found[i]);
		assert_int_equal(sum, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_random),
	};
	int failed;

	memory = malloc(MEMORY);		/* ASan watches its ends */
	failed = RUN(tests);
	free(memory);
	return failed;
}
