/*
 * Work for a CPU that NMIs keep from sleeping: it is always woken. One that
 * comes between STI and HLT lets the IPI_WAKE in before the HLT.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/cpu.h"
#include "arch/x86/lapic.h"

#define ROUNDS	20000u

static u32 done;

static void note(void *arg)
{
	(void)arg;
	done++;
}

BOOT_TEST(wake_meets_nmi)
{
	u32 i, spin;

	if (cpu_count < 2)
		return BOOT_TEST_SKIP;
	done = 0;
	for (i = 0; i < ROUNDS; i++) {
		ipi_send_nmi(1);
		for (spin = i % 64; spin; spin--)
			cpu_pause();
		cpu_call(1, note, NULL);
	}
	EXPECT_EQUAL(done, ROUNDS);
	return BOOT_TEST_PASS;
}
