/* report.c - a kept session's report, as if it had been analysed just now. */
#include "base/error.h"
#include "store/beside.h"
#include "store/record.h"
#include "store/store.h"

#include <stdio.h>

typedef struct at_replay {
    attune_report *report;
    attune_error err; /* of the report */
    int failed;
} at_replay;

static int add_window(void *user, const attune_window *w)
{
    at_replay *p = user;

    p->failed = attune_report_window(p->report, w, &p->err);
    return p->failed < 0;
}

static attune_input_info info_of(const attune_record *r)
{
    return (attune_input_info){.duration_s = r->duration_s,
                               .has_video = r->has_video,
                               .has_audio = r->has_audio,
                               .width = r->width,
                               .height = r->height,
                               .counts = r->counts};
}

static int replay(sqlite3 *db, const attune_record *r, const attune_report_options *o,
                  attune_report **out, attune_error *err)
{
    attune_report_options setup = *o;
    const char *const facts[] = {"name", r->model, "version", r->model_version, NULL};
    const char *names[ATTUNE_MAX_SIGNALS + 1];
    attune_beside_setup beside;
    attune_input_info info = info_of(r);
    at_replay p = {0};
    char name[32];
    int rc;

    snprintf(name, sizeof name, "session %lld", (long long)r->id);
    setup.input = o->input ? o->input : name;
    setup.session = r->session;
    setup.session.beside = at_lanes_setup(r, &beside, names) ? &beside : NULL;
    setup.facts = o->model || o->facts ? o->facts : facts;
    rc = attune_report_open(&p.report, &setup, err);
    if (rc < 0)
        return rc;
    rc = at_store_each_window(db, r, add_window, &p, err);
    if (p.failed < 0)
        rc = at_fail(err, p.err.status, "%s", p.err.text);
    rc = rc < 0 ? rc : attune_report_finish(p.report, &info, r->interrupted || !r->ended_s, err);
    if (rc < 0 || !out)
        attune_report_free(&p.report);
    if (out)
        *out = p.report;
    return rc;
}

int attune_store_report(attune_store *s, int64_t id, const attune_report_options *o,
                        attune_report **out, attune_error *err)
{
    attune_record r;
    sqlite3 *db = at_store_look(s);
    int rc = at_record_find(db, id, &r, err);

    if (out)
        *out = NULL;
    rc = rc < 0 ? rc : replay(db, &r, o, out, err);
    at_store_looked(s);
    return rc;
}
