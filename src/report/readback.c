#include "report/readback.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/outset.h"
#include "report/timeline.h"

#include <stdio.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096 };

struct at_readback {
    at_result result;
    char summary[PATH_SIZE], timeline[PATH_SIZE];
    at_timeline *rows;
    int64_t end_us; /* of the latest row */
    int faces;      /* in rows that end then */
};

static int name_files(at_readback *r, const char *dir, attune_error *err)
{
    struct stat st;
    int n = snprintf(r->timeline, PATH_SIZE, "%s/timeline.jsonl", dir);

    if (n >= PATH_SIZE || snprintf(r->summary, PATH_SIZE, "%s/summary.json", dir) >= PATH_SIZE)
        return at_fail(err, ATTUNE_E_ARG, "the report's name is too long");
    if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
        return at_fail(err, ATTUNE_E_ARG, "%s: is not the folder of a report", dir);
    return ATTUNE_OK;
}

int at_readback_open(at_readback **out, const char *dir, attune_error *err)
{
    at_readback *r = *out = at_calloc(1, sizeof *r);
    int rc = r ? name_files(r, dir, err) : at_fail_nomem(err);

    rc = rc < 0 ? rc : at_outset_settle(dir, err);
    rc = rc < 0 ? rc : at_result_read(&r->result, r->summary, err);
    at_fail_unmade(rc, r ? r->summary : dir, "attune analyze writes it", err);
    if (rc < 0)
        at_readback_close(out);
    return rc;
}

void at_readback_close(at_readback **r)
{
    if (!*r)
        return;
    at_timeline_close(&(*r)->rows);
    at_result_free(&(*r)->result);
    at_free(*r);
    *r = NULL;
}

at_result *at_readback_result(at_readback *r)
{
    return &r->result;
}

/* No more at once than were followed. */
static int check_faces(at_readback *r, const attune_window *w, attune_error *err)
{
    r->faces = w->end_us == r->end_us ? r->faces : 0;
    r->end_us = w->end_us;
    r->faces += w->track != 0;
    if (r->faces <= r->result.setup.session.max_tracks)
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_FORMAT, "%s, line %lld: more faces at once than summary.json has",
                   r->timeline, (long long)at_timeline_rows(r->rows));
}

int at_readback_windows(at_readback *r, attune_report *report, attune_error *err)
{
    attune_window w;
    int rc = at_timeline_open(&r->rows, r->timeline, err);

    if (rc == ATTUNE_OK)
        at_timeline_expect(r->rows, r->result.setup.session.beside);
    while (rc == ATTUNE_OK && (rc = at_timeline_next(r->rows, &w, err)) > 0) {
        rc = check_faces(r, &w, err);
        rc = rc < 0 ? rc : attune_report_window(report, &w, err);
    }
    if (rc == ATTUNE_OK && at_timeline_rows(r->rows) != r->result.windows)
        return at_fail(err, ATTUNE_E_FORMAT,
                       "%s has %lld rows, but summary.json speaks of %lld: it is not whole",
                       r->timeline, (long long)at_timeline_rows(r->rows),
                       (long long)r->result.windows);
    return rc;
}
