#include "store/row.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef enum at_kind { TIME, NUMBER, FLAG, REAL } at_kind; /* int64_t, uint32_t, int, float */

/* A member of attune_window that is kept: n values, in the order of the table's columns. */
typedef struct at_member {
    at_kind kind;
    size_t offset;
    int n;
    double least, most;
    int nullable; /* REAL: may be NaN */
} at_member;

#define AT(member) offsetof(attune_window, member)
#define SHARE      -1e-3, 1 + 1e-3, 0 /* sums of floats miss 1 by a little */
#define ANY        -1e9, 1e9

enum { MEASURES = offsetof(attune_quality, reserved) / sizeof(float) };

static const at_member members[] = {
    {TIME, AT(start_us), 1, 0, 9e15, 0},
    {TIME, AT(end_us), 1, 0, 9e15, 0},
    {NUMBER, AT(track), 1, 0, UINT32_MAX, 0},
    {NUMBER, AT(used), 1, 0, (1u << ATTUNE_MODALITIES) - 1, 0},
    {FLAG, AT(abstain), 1, 0, 1, 0},
    {FLAG, AT(has_state), 1, 0, 1, 0},
    {REAL, AT(reliability), ATTUNE_MODALITIES, SHARE},
    {REAL, AT(weight), ATTUNE_MODALITIES, SHARE},
    {REAL, AT(emotion7), ATTUNE_EMOTIONS, SHARE},
    {REAL, AT(state4), ATTUNE_STATES *ATTUNE_LEVELS, SHARE},
    {REAL, AT(engagement3), ATTUNE_ENGAGEMENTS, SHARE},
    {REAL, AT(box), 4, ANY, 0},
    {REAL, AT(quality), MEASURES, ANY, 1},
    {REAL, AT(seen), ATTUNE_MODALITIES, SHARE},
    {REAL, AT(any_face), 1, SHARE},
    {REAL, AT(baseline_s), 1, 0, 1e9, 0},
    {REAL, AT(offset), ATTUNE_EMOTIONS, ANY, 0},
    {REAL, AT(unit), ATTUNE_UNITS, ANY, 1},
    {REAL, AT(condition), ATTUNE_MODALITIES, SHARE},
};

enum { MEMBERS = sizeof members / sizeof *members };

_Static_assert((int)AT_ROW_VALUES == 6 + 4 * ATTUNE_MODALITIES + 2 * ATTUNE_EMOTIONS +
                                         ATTUNE_STATES * ATTUNE_LEVELS + ATTUNE_ENGAGEMENTS + 4 +
                                         (int)MEASURES + 2 + ATTUNE_UNITS,
               "a new measure or modality needs a column, and a version of the schema");

static void *at_value(attune_window *w, const at_member *m, int i)
{
    return (char *)w + m->offset + (size_t)i * (m->kind == TIME ? sizeof(int64_t) : sizeof(float));
}

static double value_of(const attune_window *w, const at_member *m, int i)
{
    const char *p = (const char *)w + m->offset;
    int64_t time;
    uint32_t number;
    int flag;
    float real = 0;

    switch (m->kind) {
    case TIME: memcpy(&time, p, sizeof time); return (double)time;
    case NUMBER: memcpy(&number, p, sizeof number); return number;
    case FLAG: memcpy(&flag, p, sizeof flag); return flag;
    case REAL: memcpy(&real, p + (size_t)i * sizeof real, sizeof real); break;
    }
    return (double)real;
}

/* Times stay under 2^53, so that a double has them whole. */
void at_row_bind(sqlite3_stmt *q, int parameter, const attune_window *w)
{
    for (int k = 0; k < MEMBERS; k++)
        for (int i = 0; i < members[k].n; i++, parameter++) {
            double v = value_of(w, &members[k], i);
            if (members[k].kind == REAL)
                sqlite3_bind_double(q, parameter, v); /* NaN becomes NULL */
            else
                sqlite3_bind_int64(q, parameter, (int64_t)v);
        }
}

static void read_value(sqlite3_stmt *q, int column, const at_member *m, void *out)
{
    int64_t whole = sqlite3_column_int64(q, column);
    int null = sqlite3_column_type(q, column) == SQLITE_NULL;
    float real = null ? NAN : (float)sqlite3_column_double(q, column);
    uint32_t number = whole < 0 || whole > UINT32_MAX ? UINT32_MAX : (uint32_t)whole;
    int flag = whole < 0 || whole > 1 ? -1 : (int)whole;

    switch (m->kind) {
    case TIME: memcpy(out, &whole, sizeof whole); break;
    case NUMBER: memcpy(out, &number, sizeof number); break;
    case FLAG: memcpy(out, &flag, sizeof flag); break;
    case REAL: memcpy(out, &real, sizeof real); break;
    }
}

void at_row_read(sqlite3_stmt *q, attune_window *w)
{
    int column = AT_ROW_FIRST;

    memset(w, 0, sizeof *w);
    for (int k = 0; k < MEMBERS; k++)
        for (int i = 0; i < members[k].n; i++)
            read_value(q, column++, &members[k], at_value(w, &members[k], i));
}

int at_row_is_sound(const attune_window *w)
{
    for (int k = 0; k < MEMBERS; k++)
        for (int i = 0; i < members[k].n; i++) {
            double v = value_of(w, &members[k], i);
            if (isnan(v) ? !members[k].nullable : v < members[k].least || v > members[k].most)
                return 0;
        }
    return w->start_us <= w->end_us;
}
