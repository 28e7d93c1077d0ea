#include "lib/print.h"

#include "arch/x86/clock.h"
#include "arch/x86/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/panic.h"
#include "lib/string.h"

/*
 * Text is collected per CPU until its line is complete and written at once, so
 * that a line may be printed in pieces and still does not mix with others.
 */
#define LINE_SIZE	2560

static struct line {
	size_t length;
	char text[LINE_SIZE];
} lines[MAX_CPUS];

/*
 * The console's lock knows its holder, because a panic may hit that very CPU,
 * or the holder may be stopped for good: a panic must not wait for ever.
 */
#define NOBODY			0
#define OWNER_LIMIT_MS		10000
#define OWNER_LIMIT_DYING_MS	100

static u32 console_owner;	/* CPU id + 1, or NOBODY */

static bool console_lock(void)
{
	u32 me = cpu_id() + 1;
	u64 limit = panic_is_running() ? OWNER_LIMIT_DYING_MS : OWNER_LIMIT_MS;
	u64 start = read_tsc();

	while (!atomic_cmpxchg(&console_owner, NOBODY, me)) {
		if (READ_ONCE(console_owner) == me ||
		    read_tsc() - start > limit * clock_ticks_per_ms)
			return false;
		cpu_pause();
	}
	return true;
}

static void write_line(struct line *line)
{
	bool locked = console_lock();

	console_write(line->text, line->length);
	line->length = 0;
	if (locked)
		store_release(&console_owner, NOBODY);
}

void printk_args(const char *format, va_list args)
{
	struct line *line = &lines[cpu_id()];
	size_t room = LINE_SIZE - line->length;
	va_list again;
	size_t length;

	va_copy(again, args);
	length = format_text_args(line->text + line->length, room, format,
				  args);
	if (length >= room && line->length) {
		/* Too long for one write: write what is there first. */
		write_line(line);
		room = LINE_SIZE;
		length = format_text_args(line->text, room, format, again);
	}
	va_end(again);

	line->length += length < room ? length : room - 1;
	if (length >= room ||
	    (line->length && line->text[line->length - 1] == '\n'))
		write_line(line);
}

void printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printk_args(format, args);
	va_end(args);
}

void print_end_line(void)
{
	struct line *line = &lines[cpu_id()];

	if (line->length)
		printk("\n");
}
