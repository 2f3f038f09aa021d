/* export.c - a report's folder, given to more sinks. */
#include "base/error.h"
#include "base/mem.h"
#include "base/outset.h"
#include "report/outcome.h"
#include "report/result.h"
#include "report/timeline.h"

#include <attune/sink.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096 };

typedef struct at_export {
    at_result result;
    char summary[PATH_SIZE], timeline[PATH_SIZE];
    char folder[PATH_SIZE]; /* of the one file */
    at_timeline *rows;
    int64_t end_us; /* of the latest row */
    int faces;      /* in rows that end then */
    attune_report *report;
} at_export;

static int name_files(at_export *x, const char *dir, attune_error *err)
{
    struct stat st;
    int n = snprintf(x->timeline, PATH_SIZE, "%s/timeline.jsonl", dir);

    if (n >= PATH_SIZE || snprintf(x->summary, PATH_SIZE, "%s/summary.json", dir) >= PATH_SIZE)
        return at_fail(err, ATTUNE_E_ARG, "the report's name is too long");
    if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
        return at_fail(err, ATTUNE_E_ARG, "%s: is not the folder of a report", dir);
    return ATTUNE_OK;
}

/* Where things go. */
static int set_target(at_export *x, const char *dir, const attune_export_options *o,
                      attune_error *err)
{
    attune_report_options *setup = &x->result.setup;
    const char *slash = o->file ? strrchr(o->file, '/') : NULL;
    size_t n = slash ? (size_t)(slash - o->file) : 0;

    setup->sinks = o->to;
    setup->input = o->input ? o->input : setup->input;
    setup->dir = o->dir ? o->dir : dir;
    if (!o->file)
        return ATTUNE_OK;
    if (n >= sizeof x->folder)
        return at_fail(err, ATTUNE_E_ARG, "the file's name is too long");
    snprintf(x->folder, sizeof x->folder, "%.*s%s", (int)n, o->file,
             slash == o->file ? "/"
             : slash          ? ""
                              : ".");
    setup->dir = x->folder;
    setup->file = slash ? slash + 1 : o->file;
    return ATTUNE_OK;
}

/* No more at once than were followed. */
static int check_faces(at_export *x, const attune_window *w, attune_error *err)
{
    x->faces = w->end_us == x->end_us ? x->faces : 0;
    x->end_us = w->end_us;
    x->faces += w->track != 0;
    if (x->faces <= x->result.setup.session.max_tracks)
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_FORMAT, "%s, line %lld: more faces at once than summary.json has",
                   x->timeline, (long long)at_timeline_rows(x->rows));
}

static int copy_windows(at_export *x, attune_error *err)
{
    attune_window w;
    int rc = at_timeline_open(&x->rows, x->timeline, err);

    while (rc == ATTUNE_OK && (rc = at_timeline_next(x->rows, &w, err)) > 0) {
        rc = check_faces(x, &w, err);
        rc = rc < 0 ? rc : attune_report_window(x->report, &w, err);
    }
    if (rc == ATTUNE_OK && at_timeline_rows(x->rows) != x->result.windows)
        return at_fail(err, ATTUNE_E_FORMAT,
                       "%s has %lld rows, but summary.json speaks of %lld: it is not whole",
                       x->timeline, (long long)at_timeline_rows(x->rows),
                       (long long)x->result.windows);
    return rc;
}

int attune_export(const char *report, const attune_export_options *o, attune_error *err)
{
    at_export *x = at_calloc(1, sizeof *x);
    int rc = x ? name_files(x, report, err) : at_fail_nomem(err);

    if (!x)
        return rc;
    rc = rc < 0 ? rc : at_outset_settle(report, err);
    rc = rc < 0 ? rc : at_result_read(&x->result, x->summary, err);
    rc = rc < 0 ? rc : set_target(x, report, o, err);
    rc = rc < 0 ? rc : attune_report_open(&x->report, &x->result.setup, err);
    if (rc == ATTUNE_OK) {
        at_report_is_read_back(x->report);
        rc = copy_windows(x, err);
    }
    rc = rc < 0 ? rc : attune_report_finish(x->report, &x->result.info, x->result.interrupted, err);
    attune_report_free(&x->report);
    at_timeline_close(&x->rows);
    at_result_free(&x->result);
    at_free(x);
    return rc;
}
