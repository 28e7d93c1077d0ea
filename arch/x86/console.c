#include "arch/x86/console.h"

#include "arch/x86/insn.h"
#include "arch/x86/machine.h"
#include "arch/x86/system.h"
#include "lib/compiler.h"

/* 16550 UART: offsets from the base, and bits. */
#define UART_DATA	0
#define UART_IER	1
#define UART_FCR	2
#define UART_LCR	3
#define UART_MCR	4
#define UART_LSR	5
#define UART_SCRATCH	7
#define LCR_8N1		0x03
#define LCR_DIVISOR	0x80
#define FCR_FIFO	0x07	/* on, both emptied */
#define MCR_DTR_RTS	0x03
#define LSR_FIFO_EMPTY	0x20
#define LSR_LINE_IDLE	0x40
#define UART_FIFO_SIZE	16
#define DIVISOR_115200	1

/* A line that accepts nothing for that long (seconds) is not connected. */
#define UART_MAX_POLLS	1000000

u64 console_writes;

static bool have_debug_port, have_serial;

static bool serial_init(void)
{
	write_port(COM1 + UART_SCRATCH, 0x5a);
	if (read_port(COM1 + UART_SCRATCH) != 0x5a)
		return false;

	write_port(COM1 + UART_IER, 0);
	write_port(COM1 + UART_LCR, LCR_DIVISOR);
	write_port(COM1 + UART_DATA, DIVISOR_115200);
	write_port(COM1 + UART_IER, 0);		/* divisor, upper half */
	write_port(COM1 + UART_LCR, LCR_8N1);
	write_port(COM1 + UART_FCR, FCR_FIFO);
	write_port(COM1 + UART_MCR, MCR_DTR_RTS);
	return true;
}

static void serial_wait(u8 condition)
{
	u32 polls;

	for (polls = 0; polls < UART_MAX_POLLS; polls++) {
		if (read_port(COM1 + UART_LSR) & condition)
			return;
		cpu_pause();
	}
	have_serial = false;
}

static void serial_write(const char *text, size_t size)
{
	static u32 fifo_room;
	size_t i;

	for (i = 0; i < size && have_serial; i++) {
		bool newline = text[i] == '\n';

		if (fifo_room < 2) {
			serial_wait(LSR_FIFO_EMPTY);
			fifo_room = UART_FIFO_SIZE;
		}
		if (newline) {
			write_port(COM1 + UART_DATA, '\r');
			fifo_room--;
		}
		write_port(COM1 + UART_DATA, text[i]);
		fifo_room--;
	}
}

/*
 * Bochs and QEMU (-debugcon) answer a read of their debug console with its own
 * port number; elsewhere the bus floats. It takes bytes as fast as they come,
 * while an emulated serial line makes the CPU wait for each of them.
 */
bool console_init(const struct framebuffer *fb)
{
	have_debug_port = read_port(DEBUG_PORT) == DEBUG_PORT;
	have_serial = !have_debug_port && serial_init();
	return screen_init(fb);
}

void console_write(const char *text, size_t size)
{
	if (have_debug_port)
		write_port_bytes(DEBUG_PORT, text, size);
	if (have_serial)
		serial_write(text, size);
	screen_write(text, size);
	WRITE_ONCE(console_writes, console_writes + 1);
}

void console_drain(void)
{
	if (have_serial)
		serial_wait(LSR_LINE_IDLE);
}
