/* row.h - a window as a row of the table windows. Private to store. What it says of what was recorded beside pictures
 * and sound lies in tables of its own (beside.h).
 */
#ifndef AT_STORE_ROW_H
#define AT_STORE_ROW_H

#include <attune/attune.h>
#include <sqlite3.h>

/* A row is its id, its session's, and these values. */
enum {
    AT_ROW_FIRST = 2,
    AT_ROW_VALUES = 6 + 2 * ATTUNE_MODALITIES + ATTUNE_EMOTIONS + ATTUNE_STATES * ATTUNE_LEVELS +
                    ATTUNE_ENGAGEMENTS + 4 + 12 + ATTUNE_MODALITIES + 2 + ATTUNE_EMOTIONS +
                    ATTUNE_UNITS + ATTUNE_MODALITIES
};

/* Binds w's values to AT_ROW_VALUES parameters from the given one on. NaN is NULL. */
void at_row_bind(sqlite3_stmt *q, int parameter, const attune_window *w);
/* *w from a row of SELECT *. */
void at_row_read(sqlite3_stmt *q, attune_window *w);
/* Whether all is in the ranges of attune.h: a file may hold anything. */
int at_row_is_sound(const attune_window *w);

#endif
