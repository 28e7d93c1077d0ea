/*
 * The framebuffer that the boot loader may have set up. Pure, and as
 * distrustful as boot/multiboot.h.
 */
#ifndef BOOT_FRAMEBUFFER_H
#define BOOT_FRAMEBUFFER_H

#include "arch/x86/framebuffer.h"

struct boot_machine;

/*
 * Fill @fb from the block at physical address @block. Returns 0, -ENODEV if
 * the screen is in text mode or there is none, or -EINVAL if text cannot be
 * drawn on it: its format is not supported, or it would overlap the kernel.
 */
int boot_framebuffer(u64 block, const struct boot_machine *machine,
		     struct framebuffer *fb);

#endif
