#include "lab/scenario/content.h"

#include "arch/x86/page.h"
#include "arch/x86/stopwatch.h"
#include "arch/x86/user.h"
#include "lib/error.h"
#include "lib/print.h"
#include "vmm/vm.h"

#define REPORTS_MAX	4
#define CHILD_GENERATION	0x80000000u	/* no guest comes so far */

int content_init(struct content *content, struct party *party, u32 page_count)
{
	*content = (struct content){
		.party = party, .page_count = page_count,
	};
	return page_array_init(&content->child_pages, page_count,
			       PAGE_ARRAY_ENTRY);
}

void content_exit(struct content *content)
{
	page_array_exit(&content->child_pages);
}

/* The next generation of @page: a page that begins anew after a discard never
 * repeats one, so a vCPU that remembers a newer one has really seen it. */
static u32 next_generation(const struct content *content, u32 page)
{
	u32 next = TAG_GENERATION(READ_ONCE(vm_oracle(page)->published)) + 1;
	u32 oldest = content->oldest_generation;

	return next > oldest ? next : oldest;
}

int content_host_write(struct content *content, u32 page, u64 *ticks)
{
	return content_host_store(page, TAG_PAGE(page,
				  next_generation(content, page)), ticks);
}

u32 content_next_generation(const struct content *content,
			    const struct selected *pages)
{
	u32 next = content->oldest_generation, i;

	for (i = 0; i < pages->count; i++) {
		u32 of_page = next_generation(content, selected_page(pages, i));

		if (of_page > next)
			next = of_page;
		cpu_progress();
	}
	return next;
}

/*
 * Fill a page of the current address space, whose first store has succeeded or
 * not. A merge may write-protect it again behind any store: whoever fails asks
 * why, and goes on if it was for once.
 */
static int fill(u64 *words, u64 tag, bool stored)
{
	int err;

	while (!stored || !user_fill(words, tag, PAGE_WORDS)) {
		err = mm_fault(this_cpu()->mm, (hva_t){ (u64)words }, MM_WRITE);
		if (err)
			return err;
		stored = true;
	}
	return 0;
}

int content_host_store(u32 page, u64 tag, u64 *ticks)
{
	struct oracle_page *oracle = vm_oracle(page);
	u64 *words = vm_page(page);
	struct stopwatch watch;
	bool stored;
	int err;

	/* Readers take published before, and begun after (hypercall_abi.h):
	 * stores are seen in program order. */
	store_release(&oracle->begun, tag);
	watch = stopwatch_start();
	stored = user_store(words, tag);
	*ticks = stopwatch_read(&watch);
	err = fill(words, tag, stored);
	if (!err)
		store_release(&oracle->published, tag);
	return err;
}

/* There may be many: no loop over them is a case for the watchdog. */
#define for_each_page(page, first, count)				\
	for (u32 page = (first), end_ = page + (count); page < end_;	\
	     cpu_progress(), page++)

void content_begin_zero(u32 first, u32 count)
{
	for_each_page(page, first, count)
		store_release(&vm_oracle(page)->begun, 0ull);
}

void content_end_zero(u32 first, u32 count)
{
	for_each_page(page, first, count)
		store_release(&vm_oracle(page)->published, 0ull);
}

static void report(struct content *content, u32 page, u64 word, u64 expected,
		   u64 found, const char *reader)
{
	/* Host threads verify pages at the same time. */
	if (atomic_add(&content->stale_reads, 1) <= REPORTS_MAX)
		printk("stale gfn=0x%llx word=%llu "
		       "expected=0x%llx found=0x%llx reader=%s phase=%s\n",
		       (unsigned long long)(GUEST_DATA_GPA >> PAGE_SHIFT) +
		       page, (unsigned long long)word,
		       (unsigned long long)expected,
		       (unsigned long long)found, reader, content->phase);
}

int content_verify_page(struct content *content, u32 page, u64 oldest,
			u64 newest, const char *reader)
{
	const u64 *words = vm_page(page);
	u32 i;
	int err;

	/* A page that nobody has touched needs memory even to be read. */
	err = mm_fault(this_cpu()->mm, (hva_t){ (u64)words }, MM_READ);
	if (err)
		return err;
	/* The case that matters for speed. */
	if (oldest == newest && page_is(words, oldest))
		return 0;
	for (i = 0; i < PAGE_WORDS; i++) {
		u64 found = READ_ONCE(words[i]);

		if (found < oldest || found > newest) {
			report(content, page, i, oldest, found, reader);
			break;
		}
	}
	return 0;
}

static int verify_vm(struct content *content)
{
	for_each_page(page, 0, content->page_count) {
		u64 tag = vm_oracle(page)->published;
		int err = content_verify_page(content, page, tag, tag, "host");

		if (err)
			return err;
	}
	return 0;
}

/* --- The child keeps what was there when it was forked, whoever wrote since;
 * what it writes itself is its own. */

/* What a page of the child must be: a tag, or one between two. */
struct child_page {
	u64 oldest, newest;
};

static struct child_page *child_page(const struct content *content, u32 page)
{
	return page_array_at(&content->child_pages, page);
}

void content_begin_fork(struct content *content)
{
	for_each_page(page, 0, content->page_count)
		child_page(content, page)->oldest =
			load_acquire(&vm_oracle(page)->published);
}

void content_end_fork(struct content *content)
{
	for_each_page(page, 0, content->page_count)
		child_page(content, page)->newest =
			load_acquire(&vm_oracle(page)->begun);
}

int content_child_write(struct content *content, u32 page)
{
	struct child_page *child = child_page(content, page);
	/* Other host threads write other pages of the child. */
	u64 tag = TAG_PAGE(page, CHILD_GENERATION +
				 atomic_add(&content->child_writes, 1));

	child->oldest = child->newest = tag;
	return fill(vm_page(page), tag, true);
}

int content_verify_child_page(struct content *content, u32 page)
{
	const struct child_page *child = child_page(content, page);

	return content_verify_page(content, page, child->oldest, child->newest,
				   "child");
}

int content_verify_own_page(struct content *content, u32 page)
{
	u64 published = load_acquire(&vm_oracle(page)->published);

	return content_verify_page(content, page, published,
				   load_acquire(&vm_oracle(page)->begun),
				   "host");
}

static int verify_child(struct content *content)
{
	int err = 0;

	mm_switch(content->party->child);
	for_each_page(page, 0, content->page_count) {
		err = content_verify_child_page(content, page);
		if (err)
			break;
	}
	mm_switch(content->party->mm);
	return err;
}

static void collect_guest(struct content *content, u32 vcpu)
{
	const struct mailbox *box = vm_mailbox(vcpu);
	u64 count = box->stale_count, i;

	content->stale_reads += count;
	for (i = 0; i < count && i < STALE_REPORTS; i++)
		printk("stale gfn=0x%llx word=%llu "
		       "expected=0x%llx found=0x%llx reader=vcpu%u\n",
		       (unsigned long long)box->stale[i].gfn,
		       (unsigned long long)box->stale[i].word,
		       (unsigned long long)box->stale[i].expected,
		       (unsigned long long)box->stale[i].found, vcpu);
}

void content_collect(struct content *content, u32 vcpu_count)
{
	u32 i;

	for (i = 0; i < vcpu_count; i++)
		collect_guest(content, i);
}

int content_verify(struct content *content)
{
	int err = verify_vm(content);

	if (!err && content->party->child)
		err = verify_child(content);
	return err;
}
