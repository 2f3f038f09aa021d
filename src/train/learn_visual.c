/* The face stream: FER+'s votes, FER2013's labels, DAiSEE's levels and WACV's engagement together on
 * MobileNetV2, from ImageNet weights. A batch is drawn from all sets at once; a head's loss is the
 * sum over its labelled rows divided by their expected number, so that a batch that happens to hold
 * few of a set does not count them for more. */
#include "train/learn.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/visual.h"
#include "train/checkpoint.h"
#include "train/face_set.h"
#include "train/judge_faces.h"
#include "train/loop.h"
#include "train/mixup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STAGES = 8, START_BATCHES = 12 };

typedef struct stage {
    double from; /* share of the run */
    int side;
} stage;

typedef struct task {
    const at_recipe *recipe;
    const attune_train_options *o;
    at_pool *pool;
    at_loop_plan plan;
    at_params params;
    at_face_set train, valid;
    at_face_augment augment;
    stage stages[MAX_STAGES];
    int n_stages, max_side, batch, bn_batches;
    int64_t steps_per_epoch;
    float dropout, smoothing, mixup;
    float weight_expression, weight_basic, weight_state, weight_engagement, weight_covered;
    float expected_votes, expected_basic, expected_engagement, expected_state; /* rows a batch */
    float class_votes[AT_FACE_CLASSES], class_basic[AT_BASIC_CLASSES];
    float class_engagement[ATTUNE_ENGAGEMENTS], positive[ATTUNE_STATES][AT_THRESHOLDS];
    /* prefetch thread */
    int *order;
    int64_t order_epoch;
    float *x[2], *covered[2];
    at_face_labels labels[2];
} task;

/* ---- recipe ------------------------------------------------------------------------------- */

static int side_at(const task *t, int64_t step)
{
    double done = (double)step / (double)(t->steps_per_epoch * t->plan.epochs);
    int side = t->stages[0].side;
    for (int i = 1; i < t->n_stages; i++)
        if (done >= t->stages[i].from)
            side = t->stages[i].side;
    return side;
}

static int read_stages(task *t, attune_error *err)
{
    const json_t *list = json_object_get(t->recipe->root, "sizes");
    t->stages[0] = (stage){0, AT_FACE_SIZE};
    t->n_stages = list ? (int)json_array_size(list) : 1;
    int ok = t->n_stages >= 1 && t->n_stages <= MAX_STAGES;
    for (int i = 0; list && ok && i < t->n_stages; i++) {
        const json_t *e = json_array_get(list, (size_t)i);
        t->stages[i].from = at_recipe_number(e, "from", 0);
        t->stages[i].side = (int)at_recipe_int(e, "side", 0);
        ok = t->stages[i].side >= 32 && t->stages[i].side <= 512;
    }
    for (int i = 0; ok && i < t->n_stages; i++)
        t->max_side = t->stages[i].side > t->max_side ? t->stages[i].side : t->max_side;
    return ok ? ATTUNE_OK
              : at_fail(err, ATTUNE_E_FORMAT, "%s: sizes must list {from, side}", t->recipe->path);
}

static int read_augment(task *t, attune_error *err)
{
    at_face_augment *a = &t->augment;
    const struct {
        const char *key;
        float *value;
    } fields[] = {
        {"flip", &a->flip},         {"shift", &a->shift}, {"turn", &a->turn},
        {"zoom", &a->zoom},         {"light", &a->light}, {"grey", &a->grey},
        {"occlude", &a->occlude},   {"blur", &a->blur},   {"small", &a->small},
        {"compress", &a->compress}, {"dark", &a->dark},   {"strength", &a->strength},
    };
    enum { FIELDS = sizeof fields / sizeof fields[0] };
    const char *known[FIELDS + 2] = {"comment"};
    const json_t *object = json_object_get(t->recipe->root, "augment");
    for (int i = 0; i < FIELDS; i++) {
        known[i + 1] = fields[i].key;
        *fields[i].value = (float)at_recipe_number(object, fields[i].key, 0);
    }
    return at_recipe_check(t->recipe, object, "augment", known, err);
}

static int read_recipe(task *t, attune_error *err)
{
    static const char *const known[] = {"kind",
                                        "name",
                                        "comment",
                                        "seed",
                                        "epochs",
                                        "eval_every",
                                        "batch",
                                        "sizes",
                                        "init",
                                        "detector",
                                        "data",
                                        "augment",
                                        "losses",
                                        "dropout",
                                        "optimiser",
                                        "checkpoint_minutes",
                                        "statistics_batches",
                                        "mixup",
                                        NULL};
    static const char *const losses[] = {
        "comment", "expression", "basic",         "state",         "engagement",
        "covered", "smoothing",  "class_balance", "level_balance", NULL};
    const json_t *root = t->recipe->root, *l = json_object_get(root, "losses");
    int status = at_recipe_check(t->recipe, root, "the recipe", known, err);
    status = status ? status : at_recipe_check(t->recipe, l, "losses", losses, err);
    status = status ? status : at_loop_plan_read(&t->plan, t->recipe, t->o, err);
    status = status ? status : read_stages(t, err);
    status = status ? status : read_augment(t, err);
    if (status)
        return status;
    t->batch = (int)at_recipe_int(root, "batch", 32);
    t->bn_batches = (int)at_recipe_int(root, "statistics_batches", 40);
    t->dropout = (float)at_recipe_number(root, "dropout", 0.3);
    t->smoothing = (float)at_recipe_number(l, "smoothing", 0);
    t->mixup = (float)at_recipe_number(root, "mixup", 0);
    t->weight_expression = (float)at_recipe_number(l, "expression", 1);
    t->weight_basic = (float)at_recipe_number(l, "basic", 0.5);
    t->weight_state = (float)at_recipe_number(l, "state", 0.3);
    t->weight_engagement = (float)at_recipe_number(l, "engagement", 0.2);
    t->weight_covered = (float)at_recipe_number(l, "covered", 0.2);
    if (t->batch < 2 || t->batch > 1024 || t->bn_batches < 1 || t->mixup < 0 || t->mixup > 1)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: batch, statistics_batches or mixup out of range",
                       t->recipe->path);
    return ATTUNE_OK;
}

/* (1/share)^power, scaled so that the mean over samples is 1. */
static void balance(const double *count, int n, double power, float *weight)
{
    double total = 0, mean = 0;
    for (int i = 0; i < n; i++)
        total += count[i];
    for (int i = 0; i < n; i++) {
        weight[i] = count[i] > 0 ? (float)pow(total / (n * count[i]), power) : 0;
        mean += total > 0 ? (double)weight[i] * count[i] / total : 0;
    }
    for (int i = 0; i < n; i++)
        weight[i] = mean > 0 ? weight[i] / (float)mean : 1;
}

static void weigh_classes(task *t)
{
    const json_t *l = json_object_get(t->recipe->root, "losses");
    double power = at_recipe_number(l, "class_balance", 0.25);
    double level_power = at_recipe_number(l, "level_balance", 0.5);
    at_face_counts c;
    at_face_set_counts(&t->train, &c);
    balance(c.votes, AT_FACE_CLASSES, power, t->class_votes);
    balance(c.basic, AT_BASIC_CLASSES, power, t->class_basic);
    balance(c.engagement, ATTUNE_ENGAGEMENTS, level_power, t->class_engagement);
    for (int s = 0; s < ATTUNE_STATES; s++)
        for (int k = 0; k < AT_THRESHOLDS; k++) {
            double over = c.above[s][k], under = c.states - over;
            double w = over > 0 && under > 0 ? pow(under / over, level_power) : 1;
            t->positive[s][k] = (float)fmin(10, fmax(0.1, w));
        }
    double rows = at_face_set_epoch_count(&t->train);
    t->expected_votes = (float)(t->batch * c.rows_votes / rows);
    t->expected_basic = (float)(t->batch * c.rows_basic / rows);
    t->expected_engagement = (float)(t->batch * c.rows_engagement / rows);
    t->expected_state = (float)(t->batch * c.rows_state / rows);
}

/* ---- batches ------------------------------------------------------------------------------ */

static int prepare(void *self, int64_t step, int slot)
{
    task *t = self;
    int64_t epoch = step / t->steps_per_epoch, at = step % t->steps_per_epoch;
    if (epoch != t->order_epoch) {
        int status = at_face_set_order(&t->train, t->plan.seed, epoch, t->order, NULL);
        if (status)
            return status;
        t->order_epoch = epoch;
    }
    const int *index = t->order + at * t->batch;
    at_face_labels_fill(&t->labels[slot], &t->train, index, t->batch);
    int side = side_at(t, step);
    int status = at_faces_render(&t->train.faces, index, t->batch, side, &t->augment,
                                 at_step_seed(t->plan.seed, step), NULL, t->x[slot],
                                 t->covered[slot]);
    if (!status && t->mixup > 0)
        at_mix_faces(t->x[slot], (size_t)side * side * 3, &t->labels[slot], t->covered[slot],
                     t->batch, t->mixup, at_step_seed(t->plan.seed, step));
    return status;
}

static float scaled(float weight, int rows, float expected)
{
    return expected > 0 ? weight * (float)rows / expected : 0;
}

static at_tensor *loss(void *self, at_graph *g, int64_t step, int slot)
{
    task *t = self;
    at_face_labels *l = &t->labels[slot];
    at_visual_options o = {.dropout = t->dropout};
    at_visual_out out;
    at_tensor *part[4 + ATTUNE_STATES];
    float weight[4 + ATTUNE_STATES];
    int n = 0, side = side_at(t, step);
    at_visual_forward(g, &t->params, at_visual_input(g, t->x[slot], t->batch, side), &o, &out);
    if (l->votes_n) {
        weight[n] = scaled(t->weight_expression, l->votes_n, t->expected_votes);
        part[n++] = at_cross_entropy(g, out.expression, l->votes, t->class_votes, l->votes_row,
                                     t->smoothing);
    }
    if (l->basic_n) {
        weight[n] = scaled(t->weight_basic, l->basic_n, t->expected_basic);
        part[n++] =
            at_cross_entropy(g, out.basic, l->basic, t->class_basic, l->basic_row, t->smoothing);
    }
    if (l->engagement_n) {
        weight[n] = scaled(t->weight_engagement, l->engagement_n, t->expected_engagement);
        part[n++] = at_cross_entropy(g, out.engagement, l->engagement, t->class_engagement,
                                     l->engagement_row, t->smoothing);
    }
    for (int s = 0; l->state_n && s < ATTUNE_STATES; s++) {
        at_tensor *x = at_slice(g, out.state, s * AT_THRESHOLDS, (s + 1) * AT_THRESHOLDS);
        weight[n] = scaled(t->weight_state, l->state_n, t->expected_state);
        part[n++] = at_ordinal_loss(g, x, l->level[s], t->positive[s]);
    }
    weight[n] = t->weight_covered;
    part[n++] = at_binary_cross_entropy(g, out.covered, t->covered[slot], NULL);
    return at_sum_losses(g, part, weight, n);
}

/* ---- evaluation --------------------------------------------------------------------------- */

/* Batch norm statistics of the averaged weights: the mean over some batches of training pictures,
 * through the momentum 1/k of the k-th. The same batches every time. */
static int settle_statistics(task *t, at_graph *g, int side, attune_error *err)
{
    int total = at_face_set_epoch_count(&t->train), status = ATTUNE_OK;
    int *order = malloc(((size_t)total + 1) * sizeof *order);
    float *x = at_alloc((size_t)t->batch * side * side * 3, sizeof *x);
    if (!order || !x)
        status = at_fail_nomem(err);
    status = status ? status : at_face_set_order(&t->train, t->plan.seed, -1, order, err);
    for (int k = 0; !status && k < t->bn_batches && (k + 1) * t->batch <= total; k++) {
        at_visual_options o = {.momentum = 1.0f / (float)(k + 1)};
        at_visual_out out;
        status = at_faces_render(&t->train.faces, order + k * t->batch, t->batch, side, &t->augment,
                                 at_step_seed(t->plan.seed, -1 - k), t->pool, x, NULL);
        at_graph_begin(g, AT_TRAIN, 0);
        at_visual_forward(g, &t->params, at_visual_input(g, x, t->batch, side), &o, &out);
        if (!status)
            status = at_graph_status(g);
        if (status)
            at_fail(err, (attune_status)status, "batch norm statistics: out of memory");
    }
    at_free(x);
    free(order);
    return status;
}

static int evaluate(void *self, at_graph *g, int64_t step, json_t *metrics, double *score,
                    attune_error *err)
{
    task *t = self;
    int side = side_at(t, step > 0 ? step - 1 : 0);
    int status = settle_statistics(t, g, side, err);
    return status ? status
                  : at_judge_faces(&t->valid, &t->params, t->pool, g, side, metrics, score, err);
}

/* ---- start -------------------------------------------------------------------------------- */

/* Runs the first batches and lets batch norm start out equal to the folded network. */
static int settle_start(task *t, attune_error *err)
{
    at_mb_observer *seen = NULL;
    at_graph *g = NULL;
    int status = at_mb_observer_create(&seen, err);
    status = status ? status : at_graph_create(&g, t->pool, at_kernels_best(), err);
    for (int k = 0; !status && k < START_BATCHES && k < t->steps_per_epoch; k++) {
        at_visual_options o = {.observer = seen};
        at_visual_out out;
        int side = side_at(t, 0);
        status = prepare(t, k, 0);
        at_graph_begin(g, AT_INFER, 0);
        at_visual_forward(g, &t->params, at_visual_input(g, t->x[0], t->batch, side), &o, &out);
        if (!status)
            status = at_graph_status(g);
        if (status)
            at_fail(err, (attune_status)status, "first batches: out of memory");
    }
    status = status ? status : at_visual_calibrate_bn(&t->params, seen, err);
    at_graph_free(&g);
    at_mb_observer_free(&seen);
    return status;
}

/* From a network of ours, or from ImageNet's with batch norm folded in. */
static int start_from(task *t, const char *file, attune_error *err)
{
    at_weights *w = NULL;
    char *path = NULL;
    int status = at_recipe_find(t->recipe, file, t->o, &path, err);
    status = status ? status : at_weights_load(&w, path, err);
    if (!status && at_weights_find(w, "visual.stem.gamma")) {
        status = at_params_load(path, &t->params, "visual.covered.", err);
    } else if (!status) {
        status = at_visual_import_folded(&t->params, w, err);
        status = status ? status : settle_start(t, err);
    }
    at_weights_free(&w);
    free(path);
    return status;
}

/* Heads learn faster, early layers slower: they are general already. */
static void scale_rates(task *t)
{
    const json_t *o = json_object_get(t->recipe->root, "optimiser");
    float heads = (float)at_recipe_number(o, "lr_heads", 3);
    float early = (float)at_recipe_number(o, "lr_early", 0.3);
    static const char *const early_names[] = {"visual.stem.",   "visual.block0.", "visual.block1.",
                                              "visual.block2.", "visual.block3.", NULL};
    static const char *const head_names[] = {"visual.expression.", "visual.basic.",
                                             "visual.state.",      "visual.engagement.",
                                             "visual.covered.",    NULL};
    for (int i = 0; i < t->params.count; i++) {
        at_param *p = t->params.list[i];
        for (int k = 0; early_names[k]; k++)
            if (!strncmp(p->name, early_names[k], strlen(early_names[k])))
                p->lr_scale = early;
        for (int k = 0; head_names[k]; k++)
            if (!strncmp(p->name, head_names[k], strlen(head_names[k])))
                p->lr_scale = heads;
    }
}

static int set_up(task *t, attune_error *err)
{
    at_rng rng;
    int status = read_recipe(t, err);
    at_rng_seed(&rng, (uint64_t)t->plan.seed, 0);
    status = status ? status : at_visual_init(&t->params, &rng, err);
    status = status ? status
                    : at_face_set_load(&t->train, t->recipe, "train", t->o, 1, t->pool, err);
    status = status ? status
                    : at_face_set_load(&t->valid, t->recipe, "valid", t->o, 1, t->pool, err);
    if (status)
        return status;
    int rows = at_face_set_epoch_count(&t->train);
    size_t pixels = (size_t)t->batch * t->max_side * t->max_side * 3;
    t->steps_per_epoch = rows / t->batch;
    t->order_epoch = -1;
    t->order = malloc(((size_t)rows + 1) * sizeof *t->order);
    status = t->order ? ATTUNE_OK : at_fail_nomem(err);
    for (int slot = 0; slot < 2 && !status; slot++) {
        t->x[slot] = at_alloc(pixels, sizeof(float));
        t->covered[slot] = at_alloc((size_t)t->batch, sizeof(float));
        status = t->x[slot] && t->covered[slot]
                     ? at_face_labels_create(&t->labels[slot], t->batch, err)
                     : at_fail_nomem(err);
    }
    if (status)
        return status;
    weigh_classes(t);
    scale_rates(t);
    const char *init = at_recipe_string(t->recipe->root, "init", NULL);
    return init && !t->o->resume ? start_from(t, init, err) : ATTUNE_OK;
}

int at_learn_visual(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                    attune_error *err)
{
    task *t = at_calloc(1, sizeof *t);
    if (!t)
        return at_fail_nomem(err);
    t->recipe = r;
    t->o = o;
    t->pool = pool;
    int status = set_up(t, err);
    if (!status) {
        at_learner l = {
            .self = t,
            .params = &t->params,
            .steps_per_epoch = t->steps_per_epoch,
            .batch = t->batch,
            .prepare = prepare,
            .loss = loss,
            .evaluate = evaluate,
            .record = "training",
        };
        status = at_loop_run(&l, &t->plan, r, o, pool, err);
    }
    at_params_free(&t->params);
    at_face_set_free(&t->train);
    at_face_set_free(&t->valid);
    for (int slot = 0; slot < 2; slot++) {
        at_free(t->x[slot]);
        at_free(t->covered[slot]);
        at_face_labels_free(&t->labels[slot]);
    }
    free(t->order);
    at_free(t);
    return status;
}
