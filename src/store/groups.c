/* groups.c - what many people have in common, told so that nobody can be told from it.
 *
 * An answer is a mean over people: f(p, S) of each person p, where S are the group's sessions and f looks
 * at p's own among them only. Whoever has several answers can add and subtract them; what remains is a
 * sum over people, in which a person is missing if their terms cancel. Whether they do depends only on
 * which of the answers have which of that person's sessions, so that people with the same pattern of
 * answers stay or cancel together. The rule: in the table of all answers ever given there is no
 * pattern that fewer than ATTUNE_GROUP_LEAST people share. Then no sum of answers, however many, is about
 * fewer. An answer that would make such a pattern is refused before it is made.
 *
 * The table keeps numbers of sessions and people that were deleted since: otherwise deleting a session
 * and asking again would tell it. What is told within an answer is cells.h's.
 */
#include "base/error.h"
#include "base/mem.h"
#include "store/cells.h"
#include "store/json.h"
#include "store/record.h"
#include "store/store.h"

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

typedef struct at_member {
    int64_t session, person;
} at_member;

typedef struct at_group {
    at_units people;   /* a unit a person */
    at_member *member; /* (sessions), those of a person in a row */
    int sessions, room;
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

static int make_room(at_group *g)
{
    const int room = g->room ? 2 * g->room : 64;
    at_member *more;

    if (g->sessions < g->room)
        return ATTUNE_OK;
    more = at_alloc((size_t)room, sizeof *more);
    if (!more)
        return ATTUNE_E_NOMEM;
    if (g->sessions)
        memcpy(more, g->member, (size_t)g->sessions * sizeof *more);
    at_free(g->member);
    g->member = more;
    g->room = room;
    return ATTUNE_OK;
}

static int add_member(sqlite3 *db, at_group *g, at_member m, attune_error *err)
{
    const int known = g->sessions && g->member[g->sessions - 1].person == m.person;
    attune_record r;
    int rc = at_record_find(db, m.session, &r, err);

    rc = rc < 0 ? rc : at_figures_of(db, &r, g->figures, err);
    if (rc < 0 || !says_enough(g->figures))
        return rc;
    if (make_room(g) < 0 || (!known && at_units_add_empty(&g->people) < 0))
        return at_fail_nomem(err);
    g->member[g->sessions++] = m;
    at_units_extend(&g->people, g->figures);
    return ATTUNE_OK;
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
        const at_member m = {sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
        char label[ATTUNE_LABEL_BYTES];
        at_sql_text(q, 2, label, sizeof label);
        rc = is_asked_for(ask, label) ? add_member(db, g, m, err) : ATTUNE_OK;
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

/* ---- an answer --------------------------------------------------------------------------------- */

static int note_members(sqlite3 *db, const at_group *g, int64_t number, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(
        db, &q, "INSERT INTO answered (answer, session, person) VALUES (?1, ?2, ?3)", err);

    for (int i = 0; rc == ATTUNE_OK && i < g->sessions; i++) {
        sqlite3_bind_int64(q, 1, number);
        sqlite3_bind_int64(q, 2, g->member[i].session);
        sqlite3_bind_int64(q, 3, g->member[i].person);
        rc = at_sql_done(q, err);
    }
    sqlite3_finalize(q);
    return rc;
}

static int note_answer(sqlite3 *db, const at_group *g, attune_error *err)
{
    int rc = at_sql_with(db, "INSERT INTO answers (asked_s) VALUES (?1)", at_store_now(), err);

    return rc < 0 ? rc : note_members(db, g, sqlite3_last_insert_rowid(db), err);
}

/* In one transaction: what is not told has not been answered either. */
static int answer(sqlite3 *db, at_group *g, char **out, attune_error *err)
{
    int rc = at_sql_begin(db, err);

    if (rc < 0)
        return rc;
    rc = note_answer(db, g, err);
    rc = rc < 0 ? rc : may_be_told(db, g, err);
    rc = rc < 0 ? rc : at_json_finish(at_cells_tell(&g->people, g->sessions), out, err);
    rc = at_sql_end(db, rc, err);
    if (rc < 0) {
        free(*out);
        *out = NULL;
    }
    return rc;
}

static void free_group(at_group *g)
{
    at_units_free(&g->people);
    at_free(g->member);
    at_free(g->figures);
}

int attune_store_group_json(attune_store *s, const attune_group_query *ask, char **out,
                            attune_error *err)
{
    at_group g = {.figures = at_alloc(1, sizeof *g.figures)};
    int rc;

    *out = NULL;
    if (!g.figures)
        return at_fail_nomem(err);
    rc = add_members(at_store_look(s), &g, ask, err);
    at_store_looked(s);
    if (rc == ATTUNE_OK) {
        rc = answer(at_store_lock(s), &g, out, err);
        at_store_unlock(s);
    }
    free_group(&g);
    return rc;
}
