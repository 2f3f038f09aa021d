#include "report/report.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "report/html.h"
#include "report/plot.h"
#include "report/private.h"
#include "report/text.h"
#include "report/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT_CSV, OUT_JSONL, OUT_HTML, OUT_SUMMARY, OUTPUTS };

/* The summary comes last: where it is, the rest is there too. */
static const char *const output_names[OUTPUTS] = {
    "timeline.csv",
    "timeline.jsonl",
    "report.html",
    "summary.json",
};

struct at_report {
    at_report_setup setup;
    at_timeline timeline;
    at_stats stats;
    attune_input_info info;
    int interrupted, finished;
    int made_dir;
    at_outfile out[OUTPUTS];
    char *json;
};

static int open_outputs(at_report *r, attune_error *err)
{
    size_t room = strlen(r->setup.dir) + 32;
    char *path = at_alloc(room, 1);
    int rc = path ? ATTUNE_OK : at_fail_nomem(err);

    for (int i = 0; rc == ATTUNE_OK && i < OUTPUTS; i++) {
        snprintf(path, room, "%s/%s", r->setup.dir, output_names[i]);
        rc = at_outfile_open(&r->out[i], path, err);
    }
    at_free(path);
    return rc;
}

int at_report_open(at_report **out, const at_report_setup *setup, attune_error *err)
{
    attune_options o = at_options_filled(&setup->options);
    at_report *r = at_calloc(1, sizeof *r);
    struct stat st;
    int rc;

    *out = NULL;
    if (!r)
        return at_fail_nomem(err);
    r->setup = *setup;
    at_timeline_init(&r->timeline);
    at_stats_init(&r->stats, (int64_t)(o.hop_s * 1e6 + 0.5), o.max_tracks);
    r->made_dir = stat(setup->dir, &st) != 0;
    rc = at_mkdirs(setup->dir, err);
    if (rc == ATTUNE_OK)
        rc = open_outputs(r, err);
    if (rc < 0) {
        at_report_free(&r);
        return rc;
    }
    at_timeline_csv_header(&r->timeline, r->out[OUT_CSV].f);
    *out = r;
    return ATTUNE_OK;
}

void at_report_free(at_report **r)
{
    at_report *p = *r;

    if (!p)
        return;
    for (int i = 0; i < OUTPUTS; i++)
        at_outfile_abandon(&p->out[i]);
    if (p->made_dir && !p->finished)
        rmdir(p->setup.dir); /* stays if something is in it */
    at_stats_free(&p->stats);
    free(p->json);
    at_free(p);
    *r = NULL;
}

static int fail_write(const at_report *r, int i, attune_error *err)
{
    return at_fail(err, ATTUNE_E_IO, "%s/%s: %s", r->setup.dir, output_names[i],
                   strerror(errno ? errno : EIO));
}

int at_report_window(at_report *r, const attune_window *w, attune_error *err)
{
    errno = 0;
    at_timeline_csv_row(&r->timeline, w, r->out[OUT_CSV].f);
    at_timeline_json_row(&r->timeline, w, r->out[OUT_JSONL].f);
    for (int i = OUT_CSV; i <= OUT_JSONL; i++)
        if (ferror(r->out[i].f))
            return fail_write(r, i, err);
    if (at_stats_add(&r->stats, w) < 0)
        return at_fail_nomem(err);
    return ATTUNE_OK;
}

at_outcome at_report_outcome(const at_report *r)
{
    return (at_outcome){&r->setup, &r->stats, &r->info, r->interrupted};
}

/* A full disk shows here, before any file has taken the place of an older one. */
static int flush_all(at_report *r, attune_error *err)
{
    for (int i = 0; i < OUTPUTS; i++) {
        errno = 0;
        if (fflush(r->out[i].f) != 0 || ferror(r->out[i].f))
            return fail_write(r, i, err);
    }
    return ATTUNE_OK;
}

int at_report_finish(at_report *r, const attune_input_info *info, int interrupted,
                     attune_error *err)
{
    at_outcome o;
    int rc;

    r->info = *info;
    r->interrupted = interrupted;
    at_stats_close(&r->stats);
    o = at_report_outcome(r);
    r->json = at_summary_json(&o);
    if (!r->json)
        return at_fail_nomem(err);
    fprintf(r->out[OUT_SUMMARY].f, "%s\n", r->json);
    at_html_page(&o, r->out[OUT_HTML].f);
    rc = flush_all(r, err);
    for (int i = 0; rc == ATTUNE_OK && i < OUTPUTS; i++) {
        rc = at_outfile_commit(&r->out[i], err);
        r->finished |= rc == ATTUNE_OK;
    }
    return rc;
}

const char *at_report_json(const at_report *r)
{
    return r->json;
}

void at_report_print(const at_report *r, FILE *f)
{
    at_outcome o = at_report_outcome(r);
    char clean[1024];

    at_summary_print(&o, f);
    fprintf(f, "  %-12s %s/report.html\n", "report",
            at_text_clean(clean, sizeof clean, r->setup.dir));
}

void at_report_columns(FILE *f)
{
    at_field field[AT_FIELDS_MAX];
    int n = at_fields(field);

    fputs("| column | meaning |\n|---|---|\n", f);
    for (int i = 0; i < n; i++)
        fprintf(f, "| `%s` | %s |\n", field[i].name, field[i].what);
}
