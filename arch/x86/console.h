/*
 * Where text goes. The debug console at port 0xe9 if the machine has one,
 * otherwise the first serial port, so that exactly one of the two carries the
 * whole text; and the VGA screen besides, if there is one in text mode.
 */
#ifndef ARCH_X86_CONSOLE_H
#define ARCH_X86_CONSOLE_H

#include "arch/x86/types.h"

void console_init(void);

/* The caller keeps writers apart: see printk(). */
void console_write(const char *text, size_t size);

/* Return when the last byte has left the machine. */
void console_drain(void);

/* Calls of console_write() so far: a sign of life for the watchdog. */
extern u64 console_writes;

/* The VGA text screen; nothing happens if there is none. */
void screen_init(void);
void screen_write(const char *text, size_t size);

#endif
