/* attune bench: how fast this build is on this machine. */
#include "base/progress.h"
#include "cli/cli.h"

#include <attune/bench.h>
#include <attune/eval.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: attune bench [NAME...] [--seconds S] [--rounds N] [--threads N]\n"
    "                    [--precision f32|int8] [--json FILE]\n"
    "                    [--model FILE] [--clip FILE] [--list] [--quiet]\n"
    "\n"
    "Measures each benchmark many times and prints the median and the best. Left without a thread\n"
    "count, those that can be shared out run on one thread and on two.\n"
    "\n"
    "  serve         another bench: how many learners a server serves (attune bench serve --help)\n"
    "  --list        what there is\n"
    "  --seconds S   for each benchmark and thread count (default: 2)\n"
    "  --rounds N    that the time is spread over, benchmarks in turn (default: 5)\n"
    "  --threads N   this number of threads only\n"
    "  --precision P f32 (default), or int8: the networks of the face, where they run, in eight bits\n"
    "  --json FILE   write the figures there ('-': standard output, instead of the table)\n"
    "  --model FILE  that analyze uses (default: the default model)\n"
    "  --clip FILE   that analyze analyses (default: the demo clip)\n"
    "  --quiet       no progress\n";

static int progress(void *user, double done, double total, const char *name)
{
    at_progress_update(user, done, total, name);
    return at_stopped(NULL);
}

static int list(void)
{
    const char *name, *about, *unit;
    for (int i = 0; (name = attune_bench_name(i, &about, &unit)) != NULL; i++)
        printf("%-20s %-9s %s\n", name, unit, about);
    return AT_EXIT_OK;
}

static void print_report(const attune_bench_report *r)
{
    printf("%s, %d cores, %s kernels, %s\n", r->cpu, r->cores, r->isa, r->compiler);
    printf("load %.1f before, %.1f after%s\n\n", r->load[0], r->load[1],
           r->load[0] > 0.5 ? ": others are busy, the figures suffer" : "");
    printf("%-20s %7s %10s %10s %-11s %10s %8s %8s %6s\n", "", "threads", "median", "best", "",
           "cpu ms", "GFLOP/s", "of peak", "runs");
    for (int i = 0; i < r->count; i++) {
        const attune_bench_result *b = &r->result[i];
        if (!b->runs) {
            printf("%-20s %7d left out: %s\n", b->name, b->threads, b->why);
            continue;
        }
        printf("%-20s %7d %10.3f %10.3f %-11s %10.3f ", b->name, b->threads, b->median, b->best,
               b->unit, b->cpu_ms);
        if (b->gflops > 0)
            printf("%8.1f %6.1f %% ", b->gflops, 100 * b->peak_share);
        else
            printf("%8s %8s ", "", "");
        printf("%6d\n", b->runs);
    }
}

static int write_json(const char *path, const attune_bench_report *r)
{
    char *text = attune_bench_json(r);
    attune_error err = {0};
    int status = text ? ATTUNE_OK : ATTUNE_E_NOMEM;
    if (!text)
        snprintf(err.text, sizeof err.text, "out of memory");
    else if (strcmp(path, "-") == 0)
        puts(text);
    else
        status = attune_text_write(path, text, &err);
    attune_text_free(&text);
    if (status < 0)
        fprintf(stderr, "attune bench: %s\n", err.text);
    return status < 0 ? AT_EXIT_FAILED : AT_EXIT_OK;
}

/* What was asked for and could not be measured is a failure, said once each. The exit code. */
static int complain(const attune_bench_report *r, const attune_bench_options *o)
{
    int code = AT_EXIT_OK;
    for (int i = 0; i < r->count && (o->n || o->clip || o->model); i++) {
        const attune_bench_result *b = &r->result[i];
        if (b->runs || (i && strcmp(b->name, r->result[i - 1].name) == 0))
            continue;
        fprintf(stderr, "attune bench: %s: %s\n", b->name, b->why);
        code = AT_EXIT_FAILED;
    }
    return code;
}

int at_cmd_bench(int argc, char **argv)
{
    static const struct option longs[] = {
        {"list", no_argument, NULL, 'l'},
        {"seconds", required_argument, NULL, 's'},
        {"rounds", required_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 't'},
        {"model", required_argument, NULL, 'm'},
        {"json", required_argument, NULL, 'j'},
        {"clip", required_argument, NULL, 'c'},
        {"quiet", no_argument, NULL, 'q'},
        {"precision", required_argument, NULL, 'P'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    at_progress bar = {0};
    attune_bench_options o = {.progress = progress, .user = &bar};
    attune_bench_report report;
    attune_error err = {0};
    const char *json = NULL;
    int c, quiet = 0;

    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return at_cmd_bench_serve(argc - 1, argv + 1);
    while ((c = at_next_option("bench", argc, argv, ":qh", longs, "")) != -1) {
        switch (c) {
        case 'l': return list();
        case 's':
            if (!at_take_number("bench", "--seconds", optarg, 1e-3, 1e5, &o.seconds))
                return AT_EXIT_USAGE;
            break;
        case 'r':
            if (!at_take_int("bench", "--rounds", optarg, 1, 1000, &o.rounds))
                return AT_EXIT_USAGE;
            break;
        case 't':
            if (!at_take_int("bench", "--threads", optarg, 1, ATTUNE_MAX_THREADS, &o.threads))
                return AT_EXIT_USAGE;
            break;
        case 'P':
            if (!at_take_precision("bench", optarg, &o.precision))
                return AT_EXIT_USAGE;
            break;
        case 'm': o.model = optarg; break;
        case 'c': o.clip = optarg; break;
        case 'j': json = optarg; break;
        case 'q': quiet = 1; break;
        case 'h': fputs(usage, stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    o.names = (const char *const *)argv + optind;
    o.n = argc - optind;
    at_catch_stop();

    at_progress_start(&bar, "bench", quiet);
    int status = attune_text_check(json, &err);
    status = status < 0 ? status : attune_bench(&report, &o, &err);
    at_progress_end(&bar);
    if (status < 0) {
        fprintf(stderr, "attune bench: %s\n", err.text);
        return status == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED
               : status == ATTUNE_E_ARG       ? AT_EXIT_USAGE
                                              : AT_EXIT_FAILED;
    }
    if (!json || strcmp(json, "-") != 0)
        print_report(&report);
    const int left_out = complain(&report, &o), written = json ? write_json(json, &report) : 0;
    return written ? written : left_out;
}
