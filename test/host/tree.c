/*
 * The digital search tree, against a plain array.
 */
#include "test/host/support.h"

#include "lib/tree.h"

#define NODES	512

static struct tree_node nodes[NODES];
static bool present[NODES];

static u32 visited;

static void visit(struct tree_node *node, void *context)
{
	assert_true(present[node - nodes]);
	assert_ptr_equal(context, nodes);
	visited++;
}

static void check_all(struct tree_node *root)
{
	u32 i, count = 0;

	for (i = 0; i < NODES; i++) {
		assert_ptr_equal(tree_find(root, nodes[i].key),
				 present[i] ? &nodes[i] : NULL);
		count += present[i];
	}
	visited = 0;
	tree_for_each(root, visit, nodes);
	assert_int_equal(visited, count);
}

static u32 depth_of(const struct tree_node *node)
{
	u32 left, right;

	if (!node)
		return 0;
	left = depth_of(node->child[0]);
	right = depth_of(node->child[1]);
	return 1 + (left > right ? left : right);
}

typedef u64 (*key_fn)(u32 i);

static u64 key_hash(u32 i)
{
	u64 x = (i + 1) * 0x9e3779b97f4a7c15ull;

	return x ^ x >> 31;
}

static u64 key_small(u32 i)
{
	return i;
}

static u64 key_high(u32 i)
{
	return (u64)i << 55;
}

/* Each one differs from the next in the last bit that decides only. */
static u64 key_chain(u32 i)
{
	return i < 64 ? 1ull << i : key_hash(i);
}

static const struct {
	const char *name;
	key_fn key;
	u32 depth;
} kinds[] = {
	{ "hashes",		key_hash,	32 },
	{ "small numbers",	key_small,	TREE_DEPTH },
	{ "high bits",		key_high,	NODES },
	{ "chain",		key_chain,	TREE_DEPTH },
};

static void toggle_at_random(key_fn key, u32 max_depth)
{
	struct tree_node *root = NULL;
	u32 i, round;

	srandom(1);
	for (i = 0; i < NODES; i++) {
		nodes[i].key = key(i);
		present[i] = false;
	}
	for (round = 0; round < 4000; round++) {
		i = (u32)random() % NODES;
		if (present[i])
			tree_remove(&root, &nodes[i]);
		else
			tree_insert(&root, &nodes[i]);
		present[i] = !present[i];
		if (!(round % 64))
			check_all(root);
	}
	for (i = 0; i < NODES; i++)
		if (!present[i]) {
			tree_insert(&root, &nodes[i]);
			present[i] = true;
		}
	check_all(root);
	assert_true(depth_of(root) <= max_depth);
	assert_true(depth_of(root) <= TREE_DEPTH);
	while (root) {
		i = (u32)(root - nodes);
		tree_remove(&root, root);
		present[i] = false;
	}
	check_all(root);
}

static void test_random(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < array_count(kinds); i++)
		toggle_at_random(kinds[i].key, kinds[i].depth);
}

/* 65 keys that share as many leading bits as they can: one path, all of it. */
static void test_deepest(void **state)
{
	static struct tree_node path[TREE_DEPTH];
	struct tree_node *root = NULL;
	u32 i;

	(void)state;
	path[0].key = 0;
	for (i = 1; i < TREE_DEPTH; i++)
		path[i].key = 1ull << (i - 1);
	/* The longest common prefix first: each goes one level further down. */
	for (i = TREE_DEPTH; i-- > 0; )
		tree_insert(&root, &path[i]);
	assert_int_equal(depth_of(root), TREE_DEPTH);
	for (i = 0; i < TREE_DEPTH; i++)
		assert_ptr_equal(tree_find(root, path[i].key), &path[i]);
	visited = 0;
	for (i = 0; i < TREE_DEPTH; i++)
		tree_remove(&root, &path[i]);
	assert_null(root);
}

static void insert_twice(void *arg)
{
	struct tree_node *root = NULL, a = { .key = 1 }, b = { .key = 1 };

	(void)arg;
	tree_insert(&root, &a);
	tree_insert(&root, &b);
}

static void remove_absent(void *arg)
{
	struct tree_node *root = NULL, a = { .key = 1 };

	(void)arg;
	tree_remove(&root, &a);
}

static void test_misuse(void **state)
{
	(void)state;
	assert_true(fake_panics(insert_twice, NULL, "*link"));
	assert_true(fake_panics(remove_absent, NULL, "*link != node"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_deepest),
		cmocka_unit_test(test_misuse),
	};

	return RUN(tests);
}
