/* context.h - what stands about a phrase in its clause: who is spoken of, whether it is denied, how strongly it is
 * said. Private to text. */
#ifndef AT_TEXT_CONTEXT_H
#define AT_TEXT_CONTEXT_H

#include "text/reading.h"

/* Where a phrase stands. */
typedef struct at_place {
    int first, end; /* its pieces */
} at_place;

/* Whether it is of its writer (at_phrase_kind). */
int at_context_is_writers(const at_reading *r, at_place p, at_phrase_kind kind);
int at_context_is_denied(const at_reading *r, at_place p);
/* What of its weight, per mille, is left; 0: it may not be so. */
int at_context_weigh(const at_reading *r, at_place p, int weight);

/* More sure, by a part of what is left to be. */
int at_context_stronger(int weight, int parts);

#endif
