/* attune reproduce TABLE...: the paper's tables and figures, ours beside its own. */
#include "base/progress.h"
#include "cli/cli.h"

#include <attune/reproduce.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: attune reproduce NAME... | all --data DIR -o DIR [--model FILE|default] [--quick]\n"
    "                        [--models DIR] [--recipes DIR] [--seed N] [--draws N] [--threads N]\n"
    "                        [--quiet]\n"
    "\n"
    "Makes the paper's tables and figures again, ours beside its own: trains what is missing, judges it\n"
    "on validation parts, and writes one page, report.html, and a CSV for each table and figure. Every\n"
    "figure comes with its protocol, its seed, a 95 % interval and the command that prints it.\n"
    "\n"
    "  --data DIR     folder with the unpacked data sets, each in a folder of its own\n"
    "  -o DIR         where report.html, NAME.csv, models/ and kept/ go\n"
    "  --model FILE   stands in for the deep network that recipes/paper.json would have to train, for\n"
    "                 hours; 'default': the default model. Without it, the network is trained\n"
    "  --quick        few samples and little training: minutes, for trying things out\n"
    "  --models DIR   folder with the weights that training starts from (yunet_n.safetensors,\n"
    "                 mobilenet_v2_imagenet.safetensors)\n"
    "  --recipes DIR  recipes to train by (default: attune's own)\n"
    "  --seed N       of bootstrap, degradations and pairs (default: 0)\n"
    "  --draws N      of the bootstrap (default: 1000)\n"
    "  --threads N    default: all cores; but for table5 the results are the same for any number\n"
    "  --quiet        no progress\n"
    "\n"
    "What is in models/ and kept/ and was made by the same recipes, from the same files and with the\n"
    "same options is not made again: after Ctrl-C the same command goes on. A table that lacks a data\n"
    "set is left out, and the page says which. No picture of a data set is written anywhere.\n"
    "\n"
    "To begin with, in minutes:\n"
    "  attune reproduce all --data DIR -o out --model default --quick --models MODELS\n"
    "\n"
    "tables and figures, and what they need:\n";

static void print_help(FILE *f)
{
    const char *name, *title, *needs;
    fputs(usage, f);
    for (int i = 0; (name = attune_experiment_name(i, &title, &needs)) != NULL; i++) {
        char text[256];
        snprintf(text, sizeof text, "needs %s", needs);
        at_print_item(f, 14, name, title);
        at_print_item(f, 14, "", text);
    }
}

typedef struct at_show {
    at_progress bar;
    int quiet;
    char label[96];
} at_show;

static void show(void *user, const attune_reproduce_event *e)
{
    at_show *s = user;
    if (e->table) {
        at_progress_end(&s->bar);
        printf("%s\n", e->table);
        fflush(stdout);
    } else if (e->doing) {
        at_progress_end(&s->bar);
        snprintf(s->label, sizeof s->label, "%d/%d %s", e->step, e->steps, e->experiment);
        if (!s->quiet)
            at_print_line(stderr, "%s: %s", s->label, e->doing);
        at_progress_start(&s->bar, s->label, s->quiet);
    } else if (e->line && !s->quiet) {
        at_progress_end(&s->bar);
        at_print_line(stderr, "  %s", e->line);
    } else if (e->total > 0) {
        at_progress_update(&s->bar, e->done, e->total, NULL);
    }
}

/* -1: go on; else the exit code. */
static int parse(attune_reproduce_options *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"data", required_argument, NULL, 'd'},    {"output", required_argument, NULL, 'o'},
        {"model", required_argument, NULL, 'm'},   {"models", required_argument, NULL, 'M'},
        {"recipes", required_argument, NULL, 'r'}, {"quick", no_argument, NULL, 'Q'},
        {"seed", required_argument, NULL, 'S'},    {"draws", required_argument, NULL, 'n'},
        {"threads", required_argument, NULL, 't'}, {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int c, seed;
    while ((c = at_next_option("reproduce", argc, argv, ":o:qh", longs, "")) != -1) {
        switch (c) {
        case 'd': o->data_dir = optarg; break;
        case 'o':
            if (!at_take_folder("reproduce", "-o", optarg, &o->out_dir))
                return AT_EXIT_USAGE;
            break;
        case 'm': o->model = optarg; break;
        case 'M': o->models_dir = optarg; break;
        case 'r': o->recipes_dir = optarg; break;
        case 'Q': o->quick = 1; break;
        case 'S':
            if (!at_take_int("reproduce", "--seed", optarg, 0, INT_MAX, &seed))
                return AT_EXIT_USAGE;
            o->seed = (uint64_t)seed;
            break;
        case 'n':
            if (!at_take_int("reproduce", "--draws", optarg, 1, 1000000, &o->draws))
                return AT_EXIT_USAGE;
            break;
        case 't':
            if (!at_take_int("reproduce", "--threads", optarg, 1, ATTUNE_MAX_THREADS, &o->threads))
                return AT_EXIT_USAGE;
            break;
        case 'q': o->quiet = 1; break;
        case 'h': print_help(stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (optind == argc)
        return at_wrong_usage("reproduce", "name a table or a figure, or all");
    if (!o->data_dir || !o->out_dir)
        return at_wrong_usage("reproduce", "--data DIR and -o DIR are needed");
    o->names = (const char *const *)argv + optind;
    o->n = argc - optind;
    for (int i = 0; i < o->n; i++)
        if (strcmp(o->names[i], "all") == 0) {
            o->n = 0;
            break;
        }
    return -1;
}

int at_cmd_reproduce(int argc, char **argv)
{
    at_show s = {0};
    attune_reproduce_options o = {.event = show, .stop = at_stopped, .user = &s};
    attune_error err;
    int code = parse(&o, argc, argv);
    if (code >= 0)
        return code;
    s.quiet = o.quiet;
    at_catch_stop();
    at_progress_start(&s.bar, "reproduce", o.quiet);
    int status = attune_reproduce(&o, &err);
    at_progress_end(&s.bar);
    if (status == ATTUNE_OK) {
        at_print_line(stdout, "%s/report.html", o.out_dir);
        return AT_EXIT_OK;
    }
    fprintf(stderr, "attune reproduce: %s\n", err.text);
    return status == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED
           : status == ATTUNE_E_ARG       ? AT_EXIT_USAGE
                                          : AT_EXIT_FAILED;
}
