/* report.c - sinks side by side over one stream of windows, in files that appear together. */
#include "base/address.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/outset.h"
#include "report/brief.h"
#include "report/fields.h"
#include "report/sinks.h"
#include "report/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A sink at work. */
typedef struct at_sink {
    const at_sink_kind *kind;
    FILE *f;
    void *state;
    at_outfile file; /* with the name of one file: f is its */
    const attune_report_options *setup;
} at_sink;

struct attune_report {
    attune_report_options setup;
    at_stats stats;
    at_thumbnails thumbnails;
    attune_input_info info;
    char input[4096]; /* as it is named, see base/address.h */
    int interrupted;
    at_outset *set; /* with a folder */
    at_sink sink[AT_SINKS_MAX];
    int sinks;
    int extra;        /* some of them are */
    at_fields fields; /* for those */
    int read_back;    /* made of an earlier report: the files beside it are its own */
    char *json, *text;
    char written[AT_SINK_FILES_SIZE], earlier[AT_SINK_FILES_SIZE]; /* of at_outcome */
};

/* ---- one sink ------------------------------------------------------------------------------- */

static ssize_t hand_on(void *cookie, const char *text, size_t size)
{
    const at_sink *s = cookie;

    return s->setup->write(s->setup->user, &s->kind->info, text, size) ? -1 : (ssize_t)size;
}

static int open_file(at_sink *s, attune_error *err)
{
    const char *name = s->setup->file;
    size_t room = strlen(s->setup->dir) + strlen(name) + 2;
    char *path = at_alloc(room, 1);
    int rc;

    if (!path)
        return at_fail_nomem(err);
    snprintf(path, room, "%s/%s", s->setup->dir, name);
    rc = at_outfile_open(&s->file, path, err);
    s->f = s->file.f;
    at_free(path);
    return rc;
}

static int open_sink(at_sink *s, at_outset *set, attune_error *err)
{
    int rc = s->kind->load ? s->kind->load(err) : ATTUNE_OK;

    if (rc < 0)
        return rc;
    if (s->kind->state_size) {
        s->state = at_calloc(1, s->kind->state_size);
        if (!s->state)
            return at_fail_nomem(err);
    }
    if (s->setup->write) {
        s->f = fopencookie(s, "w", (cookie_io_functions_t){.write = hand_on});
        rc = s->f ? ATTUNE_OK : at_fail_nomem(err);
    } else if (set) {
        rc = at_outset_add(set, s->kind->info.file, &s->f, err);
    } else {
        rc = open_file(s, err);
    }
    if (rc == ATTUNE_OK && s->kind->open && s->kind->open(s->f, s->state, s->setup) < 0)
        rc = at_fail_nomem(err);
    return rc;
}

static void free_sink(at_sink *s)
{
    if (s->f && s->setup->write)
        fclose(s->f);
    at_outfile_abandon(&s->file);
    if (s->state && s->kind->free)
        s->kind->free(s->state);
    at_free(s->state);
}

static int fail_write(const at_sink *s, attune_error *err)
{
    const char *why = strerror(errno ? errno : EIO);

    if (errno == ENOMEM)
        return at_fail_nomem(err);
    if (s->setup->write)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", s->kind->info.file, why);
    return at_fail(err, ATTUNE_E_IO, "%s/%s: %s", s->setup->dir, s->kind->info.file, why);
}

/* What a window adds is out of our hands when it returns: a run that is killed has written it. */
static int flush(at_sink *s, attune_error *err)
{
    if (ferror(s->f)) /* the sink's own write failed: errno is of then */
        return fail_write(s, err);
    errno = 0;
    return fflush(s->f) != 0 ? fail_write(s, err) : ATTUNE_OK;
}

/* rc: what the sink gave. */
static int added(at_sink *s, int rc, attune_error *err)
{
    if (rc < 0)
        return at_fail_nomem(err);
    return flush(s, err);
}

static int add_window(at_sink *s, const attune_window *w, attune_error *err)
{
    errno = 0;
    return added(s, s->kind->window ? s->kind->window(s->f, s->state, w) : ATTUNE_OK, err);
}

static int add_sighting(at_sink *s, const attune_sighting *x, attune_error *err)
{
    errno = 0;
    return s->kind->sighting ? added(s, s->kind->sighting(s->f, s->state, x), err) : ATTUNE_OK;
}

/* ---- the report ------------------------------------------------------------------------------ */

static void fill_defaults(attune_options *o)
{
    o->rate = o->rate > 0 ? o->rate : ATTUNE_DEFAULT_RATE;
    o->window_s = o->window_s > 0 ? o->window_s : ATTUNE_DEFAULT_WINDOW_S;
    o->hop_s = o->hop_s > 0 ? o->hop_s : fmin(ATTUNE_DEFAULT_HOP_S, o->window_s);
    o->max_tracks = o->max_tracks > 0 ? o->max_tracks : 1;
}

static int check(const attune_report_options *o, attune_error *err)
{
    const attune_options *s = &o->session;

    if ((!o->dir && !o->write) || !o->input)
        return at_fail(err, ATTUNE_E_ARG, "a report has no folder, or no input's name");
    if (!(s->hop_s >= 1e-3 && s->hop_s <= s->window_s && s->window_s <= 3600) ||
        s->max_tracks > ATTUNE_MAX_TRACKS)
        return at_fail(err, ATTUNE_E_ARG, "a report's session options are out of range");
    return ATTUNE_OK;
}

static int check_file(const attune_report *r, unsigned chosen, attune_error *err)
{
    if (r->setup.file && (chosen & (chosen - 1)))
        return at_fail(err, ATTUNE_E_ARG, "%s are several files: they need a folder", r->written);
    return ATTUNE_OK;
}

static int check_sightings(const attune_report *r, unsigned chosen, attune_error *err)
{
    const at_sink_kind *kind;

    for (int i = 0; !r->setup.sightings && (kind = at_sink_kind_at(i)); i++)
        if ((chosen >> i & 1u) && kind->info.sightings)
            return at_fail(
                err, ATTUNE_E_ARG,
                "%s has a row a picture, which only attune analyze --export %s sees (in Python: "
                "pictures=True): a result that is kept has windows",
                kind->info.name, kind->info.name);
    return ATTUNE_OK;
}

static int make_folder(attune_report *r, attune_error *err)
{
    if (r->setup.write)
        return ATTUNE_OK;
    return r->setup.file ? at_mkdirs(r->setup.dir, err)
                         : at_outset_open(&r->set, r->setup.dir, err);
}

static int open_sinks(attune_report *r, attune_error *err)
{
    unsigned chosen;
    int rc = at_sinks_chosen(r->setup.sinks, &chosen, err);

    at_sinks_files(chosen, r->written, sizeof r->written);
    rc = rc < 0 ? rc : check_file(r, chosen, err);
    rc = rc < 0 ? rc : check_sightings(r, chosen, err);
    rc = rc < 0 ? rc : make_folder(r, err);
    for (int i = 0; rc == ATTUNE_OK && at_sink_kind_at(i); i++) {
        if (!(chosen >> i & 1u))
            continue;
        r->sink[r->sinks] = (at_sink){.kind = at_sink_kind_at(i), .setup = &r->setup};
        r->extra |= at_sink_kind_at(i)->info.extra;
        rc = open_sink(&r->sink[r->sinks++], r->set, err);
    }
    return rc;
}

int attune_report_open(attune_report **out, const attune_report_options *o, attune_error *err)
{
    attune_report *r = at_calloc(1, sizeof *r);
    attune_state_usual usual;
    int rc;

    *out = NULL;
    if (!r)
        return at_fail_nomem(err);
    r->setup = *o;
    fill_defaults(&r->setup.session);
    attune_model_state_usual(o->model, &usual);
    usual = o->usual ? *o->usual : usual;
    at_fields_with(&r->fields, r->setup.session.beside);
    at_stats_init(&r->stats, llround(r->setup.session.hop_s * 1e6), r->setup.session.window_s,
                  r->setup.session.max_tracks, &usual);
    r->stats.setup = r->setup.session.beside;
    rc = check(&r->setup, err);
    if (rc == ATTUNE_OK)
        r->setup.input = at_address_name(r->input, sizeof r->input, o->input);
    rc = rc < 0 ? rc : open_sinks(r, err);
    if (rc < 0) {
        attune_report_free(&r);
        return rc;
    }
    *out = r;
    return ATTUNE_OK;
}

/* Whether each of these outputs is there. */
static int are_there(const attune_report_options *o)
{
    char path[4096];
    unsigned chosen;

    if (at_sinks_chosen(o->sinks, &chosen, NULL) < 0)
        return 0;
    for (int i = 0; at_sink_kind_at(i); i++) {
        const int n = snprintf(path, sizeof path, "%s/%s", o->dir, at_sink_kind_at(i)->info.file);
        if (chosen >> i & 1u && (n >= (int)sizeof path || access(path, F_OK) != 0))
            return 0;
    }
    return 1;
}

int attune_report_stands(const attune_report_options *o, attune_error *err)
{
    attune_report_options setup = *o;
    char input[4096], path[4096];

    fill_defaults(&setup.session);
    int rc = check(&setup, err);
    rc = rc < 0 ? rc : at_outset_settle(o->dir, err);
    if (rc < 0)
        return rc;
    setup.input = at_address_name(input, sizeof input, o->input);
    return snprintf(path, sizeof path, "%s/%s", o->dir, at_sink_summary.info.file) <
               (int)sizeof path &&
           are_there(o) && at_summary_is_of(path, &setup);
}

void attune_report_free(attune_report **r)
{
    attune_report *p = *r;

    if (!p)
        return;
    for (int i = 0; i < p->sinks; i++)
        free_sink(&p->sink[i]);
    at_outset_free(&p->set);
    at_stats_free(&p->stats);
    at_thumbnails_free(&p->thumbnails);
    free(p->json);
    free(p->text);
    at_free(p);
    *r = NULL;
}

int attune_report_window(attune_report *r, const attune_window *w, attune_error *err)
{
    attune_window rounded = *w;
    attune_beside beside;
    int rc = ATTUNE_OK;

    if (r->extra)
        at_fields_round(&r->fields, &rounded, &beside);
    for (int i = 0; rc == ATTUNE_OK && i < r->sinks; i++)
        rc = add_window(&r->sink[i], r->sink[i].kind->info.extra ? &rounded : w, err);
    if (rc == ATTUNE_OK && at_stats_add(&r->stats, w) < 0)
        rc = at_fail_nomem(err);
    return rc;
}

int attune_report_sighting(attune_report *r, const attune_sighting *s, attune_error *err)
{
    int rc = ATTUNE_OK;

    for (int i = 0; rc == ATTUNE_OK && i < r->sinks; i++)
        rc = add_sighting(&r->sink[i], s, err);
    return rc;
}

int attune_report_thumbnail(attune_report *r, const attune_thumbnail *t, attune_error *err)
{
    return at_thumbnails_add(&r->thumbnails, t, err);
}

void at_report_is_read_back(attune_report *r)
{
    r->read_back = 1;
}

at_outcome at_report_outcome(const attune_report *r)
{
    int page = at_sink_is_chosen(r->setup.sinks, &at_sink_html);

    return (at_outcome){.setup = &r->setup,
                        .stats = &r->stats,
                        .info = &r->info,
                        .interrupted = r->interrupted,
                        .json = r->json,
                        .text = r->text,
                        .thumbnails = page ? &r->thumbnails : NULL,
                        .written = r->written,
                        .earlier = r->earlier};
}

/* Files are no longer written to. */
static int commit(attune_report *r, attune_error *err)
{
    if (r->set)
        return at_outset_commit(r->set, err);
    return r->setup.write ? ATTUNE_OK : at_outfile_commit(&r->sink[0].file, err);
}

static int close_sinks(attune_report *r, attune_error *err)
{
    at_outcome o = at_report_outcome(r);
    int rc = ATTUNE_OK;

    for (int i = 0; rc == ATTUNE_OK && i < r->sinks; i++) {
        at_sink *s = &r->sink[i];
        errno = 0;
        if (s->kind->close && s->kind->close(s->f, s->state, &o) < 0)
            rc = at_fail_nomem(err);
        rc = rc < 0 ? rc : flush(s, err);
    }
    return rc < 0 ? rc : commit(r, err);
}

int attune_report_finish(attune_report *r, const attune_input_info *info, int interrupted,
                         attune_error *err)
{
    at_outcome o;

    r->info = *info;
    r->interrupted = interrupted;
    if (at_stats_close(&r->stats) < 0)
        return at_fail_nomem(err);
    at_stats_take_input(&r->stats, info);
    if (r->setup.dir && !r->setup.write && !r->read_back)
        attune_outputs_in(r->setup.dir, r->setup.sinks, r->earlier, sizeof r->earlier);
    o = at_report_outcome(r);
    r->json = at_summary_json(&o);
    r->text = at_brief_text(&o);
    if (!r->json || !r->text)
        return at_fail_nomem(err);
    return close_sinks(r, err);
}

const char *attune_report_json(const attune_report *r)
{
    return r->json;
}

const char *attune_report_text(const attune_report *r)
{
    return r->text;
}
