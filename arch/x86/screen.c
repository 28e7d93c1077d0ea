/*
 * The screen: the framebuffer that the boot loader has set up, or the VGA text
 * screen, for machines that have one.
 */
#include "arch/x86/console.h"

#include "arch/x86/framebuffer.h"
#include "arch/x86/paging.h"
#include "arch/x86/system.h"
#include "lib/compiler.h"

/*
 * There is a text screen only if a BIOS has set it up. The BIOS leaves mode
 * and CRT controller port in its data area.
 */
#define BIOS_VIDEO_MODE		0x449ul
#define BIOS_CRTC_PORT		0x463ul
#define MODE_TEXT_80X25		3
#define CRTC_PORT		0x3d4
#define CRTC_START_HIGH		0x0c
#define CRTC_START_LOW		0x0d
#define CRTC_CURSOR_HIGH	0x0e
#define CRTC_CURSOR_LOW		0x0f

#define SCREEN_BASE		0xb8000ul
#define COLUMNS			80
#define ROWS			25
#define ROWS_IN_MEMORY		200	/* of 32 KiB */
#define BLANK			0x0720	/* a space, light grey on black */

static volatile u16 *const cells = (volatile u16 *)SCREEN_BASE;
static bool have_text, have_framebuffer;
static u32 top, row, column;	/* top = first row in view, row counts from 0 */

/* Hide the constant address, which gcc takes for a null pointer's field. */
static u16 read_bios_data(u64 address)
{
	__asm__ ("" : "+r" (address));
	return *(volatile u16 *)address;
}

static void clear_row(u32 n)
{
	u32 i;

	for (i = 0; i < COLUMNS; i++)
		cells[n * COLUMNS + i] = BLANK;
}

static void crtc_write(u8 high_index, u16 value)
{
	write_port(CRTC_PORT, high_index);
	write_port(CRTC_PORT + 1, value >> 8);
	write_port(CRTC_PORT, high_index + 1);
	write_port(CRTC_PORT + 1, value & 0xff);
}

static bool framebuffer_start(const struct framebuffer *fb)
{
	void *pixels = paging_map_screen(fb->base, framebuffer_size(fb));

	if (pixels)
		framebuffer_init(fb, pixels);
	return pixels;
}

static void text_start(void)
{
	u32 i;

	if ((read_bios_data(BIOS_VIDEO_MODE) & 0xff) != MODE_TEXT_80X25 ||
	    read_bios_data(BIOS_CRTC_PORT) != CRTC_PORT)
		return;

	cells[0] = BLANK ^ 0xff;
	if (cells[0] != (BLANK ^ 0xff))
		return;

	have_text = true;
	for (i = 0; i < ROWS; i++)
		clear_row(i);
	crtc_write(CRTC_START_HIGH, 0);
}

bool screen_init(const struct framebuffer *fb)
{
	if (fb)
		return have_framebuffer = framebuffer_start(fb);
	text_start();
	return true;
}

/*
 * Scroll by moving the view through the card's memory: under a hypervisor each
 * access to it may cost an exit, so text is copied only at the far end.
 */
static void new_line(void)
{
	u32 i;

	column = 0;
	row++;
	if (row < top + ROWS)
		return;
	if (row < ROWS_IN_MEMORY) {
		top = row - ROWS + 1;
		clear_row(row);
		return;
	}
	for (i = 0; i < (ROWS - 1) * COLUMNS; i++)
		cells[i] = cells[(row - ROWS + 1) * COLUMNS + i];
	top = 0;
	row = ROWS - 1;
	clear_row(row);
}

void screen_write(const char *text, size_t size)
{
	size_t i;

	if (have_framebuffer)
		framebuffer_write(text, size);
	if (!have_text)
		return;
	for (i = 0; i < size; i++) {
		if (text[i] == '\n') {
			new_line();
			continue;
		}
		if (column == COLUMNS)
			new_line();
		cells[row * COLUMNS + column++] =
			(BLANK & 0xff00) | (u8)text[i];
	}
	crtc_write(CRTC_START_HIGH, top * COLUMNS);
	crtc_write(CRTC_CURSOR_HIGH, row * COLUMNS + column);
}
