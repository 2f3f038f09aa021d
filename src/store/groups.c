/* groups.c - what many people have in common, told so that nobody can be told from it.
 *
 * An answer is a mean over people: f(p, S) of each person p, where S are the group's sessions and f looks
 * at p's own among them only. Whoever has several answers can add and subtract them; what remains is a
 * sum over people, in which a person is missing if their terms cancel. Whether they do depends only on
 * which of the answers have which of that person's sessions, so that people with the same pattern of
 * answers stay or cancel together. The rule: in the table of all answers ever given there is no
 * pattern that fewer than AT_GROUP_LEAST people share. Then no sum of answers, however many, is about
 * fewer. An answer that would make such a pattern is refused before it is made.
 *
 * The table keeps numbers of sessions and people that were deleted since: otherwise deleting a session
 * and asking again would tell it.
 *
 * Within an answer, a class that fewer than AT_GROUP_LEAST people showed at all is told together with
 * others, as many as it takes, so that it is no difference of the rest from 1 either.
 */
#include "base/error.h"
#include "base/mem.h"
#include "store/json.h"
#include "store/record.h"
#include "store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char patterns[] =
    "WITH signed AS (SELECT DISTINCT person, session, group_concat(answer, ',') OVER"
    " (PARTITION BY session ORDER BY answer ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    " AS answers FROM answered),"
    " parts AS (SELECT DISTINCT person, answers FROM signed),"
    " patterns AS (SELECT DISTINCT person, group_concat(answers, ';') OVER"
    " (PARTITION BY person ORDER BY answers ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    " AS pattern FROM parts)"
    " SELECT count(*) FROM (SELECT pattern FROM patterns GROUP BY pattern HAVING count(*) < ?1)";

typedef struct at_group {
    int64_t answer;  /* its number in the table */
    at_units people; /* a unit a person */
    int64_t person;  /* of the latest unit */
    int64_t sessions;
    at_figures *figures;
} at_group;

/* ---- who is in it ------------------------------------------------------------------------------ */

/* Only what speaks of both expression and states for a while: so that every figure of an answer is over
 * the same people. */
static int says_enough(const at_figures *f)
{
    return f->subject.topic[AT_TOPIC_EXPRESSION].seconds >= ATTUNE_GROUP_SECONDS &&
           f->subject.topic[AT_TOPIC_ENGAGEMENT].seconds >= ATTUNE_GROUP_SECONDS;
}

static int note_member(sqlite3 *db, const at_group *g, int64_t session, int64_t person,
                       attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(
        db, &q, "INSERT INTO answered (answer, session, person) VALUES (?1, ?2, ?3)", err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, g->answer);
    sqlite3_bind_int64(q, 2, session);
    sqlite3_bind_int64(q, 3, person);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    return rc;
}

static int add_member(sqlite3 *db, at_group *g, int64_t session, int64_t person, attune_error *err)
{
    attune_record r;
    int rc = at_record_find(db, session, &r, err);

    rc = rc < 0 ? rc : at_figures_of(db, &r, g->figures, err);
    if (rc < 0 || !says_enough(g->figures))
        return rc;
    if (person != g->person && at_units_add_empty(&g->people) < 0)
        return at_fail_nomem(err);
    g->person = person;
    g->sessions++;
    at_units_extend(&g->people, g->figures);
    return note_member(db, g, session, person, err);
}

static int is_asked_for(const attune_group_query *q, const char *label)
{
    for (int i = 0; i < q->n_people; i++)
        if (!strcmp(q->people[i], label))
            return 1;
    return !q->n_people;
}

/* Sessions that have ended, since nothing is added to them any more, of people with a label. */
static int add_members(sqlite3 *db, at_group *g, const attune_group_query *ask, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q,
                            "SELECT s.id, p.id, label FROM sessions AS s JOIN people AS p"
                            " ON p.id = s.person WHERE ended_s IS NOT NULL AND began_s >= ?1"
                            " AND began_s < ?2 ORDER BY p.id, s.id",
                            err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, ask->since_s);
    sqlite3_bind_int64(q, 2, ask->until_s ? ask->until_s : INT64_MAX);
    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0) {
        char label[ATTUNE_LABEL_BYTES];
        at_sql_text(q, 2, label, sizeof label);
        rc = ATTUNE_OK;
        if (is_asked_for(ask, label))
            rc = add_member(db, g, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), err);
    }
    sqlite3_finalize(q);
    return rc;
}

/* ---- whether it may be told -------------------------------------------------------------------- */

static int may_be_told(sqlite3 *db, const at_group *g, attune_error *err)
{
    int64_t small;
    int rc;

    if (g->people.n < ATTUNE_GROUP_LEAST)
        return at_fail(
            err, ATTUNE_E_STATE,
            "refused: fewer than %d people with a label have sessions with %d s of answers "
            "there",
            (int)ATTUNE_GROUP_LEAST, (int)ATTUNE_GROUP_SECONDS);
    rc = at_sql_number(db, patterns, ATTUNE_GROUP_LEAST, &small, err);
    if (rc < 0 || !small)
        return rc;
    return at_fail(
        err, ATTUNE_E_STATE,
        "refused: with answers given before, this one would tell of fewer than %d people "
        "(the difference between the groups)",
        (int)ATTUNE_GROUP_LEAST);
}

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
    json_t *out = m.part ? json_object() : NULL, *other, *of = json_array();

    if (m.part)
        choose_merged(&m, u, first, classes);
    for (int c = 0; c < classes && out; c++) {
        const int hidden = (int)(m.classes >> c & 1u);
        out = at_json_with(out, names[c],
                           hidden ? json_null() : share_of(u, u->of[first + c], whole));
        if (hidden && of && json_array_append_new(of, json_string(names[c])) != 0) {
            json_decref(of);
            of = NULL;
        }
    }
    other = m.n && out ? at_json_with(share_of(u, m.part, whole), "of", json_incref(of))
                       : json_null();
    out = at_json_with(out, "other", other);
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
        states = at_json_with(
            states, attune_state_names[k],
            json_pack("{s:o, s:o}", "level", at_json_real(round(i.value * 1e3) / 1e3), "interval",
                      at_json_interval(
                          &(at_interval){0, round(i.low * 1e3) / 1e3, round(i.high * 1e3) / 1e3})));
    }
    return states;
}

static json_t *tell(const at_group *g)
{
    const at_units *u = &g->people;

    return json_pack(
        "{s:i, s:I, s:o, s:o, s:o, s:o}", "people", u->n, "sessions", (json_int_t)g->sessions,
        "withheld", tell_withheld(u), "expression",
        tell_classes(u, AT_UNIT_EMOTION, AT_UNIT_EXPRESSION, attune_emotion_names, ATTUNE_EMOTIONS),
        "engagement",
        tell_classes(u, AT_UNIT_ENGAGEMENT, AT_UNIT_STATES, attune_engagement_names,
                     ATTUNE_ENGAGEMENTS),
        "states", tell_states(u));
}

/* ---- an answer --------------------------------------------------------------------------------- */

static int add_answer(sqlite3 *db, at_group *g, attune_error *err)
{
    int rc = at_sql_with(db, "INSERT INTO answers (asked_s) VALUES (?1)", at_store_now(), err);

    g->answer = sqlite3_last_insert_rowid(db);
    return rc;
}

/* In one transaction: what is not told has not been answered either. */
static int answer(sqlite3 *db, at_group *g, const attune_group_query *ask, char **out,
                  attune_error *err)
{
    int rc = at_sql_begin(db, err);

    if (rc < 0)
        return rc;
    rc = add_answer(db, g, err);
    rc = rc < 0 ? rc : add_members(db, g, ask, err);
    rc = rc < 0 ? rc : may_be_told(db, g, err);
    if (rc == ATTUNE_OK) {
        make_equal(&g->people);
        rc = at_json_finish(tell(g), out, err);
    }
    rc = at_sql_end(db, rc, err);
    if (rc < 0) {
        free(*out);
        *out = NULL;
    }
    return rc;
}

int attune_store_group_json(attune_store *s, const attune_group_query *ask, char **out,
                            attune_error *err)
{
    at_group g = {.figures = at_alloc(1, sizeof *g.figures)};
    int rc;

    *out = NULL;
    if (!g.figures)
        return at_fail_nomem(err);
    rc = answer(at_store_lock(s), &g, ask, out, err);
    at_store_unlock(s);
    at_units_free(&g.people);
    at_free(g.figures);
    return rc;
}
