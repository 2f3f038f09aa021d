/* merge.c - tables and an index of all recordings of a study, wherever its shards are. */
#include "base/error.h"
#include "base/mem.h"
#include "base/outset.h"
#include "data/csv.h"
#include "report/index.h"
#include "report/outcome.h"
#include "report/readback.h"
#include "study/columns.h"
#include "study/figures.h"
#include "study/folder.h"

#include <attune/sink.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What has become of a recording. */
typedef struct at_found {
    attune_recording_state state;
    int whose; /* of from: who has done it */
    char *why; /* it failed */
} at_found;

typedef struct at_merge {
    const char *dir;
    const char *const *from; /* (n) */
    int n;
    int (*progress)(void *user, double done, double total); /* nullable */
    void *user;
    at_list list;
    at_found *found; /* (n of the list) */
    at_outset *set;
    attune_index *index;
    FILE *recordings, *windows, *failures; /* the set's */
    at_columns columns;                    /* of windows.csv; none: nothing is done */
    char (*way)[AT_STUDY_PATH];            /* (n) from dir to each; "": they are one */
    attune_merged sum;
} at_merge;

/* ---- a recording's windows -------------------------------------------------------------------- */

/* A timeline.csv that is read, line by line. */
typedef struct at_lines {
    char path[AT_STUDY_PATH];
    FILE *f;
    char *line;
    size_t room;
} at_lines;

/* 1: the next; 0: there are no more. */
static int next_line(at_lines *t, attune_error *err)
{
    if (getline(&t->line, &t->room, t->f) > 0)
        return 1;
    if (ferror(t->f))
        return at_fail(err, ATTUNE_E_IO, "%s: %s", t->path, strerror(errno));
    return feof(t->f) ? 0 : at_fail_nomem(err);
}

/* With its first line, the header. */
static int open_lines(at_lines *t, const char *folder, attune_error *err)
{
    int rc = at_study_path(t->path, folder, "timeline.csv", err);

    if (rc == ATTUNE_OK && !(t->f = fopen(t->path, "re")))
        rc = at_fail(err, ATTUNE_E_IO, "%s: %s", t->path, strerror(errno));
    rc = rc < 0 ? rc : next_line(t, err);
    return rc == 0 ? at_fail(err, ATTUNE_E_FORMAT, "%s: is empty", t->path) : rc;
}

static void close_lines(at_lines *t)
{
    if (t->f)
        fclose(t->f);
    free(t->line);
}

/* The rows, each behind the id. */
static int copy_rows(at_merge *m, const char *id, at_lines *t, attune_error *err)
{
    at_places places;
    int rc = at_columns_places(&m->columns, &places, t->line, t->path, err);
    while (rc >= 0 && (rc = next_line(t, err)) == 1) {
        fprintf(m->windows, "%s,", id);
        if (!at_columns_put_row(&m->columns, &places, t->line, m->windows))
            rc = at_fail(err, ATTUNE_E_FORMAT, "%s: is not whole", t->path);
        m->sum.windows++;
    }
    return rc;
}

static int copy_timeline(at_merge *m, const char *id, const char *folder, attune_error *err)
{
    at_lines t = {.f = NULL};
    int rc = open_lines(&t, folder, err);

    rc = rc < 0 ? rc : copy_rows(m, id, &t, err);
    close_lines(&t);
    return rc;
}

/* ---- a recording's row ------------------------------------------------------------------------ */

static int drop(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    (void)user, (void)sink, (void)text, (void)size;
    return 0;
}

/* Its line in the index, which leads to the page where there is one. */
static int index_done(at_merge *m, at_readback *back, const char *id, const char *folder,
                      const char *link, attune_error *err)
{
    char page[AT_STUDY_PATH];
    at_result *result = at_readback_result(back);
    attune_report *report = NULL;
    int rc = at_study_path(page, folder, "report.html", err);
    if (rc < 0)
        return rc;
    result->setup.sinks = "summary";
    result->setup.write = drop;
    result->setup.input = id;
    rc = attune_report_open(&report, &result->setup, err);

    rc = rc < 0 ? rc : at_readback_windows(back, report, err);
    rc = rc < 0 ? rc : attune_report_finish(report, &result->info, 0, err);
    if (rc == ATTUNE_OK && at_index_add(m->index, link, access(page, F_OK) == 0, report) < 0)
        rc = at_fail(err, ATTUNE_E_IO, "%s: index.html cannot be written", m->dir);
    attune_report_free(&report);
    return rc;
}

static void begin_row(FILE *f, const at_merge *m, int i, const char *state, const char *reason,
                      const char *folder)
{
    at_csv_put(f, m->list.row[i].id);
    for (int k = 0; k < m->list.columns; k++) {
        fputc(',', f);
        at_csv_put(f, m->list.row[i].field[k]);
    }
    fprintf(f, ",%s,", state);
    at_csv_put(f, reason);
    fputc(',', f);
    at_csv_put(f, folder);
}

/* k: whose it is. */
static int add_done(at_merge *m, int i, int k, const char *folder, attune_error *err)
{
    const char *id = m->list.row[i].id;
    char link[AT_STUDY_PATH];
    at_readback *back = NULL;
    int rc = *m->way[k] ? at_study_path(link, m->way[k], id, err) : ATTUNE_OK;

    if (!*m->way[k])
        snprintf(link, sizeof link, "%s", id);
    rc = rc < 0 ? rc : at_readback_open(&back, folder, err);

    if (rc == ATTUNE_OK) {
        begin_row(m->recordings, m, i, "done", "", link);
        at_figures_put(m->recordings, at_readback_result(back)->root);
        fputc('\n', m->recordings);
        rc = index_done(m, back, id, folder, link, err);
    }
    at_readback_close(&back);
    m->sum.done++;
    return rc < 0 ? rc : copy_timeline(m, id, folder, err);
}

static void count_missing(at_merge *m, const char *id)
{
    char *names = m->sum.missing;
    const size_t used = strlen(names), room = sizeof m->sum.missing - used;

    if (strlen(id) + 3 <= room)
        snprintf(names + used, room, "%s%s", m->sum.to_do++ ? ", " : "", id);
    else
        m->sum.to_do++;
}

/* why: it failed; NULL: it is to do. */
static int add_missing(at_merge *m, int i, const char *why, attune_error *err)
{
    const char *id = m->list.row[i].id;

    begin_row(m->recordings, m, i, why ? "failed" : "to do", why ? why : "", "");
    at_figures_put(m->recordings, NULL);
    fputc('\n', m->recordings);
    m->sum.failed += why != NULL;
    if (!why)
        count_missing(m, id);
    if (why) {
        fprintf(m->failures, "%s,", id);
        at_csv_put(m->failures, m->list.row[i].path);
        fputc(',', m->failures);
        at_csv_put(m->failures, why);
        fputc('\n', m->failures);
    }
    return attune_index_add_failed(m->index, id, why ? why : "not analysed yet") < 0
               ? at_fail(err, ATTUNE_E_IO, "%s: index.html cannot be written", m->dir)
               : ATTUNE_OK;
}

/* ---- what has become of recordings ---------------------------------------------------------- */

/* why: of who failed with it first. */
static int find_recording(const at_merge *m, int i, at_found *out, char why[512], attune_error *err)
{
    char folder[AT_STUDY_PATH], reason[512];

    for (int k = 0; k < m->n && out->state != ATTUNE_DONE; k++) {
        attune_recording_state state;
        int rc = at_study_path(folder, m->from[k], m->list.row[i].id, err);
        rc = rc < 0 ? rc : at_study_state(folder, &state, reason, err);
        if (rc < 0)
            return rc;
        if (state == ATTUNE_FAILED && out->state != ATTUNE_FAILED)
            memcpy(why, reason, sizeof reason);
        if (state != ATTUNE_TO_DO)
            out->state = state;
        out->whose = k;
    }
    return ATTUNE_OK;
}

/* Of 2 n steps: each recording is looked at, and then put into the tables. */
static int step(const at_merge *m, int done, attune_error *err)
{
    if (m->progress && m->progress(m->user, done, 2.0 * m->list.n))
        return at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
    return ATTUNE_OK;
}

/* Once, and all tables go by it: others may be at work. */
static int find_all(at_merge *m, attune_error *err)
{
    m->found = at_calloc((size_t)m->list.n, sizeof *m->found);
    if (!m->found)
        return at_fail_nomem(err);
    for (int i = 0; i < m->list.n; i++) {
        char why[512];
        int rc = find_recording(m, i, &m->found[i], why, err);
        if (rc < 0)
            return rc;
        if (m->found[i].state == ATTUNE_FAILED && !(m->found[i].why = strdup(why)))
            return at_fail_nomem(err);
        if ((rc = step(m, i + 1, err)) < 0)
            return rc;
    }
    return ATTUNE_OK;
}

static void free_found(at_merge *m)
{
    for (int i = 0; m->found && i < m->list.n; i++)
        free(m->found[i].why);
    at_free(m->found);
}

static int folder_of(const at_merge *m, int i, char out[AT_STUDY_PATH], attune_error *err)
{
    return at_study_path(out, m->from[m->found[i].whose], m->list.row[i].id, err);
}

static int add_recording(at_merge *m, int i, attune_error *err)
{
    const at_found *x = &m->found[i];
    char folder[AT_STUDY_PATH];

    if (x->state != ATTUNE_DONE)
        return add_missing(m, i, x->why, err);
    int rc = folder_of(m, i, folder, err);
    return rc < 0 ? rc : add_done(m, i, x->whose, folder, err);
}

/* ---- columns ---------------------------------------------------------------------------------- */

static int add_columns(at_merge *m, int i, attune_error *err)
{
    char folder[AT_STUDY_PATH];
    at_lines t = {.f = NULL};
    int rc = m->found[i].state == ATTUNE_DONE ? folder_of(m, i, folder, err) : ATTUNE_OK;

    if (rc < 0 || m->found[i].state != ATTUNE_DONE)
        return rc;
    rc = open_lines(&t, folder, err);
    rc = rc < 0 ? rc : at_columns_add(&m->columns, t.line, t.path, err);
    close_lines(&t);
    return rc;
}

/* Of a timeline that nobody has made yet. */
static void put_usual_columns(FILE *f)
{
    attune_column column;

    for (int i = 0; attune_column_at(NULL, i, &column); i++)
        fprintf(f, "%s%s", i ? "," : "", column.name);
    fputc('\n', f);
}

/* Those of the first one are of all where nothing was recorded beside any. */
static int find_columns(at_merge *m, attune_error *err)
{
    const int beside = at_list_has(&m->list, "signal") || at_list_has(&m->list, "chat");
    int rc = ATTUNE_OK;

    for (int i = 0; i < m->list.n && rc >= 0 && (beside || !m->columns.n); i++)
        rc = add_columns(m, i, err);
    if (rc < 0)
        return rc;
    fputs("recording,", m->windows);
    if (m->columns.n)
        at_columns_put(&m->columns, m->windows);
    else
        put_usual_columns(m->windows);
    return ATTUNE_OK;
}

/* ---- ways ------------------------------------------------------------------------------------- */

/* From one folder to another, both absolute and without links. "": they are one. */
static int find_way(char out[AT_STUDY_PATH], const char *here, const char *there, attune_error *err)
{
    size_t same = 0, used = 0;

    for (size_t i = 0; here[i] == there[i] || !here[i] || !there[i]; i++) {
        const int ends = !here[i] || here[i] == '/', ends_too = !there[i] || there[i] == '/';
        if (ends && ends_too)
            same = i;
        if (!here[i] || !there[i])
            break;
    }
    out[0] = 0;
    for (const char *p = here + same; *p; p++)
        if (*p == '/' && p[1] && used + 4 < AT_STUDY_PATH)
            used += (size_t)sprintf(out + used, "%s..", used ? "/" : "");
    there += same + (there[same] == '/');
    if (*there && snprintf(out + used, AT_STUDY_PATH - used, "%s%s", used ? "/" : "", there) >=
                      (int)(AT_STUDY_PATH - used))
        return at_fail(err, ATTUNE_E_ARG, "the folder's name is too long");
    return ATTUNE_OK;
}

/* Once a folder, and not a recording. */
static int find_ways(at_merge *m, attune_error *err)
{
    char here[PATH_MAX], there[PATH_MAX];

    m->way = at_calloc((size_t)m->n, sizeof *m->way);
    if (!m->way)
        return at_fail_nomem(err);
    if (!realpath(m->dir, here))
        return at_fail(err, ATTUNE_E_IO, "%s: %s", m->dir, strerror(errno));
    for (int k = 0; k < m->n; k++) {
        if (!realpath(m->from[k], there))
            return at_fail(err, ATTUNE_E_IO, "%s: %s", m->from[k], strerror(errno));
        int rc = find_way(m->way[k], here, there, err);
        if (rc < 0)
            return rc;
    }
    return ATTUNE_OK;
}

/* ---- the tables ------------------------------------------------------------------------------- */

static int read_list(at_merge *m, attune_error *err)
{
    char path[AT_STUDY_PATH];

    for (int k = 1; k < m->n; k++) {
        int rc = at_study_same(m->from[0], m->from[k], err);
        if (rc < 0)
            return rc;
    }
    int rc = at_study_path(path, m->from[0], at_study_manifest, err);
    return rc < 0 ? rc
                  : at_fail_unmade(at_list_read(&m->list, path, err), path, at_study_maker, err);
}

static int open_tables(at_merge *m, attune_error *err)
{
    int rc = at_outset_open(&m->set, m->dir, err);

    rc = rc < 0 ? rc : at_outset_add(m->set, "recordings.csv", &m->recordings, err);
    rc = rc < 0 ? rc : at_outset_add(m->set, "windows.csv", &m->windows, err);
    rc = rc < 0 ? rc : at_outset_add(m->set, "failures.csv", &m->failures, err);
    rc = rc < 0 ? rc : at_index_open_in(&m->index, m->set, err);
    if (rc < 0)
        return rc;
    fputs("recording", m->recordings);
    for (int k = 0; k < m->list.columns; k++) {
        fputc(',', m->recordings);
        at_csv_put(m->recordings, m->list.column[k]);
    }
    fputs(",state,reason,folder", m->recordings);
    at_figures_put_names(m->recordings);
    fputc('\n', m->recordings);
    fputs("recording,path,reason\n", m->failures);
    return ATTUNE_OK;
}

static int add_all(at_merge *m, attune_error *err)
{
    int rc = ATTUNE_OK;

    for (int i = 0; i < m->list.n && rc == ATTUNE_OK; i++) {
        rc = add_recording(m, i, err);
        rc = rc < 0 ? rc : step(m, m->list.n + i + 1, err);
    }
    return rc;
}

int attune_study_merge(const char *dir, const char *const *from, int n,
                       int (*progress)(void *user, double done, double total), void *user,
                       attune_merged *out, attune_error *err)
{
    at_merge *m = at_calloc(1, sizeof *m);

    if (!m)
        return at_fail_nomem(err);
    m->dir = dir;
    m->from = from;
    m->n = n;
    m->progress = progress;
    m->user = user;
    int rc = n > 0 ? read_list(m, err) : at_fail(err, ATTUNE_E_ARG, "no folder to merge");
    rc = rc < 0 ? rc : open_tables(m, err);
    rc = rc < 0 ? rc : find_ways(m, err);
    rc = rc < 0 ? rc : find_all(m, err);
    rc = rc < 0 ? rc : find_columns(m, err);
    rc = rc < 0 ? rc : add_all(m, err);
    rc = rc < 0 ? rc : attune_index_finish(m->index, err);
    rc = rc < 0 ? rc : at_outset_commit(m->set, err);
    m->sum.recordings = m->list.n;
    *out = m->sum;
    attune_index_free(&m->index);
    at_outset_free(&m->set);
    free_found(m);
    at_list_free(&m->list);
    at_columns_free(&m->columns);
    at_free(m->way);
    at_free(m);
    return rc;
}
