/*
 * Text on a framebuffer, read back from the pixels. The memory has no byte more
 * than framebuffer_size() says, which AddressSanitizer watches.
 */
#include "test/host/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/framebuffer.h"

static const struct {
	const char *name;
	u32 width, height, bits, slack;	/* slack = bytes behind each row */
	u32 dot, columns, rows;		/* what to expect */
} modes[] = {
	{ "1024x768", 1024, 768, 32, 0, 2, 85, 38 },
	{ "24 bits, rows at odd addresses", 1024, 768, 24, 7, 2, 85, 38 },
	{ "16 bits", 800, 600, 16, 0, 1, 133, 60 },
	{ "1920x1080", 1920, 1080, 32, 0, 4, 80, 27 },
	{ "not so wide as a text screen", 320, 200, 32, 64, 1, 53, 20 },
	{ "the smallest", 120, 100, 32, 0, 1, 20, 10 },
	{ "flat and wide", 5120, 250, 24, 1, 1, 160, 25 },
	{ "tall", 500, 2000, 32, 0, 1, 83, 64 },
};

static const u8 *pixels;
static struct framebuffer fb;
static u32 dot;

static void start(u32 mode)
{
	fb = (struct framebuffer){
		.base = { 1ull << 40 },
		.pitch = modes[mode].width * modes[mode].bits / 8 +
			 modes[mode].slack,
		.width = modes[mode].width,
		.height = modes[mode].height,
		.bits_per_pixel = modes[mode].bits,
	};
	dot = modes[mode].dot;
	free((void *)pixels);
	pixels = malloc(framebuffer_size(&fb));
	memset((void *)pixels, 0x5a, framebuffer_size(&fb));
	assert_true(framebuffer_is_usable(&fb));
	framebuffer_init(&fb, (void *)pixels);
}

static void write_text(const char *text)
{
	framebuffer_write(text, strlen(text));
}

/* All bits of the pixel are one, or all are zero. */
static bool is_lit(u32 x, u32 y)
{
	u32 i, bytes = fb.bits_per_pixel / 8;
	const u8 *pixel = pixels + (u64)y * fb.pitch + x * bytes;

	for (i = 0; i < bytes; i++)
		assert_true(pixel[i] == pixel[0] &&
			    (pixel[i] == 0 || pixel[i] == 0xff));
	return *pixel;
}

/* The dot at the top left pixel (@x, @y), of which all pixels are equal. */
static bool is_dot_lit(u32 x, u32 y)
{
	u32 i;

	for (i = 0; i < dot * dot; i++)
		assert_int_equal(is_lit(x + i % dot, y + i / dot),
				 is_lit(x, y));
	return is_lit(x, y);
}

/* The character whose glyph is there; what is around a glyph is black. */
static char read_cell(u32 row, u32 column)
{
	u64 glyph = 0;
	u32 x, y, c;

	for (y = 0; y < CELL_ROWS; y++)
		for (x = 0; x < CELL_COLUMNS; x++) {
			bool lit = is_dot_lit((column * CELL_COLUMNS + x) *
					      dot, (row * CELL_ROWS + y) * dot);

			if (x >= FONT_COLUMNS || y >= FONT_ROWS)
				assert_false(lit);
			else if (lit)
				glyph |= 1ull << (8 * (FONT_ROWS - 1 - y) +
						  FONT_COLUMNS - 1 - x);
		}
	for (c = FONT_FIRST; c <= FONT_LAST; c++)
		if (font[c - FONT_FIRST] == glyph)
			return (char)c;
	fail_msg("row %u, column %u: no glyph %lx", row, column, glyph);
	return 0;
}

/* Row @row begins with @text, and has nothing behind it. */
static void check_row(u32 mode, u32 row, const char *text)
{
	u32 column;

	for (column = 0; column < modes[mode].columns; column++) {
		char c = read_cell(row, column);

		if (c != (*text ? *text : ' '))
			fail_msg("%s: row %u, column %u: %c", modes[mode].name,
				 row, column, c);
		text += *text != '\0';
	}
}

/* Every glyph is another, lies in its cell, and only a space is empty. */
static void test_font(void **state)
{
	u32 i, j, row;

	(void)state;
	for (i = 0; i < array_count(font); i++) {
		assert_int_equal(!font[i], i + FONT_FIRST == ' ');
		for (row = 0; row < FONT_ROWS; row++)
			assert_int_equal((font[i] >> 8 * row & 0xff) >>
					 FONT_COLUMNS, 0);
		for (j = 0; j < i; j++)
			assert_true(font[i] != font[j]);
	}
}

/* Each character, in each mode, and black everywhere else. */
static void test_characters(void **state)
{
	u32 mode, column, x, y;
	char c, text[] = "?\n";

	(void)state;
	for (mode = 0; mode < array_count(modes); mode++) {
		u32 columns = modes[mode].columns;

		start(mode);
		for (c = FONT_FIRST; c <= FONT_LAST; c++) {
			text[0] = c;
			framebuffer_write(text, 1);
		}
		for (column = 0; column <= FONT_LAST - FONT_FIRST; column++)
			assert_int_equal(read_cell(column / columns,
						   column % columns),
					 FONT_FIRST + column);
		for (y = 0; y < fb.height; y++)
			for (x = columns * CELL_COLUMNS * dot; x < fb.width;
			     x++)
				assert_false(is_lit(x, y));
	}
}

/* Bytes that are no text are shown, as question marks. */
static void test_other_bytes(void **state)
{
	(void)state;
	start(0);
	framebuffer_write("a\0\t\r\x7f\x80\xff" "b", 8);
	check_row(0, 0, "a??????b");
}

/* Lines that are too long go on in the next row. */
static void test_long_line(void **state)
{
	char line[200];

	(void)state;
	start(5);
	memset(line, 'x', sizeof(line));
	line[20] = 'y';
	framebuffer_write(line, 20);
	check_row(5, 1, "");
	framebuffer_write(line + 20, 2);
	check_row(5, 0, "xxxxxxxxxxxxxxxxxxxx");
	check_row(5, 1, "yx");
	/* A full row and an end of line: one end, not two. */
	write_text("\n");
	framebuffer_write(line, 20);
	write_text("\nz");
	check_row(5, 2, "xxxxxxxxxxxxxxxxxxxx");
	check_row(5, 3, "z");
}

/* Behind the last row the text moves up, in each mode, and none is lost. */
static void test_scroll(void **state)
{
	u32 mode, line, rows, row, first;
	char text[20];

	(void)state;
	for (mode = 0; mode < array_count(modes); mode++) {
		rows = modes[mode].rows;
		start(mode);
		for (line = 0; line < 3 * rows; line++) {
			snprintf(text, sizeof(text), "%sline %u",
				 line ? "\n" : "", line);
			write_text(text);
		}
		/* The last line is in one of the last rows. */
		for (row = rows - 1; read_cell(row, 0) == ' '; row--)
			;
		assert_true(row >= rows - 8);
		first = line - 1 - row;
		for (row = 0; row < rows; row++) {
			snprintf(text, sizeof(text), "line %u", first + row);
			check_row(mode, row, first + row < line ? text : "");
		}
	}
}

/* A second start forgets the first. */
static void test_start_again(void **state)
{
	(void)state;
	start(0);
	write_text("one\ntwo");
	start(0);
	check_row(0, 0, "");
	write_text("three");
	check_row(0, 0, "three");
	check_row(0, 1, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_font),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_other_bytes),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_scroll),
		cmocka_unit_test(test_start_again),
	};

	return RUN(tests);
}
