/* attune train RECIPE: runs a training recipe, and goes on with one. */
#include <attune/train.h>
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/ranks.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: attune train RECIPE [--data DIR] [-o DIR] [--models DIR] [--resume] [--threads N]\n"
    "                    [--epochs N] [--limit N] [--cache DIR] [--quiet]\n"
    "       attune train RECIPE --show\n"
    "       attune train --fields\n"
    "\n"
    "Trains what the recipe (recipes/*.json) says and writes the model, a log, a line of figures an\n"
    "epoch and a checkpoint into the output folder. A recipe of kind chain runs others in order, leaves\n"
    "out what is done and goes on with what was stopped.\n"
    "\n"
    "  --data DIR    folder with the unpacked data sets (default: the working folder)\n"
    "  -o DIR        output folder (default: the working folder)\n"
    "  --models DIR  folder in which starting weights are looked for as well\n"
    "  --resume      go on from the checkpoint in the output folder\n"
    "  --threads N   default: all cores; the result is the same for any number\n"
    "  --epochs N    instead of the recipe's\n"
    "  --limit N     at most N samples of each set, for trying a recipe out\n"
    "  --cache DIR   keep decoded faces and features of voices there, and take them from there, where\n"
    "                file, settings and program are the same. DIR then holds people's faces\n"
    "  --quiet       errors only\n"
    "  --show        print the recipe as it is run, its bases merged in\n"
    "  --fields      print what recipes may say: the tables of docs/recipes.md\n";

static void event(void *user, const attune_train_event *e)
{
    at_progress *p = user;
    char note[64];
    if (e->line && !p->quiet) {
        at_progress_end(p);
        at_print_line(stderr, "%s", e->line);
        return;
    }
    snprintf(note, sizeof note, "loss %.4f, %.0f/s", e->loss, e->rate);
    at_progress_update(p, (double)e->step, (double)e->steps, note);
}

static int show_recipe(const char *recipe)
{
    char *text = NULL;
    attune_error err;
    if (attune_recipe_text(recipe, &text, &err) != ATTUNE_OK) {
        fprintf(stderr, "attune train: %s\n", err.text);
        return AT_EXIT_FAILED;
    }
    puts(text);
    free(text);
    return AT_EXIT_OK;
}

static int print_fields(void)
{
    attune_recipe_field f;
    for (int k = 0; attune_recipe_kind(k); k++) {
        printf("%s## %s\n\n| field | type | default | range | what |\n|---|---|---|---|---|\n",
               k ? "\n" : "", attune_recipe_kind(k));
        for (int i = 0; attune_recipe_field_at(attune_recipe_kind(k), i, &f); i++)
            printf("| `%s` | %s | %s | %s | %s |\n", f.name, f.type, f.def, f.range, f.help);
    }
    return AT_EXIT_OK;
}

/* Of many ranks the first speaks for all; without the others each tells that there is no way to them. */
static int train(const char *recipe, attune_train_options *o, at_progress *progress)
{
    attune_error err;
    at_catch_stop();
    int status = at_ranks_join(o, &err);
    const int quiet = o->ranks && o->ranks->rank > 0;
    if (!status && !o->ranks)
        attune_confine();
    if (!status) {
        at_progress_start(progress, "train", o->quiet || quiet);
        status = attune_train(recipe, o, &err);
        at_progress_end(progress);
    }
    if (status && !quiet)
        fprintf(stderr, "attune train: %s\n", err.text);
    at_ranks_leave(status);
    return status == ATTUNE_OK              ? AT_EXIT_OK
           : status == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED
                                            : AT_EXIT_FAILED;
}

int at_cmd_train(int argc, char **argv)
{
    static const struct option longs[] = {
        {"data", required_argument, NULL, 'd'},
        {"output", required_argument, NULL, 'o'},
        {"models", required_argument, NULL, 'm'},
        {"show", no_argument, NULL, 's'},
        {"fields", no_argument, NULL, 'f'},
        {"resume", no_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 't'},
        {"epochs", required_argument, NULL, 'e'},
        {"limit", required_argument, NULL, 'l'},
        {"cache", required_argument, NULL, 'c'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    at_progress progress = {0};
    attune_train_options o = {.user = &progress, .event = event, .stop = at_stopped};
    int c, show = 0;
    while ((c = at_next_option("train", argc, argv, ":o:qh", longs, "")) != -1) {
        switch (c) {
        case 'd': o.data_dir = optarg; break;
        case 'o':
            if (!at_take_folder("train", "-o", optarg, &o.out_dir))
                return AT_EXIT_USAGE;
            break;
        case 'm': o.models_dir = optarg; break;
        case 's': show = 1; break;
        case 'f': return print_fields();
        case 'r': o.resume = 1; break;
        case 't':
            if (!at_take_int("train", "--threads", optarg, 1, ATTUNE_MAX_THREADS, &o.threads))
                return AT_EXIT_USAGE;
            break;
        case 'e':
            if (!at_take_int("train", "--epochs", optarg, 1, 100000, &o.epochs))
                return AT_EXIT_USAGE;
            break;
        case 'l':
            if (!at_take_int("train", "--limit", optarg, 1, 100000000, &o.limit))
                return AT_EXIT_USAGE;
            break;
        case 'c': o.cache = optarg; break;
        case 'q': o.quiet = 1; break;
        case 'h': fputs(usage, stdout); return 0;
        default: return AT_EXIT_USAGE;
        }
    }
    if (argc - optind != 1)
        return at_wrong_usage("train", "give one recipe");
    if (show)
        return show_recipe(argv[optind]);
    return train(argv[optind], &o, &progress);
}
