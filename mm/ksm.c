#include "mm/ksm.h"

#include "arch/x86/counter.h"
#include "arch/x86/page.h"
#include "lib/error.h"
#include "lib/print.h"
#include "mm/gup.h"
#include "mm/habits.h"
#include "mm/merge.h"
#include "mm/notifier.h"
#include "mm/quarantine.h"
#include "mm/rmap.h"

COUNTER(ksm_merged);	/* pages that gave up their frame for a shared one */
COUNTER(ksm_aborted);	/* merges given up: content or references changed */

/* A page that is scanned; also a node of the unstable tree. */
struct ksm_item {
	struct tree_node node;
	struct mm *mm;
	hva_t hva;
	u64 digest;		/* as of the last pass */
	u32 passes;		/* in which it was that */

	/* While it is in the stage. */
	struct ksm_item *next;
	struct frame *frame;	/* the page's, held */
	struct frame *shared;	/* equal by its digest, in the stable tree */
};

/* A page in the stage is copied, not taken over, when somebody writes to it:
 * so many pages may take twice their memory for a while. */
#define STAGE_PAGES	1024

struct ksm_block {
	struct ksm_block *next;
	u64 count;
	struct ksm_item items[(PAGE_SIZE - 16) / sizeof(struct ksm_item)];
};

_Static_assert(sizeof(struct ksm_block) <= PAGE_SIZE, "one frame a block");

static spinlock_t ksm_lock;	/* outermost; the trees, and all below */
static struct ksm_block *first_block, **last_link = &first_block;
static struct tree_node *stable_root, *unstable_root;
static struct tree_node *full;		/* stable, shared by as many pages as is
					 * allowed: a list by child[0] */
static struct ksm_block *cursor_block;
static u64 cursor_index;

/* Write-protected pages, all to be compared when one flush is complete. */
static struct {
	struct ksm_item *first, **last_link;
	u32 count;
	bool closed;		/* no more come: compare and merge them */
} stage = { .last_link = &stage.first };

const struct sharing sharing_right = { .passes = 2 };

static u64 (*digest_of)(const void *page) = page_digest;

void ksm_use_crc32(void)
{
	digest_of = page_digest_crc32;
}

static struct frame *stable_frame(struct tree_node *node)
{
	return node ? container_of(node, struct frame, stable) : NULL;
}

static void free_blocks(struct ksm_block *block)
{
	while (block) {
		struct ksm_block *next = block->next;
		u64 i;

		for (i = 0; i < block->count; i++)
			mm_put(block->items[i].mm);
		frame_put(ptr_frame(block));
		block = next;
	}
}

static bool is_mergeable(struct mm *mm, struct hva_range range)
{
	struct vma *vma;
	bool is;

	read_lock(&mm->mmap_lock);
	vma = vma_find(mm, range.start);
	is = vma && vma->flags & VMA_MERGEABLE &&
	     range.end.v <= vma->range.end.v;
	read_unlock(&mm->mmap_lock);
	return is;
}

int ksm_add(struct mm *mm, struct hva_range range)
{
	struct ksm_block *head = NULL, **link = &head, *block = NULL;
	hva_t hva;

	if (!is_mergeable(mm, range))
		return -EINVAL;
	for (hva = range.start; hva.v < range.end.v;
	     hva = hva_add(hva, PAGE_SIZE)) {
		if (!block || block->count == array_count(block->items)) {
			struct frame *frame = frame_alloc_zeroed();

			if (!frame) {
				free_blocks(head);
				return -ENOMEM;
			}
			block = frame_ptr(frame);
			*link = block;
			link = &block->next;
		}
		if (!mm_tryget(mm)) {
			free_blocks(head);
			return -EINVAL;
		}
		block->items[block->count++] = (struct ksm_item){
			.mm = mm, .hva = hva,
		};
	}
	if (!head)
		return 0;
	spin_lock(&ksm_lock);
	*last_link = head;
	last_link = link;
	spin_unlock(&ksm_lock);
	return 0;
}

static void release_stable(struct frame *frame)
{
	atomic_and(&frame->flags, ~FRAME_STABLE);
	frame_put(frame);
}

/* Move a node to the tree @context, or drop it if nobody maps its frame. */
static void keep_or_drop(struct tree_node *node, void *context)
{
	struct frame *frame = stable_frame(node);

	if (rmap_mapcount(frame))
		tree_insert(context, node);
	else
		release_stable(frame);
}

static void drop(struct tree_node *node, void *context)
{
	(void)context;
	release_stable(stable_frame(node));
}

/* Take the list of full ones, and call @visit for each. */
static void full_for_each(void (*visit)(struct tree_node *node, void *context),
			  void *context)
{
	struct tree_node *node = full, *next;

	full = NULL;
	for (; node; node = next) {
		next = node->child[0];
		visit(node, context);
	}
}

static void set_full(struct tree_node *node)
{
	node->child[0] = full;
	full = node;
}

static void keep_full_or_drop(struct tree_node *node, void *context)
{
	(void)context;
	if (rmap_mapcount(stable_frame(node)))
		set_full(node);
	else
		release_stable(stable_frame(node));
}

/* Drop the shared frames that no page maps any more. */
static void prune_stable(void)
{
	struct tree_node *kept = NULL;

	tree_for_each(stable_root, keep_or_drop, &kept);
	stable_root = kept;
	full_for_each(keep_full_or_drop, NULL);
}

/* A stable frame with that digest that one more page of @mm may share. */
static struct frame *find_shared(const struct mm *mm, u64 digest)
{
	struct tree_node *node = tree_find(stable_root, digest);
	u32 limit = mm->habits->sharing->limit;

	if (node && limit && rmap_mapcount(stable_frame(node)) >= limit) {
		tree_remove(&stable_root, node);
		set_full(node);
		node = NULL;
	}
	return stable_frame(node);
}

/* Has the page of @item had its content for long enough? */
static bool is_steady(struct ksm_item *item, u64 digest)
{
	if (digest != item->digest) {
		item->digest = digest;
		item->passes = 0;
	}
	if (item->passes < item->mm->habits->sharing->passes)
		item->passes++;
	return item->passes >= item->mm->habits->sharing->passes;
}

static struct ksm_item *stage_take(void)
{
	struct ksm_item *item = stage.first;

	stage.first = item->next;
	if (!--stage.count) {
		stage.last_link = &stage.first;
		stage.closed = false;
	}
	return item;
}

/* A pass that was aborted may have left some. */
static void stage_drop(void)
{
	while (stage.first)
		frame_put(stage_take()->frame);
}

void ksm_begin_pass(void)
{
	spin_lock(&ksm_lock);
	stage_drop();
	unstable_root = NULL;
	cursor_block = first_block;
	cursor_index = 0;
	prune_stable();
	spin_unlock(&ksm_lock);
}

static void make_stable(struct frame *frame, u64 digest)
{
	BUG_ON(frame_is_kept(frame));
	frame_get(frame);	/* the tree's: no takeover from now on */
	atomic_or(&frame->flags, FRAME_STABLE);
	frame->stable.key = digest;
	tree_insert(&stable_root, &frame->stable);
}

/*
 * The page of @node, in the unstable tree, has the digest that @frame has: it
 * becomes the stable one, in place. NULL: it changes, or is @frame itself.
 */
static struct frame *make_shared(struct tree_node *node, struct frame *frame)
{
	struct ksm_item *first = container_of(node, struct ksm_item, node);
	struct frame *shared = NULL;
	struct gup gup;

	if (gup_fast(first->mm, first->hva, MM_READ, &gup))
		return NULL;
	/*
	 * The reference that we hold, then the tree's, keeps it from being
	 * taken over: a writer gets a copy, and the content stays.
	 */
	if (gup.frame != frame && gup.frame != zero_frame &&
	    !frame_is_stable(gup.frame) &&
	    !merge_wrprotect(first->mm, first->hva, gup.frame)) {
		shared = gup.frame;
		make_stable(shared, first->digest);
		tree_remove(&unstable_root, node);
	}
	frame_put(gup.frame);
	return shared;
}

/* Compare and merge; drops the reference to the page's frame. */
static void finish_item(struct ksm_item *item)
{
	int err = merge_page_in_pass(item->mm, item->hva, item->frame,
				     item->shared);

	count(err ? &count_ksm_aborted : &count_ksm_merged);
	frame_put(item->frame);
}

static void stage_add(struct ksm_item *item)
{
	u32 limit;

	if (merge_wrprotect(item->mm, item->hva, item->frame)) {
		count(&count_ksm_aborted);
		frame_put(item->frame);
		return;
	}
	item->next = NULL;
	*stage.last_link = item;
	stage.last_link = &item->next;
	stage.count++;
	limit = item->mm->habits->sharing->limit;
	/* What is staged is not mapped yet: merge before one is too many. */
	stage.closed = stage.count == STAGE_PAGES ||
		(limit && rmap_mapcount(item->shared) + stage.count >= limit);
}

static void scan_item(struct ksm_item *item)
{
	struct tree_node *node;
	struct gup gup;
	u64 digest;

	if (gup_fast(item->mm, item->hva, MM_READ, &gup))
		return;		/* not there, or changing: next time */
	if (gup.frame == zero_frame || frame_is_stable(gup.frame))
		goto out;

	digest = digest_of(frame_ptr(gup.frame));
	if (!is_steady(item, digest))
		goto out;
	item->frame = gup.frame;
	item->shared = find_shared(item->mm, digest);
	if (!item->shared) {
		node = tree_find(unstable_root, digest);
		if (!node) {
			item->node.key = digest;
			tree_insert(&unstable_root, &item->node);
			goto out;
		}
		item->shared = make_shared(node, gup.frame);
	}
	if (!item->shared) {
		count(&count_ksm_aborted);
		goto out;
	}
	if (mmu_notifier_wants_stages(item->mm))
		stage_add(item);
	else
		finish_item(item);
	return;
out:
	frame_put(gup.frame);
}

/* The next item of the pass, or NULL. */
static struct ksm_item *next_item(void)
{
	if (cursor_block && cursor_index == cursor_block->count) {
		cursor_block = cursor_block->next;
		cursor_index = 0;
	}
	return cursor_block ? &cursor_block->items[cursor_index++] : NULL;
}

bool ksm_scan_next(void)
{
	struct ksm_item *item = NULL;

	spin_lock(&ksm_lock);
	if (!stage.closed)
		item = next_item();
	if (item) {
		scan_item(item);
	} else if (stage.count) {
		stage.closed = true;
		item = stage_take();
		finish_item(item);
	} else {
		mmu_notifier_complete(NEED_PASS_END);
	}
	cpu_progress();		/* for the watchdog */
	spin_unlock(&ksm_lock);
	return item;
}

void ksm_exit(void)
{
	struct ksm_block *blocks;

	spin_lock(&ksm_lock);
	stage_drop();
	tree_for_each(stable_root, drop, NULL);
	full_for_each(drop, NULL);
	stable_root = NULL;
	unstable_root = NULL;
	cursor_block = NULL;
	blocks = first_block;
	first_block = NULL;
	last_link = &first_block;
	spin_unlock(&ksm_lock);
	free_blocks(blocks);
}
