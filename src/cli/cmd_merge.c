/* attune merge: the shards of a study to tables and an index. */
#include "base/progress.h"
#include "cli/cli.h"

#include <attune/study.h>
#include <stdio.h>
#include <time.h>

enum { WAIT_MS = 200, WAITS = 500 }; /* while another run makes the same tables */

static void print_help(void)
{
    fputs(
        "usage: attune merge DIR... [-o OUT] [--partial] [--quiet]\n"
        "\n"
        "Makes of what the folders of one study hold (attune analyze --manifest, with --shard or without)\n"
        "tables of all its recordings, in the manifest's order and whoever analysed which:\n"
        "\n"
        "  recordings.csv  a row a recording: the manifest's columns, done, failed (why) or to do, and what\n"
        "                  it comes to: shares, mean probabilities, mean levels\n"
        "  windows.csv     every window of all: the recording's id, then the columns of timeline.csv\n"
        "  failures.csv    what failed, and why\n"
        "  index.html      a line a recording, with links\n"
        "\n"
        "  -o OUT     where they go (default: the first DIR)\n"
        "  --partial  it is as it should be that not all are analysed yet\n"
        "  --quiet    errors only\n"
        "\n"
        "Exit codes: 0 done, 1 failed, or recordings are missing (which, is on stderr; the tables are there),\n"
        "2 wrong usage, 130 interrupted.\n",
        stdout);
}

static int on_progress(void *user, double done, double total)
{
    at_progress_update(user, done, total, NULL);
    return at_stopped(NULL);
}

/* A shard that was forgotten must not pass for a study. */
static void name_missing(const char *command, const attune_merged *sum)
{
    int named = *sum->missing != 0;

    for (const char *p = sum->missing; *p; p++)
        named += *p == ',';
    at_print_line(stderr, "attune %s: %d of %d recordings are not analysed yet: %s%s", command,
                  sum->to_do, sum->recordings, sum->missing, named < sum->to_do ? ", ..." : "");
}

/* Who shared a study's work is at its end at the same time, and what the first one read may lack what the second
 * then did. */
static int merge_in_turn(const char *dir, const char *const *from, int n, int waits,
                         at_progress *progress, attune_merged *sum, attune_error *err)
{
    for (;;) {
        const int rc = attune_study_merge(dir, from, n, on_progress, progress, sum, err);
        if (rc != ATTUNE_E_STATE || waits-- == 0 || at_stopped(NULL))
            return rc;
        nanosleep(&(struct timespec){0, WAIT_MS * 1000000L}, NULL);
    }
}

int at_merge_study(const char *command, const char *dir, const char *const *from, int n,
                   int partial, int waits, int quiet)
{
    at_progress progress;
    attune_merged sum;
    attune_error err;

    at_progress_start(&progress, "tables", quiet);
    const int rc = merge_in_turn(dir, from, n, waits ? WAITS : 0, &progress, &sum, &err);
    at_progress_end(&progress);
    if (rc < 0) {
        at_print_line(stderr, "attune %s: %s", command, err.text);
        return rc == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED : AT_EXIT_FAILED;
    }
    if (!quiet) {
        printf("%d recordings: %d done, %d failed, %d to do; %lld windows\n", sum.recordings,
               sum.done, sum.failed, sum.to_do, (long long)sum.windows);
        at_print_line(stdout, "in %s: recordings.csv windows.csv failures.csv index.html", dir);
    }
    if (partial || !sum.to_do)
        return AT_EXIT_OK;
    name_missing(command, &sum);
    return AT_EXIT_FAILED;
}

int at_cmd_merge(int argc, char **argv)
{
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},
        {"partial", no_argument, NULL, 'p'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *out = NULL;
    int c, partial = 0, quiet = 0;

    while ((c = at_next_option("merge", argc, argv, ":o:qh", longs, "")) != -1) {
        switch (c) {
        case 'o':
            if (!at_take_folder("merge", "-o", optarg, &out))
                return AT_EXIT_USAGE;
            break;
        case 'p': partial = 1; break;
        case 'q': quiet = 1; break;
        case 'h': print_help(); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (optind == argc)
        return at_wrong_usage("merge", "which folders shall be merged?");
    at_catch_stop();
    return at_merge_study("merge", out ? out : argv[optind], (const char *const *)argv + optind,
                          argc - optind, partial, 0, quiet);
}
