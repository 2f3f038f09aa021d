#include "store/row.h"

#include "store/members.h"

#include <string.h>

#define AT(member) offsetof(attune_window, member)
#define SHARE      -1e-3, 1 + 1e-3, 0 /* sums of floats miss 1 by a little */
#define ANY        -1e9, 1e9

enum { MEASURES = offsetof(attune_quality, reserved) / sizeof(float) };

/* In the order of the table's columns. */
static const at_member members[] = {
    {AT_MEMBER_TIME, AT(start_us), 1, 0, 9e15, 0},
    {AT_MEMBER_TIME, AT(end_us), 1, 0, 9e15, 0},
    {AT_MEMBER_NUMBER, AT(track), 1, 0, UINT32_MAX, 0},
    {AT_MEMBER_NUMBER, AT(used), 1, 0, (1u << ATTUNE_STREAMS) - 1, 0},
    {AT_MEMBER_FLAG, AT(abstain), 1, 0, 1, 0},
    {AT_MEMBER_FLAG, AT(has_state), 1, 0, 1, 0},
    {AT_MEMBER_REAL, AT(reliability), ATTUNE_MODALITIES, SHARE},
    {AT_MEMBER_REAL, AT(weight), ATTUNE_MODALITIES, SHARE},
    {AT_MEMBER_REAL, AT(emotion7), ATTUNE_EMOTIONS, SHARE},
    {AT_MEMBER_REAL, AT(state4), ATTUNE_STATES *ATTUNE_LEVELS, SHARE},
    {AT_MEMBER_REAL, AT(engagement3), ATTUNE_ENGAGEMENTS, SHARE},
    {AT_MEMBER_REAL, AT(box), 4, ANY, 0},
    {AT_MEMBER_REAL, AT(quality), MEASURES, ANY, 1},
    {AT_MEMBER_REAL, AT(seen), ATTUNE_MODALITIES, SHARE},
    {AT_MEMBER_REAL, AT(any_face), 1, SHARE},
    {AT_MEMBER_REAL, AT(baseline_s), 1, 0, 1e9, 0},
    {AT_MEMBER_REAL, AT(offset), ATTUNE_EMOTIONS, ANY, 0},
    {AT_MEMBER_REAL, AT(unit), ATTUNE_UNITS, ANY, 1},
    {AT_MEMBER_REAL, AT(condition), ATTUNE_MODALITIES, SHARE},
};

enum { MEMBERS = sizeof members / sizeof *members };

_Static_assert((int)AT_ROW_VALUES == 6 + 4 * ATTUNE_MODALITIES + 2 * ATTUNE_EMOTIONS +
                                         ATTUNE_STATES * ATTUNE_LEVELS + ATTUNE_ENGAGEMENTS + 4 +
                                         (int)MEASURES + 2 + ATTUNE_UNITS,
               "a new measure or modality needs a column, and a version of the schema");

void at_row_bind(sqlite3_stmt *q, int parameter, const attune_window *w)
{
    at_members_bind(q, parameter, members, MEMBERS, w);
}

void at_row_read(sqlite3_stmt *q, attune_window *w)
{
    memset(w, 0, sizeof *w);
    at_members_read(q, AT_ROW_FIRST, members, MEMBERS, w);
}

/* No estimate rests on what was not recorded. */
static int rests_on_what_is_there(const attune_window *w)
{
    const int signal = w->beside && w->beside->signals,
              chat = w->beside && w->beside->messages >= 0;

    return (signal || !(w->used >> ATTUNE_SIGNAL & 1)) && (chat || !(w->used >> ATTUNE_CHAT & 1));
}

int at_row_is_sound(const attune_window *w)
{
    return at_members_are_sound(members, MEMBERS, w) && w->start_us <= w->end_us &&
           rests_on_what_is_there(w);
}
