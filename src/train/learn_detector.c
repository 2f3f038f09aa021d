/* The face detector, taught to find in a bad picture what its teacher finds in the good one.
 *
 * A scene (data/scenes.h) is drawn clean; the teacher's answers on it are the targets. The student
 * sees the same scene degraded: classes and objectness follow the teacher's by binary cross-entropy
 * in every cell, boxes and landmarks by smooth L1 where the teacher sees a face. Since the teacher's
 * silence is a target too, backgrounds stay silent.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "data/scenes.h"
#include "train/face_set.h"
#include "vision/search.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { MAX_FACES = 8, MIN_STRIDE = 8 };
/* Channels of a head cell (vision/detect.h). */
enum { CLS = 0, BOX = 1, OBJ = 5, KPS = 6 };

static const float sees_face = 0.3f;     /* teacher's score above which boxes are targets */
static const float teacher_score = 0.6f; /* from which the teacher has seen a face */
static const float face_weight = 6.0f;   /* of a face's cells over the background's */
static const float silent_weight = 2.0f; /* of the cells of a scene without a face */

/* Harms that recall is measured under: about the middle of what training draws. */
static const at_scene_harm conditions[] = {
    {AT_DEGRADE_KINDS, 0},      {AT_DEGRADE_BLUR, 3},    {AT_DEGRADE_MOTION, 12},
    {AT_DEGRADE_RESOLUTION, 4}, {AT_DEGRADE_BLOCKS, 92}, {AT_DEGRADE_DARK, 3.5f},
    {AT_DEGRADE_NOISE, 25},     {AT_DEGRADE_PATCH, 35},  {AT_DEGRADE_HAND, 40},
    {AT_DEGRADE_MASK, 40},
};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

/* What is asked of the student in one level: (rows, ...) over the batch. */
typedef struct target {
    float *cls, *obj, *box, *kps;          /* (rows), (rows), (rows, 4), (rows, 10) */
    float *cell, *box_weight, *kps_weight; /* (rows), (rows, 4), (rows, 10) */
} target;

typedef struct scene_batch {
    float *x; /* (batch, side, side, 3) BGR 0..255 */
    target level[AT_DETECT_LEVELS];
} scene_batch;

typedef struct score {
    int found[CONDITIONS], faces, others[CONDITIONS], false_alarms[CONDITIONS];
    double landmark_error[CONDITIONS]; /* sum over found, of the distance between the eyes */
} score;

typedef struct task {
    at_learning t;
    const at_detector_settings *s;
    at_params teacher_params;
    at_face_set train, valid;
    score before;
    /* prefetch thread */
    at_detector *teacher;
    at_image clean, harmed;
    float *clean_x;
    scene_batch slots[2];
} task;

/* ---- batches -------------------------------------------------------------------------------- */

static int cells(const task *t, int level)
{
    int n = t->s->side / (MIN_STRIDE << level);
    return n * n;
}

static void to_bgr(const at_image *im, float *x)
{
    for (int y = 0; y < im->h; y++) {
        const uint8_t *p = at_image_at(im, 0, y);
        for (int i = 0; i < im->w; i++, p += 3, x += 3) {
            x[0] = p[2];
            x[1] = p[1];
            x[2] = p[0];
        }
    }
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

/* The teacher's answers in n cells, from row on. */
static void fill_target(target *g, int row, const float *head, int n)
{
    for (int i = row; i < row + n; i++, head += AT_DETECT_CHANNELS) {
        g->cls[i] = sigmoid(head[CLS]);
        g->obj[i] = sigmoid(head[OBJ]);
        float seen = sqrtf(g->cls[i] * g->obj[i]), weight = seen > sees_face ? seen : 0;
        g->cell[i] = 1 + face_weight * seen;
        for (int k = 0; k < 4; k++) {
            g->box[4 * i + k] = head[BOX + k];
            g->box_weight[4 * i + k] = weight;
        }
        for (int k = 0; k < 2 * AT_LANDMARKS; k++) {
            g->kps[2 * AT_LANDMARKS * i + k] = head[KPS + k];
            g->kps_weight[2 * AT_LANDMARKS * i + k] = weight;
        }
    }
}

/* No face in n cells, from row on. */
static void fill_silence(target *g, int row, int n)
{
    for (int i = row; i < row + n; i++) {
        g->cls[i] = g->obj[i] = 0;
        g->cell[i] = silent_weight;
        memset(g->box_weight + 4 * (size_t)i, 0, 4 * sizeof(float));
        memset(g->kps_weight + 2 * AT_LANDMARKS * (size_t)i, 0, 2 * AT_LANDMARKS * sizeof(float));
    }
}

static int prepare_silent(task *t, int64_t step, scene_batch *s, int i, int index, at_rng *r)
{
    uint64_t seed = at_step_seed(t->t.plan.seed, step);
    int status =
        at_scene_draw_silent(&t->train.faces, index, t->s->side, seed, (uint64_t)i, &t->harmed);
    status = status ? status : at_scene_harm_randomly(&t->harmed, NULL, 0, r);
    for (int l = 0; l < AT_DETECT_LEVELS && !status; l++)
        fill_silence(&s->level[l], i * cells(t, l), cells(t, l));
    if (!status)
        to_bgr(&t->harmed, s->x + (size_t)i * t->s->side * t->s->side * 3);
    return status;
}

static int prepare_scene(task *t, int64_t step, scene_batch *s, int i)
{
    const float *head[AT_DETECT_LEVELS];
    at_face faces[MAX_FACES];
    at_rng r;
    uint64_t seed = at_step_seed(t->t.plan.seed, step);
    at_rng_seed(&r, seed, (uint64_t)i + 1000);
    int index = (int)at_rng_below(&r, (uint32_t)t->train.faces.count);
    if (t->s->silent > 0 && at_rng_float(&r) < t->s->silent)
        return prepare_silent(t, step, s, i, index, &r);
    int status =
        at_scene_draw(&t->train.faces, index, t->s->side, seed, (uint64_t)i, &t->clean, NULL);
    status = status ? status : at_image_copy(&t->harmed, &t->clean);
    if (status)
        return status;
    int n = at_detector_run(t->teacher, &t->clean, faces, MAX_FACES);
    status = n < 0 ? n : at_scene_harm_randomly(&t->harmed, faces, n, &r);
    if (status)
        return status;
    to_bgr(&t->clean, t->clean_x);
    status = at_detector_heads(t->teacher, t->clean_x, t->s->side, t->s->side, head);
    for (int l = 0; l < AT_DETECT_LEVELS && !status; l++)
        fill_target(&s->level[l], i * cells(t, l), head[l], cells(t, l));
    to_bgr(&t->harmed, s->x + (size_t)i * t->s->side * t->s->side * 3);
    return status;
}

static int prepare(void *self, int64_t step, int slot)
{
    task *t = self;
    int status = ATTUNE_OK;
    for (int i = 0; i < t->t.batch && !status; i++)
        status = prepare_scene(t, step, &t->slots[slot], i);
    return status;
}

static at_tensor *loss(void *self, at_graph *g, int64_t step, int slot_number)
{
    enum { PARTS = 4 };
    task *t = self;
    const scene_batch *s = &t->slots[slot_number];
    at_tensor *head[AT_DETECT_LEVELS] = {0}, *part[PARTS * AT_DETECT_LEVELS];
    float weight[PARTS * AT_DETECT_LEVELS];
    at_tensor *x = at_tensor_new(g, 4, (int[]){t->t.batch, t->s->side, t->s->side, 3}, 0);
    (void)step;
    if (!x)
        return NULL;
    memcpy(x->data, s->x, at_tensor_count(x) * sizeof(float));
    if (at_detector_graph(g, &t->t.params, x, head))
        return NULL;
    for (int l = 0; l < AT_DETECT_LEVELS; l++) {
        const target *y = &s->level[l];
        at_tensor **p = part + PARTS * l;
        float *w = weight + PARTS * l;
        p[0] = at_binary_cross_entropy(g, at_slice(g, head[l], CLS, CLS + 1), y->cls, y->cell);
        p[1] = at_binary_cross_entropy(g, at_slice(g, head[l], OBJ, OBJ + 1), y->obj, y->cell);
        p[2] = at_smooth_l1(g, at_slice(g, head[l], BOX, BOX + 4), y->box, y->box_weight);
        p[3] = at_smooth_l1(g, at_slice(g, head[l], KPS, KPS + 2 * AT_LANDMARKS), y->kps,
                            y->kps_weight);
        w[0] = w[1] = 1;
        w[2] = t->s->losses.box;
        w[3] = t->s->losses.landmarks;
    }
    return at_sum_losses(g, part, weight, PARTS * AT_DETECT_LEVELS);
}

/* ---- evaluation ------------------------------------------------------------------------------- */

/* What a thread works with. */
typedef struct bench {
    at_detector *teacher, *student;
    at_image clean, harmed;
} bench;

typedef struct trial {
    const task *t;
    bench *bench; /* (threads) */
    score *scene; /* (eval_scenes) */
    atomic_int status;
} trial;

static double landmark_distance(const at_face *a, const at_face *b)
{
    double sum = 0, eyes = hypot((double)a->landmark[1][0] - (double)a->landmark[0][0],
                                 (double)a->landmark[1][1] - (double)a->landmark[0][1]);
    for (int i = 0; i < AT_LANDMARKS; i++)
        sum += hypot((double)a->landmark[i][0] - (double)b->landmark[i][0],
                     (double)a->landmark[i][1] - (double)b->landmark[i][1]);
    return eyes > 1 ? sum / AT_LANDMARKS / eyes : 0;
}

/* places: of the pictures in the scene. What is seen there and not by the teacher is a face that the
 * teacher missed, or a second box on one; what is seen elsewhere is a false alarm. */
static void match(score *s, int condition, const at_scene_places *places, const at_face *truth,
                  int n, const at_face *seen, int m)
{
    int matched = 0;
    for (int i = 0; i < n; i++) {
        const at_face *best = NULL;
        for (int k = 0; k < m; k++)
            if (at_face_iou(&truth[i], &seen[k]) >= 0.5f &&
                (!best || at_face_iou(&truth[i], &seen[k]) > at_face_iou(&truth[i], best)))
                best = &seen[k];
        if (!best)
            continue;
        matched++;
        s->landmark_error[condition] += landmark_distance(&truth[i], best);
    }
    s->found[condition] += matched;
    s->others[condition] += m > matched ? m - matched : 0;
    for (int k = 0; k < m; k++)
        s->false_alarms[condition] += !at_scene_has(places, &seen[k]);
}

static void trial_scene(void *arg, int i, int thread)
{
    trial *v = arg;
    const task *t = v->t;
    bench *b = &v->bench[thread];
    at_face truth[MAX_FACES], seen[MAX_FACES];
    at_scene_places places;
    /* Pictures spread evenly over the valid part, the same at every evaluation. */
    int index = (int)((int64_t)i * t->valid.faces.count / t->s->eval_scenes);
    int status =
        at_scene_draw(&t->valid.faces, index, t->s->side, 12345, (uint64_t)i, &b->clean, &places);
    int n = status ? 0 : at_detector_run(b->teacher, &b->clean, truth, MAX_FACES);
    v->scene[i].faces = n > 0 ? n : 0;
    for (int c = 0; c < CONDITIONS && !status && n >= 0; c++) {
        at_rng r;
        at_rng_seed(&r, 54321, (uint64_t)(i * CONDITIONS + c));
        status = at_image_copy(&b->harmed, &b->clean);
        status = status ? status : at_scene_harm_by(&b->harmed, conditions[c], truth, n, &r);
        int m = status ? status : at_detector_run(b->student, &b->harmed, seen, MAX_FACES);
        status = m < 0 ? m : ATTUNE_OK;
        if (!status)
            match(&v->scene[i], c, &places, truth, n, seen, m);
    }
    if (status || n < 0)
        atomic_store(&v->status, status ? status : n);
}

static int make_bench(bench *b, const task *t, const at_params *student, attune_error *err)
{
    at_weight_source of_teacher = at_params_source(&t->teacher_params);
    at_weight_source of_student = at_params_source(student);
    at_detect_options o = {.side = t->s->side, .threshold = teacher_score};
    int status = at_detector_create(&b->teacher, &of_teacher, NULL, at_kernels_best(), &o, err);
    o.threshold = AT_SEARCH_SCORE; /* what a session asks of an answer to look at it again */
    return status ? status
                  : at_detector_create(&b->student, &of_student, NULL, at_kernels_best(), &o, err);
}

static void free_trial(trial *v, int threads)
{
    for (int i = 0; v->bench && i < threads; i++) {
        at_detector_free(&v->bench[i].teacher);
        at_detector_free(&v->bench[i].student);
        at_image_free(&v->bench[i].clean);
        at_image_free(&v->bench[i].harmed);
    }
    at_free(v->bench);
    at_free(v->scene);
}

static void add_scene(score *total, const score *s)
{
    total->faces += s->faces;
    for (int c = 0; c < CONDITIONS; c++) {
        total->found[c] += s->found[c];
        total->others[c] += s->others[c];
        total->false_alarms[c] += s->false_alarms[c];
        total->landmark_error[c] += s->landmark_error[c];
    }
}

/* Recall of the teacher's clean faces by the weights in p. */
static int measure(const task *t, const at_params *p, score *total, attune_error *err)
{
    int threads = at_pool_threads(t->t.job->pool);
    trial v = {.t = t};
    memset(total, 0, sizeof *total);
    v.bench = at_calloc((size_t)threads, sizeof *v.bench);
    v.scene = at_calloc((size_t)t->s->eval_scenes, sizeof *v.scene);
    int status = v.bench && v.scene ? ATTUNE_OK : at_fail_nomem(err);
    for (int i = 0; i < threads && !status; i++)
        status = make_bench(&v.bench[i], t, p, err);
    if (!status) {
        at_pool_run(t->t.job->pool, t->s->eval_scenes, trial_scene, &v);
        if ((status = atomic_load(&v.status)))
            at_fail(err, (attune_status)status, "detector evaluation failed");
    }
    for (int i = 0; !status && i < t->s->eval_scenes; i++)
        add_scene(total, &v.scene[i]);
    free_trial(&v, threads);
    return status;
}

static const char *condition_name(int c)
{
    return conditions[c].kind == AT_DEGRADE_KINDS ? "clean"
                                                  : at_degradations[conditions[c].kind].name;
}

static json_t *score_json(const score *s, int scenes, double *mean_recall)
{
    json_t *all = json_object();
    *mean_recall = 0;
    for (int c = 0; c < CONDITIONS; c++) {
        double recall = s->faces ? (double)s->found[c] / s->faces : 0;
        double error = s->found[c] ? s->landmark_error[c] / s->found[c] : 0;
        *mean_recall += recall / CONDITIONS;
        at_json_put(&all, condition_name(c),
                    json_pack("{s:f,s:f,s:f,s:f,s:f}", "level", (double)conditions[c].level,
                              "recall", recall, "landmark_error", error, "others",
                              (double)s->others[c] / scenes, "false_alarms",
                              (double)s->false_alarms[c] / scenes));
    }
    return all;
}

static int evaluate(void *self, at_graph *g, int64_t step, json_t **metrics, double *value,
                    attune_error *err)
{
    task *t = self;
    score s;
    double before;
    (void)g, (void)step;
    int status = measure(t, &t->t.params, &s, err);
    if (status)
        return status;
    at_json_put(metrics, "faces", json_integer(s.faces));
    at_json_put(metrics, "before", score_json(&t->before, t->s->eval_scenes, &before));
    at_json_put(metrics, "after", score_json(&s, t->s->eval_scenes, value));
    at_json_put_real(metrics, "recall_before", before);
    at_json_put_real(metrics, "recall", *value);
    for (int c = 0; c < CONDITIONS; c++)
        at_json_put(metrics, condition_name(c),
                    json_real(s.faces ? (double)s.found[c] / s.faces : 0));
    return ATTUNE_OK;
}

/* ---- start ------------------------------------------------------------------------------------ */

static int make_slot(scene_batch *s, const task *t)
{
    int ok = (s->x = at_alloc((size_t)t->t.batch * t->s->side * t->s->side * 3, sizeof(float))) !=
             NULL;
    for (int l = 0; l < AT_DETECT_LEVELS; l++) {
        size_t rows = (size_t)t->t.batch * (size_t)cells(t, l);
        target *g = &s->level[l];
        ok = ok && (g->cls = at_alloc(rows, sizeof(float))) &&
             (g->obj = at_alloc(rows, sizeof(float))) &&
             (g->cell = at_alloc(rows, sizeof(float))) &&
             (g->box = at_alloc(rows * 4, sizeof(float))) &&
             (g->box_weight = at_alloc(rows * 4, sizeof(float))) &&
             (g->kps = at_alloc(rows * 2 * AT_LANDMARKS, sizeof(float))) &&
             (g->kps_weight = at_alloc(rows * 2 * AT_LANDMARKS, sizeof(float)));
    }
    return ok ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

static void free_slot(scene_batch *s)
{
    at_free(s->x);
    for (int l = 0; l < AT_DETECT_LEVELS; l++) {
        target *g = &s->level[l];
        float *all[] = {g->cls, g->obj, g->cell, g->box, g->box_weight, g->kps, g->kps_weight};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            at_free(all[i]);
    }
}

static int load_parts(task *t, attune_error *err)
{
    const at_job *job = t->t.job;
    int limit = job->options->limit;
    int status =
        at_face_set_load(&t->train, job, &t->s->data, AT_PART_TRAIN, limit, NULL, NULL, err);
    return status || !at_ranks_lead(job->ranks) /* which judges */
               ? status
               : at_face_set_load(&t->valid, job, &t->s->data, AT_PART_VALID, limit, NULL, NULL,
                                  err);
}

static int make_teacher(task *t, attune_error *err)
{
    at_detect_options options = {.side = t->s->side};
    at_weight_source source = at_params_source(&t->teacher_params);
    return at_detector_create(&t->teacher, &source, NULL, at_kernels_best(), &options, err);
}

static int set_up(void *self, attune_error *err)
{
    task *t = self;
    t->s = t->t.job->settings;
    t->t.batch = t->s->batch / t->t.plan.shards;
    t->t.shards_per_epoch = t->s->scenes / t->t.batch;
    int status = at_job_detector(t->t.job, t->s->detector, &t->teacher_params, NULL, err);
    status = status ? status : at_job_detector(t->t.job, t->s->init, &t->t.params, NULL, err);
    status = status ? status : load_parts(t, err);
    status = status ? status : make_teacher(t, err);
    if (status)
        return status;
    t->clean_x = at_alloc((size_t)t->s->side * t->s->side * 3, sizeof(float));
    if (!t->clean_x || make_slot(&t->slots[0], t) || make_slot(&t->slots[1], t))
        return at_fail_nomem(err);
    return at_ranks_lead(t->t.job->ranks) ? measure(t, &t->teacher_params, &t->before, err)
                                          : ATTUNE_OK;
}

static void clean_up(void *self)
{
    task *t = self;
    at_params_free(&t->teacher_params);
    at_face_set_free(&t->train);
    at_face_set_free(&t->valid);
    at_detector_free(&t->teacher);
    at_image_free(&t->clean);
    at_image_free(&t->harmed);
    at_free(t->clean_x);
    free_slot(&t->slots[0]);
    free_slot(&t->slots[1]);
}

int at_learn_detector(const at_job *job, attune_error *err)
{
    static const at_learner detector = {
        .size = sizeof(task),
        .set_up = set_up,
        .clean_up = clean_up,
        .prepare = prepare,
        .loss = loss,
        .evaluate = evaluate,
        .record = "training.detector",
    };
    const at_detector_settings *s = job->settings;
    return at_learn(&detector, job, &s->plan, NULL, err);
}
