/*
 * Output for people and for the front end: one line-oriented console, and the
 * panic that ends the machine. %d %u %x %c %s %p with l, ll, width, 0 and -,
 * and %%: nothing else is understood.
 */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

#include <stdarg.h>
#include "lib/compiler.h"

/*
 * Print to the console; lines of different CPUs are not mixed, even when they
 * are printed in pieces. Not from interrupt handlers, unless they panic.
 */
void printk(const char *format, ...) __printf(1, 2);
void printk_args(const char *format, va_list args);

/* Complete the line that this CPU has begun, if any. */
void print_end_line(void);

/* Format into @buf of @size bytes, always terminated; returns the length that
 * the whole text would have. */
int format_text(char *buf, size_t size, const char *format, ...)
	__printf(3, 4);
int format_text_args(char *buf, size_t size, const char *format, va_list args);

/*
 * Text from outside, for people: unprintable bytes (control characters, bytes
 * beyond ASCII) become C escapes, and "..." replaces an end that does not fit
 * in @buf of @size bytes. Always terminated.
 */
void quote_text(char *buf, size_t size, const char *text, size_t length);

/*
 * One of our invariants is broken: print the message, each CPU's state, stop
 * every other CPU and end the machine with EXIT_DIED. The message names the
 * invariant or the rule.
 */
__noreturn void panic(const char *format, ...) __printf(1, 2);

#define BUG_ON(condition) do {						\
	if (unlikely(condition))					\
		panic("%s:%d: %s", __FILE__, __LINE__, #condition);	\
} while (0)

/* How a boot ends; also the front end's exit statuses. */
enum machine_exit_status {
	EXIT_COHERENT = 0,
	EXIT_INCOHERENT = 1,
	EXIT_USAGE = 2,
	EXIT_NO_BACKEND = 3,
	EXIT_DIED = 4,
};

/* Print "exit status=N" and power the machine off, as far as it can be. */
__noreturn void machine_exit(enum machine_exit_status status);

#endif
