#include "arch/x86/clock.h"

#include "arch/x86/insn.h"
#include "arch/x86/system.h"

/* Intel 8254, channel 2, whose gate and output are at port 0x61. */
#define PIT_HZ			1193182
#define PIT_CHANNEL_2		0x42
#define PIT_MODE		0x43
#define PIT_CHANNEL_2_ONE_SHOT	0xb0	/* both bytes, mode 0, binary */
#define GATE_PORT		0x61
#define GATE_ON			0x01
#define GATE_SPEAKER		0x02
#define GATE_OUTPUT		0x20

#define CALIBRATE_MS		10

/* No CPU of ours needs so many reads of a port for 10 ms. */
#define MAX_POLLS		10000000

u64 clock_ticks_per_ms = 1000000;

void clock_init(void)
{
	u32 count = PIT_HZ * CALIBRATE_MS / 1000, polls;
	u8 gate = read_port(GATE_PORT) & ~(GATE_SPEAKER | GATE_ON);
	u64 start;

	write_port(GATE_PORT, gate);
	write_port(PIT_MODE, PIT_CHANNEL_2_ONE_SHOT);
	write_port(PIT_CHANNEL_2, count & 0xff);
	write_port(PIT_CHANNEL_2, count >> 8);

	start = read_tsc();
	write_port(GATE_PORT, gate | GATE_ON);
	for (polls = 0; polls < MAX_POLLS; polls++) {
		if (read_port(GATE_PORT) & GATE_OUTPUT) {
			clock_ticks_per_ms =
				(read_tsc() - start) / CALIBRATE_MS;
			break;
		}
		cpu_pause();
	}
	write_port(GATE_PORT, gate);
}

void clock_delay_us(u32 us)
{
	u64 start = read_tsc();

	while (read_tsc() - start < us * clock_ticks_per_ms / 1000)
		cpu_pause();
}
