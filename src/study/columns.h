/* columns.h - the columns of a study's timelines, brought together.
 *
 * All timelines begin with the same columns. What was recorded beside comes after, from the first column on whose name
 * begins with signal_ or chat_: these may differ, and a table of all has those of any, in the order in which they are
 * first met.
 */
#ifndef AT_STUDY_COLUMNS_H
#define AT_STUDY_COLUMNS_H

#include <attune/attune.h>
#include <stdio.h>

enum { AT_COLUMNS_MOST = 4096 };

typedef struct at_columns {
    char *name[AT_COLUMNS_MOST];
    int n, common;
} at_columns;

/* Where one timeline has them. */
typedef struct at_places {
    int at[AT_COLUMNS_MOST]; /* (n of the columns), -1: nowhere */
    int n;                   /* its own */
    int same;                /* it has all, in this order */
} at_places;

/* What header, a timeline's first line, has of it; path: the timeline's. ATTUNE_E_FORMAT: it does not begin as those before it, or there
 * are more than AT_COLUMNS_MOST. Cut up: header. */
int at_columns_add(at_columns *c, char *header, const char *path, attune_error *err);
/* ATTUNE_E_FORMAT: it has columns that were not added. Likewise. */
int at_columns_places(const at_columns *c, at_places *out, char *header, const char *path,
                      attune_error *err);
void at_columns_put(const at_columns *c, FILE *f);
/* A row of that timeline, a line. 0: it has not as many fields as columns. */
int at_columns_put_row(const at_columns *c, const at_places *p, char *line, FILE *f);
void at_columns_free(at_columns *c);

#endif
