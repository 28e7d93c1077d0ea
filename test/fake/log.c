/*
 * What happened, in order; and how it ends when an invariant is broken.
 */
#include "test/fake/fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/print.h"

#define LOG_SIZE	(1u << 20)

void (*fake_on_step)(enum step step, u64 subject);

static char text[LOG_SIZE];
static u32 length;
static u64 step_mask;
static bool off;
static int panic_pipe = -1;	/* a child that is expected to panic */

static void hear(struct step_listener *listener,
		 const struct step_event *event)
{
	(void)listener;
	if (step_mask & 1ull << event->step)
		fake_note("%s", step_names[event->step]);
	if (fake_on_step && !step_is_detail(event->step))
		fake_on_step(event->step, event->subject);
}

static struct step_listener listener = { .hear = hear };

void fake_log_steps(u64 mask)
{
	step_mask = mask;
	step_unlisten(&listener);
	step_listen(&listener);
	off = false;
}

void fake_log_off(void)
{
	off = true;
}

void fake_note(const char *format, ...)
{
	va_list args;

	if (off)
		return;
	if (length)
		text[length++] = ' ';
	va_start(args, format);
	length += vsnprintf(text + length, LOG_SIZE - length, format, args);
	va_end(args);
	if (cpu_id())
		length += snprintf(text + length, LOG_SIZE - length, "@%u",
				   cpu_id());
	if (length > LOG_SIZE - 100)
		panic("the log is full: switch it off in long tests");
}

const char *fake_log(void)
{
	return text;
}

void fake_log_clear(void)
{
	length = 0;
	text[0] = '\0';
}

/* How often the log has @word, on whatever CPU. */
u32 fake_log_count(const char *word)
{
	size_t size = strlen(word);
	const char *at = text;
	u32 count = 0;

	while ((at = strstr(at, word))) {
		bool begins = at == text || at[-1] == ' ';
		char after = at[size];

		count += begins && (!after || after == ' ' || after == '@');
		at += size;
	}
	return count;
}

void printk_args(const char *format, va_list args)
{
	vfprintf(stderr, format, args);
}

void printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printk_args(format, args);
	va_end(args);
}

void panic(const char *format, ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (panic_pipe >= 0) {
		if (write(panic_pipe, message, strlen(message) + 1) < 0)
			_exit(2);
		_exit(1);
	}
	fprintf(stderr, "panic on CPU %u: %s\n", cpu_id(), message);
	abort();
}

bool fake_panics(void (*fn)(void *arg), void *arg, const char *expected)
{
	char message[256] = "(it did not panic)";
	int pipes[2], status;
	pid_t child;

	fflush(NULL);
	if (pipe(pipes) || (child = fork()) < 0)
		abort();
	if (!child) {
		panic_pipe = pipes[1];
		fn(arg);
		_exit(0);
	}
	close(pipes[1]);
	if (read(pipes[0], message, sizeof(message) - 1) < 0)
		abort();
	close(pipes[0]);
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1 &&
	    strstr(message, expected))
		return true;
	fprintf(stderr, "# expected a panic with '%s', found: %s\n", expected,
		message);
	return false;
}
