/* analyze_input.c - one input of attune analyze: its windows go to a report, to a store, to a screen. */
#include "base/progress.h"
#include "base/visible.h"
#include "cli/analyze.h"
#include "cli/view.h"
#include "report/text.h"

#include <attune/align.h>
#include <attune/resume.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct at_run {
    at_job *job;
    attune_report_options setup;
    attune_report *report; /* from the first estimate on: a bad input leaves no folder behind */
    int64_t kept;          /* the store's session, likewise; 0: none */
    at_progress progress;
    const char *name; /* of the input, for messages */
    at_view *view;    /* live input on a terminal */
    int live;         /* what is told of live input came */
    int breaks, away; /* that were told of */
    double away_s;
    attune_error err; /* of the report or the store */
    int failed;
} at_run;

/* Whoever gives --store has read what it keeps (attune sessions --help): that is the consent. */
static int keep_window(at_run *r, const attune_window *w)
{
    const attune_keep k = {.consent = ATTUNE_CONSENT_VERSION,
                           .source = r->live ? "live" : "file",
                           .person = r->job->person,
                           .model = r->job->model,
                           .session = r->job->options};

    if (!r->kept && attune_store_begin(r->job->store, &r->kept, &k, &r->err) < 0)
        return -1;
    return attune_store_window(r->job->store, r->kept, w, &r->err);
}

static int has_report(at_run *r)
{
    r->failed |= !r->report && attune_report_open(&r->report, &r->setup, &r->err) < 0;
    return !r->failed;
}

static int on_window(void *user, const attune_window *w)
{
    at_run *r = user;

    if (r->view)
        at_view_window(r->view, w);
    if (has_report(r))
        r->failed = attune_report_window(r->report, w, &r->err) < 0 ||
                    (r->job->store && keep_window(r, w) < 0);
    return r->failed;
}

/* The window that follows stops what failed. */
static void on_sighting(void *user, const attune_sighting *s)
{
    at_run *r = user;

    if (has_report(r))
        r->failed = attune_report_sighting(r->report, s, &r->err) < 0;
}

static int on_thumbnail(void *user, const attune_thumbnail *t)
{
    at_run *r = user;

    r->failed |= r->report && attune_report_thumbnail(r->report, t, &r->err) < 0;
    return r->failed;
}

static int on_progress(void *user, double done_s, double total_s)
{
    at_run *r = user;

    if (at_stopped(NULL)) /* what is still to be said is said on the usual screen */
        at_view_close(&r->view);
    if (!r->view)
        at_progress_update(&r->progress, done_s, total_s, NULL);
    return at_stopped(NULL);
}

/* ---- live input ----------------------------------------------------------------------------- */

static int wants_view(const at_job *job)
{
    const char *no_color = getenv("NO_COLOR");

    if (job->quiet || job->no_view || !at_view_possible())
        return 0;
    return job->view || !(no_color && *no_color);
}

/* Where the view does not show it. */
static void tell_breaks(at_run *r, const attune_live *x)
{
    char why[sizeof x->why];

    if (r->job->quiet || r->view || (x->breaks == r->breaks && x->away == r->away))
        return;
    at_progress_end(&r->progress);
    if (x->away && x->breaks > r->breaks)
        fprintf(stderr, "attune: %s: the connection broke off (%s); trying again\n", r->name,
                at_visible_copy(why, sizeof why, x->why));
    else if (!x->away && r->away)
        fprintf(stderr, "attune: %s: %s\n", r->name,
                x->away_s > r->away_s ? "the connection is back"
                                      : "the connection did not come back");
    r->breaks = x->breaks;
    r->away = x->away;
    r->away_s = x->away_s;
}

static void on_live(void *user, const attune_live *x)
{
    at_run *r = user;

    r->live = 1;
    if (!r->view && !at_stopped(NULL) && wants_view(r->job)) {
        at_progress_end(&r->progress);
        r->view = at_view_open(r->name);
    }
    if (r->view)
        at_view_live(r->view, x);
    tell_breaks(r, x);
}

int at_analyze_complain(at_job *job, const char *input, const char *why)
{
    char clean[1024];

    snprintf(job->why, sizeof job->why, "%s", why);
    fprintf(stderr, "attune: %s\n", at_visible_copy(clean, sizeof clean, why));
    if (job->index)
        attune_index_add_failed(job->index, input, why);
    return AT_EXIT_FAILED;
}

int at_analyze_interrupted(const at_job *job, const char *input, int kept)
{
    char name[256];

    fprintf(stderr, "attune: %s: interrupted%s%s\n", at_text_basename(name, sizeof name, input),
            kept ? "; what was done is kept" : " before there was anything to keep",
            job->resume ? "; --resume goes on" : "");
    return AT_EXIT_INTERRUPTED;
}

void at_analyze_name_earlier(const char *folder)
{
    char names[512], clean[1024];

    if (attune_outputs_in(folder, "", names, sizeof names) > 0)
        fprintf(stderr, "attune: in %s, of an earlier run: %s\n",
                at_visible_copy(clean, sizeof clean, folder), names);
}

static void print_result(at_job *job, const attune_report *report)
{
    if (job->json) {
        printf("%s%s",
               job->n_inputs == 1 ? ""
               : job->printed     ? ",\n"
                                  : "[\n",
               attune_report_json(report));
        if (job->n_inputs == 1)
            putchar('\n');
        job->printed++;
    } else if (!job->quiet) {
        fputs(attune_report_text(report), stdout);
    }
    fflush(stdout);
}

/* What is odd about the input, beside the result. */
static void print_notes(const at_job *job, const char *name, const attune_input_info *info)
{
    char clean[ATTUNE_NOTE_BYTES];

    for (int i = 0; i < info->n_notes && !job->quiet; i++)
        fprintf(stderr, "attune: %s: %s\n", name,
                at_visible_copy(clean, sizeof clean, info->note[i]));
}

static unsigned long long digest_of(const attune_log *log)
{
    return log ? (unsigned long long)attune_log_digest(log) : 0;
}

int at_analyze_open_beside(at_job *job, attune_error *err)
{
    attune_beside_setup *b = &job->beside;
    int rc = ATTUNE_OK;

    job->chat_log.chat = 1;
    job->signal_log.stop = job->chat_log.stop = at_stopped;
    if (job->signal)
        rc = attune_log_open(&b->signal_log, job->signal, &job->signal_log, err);
    if (job->chat && rc == ATTUNE_OK)
        rc = attune_log_open(&b->chat_log, job->chat, &job->chat_log, err);
    if (rc < 0)
        return rc;
    if (b->signal_log) {
        b->signals = attune_log_signals(b->signal_log);
        b->events = attune_log_events(b->signal_log);
    }
    b->chat = b->chat_log != NULL;
    job->options.beside = job->signal || job->chat ? b : NULL;
    snprintf(job->logs, sizeof job->logs, "%016llx %016llx", digest_of(b->signal_log),
             digest_of(b->chat_log));
    return ATTUNE_OK;
}

void at_analyze_close_beside(at_job *job)
{
    attune_log_free(&job->beside.signal_log);
    attune_log_free(&job->beside.chat_log);
    job->beside = (attune_beside_setup){.signals = NULL};
    job->options.beside = NULL;
}

/* Finds when the sound begins, and says by what. */
static int find_offset(const at_job *job, const char *input, const attune_sink *sink,
                       double *offset_s, attune_error *err)
{
    attune_alignment a;
    const int rc = attune_align(&a, job->model, input, job->sound, &job->options, sink, err);
    if (rc < 0)
        return rc;
    if (!a.known) {
        snprintf(
            err->text, sizeof err->text,
            "%s: cannot tell when its sound %s begins (best guess %.2f s, agreement %.2f, %.2f "
            "times the next best): say it with --offset",
            input, job->sound, a.offset_s, a.agreement, a.distinct);
        return ATTUNE_E_FORMAT;
    }
    if (!job->quiet)
        fprintf(stderr,
                "attune: the sound begins at %.2f s, by %s (agreement %.2f, %.1f times the next "
                "best, over %.0f s)\n",
                a.offset_s, a.by_mouth ? "the mouth" : "the sound of both", a.agreement, a.distinct,
                a.overlap_s);
    *offset_s = a.offset_s;
    return ATTUNE_OK;
}

/* Of a study whole recordings are gone on from. */
static int resumes(const at_job *job)
{
    return job->resume && !job->manifest;
}

static int analyze_file(const at_job *job, const char *input, const char *folder,
                        const attune_options *options, const attune_sink *sink,
                        attune_input_info *info, attune_error *err)
{
    double offset_s = job->offset_s;
    if (resumes(job))
        return attune_analyze_resumable(job->model, input, options, sink, folder, info, err);
    if (!job->sound)
        return attune_analyze_file(job->model, input, options, sink, info, err);
    memset(info, 0, sizeof *info);
    int rc = isnan(offset_s) ? find_offset(job, input, sink, &offset_s, err) : ATTUNE_OK;
    return rc < 0 ? rc
                  : attune_analyze_apart(job->model, input, job->sound, offset_s, options, sink,
                                         info, err);
}

/* What is kept of an input that failed stays kept, as one that ended early. Returns the exit code. */
static int end_kept(at_run *r, const char *input, const attune_input_info *info, int code)
{
    char clean[4096];

    if (!r->kept)
        return code;
    if (attune_store_end(r->job->store, r->kept, info, code != AT_EXIT_OK,
                         attune_report_json(r->report), &r->err) < 0)
        return code == AT_EXIT_FAILED ? code : at_analyze_complain(r->job, input, r->err.text);
    if (code != AT_EXIT_FAILED && !r->job->quiet && !r->job->json)
        printf("  %-12s session %lld in %s\n", "kept as", (long long)r->kept,
               at_visible_copy(clean, sizeof clean, r->job->store_path));
    return code;
}

static int draw_overlay(const at_job *job, const char *input, const char *folder)
{
    const attune_annotate_options o = {.anonymise = job->anonymise,
                                       .no_sandbox = job->options.no_sandbox,
                                       .model = job->model_path,
                                       .no_audio = job->options.no_audio,
                                       .video_track = job->options.video_track,
                                       .audio_track = job->options.audio_track};
    char out[4200];

    snprintf(out, sizeof out, "%s/%s", folder, at_overlay_file);
    const int code = at_draw_overlay(folder, input, out, &o, job->quiet);
    if (code != AT_EXIT_OK && access(out, F_OK) == 0)
        at_print_line(stderr, "attune: in %s, of an earlier run: %s", folder, at_overlay_file);
    return code;
}

static int finish_report(at_run *r, const attune_input_info *info, int stopped)
{
    at_hold_stop(1);
    const int rc = attune_report_finish(r->report, info, stopped, &r->err);
    at_hold_stop(0);
    return rc;
}

int at_analyze_input(at_job *job, const char *input, const char *folder, const char *link)
{
    at_run run = {.job = job,
                  .setup = {.dir = folder,
                            .input = input,
                            .sinks = job->sinks,
                            .model = job->model,
                            .model_path = job->model_path,
                            .session = job->options,
                            .sightings = 1,
                            .logs = job->options.beside ? job->logs : NULL}};
    attune_options options = job->options;
    attune_sink sink = {&run, on_window, on_progress, on_thumbnail};
    attune_input_info info;
    attune_error err = {0};
    char name[256];
    const int made = resumes(job) && access(folder, F_OK) != 0;
    int rc, stopped, code = AT_EXIT_OK;

    run.name = at_text_basename(name, sizeof name, input);
    options.on_live = on_live;
    options.on_live_user = &run;
    if (attune_sinks_have(job->sinks, "openface.csv")) {
        options.on_sighting = on_sighting;
        options.on_sighting_user = &run;
    }
    job->unwritten = 0;
    run.setup.session.on_sighting = options.on_sighting;
    if (resumes(job) && (rc = at_analyze_resumes(job, input, &run.setup, &err)) <= 0)
        return rc == 0 ? AT_EXIT_OK : at_analyze_complain(job, input, err.text);
    at_progress_start(&run.progress, run.name, job->quiet);
    rc = analyze_file(job, input, folder, &options, &sink, &info, &err);
    at_view_close(&run.view);
    at_progress_end(&run.progress);
    stopped = rc == ATTUNE_E_INTERRUPTED && !run.failed;
    if (run.failed) {
        job->unwritten = (int)run.err.status;
        code = at_analyze_complain(job, input, run.err.text);
    } else if (rc < 0 && !stopped) {
        code = at_analyze_complain(job, input, err.text);
    } else if (!run.report) {
        code = stopped ? AT_EXIT_INTERRUPTED : at_analyze_complain(job, input, "nothing to report");
    } else if (stopped && job->manifest) {
        code = AT_EXIT_INTERRUPTED; /* it is done anew when the study goes on */
    } else if (finish_report(&run, &info, stopped) < 0) {
        job->unwritten = (int)run.err.status;
        code = at_analyze_complain(job, input, run.err.text);
    } else {
        code = stopped ? AT_EXIT_INTERRUPTED : AT_EXIT_OK;
        if (!stopped || !resumes(job)) /* whoever began what it replaces */
            attune_resume_forget(folder);
        print_result(job, run.report);
        if (job->index)
            attune_index_add(job->index, link, run.report);
    }
    code = end_kept(&run, input, &info, code);
    if (stopped && !job->manifest)
        at_analyze_interrupted(job, input, run.report != NULL);
    if (!run.report || code == AT_EXIT_FAILED)
        at_analyze_name_earlier(folder);
    print_notes(job, name, &info);
    attune_report_free(&run.report);
    if (made)
        rmdir(folder); /* stays if something is in it */
    if (job->overlay && code == AT_EXIT_OK)
        code = draw_overlay(job, input, folder);
    return code;
}
