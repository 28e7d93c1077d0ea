/*
 * What the kernel prints, and how a schedule ends in which it panics.
 */
#include <stdio.h>
#include <stdlib.h>
#include "lib/print.h"
#include "test/explore/internal.h"
#include "test/fake/fake.h"

void (*fake_on_step)(enum step step, u64 subject);

void fake_log_steps(u64 mask)
{
	(void)mask;
}

void fake_log_clear(void)
{
}

void fake_note(const char *format, ...)
{
	(void)format;
}

void printk_args(const char *format, va_list args)
{
	vfprintf(stderr, format, args);
}

void printk(const char *format, ...)
{
	(void)format;
}

void panic(const char *format, ...)
{
	char message[128];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (!run) {
		fprintf(stderr, "explore: panic: %s\n", message);
		exit(4);
	}
	explore_found(FOUND_DEATH, "panic: %s", message);
}
