/* attune analyze INPUT...: clips and cameras to timelines and reports. */
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/view.h"
#include "report/text.h"

#include <attune/align.h>
#include <attune/sink.h>
#include <attune/store.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: attune analyze INPUT... [-o DIR] [--sinks NAMES] [--export KINDS] [--model FILE]\n"
    "                      [--tracks N]\n"
    "                      [--rate FPS] [--min-face N] [--no-audio] [--no-video]\n"
    "                      [--no-baseline] [--causal] [--no-sandbox]\n"
    "                      [--audio-track N] [--video-track N] [--pcm RATE]\n"
    "                      [--live] [--mic [DEVICE]] [--reconnect SECONDS] [--view | --no-view]\n"
    "                      [--sound FILE [--offset SECONDS|auto]]\n"
    "                      [--store FILE [--person LABEL]]\n"
    "                      [--thumbnails] [--threads N] [--quiet] [--json]\n"
    "\n"
    "Looks at the faces and listens to the voice in each INPUT (a clip, a picture, a sound file,\n"
    "/dev/video0; '-' is standard input) and writes, into one folder an input ('attune analyze\n"
    "--devices' lists the cameras and microphones that are there):\n"
    "\n";

static const char usage_options[] =
    "\n"
    "  -o DIR          the folder (default: attune-<name of the input>). With several inputs, the\n"
    "                  folder of their folders and of an index.html (default: attune-reports)\n"
    "  --sinks NAMES   only these outputs, with commas between: 'csv,html' (default: all but exports)\n"
    "  --export KINDS  these too: 'eaf,table'; also later, with attune export\n"
    "  --anonymise     of overlay: faces become a mosaic, without a guarantee (attune export --help)\n"
    "  --model FILE    instead of the default model (also: $ATTUNE_MODEL)\n"
    "  --tracks N      faces followed at once, 1 to 16 (default: 1, the largest and longest seen)\n"
    "  --rate FPS      frames looked at a second, at most 60 (default: 8)\n"
    "  --min-face N    width in pixels of the smallest faces to look for (default: 24)\n"
    "  --no-baseline   answers as they are: what is usual for a person is not taken out\n"
    "  --causal        every window is told by what came before it, as of live input. Without: a\n"
    "                  person's first half minute is told again once what is usual for them is known\n"
    "  --no-audio      leave the sound out\n"
    "  --no-video      leave the picture out\n"
    "  --audio-track N the N-th sound track (default: the one with the most speech)\n"
    "  --video-track N the N-th picture track (default: the best)\n"
    "  --pcm RATE      the input is bare sound: 16-bit little-endian samples of one channel\n"
    "  --sound FILE    the sound of FILE, which was recorded apart, in the place of the INPUT's own\n"
    "  --offset S      FILE begins S seconds after the pictures (-S: before); auto (default): as the\n"
    "                  sound of both says, or where INPUT has none the mouth; if they do not, it fails\n"
    "  --live          take the input as it comes and drop what is late; and read addresses: rtsp://,\n"
    "                  rtmp://, srt://, http://, ... Without this the network is never used\n"
    "  --mic [DEVICE]  sound from a microphone beside the camera, on one clock: pulse, pulse:SOURCE, alsa,\n"
    "                  alsa:DEVICE, or another live input (default: whichever is there)\n"
    "  --reconnect S   a device or address that breaks off is tried again for S seconds (default: 30;\n"
    "                  0: not at all); the session goes on with a gap\n"
    "  --view          a screen that shows live input as it stands; --no-view: a line. Default: the screen\n"
    "                  on a terminal, unless NO_COLOR is set\n"
    "  --thumbnails    a small picture of each face in report.html. Without this nothing of anybody's\n"
    "                  looks or voice is stored\n"
    "  --store FILE    also keep the windows of each INPUT in FILE, a session each, for attune sessions;\n"
    "                  never its pictures, sound or name\n"
    "  --person LABEL  whom the sessions are of: a label of your choice, kept with them\n"
    "  --no-sandbox    decode in this process, and not in a child that can do nothing else; the report says\n"
    "                  so (attune info --sandbox)\n"
    "  --threads N     default: all cores; the results are the same for any number\n"
    "  --quiet         errors only\n"
    "  --json          print the summary as JSON (an array with several inputs)\n"
    "\n"
    "Ctrl-C keeps what is done, marked as interrupted. Exit codes: 0 done, 1 failed (the reason is\n"
    "on stderr; other inputs are gone on with), 2 wrong usage, 130 interrupted.\n";

static void print_usage(void)
{
    fputs(usage, stdout);
    at_print_sinks(stdout, 0);
    fputs("\nand with --export:\n\n", stdout);
    at_print_sinks(stdout, 1);
    at_print_overlay(stdout);
    fputs(usage_options, stdout);
}

typedef struct at_job {
    char **inputs;
    int n_inputs;
    const char *dir, *sinks, *model_path;
    char all_sinks[2 * AT_KINDS_SIZE]; /* exports too */
    int overlay, anonymise;
    attune_options options;
    const char *sound; /* of another file; NULL: the input's own */
    double offset_s;   /* NaN: to be found */
    int quiet, json;
    int view, no_view;
    const char *store_path, *person; /* NULL: nothing is kept */

    attune_model *model;
    attune_store *store;
    attune_index *index; /* with several inputs */
    int printed;         /* JSON objects so far */
} at_job;

enum { THUMBNAIL = 96 }; /* pixels */

/* ---- one input ------------------------------------------------------------------------------ */

typedef struct at_run {
    const at_job *job;
    attune_report_options setup;
    attune_report *report; /* from the first estimate on: a bad input leaves no folder behind */
    int64_t kept;          /* the store's session, likewise; 0: none */
    at_progress progress;
    const char *name; /* of the input, for messages */
    at_view *view;    /* live input on a terminal */
    int breaks, away; /* that were told of */
    double away_s;
    attune_error err; /* of the report or the store */
    int failed;
} at_run;

/* Whoever gives --store has read what it keeps (attune sessions --help): that is the consent. */
static int keep_window(at_run *r, const attune_window *w)
{
    const attune_keep k = {.consent = ATTUNE_CONSENT_VERSION,
                           .source = "file",
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
                at_text_clean(why, sizeof why, x->why));
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

    if (!r->view && !at_stopped(NULL) && wants_view(r->job)) {
        at_progress_end(&r->progress);
        r->view = at_view_open(r->name);
    }
    if (r->view)
        at_view_live(r->view, x);
    tell_breaks(r, x);
}

static int complain(const at_job *job, const char *input, const char *why)
{
    char clean[1024];

    fprintf(stderr, "attune: %s\n", at_text_clean(clean, sizeof clean, why));
    if (job->index)
        attune_index_add_failed(job->index, input, why);
    return AT_EXIT_FAILED;
}

/* Where nothing was written, what stands there could be taken for what was asked for. */
static void name_earlier(const char *folder)
{
    char names[512], clean[1024];

    if (attune_outputs_in(folder, "", names, sizeof names) > 0)
        fprintf(stderr, "attune: in %s, of an earlier run: %s\n",
                at_text_clean(clean, sizeof clean, folder), names);
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
                at_text_clean(clean, sizeof clean, info->note[i]));
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

static int analyze_file(const at_job *job, const char *input, const attune_options *options,
                        const attune_sink *sink, attune_input_info *info, attune_error *err)
{
    double offset_s = job->offset_s;
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
        return code == AT_EXIT_FAILED ? code : complain(r->job, input, r->err.text);
    if (code != AT_EXIT_FAILED && !r->job->quiet && !r->job->json)
        printf("  %-12s session %lld in %s\n", "kept as", (long long)r->kept,
               at_text_clean(clean, sizeof clean, r->job->store_path));
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

/* folder: of the report; link: the same as the index names it. */
static int analyze_input(at_job *job, const char *input, const char *folder, const char *link)
{
    at_run run = {.job = job,
                  .setup = {.dir = folder,
                            .input = input,
                            .sinks = job->sinks,
                            .model = job->model,
                            .model_path = job->model_path,
                            .session = job->options,
                            .sightings = 1}};
    attune_options options = job->options;
    attune_sink sink = {&run, on_window, on_progress, on_thumbnail};
    attune_input_info info;
    attune_error err = {0};
    char name[256];
    int rc, stopped, code = AT_EXIT_OK;

    run.name = at_text_basename(name, sizeof name, input);
    options.on_live = on_live;
    options.on_live_user = &run;
    if (attune_sinks_have(job->sinks, "openface.csv")) {
        options.on_sighting = on_sighting;
        options.on_sighting_user = &run;
    }
    at_progress_start(&run.progress, run.name, job->quiet);
    rc = analyze_file(job, input, &options, &sink, &info, &err);
    at_view_close(&run.view);
    at_progress_end(&run.progress);
    stopped = rc == ATTUNE_E_INTERRUPTED && !run.failed;
    if (run.failed) {
        code = complain(job, input, run.err.text);
    } else if (rc < 0 && !stopped) {
        code = complain(job, input, err.text);
    } else if (!run.report) {
        code = stopped ? AT_EXIT_INTERRUPTED : complain(job, input, "nothing to report");
    } else if (finish_report(&run, &info, stopped) < 0) {
        code = complain(job, input, run.err.text);
    } else {
        code = stopped ? AT_EXIT_INTERRUPTED : AT_EXIT_OK;
        print_result(job, run.report);
        if (job->index)
            attune_index_add(job->index, link, run.report);
    }
    code = end_kept(&run, input, &info, code);
    if (stopped) {
        fprintf(stderr, "attune: %s: interrupted%s\n", name,
                run.report ? "; what was done is kept" : " before there was anything to keep");
    }
    if (!run.report || code == AT_EXIT_FAILED)
        name_earlier(folder);
    print_notes(job, name, &info);
    attune_report_free(&run.report);
    if (job->overlay && code == AT_EXIT_OK)
        code = draw_overlay(job, input, folder);
    return code;
}

/* ---- folders -------------------------------------------------------------------------------- */

/* Inputs of one name in different folders get -2, -3, ... */
static int same_stems_before(const at_job *job, int i, const char *stem)
{
    char other[200];
    int n = 0;

    for (int k = 0; k < i; k++) {
        at_make_stem(other, sizeof other, job->inputs[k]);
        n += !strcmp(other, stem);
    }
    return n;
}

static int analyze_nth(at_job *job, int i)
{
    char stem[200], link[232], folder[4096];
    const char *dir = job->dir ? job->dir : "attune-reports";
    int same, n;

    at_make_stem(stem, sizeof stem, job->inputs[i]);
    if (job->n_inputs == 1) {
        n = job->dir ? snprintf(folder, sizeof folder, "%s", job->dir)
                     : snprintf(folder, sizeof folder, "attune-%s", stem);
        link[0] = 0;
    } else {
        same = same_stems_before(job, i, stem);
        if (same)
            snprintf(link, sizeof link, "%s-%d", stem, same + 1);
        else
            snprintf(link, sizeof link, "%s", stem);
        n = snprintf(folder, sizeof folder, "%s/%s", dir, link);
    }
    if (n < 0 || (size_t)n >= sizeof folder)
        return complain(job, job->inputs[i], "the output folder's name is too long");
    return analyze_input(job, job->inputs[i], folder, link);
}

static int analyze_all(at_job *job)
{
    const char *dir = job->dir ? job->dir : "attune-reports";
    attune_error err;
    int code = AT_EXIT_OK;

    if (job->n_inputs > 1 && attune_index_open(&job->index, dir, &err) < 0) {
        fprintf(stderr, "attune: %s\n", err.text);
        return AT_EXIT_FAILED;
    }
    for (int i = 0; i < job->n_inputs && code != AT_EXIT_INTERRUPTED; i++) {
        int one = analyze_nth(job, i);
        code = one == AT_EXIT_OK ? code : one;
    }
    if (job->json && job->n_inputs > 1)
        puts(job->printed ? "\n]" : "[]");
    if (job->index && attune_index_finish(job->index, &err) < 0) {
        fprintf(stderr, "attune: %s\n", err.text);
        code = code == AT_EXIT_OK ? AT_EXIT_FAILED : code;
    } else if (job->index && !job->quiet && !job->json) {
        at_print_line(stdout, "all inputs: %s/index.html", dir);
    }
    if (job->index)
        name_earlier(dir);
    attune_index_free(&job->index);
    return code;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* Sinks and exports are one list. Returns -1 to go on, or the exit code. */
static int add_exports(at_job *job, const char *exports)
{
    char sinks[AT_KINDS_SIZE];
    attune_error err;

    job->overlay = at_split_overlay(exports, sinks);
    if (job->overlay < 0 || strlen(job->sinks ? job->sinks : "") >= AT_KINDS_SIZE - 16)
        return at_wrong_usage("analyze", "--export: too many names");
    if ((*sinks || !job->overlay) && attune_sinks_check(sinks, &err) < 0)
        return at_wrong_usage("analyze", "--export: %s", err.text);
    if (!*sinks)
        return -1;
    snprintf(job->all_sinks, sizeof job->all_sinks, "%s,%s", job->sinks ? job->sinks : "default",
             sinks);
    job->sinks = job->all_sinks;
    return -1;
}

/* What is drawn over a clip is read from its timeline, and the clip is read again. */
static int check_overlay(const at_job *job)
{
    if (job->anonymise && !job->overlay)
        return at_wrong_usage("analyze", "--anonymise is of --export overlay");
    if (job->overlay && !attune_sinks_have(job->sinks, "timeline.jsonl"))
        return at_wrong_usage("analyze", "--export overlay needs jsonl among the --sinks");
    if (job->overlay &&
        (job->options.live || job->options.mic || job->options.pcm_rate || job->options.no_video))
        return at_wrong_usage("analyze", "--export overlay goes with files that have pictures");
    return -1;
}

/* Whether the word after --mic is its DEVICE, and no INPUT. */
static int names_device(const char *word)
{
    return strcmp(word, "default") == 0 || strncmp(word, "pulse", 5) == 0 ||
           strncmp(word, "alsa", 4) == 0;
}

static void print_device(void *user, const attune_device *d)
{
    char path[512], label[512];

    (void)user;
    printf("%-10s  %-32s  %s\n", d->camera ? "camera" : "microphone",
           at_text_clean(path, sizeof path, d->path), at_text_clean(label, sizeof label, d->label));
}

static int print_devices(void)
{
    attune_error err = {0};
    int n = attune_devices(print_device, NULL, &err);

    if (n < 0)
        fprintf(stderr, "attune: %s\n", err.text);
    else if (n == 0)
        fputs("attune: no camera and no microphone was found\n", stderr);
    return n > 0 ? AT_EXIT_OK : AT_EXIT_FAILED;
}

/* Fills job. Returns -1 to go on, or the exit code. */
static int parse(at_job *job, int argc, char **argv)
{
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},
        {"sinks", required_argument, NULL, 's'},
        {"export", required_argument, NULL, 'x'},
        {"anonymise", no_argument, NULL, 'y'},
        {"model", required_argument, NULL, 'm'},
        {"tracks", required_argument, NULL, 't'},
        {"rate", required_argument, NULL, 'r'},
        {"min-face", required_argument, NULL, 'F'},
        {"audio-track", required_argument, NULL, 'a'},
        {"video-track", required_argument, NULL, 'v'},
        {"pcm", required_argument, NULL, 'p'},
        {"sound", required_argument, NULL, 'S'},
        {"offset", required_argument, NULL, 'O'},
        {"live", no_argument, NULL, 'l'},
        {"mic", optional_argument, NULL, 'M'},
        {"reconnect", required_argument, NULL, 'R'},
        {"view", no_argument, NULL, 'W'},
        {"no-view", no_argument, NULL, 'N'},
        {"devices", no_argument, NULL, 'L'},
        {"no-audio", no_argument, NULL, 'A'},
        {"no-baseline", no_argument, NULL, 'B'},
        {"causal", no_argument, NULL, 'C'},
        {"no-sandbox", no_argument, NULL, 'X'},
        {"no-video", no_argument, NULL, 'V'},
        {"thumbnails", no_argument, NULL, 'T'},
        {"store", required_argument, NULL, 'D'},
        {"person", required_argument, NULL, 'P'},
        {"threads", required_argument, NULL, 'j'},
        {"quiet", no_argument, NULL, 'q'},
        {"json", no_argument, NULL, 'J'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    attune_options *o = &job->options;
    attune_error err;
    const char *offset = NULL, *exports = NULL;
    int c;

    job->offset_s = NAN;
    while ((c = at_next_option("analyze", argc, argv, ":o:qh", longs)) != -1) {
        switch (c) {
        case 'o': job->dir = optarg; break;
        case 's': job->sinks = optarg; break;
        case 'x': exports = optarg; break;
        case 'y': job->anonymise = 1; break;
        case 'm': job->model_path = optarg; break;
        case 't':
            if (!at_take_int("analyze", "--tracks", optarg, 1, ATTUNE_MAX_TRACKS, &o->max_tracks))
                return AT_EXIT_USAGE;
            break;
        case 'r':
            if (!at_take_number("analyze", "--rate", optarg, 0.1, 60, &o->rate))
                return AT_EXIT_USAGE;
            break;
        case 'F':
            if (!at_take_int("analyze", "--min-face", optarg, 12, 2000, &o->min_face))
                return AT_EXIT_USAGE;
            break;
        case 'j':
            if (!at_take_int("analyze", "--threads", optarg, 0, ATTUNE_MAX_THREADS, &o->threads))
                return AT_EXIT_USAGE;
            break;
        case 'a':
            if (!at_take_int("analyze", "--audio-track", optarg, 1, 1000, &o->audio_track))
                return AT_EXIT_USAGE;
            break;
        case 'v':
            if (!at_take_int("analyze", "--video-track", optarg, 1, 1000, &o->video_track))
                return AT_EXIT_USAGE;
            break;
        case 'p':
            if (!at_take_int("analyze", "--pcm", optarg, 2000, 768000, &o->pcm_rate))
                return AT_EXIT_USAGE;
            break;
        case 'S': job->sound = optarg; break;
        case 'O':
            offset = optarg;
            job->offset_s = NAN;
            if (strcmp(optarg, "auto") != 0 &&
                !at_take_number("analyze", "--offset (if not auto)", optarg, -43200, 43200,
                                &job->offset_s))
                return AT_EXIT_USAGE;
            break;
        case 'D': job->store_path = optarg; break;
        case 'P': job->person = optarg; break;
        case 'l': o->live = 1; break;
        case 'M':
            if (!optarg && optind < argc && names_device(argv[optind]))
                optarg = argv[optind++];
            o->mic = optarg ? optarg : "default";
            break;
        case 'R':
            if (!at_take_number("analyze", "--reconnect", optarg, 0, 86400, &o->reconnect_s))
                return AT_EXIT_USAGE;
            o->reconnect_s = o->reconnect_s > 0 ? o->reconnect_s : -1;
            break;
        case 'W': job->view = 1; break;
        case 'N': job->no_view = 1; break;
        case 'L': return print_devices();
        case 'T': o->thumbnails = THUMBNAIL; break;
        case 'A': o->no_audio = 1; break;
        case 'B': o->no_baseline = 1; break;
        case 'C': o->causal = 1; break;
        case 'X': o->no_sandbox = 1; break;
        case 'V': o->no_video = 1; break;
        case 'q': job->quiet = 1; break;
        case 'J': job->json = 1; break;
        case 'h': print_usage(); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (optind == argc)
        return at_wrong_usage("analyze", "what shall be analysed?");
    if (job->dir && !*job->dir)
        return at_wrong_usage("analyze", "-o takes the name of a folder");
    if (attune_sinks_check(job->sinks, &err) < 0)
        return at_wrong_usage("analyze", "--sinks: %s", err.text);
    if (exports && (c = add_exports(job, exports)) >= 0)
        return c;
    if ((c = check_overlay(job)) >= 0)
        return c;
    if (o->thumbnails && !attune_sinks_have(job->sinks, "report.html"))
        return at_wrong_usage("analyze",
                              "--thumbnails are in report.html, which --sinks leaves out");
    if (job->person && !job->store_path)
        return at_wrong_usage("analyze", "--person is of what --store keeps");
    if (job->person && strlen(job->person) >= ATTUNE_LABEL_BYTES)
        return at_wrong_usage("analyze", "--person takes up to %d bytes", ATTUNE_LABEL_BYTES - 1);
    if (offset && !job->sound)
        return at_wrong_usage("analyze", "--offset is of a --sound");
    if (job->sound && (argc - optind > 1 || o->live || o->pcm_rate || o->no_audio || o->no_video))
        return at_wrong_usage("analyze", "--sound goes with one file that has pictures");
    if (o->mic && (argc - optind > 1 || job->sound || o->no_audio || o->pcm_rate))
        return at_wrong_usage("analyze", "--mic goes with one camera, or other live pictures");
    if (o->no_audio && o->no_video)
        return at_wrong_usage("analyze", "--no-audio and --no-video leave nothing to analyse");
    job->inputs = argv + optind;
    job->n_inputs = argc - optind;
    return -1;
}

/* The store is opened first: where nothing can be kept, nothing is analysed in vain. */
static int open_all(at_job *job)
{
    attune_error err;

    if ((job->store_path && attune_store_open(&job->store, job->store_path, 0, &err) < 0) ||
        attune_model_load(&job->model, job->model_path, &err) < 0) {
        fprintf(stderr, "attune: %s\n", err.text);
        return 0;
    }
    return 1;
}

int at_cmd_analyze(int argc, char **argv)
{
    at_job job = {0};
    int code = parse(&job, argc, argv);

    if (code >= 0)
        return code;
    at_catch_stop();
    if (!job.model_path)
        job.model_path = attune_default_model();
    code = open_all(&job) ? analyze_all(&job) : AT_EXIT_FAILED;
    attune_model_free(&job.model);
    attune_store_free(&job.store);
    return code;
}
