/* protocol.h - how a part of a corpus was chosen, and whether its people are elsewhere in it too: what a
 * figure of that part is worth. */
#ifndef AT_DATA_PROTOCOL_H
#define AT_DATA_PROTOCOL_H

#include "data/split.h"

typedef struct at_protocol {
    char text[96];            /* "random 70/15/15 by label, shares people" */
    char twin[AT_SPLIT_TEXT]; /* the split with people apart beside one that shares them, or "" */
    int shared; /* of the part's people, those who are in the rest too (of a drawn part: the official
                 * test part aside, unless it was drawn of that); -1: not known */
} at_protocol;

/* c: what split of root is. Reads the corpus once more. */
int at_protocol_of(at_protocol *out, const at_corpus *c, const char *root, const char *split,
                   attune_error *err);

#endif
