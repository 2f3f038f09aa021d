/* A Transformer over the frames of a window (model/temporal.h), on clips made from stills. The network is
 * frozen, so what it sees in the clips is computed once (clip_set.h). The encoder learns what to add to the
 * mean over the frames that a session makes, so that together they say what the still shows: by its label,
 * and in part, if the recipe says so, by what the network says of the still itself. */
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "eval/metrics.h"
#include "train/class_weights.h"
#include "train/clip_set.h"
#include "train/face_set.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVAL_BATCH = 32 };

typedef struct part {
    at_face_set set;
    at_clip_set clips;
} part;

/* Clips of a step, or of an evaluation. */
typedef struct slot {
    int *still, *length; /* (n) both */
    float *token;        /* (n, frames, AT_VISUAL_EMBED) */
    int64_t *t_us;       /* (n, frames) */
    float *mean;         /* (n, AT_ENCODER_LOGITS) that is added to */
    at_face_labels labels;
} slot;

typedef struct task {
    at_learning t;
    const at_temporal_settings *s;
    part train, valid;
    float class_votes[AT_FACE_CLASSES], class_basic[AT_BASIC_CLASSES];
    slot judged;
    /* prefetch thread */
    int *order;
    int64_t order_epoch;
    slot slot[2];
} task;

/* ---- batches -------------------------------------------------------------------------------- */

static void fill_row(const part *p, int still, int version, slot *s, int row)
{
    const at_clip_set *c = &p->clips;
    const int clip = at_clip_of(c, still, version);
    const size_t frames = (size_t)c->frames, from = (size_t)clip * frames;
    const size_t to = (size_t)row * frames, logits = AT_ENCODER_LOGITS;
    s->still[row] = still;
    s->length[row] = c->frames;
    memcpy(s->token + to * AT_VISUAL_EMBED, c->token + from * AT_VISUAL_EMBED,
           frames * AT_VISUAL_EMBED * sizeof(float));
    memcpy(s->t_us + to, c->t_us + from, frames * sizeof *s->t_us);
    memcpy(s->mean + (size_t)row * logits, at_clip_answer_of(c, clip, AT_CLIP_RESTING),
           logits * sizeof(float));
}

/* target (classes): part of it what the network says of the still. */
static void teach(float *target, const float *still, int classes, float share)
{
    float p[AT_MOST_CLASSES];
    at_probabilities(still, classes, 1, p);
    for (int k = 0; k < classes; k++)
        target[k] += share * (p[k] - target[k]);
}

/* Every still has an answer of the network's own. Rows without a label learn from that alone, if at all. */
static void teach_rows(const task *t, slot *s, int n)
{
    const float share = t->s->taught;
    for (int i = 0; i < n && share > 0; i++) {
        const int clip = at_clip_of(&t->train.clips, s->still[i], 0);
        const float *still = at_clip_answer_of(&t->train.clips, clip, AT_CLIP_STILL);
        if (s->labels.votes_row[i] > 0)
            teach(s->labels.votes + (size_t)i * AT_FACE_CLASSES, still, AT_FACE_CLASSES, share);
        if (s->labels.basic_row[i] > 0)
            teach(s->labels.basic + (size_t)i * AT_BASIC_CLASSES, still + AT_FACE_CLASSES,
                  AT_BASIC_CLASSES, share);
    }
}

static int prepare(void *self, int64_t step, int number)
{
    task *t = self;
    slot *s = &t->slot[number];
    const int64_t epoch = step / t->t.shards_per_epoch, at = step % t->t.shards_per_epoch;
    at_rng rng;
    if (epoch != t->order_epoch) {
        const at_draw draw = at_face_set_draw(&t->train.set);
        int status = at_draw_order(&draw, t->t.plan.seed, epoch, t->order);
        if (status)
            return status;
        t->order_epoch = epoch;
    }
    at_rng_seed(&rng, at_step_seed(t->t.plan.seed, step), 0);
    for (int i = 0; i < t->t.batch; i++)
        fill_row(&t->train, t->order[at * t->t.batch + i],
                 (int)at_rng_below(&rng, (uint32_t)t->s->versions), s, i);
    at_face_labels_fill(&s->labels, &t->train.set, s->still, NULL, t->t.batch);
    teach_rows(t, s, t->t.batch);
    return ATTUNE_OK;
}

/* (n, cols) of the slot's means. */
static at_tensor *means(at_graph *g, const slot *s, int n, int from, int cols)
{
    at_tensor *x = at_tensor_new(g, 2, (int[]){n, cols}, 0);
    for (int i = 0; x && i < n; i++)
        memcpy(x->data + (size_t)i * (size_t)cols, s->mean + (size_t)i * AT_ENCODER_LOGITS + from,
               (size_t)cols * sizeof(float));
    return x;
}

/* Logits of the slot's n clips: the mean over their frames and what the encoder adds. */
static void answer(task *t, at_graph *g, const slot *s, int n, float dropout,
                   at_tensor **expression, at_tensor **basic)
{
    const at_temporal_batch b = {n, t->s->frames, s->token, s->t_us, s->length};
    at_temporal_forward(g, &t->t.params, &b, dropout, expression, basic);
    *expression = at_add(g, *expression, means(g, s, n, 0, AT_FACE_CLASSES));
    *basic = at_add(g, *basic, means(g, s, n, AT_FACE_CLASSES, AT_BASIC_CLASSES));
}

static at_tensor *loss(void *self, at_graph *g, int64_t step, int number)
{
    task *t = self;
    const slot *s = &t->slot[number];
    const at_temporal_losses *l = &t->s->losses;
    at_tensor *expression, *basic;
    (void)step;
    answer(t, g, s, t->t.batch, t->s->dropout, &expression, &basic);
    at_tensor *const head[2] = {at_cross_entropy(g, expression, s->labels.votes, t->class_votes,
                                                 s->labels.votes_row, l->smoothing),
                                at_cross_entropy(g, basic, s->labels.basic, t->class_basic,
                                                 s->labels.basic_row, l->smoothing)};
    return at_sum_losses(g, head, (float[]){l->expression, l->basic}, 2);
}

/* ---- evaluation ----------------------------------------------------------------------------- */

/* Who answers: the mean over frames with and without regard to the mouth, and the encoder. */
enum { PLAIN, RESTING, LEARNED, ANSWERERS };
static const char *const answerers[ANSWERERS] = {"plain", "resting", "learned"};

/* Probabilities of the clips of labelled stills. */
typedef struct trial {
    float *p;   /* (ANSWERERS, clips, AT_FACE_CLASSES) */
    int *label; /* (clips) */
    int n, most;
} trial;

static float *row_of(const trial *x, int who, int clip)
{
    return x->p + ((size_t)who * (size_t)x->most + (size_t)clip) * AT_FACE_CLASSES;
}

static int label_of(const task *t, int still)
{
    const at_sample *s = &t->valid.set.faces.list[still].label;
    return at_sample_has_votes(s) ? s->expression : -1;
}

static void note_clip(const task *t, trial *x, int still, int version, const float *logit)
{
    const int clip = at_clip_of(&t->valid.clips, still, version), label = label_of(t, still);
    if (label < 0)
        return;
    const float *by[ANSWERERS] = {at_clip_answer_of(&t->valid.clips, clip, AT_CLIP_PLAIN),
                                  at_clip_answer_of(&t->valid.clips, clip, AT_CLIP_RESTING), logit};
    for (int who = 0; who < ANSWERERS; who++)
        at_probabilities(by[who], AT_FACE_CLASSES, 1, row_of(x, who, x->n));
    x->label[x->n++] = label;
}

/* All stills' clips of that version. */
static int try_version(task *t, at_graph *g, int version, trial *x, attune_error *err)
{
    const int stills = t->valid.clips.stills;
    at_tensor *expression, *basic;
    int status = ATTUNE_OK;
    x->n = 0;
    for (int from = 0; from < stills && !status; from += EVAL_BATCH) {
        const int n = stills - from < EVAL_BATCH ? stills - from : EVAL_BATCH;
        for (int i = 0; i < n; i++)
            fill_row(&t->valid, from + i, version, &t->judged, i);
        at_graph_begin(g, AT_INFER, 0);
        answer(t, g, &t->judged, n, 0, &expression, &basic);
        status = at_graph_status(g);
        for (int i = 0; i < n && !status; i++)
            note_clip(t, x, from + i, version, expression->data + (size_t)i * AT_FACE_CLASSES);
    }
    return status ? at_fail_nomem(err) : status;
}

static void set_real(json_t **metrics, const char *name, const char *who, const char *what,
                     double x)
{
    char key[64];
    snprintf(key, sizeof key, "%s.%s.%s", name, who, what);
    at_json_put_real(metrics, key, x);
}

/* How much more often the encoder is right than the mean with regard to the mouth, 95 % over stills. */
static int judge_gain(const trial *x, const char *name, json_t **metrics, attune_error *err)
{
    const at_answers a = {
        .n = x->n, .classes = AT_FACE_CLASSES, .label = x->label, .p = row_of(x, RESTING, 0)};
    at_gain gain;
    const int status = at_gain_bootstrap(&gain, &a, row_of(x, LEARNED, 0), 1000, 0, err);
    if (status)
        return status;
    set_real(metrics, name, "gain", "of", gain.of);
    set_real(metrics, name, "gain", "lo", gain.interval.lo);
    set_real(metrics, name, "gain", "hi", gain.interval.hi);
    return ATTUNE_OK;
}

/* How often each is right, in the mean over classes too, and how many of the neutral are surprised to
 * it. Returns how often the encoder is right. */
static double judge(const trial *x, const char *name, json_t **metrics)
{
    double learned = 0;
    for (int who = 0; who < ANSWERERS; who++) {
        const at_answers a = {
            .n = x->n, .classes = AT_FACE_CLASSES, .label = x->label, .p = row_of(x, who, 0)};
        at_metrics m;
        at_metrics_compute(&m, &a);
        const int neutral = m.per_class[0].n, surprise = 2; /* FER+'s order (heads.h) */
        set_real(metrics, name, answerers[who], "accuracy", m.accuracy);
        set_real(metrics, name, answerers[who], "recall", m.balanced_accuracy);
        if (neutral)
            set_real(metrics, name, answerers[who], "surprised",
                     (double)m.confusion[0][surprise] / neutral);
        learned = m.accuracy;
    }
    return learned;
}

static int evaluate(void *self, at_graph *g, int64_t step, json_t **metrics, double *score,
                    attune_error *err)
{
    static const char *const names[] = {"silent", "talking"};
    task *t = self;
    const size_t stills = (size_t)t->valid.clips.stills;
    trial x = {.p = at_alloc(ANSWERERS * stills, AT_FACE_CLASSES * sizeof *x.p),
               .label = at_alloc(stills, sizeof *x.label),
               .most = (int)stills};
    int status = x.p && x.label ? ATTUNE_OK : at_fail_nomem(err);
    (void)step;
    *score = 0;
    for (int v = 0; v < 2 && !status; v++) {
        status = try_version(t, g, v, &x, err);
        status = status ? status : judge_gain(&x, names[v], metrics, err);
        if (!status)
            *score += judge(&x, names[v], metrics) / 2;
    }
    at_free(x.p);
    at_free(x.label);
    return status;
}

/* ---- start ---------------------------------------------------------------------------------- */

/* Votes are what it is judged by. */
static int check_judged(const task *t, attune_error *err)
{
    for (int i = 0; i < t->valid.set.faces.count; i++)
        if (label_of(t, i) >= 0)
            return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_ARG,
                   "%s: no picture of the validation part has FER+'s votes to be judged by",
                   t->t.job->recipe->path);
}

static int load_part(task *t, part *p, at_part which, const at_params *detector,
                     const at_visual_net *net, attune_error *err)
{
    const at_job *job = t->t.job;
    const int most = which == AT_PART_TRAIN ? t->s->most : t->s->judged;
    const int limit = job->options->limit ? job->options->limit : most;
    int status = at_face_set_load(&p->set, job, &t->s->data, which, limit, detector, NULL, err);
    if (!status && which == AT_PART_VALID)
        status = check_judged(t, err);
    return status ? status
                  : at_clip_set_make(&p->clips, job, &p->set.faces, net,
                                     at_step_seed(t->t.plan.seed, -1 - (int)which), err);
}

static int load_parts(task *t, attune_error *err)
{
    const at_job *job = t->t.job;
    at_params detector = {0};
    at_weights *model = NULL;
    at_visual_net *net = NULL;
    int status = at_job_weights(job, t->s->model, &model, err);
    status = status ? status : at_visual_freeze(&net, model, at_kernels_best(), err);
    status = status ? status : at_job_detector(job, t->s->model, &detector, NULL, err);
    status = status ? status : load_part(t, &t->train, AT_PART_TRAIN, &detector, net, err);
    status = status ? status : load_part(t, &t->valid, AT_PART_VALID, &detector, net, err);
    at_params_free(&detector);
    at_visual_free(&net);
    at_weights_free(&model);
    return status;
}

static int make_slot(slot *s, int n, int frames, attune_error *err)
{
    const size_t rows = (size_t)n, all = rows * (size_t)frames;
    s->still = at_alloc(rows, sizeof *s->still);
    s->length = at_alloc(rows, sizeof *s->length);
    s->token = at_alloc(all, AT_VISUAL_EMBED * sizeof *s->token);
    s->t_us = at_alloc(all, sizeof *s->t_us);
    s->mean = at_alloc(rows, AT_ENCODER_LOGITS * sizeof *s->mean);
    return s->still && s->length && s->token && s->t_us && s->mean
               ? at_face_labels_create(&s->labels, n, err)
               : at_fail_nomem(err);
}

static void free_slot(slot *s)
{
    at_free(s->still);
    at_free(s->length);
    at_free(s->token);
    at_free(s->t_us);
    at_free(s->mean);
    at_face_labels_free(&s->labels);
}

static int make_slots(task *t, attune_error *err)
{
    const at_draw draw = at_face_set_draw(&t->train.set);
    t->order_epoch = -1;
    t->order = malloc(((size_t)at_draw_count(&draw) + 1) * sizeof *t->order);
    int status = t->order ? make_slot(&t->judged, EVAL_BATCH, t->s->frames, err)
                          : at_fail_nomem(err);
    for (int i = 0; i < 2 && !status; i++)
        status = make_slot(&t->slot[i], t->t.batch, t->s->frames, err);
    return status;
}

static void weigh_classes(task *t)
{
    at_face_counts c;
    at_face_set_counts(&t->train.set, &c);
    at_class_weights(c.votes, AT_FACE_CLASSES, t->s->losses.class_balance, t->class_votes);
    at_class_weights(c.basic, AT_BASIC_CLASSES, t->s->losses.class_balance, t->class_basic);
}

static int set_up(void *self, attune_error *err)
{
    task *t = self;
    at_rng rng;
    t->s = t->t.job->settings;
    t->t.batch = t->s->batch / t->t.plan.shards;
    at_rng_seed(&rng, (uint64_t)t->t.plan.seed, 0);
    int status = at_encoder_init(&at_temporal, &t->t.params, &t->s->temporal, &rng, err);
    status = status ? status : load_parts(t, err);
    if (status)
        return status;
    const at_draw draw = at_face_set_draw(&t->train.set);
    t->t.shards_per_epoch = at_draw_count(&draw) / t->t.batch;
    weigh_classes(t);
    return make_slots(t, err);
}

static void clean_up(void *self)
{
    task *t = self;
    part *const parts[] = {&t->train, &t->valid};
    for (int i = 0; i < 2; i++) {
        at_face_set_free(&parts[i]->set);
        at_clip_set_free(&parts[i]->clips);
        free_slot(&t->slot[i]);
    }
    free_slot(&t->judged);
    free(t->order);
}

int at_learn_temporal(const at_job *job, attune_error *err)
{
    static const at_learner temporal = {
        .size = sizeof(task),
        .set_up = set_up,
        .clean_up = clean_up,
        .prepare = prepare,
        .loss = loss,
        .evaluate = evaluate,
        .record = "training",
    };
    const at_temporal_settings *s = job->settings;
    return at_learn(&temporal, job, &s->plan, NULL, err);
}
