/* members.h - members of a struct as columns of a table. Private to store.
 *
 * A list of members says, in the order of the columns, where each lies and what it may be; what is bound and read
 * goes by it, and so does the check of what a stranger's file holds.
 */
#ifndef AT_STORE_MEMBERS_H
#define AT_STORE_MEMBERS_H

#include <sqlite3.h>
#include <stddef.h>

typedef enum at_member_kind {
    AT_MEMBER_TIME,   /* int64_t */
    AT_MEMBER_NUMBER, /* uint32_t */
    AT_MEMBER_FLAG,   /* int, 0 or 1 */
    AT_MEMBER_COUNT,  /* int; -1 is NULL */
    AT_MEMBER_REAL,   /* float; NaN is NULL */
} at_member_kind;

typedef struct at_member {
    at_member_kind kind;
    size_t offset;
    int n; /* values, one behind the other: of REAL */
    double least, most;
    int nullable; /* REAL: may be NaN */
} at_member;

/* Binds the values to parameters from the given one on; returns the next. */
int at_members_bind(sqlite3_stmt *q, int parameter, const at_member *members, int n,
                    const void *from);
/* Reads them from columns from the given one on; returns the next. */
int at_members_read(sqlite3_stmt *q, int column, const at_member *members, int n, void *out);
/* Whether all are within their ranges: a file may hold anything. */
int at_members_are_sound(const at_member *members, int n, const void *of);

#endif
