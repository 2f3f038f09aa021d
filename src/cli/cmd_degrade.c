/* attune degrade CLIP: the same clip as a bad camera or line would have it. */
#include "base/progress.h"
#include "cli/cli.h"

#include <attune/eval.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: attune degrade CLIP --corrupt KIND=LEVEL... -o OUT [--force] [--noise DIR] [--seed N]\n"
    "                      [--model FILE] [--no-sandbox] [--quiet]\n"
    "\n"
    "Writes CLIP (a clip, a sound or a picture) to OUT with its pictures and its sound degraded, to\n"
    "look at and to try programs on. OUT's ending chooses the container (.mp4, .mkv, .wav, ...); its\n"
    "sound is of one channel at 16 kHz. The same command writes the same file.\n"
    "\n"
    "  --corrupt KIND=LEVEL  see below; several are done in their order\n"
    "  -o OUT                written whole or not at all\n"
    "  --force               even if there is a file of that name\n"
    "  --noise DIR           recordings for 'noises'\n"
    "  --seed N              of what is drawn (default: 0)\n"
    "  --model FILE          whose detector finds the faces that are covered (default: the default\n"
    "                        model)\n"
    "  --no-sandbox          decode in this process, and not in a child that can do nothing else\n"
    "  --quiet               errors only\n";

enum { MOST_CORRUPTIONS = 16 };

typedef struct degrade_job {
    attune_degrade_options o;
    const char *corrupt[MOST_CORRUPTIONS], *in, *out;
    at_progress bar;
    int quiet;
} degrade_job;

static int progress(void *user, double done_s, double total_s)
{
    degrade_job *job = user;
    at_progress_update(&job->bar, done_s, total_s, NULL);
    return at_stopped(NULL);
}

/* -1: go on; else the exit code. */
static int add_corruption(degrade_job *job, const char *text)
{
    attune_error err;
    if (job->o.corrupts == MOST_CORRUPTIONS)
        return at_wrong_usage("degrade", "--corrupt: at most %d of them", MOST_CORRUPTIONS);
    if (attune_corruption_check(text, &err) < 0)
        return at_wrong_usage("degrade", "--corrupt %s", err.text);
    job->corrupt[job->o.corrupts++] = text;
    return -1;
}

static void print_help(void)
{
    fputs(usage, stdout);
    at_print_corruptions(stdout);
}

/* -1: go on; else the exit code. */
static int parse(degrade_job *job, int argc, char **argv)
{
    static const struct option longs[] = {
        {"corrupt", required_argument, NULL, 'c'}, {"output", required_argument, NULL, 'o'},
        {"force", no_argument, NULL, 'f'},         {"noise", required_argument, NULL, 'N'},
        {"seed", required_argument, NULL, 'S'},    {"model", required_argument, NULL, 'm'},
        {"no-sandbox", no_argument, NULL, 'X'},    {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int c, seed, code;
    job->o.corrupt = job->corrupt;
    while ((c = at_next_option("degrade", argc, argv, ":o:qh", longs, "c")) != -1) {
        switch (c) {
        case 'c':
            if ((code = add_corruption(job, optarg)) >= 0)
                return code;
            break;
        case 'o': job->out = optarg; break;
        case 'f': job->o.overwrite = 1; break;
        case 'N': job->o.noise = optarg; break;
        case 'm': job->o.model = optarg; break;
        case 'S':
            if (!at_take_int("degrade", "--seed", optarg, 0, INT_MAX, &seed))
                return AT_EXIT_USAGE;
            job->o.seed = (uint64_t)seed;
            break;
        case 'X': job->o.no_sandbox = 1; break;
        case 'q': job->quiet = 1; break;
        case 'h': print_help(); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (argc - optind != 1 || !job->out || !job->o.corrupts)
        return at_wrong_usage("degrade", "a clip, --corrupt and -o are needed");
    job->in = argv[optind];
    return -1;
}

int at_cmd_degrade(int argc, char **argv)
{
    degrade_job job = {0};
    attune_error err;
    int code = parse(&job, argc, argv);
    if (code >= 0)
        return code;
    if (!job.o.overwrite && access(job.out, F_OK) == 0) {
        at_print_line(stderr, "attune degrade: %s: is there already; --force writes over it",
                      job.out);
        return AT_EXIT_FAILED;
    }
    at_catch_stop();
    job.o.progress = progress;
    job.o.user = &job;
    at_progress_start(&job.bar, "degrading", job.quiet);
    const int status = attune_degrade_file(job.in, job.out, &job.o, &err);
    at_progress_end(&job.bar);
    if (status == ATTUNE_OK)
        return AT_EXIT_OK;
    fprintf(stderr, "attune degrade: %s\n", err.text);
    return status == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED
           : status == ATTUNE_E_ARG       ? AT_EXIT_USAGE
                                          : AT_EXIT_FAILED;
}
