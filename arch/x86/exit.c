#include "lib/print.h"

#include "arch/x86/console.h"
#include "arch/x86/insn.h"
#include "arch/x86/machine.h"
#include "arch/x86/system.h"

void machine_exit(enum machine_exit_status status)
{
	static const char shutdown[] = "Shutdown";
	static const char farewell[] = "The machine can be switched off.\n";
	static bool exiting;

	interrupts_off();
	/* A panic within a panic: printing may be its cause. */
	if (!exiting) {
		exiting = true;
		print_end_line();
		printk("exit status=%d\n", status);
		console_drain();
	}
	write_port(QEMU_EXIT_PORT, QEMU_EXIT_BASE + status);
	write_port_bytes(BOCHS_EXIT_PORT, shutdown, sizeof(shutdown) - 1);

	/* Still running: real hardware, with a user in front of it. */
	screen_write(farewell, sizeof(farewell) - 1);
	halt_forever();
}
