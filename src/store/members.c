#include "store/members.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static double value_of(const at_member *m, int i, const void *from)
{
    const char *p = (const char *)from + m->offset;
    int64_t time;
    uint32_t number;
    int flag;
    float real = 0;

    switch (m->kind) {
    case AT_MEMBER_TIME: memcpy(&time, p, sizeof time); return (double)time;
    case AT_MEMBER_NUMBER: memcpy(&number, p, sizeof number); return number;
    case AT_MEMBER_FLAG:
    case AT_MEMBER_COUNT: memcpy(&flag, p, sizeof flag); return flag;
    case AT_MEMBER_REAL: memcpy(&real, p + (size_t)i * sizeof real, sizeof real); break;
    }
    return (double)real;
}

/* Times stay under 2^53, so that a double has them whole. */
int at_members_bind(sqlite3_stmt *q, int parameter, const at_member *members, int n,
                    const void *from)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < members[k].n; i++, parameter++) {
            double v = value_of(&members[k], i, from);
            if (members[k].kind == AT_MEMBER_REAL)
                sqlite3_bind_double(q, parameter, v); /* NaN becomes NULL */
            else if (members[k].kind == AT_MEMBER_COUNT && v < 0)
                sqlite3_bind_null(q, parameter);
            else
                sqlite3_bind_int64(q, parameter, (int64_t)v);
        }
    return parameter;
}

/* What is no count is -2, which no member may be. */
static int count_of(int null, int64_t whole)
{
    return null ? -1 : whole < 0 || whole > INT_MAX ? -2 : (int)whole;
}

static void read_value(sqlite3_stmt *q, int column, const at_member *m, int i, void *to)
{
    char *out = (char *)to + m->offset;
    int64_t whole = sqlite3_column_int64(q, column);
    int null = sqlite3_column_type(q, column) == SQLITE_NULL;
    float real = null ? NAN : (float)sqlite3_column_double(q, column);
    uint32_t number = whole < 0 || whole > UINT32_MAX ? UINT32_MAX : (uint32_t)whole;
    int flag = whole < 0 || whole > 1 ? -1 : (int)whole;
    int count = count_of(null, whole);

    switch (m->kind) {
    case AT_MEMBER_TIME: memcpy(out, &whole, sizeof whole); break;
    case AT_MEMBER_NUMBER: memcpy(out, &number, sizeof number); break;
    case AT_MEMBER_FLAG: memcpy(out, &flag, sizeof flag); break;
    case AT_MEMBER_COUNT: memcpy(out, &count, sizeof count); break;
    case AT_MEMBER_REAL: memcpy(out + (size_t)i * sizeof real, &real, sizeof real); break;
    }
}

int at_members_read(sqlite3_stmt *q, int column, const at_member *members, int n, void *out)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < members[k].n; i++)
            read_value(q, column++, &members[k], i, out);
    return column;
}

int at_members_are_sound(const at_member *members, int n, const void *of)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < members[k].n; i++) {
            double v = value_of(&members[k], i, of);
            if (isnan(v) ? !members[k].nullable : v < members[k].least || v > members[k].most)
                return 0;
        }
    return 1;
}
