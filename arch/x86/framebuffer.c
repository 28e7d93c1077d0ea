#include "arch/x86/framebuffer.h"

#include <assert.h>
#include "lib/compiler.h"

static_assert(FONT_COLUMNS < CELL_COLUMNS && FONT_ROWS < CELL_ROWS,
	      "the glyphs of two cells never touch");

#define MIN_COLUMNS	20
#define MIN_ROWS	10
#define MAX_COLUMNS	160	/* more are left dark */
#define MAX_ROWS	64
#define MAX_PIXELS	16384	/* in a row, and rows */
#define MAX_PITCH	(MAX_PIXELS * 4)

/* The value of each byte of a pixel. */
#define BLACK		0
#define WHITE		0xff

/* Dots are as large as a text screen's columns and rows allow. */
#define WISHED_COLUMNS	80
#define WISHED_ROWS	25

/* Rows by which text scrolls: redrawing the screen takes a while. */
#define ROWS_AT_ONCE	8
static_assert(ROWS_AT_ONCE < MIN_ROWS, "a screen has more");

static struct {
	struct framebuffer fb;
	u8 *pixels;
	u32 dot;		/* pixels of a dot's side */
	u32 columns, rows;
	u32 column, row;	/* where the next character goes */
} screen;

/* What is drawn there, so that equal text is not drawn again. */
static char cells[MAX_ROWS][MAX_COLUMNS];

static u32 min(u32 a, u32 b)
{
	return a < b ? a : b;
}

bool framebuffer_is_usable(const struct framebuffer *fb)
{
	u32 bits = fb->bits_per_pixel;

	if (bits != 16 && bits != 24 && bits != 32)
		return false;
	if (fb->width < MIN_COLUMNS * CELL_COLUMNS ||
	    fb->height < MIN_ROWS * CELL_ROWS ||
	    fb->width > MAX_PIXELS || fb->height > MAX_PIXELS)
		return false;
	if (fb->pitch < fb->width * (bits / 8) || fb->pitch > MAX_PITCH)
		return false;
	return fb->base.v + framebuffer_size(fb) > fb->base.v;
}

u64 framebuffer_size(const struct framebuffer *fb)
{
	return (u64)fb->pitch * fb->height;
}

/* Whole words where possible: each access to a real one is slow. */
static void fill(u8 *at, u32 size, u8 value)
{
	u64 word = value * 0x0101010101010101ull;

	for (; size && (u64)at % sizeof(word); size--)
		*(volatile u8 *)at++ = value;
	for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word))
		*(volatile u64 *)at = word;
	for (; size; size--)
		*(volatile u8 *)at++ = value;
}

/* @count pixels from @x on in row @y. */
static void put_pixels(u32 x, u32 y, u32 count, u8 value)
{
	u32 size = screen.fb.bits_per_pixel / 8;

	fill(screen.pixels + (u64)y * screen.fb.pitch + x * size,
	     count * size, value);
}

/* One row of dots of a cell: bit CELL_COLUMNS - 1 is the left one. */
static u32 cell_row(char c, u32 row)
{
	if (row >= FONT_ROWS)
		return 0;
	if (c < FONT_FIRST || c > FONT_LAST)
		c = '?';
	return (u8)(font[c - FONT_FIRST] >> 8 * (FONT_ROWS - 1 - row)) <<
	       (CELL_COLUMNS - FONT_COLUMNS);
}

static void draw_cell(u32 row, u32 column, char c)
{
	u32 dot = screen.dot, bits, x, y;

	if (cells[row][column] == c)
		return;
	cells[row][column] = c;
	for (y = 0; y < CELL_ROWS * dot; y++) {
		bits = cell_row(c, y / dot);
		for (x = 0; x < CELL_COLUMNS; x++)
			put_pixels((column * CELL_COLUMNS + x) * dot,
				   row * CELL_ROWS * dot + y, dot,
				   bits >> (CELL_COLUMNS - 1 - x) & 1 ?
				   WHITE : BLACK);
	}
}

void framebuffer_init(const struct framebuffer *fb, void *pixels)
{
	u32 i, j;

	screen.fb = *fb;
	screen.pixels = pixels;
	screen.dot = min(fb->width / (WISHED_COLUMNS * CELL_COLUMNS),
			 fb->height / (WISHED_ROWS * CELL_ROWS));
	if (!screen.dot)
		screen.dot = 1;
	screen.columns = min(fb->width / (CELL_COLUMNS * screen.dot),
			     MAX_COLUMNS);
	screen.rows = min(fb->height / (CELL_ROWS * screen.dot), MAX_ROWS);
	screen.column = 0;
	screen.row = 0;

	for (i = 0; i < fb->height; i++)
		put_pixels(0, i, fb->width, BLACK);
	for (i = 0; i < MAX_ROWS; i++)
		for (j = 0; j < MAX_COLUMNS; j++)
			cells[i][j] = ' ';
}

static void new_line(void)
{
	u32 row, column, below;

	screen.column = 0;
	if (screen.row + 1 < screen.rows) {
		screen.row++;
		return;
	}
	/* Before drawing: a panic may print in the middle of this. */
	screen.row = screen.rows > ROWS_AT_ONCE ?
		     screen.rows - ROWS_AT_ONCE : 0;
	for (row = 0; row < screen.rows; row++) {
		below = row + ROWS_AT_ONCE;
		for (column = 0; column < screen.columns; column++)
			draw_cell(row, column, below < screen.rows ?
				  cells[below][column] : ' ');
	}
}

void framebuffer_write(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (text[i] == '\n') {
			new_line();
			continue;
		}
		if (screen.column == screen.columns)
			new_line();
		draw_cell(screen.row, screen.column++, text[i]);
	}
}
