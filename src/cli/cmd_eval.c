/* attune eval MODEL: how well a model does on a labelled data set. */
#include "cli/cli.h"

#include <attune/eval.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: attune eval MODEL --dataset NAME --root DIR [--split NAME|all]\n"
    "                   [--task emotion7|state4|dominant4|engagement3] [--stream face|voice]\n"
    "                   [--crops] [--corrupt KIND=LEVEL]... [--noise DIR]\n"
    "                   [--json FILE] [--answers FILE] [--excluded FILE] [--qualities FILE]\n"
    "                   [--draws N] [--seed N] [--limit N] [--cache DIR] [--threads N]\n"
    "                   [--precision f32|int8] [--quiet]\n"
    "                   [--face FILE.onnx [--face-input unit|byte|signed|imagenet[,bgr]]\n"
    "                   [--face-classes NAME,...]]\n"
    "       attune eval MODEL --dataset NAME --root DIR --corrupt all ...\n"
    "       attune eval MODEL --check FILE --root DIR [--dataset NAME] [--json FILE]\n"
    "\n"
    "Judges a model (a safetensors file, or 'default') on a data set, in the set's own classes, and\n"
    "prints coverage, accuracy, balanced accuracy, F1, calibration error, the confusion matrix and\n"
    "95 % bootstrap intervals (over people where the set names them). A sample with nothing to\n"
    "judge, no face or no speech, is withheld: it is not an answer, and lowers the coverage.\n"
    "\n"
    "  --dataset NAME        one of the sets below\n"
    "  --root DIR            its folder, or one that holds it\n"
    "  --split NAME          a part of it (default: all); of every set:\n"
    "                          notest           all but its official test part\n"
    "                          random:PART      PART train, valid or test: 70/15/15 drawn by label; or\n"
    "                                           foldK/N, nofoldK/N. The parts share people\n"
    "                          people:PART      the same with people apart\n"
    "                        PART:quality draws by quality too (see --qualities), PART:7 with seed 7;\n"
    "                        OF+random:PART draws of OF, else of notest\n"
    "  --task NAME           which labels, where a set has several\n"
    "  --stream NAME         face or voice: judge by that stream alone\n"
    "  --crops               each picture is the crop of a face: judge it whole if none is found\n"
    "  --corrupt KIND=LEVEL  degrade pictures and sound first, see below; several in their order\n"
    "  --corrupt all         as it is, then each kind at each of its usual levels, and their means\n"
    "  --noise DIR           recordings for the degradation 'noises'\n"
    "  --json FILE           write the figures there ('-': standard output, instead of the table)\n"
    "  --answers FILE        write a CSV with every sample's answer and probabilities\n"
    "  --excluded FILE       write a CSV with every sample left out, and why\n"
    "  --qualities FILE      write a CSV with every sample's quality: normal, low-quality, occluded.\n"
    "                        As qualities.csv in --root, splits by quality go by it\n"
    "  --check FILE          compute the figures that FILE lists again (models/figures.json), on the\n"
    "                        data sets in DIR; --json writes the list with what came out\n"
    "  --face FILE           a classifier of faces (ONNX) judges pictures in place of the model's network\n"
    "                        (docs/onnx.md); --face-input unit (0..1, the default), byte (0..255),\n"
    "                        signed (-1..1) or imagenet, with ',bgr' where blue comes first;\n"
    "                        --face-classes its answers in their order (default: FER+'s if they are\n"
    "                        eight, FER2013's if seven)\n"
    "  --draws N, --seed N   of the bootstrap (default: 1000, 0)\n"
    "  --limit N             at most N samples, evenly spaced, for trying things out\n"
    "  --cache DIR           keep decoded faces and features of voices there, and take them from there.\n"
    "                        DIR then holds people's faces\n"
    "  --threads N           default: all cores; the result is the same for any number\n"
    "  --precision P         f32 (default), or int8: the networks of the face in eight bits\n";

static void print_help(FILE *f)
{
    fputs(usage, f);
    fputs("\ndata sets:\n", f);
    for (int i = 0; attune_dataset_name(i); i++) {
        char splits[256];
        snprintf(splits, sizeof splits, "splits: all, %s", attune_dataset_splits(i));
        at_print_item(f, 19, attune_dataset_name(i), attune_dataset_help(i));
        at_print_item(f, 19, "", splits);
    }
    at_print_corruptions(f);
}

static void print_figure(const char *name, double v, attune_interval i)
{
    if (v != v) /* there was nothing to measure */
        printf("%-18s      -\n", name);
    else if (i.lo != i.lo)
        printf("%-18s %6.2f %%\n", name, 100 * v);
    else
        printf("%-18s %6.2f %%   [%.2f, %.2f]\n", name, 100 * v, 100 * i.lo, 100 * i.hi);
}

/* "1 person" */
static const char *count_of(char *out, size_t size, int n, const attune_eval_result *r)
{
    const char *what = r->people ? n == 1 ? "person" : "people" : n == 1 ? "sample" : "samples";
    snprintf(out, size, "%d %s", n, what);
    return out;
}

/* Intervals say how much another choice of people would change: of one there is no other. */
static void print_missing_intervals(const attune_eval_result *r)
{
    char count[32];
    if (r->accuracy == r->accuracy && r->accuracy_interval.lo != r->accuracy_interval.lo)
        printf("%s: no interval\n", count_of(count, sizeof count, r->groups, r));
}

static void print_curve(const attune_eval_curve *c, const attune_eval_result *r)
{
    const int side = c->groups[1] < 2;
    char count[32];
    printf("AUC %-14s ", c->name);
    if (c->auc != c->auc)
        printf("     -     %d of %d are: a curve needs both\n", c->positives, c->n);
    else if (c->interval.lo != c->interval.lo)
        printf("%6.3f     %d of %d, %s of %s: no interval\n", c->auc, c->positives, c->n,
               side ? "these" : "the others", count_of(count, sizeof count, c->groups[side], r));
    else
        printf("%6.3f     [%.3f, %.3f]   %d of %d\n", c->auc, c->interval.lo, c->interval.hi,
               c->positives, c->n);
}

/* What a class that is no label, or no answer, has none of is a dash. */
static void print_of_class(double v, int width, int digits, const char *unit)
{
    if (v == v)
        printf("%*.*f%s", width, digits, v, unit);
    else
        printf("%*s%*s", width, "-", (int)strlen(unit), "");
}

static void print_ratio(const char *of, double v)
{
    if (v == v)
        printf(", %s %.2f", of, v);
    else
        printf(", %s -", of);
}

/* Deviations of the answers, as multiples of the labels'. */
static void print_movement(const attune_eval_movement *m)
{
    if (!m->n)
        return;
    printf("moves, %-11s", m->name);
    printf(" samples");
    print_of_class(m->samples, 5, 2, "");
    print_ratio("people", m->people);
    print_ratio("time", m->time);
    print_ratio("correlation", m->correlation);
    print_ratio("surer where right", m->confidence_auc);
    printf("\n");
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
        print_of_class(100 * c->recall, 9, 2, " %");
        print_of_class(100 * c->precision, 9, 2, " %");
        print_of_class(c->f1, 7, 3, "");
        printf(" %6d\n", c->n);
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

static void print_protocol(const attune_eval_result *r)
{
    printf("protocol: %s", r->protocol);
    if (r->shared_people > 0)
        printf(" (%d are in the rest of the set too)", r->shared_people);
    if (*r->twin)
        printf("; with people apart: --split %s", r->twin);
    printf("\n");
}

static void print_counts(const attune_eval_result *r)
{
    printf("%s, %s: %d sample%s%s", r->dataset, r->split, r->n, r->n == 1 ? "" : "s",
           r->withheld ? " judged" : "");
    if (r->withheld)
        printf(", %d withheld", r->withheld);
    if (r->people)
        printf(" of %d %s", r->people, r->people == 1 ? "person" : "people");
    if (r->not_found)
        printf(", no face found in %d (judged whole)", r->not_found);
    printf("\n");
    if (*r->corrupt)
        at_print_line(stdout, "degraded: %s", r->corrupt);
    if (r->excluded)
        print_excluded(r);
    if (*r->note)
        at_print_line(stdout, "%s", r->note);
    print_protocol(r);
    printf("\n");
    if (r->n + r->withheld)
        printf("%-18s %6.2f %%   %d of %d\n", "coverage", 100 * r->coverage, r->n,
               r->n + r->withheld);
}

/* What to compare the figures with. */
static void print_constant(const attune_eval_constant *c)
{
    if (c->answer)
        printf(
            "constant answer    %6.2f %%   balanced accuracy %.2f %%, macro F1 %.2f %%: always %s\n",
            100 * c->accuracy, 100 * c->balanced_accuracy, 100 * c->macro_f1, c->answer);
}

/* What its own probabilities are worth. */
static void print_confidence(const attune_eval_result *r)
{
    if (r->ece == r->ece)
        printf("calibration error  %6.2f %%   %.2f %% would be chance\n", 100 * r->ece,
               100 * r->ece_by_chance);
    if (r->confidence_auc == r->confidence_auc)
        printf(
            "surer where right  %6.2f %%   (ROC area); of the surest four fifths %.2f %% are wrong\n",
            100 * r->confidence_auc, 100 * r->kept_error);
}

/* The figures of each quality, where there is more than one. */
static void print_conditions(const attune_eval_result *r)
{
    int kinds = 0;
    for (int k = 0; k < ATTUNE_EVAL_CONDITIONS; k++)
        kinds += r->condition[k].n > 0;
    for (int k = 0; k < ATTUNE_EVAL_CONDITIONS && kinds > 1; k++) {
        const attune_eval_condition *c = &r->condition[k];
        if (c->n == 0)
            continue;
        printf("%-11s %6d %6.2f %%   ", c->name, c->n, 100 * c->accuracy);
        if (c->accuracy_interval.lo == c->accuracy_interval.lo)
            printf("[%.2f, %.2f]   ", 100 * c->accuracy_interval.lo, 100 * c->accuracy_interval.hi);
        printf("balanced accuracy %.2f %%, macro F1 %.2f %%\n", 100 * c->balanced_accuracy,
               100 * c->macro_f1);
    }
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
    print_confidence(r);
    print_conditions(r);
    print_constant(&r->constant);
    print_missing_intervals(r);
    for (int c = 0; c < r->curves; c++)
        print_curve(&r->curve[c], r);
    for (int i = 0; i < r->movements; i++)
        print_movement(&r->movement[i]);
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

/* ---- all degradations ------------------------------------------------------------------------ */

static void print_share(double v)
{
    if (v == v)
        printf(" %8.2f %%", 100 * v);
    else
        printf(" %8s  ", "-");
}

static int print_cell(void *user, const attune_grid_cell *c)
{
    const attune_eval_result *r = &c->result;
    char level[64] = "";
    (void)user;
    if (c->kind)
        snprintf(level, sizeof level, "%g %s", c->level, c->unit);
    else
        printf("%s, %s\n\n%-14s %-24s %6s %10s %10s %10s %10s %10s\n", r->dataset, r->split, "",
               "level", "n", "coverage", "accuracy", "balanced", "macro F1", "ECE");
    printf("%-14s %-24s %6d", c->kind ? c->kind : "as it is", level, r->n);
    print_share(r->coverage);
    print_share(r->accuracy);
    print_share(r->balanced_accuracy);
    print_share(r->macro_f1);
    print_share(r->ece);
    printf("\n");
    fflush(stdout);
    return at_stopped(NULL);
}

static void print_means(const attune_grid *g)
{
    attune_grid_mean m;
    printf("\nmeans\n");
    for (int i = 0; attune_grid_mean_at(g, i, &m); i++) {
        printf("%-14s %-24s %6s", m.name, "", "");
        print_share(m.coverage);
        print_share(m.accuracy);
        print_share(m.balanced_accuracy);
        print_share(m.macro_f1);
        print_share(m.ece);
        printf("\n");
    }
}

enum { MOST_CORRUPTIONS = 16, MOST_DRAWS = 1000000 };

typedef struct at_eval_job {
    attune_eval_options o;
    const char *corrupt[MOST_CORRUPTIONS];
    int all;           /* degradations, one at a time */
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

/* The exit code. */
static int evaluate_all(const at_eval_job *job)
{
    const int table = !job->json || strcmp(job->json, "-") != 0;
    attune_grid *grid;
    attune_error err;
    int status =
        attune_evaluate_grid(&grid, job->model, &job->o, table ? print_cell : NULL, NULL, &err);
    if (status < 0)
        return failed(status, &err);
    if (table)
        print_means(grid);
    char *text = job->json ? attune_grid_json(grid) : NULL;
    attune_grid_free(&grid);
    return job->json ? write_json(job->json, &text) : AT_EXIT_OK;
}

/* ---- the command line ----------------------------------------------------------------------- */

/* "blur=3" or "all": -1, or the exit code. */
static int add_corruption(at_eval_job *job, const char *text)
{
    attune_eval_options *o = &job->o;
    attune_error err;
    const int all = strcmp(text, "all") == 0;
    if (job->all || (all && o->corrupts))
        return at_wrong_usage("eval", "--corrupt all goes through them one by one; leave the "
                                      "others out");
    if (!all && o->corrupts == MOST_CORRUPTIONS)
        return at_wrong_usage("eval", "--corrupt: at most %d of them", MOST_CORRUPTIONS);
    if (!all && attune_corruption_check(text, &err) < 0)
        return at_wrong_usage("eval", "--corrupt %s", err.text);
    if (all)
        job->all = 1;
    else
        job->corrupt[o->corrupts++] = text;
    return -1;
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
        {"noise", required_argument, NULL, 'N'},
        {"answers", required_argument, NULL, 'a'},
        {"excluded", required_argument, NULL, 'x'},
        {"qualities", required_argument, NULL, 'Q'},
        {"cache", required_argument, NULL, 'H'},
        {"json", required_argument, NULL, 'j'},
        {"check", required_argument, NULL, 'k'},
        {"face", required_argument, NULL, 'F'},
        {"face-input", required_argument, NULL, 'I'},
        {"face-classes", required_argument, NULL, 'K'},
        {"draws", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 'S'},
        {"threads", required_argument, NULL, 't'},
        {"precision", required_argument, NULL, 'P'},
        {"limit", required_argument, NULL, 'l'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    attune_eval_options *o = &job->o;
    int c, seed, code;
    o->corrupt = job->corrupt;
    while ((c = at_next_option("eval", argc, argv, ":qh", longs, "c")) != -1) {
        switch (c) {
        case 'd': o->dataset = optarg; break;
        case 'r': o->root = optarg; break;
        case 's': o->split = optarg; break;
        case 'T': o->task = optarg; break;
        case 'm': o->stream = optarg; break;
        case 'C': o->crops = 1; break;
        case 'a': o->answers = optarg; break;
        case 'x': o->excluded = optarg; break;
        case 'H': o->cache = optarg; break;
        case 'Q': o->qualities = optarg; break;
        case 'j': job->json = optarg; break;
        case 'k': job->check = optarg; break;
        case 'F': o->face = optarg; break;
        case 'I': o->face_input = optarg; break;
        case 'K': o->face_classes = optarg; break;
        case 'c':
            if ((code = add_corruption(job, optarg)) >= 0)
                return code;
            break;
        case 'N': o->noise = optarg; break;
        case 'n':
            if (!at_take_int("eval", "--draws", optarg, 1, MOST_DRAWS, &o->draws))
                return AT_EXIT_USAGE;
            break;
        case 'S':
            if (!at_take_int("eval", "--seed", optarg, 0, INT_MAX, &seed))
                return AT_EXIT_USAGE;
            o->seed = (uint64_t)seed;
            break;
        case 'l':
            if (!at_take_int("eval", "--limit", optarg, 1, INT_MAX, &o->limit))
                return AT_EXIT_USAGE;
            break;
        case 't':
            if (!at_take_int("eval", "--threads", optarg, 1, ATTUNE_MAX_THREADS, &o->threads))
                return AT_EXIT_USAGE;
            break;
        case 'P':
            if (!at_take_precision("eval", optarg, &o->precision))
                return AT_EXIT_USAGE;
            break;
        case 'q': o->quiet = 1; break;
        case 'h': print_help(stdout); return AT_EXIT_OK;
        default: return AT_EXIT_USAGE;
        }
    }
    if (job->check && (o->corrupts || job->all))
        return at_wrong_usage("eval", "--corrupt: published figures are of what is not degraded");
    if (job->check && o->face)
        return at_wrong_usage("eval", "--face: published figures are of the model");
    if (job->check && (o->split || o->stream || o->task || o->qualities))
        return at_wrong_usage(
            "eval", "--split, --stream, --task and --qualities: --check has them of the figures");
    if (job->check && (o->answers || o->excluded))
        return at_wrong_usage(
            "eval", "--answers and --excluded are of one evaluation, --check makes several");
    if (o->face && o->stream && strcmp(o->stream, "voice") == 0)
        return at_wrong_usage("eval", "--face judges faces: it goes with no --stream voice");
    if ((o->face_input || o->face_classes) && !o->face)
        return at_wrong_usage("eval", "--face-input and --face-classes go with --face");
    if (argc - optind != 1 || (!o->dataset && !job->check) || !o->root)
        return at_wrong_usage("eval", "a model, --dataset or --check, and --root are needed");
    job->model = strcmp(argv[optind], "default") == 0 ? NULL : argv[optind];
    return -1;
}

int at_cmd_eval(int argc, char **argv)
{
    at_eval_job job = {.o = {.stop = at_stopped}};
    int code = parse(&job, argc, argv);
    attune_error err;
    if (code >= 0)
        return code;
    at_catch_stop();
    const int status = attune_text_check(job.json, &err);
    if (status < 0)
        return failed(status, &err);
    return job.check ? check_figures(&job) : job.all ? evaluate_all(&job) : evaluate(&job);
}
