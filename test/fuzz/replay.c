/*
 * Runs a fuzz target without a fuzzer: on the corpus, and on that many inputs
 * made from it by chance, always the same ones.
 */
#include "test/fuzz/fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_INPUTS	100000u
#define MAX_FILES	100u
#define MAX_SIZE	4096u

static struct input {
	u8 bytes[MAX_SIZE];
	size_t size;
} files[MAX_FILES], now;
static u32 file_count;

/* An input of exactly that size, so that the sanitizer sees its end. */
static void run(const struct input *input)
{
	u8 *copy = malloc(input->size + !input->size);

	now = *input;
	memcpy(copy, input->bytes, input->size);
	LLVMFuzzerTestOneInput(copy, input->size);
	free(copy);
}

/* Where libFuzzer would leave a crash-... file. */
static void on_abort(int signal)
{
	size_t i;

	(void)signal;
	printf("# the input was ");
	for (i = 0; i < now.size; i++)
		printf("%02x", now.bytes[i]);
	printf("\nnot ok - %s\n", fuzz_name);
	fflush(stdout);
}

static void read_file(const char *folder, const char *name)
{
	struct input *input = &files[file_count];
	char path[400];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file)
		return;
	input->size = fread(input->bytes, 1, MAX_SIZE, file);
	fclose(file);
	file_count++;
}

/* In the order of their names: the same inputs are made everywhere. */
static void read_corpus(const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, NULL, alphasort), i;

	for (i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.' && file_count < MAX_FILES)
			read_file(folder, names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

/* Some bytes are changed, a piece of another file put in, the end cut. */
static struct input mutated(void)
{
	static struct input input;
	const struct input *other = &files[(u32)random() % file_count];
	u32 changes = (u32)random() % 8, i, at, length;

	input = files[(u32)random() % file_count];
	for (i = 0; i < changes && input.size; i++)
		input.bytes[(u32)random() % input.size] = (u8)random();
	if (random() % 2 && other->size && input.size) {
		at = (u32)random() % input.size;
		length = 1 + (u32)random() % other->size;
		if (length > MAX_SIZE - at)
			length = MAX_SIZE - at;
		memcpy(input.bytes + at, other->bytes, length);
		if (at + length > input.size)
			input.size = at + length;
	}
	if (random() % 4 == 0)
		input.size = (u32)random() % (input.size + 1);
	return input;
}

int main(void)
{
	char folder[100];
	u32 i;

	signal(SIGABRT, on_abort);
	snprintf(folder, sizeof(folder), "test/fuzz/corpus/%s", fuzz_name);
	read_corpus(folder);
	printf("%s 1 - %s: %u files\n", file_count ? "ok" : "not ok",
	       fuzz_name, file_count);
	for (i = 0; i < file_count; i++)
		run(&files[i]);
	srandom(1);
	for (i = 0; i < RANDOM_INPUTS && file_count; i++) {
		const struct input input = mutated();

		run(&input);
	}
	printf("ok 2 - %s: %u inputs by chance\n1..2\n", fuzz_name,
	       RANDOM_INPUTS);
	return !file_count;
}
