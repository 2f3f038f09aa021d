/* attune eval MODEL: how well a model does on a labelled data set. */
#include "cli/cli.h"

#include <attune/eval.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: attune eval MODEL --dataset NAME --root DIR [--split NAME|all] [--task NAME]\n"
    "                   [--stream face|voice] [--crops] [--corrupt KIND=LEVEL] [--json FILE]\n"
    "                   [--answers FILE] [--excluded FILE] [--draws N] [--seed N] [--threads N]\n"
    "                   [--quiet]\n"
    "       attune eval MODEL --check FILE --root DIR [--dataset NAME] [--json FILE]\n"
    "\n"
    "Judges a model (a safetensors file, or 'default') on a data set, in the set's own classes, and\n"
    "prints coverage, accuracy, balanced accuracy, F1, calibration error, the confusion matrix and\n"
    "95 % bootstrap intervals (over people where the set names them). A sample with nothing to\n"
    "judge, no face or no speech, is withheld: it is not an answer, and lowers the coverage.\n"
    "\n"
    "  --dataset NAME        one of the sets below\n"
    "  --root DIR            its folder, or one that holds it\n"
    "  --split NAME          a part of it (default: all)\n"
    "  --task NAME           of a manifest with several labels: emotion7, state4 or engagement3\n"
    "  --stream NAME         face or voice: judge by that stream alone\n"
    "  --crops               each picture is the crop of a face: judge it whole if none is found\n"
    "  --corrupt KIND=LEVEL  degrade each face picture first, see below\n"
    "  --json FILE           write the figures there ('-': standard output, instead of the table)\n"
    "  --answers FILE        write a CSV with every sample's answer and probabilities\n"
    "  --excluded FILE       write a CSV with every sample left out, and why\n"
    "  --check FILE          compute the figures that FILE lists again (models/figures.json), on the\n"
    "                        data sets in DIR; --json writes the list with what came out\n"
    "  --draws N, --seed N   of the bootstrap (default: 1000, 0)\n"
    "  --threads N           default: all cores; the result is the same for any number\n";

static void print_help(FILE *f)
{
    fputs(usage, f);
    fputs("\ndata sets:\n", f);
    for (int i = 0; attune_dataset_name(i); i++)
        fprintf(f, "  %-16s %s\n  %-16s splits: all, %s\n", attune_dataset_name(i),
                attune_dataset_help(i), "", attune_dataset_splits(i));
    fputs("\ndegradations:", f);
    for (int i = 0; attune_corruption_name(i); i++)
        fprintf(f, " %s", attune_corruption_name(i));
    fputs("\n", f);
}

static void print_figure(const char *name, double v, attune_interval i)
{
    if (v != v) /* there was nothing to measure */
        printf("%-18s      -\n", name);
    else
        printf("%-18s %6.2f %%   [%.2f, %.2f]\n", name, 100 * v, 100 * i.lo, 100 * i.hi);
}

static void print_confusion(const attune_eval_result *r)
{
    printf("\n%-14s", "label \\ answer");
    for (int k = 0; k < r->classes; k++)
        printf(" %7.7s", r->per_class[k].name);
    printf("     recall  precision     F1      n\n");
    for (int k = 0; k < r->classes; k++) {
        const attune_eval_class *c = &r->per_class[k];
        printf("%-14s", c->name);
        for (int j = 0; j < r->classes; j++)
            printf(" %7d", r->confusion[k][j]);
        printf("   %6.2f %%   %6.2f %% %6.3f %6d\n", 100 * c->recall, 100 * c->precision, c->f1,
               c->n);
    }
}

/* "excluded 7: missing 1, lfs_pointer 6" */
static void print_excluded(const attune_eval_result *r)
{
    const char *before = ": ";
    printf("excluded %d", r->excluded);
    for (int k = 0; k < ATTUNE_EXCLUSIONS; k++) {
        if (r->excluded_by[k])
            printf("%s%s %d", before, attune_exclusion_name(k), r->excluded_by[k]);
        before = r->excluded_by[k] ? ", " : before;
    }
    printf("\n");
}

static void print_counts(const attune_eval_result *r)
{
    printf("%s, %s: %d %s", r->dataset, r->split, r->n, r->withheld ? "samples judged" : "samples");
    if (r->withheld)
        printf(", %d withheld", r->withheld);
    if (r->people)
        printf(" of %d people", r->people);
    if (r->not_found)
        printf(", no face found in %d (judged whole)", r->not_found);
    printf("\n");
    if (r->excluded)
        print_excluded(r);
    if (*r->note)
        printf("%s\n", r->note);
    printf("\n");
    if (r->n + r->withheld)
        printf("%-18s %6.2f %%   %d of %d\n", "coverage", 100 * r->coverage, r->n,
               r->n + r->withheld);
}

static void print_result(const attune_eval_result *r)
{
    print_counts(r);
    if (r->n == 0) {
        printf("nothing to judge%s\n", r->withheld ? "" : ": no sample has a label");
        return;
    }
    print_figure("accuracy", r->accuracy, r->accuracy_interval);
    print_figure("balanced accuracy", r->balanced_accuracy, r->balanced_accuracy_interval);
    print_figure("macro F1", r->macro_f1, r->macro_f1_interval);
    print_figure("weighted F1", r->weighted_f1, r->weighted_f1_interval);
    if (r->ece == r->ece)
        printf("%-18s %6.2f %%\n", "calibration error", 100 * r->ece);
    for (int c = 0; c < r->curves; c++)
        printf("AUC %-14s %6.3f     [%.3f, %.3f]   %d of %d\n", r->curve[c].name, r->curve[c].auc,
               r->curve[c].interval.lo, r->curve[c].interval.hi, r->curve[c].positives,
               r->curve[c].n);
    print_confusion(r);
}

/* Says why; the exit code. */
static int failed(int status, const attune_error *err)
{
    fprintf(stderr, "attune eval: %s\n", err->text);
    return status == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED
           : status == ATTUNE_E_ARG       ? AT_EXIT_USAGE
                                          : AT_EXIT_FAILED;
}

/* Frees text, which is NULL when memory is out. The exit code. */
static int write_json(const char *path, char **text)
{
    attune_error err = {.text = "out of memory"};
    int status = *text ? ATTUNE_OK : ATTUNE_E_NOMEM;
    if (*text && strcmp(path, "-") == 0)
        puts(*text);
    else if (*text)
        status = attune_text_write(path, *text, &err);
    attune_text_free(text);
    return status < 0 ? failed(status, &err) : AT_EXIT_OK;
}

/* ---- published figures ---------------------------------------------------------------------- */

/* "0.859 [0.847, 0.870]" */
static void print_value(double v, attune_interval i)
{
    int width = v > 1 ? printf("%.0f", v) : printf("%.3f", v);
    if (i.lo == i.lo)
        width += printf(" [%.3f, %.3f]", i.lo, i.hi);
    printf("%*s", width < 22 ? 22 - width : 1, "");
}

static int print_check(void *user, const attune_figure *f)
{
    (void)user;
    printf("%-16s %-10s %-6s %-22s ", f->dataset, f->split, f->stream, f->metric);
    print_value(f->published, f->published_interval);
    print_value(f->computed, f->computed_interval);
    printf("%s\n", f->agrees ? "agrees" : "DIFFERS");
    fflush(stdout);
    return at_stopped(NULL);
}

typedef struct at_eval_job {
    attune_eval_options o;
    const char *model; /* NULL: the default */
    const char *json, *check;
} at_eval_job;

/* The exit code. */
static int check_figures(const at_eval_job *job)
{
    attune_error err;
    char *updated = NULL;
    int table = !job->json || strcmp(job->json, "-") != 0;
    if (table)
        printf("%-16s %-10s %-6s %-22s %-22s%-22s\n", "set", "part", "stream", "metric",
               "published", "computed");
    int differ = attune_check_figures(job->check, job->model, &job->o, table ? print_check : NULL,
                                      NULL, job->json ? &updated : NULL, &err);
    if (differ < 0)
        return failed(differ, &err);
    if (table && differ)
        printf("%d differ\n", differ);
    int code = job->json ? write_json(job->json, &updated) : AT_EXIT_OK;
    return differ && code == AT_EXIT_OK ? AT_EXIT_FAILED : code;
}

/* The exit code. */
static int evaluate(const at_eval_job *job)
{
    attune_eval_result result;
    attune_error err;
    int status = attune_evaluate(&result, job->model, &job->o, &err);
    if (status < 0)
        return failed(status, &err);
    if (!job->json || strcmp(job->json, "-") != 0)
        print_result(&result);
    if (!job->json)
        return AT_EXIT_OK;
    char *text = attune_eval_json(&result);
    return write_json(job->json, &text);
}

/* ---- the command line ----------------------------------------------------------------------- */

/* "blur=3" */
static int parse_corruption(char *text, attune_eval_options *o)
{
    char *equals = strchr(text, '='), *end;
    if (!equals)
        return 0;
    *equals = '\0';
    o->corrupt = text;
    o->corrupt_level = strtod(equals + 1, &end);
    if (end == equals + 1 || *end || !(o->corrupt_level >= 0))
        return 0;
    for (int i = 0; attune_corruption_name(i); i++)
        if (strcmp(text, attune_corruption_name(i)) == 0)
            return 1;
    return 0;
}

/* -1: go on; else the exit code. */
static int parse(at_eval_job *job, int argc, char **argv)
{
    static const struct option longs[] = {
        {"dataset", required_argument, NULL, 'd'},
        {"root", required_argument, NULL, 'r'},
        {"split", required_argument, NULL, 's'},
        {"task", required_argument, NULL, 'T'},
        {"stream", required_argument, NULL, 'm'},
        {"crops", no_argument, NULL, 'C'},
        {"corrupt", required_argument, NULL, 'c'},
        {"answers", required_argument, NULL, 'a'},
        {"excluded", required_argument, NULL, 'x'},
        {"json", required_argument, NULL, 'j'},
        {"check", required_argument, NULL, 'k'},
        {"draws", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 'S'},
        {"threads", required_argument, NULL, 't'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    attune_eval_options *o = &job->o;
    int c, seed;
    while ((c = at_next_option("eval", argc, argv, ":qh", longs)) != -1) {
        switch (c) {
        case 'd': o->dataset = optarg; break;
        case 'r': o->root = optarg; break;
        case 's': o->split = optarg; break;
        case 'T': o->task = optarg; break;
        case 'm': o->stream = optarg; break;
        case 'C': o->crops = 1; break;
        case 'a': o->answers = optarg; break;
        case 'x': o->excluded = optarg; break;
        case 'j': job->json = optarg; break;
        case 'k': job->check = optarg; break;
        case 'c':
            if (!parse_corruption(optarg, o))
                return at_wrong_usage("eval", "--corrupt wants KIND=LEVEL, see below in --help");
            break;
        case 'n':
            if (!at_parse_int(optarg, 1, 1000000, &o->draws))
                return at_wrong_usage("eval", "--draws wants a number from 1");
            break;
        case 'S':
            if (!at_parse_int(optarg, 0, INT_MAX, &seed))
                return at_wrong_usage("eval", "--seed wants a whole number");
            o->seed = (uint64_t)seed;
            break;
        case 't':
            if (!at_parse_int(optarg, 1, ATTUNE_MAX_THREADS, &o->threads))
                return at_wrong_usage("eval", "--threads wants 1 to %d", ATTUNE_MAX_THREADS);
            break;
        case 'q': o->quiet = 1; break;
        case 'h': print_help(stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (argc - optind != 1 || (!o->dataset && !job->check) || !o->root)
        return at_wrong_usage("eval", "a model, --dataset or --check, and --root are needed");
    job->model = strcmp(argv[optind], "default") == 0 ? NULL : argv[optind];
    return -1;
}

int at_cmd_eval(int argc, char **argv)
{
    at_eval_job job = {.o = {.stop = at_stopped}};
    int code = parse(&job, argc, argv);
    if (code >= 0)
        return code;
    at_catch_stop();
    return job.check ? check_figures(&job) : evaluate(&job);
}
