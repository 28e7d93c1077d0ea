/*
 * Data pages under the oracle.
 *
 * Writers and readers of one page run at once: other vCPUs, and the host on
 * its own CPUs. x86 keeps stores in order and loads in order (SDM vol. 3, 8.2),
 * and a string instruction as a whole too; only the compiler must be held.
 *
 *	writer				reader
 *
 *	begun := new			read published
 *	fill				read each word
 *	published := new		read begun
 *
 * A word that the reader found new was stored after begun, so begun, which is
 * read later, is at least that new. A page that is published was filled
 * before, so no word that is read later may be older.
 */
#include "guest/guest.h"

#include "guest/check.h"

/* Orders nothing but the compiler; x86 does the rest. */
static inline void compiler_barrier(void)
{
	__asm__ volatile ("" ::: "memory");
}

static volatile struct oracle_page *oracle_page(uint32_t page)
{
	return (volatile struct oracle_page *)GUEST_ORACLE_GPA + page;
}

static void *data_page(const struct guest *guest, uint32_t page)
{
	return (void *)(guest->now.data_gpa + page * GUEST_PAGE_SIZE);
}

/* What this vCPU notes of @page. */
static struct guest_page *notes(const struct guest *guest, uint32_t page)
{
	return (struct guest_page *)GUEST_SEEN_GPA(guest->now.pages) +
	       (uint64_t)guest->now.vcpu * guest->now.pages + page;
}

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile ("rdtsc" : "=a" (low), "=d" (high) :: "memory");
	return (uint64_t)high << 32 | low;
}

/* How long @what takes, less what the measuring does. */
#define TICKS_OF(what) __extension__ ({					\
	uint64_t first_ = read_tsc(), start_ = read_tsc(), end_;	\
	what;								\
	end_ = read_tsc();						\
	end_ - start_ - (start_ - first_); })

void leave(const struct guest *guest, uint32_t page)
{
	uint32_t eax = 0, ebx, ecx = 0, edx;

	notes(guest, page)->ticks = TICKS_OF(
		__asm__ volatile ("cpuid" : "+a" (eax), "=b" (ebx), "+c" (ecx),
				  "=d" (edx) :: "memory"));
}

static void report_stale(const struct guest *guest, uint32_t page,
			 const struct check_failure *failure)
{
	volatile struct mailbox *box = guest->box;
	uint64_t n = box->stale_count;

	if (n < STALE_REPORTS) {
		volatile struct stale_report *report = &box->stale[n];

		report->gfn = guest->now.data_gpa / GUEST_PAGE_SIZE + page;
		report->word = failure->word;
		report->expected = failure->expected;
		report->found = failure->found;
	}
	/* Last, so that the host finds the report that it counts. */
	box->stale_count = n + 1;
}

/*
 * The page is copied first and judged then: whatever was read is judged, even
 * if the page changes, or a flush comes, right behind the read.
 */
void read_page(struct guest *guest, uint32_t page)
{
	volatile struct oracle_page *oracle = oracle_page(page);
	uint64_t copy[CHECK_WORDS];
	const void *from = data_page(guest, page);
	void *to = copy;
	uint64_t words = CHECK_WORDS, published;
	struct check_failure failure;

	published = oracle->published;
	if (guest->now.timed)
		notes(guest, page)->ticks =
			TICKS_OF((void)*(const volatile uint64_t *)from);
	__asm__ volatile ("rep movsq" : "+D" (to), "+S" (from), "+c" (words)
				      :: "memory");
	if (!check_page(copy, published, oracle->begun, &notes(guest, page)->seen,
			&failure))
		report_stale(guest, page, &failure);

	guest->box->reads = guest->box->reads + 1;
	if (guest->now.yield_every &&
	    ++guest->since_yield >= guest->now.yield_every) {
		guest->since_yield = 0;
		hypercall(guest, HYPERCALL_YIELD);
	}
}

void write_page(const struct guest *guest, uint32_t page, uint64_t tag)
{
	volatile struct oracle_page *oracle = oracle_page(page);
	void *to = data_page(guest, page);
	uint64_t words = CHECK_WORDS;

	oracle->begun = tag;
	compiler_barrier();
	if (guest->now.timed)
		notes(guest, page)->ticks =
			TICKS_OF(*(volatile uint64_t *)to = tag);
	__asm__ volatile ("rep stosq" : "+D" (to), "+c" (words) : "a" (tag)
				      : "memory");
	compiler_barrier();
	oracle->published = tag;
}

uint32_t next_generation(const struct guest *guest, uint32_t page)
{
	uint32_t next = TAG_GENERATION(oracle_page(page)->published) + 1;

	return next > guest->now.oldest ? next : guest->now.oldest;
}
