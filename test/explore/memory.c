#define _GNU_SOURCE
#include "test/explore/memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "test/fake/fake.h"

#define MAX_DIRTY	4096	/* pages that schedules write to */

extern char __data_start[], _end[];	/* the linker's */

struct memory_map memory_map;

/* The explorer's own, so it survives restoring. */
static struct memory {
	char *pages[MAX_DIRTY];
	char (*saved)[PAGE_SIZE];
	u32 dirty;
} *memory;

void *memory_own(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("explore: mmap");
		exit(4);
	}
	return p;
}

/* The first write to a page since the snapshot, or a wild pointer. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & PAGE_MASK);

	(void)context;
	if (memory_word(page) == MEMORY_NOWHERE || memory->dirty == MAX_DIRTY) {
		signal(number, SIG_DFL);
		return;
	}
	memcpy(memory->saved[memory->dirty], page, PAGE_SIZE);
	memory->pages[memory->dirty++] = page;
	mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

void memory_start(void)
{
	struct sigaction action = { .sa_sigaction = on_fault,
				    .sa_flags = SA_SIGINFO };

	memory = memory_own(sizeof(*memory));
	memory->saved = memory_own(MAX_DIRTY * PAGE_SIZE);
	memory_map.data_start = (uintptr_t)__data_start & PAGE_MASK;
	memory_map.data_size = (((uintptr_t)_end + ~PAGE_MASK) & PAGE_MASK) -
			       memory_map.data_start;
	memory_map.ram_start = (uintptr_t)fake_ram + FAKE_RAM_START;
	memory_map.ram_size = FAKE_RAM_END - FAKE_RAM_START;
	if (sigaction(SIGSEGV, &action, NULL))
		abort();
}

void memory_snapshot(void)
{
	memory->dirty = 0;
	mprotect((void *)memory_map.ram_start, memory_map.ram_size, PROT_READ);
	mprotect((void *)memory_map.data_start, memory_map.data_size, PROT_READ);
}

void memory_restore(void)
{
	u32 i;

	for (i = 0; i < memory->dirty; i++)
		memcpy(memory->pages[i], memory->saved[i], PAGE_SIZE);
}

void memory_keep(struct memory_image *image)
{
	u32 i;

	if (image->size < memory->dirty) {
		image->size = memory->dirty + 16;
		image->pages = realloc(image->pages, image->size * PAGE_SIZE);
		if (!image->pages)
			abort();
	}
	image->count = memory->dirty;
	for (i = 0; i < image->count; i++)
		memcpy(image->pages[i], memory->pages[i], PAGE_SIZE);
}

void memory_bring_back(const struct memory_image *image)
{
	u32 i;

	for (i = 0; i < memory->dirty; i++)
		memcpy(memory->pages[i], i < image->count ? image->pages[i]
							  : memory->saved[i],
		       PAGE_SIZE);
}

volatile void *memory_at(u32 word)
{
	u64 offset = word * sizeof(u64);

	return (void *)(offset < memory_map.ram_size
			? memory_map.ram_start + offset
			: memory_map.data_start + offset - memory_map.ram_size);
}

u32 memory_word_count(void)
{
	return (memory_map.ram_size + memory_map.data_size) / sizeof(u64);
}
