/*
 * Where text goes. The debug console at port 0xe9 if the machine has one,
 * otherwise the first serial port, so exactly one of the two carries the whole
 * text; also the screen, if there is a framebuffer or a VGA screen in text
 * mode.
 */
#ifndef ARCH_X86_CONSOLE_H
#define ARCH_X86_CONSOLE_H

#include "lib/types.h"

struct framebuffer;

/*
 * @fb: a usable framebuffer, or NULL: the text screen, if there is one. Returns
 * false if @fb lies where the CPU cannot reach it.
 */
bool console_init(const struct framebuffer *fb);

/* The caller serialises writers: see printk(). */
void console_write(const char *text, size_t size);

/* Return when the last byte has left the machine. */
void console_drain(void);

/* Calls of console_write() so far: progress, for the watchdog. */
extern u64 console_writes;

/* The screen; arguments and result as for console_init(). */
bool screen_init(const struct framebuffer *fb);
void screen_write(const char *text, size_t size);

#endif
