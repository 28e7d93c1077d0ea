#include "test/explore/race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lab/check/check.h"
#include "lib/print.h"
#include "mm/hpt.h"
#include "test/fake/fake.h"

const struct race *race;
struct mm *mm;
static u64 free_before;

/* What the child that explores and we share. */
static struct shared {
	struct explore_result result;
	u64 outcomes;
} *shared;

/* --- For the races. */

void race_came_out(u64 outcome)
{
	shared->outcomes |= outcome;
}

void race_expect(bool holds, const char *what)
{
	if (!holds)
		panic("%s", what);
}

void race_build(u32 count)
{
	fake_ram_init();
	fake_reset(count);
	race_expect(!check_init(1, 2 * RACE_PAGES),
		    "no memory for the checker");
	free_before = frame_free_count();
	mm = mm_create();
	race_expect(mm && !mm_mmap(mm, pages(0, RACE_PAGES),
				   VMA_WRITE | VMA_MERGEABLE),
		    "no address space");
	mm_switch(mm);
}

void race_end(void)
{
	u32 id;

	for (id = 0; id < cpu_count; id++) {
		fake_cpu(id);
		fake_interrupts();
		mm_switch(NULL);
	}
	fake_cpu(0);
	mm_put(mm);
	if (frame_free_count() != free_before)
		explore_found(FOUND_DEATH, "INV-FREE: %lld frames",
			      (long long)(free_before - frame_free_count()));
}

u64 read_word(u64 page, u32 word)
{
	u64 value = 0;

	race_expect(!fake_read(hva_add(page_hva(page), word * sizeof(u64)),
			       &value), "the host cannot read");
	return value;
}

void write_word(u64 page, u32 word, u64 value)
{
	race_expect(!fake_write(hva_add(page_hva(page), word * sizeof(u64)),
				value), "the host cannot write");
}

struct frame *frame_of(u64 page)
{
	pte_t *ptep = hpt_walk(mm, page_hva(page));

	race_expect(ptep && pte_present(pte_read(ptep)), "nothing is mapped");
	return pfn_frame(pte_pfn(pte_read(ptep)));
}

/* --- All of a table. */

static void explore_here(void)
{
	struct exploration what = {
		.build = race->build, .watch = race->watch,
		.judge = race->judge, .preemptions = race->preemptions,
		.reduce = true, .stop_at_steps = race->watch,
	};

	while (what.count < EXPLORE_ACTORS && race->cpus[what.count]) {
		what.actors[what.count].run = race->cpus[what.count];
		what.actors[what.count].cpu = what.count;
		what.count++;
	}
	explore(&what, &shared->result);
}

/* There is one exploration in a process. */
static bool explore_in_child(void)
{
	pid_t child;
	int status;

	memset(shared, 0, sizeof(*shared));
	fflush(NULL);
	child = fork();
	if (!child) {
		explore_here();
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child &&
	       WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool is_right(void)
{
	const struct explore_result *r = &shared->result;
	u64 found;

	if (!explore_in_child())
		return false;
	found = explore_found_any(r);
	printf("# %llu states, %llu schedules, %llu found, outcomes %llx\n",
	       (unsigned long long)r->states,
	       (unsigned long long)r->schedules, (unsigned long long)found,
	       (unsigned long long)shared->outcomes);
	if (found)
		printf("# found within %u: %s\n", r->shortest.preemptions,
		       r->shortest.why);
	if (r->states < 10 || shared->outcomes != race->outcomes)
		return false;
	if (!race->finds || !found)
		return !race->finds == !found;
	return strstr(r->shortest.why, race->finds);
}

int race_main(const struct race *races, u32 count)
{
	u32 i, failed = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 4;
	printf("1..%u\n", count);
	for (i = 0; i < count; i++) {
		bool right;

		race = &races[i];
		right = is_right();
		failed += !right;
		printf("%sok %u - %s\n", right ? "" : "not ", i + 1,
		       race->name);
	}
	return failed != 0;
}
