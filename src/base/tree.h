/* tree.h - files of the source tree, for what runs where it was built. No program holds the tree's path: beside what is
 * built lies a file that names it, source-root, which is not installed. */
#ifndef AT_BASE_TREE_H
#define AT_BASE_TREE_H

#include <stddef.h>

/* The path of name ("models/default.safetensors") in the tree. 1: it can be read; 0: it cannot, or this was installed, and
 * out is name. */
int at_tree_find(char *out, size_t size, const char *name);

#endif
