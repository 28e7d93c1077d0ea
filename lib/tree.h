/*
 * A digital search tree: nodes with distinct 64-bit keys, where the bit of the
 * key that belongs to the depth says left or right. At most 65 levels deep
 * whatever the keys are, log2(n) and a little when they are hashes, and never
 * rebalanced: the merge trees keep their cost per page flat. Pure; the caller
 * holds a lock.
 */
#ifndef LIB_TREE_H
#define LIB_TREE_H

#include "lib/compiler.h"

#define TREE_DEPTH	65

struct tree_node {
	u64 key;
	struct tree_node *child[2];
};

/* The node with @key, or NULL. */
struct tree_node *tree_find(struct tree_node *root, u64 key);

/* Add @node; its key must not be there yet. */
void tree_insert(struct tree_node **root, struct tree_node *node);

/* Take @node out; it must be there. */
void tree_remove(struct tree_node **root, struct tree_node *node);

/* Call @visit for each node. It may put the node into another tree, or free it:
 * @root is then invalid. */
void tree_for_each(struct tree_node *root,
		   void (*visit)(struct tree_node *node, void *context),
		   void *context);

#endif
