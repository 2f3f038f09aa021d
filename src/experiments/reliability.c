/* reliability.c - reliability with and without each part, on people like those that were learned from and on
 * strangers, as they are and degraded: does it tell right answers from wrong ones? */
#include "experiments/duets.h"
#include "experiments/experiment.h"
#include "experiments/signs.h"
#include "experiments/rows.h"

#include "base/error.h"
#include "base/mem.h"
#include "eval/confidence.h"
#include "eval/figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PART,
    MEASURE,
    RIGHT,
    RIGHT_POOR,
    AREA,
    AREA_POOR,
    AREA_ALL,
    WRONG_ALL,
    KEPT_WRONG,
    ERROR,
    ERROR_POOR,
    PROTOCOL,
    SEED,
    COMMAND,
};
_Static_assert(COMMAND + 1 == AT_RELIABILITY_COLUMNS, "a column each");

const at_column at_reliability_columns[AT_RELIABILITY_COLUMNS] = {
    [PART] = {"part", NULL, AT_TEXT_COLUMN, AT_HEADING, 0},
    [MEASURE] = {"measure", "sure by", AT_TEXT_COLUMN, AT_TABLE, 0},
    [RIGHT] = {"right", "right %", AT_PERCENT, AT_TABLE, 0},
    [RIGHT_POOR] = {"right_degraded", "degraded", AT_PERCENT, AT_TABLE, 0},
    [AREA] = {"area", "area", AT_RATIO, AT_TABLE, 1},
    [AREA_POOR] = {"area_degraded", "degraded", AT_RATIO, AT_TABLE, 0},
    [AREA_ALL] = {"area_all", "all", AT_RATIO, AT_TABLE, 1},
    [WRONG_ALL] = {"wrong_all", "wrong of all %", AT_PERCENT, AT_TABLE, 0},
    [KEPT_WRONG] = {"wrong_surest", "of the surest 4/5", AT_PERCENT, AT_TABLE, 0},
    [ERROR] = {"calibration_error", "calibration error %", AT_PERCENT, AT_TABLE, 0},
    [ERROR_POOR] = {"calibration_error_degraded", "degraded", AT_PERCENT, AT_TABLE, 0},
    [PROTOCOL] = {"protocol", NULL, AT_TEXT_COLUMN, AT_PROTOCOL, 0},
    [SEED] = {"seed", NULL, AT_COUNT, AT_CSV_ALONE, 0},
    [COMMAND] = {"command", NULL, AT_TEXT_COLUMN, AT_COMMAND, 0},
};

static const at_part_of tess = {
    .title = "Strangers' voices, two women, single words (TESS)",
    .dataset = "voices-more",
    .folder = "voices_more",
    .split = "corpus=tess",
    .people = "none of whom is in training, nor is the corpus",
};
/* What a low-rank covariance is fitted to. */
static const at_part_of reference[ATTUNE_MODALITIES] = {
    [ATTUNE_FACE] = {.dataset = "ferplus", .folder = "ferplus", .split = "train"},
    [ATTUNE_VOICE] = {.dataset = "ravdess", .folder = "ravdess_speech16k", .split = "nofold3"},
};

static const struct {
    const at_part_of *part; /* NULL: label-matched pairs */
    const char *harm[2];
} grounds[] = {
    {&at_javanese, {"patch=40", "hiss=0"}},
    {&tess, {"hiss=0"}},
    {&at_fer2013, {"patch=40"}},
    {&at_ravdess, {"hiss=0"}},
    {NULL, {"patch=40", "hiss=0"}},
};
enum { GROUNDS = sizeof grounds / sizeof *grounds };

/* ---- figures of a measure ------------------------------------------------------------------- */

/* How sure each answer is, and whether it is right: clean ones, then degraded. */
typedef struct sureness {
    int n[2];
    float *sure;
    int *right, *group;
} sureness;

static void sureness_free(sureness *s)
{
    at_free(s->sure);
    at_free(s->right);
    at_free(s->group);
}

static int collect(sureness *s, const at_sign *m, int stream, const at_view view[2],
                   attune_error *err)
{
    const size_t most = (size_t)(view[0].c->n + view[1].c->n) + 1;
    int n = 0;
    *s = (sureness){.sure = at_alloc(most, sizeof(float)),
                    .right = at_calloc(most, sizeof(int)),
                    .group = at_calloc(most, sizeof(int))};
    if (!s->sure || !s->right || !s->group)
        return at_fail_nomem(err);
    for (int v = 0; v < 2; v++)
        for (int i = 0; i < view[v].c->n; i++) {
            const at_case *one = &view[v].c->list[i];
            at_sure sure;
            if (!m->of_fused && !one->of[stream].present)
                continue;
            if (!m->take(&view[v], i, stream, m->out, &sure))
                continue;
            s->sure[n] = sure.sure;
            s->right[n] = sure.right;
            s->group[n++] = one->group;
            s->n[v]++;
        }
    return ATTUNE_OK;
}

/* Of the samples from to from + n - 1. */
static int confidence(at_confidence *out, const sureness *s, int from, int n, uint64_t seed)
{
    int *wrong = at_calloc((size_t)n + 1, sizeof *wrong);
    *out = (at_confidence){NAN, NAN, NAN, NAN};
    for (int i = 0; wrong && i < n; i++)
        wrong[i] = !s->right[from + i];
    /* A single class, which is the label of what is right. */
    const at_answers a = {.n = n, .classes = 1, .label = wrong, .p = s->sure + from};
    const int status = !wrong ? ATTUNE_E_NOMEM : n ? at_confidence_compute(out, &a, seed) : 0;
    at_free(wrong);
    return status;
}

static double right_of(const sureness *s, int from, int n)
{
    int right = 0;
    for (int i = 0; i < n; i++)
        right += s->right[from + i];
    return n ? (double)right / n : NAN;
}

static void set(json_t *row, int column, double v)
{
    json_object_set_new(row, at_reliability_columns[column].name,
                        isfinite(v) ? json_real(v) : json_null());
}

static int set_area(json_t *row, const at_lab *lab, int column, const sureness *s, int n,
                    double area, attune_error *err)
{
    at_interval i = {NAN, NAN};
    char name[48];
    const int draws = at_figures_draws(lab->o->draws);
    const int status = isfinite(area) ? at_auc_bootstrap(&i, s->sure, s->right, s->group, n, draws,
                                                         lab->o->seed, err)
                                      : ATTUNE_OK;
    set(row, column, area);
    snprintf(name, sizeof name, "%s_interval", at_reliability_columns[column].name);
    if (isfinite(i.lo) && i.lo < i.hi)
        json_object_set_new(row, name, json_pack("[f,f]", i.lo, i.hi));
    return status;
}

/* A row of figures; NULL in *out where there is nothing of the kind. */
static int judge_measure(json_t **out, const at_lab *lab, const at_sign *m, int stream,
                         const at_view view[2], attune_error *err)
{
    at_confidence clean, poor, all;
    sureness s;
    *out = NULL;
    int status = collect(&s, m, stream, view, err);
    const int n = s.n[0] + s.n[1];
    if (!status && n &&
        (confidence(&clean, &s, 0, s.n[0], lab->o->seed) ||
         confidence(&poor, &s, s.n[0], s.n[1], lab->o->seed) ||
         confidence(&all, &s, 0, n, lab->o->seed) || !(*out = json_object())))
        status = at_fail_nomem(err);
    if (!status && n) {
        json_object_set_new(*out, "measure", json_string(m->name));
        json_object_set_new(*out, "n", json_integer(s.n[0]));
        json_object_set_new(*out, "n_degraded", json_integer(s.n[1]));
        set(*out, RIGHT, right_of(&s, 0, s.n[0]));
        set(*out, RIGHT_POOR, right_of(&s, s.n[0], s.n[1]));
        set(*out, AREA_POOR, poor.auc);
        set(*out, WRONG_ALL, 1 - right_of(&s, 0, n));
        set(*out, KEPT_WRONG, all.kept_error);
        set(*out, ERROR, m->is_probability ? clean.ece : NAN);
        set(*out, ERROR_POOR, m->is_probability ? poor.ece : NAN);
        status = set_area(*out, lab, AREA, &s, s.n[0], clean.auc, err);
        status = status ? status : set_area(*out, lab, AREA_ALL, &s, n, all.auc, err);
    }
    sureness_free(&s);
    return status;
}

/* ---- a ground ------------------------------------------------------------------------------- */

typedef struct study {
    at_lab *lab;
    at_assessor assessor;
    at_duets *duets; /* nullable */
    int open;        /* the assessor is, and knows what is normal */
} study;

static int has(const at_cases *c, int stream)
{
    int n = 0;
    for (int i = 0; i < c->n; i++)
        n += c->list[i].of[stream].present != 0;
    return n > 0;
}

/* All measures of face, voice and, where there are both, what is fused. */
static int judge_all(json_t *list, const at_lab *lab, const at_view view[2], attune_error *err)
{
    static const char *const words[] = {"face", "voice", "fused"};
    int status = ATTUNE_OK;
    for (int s = 0; s <= ATTUNE_MODALITIES; s++)
        for (const at_sign *m = at_signs; m->name && !status; m++) {
            const int fused = s == ATTUNE_MODALITIES, stream = fused ? 0 : s;
            json_t *row = NULL;
            if (m->of_fused != fused || (!fused && !has(view[0].c, stream)) ||
                (fused && (!has(view[0].c, 0) || !has(view[0].c, 1))))
                continue;
            status = judge_measure(&row, lab, m, stream, view, err);
            if (row) {
                json_object_set_new(row, "stream", json_string(words[s]));
                json_array_append_new(list, row);
            }
        }
    return status;
}

static int cases_of(at_cases *out, const study *x, int ground, int poor, attune_error *err)
{
    const char *const harm[2] = {poor ? grounds[ground].harm[0] : NULL,
                                 poor ? grounds[ground].harm[1] : NULL};
    return grounds[ground].part ? at_cases_of_part(out, x->lab, grounds[ground].part, harm, err)
                                : at_duets_cases(x->duets, x->lab, harm[0], harm[1], out, err);
}

/* The assessor, once. A set that is missing leaves the low rank out. */
static int open_assessor(study *x, attune_error *err)
{
    int status = x->open ? ATTUNE_OK : at_assessor_open(&x->assessor, x->lab->whole, err);
    for (int m = 0; m < ATTUNE_MODALITIES && !status && !x->open; m++) {
        const char *const none[2] = {NULL, NULL};
        char root[AT_TRAIN_PATH];
        at_cases normal = {0};
        if (!at_lab_root(x->lab, reference[m].folder, root))
            continue;
        status = at_cases_of_part(&normal, x->lab, &reference[m], none, err);
        status = status ? status : at_assessor_fit(&x->assessor, m, &normal, err);
        at_cases_free(&normal);
    }
    x->open = 1;
    return status;
}

static int judge_ground(json_t **out, study *x, int ground, attune_error *err)
{
    at_cases cases[2] = {{0}};
    at_view view[2] = {{0}};
    int status = open_assessor(x, err);
    for (int poor = 0; poor < 2 && !status; poor++) {
        status = cases_of(&cases[poor], x, ground, poor, err);
        status = status ? status : at_view_make(&view[poor], &x->assessor, &cases[poor], err);
    }
    if (!status && !(*out = json_array()))
        status = at_fail_nomem(err);
    status = status ? status : judge_all(*out, x->lab, view, err);
    for (int poor = 0; poor < 2; poor++) {
        at_view_free(&view[poor]);
        at_cases_free(&cases[poor]);
    }
    return status;
}

static int key_of(const study *x, int ground, uint64_t *key, attune_error *err)
{
    const at_part_of *part = grounds[ground].part;
    const at_part_of *const all[] = {part ? part : &at_ferplus, part ? NULL : &at_ravdess,
                                     &reference[ATTUNE_FACE], &reference[ATTUNE_VOICE]};
    int status = ATTUNE_OK;
    *key = at_lab_hash(x->lab);
    at_lab_hash_text(key, "reliability");
    at_lab_hash_text(key, grounds[ground].harm[0]);
    at_lab_hash_text(key, grounds[ground].harm[1]);
    for (size_t i = 0; i < sizeof all / sizeof *all && !status; i++) {
        at_corpus c = {0};
        char root[AT_TRAIN_PATH];
        if (!all[i] || !at_lab_root(x->lab, all[i]->folder, root))
            continue;
        status = at_corpus_read(&c, all[i]->dataset, root, all[i]->split, err);
        if (!status)
            at_lab_hash_corpus(key, &c);
        at_corpus_free(&c);
    }
    return status ? status : at_lab_hash_file(key, x->lab->whole, err);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void put_row(at_sheet *s, const at_lab *lab, int ground, const json_t *row)
{
    const at_part_of *part = grounds[ground].part;
    const char *harm = grounds[ground].harm[0], *other = grounds[ground].harm[1];
    char *command = at_lab_reproduce(lab);
    at_sheet_row(s);
    at_sheet_text(s, PART, "%s: %s", part ? part->title : at_duets_title,
                  json_string_value(json_object_get(row, "stream")));
    at_sheet_text(s, MEASURE, "%s", json_string_value(json_object_get(row, "measure")));
    for (int c = RIGHT; c <= ERROR_POOR; c++) {
        char name[48];
        snprintf(name, sizeof name, "%s_interval", at_reliability_columns[c].name);
        const json_t *two = json_object_get(row, name);
        const double v = at_result_figure(row, at_reliability_columns[c].name);
        if (two)
            at_sheet_interval(s, c, v, json_number_value(json_array_get(two, 0)),
                              json_number_value(json_array_get(two, 1)));
        else
            at_sheet_value(s, c, v);
    }
    at_sheet_text(
        s, PROTOCOL,
        "%s%s: %d samples, and %d degraded (%s%s%s), %s. Intervals: 95 %%, bootstrap over "
        "people.",
        part ? "Part " : "Parts of Table 4", part ? part->split : "", at_result_count(row, "n"),
        at_result_count(row, "n_degraded"), harm, other ? ", " : "", other ? other : "",
        part ? part->people : at_duets_people);
    at_sheet_value(s, SEED, (double)lab->o->seed);
    if (command)
        at_sheet_text(s, COMMAND, "%s", command);
    else
        s->status = ATTUNE_E_NOMEM;
    free(command);
}

static int put_ground(study *x, at_sheet *s, int ground, attune_error *err)
{
    const at_part_of *part = grounds[ground].part;
    json_t *list = NULL, *row;
    uint64_t key = 0;
    size_t i;
    int status = at_lab_step(x->lab, err, "what tells right from wrong: %s",
                             part ? part->title : at_duets_title);
    if (status <= 0)
        return status;
    status = key_of(x, ground, &key, err);
    if (!status)
        at_lab_recall(x->lab, key, &list);
    if (!status && !list) {
        status = judge_ground(&list, x, ground, err);
        status = status ? status : at_lab_keep(x->lab, key, list, err);
    }
    json_array_foreach(list, i, row) if (!status) put_row(s, x->lab, ground, row);
    json_decref(list);
    return status;
}

int at_reliability(at_lab *lab, at_sheet *s, attune_error *err)
{
    study x = {.lab = lab};
    int status = at_duets_open(&x.duets, lab, s, err);
    for (int g = 0; g < GROUNDS && !status; g++)
        if (grounds[g].part ? at_lab_part(lab, grounds[g].part, s) : x.duets != NULL)
            status = put_ground(&x, s, g, err);
    at_sheet_note(
        s,
        "Area: under the ROC curve of right answers against wrong ones; a coin has 0.5. Nothing is "
        "withheld here. A clip is judged by the window that has most of both streams. The low-rank "
        "covariance has %d principal components of training samples of FER+ and RAVDESS; "
        "\"adapted to the person\" brings the mean and the deviation of all the person's samples "
        "under that condition to the reference's, which is more than a session could know.",
        AT_FACTORS);
    if (x.open)
        at_assessor_close(&x.assessor);
    at_duets_free(&x.duets);
    return status;
}
