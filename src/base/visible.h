/* visible.h - texts from elsewhere (names of files, a model's metadata) as they may be shown: on a terminal, in a
 * page. '?' stands for what is no UTF-8, for control characters, and for what is not seen or turns the direction
 * of what stands beside it. Joiners and variation selectors stay where they belong to a script: behind a
 * character that is not ASCII. */
#ifndef AT_BASE_VISIBLE_H
#define AT_BASE_VISIBLE_H

#include <stddef.h>

/* Whether the character at s, in the text that begins at start, is shown as it is. *length: its bytes. */
int at_visible_char(const char *start, const char *s, size_t *length);

/* Copies s (nullable: empty), cut to size at a character's border. dst may be s. Returns dst. */
char *at_visible_copy(char *dst, size_t size, const char *s);

#endif
