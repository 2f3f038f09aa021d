#include "store/cells.h"

#include "base/mem.h"
#include "store/json.h"

#include <math.h>

/* ---- what is told ------------------------------------------------------------------------------ */

/* Each person counts once, however much there is of them. */
static void make_equal(at_units *u)
{
    static const int wholes[][2] = {{AT_UNIT_WINDOWS, AT_UNIT_EXPRESSION},
                                    {AT_UNIT_EXPRESSION, AT_UNIT_STATES},
                                    {AT_UNIT_STATES, AT_UNIT_MEMBERS}};

    for (size_t k = 0; k < sizeof wholes / sizeof *wholes; k++)
        for (int i = 0; i < u->n; i++) {
            const double whole = u->of[wholes[k][0]][i];
            for (int m = wholes[k][0]; m < wholes[k][1] && whole > 0; m++)
                u->of[m][i] /= whole;
        }
}

static int who_show(const double *part, int n)
{
    int people = 0;

    for (int i = 0; i < n; i++)
        people += part[i] > 0;
    return people;
}

/* Some classes of a whole that are told as one. */
typedef struct at_merged {
    unsigned classes; /* bits */
    int n;            /* of them */
    double *part;     /* (people) */
} at_merged;

static void merge(at_merged *m, const at_units *u, int first, int class)
{
    m->classes |= 1u << class;
    m->n++;
    for (int i = 0; i < u->n; i++)
        m->part[i] += u->of[first + class][i];
}

/* The class outside with the smallest share, of those that anybody showed; -1: none is left. */
static int next_smallest(const at_merged *m, const at_units *u, int first, int classes)
{
    double least = INFINITY;
    int found = -1;

    for (int c = 0; c < classes; c++) {
        double sum = 0;
        for (int i = 0; i < u->n; i++)
            sum += u->of[first + c][i];
        if (!(m->classes & 1u << c) && sum > 0 && sum < least) {
            least = sum;
            found = c;
        }
    }
    return found;
}

/* Those that some people showed, but fewer than may be told of, and then more until enough did. */
static void choose_merged(at_merged *m, const at_units *u, int first, int classes)
{
    int next;

    for (int c = 0; c < classes; c++) {
        const int people = who_show(u->of[first + c], u->n);
        if (people > 0 && people < ATTUNE_GROUP_LEAST)
            merge(m, u, first, c);
    }
    while (m->n && who_show(m->part, u->n) < ATTUNE_GROUP_LEAST &&
           (next = next_smallest(m, u, first, classes)) >= 0)
        merge(m, u, first, next);
}

static json_t *share_of(const at_units *u, const double *part, int whole)
{
    const at_interval i = at_units_share(part, u->of[whole], u->n);

    return json_pack(
        "{s:o, s:o}", "share", at_json_real(round(i.value * 1e3) / 1e3), "interval",
        at_json_interval(&(at_interval){0, round(i.low * 1e3) / 1e3, round(i.high * 1e3) / 1e3}));
}

/* {"name": {...} or null where it is in "other", ..., "other": {"share": ..., "of": [names]} or null} */
static json_t *tell_classes(const at_units *u, int first, int whole, const char *const *names,
                            int classes)
{
    at_merged m = {.part = at_calloc((size_t)u->n, sizeof(double))};
    json_t *out = m.part ? json_object() : NULL, *other = json_null(), *of = json_array();

    if (m.part)
        choose_merged(&m, u, first, classes);
    for (int c = 0; c < classes && out; c++) {
        const int hidden = (int)(m.classes >> c & 1u);
        at_json_put(&out, names[c], hidden ? json_null() : share_of(u, u->of[first + c], whole));
        if (hidden)
            at_json_append(&of, json_string(names[c]));
    }
    if (m.n && out) {
        other = share_of(u, m.part, whole);
        at_json_put(&other, "of", json_incref(of));
    }
    at_json_put(&out, "other", other);
    json_decref(of);
    at_free(m.part);
    return out;
}

static json_t *tell_withheld(const at_units *u)
{
    const int people = who_show(u->of[AT_UNIT_WITHHELD], u->n);

    if (people > 0 && people < ATTUNE_GROUP_LEAST)
        return json_null();
    return share_of(u, u->of[AT_UNIT_WITHHELD], AT_UNIT_WINDOWS);
}

static json_t *tell_states(const at_units *u)
{
    json_t *states = json_object();

    for (int k = 0; k < ATTUNE_STATES; k++) {
        const at_interval i =
            at_units_mean(u->of[AT_UNIT_LEVEL + k], u->of[AT_UNIT_STATES], u->n, ATTUNE_LEVELS - 1);
        at_json_put(&states, attune_state_names[k],
                    json_pack("{s:o, s:o}", "level", at_json_real(round(i.value * 1e3) / 1e3),
                              "interval",
                              at_json_interval(&(at_interval){0, round(i.low * 1e3) / 1e3,
                                                              round(i.high * 1e3) / 1e3})));
    }
    return states;
}

json_t *at_cells_tell(at_units *u, int64_t sessions)
{
    make_equal(u);
    return json_pack(
        "{s:i, s:I, s:o, s:o, s:o, s:o}", "people", u->n, "sessions", (json_int_t)sessions,
        "withheld", tell_withheld(u), "expression",
        tell_classes(u, AT_UNIT_EMOTION, AT_UNIT_EXPRESSION, attune_emotion_names, ATTUNE_EMOTIONS),
        "engagement",
        tell_classes(u, AT_UNIT_ENGAGEMENT, AT_UNIT_STATES, attune_engagement_names,
                     ATTUNE_ENGAGEMENTS),
        "states", tell_states(u));
}
