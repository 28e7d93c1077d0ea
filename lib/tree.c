#include "lib/tree.h"

#include "lib/print.h"

/* The link that holds the node with @key, or the empty one where it belongs. */
static struct tree_node **find_link(struct tree_node **link, u64 key)
{
	u64 bits = key;

	while (*link && (*link)->key != key) {
		link = &(*link)->child[bits >> 63];
		bits <<= 1;
	}
	return link;
}

struct tree_node *tree_find(struct tree_node *root, u64 key)
{
	return *find_link(&root, key);
}

void tree_insert(struct tree_node **root, struct tree_node *node)
{
	struct tree_node **link = find_link(root, node->key);

	BUG_ON(*link);
	node->child[0] = NULL;
	node->child[1] = NULL;
	*link = node;
}

/*
 * Any descendant shares the key bits that lead to @node, so any leaf below may
 * take its place.
 */
void tree_remove(struct tree_node **root, struct tree_node *node)
{
	struct tree_node **link = find_link(root, node->key);
	struct tree_node **leaf_link = link;
	struct tree_node *leaf;

	BUG_ON(*link != node);
	while ((*leaf_link)->child[0] || (*leaf_link)->child[1])
		leaf_link = &(*leaf_link)->child[!(*leaf_link)->child[0]];
	leaf = *leaf_link;
	*leaf_link = NULL;
	if (leaf == node)
		return;
	leaf->child[0] = node->child[0];
	leaf->child[1] = node->child[1];
	*link = leaf;
}

void tree_for_each(struct tree_node *root,
		   void (*visit)(struct tree_node *node, void *context),
		   void *context)
{
	struct tree_node *stack[TREE_DEPTH + 1];
	u32 depth = 0;

	if (root)
		stack[depth++] = root;
	while (depth) {
		struct tree_node *node = stack[--depth];
		struct tree_node *right = node->child[1];
		struct tree_node *left = node->child[0];

		visit(node, context);
		if (right)
			stack[depth++] = right;
		if (left)
			stack[depth++] = left;
	}
}
