/* attune export RESULT: what was told of a recording, in the files that other programs read; or MODEL: its
 * networks, for other engines. */
#include "cli/cli.h"

#include <attune/sink.h>
#include <attune/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: attune export RESULT [INPUT] --to KIND[,KIND...] [-o DIR|FILE] [--anonymise]\n"
    "                     [--no-audio] [--model FILE] [--no-sandbox] [--store FILE] [--quiet]\n"
    "       attune export MODEL --to onnx -o DIR [--quiet]\n"
    "\n"
    "RESULT is the folder that attune analyze wrote, with timeline.jsonl and summary.json, or the\n"
    "number of a session that is kept (attune sessions list); INPUT the clip, which overlay needs,\n"
    "and others where it does not lie any more where it was. Kinds are\n"
    "\n";

static const char usage_options[] = "\n"
                                    "and what attune analyze writes anyway:\n"
                                    "\n";

static const char usage_models[] =
    "\n"
    "MODEL is a safetensors file, or 'default': its networks for other engines\n"
    "(docs/onnx.md):\n"
    "\n";

static const char usage_end[] =
    "\n"
    "  --to KINDS  with commas between: 'eaf,table'\n"
    "  -o DIR      the folder (default: RESULT, or attune-session-N). Of a kind of one file also that\n"
    "              file: its ending is then the kind's\n"
    "  --anonymise of overlay: faces become a mosaic. No guarantee: what is not found is not hidden,\n"
    "              and the voice stays\n"
    "  --no-audio  of overlay: without the sound\n"
    "  --model FILE  whose detector finds faces to hide (default: the default model)\n"
    "  --no-sandbox  of overlay: decode in this process, and not in a child that can do nothing else\n"
    "  --store FILE  where the session is kept (default: $ATTUNE_STORE, or the user's own)\n"
    "  --quiet     errors only\n"
    "\n"
    "Files appear whole or not at all. docs/exports.md tells what is in them.\n";

typedef struct export_job {
    const char *result, *out, *to;
    char sinks[AT_KINDS_SIZE]; /* "": none */
    attune_export_options o;
    int of_model; /* RESULT is a model; of all that follows only out and quiet count */
    int overlay;
    attune_annotate_options drawn;
    char clip[4096];   /* of the overlay */
    int64_t session;   /* that RESULT is the number of; 0: it is a folder */
    char own[64];      /* folder of a session */
    char folder[4096]; /* of the one file of a session */
    const char *store;
    int quiet;
} export_job;

static void print_help(void)
{
    fputs(usage, stdout);
    at_print_sinks(stdout, 1, 0);
    at_print_overlay(stdout);
    fputs(usage_options, stdout);
    at_print_sinks(stdout, 0, 0);
    fputs(usage_models, stdout);
    at_print_model_kinds(stdout);
    fputs(usage_end, stdout);
}

/* The one file that the kinds make; NULL: there are several. */
static const char *only_file(const char *to)
{
    const attune_sink_info *sink;
    const char *only = NULL;

    for (int i = 0; (sink = attune_sink_at(i)); i++) {
        if (!attune_sinks_have(to, sink->file))
            continue;
        if (only)
            return NULL;
        only = sink->file;
    }
    return only;
}

static int is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Containers that hold an overlay. */
static int is_clip(const char *name)
{
    static const char *const endings[] = {".mp4", ".mkv", ".mov"};
    const char *ending = strrchr(name, '.');

    for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++)
        if (!strcmp(ending, endings[i]))
            return 1;
    return 0;
}

/* -o names a file where it ends like the kind's, and no folder is there. */
static void set_target(export_job *job)
{
    const char *file = *job->sinks ? only_file(job->sinks) : NULL;
    const char *ending = file && !job->overlay ? strrchr(file, '.') : NULL;
    const char *own = job->out ? strrchr(job->out, '.') : NULL;

    if (own && ending && !strcmp(own, ending) && !is_folder(job->out))
        job->o.file = job->out;
    else
        job->o.dir = job->out;
    if (job->out && job->overlay && !*job->sinks && is_clip(job->out) && !is_folder(job->out))
        snprintf(job->clip, sizeof job->clip, "%s", job->out);
    else
        snprintf(job->clip, sizeof job->clip, "%s/%s", job->out ? job->out : job->result,
                 at_overlay_file);
}

/* A number, where no folder goes by it. */
static int64_t session_number(const char *result)
{
    char *end;
    const long long n = strtoll(result, &end, 10);

    return *result >= '1' && *result <= '9' && !*end && n < INT64_MAX && !is_folder(result) ? n : 0;
}

/* -1: go on; else the exit code. */
static int take_result(export_job *job, const char *result)
{
    job->result = result;
    job->session = session_number(result);
    if (!job->session && job->store)
        return at_wrong_usage("export", "--store goes with the number of a session");
    if (job->session && job->overlay)
        return at_wrong_usage("export", "overlay needs the folder of a report");
    snprintf(job->own, sizeof job->own, "attune-session-%lld", (long long)job->session);
    if (job->session)
        job->result = job->own;
    return -1;
}

/* -1: go on; else the exit code. */
static int check_model(const export_job *job)
{
    if (job->o.input || job->drawn.anonymise || job->drawn.no_audio || job->drawn.model ||
        job->drawn.no_sandbox || job->store)
        return at_wrong_usage(
            "export", "a model is exported by itself: attune export MODEL --to onnx -o DIR");
    if (!job->out || !*job->out)
        return at_wrong_usage("export", "-o is needed: the folder for the networks");
    return -1;
}

/* -1: go on; else the exit code. */
static int check(export_job *job)
{
    int code;

    if (!job->to)
        return at_wrong_usage("export", "--to is needed: what shall it become?");
    job->of_model = strcmp(job->to, at_model_kind) == 0;
    if (job->of_model)
        return check_model(job);
    job->overlay = at_split_overlay(job->to, job->sinks);
    if (job->overlay < 0)
        return at_wrong_usage("export", "--to: too many names");
    if ((*job->sinks || !job->overlay) &&
        (code = at_check_sinks("export", "--to", job->sinks)) >= 0)
        return code;
    if (job->overlay && !job->o.input)
        return at_wrong_usage("export", "overlay needs the clip: attune export RESULT INPUT");
    if (!job->overlay &&
        (job->drawn.anonymise || job->drawn.no_audio || job->drawn.model || job->drawn.no_sandbox))
        return at_wrong_usage("export",
                              "--anonymise, --no-audio, --model and --no-sandbox are of overlay");
    if (job->out && (!*job->out || strlen(job->out) > 4000))
        return at_wrong_usage("export", "-o takes the name of a folder or a file");
    job->o.to = job->sinks;
    return -1;
}

/* -1: go on; else the exit code. */
static int parse(export_job *job, int argc, char **argv)
{
    static const struct option longs[] = {
        {"to", required_argument, NULL, 't'},    {"output", required_argument, NULL, 'o'},
        {"anonymise", no_argument, NULL, 'a'},   {"no-audio", no_argument, NULL, 'A'},
        {"model", required_argument, NULL, 'm'}, {"no-sandbox", no_argument, NULL, 'X'},
        {"store", required_argument, NULL, 's'}, {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = at_next_option("export", argc, argv, ":o:qh", longs, "")) != -1) {
        switch (c) {
        case 't': job->to = optarg; break;
        case 'a': job->drawn.anonymise = 1; break;
        case 'A': job->drawn.no_audio = 1; break;
        case 'm': job->drawn.model = optarg; break;
        case 'X': job->drawn.no_sandbox = 1; break;
        case 's': job->store = optarg; break;
        case 'o': job->out = optarg; break;
        case 'q': job->quiet = 1; break;
        case 'h': print_help(); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (argc - optind < 1 || argc - optind > 2)
        return at_wrong_usage("export", "the folder of a report is needed");
    job->o.input = argv[optind + 1];
    job->result = argv[optind];
    if ((c = check(job)) >= 0)
        return c;
    if (job->of_model)
        return -1;
    if ((c = take_result(job, argv[optind])) >= 0)
        return c;
    set_target(job);
    return -1;
}

static void print_files(const export_job *job)
{
    const char *folder = job->o.dir ? job->o.dir : job->result;
    const attune_sink_info *sink;

    if (job->o.file)
        at_print_line(stdout, "%s", job->o.file);
    for (int i = 0; !job->o.file && (sink = attune_sink_at(i)); i++)
        if (attune_sinks_have(job->sinks, sink->file))
            at_print_line(stdout, "%s/%s", folder, sink->file);
}

/* A report's options have the name of one file and its folder apart. */
static attune_report_options session_target(export_job *job)
{
    const char *slash = job->o.file ? strrchr(job->o.file, '/') : NULL;
    const int n = slash ? (int)(slash - job->o.file) : 0;

    snprintf(job->folder, sizeof job->folder, "%.*s%s", n, job->o.file ? job->o.file : "",
             n       ? ""
             : slash ? "/"
                     : ".");
    return (attune_report_options){.sinks = job->sinks,
                                   .input = job->o.input,
                                   .file = slash ? slash + 1 : job->o.file,
                                   .dir = job->o.file  ? job->folder
                                          : job->o.dir ? job->o.dir
                                                       : job->result};
}

static int export_session(export_job *job, attune_error *err)
{
    const attune_report_options o = session_target(job);
    attune_store *store = NULL;
    char path[4096];
    int status = job->store ? ATTUNE_OK : attune_store_path(path, sizeof path);

    if (status < 0) {
        snprintf(err->text, sizeof err->text, "where sessions are kept is not known: --store");
        return status;
    }
    status = attune_store_open(&store, job->store ? job->store : path, ATTUNE_STORE_READING, err);
    if (status == ATTUNE_OK)
        status = attune_store_report(store, job->session, &o, NULL, err);
    attune_store_free(&store);
    return status;
}

static int export_sinks(export_job *job)
{
    attune_error err;
    int status = job->session ? export_session(job, &err)
                              : attune_export(job->result, &job->o, &err);

    if (status < 0) {
        fprintf(stderr, "attune export: %s\n", err.text);
        return status == ATTUNE_E_ARG ? AT_EXIT_USAGE : AT_EXIT_FAILED;
    }
    if (!job->quiet)
        print_files(job);
    return AT_EXIT_OK;
}

int at_cmd_export(int argc, char **argv)
{
    export_job job = {0};
    int code = parse(&job, argc, argv);

    if (code >= 0)
        return code;
    at_catch_stop();
    if (job.of_model)
        return at_export_model(job.result, job.out, job.quiet);
    code = *job.sinks ? export_sinks(&job) : AT_EXIT_OK;
    if (code != AT_EXIT_OK || !job.overlay)
        return code;
    code = at_draw_overlay(job.result, job.o.input, job.clip, &job.drawn, job.quiet);
    if (code == AT_EXIT_OK && !job.quiet)
        at_print_line(stdout, "%s", job.clip);
    return code;
}
