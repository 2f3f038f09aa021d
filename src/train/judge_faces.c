#include "train/judge_faces.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "eval/confidence.h"
#include "model/visual.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVAL_BATCH = 32, COVERED_PICTURES = 1024 };

typedef struct judge {
    const at_face_set *valid;
    at_params *params;
    at_pool *pool;
} judge;

static void note(json_t **metrics, const char *name, const char *what, double value)
{
    char key[64];
    snprintf(key, sizeof key, "%s.%s", name, what);
    at_json_put_real(metrics, key, value);
}

static double mean_error(const float *told, const float *truth, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += fabs((double)told[i] - (double)truth[i]);
    return sum / n;
}

/* How well the covered share is told on validation pictures that something is put over half of the
 * time, from a tenth of the face to nearly all of it: correlation with what was put there, and the mean
 * error. */
static int judge_covered(judge *t, at_graph *g, int side, json_t **metrics, attune_error *err)
{
    static const at_face_augment hidden = {.occlude = 0.5f, .strength = 1, .covers = 0.9f};
    int count = t->valid->faces.count, index[EVAL_BATCH], status = ATTUNE_OK, seen = 0;
    int stride = count / COVERED_PICTURES > 0 ? count / COVERED_PICTURES : 1;
    float *x = at_alloc((size_t)EVAL_BATCH * side * side * 3, sizeof *x);
    float *told = malloc(COVERED_PICTURES * sizeof *told);
    at_face_drawn put[EVAL_BATCH];
    float *truth = malloc(COVERED_PICTURES * sizeof *truth);
    if (!x || !told || !truth)
        status = at_fail_nomem(err);
    while (!status && seen + EVAL_BATCH <= COVERED_PICTURES &&
           (seen + EVAL_BATCH) * stride <= count) {
        at_visual_options o = {0};
        at_visual_out out;
        for (int i = 0; i < EVAL_BATCH; i++)
            index[i] = (seen + i) * stride;
        status =
            at_faces_render(&t->valid->faces, index, EVAL_BATCH, side, &hidden, 1, t->pool, x, put);
        at_graph_begin(g, AT_INFER, 0);
        at_visual_forward(g, t->params, at_visual_input(g, x, EVAL_BATCH, side), &o, &out);
        status = status ? status : at_graph_status(g);
        if (status)
            at_fail(err, (attune_status)status, "evaluation: out of memory");
        for (int i = 0; !status && i < EVAL_BATCH; i++, seen++) {
            told[seen] = 1 / (1 + expf(-out.covered->data[i]));
            truth[seen] = put[i].covered;
        }
    }
    if (!status) {
        note(metrics, "covered", "r", at_correlation(told, truth, seen));
        note(metrics, "covered", "error", mean_error(told, truth, seen));
    }
    at_free(x);
    free(told);
    free(truth);
    return status;
}

/* All validation logits: expression 8, basic 7, state 12, engagement 3, units 51, pose 3, dominant 4 a row. */
enum {
    OUT_BASIC = AT_FACE_CLASSES,
    OUT_STATE = OUT_BASIC + AT_BASIC_CLASSES,
    OUT_ENGAGEMENT = OUT_STATE + ATTUNE_STATES * AT_THRESHOLDS,
    OUT_UNITS = OUT_ENGAGEMENT + ATTUNE_ENGAGEMENTS,
    OUT_POSE = OUT_UNITS + ATTUNE_UNITS,
    OUT_DOMINANT = OUT_POSE + AT_POSE_AXES,
    OUTPUTS = OUT_DOMINANT + ATTUNE_STATES
};

static int predict(judge *t, at_graph *g, int side, float *logits, attune_error *err)
{
    int count = t->valid->faces.count, index[EVAL_BATCH], status = ATTUNE_OK;
    float *x = at_alloc((size_t)EVAL_BATCH * side * side * 3, sizeof *x);
    if (!x)
        return at_fail_nomem(err);
    for (int from = 0; !status && from < count; from += EVAL_BATCH) {
        int n = count - from < EVAL_BATCH ? count - from : EVAL_BATCH;
        at_visual_options o = {0};
        at_visual_out out;
        for (int i = 0; i < n; i++)
            index[i] = from + i;
        status = at_faces_render(&t->valid->faces, index, n, side, NULL, 0, t->pool, x, NULL);
        at_graph_begin(g, AT_INFER, 0);
        at_visual_forward(g, t->params, at_visual_input(g, x, n, side), &o, &out);
        if (!status)
            status = at_graph_status(g);
        if (status)
            at_fail(err, (attune_status)status, "evaluation: out of memory");
        for (int i = 0; !status && i < n; i++) {
            float *row = logits + (size_t)(from + i) * OUTPUTS;
            memcpy(row, out.expression->data + (size_t)i * AT_FACE_CLASSES,
                   AT_FACE_CLASSES * sizeof(float));
            memcpy(row + OUT_BASIC, out.basic->data + (size_t)i * AT_BASIC_CLASSES,
                   AT_BASIC_CLASSES * sizeof(float));
            memcpy(row + OUT_STATE, out.state->data + (size_t)i * ATTUNE_STATES * AT_THRESHOLDS,
                   ATTUNE_STATES * AT_THRESHOLDS * sizeof(float));
            memcpy(row + OUT_ENGAGEMENT, out.engagement->data + (size_t)i * ATTUNE_ENGAGEMENTS,
                   ATTUNE_ENGAGEMENTS * sizeof(float));
            memcpy(row + OUT_UNITS, out.units->data + (size_t)i * ATTUNE_UNITS,
                   ATTUNE_UNITS * sizeof(float));
            memcpy(row + OUT_POSE, out.pose->data + (size_t)i * AT_POSE_AXES,
                   AT_POSE_AXES * sizeof(float));
            if (out.dominant)
                memcpy(row + OUT_DOMINANT, out.dominant->data + (size_t)i * ATTUNE_STATES,
                       ATTUNE_STATES * sizeof(float));
        }
    }
    at_free(x);
    return status;
}

typedef enum which { EXPRESSION, BASIC, ENGAGEMENT, DOMINANT } which;

static int label_of(const judge *t, int i, which head)
{
    const at_sample *s = &t->valid->faces.list[i].label;
    if (head == BASIC)
        return t->valid->basic[i];
    if (head == ENGAGEMENT)
        return s->engagement;
    if (head == DOMINANT)
        return at_label_of(s, AT_HEAD_DOMINANT4);
    return at_sample_has_votes(s) ? s->expression : -1;
}

/* Figures of one classification head over the rows that have its label; m->n is 0 without any. ATTUNE_E_NOMEM. */
static int judge_classes(const judge *t, const float *logits, which head, const char *name,
                         float *p, int *label, json_t **metrics, at_metrics *m)
{
    const int offset[] = {0, OUT_BASIC, OUT_ENGAGEMENT, OUT_DOMINANT};
    const int classes[] = {AT_FACE_CLASSES, AT_BASIC_CLASSES, ATTUNE_ENGAGEMENTS, ATTUNE_STATES};
    at_answers a = {.classes = classes[head], .label = label, .p = p};
    for (int i = 0; i < t->valid->faces.count; i++) {
        int want = label_of(t, i, head);
        if (want < 0)
            continue;
        at_probabilities(logits + (size_t)i * OUTPUTS + offset[head], a.classes, 1,
                         p + a.n * a.classes);
        label[a.n++] = want;
    }
    double error;
    at_metrics_compute(m, &a);
    if (!a.n)
        return ATTUNE_OK;
    if (at_ece(&error, &a))
        return ATTUNE_E_NOMEM;
    note(metrics, name, "accuracy", m->accuracy);
    note(metrics, name, "balanced", m->balanced_accuracy);
    note(metrics, name, "macro_f1", m->macro_f1);
    note(metrics, name, "ece", error);
    return ATTUNE_OK;
}

/* All classification heads. *score: how often FER+'s label is told or, without any, FER2013's;
 * without these the macro F1 of the dominant state, of which a constant answer is often right. */
static int judge_labels(const judge *t, const float *logits, int has_dominant, float *p, int *label,
                        json_t **metrics, double *score)
{
    at_metrics votes, basic, engagement, dominant = {0};
    if (judge_classes(t, logits, EXPRESSION, "ferplus", p, label, metrics, &votes) ||
        judge_classes(t, logits, BASIC, "fer2013", p, label, metrics, &basic) ||
        judge_classes(t, logits, ENGAGEMENT, "engagement3", p, label, metrics, &engagement) ||
        (has_dominant &&
         judge_classes(t, logits, DOMINANT, "dominant4", p, label, metrics, &dominant)))
        return ATTUNE_E_NOMEM;
    *score = votes.n ? votes.accuracy : basic.n ? basic.accuracy : dominant.macro_f1;
    return ATTUNE_OK;
}

/* AUC at the published thresholds: level >= 1, engagement = 3. */
static int judge_states(const judge *t, const float *logits, float *score, int *positive,
                        json_t **metrics)
{
    for (int s = 0; s < ATTUNE_STATES; s++) {
        int k = s == ATTUNE_ENGAGEMENT ? AT_THRESHOLDS - 1 : 0, n = 0;
        for (int i = 0; i < t->valid->faces.count; i++) {
            int level = t->valid->faces.list[i].label.state[s];
            if (level < 0)
                continue;
            score[n] = logits[(size_t)i * OUTPUTS + OUT_STATE + s * AT_THRESHOLDS + k];
            positive[n++] = level > k;
        }
        double auc;
        if (n && at_auc(&auc, score, positive, n))
            return ATTUNE_E_NOMEM;
        if (n)
            note(metrics, attune_state_names[s], "auc", auc);
    }
    return ATTUNE_OK;
}

/* Correlation of one output with what the teacher saw, in the faces of set k. NaN: too few, or nothing
 * moves. truth, told: room for all faces. */
static double agreement(const judge *t, const float *logits, int set, int output, float *truth,
                        float *told)
{
    int n = 0;
    for (int i = 0; i < t->valid->faces.count; i++) {
        const at_taught *seen = t->valid->taught[i];
        if (!seen || t->valid->set_of[i] != set)
            continue;
        const float x = logits[(size_t)i * OUTPUTS + output];
        const int unit = output - OUT_UNITS;
        truth[n] = unit < ATTUNE_UNITS ? seen->unit[unit] : seen->pose[output - OUT_POSE];
        told[n++] = unit < ATTUNE_UNITS ? 1 / (1 + expf(-x)) : x;
    }
    return n > 2 ? at_correlation(told, truth, n) : NAN;
}

/* How much a movement is moved, as the teacher sees it. */
static double deviation(const judge *t, int unit)
{
    double n = 0, sum = 0, square = 0;
    for (int i = 0; i < t->valid->faces.count; i++)
        if (t->valid->taught[i]) {
            double x = (double)t->valid->taught[i]->unit[unit];
            n++, sum += x, square += x * x;
        }
    return n > 0 ? sqrt(fmax(square / n - sum / n * (sum / n), 0)) : 0;
}

/* Whether a movement is among those that vary most, of which the mean is taken. */
static int varies(const double *spread, int unit)
{
    enum { VARIED = 30 };
    int above = 0;
    for (int k = 0; k < ATTUNE_UNITS; k++)
        above += spread[k] > spread[unit] || (spread[k] == spread[unit] && k < unit);
    return above < VARIED;
}

/* Of each set by itself: its faces' movements and poses against what the teacher saw. room: two floats
 * a face. */
static void judge_movements(const judge *t, const float *logits, float *room, json_t **metrics)
{
    static const char *const axes[] = {"yaw", "pitch"};
    float *truth = room, *told = room + t->valid->faces.count;
    double spread[ATTUNE_UNITS];
    for (int u = 0; u < ATTUNE_UNITS; u++)
        spread[u] = deviation(t, u);
    for (int set = 0; set < t->valid->sets; set++) {
        json_t *each = json_object();
        char name[32];
        double sum = 0;
        int counted = 0;
        for (int u = 0; u < ATTUNE_UNITS; u++) {
            const double r = agreement(t, logits, set, OUT_UNITS + u, truth, told);
            if (varies(spread, u) && isfinite(r))
                sum += r, counted++;
            at_json_put_real(&each, attune_units[u].name, r);
        }
        for (int a = 0; a < 2; a++)
            at_json_put_real(&each, axes[a], agreement(t, logits, set, OUT_POSE + a, truth, told));
        snprintf(name, sizeof name, "units.%d", set);
        note(metrics, name, "r", counted ? sum / counted : NAN);
        if (counted)
            at_json_put(metrics, name, json_incref(each)); /* "units.0.r" is their mean */
        json_decref(each);
    }
}

int at_judge_faces(const at_face_set *valid, at_params *params, at_pool *pool, at_graph *g,
                   int side, json_t **metrics, double *score, attune_error *err)
{
    judge self = {valid, params, pool}, *t = &self;
    size_t count = (size_t)valid->faces.count;
    float *logits = malloc((count + 1) * OUTPUTS * sizeof *logits);
    float *p = malloc((count + 1) * AT_FACE_CLASSES * sizeof *p);
    int *label = malloc((count + 1) * sizeof *label);
    int status = logits && p && label ? ATTUNE_OK : at_fail_nomem(err);
    status = status ? status : predict(t, g, side, logits, err);
    status = status ? status : judge_covered(t, g, side, metrics, err);
    if (!status) {
        at_json_put(metrics, "side", json_integer(side));
        const int dominant = at_params_find(params, "visual.dominant.weight") != NULL;
        if (judge_labels(t, logits, dominant, p, label, metrics, score) ||
            judge_states(t, logits, p, label, metrics))
            status = at_fail_nomem(err);
        judge_movements(t, logits, p, metrics);
    }
    free(logits);
    free(p);
    free(label);
    return status;
}
