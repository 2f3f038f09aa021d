/* attune explain INPUT: where the faces of a recording speak for the answers. */
#include "base/progress.h"
#include "base/visible.h"
#include "cli/cli.h"
#include "report/text.h"

#include <attune/explain.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: attune explain INPUT [-o DIR] [--windows N] [--model FILE] [--tracks N]\n"
    "                      [--class neutral|happy|sad|angry|fearful|disgusted|surprised|contempt]\n"
    "                      [--rate FPS] [--min-face N] [--no-audio] [--no-baseline] [--no-sandbox]\n"
    "                      [--threads N] [--precision f32|int8] [--quiet] [--json]\n"
    "\n"
    "Analyses INPUT (a clip, a picture, /dev/video0; '-' is standard input) and shows, for the most\n"
    "confident, the least reliable and the withheld windows, where in the face the network found\n"
    "what speaks for the answer (Grad-CAM). Writes into one folder:\n"
    "\n"
    "  explain.html    one self-contained page\n"
    "  explain.json    the figures: shares of the activation in eyes, mouth, face and outside\n"
    "  overlay-NN.png  each face with its map\n"
    "\n"
    "These files show people. They are written into that folder and nowhere else; give them only to\n"
    "those who may see them.\n"
    "\n"
    "  -o DIR          the folder (default: attune-explain-<name of the input>)\n"
    "  --windows N     windows of each kind, 1 to 32 (default: 3)\n"
    "  --class NAME    explain this class instead of the one that each window answers\n"
    "  --model FILE    instead of the default model (also: $ATTUNE_MODEL)\n"
    "  --tracks N      faces followed at once, 1 to 16 (default: 1, the largest and longest seen)\n"
    "  --rate FPS      frames looked at a second, at most 60 (default: 8)\n"
    "  --min-face N    width in pixels of the smallest faces to look for (default: 24); a box round a\n"
    "                  face may be as narrow as 0.85 of it\n"
    "  --no-audio      leave the sound out\n"
    "  --no-baseline   answers as they are: what is usual for a person is not taken out\n"
    "  --no-sandbox    decode in this process, and not in a child that can do nothing else\n"
    "  --threads N     default: all cores; the results are the same for any number\n"
    "  --precision P   f32 (default), or int8: the windows are those of the networks in eight bits; maps\n"
    "                  are of the networks in f32, which have gradients\n"
    "  --quiet         errors only\n"
    "  --json          print explain.json\n"
    "\n"
    "Ctrl-C ends the analysis and explains what was seen until then. Exit codes: 0 done, 1 failed (the\n"
    "reason is on stderr), 2 wrong usage, 130 interrupted.\n";

typedef struct explain_job {
    const char *input, *dir, *model_path;
    char folder[256]; /* where none was asked for */
    attune_explain_options o;
    attune_precision precision;
    int quiet, json;

    attune_model *model;
    attune_explanation_options setup;
    attune_explanation
        *explanation; /* from the first window on: a bad input leaves no folder behind */
    at_progress bar;
    attune_error err; /* of the explanation */
    int failed, overlays;
} explain_job;

/* ---- what is asked --------------------------------------------------------------------------- */

/* -1: go on; else the exit code. */
static int take_count(const char *option, const char *text, int lo, int hi, int *out)
{
    return at_take_int("explain", option, text, lo, hi, out) ? -1 : AT_EXIT_USAGE;
}

static int take_option(explain_job *job, int c, const char *value)
{
    attune_options *o = &job->o.session;
    attune_error err;
    switch (c) {
    case 'o': return at_take_folder("explain", "-o", value, &job->dir) ? -1 : AT_EXIT_USAGE;
    case 'm': job->model_path = value; return -1;
    case 'w': return take_count("--windows", value, 1, ATTUNE_MAX_OVERLAYS, &job->o.windows);
    case 't': return take_count("--tracks", value, 1, ATTUNE_MAX_TRACKS, &o->max_tracks);
    case 'F': return take_count("--min-face", value, 12, 2000, &o->min_face);
    case 'j': return take_count("--threads", value, 0, ATTUNE_MAX_THREADS, &o->threads);
    case 'c':
        job->o.class_name = value;
        return attune_explain_class_check(value, &err) < 0
                   ? at_wrong_usage("explain", "--class: %s", err.text)
                   : -1;
    case 'r':
        return at_take_number("explain", "--rate", value, 0.1, 60, &o->rate) ? -1 : AT_EXIT_USAGE;
    case 'P': return at_take_precision("explain", value, &job->precision) ? -1 : AT_EXIT_USAGE;
    case 'A': o->no_audio = 1; return -1;
    case 'B': o->no_baseline = 1; return -1;
    case 'X': o->no_sandbox = 1; return -1;
    case 'q': job->quiet = 1; return -1;
    case 'J': job->json = 1; return -1;
    case 'h': fputs(usage, stdout); return AT_EXIT_OK;
    default: return AT_EXIT_USAGE;
    }
}

/* -1: go on; else the exit code. */
static int parse(explain_job *job, int argc, char **argv)
{
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},   {"windows", required_argument, NULL, 'w'},
        {"class", required_argument, NULL, 'c'},    {"model", required_argument, NULL, 'm'},
        {"tracks", required_argument, NULL, 't'},   {"rate", required_argument, NULL, 'r'},
        {"min-face", required_argument, NULL, 'F'}, {"no-audio", no_argument, NULL, 'A'},
        {"no-baseline", no_argument, NULL, 'B'},    {"no-sandbox", no_argument, NULL, 'X'},
        {"threads", required_argument, NULL, 'j'},  {"precision", required_argument, NULL, 'P'},
        {"quiet", no_argument, NULL, 'q'},          {"json", no_argument, NULL, 'J'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    char stem[200];
    int c;
    while ((c = at_next_option("explain", argc, argv, ":o:qh", longs, "")) != -1) {
        const int code = take_option(job, c, optarg);
        if (code >= 0)
            return code;
    }
    if (argc - optind != 1)
        return at_wrong_usage("explain", "one input is needed");
    job->input = argv[optind];
    at_make_stem(stem, sizeof stem, job->input);
    snprintf(job->folder, sizeof job->folder, "attune-explain-%s", stem);
    job->dir = job->dir ? job->dir : job->folder;
    return -1;
}

/* ---- on the way ------------------------------------------------------------------------------ */

static int on_window(void *user, const attune_window *w)
{
    explain_job *job = user;
    job->failed |= !job->explanation &&
                   attune_explanation_open(&job->explanation, &job->setup, &job->err) < 0;
    if (!job->failed)
        job->failed = attune_explanation_window(job->explanation, w, &job->err) < 0;
    return job->failed || at_stopped(NULL);
}

static int on_overlay(void *user, const attune_overlay *o)
{
    explain_job *job = user;
    if (job->failed) /* as a window was written */
        return 1;
    job->failed = attune_explanation_overlay(job->explanation, o, &job->err) < 0;
    job->overlays++;
    return job->failed;
}

static int on_progress(void *user, double done_s, double total_s)
{
    explain_job *job = user;
    at_progress_update(&job->bar, done_s, total_s, NULL);
    return at_stopped(NULL);
}

static int complain(const char *why)
{
    char clean[1024];
    fprintf(stderr, "attune: %s\n", at_visible_copy(clean, sizeof clean, why));
    return AT_EXIT_FAILED;
}

static void print_result(const explain_job *job, const attune_input_info *info)
{
    char name[256], clean[ATTUNE_NOTE_BYTES];
    at_text_basename(name, sizeof name, job->input);
    for (int i = 0; i < info->n_notes && !job->quiet; i++)
        fprintf(stderr, "attune: %s: %s\n", name,
                at_visible_copy(clean, sizeof clean, info->note[i]));
    if (job->json)
        puts(attune_explanation_json(job->explanation));
    else if (!job->quiet)
        fputs(attune_explanation_text(job->explanation), stdout);
}

static int explain(explain_job *job)
{
    attune_input_info info;
    attune_error err = {0};
    char name[256];
    at_progress_start(&job->bar, at_text_basename(name, sizeof name, job->input), job->quiet);
    const int rc = attune_explain_file(job->model, job->input, &job->o, &info, &err);
    const int stopped = rc == ATTUNE_E_INTERRUPTED;
    at_progress_end(&job->bar);
    if (job->failed)
        return complain(job->err.text);
    if (rc < 0 && !stopped)
        return complain(err.text);
    if (stopped)
        fprintf(stderr, "attune: %s: interrupted%s\n", name,
                job->overlays ? "; what was done is kept" : " before there was a face to explain");
    at_hold_stop(1);
    const int finished =
        job->overlays ? attune_explanation_finish(job->explanation, &info, stopped, &err) : 0;
    at_hold_stop(0);
    if (finished < 0)
        return complain(err.text);
    if (job->overlays)
        print_result(job, &info);
    return stopped ? AT_EXIT_INTERRUPTED : AT_EXIT_OK;
}

int at_cmd_explain(int argc, char **argv)
{
    explain_job job = {0};
    attune_error err;
    int code = parse(&job, argc, argv);
    if (code >= 0)
        return code;
    at_catch_stop();
    if (!job.model_path)
        job.model_path = attune_default_model();
    if (attune_model_load_for_files(&job.model, job.model_path, &err) < 0 ||
        attune_model_set_precision(job.model, job.precision, &err) < 0) {
        attune_model_free(&job.model);
        return complain(err.text);
    }
    job.o.window = on_window;
    job.o.overlay = on_overlay;
    job.o.progress = on_progress;
    job.o.user = &job;
    job.setup = (attune_explanation_options){.dir = job.dir,
                                             .input = job.input,
                                             .model = job.model,
                                             .class_name = job.o.class_name,
                                             .session = job.o.session};
    code = explain(&job);
    attune_explanation_free(&job.explanation);
    attune_model_free(&job.model);
    return code;
}
