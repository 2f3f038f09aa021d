/* The face stream: FER+'s votes, FER2013's labels, DAiSEE's levels and WACV's engagement together on
 * MobileNetV2, from ImageNet weights. A batch is drawn from all sets at once; a head's loss is the
 * sum over its labelled rows divided by their expected number, so that a batch that happens to hold
 * few of a set does not count them for more. */
#include "base/error.h"
#include "base/mem.h"
#include "model/visual.h"
#include "train/checkpoint.h"
#include "train/class_weights.h"
#include "train/face_set.h"
#include "train/judge_faces.h"
#include "train/mixup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { START_BATCHES = 12 };

typedef struct task {
    at_learning t;
    const at_visual_settings *s;
    at_face_set train, valid;
    float expected_votes, expected_basic, expected_engagement, expected_state, expected_dominant,
        expected_taught;
    float class_votes[AT_FACE_CLASSES], class_basic[AT_BASIC_CLASSES],
        class_dominant[ATTUNE_STATES];
    float class_engagement[ATTUNE_ENGAGEMENTS], positive[ATTUNE_STATES][AT_THRESHOLDS];
    /* prefetch thread */
    int *order;
    int64_t order_epoch;
    float *x[2], *covered[2];
    at_face_drawn *drawn;
    at_face_labels labels[2];
} task;

/* ---- what counts how much ------------------------------------------------------------------- */

static int side_at(const task *t, int64_t step)
{
    double done = (double)step / (double)(t->t.shards_per_epoch * t->t.plan.epochs);
    int side = t->s->sizes ? t->s->size[0].side : AT_FACE_SIZE;
    for (int i = 1; i < t->s->sizes; i++)
        if (done >= t->s->size[i].from)
            side = t->s->size[i].side;
    return side;
}

static int largest_side(const task *t)
{
    int side = t->s->sizes ? 0 : AT_FACE_SIZE;
    for (int i = 0; i < t->s->sizes; i++)
        side = t->s->size[i].side > side ? t->s->size[i].side : side;
    return side;
}

static void weigh_classes(task *t)
{
    double power = t->s->losses.class_balance, level_power = t->s->losses.level_balance;
    at_face_counts c;
    at_face_set_counts(&t->train, &c);
    at_class_weights(c.votes, AT_FACE_CLASSES, power, t->class_votes);
    at_class_weights(c.basic, AT_BASIC_CLASSES, power, t->class_basic);
    at_class_weights(c.dominant, ATTUNE_STATES, power, t->class_dominant);
    at_class_weights(c.engagement, ATTUNE_ENGAGEMENTS, level_power, t->class_engagement);
    for (int s = 0; s < ATTUNE_STATES; s++)
        for (int k = 0; k < AT_THRESHOLDS; k++) {
            double over = c.above[s][k], under = c.states - over;
            double w = over > 0 && under > 0 ? pow(under / over, level_power) : 1;
            t->positive[s][k] = (float)fmin(10, fmax(0.1, w));
        }
    at_draw draw = at_face_set_draw(&t->train);
    double batch = t->t.batch, rows = at_draw_count(&draw);
    t->expected_votes = (float)(batch * c.rows_votes / rows);
    t->expected_basic = (float)(batch * c.rows_basic / rows);
    t->expected_engagement = (float)(batch * c.rows_engagement / rows);
    t->expected_state = (float)(batch * c.rows_state / rows);
    t->expected_dominant = (float)(batch * c.rows_dominant / rows);
    t->expected_taught = (float)(batch * c.rows_taught / rows);
}

/* ---- batches ------------------------------------------------------------------------------ */

static int prepare(void *self, int64_t step, int slot)
{
    task *t = self;
    int64_t epoch = step / t->t.shards_per_epoch, at = step % t->t.shards_per_epoch;
    if (epoch != t->order_epoch) {
        at_draw draw = at_face_set_draw(&t->train);
        int status = at_draw_order(&draw, t->t.plan.seed, epoch, t->order);
        if (status)
            return status;
        t->order_epoch = epoch;
    }
    const int *index = t->order + at * t->t.batch;
    int side = side_at(t, step);
    int status = at_faces_render(&t->train.faces, index, t->t.batch, side, &t->s->augment,
                                 at_step_seed(t->t.plan.seed, step), NULL, t->x[slot], t->drawn);
    at_face_labels_fill(&t->labels[slot], &t->train, index, t->drawn, t->t.batch);
    for (int i = 0; i < t->t.batch; i++)
        t->covered[slot][i] = t->drawn[i].covered;
    if (!status && t->s->mixup > 0)
        at_mix_faces(t->x[slot], (size_t)side * side * 3, &t->labels[slot], t->covered[slot],
                     t->t.batch, t->s->mixup, at_step_seed(t->t.plan.seed, step));
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
    at_visual_options o = {.dropout = t->s->dropout};
    at_visual_out out;
    at_tensor *part[7 + ATTUNE_STATES];
    float weight[7 + ATTUNE_STATES];
    int n = 0, side = side_at(t, step);
    at_visual_forward(g, &t->t.params, at_visual_input(g, t->x[slot], t->t.batch, side), &o, &out);
    if (l->votes_n) {
        weight[n] = scaled(t->s->losses.expression, l->votes_n, t->expected_votes);
        part[n++] = at_cross_entropy(g, out.expression, l->votes, t->class_votes, l->votes_row,
                                     t->s->losses.smoothing);
    }
    if (l->basic_n) {
        weight[n] = scaled(t->s->losses.basic, l->basic_n, t->expected_basic);
        part[n++] = at_cross_entropy(g, out.basic, l->basic, t->class_basic, l->basic_row,
                                     t->s->losses.smoothing);
    }
    if (l->engagement_n) {
        weight[n] = scaled(t->s->losses.engagement, l->engagement_n, t->expected_engagement);
        part[n++] = at_cross_entropy(g, out.engagement, l->engagement, t->class_engagement,
                                     l->engagement_row, t->s->losses.smoothing);
    }
    for (int s = 0; l->state_n && s < ATTUNE_STATES; s++) {
        at_tensor *x = at_slice(g, out.state, s * AT_THRESHOLDS, (s + 1) * AT_THRESHOLDS);
        weight[n] = scaled(t->s->losses.state, l->state_n, t->expected_state);
        part[n++] = at_ordinal_loss(g, x, l->level[s], t->positive[s]);
    }
    if (l->dominant_n && out.dominant) {
        weight[n] = scaled(t->s->losses.dominant, l->dominant_n, t->expected_dominant);
        part[n++] = at_cross_entropy(g, out.dominant, l->dominant, t->class_dominant,
                                     l->dominant_row, t->s->losses.smoothing);
    }
    if (l->taught_n) {
        weight[n] = scaled(t->s->losses.units, l->taught_n, t->expected_taught);
        part[n++] = at_binary_cross_entropy(g, out.units, l->units, l->units_weight);
        weight[n] = scaled(t->s->losses.pose, l->taught_n, t->expected_taught);
        part[n++] = at_smooth_l1(g, out.pose, l->pose, l->pose_weight);
    }
    weight[n] = t->s->losses.covered;
    part[n++] = at_binary_cross_entropy(g, out.covered, t->covered[slot], NULL);
    return at_sum_losses(g, part, weight, n);
}

/* ---- evaluation --------------------------------------------------------------------------- */

/* Batch norm statistics of the averaged weights: the mean over some batches of training pictures,
 * through the momentum 1/k of the k-th. The same batches every time. Those of a frozen trunk stay. */
static int settle_statistics(task *t, at_graph *g, int side, attune_error *err)
{
    if (t->s->frozen)
        return ATTUNE_OK;
    at_draw draw = at_face_set_draw(&t->train);
    int total = at_draw_count(&draw), status = ATTUNE_OK;
    int *order = malloc(((size_t)total + 1) * sizeof *order);
    float *x = at_alloc((size_t)t->t.batch * side * side * 3, sizeof *x);
    if (!order || !x || at_draw_order(&draw, t->t.plan.seed, -1, order))
        status = at_fail_nomem(err);
    for (int k = 0; !status && k < t->s->statistics_batches && (k + 1) * t->t.batch <= total; k++) {
        at_visual_options o = {.momentum = 1.0f / (float)(k + 1)};
        at_visual_out out;
        status = at_faces_render(&t->train.faces, order + k * t->t.batch, t->t.batch, side,
                                 &t->s->augment, at_step_seed(t->t.plan.seed, -1 - k),
                                 t->t.job->pool, x, NULL);
        at_graph_begin(g, AT_TRAIN, 0);
        at_visual_forward(g, &t->t.params, at_visual_input(g, x, t->t.batch, side), &o, &out);
        if (!status)
            status = at_graph_status(g);
        if (status)
            at_fail(err, (attune_status)status, "batch norm statistics: out of memory");
    }
    at_free(x);
    free(order);
    return status;
}

static int evaluate(void *self, at_graph *g, int64_t step, json_t **metrics, double *score,
                    attune_error *err)
{
    task *t = self;
    int side = side_at(t, step > 0 ? step - 1 : 0);
    int status = settle_statistics(t, g, side, err);
    return status ? status
                  : at_judge_faces(&t->valid, &t->t.params, t->t.job->pool, g, side, metrics, score,
                                   err);
}

/* ---- start -------------------------------------------------------------------------------- */

/* Runs the first batches and lets batch norm start out equal to the folded network. Where it is frozen it
 * already is. */
static int settle_start(task *t, attune_error *err)
{
    if (t->s->frozen)
        return ATTUNE_OK;
    at_mb_observer *seen = NULL;
    at_graph *g = NULL;
    int status = at_mb_observer_create(&seen, err);
    status = status ? status : at_graph_create(&g, t->t.job->pool, at_kernels_best(), err);
    for (int k = 0; !status && k < START_BATCHES && k < t->t.shards_per_epoch; k++) {
        at_visual_options o = {.observer = seen};
        at_visual_out out;
        int side = side_at(t, 0);
        status = prepare(t, k, 0);
        at_graph_begin(g, AT_INFER, 0);
        at_visual_forward(g, &t->t.params, at_visual_input(g, t->x[0], t->t.batch, side), &o, &out);
        if (!status)
            status = at_graph_status(g);
        if (status)
            at_fail(err, (attune_status)status, "first batches: out of memory");
    }
    status = status ? status : at_visual_calibrate_bn(&t->t.params, seen, err);
    at_graph_free(&g);
    at_mb_observer_free(&seen);
    return status;
}

/* A network's spatial encoder is not left behind unsaid. */
static int check_encoder(const task *t, const at_weights *w, attune_error *err)
{
    at_encoder_shape there;
    int status = at_encoder_shape_of(&at_spatial, at_weights_source(w), &there, err);
    return !status && there.layers && !t->s->spatial.layers
               ? at_fail(err, ATTUNE_E_FORMAT, "%s: has a spatial encoder, the recipe has none",
                         t->s->init)
               : status;
}

/* From a network of ours, a whole model, or from ImageNet's with batch norm folded in. */
static int start_from(task *t, const char *file, attune_error *err)
{
    at_weights *w = NULL;
    char *path = NULL;
    int status = at_job_find(t->t.job, file, &path, err);
    status = status ? status : at_weights_load(&w, path, err);
    status = status ? status : check_encoder(t, w, err);
    if (!status && at_weights_find(w, "visual.stem.gamma")) {
        static const char *const later[] = {"visual.covered.",  "visual.units.",   "visual.pose.",
                                            "visual.dominant.", "visual.spatial.", NULL};
        status = at_params_load(path, &t->t.params, later, err);
    } else if (!status && at_weights_find(w, "visual.stem.weight")) {
        status = at_visual_import_own(&t->t.params, w, err);
        status = status ? status : settle_start(t, err);
    } else if (!status) {
        status = at_visual_import_folded(&t->t.params, w, err);
        status = status ? status : settle_start(t, err);
    }
    at_weights_free(&w);
    free(path);
    return status;
}

static int begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

static int is_spatial(const char *name)
{
    return begins(name, "visual.spatial.");
}

static int is_head(const char *name)
{
    for (int h = 0; h < AT_FACE_HEADS; h++)
        if (begins(name, at_heads[h].parameters) && name[strlen(at_heads[h].parameters)] == '.')
            return 1;
    return 0;
}

/* Heads learn faster, early layers slower: they are general already. */
static void scale_rates(task *t)
{
    float heads = t->t.plan.optimiser.lr_heads, early = t->t.plan.optimiser.lr_early;
    static const char *const early_names[] = {"visual.stem.",   "visual.block0.", "visual.block1.",
                                              "visual.block2.", "visual.block3.", NULL};
    for (int i = 0; i < t->t.params.count; i++) {
        at_param *p = t->t.params.list[i];
        for (int k = 0; early_names[k]; k++)
            if (begins(p->name, early_names[k]))
                p->lr_scale = early;
        if (is_head(p->name) || is_spatial(p->name))
            p->lr_scale = heads;
    }
}

/* What stays as it is gets no gradient, and nothing is recorded for it. */
static void freeze(task *t)
{
    const int heads_learn = t->s->frozen && strcmp(t->s->frozen, "trunk") == 0;
    for (int i = 0; i < t->t.params.count && t->s->frozen; i++) {
        at_param *p = t->t.params.list[i];
        if (!is_spatial(p->name) && !(heads_learn && is_head(p->name)))
            p->trainable = 0;
    }
}

static int load_parts(task *t, attune_error *err)
{
    const at_job *job = t->t.job;
    at_params detector = {0};
    int limit = job->options->limit;
    int status = at_job_detector(job, t->s->detector, &detector, NULL, err);
    if (!status)
        status = at_face_set_load(&t->train, job, &t->s->data, AT_PART_TRAIN, limit, &detector,
                                  t->s->teacher, err);
    if (!status)
        status = at_face_set_advise(&t->train, job, t->s->ensemble, t->s->models,
                                    t->s->losses.ensemble, err);
    if (!status && at_ranks_lead(job->ranks)) /* which judges */
        status = at_face_set_load(&t->valid, job, &t->s->data, AT_PART_VALID, limit, &detector,
                                  t->s->teacher, err);
    at_params_free(&detector);
    return status;
}

static int make_slots(task *t, attune_error *err)
{
    size_t side = (size_t)largest_side(t), batch = (size_t)t->t.batch;
    at_draw draw = at_face_set_draw(&t->train);
    int rows = at_draw_count(&draw), status = ATTUNE_OK;
    t->order_epoch = -1;
    t->order = malloc(((size_t)rows + 1) * sizeof *t->order);
    t->drawn = at_calloc(batch, sizeof *t->drawn);
    for (int slot = 0; slot < 2 && !status; slot++) {
        t->x[slot] = at_alloc(batch * side * side * 3, sizeof(float));
        t->covered[slot] = at_alloc(batch, sizeof(float));
        status = t->order && t->drawn && t->x[slot] && t->covered[slot]
                     ? at_face_labels_create(&t->labels[slot], t->t.batch, err)
                     : at_fail_nomem(err);
    }
    return status;
}

static int set_up(void *self, attune_error *err)
{
    task *t = self;
    at_rng rng;
    t->s = t->t.job->settings;
    t->t.batch = t->s->batch / t->t.plan.shards;
    at_rng_seed(&rng, (uint64_t)t->t.plan.seed, 0);
    int status = at_visual_init(&t->t.params, &rng, err);
    if (!status && t->s->losses.dominant > 0)
        status = at_visual_add_head(&t->t.params, AT_HEAD_DOMINANT4, &rng, err);
    if (!status && t->s->spatial.layers)
        status = at_encoder_init(&at_spatial, &t->t.params, &t->s->spatial, &rng, err);
    status = status ? status : load_parts(t, err);
    if (status)
        return status;
    at_draw draw = at_face_set_draw(&t->train);
    t->t.shards_per_epoch = at_draw_count(&draw) / t->t.batch;
    if ((status = make_slots(t, err)))
        return status;
    weigh_classes(t);
    scale_rates(t);
    freeze(t);
    return t->s->init && !t->t.resumed ? start_from(t, t->s->init, err) : ATTUNE_OK;
}

static void clean_up(void *self)
{
    task *t = self;
    at_face_set_free(&t->train);
    at_face_set_free(&t->valid);
    for (int slot = 0; slot < 2; slot++) {
        at_free(t->x[slot]);
        at_free(t->covered[slot]);
        at_face_labels_free(&t->labels[slot]);
    }
    at_free(t->drawn);
    free(t->order);
}

int at_learn_visual(const at_job *job, attune_error *err)
{
    static const at_learner visual = {
        .size = sizeof(task),
        .set_up = set_up,
        .clean_up = clean_up,
        .prepare = prepare,
        .loss = loss,
        .evaluate = evaluate,
        .record = "training",
    };
    const at_visual_settings *s = job->settings;
    return at_learn(&visual, job, &s->plan, NULL, err);
}
