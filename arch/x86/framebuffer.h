/*
 * Text on a linear framebuffer, which UEFI has in place of a text screen.
 * Pure: it draws into memory that its caller has mapped, and never reads it,
 * because a read of a real framebuffer takes microseconds. Text is white on
 * black, all ones and all zeroes, whichever bits of a pixel are which colour.
 */
#ifndef ARCH_X86_FRAMEBUFFER_H
#define ARCH_X86_FRAMEBUFFER_H

#include "lib/types.h"

/* A glyph has FONT_COLUMNS x FONT_ROWS dots; its cell adds a margin. */
#define FONT_COLUMNS	5
#define FONT_ROWS	8
#define CELL_COLUMNS	6
#define CELL_ROWS	10
#define FONT_FIRST	32
#define FONT_LAST	126

/* From FONT_FIRST on; a byte for each row, the top one first; bit 4 is left. */
extern const u64 font[FONT_LAST - FONT_FIRST + 1];

struct framebuffer {
	hpa_t base;
	u32 pitch;		/* bytes from one row of pixels to the next */
	u32 width, height;	/* in pixels */
	u32 bits_per_pixel;
};

/*
 * True if text can be drawn on it: 16, 24 or 32 bits per pixel, room for 20
 * columns and 10 rows, and fields that are consistent.
 */
bool framebuffer_is_usable(const struct framebuffer *fb);

/* The bytes that drawing may touch, from its base on. It must be usable. */
u64 framebuffer_size(const struct framebuffer *fb);

static inline struct memory_range
framebuffer_memory(const struct framebuffer *fb)
{
	return (struct memory_range){
		fb->base, { fb->base.v + framebuffer_size(fb) },
	};
}

/* Clear the usable @fb, which is mapped at @pixels: text goes there. */
void framebuffer_init(const struct framebuffer *fb, void *pixels);

/* Text starts at the top left; when the screen is full it scrolls. */
void framebuffer_write(const char *text, size_t size);

#endif
