/* attune export RESULT: what was told of a recording, in the files that other programs read. */
#include "cli/cli.h"

#include <attune/sink.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: attune export RESULT [INPUT] --to KIND[,KIND...] [-o DIR|FILE] [--quiet]\n"
    "\n"
    "RESULT is the folder that attune analyze wrote, with timeline.jsonl and summary.json; INPUT the\n"
    "clip, where it does not lie any more where it was then. Kinds are\n"
    "\n";

static const char usage_options[] = "\n"
                                    "and what attune analyze writes anyway:\n"
                                    "\n";

static const char usage_end[] =
    "\n"
    "  --to KINDS  with commas between: 'eaf,table'\n"
    "  -o DIR      the folder (default: RESULT). Of a kind of one file also that file: its ending is\n"
    "              then the kind's\n"
    "  --quiet     errors only\n"
    "\n"
    "Files appear whole or not at all. docs/exports.md tells what is in them.\n";

typedef struct export_job {
    const char *result, *out;
    attune_export_options o;
    int quiet;
} export_job;

static void print_help(void)
{
    fputs(usage, stdout);
    at_print_sinks(stdout, 1);
    fputs(usage_options, stdout);
    at_print_sinks(stdout, 0);
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

/* -o names a file where it ends like the kind's, and no folder is there. */
static void set_target(export_job *job)
{
    const char *file = only_file(job->o.to), *ending = file ? strrchr(file, '.') : NULL;
    const char *own = job->out ? strrchr(job->out, '.') : NULL;

    if (own && ending && !strcmp(own, ending) && !is_folder(job->out))
        job->o.file = job->out;
    else
        job->o.dir = job->out;
}

/* -1: go on; else the exit code. */
static int parse(export_job *job, int argc, char **argv)
{
    static const struct option longs[] = {
        {"to", required_argument, NULL, 't'},
        {"output", required_argument, NULL, 'o'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    attune_error err;
    int c;

    while ((c = at_next_option("export", argc, argv, ":o:qh", longs)) != -1) {
        switch (c) {
        case 't': job->o.to = optarg; break;
        case 'o': job->out = optarg; break;
        case 'q': job->quiet = 1; break;
        case 'h': print_help(); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (argc - optind < 1 || argc - optind > 2)
        return at_wrong_usage("export", "the folder of a report is needed");
    if (!job->o.to)
        return at_wrong_usage("export", "--to is needed: what shall it become?");
    if (attune_sinks_check(job->o.to, &err) < 0)
        return at_wrong_usage("export", "--to: %s", err.text);
    if (job->out && !*job->out)
        return at_wrong_usage("export", "-o takes the name of a folder or a file");
    job->result = argv[optind];
    job->o.input = argv[optind + 1];
    set_target(job);
    return -1;
}

static void print_files(const export_job *job)
{
    const char *folder = job->o.dir ? job->o.dir : job->result;
    const attune_sink_info *sink;

    if (job->o.file)
        printf("%s\n", job->o.file);
    for (int i = 0; !job->o.file && (sink = attune_sink_at(i)); i++)
        if (attune_sinks_have(job->o.to, sink->file))
            printf("%s/%s\n", folder, sink->file);
}

int at_cmd_export(int argc, char **argv)
{
    export_job job = {0};
    attune_error err;
    int code = parse(&job, argc, argv), status;

    if (code >= 0)
        return code;
    at_catch_stop();
    status = attune_export(job.result, &job.o, &err);
    if (status < 0) {
        fprintf(stderr, "attune export: %s\n", err.text);
        return status == ATTUNE_E_ARG ? AT_EXIT_USAGE : AT_EXIT_FAILED;
    }
    if (!job.quiet)
        print_files(&job);
    return AT_EXIT_OK;
}
