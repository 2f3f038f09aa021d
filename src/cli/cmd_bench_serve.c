/* attune bench serve: how many learners a server serves on this machine. */
#include "cli/cli.h"

#include <attune/serve.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: attune bench serve [N...] [--seconds S] [--every S] [--threads N]\n"
    "                          [--model FILE] [--clip FILE]\n"
    "\n"
    "Starts a server and N made-up learners, each with a WebSocket of its own, who send 8 pictures a\n"
    "second and the sound of a clip; for each N it prints what they got. Without N: 1 2 4 8 12 16.\n"
    "\n"
    "  lag      from the moment that a window speaks up to until its learner has it, milliseconds.\n"
    "           It waits for the next picture (125 ms) and the next piece of sound (100 ms) first\n"
    "  dropped  pictures that came faster than they could be analysed\n"
    "  cores    processor time of the server by time\n"
    "  files    descriptors that are open at the end of the row\n"
    "\n"
    "  --seconds S   for each N (default: 20)\n"
    "  --every S     a row each so often, to see whether hours change anything\n"
    "  --threads N   of the server (default: all cores)\n"
    "  --model FILE  default: the default model\n"
    "  --clip FILE   default: the demo clip\n";

enum { MOST = 32 };

static int print_row(void *user, const attune_serve_load *l)
{
    int *rows = user;

    if ((*rows)++ == 0)
        printf("%8s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "learners", "until s",
               "refused", "windows", "lag p50", "lag p99", "lag max", "dropped", "lost", "cores",
               "MB each", "files");
    printf("%8d %8.0f %8d %8lld %8.0f %8.0f %8.0f %8lld %8lld %8.2f %8.1f %8d\n", l->learners,
           l->since_s, l->refused, (long long)l->windows, l->lag_p50_ms, l->lag_p99_ms,
           l->lag_max_ms, (long long)l->dropped_frames, (long long)l->lost_windows, l->cores,
           l->mb_each, l->descriptors);
    fflush(stdout);
    return 0;
}

static int bench(const attune_serve_bench_options *o)
{
    attune_error err = {0};
    int rc;

    at_catch_stop();
    rc = attune_serve_bench(o, &err);
    if (rc < 0)
        fprintf(stderr, "attune bench: %s\n", err.text);
    return rc == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED
           : rc == ATTUNE_E_ARG       ? AT_EXIT_USAGE
           : rc < 0                   ? AT_EXIT_FAILED
                                      : AT_EXIT_OK;
}

int at_cmd_bench_serve(int argc, char **argv)
{
    static const struct option longs[] = {
        {"seconds", required_argument, NULL, 's'},
        {"every", required_argument, NULL, 'e'},
        {"threads", required_argument, NULL, 't'},
        {"model", required_argument, NULL, 'm'},
        {"clip", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int learners[MOST], c, ok = 1, rows = 0;
    attune_serve_bench_options o = {.row = print_row, .stopped = at_stopped, .user = &rows};

    while (ok && (c = at_next_option("bench", argc, argv, ":h", longs, "")) != -1) {
        switch (c) {
        case 's': ok = at_take_number("bench", "--seconds", optarg, 0.5, 1e5, &o.seconds); break;
        case 'e': ok = at_take_number("bench", "--every", optarg, 0.5, 1e5, &o.every); break;
        case 't': ok = at_take_int("bench", "--threads", optarg, 1, 256, &o.threads); break;
        case 'm': o.model = optarg; break;
        case 'c': o.clip = optarg; break;
        case 'h': fputs(usage, stdout); return AT_EXIT_OK;
        default: ok = 0;
        }
    }
    for (; ok && optind < argc; optind++) {
        if (o.n == MOST)
            return at_wrong_usage("bench", "at most %d numbers of learners", MOST);
        ok = at_take_int("bench", "serve", argv[optind], 1, 512, &learners[o.n]);
        o.n++;
        o.learners = learners;
    }
    return ok ? bench(&o) : AT_EXIT_USAGE;
}
