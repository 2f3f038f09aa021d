/* The training loop on a small problem: a run that was stopped and resumed gives the bits of one that
 * was not; checkpoints, mixing, calibration fits. */
#include "tensor/ops.h"
#include "train/calibrate.h"
#include "train/checkpoint.h"
#include "train/class_weights.h"
#include "train/learn.h"
#include "train/mixup.h"
#include "train/voice_set.h"
#include "train/prefetch.h"
#include "base/mem.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- a learner: which of three directions is a noisy point nearest to? ----------------------- */

enum { BATCH = 16, IN = 8, OUT = 3, STEPS = 10, EPOCHS = 4 };

typedef struct toy {
    at_learning t;
    float x[2][BATCH * IN], target[2][BATCH * OUT];
} toy;

static void make_batch(int64_t step, float *x, float *target)
{
    at_rng r;
    at_rng_seed(&r, at_step_seed(7, step), 0);
    memset(target, 0, BATCH * OUT * sizeof *target);
    for (int i = 0; i < BATCH; i++) {
        int label = (int)at_rng_below(&r, OUT);
        for (int k = 0; k < IN; k++)
            x[i * IN + k] = at_rng_normal(&r) + (k == label ? 2 : 0);
        target[i * OUT + label] = 1;
    }
}

static int toy_prepare(void *self, int64_t step, int slot)
{
    toy *t = self;
    make_batch(step, t->x[slot], t->target[slot]);
    return 0;
}

static at_tensor *toy_logits(toy *t, at_graph *g, const float *data)
{
    at_tensor *x = at_tensor_new(g, 2, (int[]){BATCH, IN}, 0);
    if (x)
        memcpy(x->data, data, sizeof t->x[0]);
    return at_linear(g, at_dropout(g, x, 0.2f), at_use(g, at_params_find(&t->t.params, "w")),
                     at_use(g, at_params_find(&t->t.params, "b")));
}

static at_tensor *toy_loss(void *self, at_graph *g, int64_t step, int slot)
{
    toy *t = self;
    (void)step;
    return at_cross_entropy(g, toy_logits(t, g, t->x[slot]), t->target[slot], NULL, NULL, 0);
}

static int toy_evaluate(void *self, at_graph *g, int64_t step, json_t *metrics, double *score,
                        attune_error *err)
{
    toy *t = self;
    int right = 0;
    (void)step, (void)err;
    float x[BATCH * IN], target[BATCH * OUT];
    make_batch(-1, x, target);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *y = toy_logits(t, g, x);
    for (int i = 0; i < BATCH; i++) {
        int top = 0, label = 0;
        for (int k = 0; k < OUT; k++) {
            top = y->data[i * OUT + k] > y->data[i * OUT + top] ? k : top;
            label = target[i * OUT + k] > 0 ? k : label;
        }
        right += top == label;
    }
    *score = (double)right / BATCH;
    json_object_set_new(metrics, "accuracy", json_real(*score));
    return 0;
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int toy_set_up(void *self, attune_error *err)
{
    toy *t = self;
    at_rng rng;
    (void)err;
    at_rng_seed(&rng, 1, 1);
    at_param *w = at_params_get(&t->t.params, "w", 2, (int[]){IN, OUT});
    at_param *b = at_params_get(&t->t.params, "b", 1, (int[]){OUT});
    assert_true(w && b);
    for (int i = 0; i < IN * OUT; i++)
        w->value.data[i] = 0.1f * at_rng_normal(&rng);
    t->t.steps_per_epoch = STEPS;
    t->t.batch = BATCH;
    return 0;
}

static float last_weights[IN * OUT];
static const char *toy_plan; /* what the plan says besides, as JSON; NULL: nothing */

static void toy_clean_up(void *self)
{
    toy *t = self;
    memcpy(last_weights, at_params_find(&t->t.params, "w")->value.data, sizeof last_weights);
}

static const at_learner toy_learner = {.size = sizeof(toy),
                                       .set_up = toy_set_up,
                                       .clean_up = toy_clean_up,
                                       .prepare = toy_prepare,
                                       .loss = toy_loss,
                                       .evaluate = toy_evaluate,
                                       .record = "training"};

static int stop_at(void *user)
{
    int *left = user;
    return --*left == 0;
}

/* Runs in dir; stop_after 0: to the end. Returns the status, weights are left in last_weights. */
static int toy_run(const char *dir, at_resume resume, int stop_after, double *score)
{
    int left = stop_after;
    attune_train_options o = {.out_dir = dir, .user = &left, .stop = stop_after ? stop_at : NULL};
    char path[] = "toy.json";
    at_recipe r = {.path = path, .kind = "toy", .name = "toy"};
    at_job job = {.recipe = &r, .options = &o, .resume = resume, .stamp = 77};
    at_loop_plan plan;
    attune_error err;
    json_t *optimiser = json_pack("{s:i, s:i, s:{s:f,s:f,s:f,s:f}}", "seed", 7, "epochs", EPOCHS,
                                  "optimiser", "lr", 0.05, "ema", 0.9, "warmup", 0.1, "decay",
                                  0.01);
    json_t *besides = toy_plan ? json_loads(toy_plan, 0, NULL) : NULL;
    assert_true(!toy_plan || json_object_update(optimiser, besides) == 0);
    json_decref(besides);
    assert_int_equal(at_fields_read(&at_plan_fields, optimiser, "toy.json", "", &plan, NULL), 0);
    json_decref(optimiser);
    return at_learn(&toy_learner, &job, &plan, score, &err);
}

static long file_bytes(const char *dir, const char *name, unsigned char **out)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    *out = malloc(1 << 20);
    long n = (long)fread(*out, 1, 1 << 20, f);
    fclose(f);
    return n;
}

static void assert_same_file(const char *a, const char *b, const char *name)
{
    unsigned char *x, *y;
    long n = file_bytes(a, name, &x), m = file_bytes(b, name, &y);
    assert_true(n > 0 && n == m);
    assert_memory_equal(x, y, (size_t)n);
    free(x);
    free(y);
}

static void test_resume(void **state)
{
    char whole[] = "/tmp/attune-train-XXXXXX", parts[] = "/tmp/attune-train-XXXXXX";
    char command[128];
    float w[IN * OUT];
    double score, same;
    (void)state;
    assert_true(mkdtemp(whole) && mkdtemp(parts));
    assert_int_equal(toy_run(whole, AT_AFRESH, 0, &score), 0);
    memcpy(w, last_weights, sizeof w);

    /* in the middle of an epoch, then at its end, then to the end of all */
    assert_int_equal(toy_run(parts, AT_AFRESH, 13, NULL), ATTUNE_E_INTERRUPTED);
    assert_int_equal(toy_run(parts, AT_RESUME, 7, NULL), ATTUNE_E_INTERRUPTED);
    assert_int_equal(toy_run(parts, AT_RESUME_IF_ANY, 0, NULL), 0);

    assert_same_file(whole, parts, "toy.safetensors");
    assert_same_file(whole, parts, "toy.checkpoint.safetensors");
    assert_memory_equal(w, last_weights, sizeof w);
    /* and it did learn: the label's direction has the largest weight */
    for (int k = 0; k < OUT; k++)
        for (int o = 0; o < OUT; o++)
            assert_true(w[k * OUT + k] >= w[k * OUT + o]);

    /* gone on with when all is done, it still knows how well it did */
    assert_int_equal(toy_run(parts, AT_RESUME, 0, &same), 0);
    assert_true(score > 0.5 && same == score);

    unsigned char *text;
    long n = file_bytes(parts, "toy.metrics.jsonl", &text);
    int lines = 0;
    for (long i = 0; i < n; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, EPOCHS);
    free(text);
    snprintf(command, sizeof command, "rm -r %s %s", whole, parts);
    assert_int_equal(system(command), 0);
}

static char checkpoint_dir[] = "/tmp/attune-train-XXXXXX", checkpoint[512];

static void make_toy_params(at_params *p, at_adamw *o)
{
    assert_non_null(at_params_get(p, "w", 2, (int[]){IN, OUT}));
    assert_non_null(at_params_get(p, "b", 1, (int[]){OUT}));
    assert_int_equal(at_adamw_init(o, p, NULL), 0);
}

/* ---- plateaus and early stopping ------------------------------------------------------------- */

enum { LONG = 60, PLATEAU = 3, STOP = 8, LEAST = 14 };

static double number_in(const json_t *line, const char *key)
{
    return json_number_value(json_object_get(line, key));
}

/* The metrics' scores, as they should have been answered; returns how many there should be. */
static int follow_scores(const char *dir, double *rate, int *lowered)
{
    char path[512];
    double best = -1;
    int waited = 0, stale = 0, lines = 0, over = 0;
    snprintf(path, sizeof path, "%s/toy.metrics.jsonl", dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (*lowered = 0; !feof(f);) {
        json_t *line = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL);
        if (!line)
            break;
        assert_false(over);
        lines++;
        if (number_in(line, "score") > best) {
            best = number_in(line, "score");
            waited = stale = 0;
        } else {
            stale++;
            if (++waited == PLATEAU) {
                waited = 0;
                *rate *= 0.2;
                ++*lowered;
            }
        }
        over = stale >= STOP && lines >= LEAST;
        json_decref(line);
    }
    fclose(f);
    assert_true(over || lines == LONG);
    return lines;
}

/* The schedule follows the scores, ends when they say so, and is in the checkpoint: killed at any place
 * and gone on with, a run gives the same bits. */
static void test_plateau(void **state)
{
    char whole[] = "/tmp/attune-train-XXXXXX", parts[] = "/tmp/attune-train-XXXXXX";
    char command[128];
    double score, rate = 0.05;
    int status = ATTUNE_E_INTERRUPTED, stops = 0, lowered;
    at_params params = {0};
    at_adamw o = {.ema = 0.9f};
    at_progress_state end;
    (void)state;
    toy_plan = "{\"epochs\": 60, \"plateau\": {\"patience\": 3, \"factor\": 0.2},"
               " \"early_stop\": {\"patience\": 8, \"least\": 14}}";
    assert_true(mkdtemp(whole) && mkdtemp(parts));
    assert_int_equal(toy_run(whole, AT_AFRESH, 0, &score), 0);
    const int epochs = follow_scores(whole, &rate, &lowered);
    assert_in_range(epochs, LEAST, LONG - 1);
    assert_in_range(lowered, 2, LONG / PLATEAU);

    make_toy_params(&params, &o);
    snprintf(checkpoint, sizeof checkpoint, "%s/toy.checkpoint.safetensors", whole);
    assert_int_equal(at_checkpoint_load(checkpoint, &params, &o, &end, NULL), 0);
    at_params_free(&params);
    assert_int_equal(end.step, epochs * STEPS);
    assert_float_equal(end.rate, fmax(rate, 1e-5), 1e-7);

    for (; status == ATTUNE_E_INTERRUPTED; stops++)
        status = toy_run(parts, stops ? AT_RESUME : AT_AFRESH, 17, NULL);
    assert_int_equal(status, 0);
    assert_true(stops > 5);
    assert_same_file(whole, parts, "toy.safetensors");
    assert_same_file(whole, parts, "toy.best.safetensors");
    assert_same_file(whole, parts, "toy.checkpoint.safetensors");
    assert_int_equal(toy_run(parts, AT_RESUME, 0, NULL), 0); /* it knows that it is over */
    assert_same_file(whole, parts, "toy.checkpoint.safetensors");
    toy_plan = NULL;
    snprintf(command, sizeof command, "rm -r %s %s", whole, parts);
    assert_int_equal(system(command), 0);
}

/* ---- checkpoints that are not to be gone on from ----------------------------------------------- */

/* A checkpoint with that state, and value as element 3 of array i of w (0 weights, 1 m, 2 v, 3 ema). */
static void save_checkpoint(at_progress_state s, int array, float value)
{
    at_params p = {0};
    at_adamw o = {.ema = 0.9f, .step = s.step};
    make_toy_params(&p, &o);
    at_param *w = at_params_find(&p, "w");
    float *each[] = {w->value.data, w->m, w->v, w->ema};
    each[array][3] = value;
    assert_int_equal(at_checkpoint_save(checkpoint, &p, &o, &s, NULL), 0);
    at_params_free(&p);
}

static void test_other_checkpoint(void **state)
{
    const at_progress_state good = {.step = 3, .steps = STEPS * EPOCHS, .stamp = 77};
    at_progress_state s = good;
    char command[128];
    (void)state;
    assert_non_null(mkdtemp(checkpoint_dir));
    snprintf(checkpoint, sizeof checkpoint, "%s/toy.checkpoint.safetensors", checkpoint_dir);
    assert_int_equal(toy_run(checkpoint_dir, AT_RESUME, 0, NULL), ATTUNE_E_IO);
    save_checkpoint(good, 0, 1);
    assert_int_equal(toy_run(checkpoint_dir, AT_RESUME, 1, NULL), ATTUNE_E_INTERRUPTED);

    s.stamp = 78;
    save_checkpoint(s, 0, 1);
    assert_int_equal(toy_run(checkpoint_dir, AT_RESUME, 0, NULL), ATTUNE_E_ARG);
    assert_int_equal(toy_run(checkpoint_dir, AT_RESUME_IF_ANY, 1, NULL), ATTUNE_E_INTERRUPTED);
    s = good;
    s.steps++;
    save_checkpoint(s, 0, 1);
    assert_int_equal(toy_run(checkpoint_dir, AT_RESUME, 0, NULL), ATTUNE_E_ARG);
    write_text(checkpoint, "not a checkpoint at all");
    assert_int_equal(toy_run(checkpoint_dir, AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
    snprintf(command, sizeof command, "rm -r %s", checkpoint_dir);
    assert_int_equal(system(command), 0);
}

/* Numbers out of their range: a step before the start would read before the data. */
static void test_hostile_checkpoint(void **state)
{
    char dir[] = "/tmp/attune-train-XXXXXX", command[128];
    const at_progress_state good = {.step = 3, .steps = STEPS * EPOCHS, .stamp = 77};
    at_progress_state bad[9] = {good, good, good, good, good, good, good, good, good};
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(checkpoint, sizeof checkpoint, "%s/toy.checkpoint.safetensors", dir);
    bad[0].step = -3;
    bad[1].step = STEPS * EPOCHS + 1;
    bad[2].steps = -1;
    bad[3].best = (double)NAN;
    bad[4].loss = (double)INFINITY;
    bad[5].score = (double)-INFINITY;
    bad[6].rate = -0.1;
    bad[7].waited = -1;
    bad[8].stale = -2;
    for (int i = 0; i < 9; i++) {
        save_checkpoint(bad[i], 0, 1);
        assert_int_equal(toy_run(dir, AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
    }
    for (int array = 0; array < 4; array++) {
        save_checkpoint(good, array, NAN);
        assert_int_equal(toy_run(dir, AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
    }
    save_checkpoint(good, 2, -1);
    assert_int_equal(toy_run(dir, AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
    save_checkpoint(good, 1, -1);
    assert_int_equal(toy_run(dir, AT_RESUME, 1, NULL), ATTUNE_E_INTERRUPTED);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* One bit of the weights is another: what would go on is not what was stopped. */
static void test_damaged_checkpoint(void **state)
{
    char dir[] = "/tmp/attune-train-XXXXXX", command[128];
    const at_progress_state good = {.step = 3, .steps = STEPS * EPOCHS, .stamp = 77};
    at_progress_state got;
    at_params params = {0};
    at_adamw o = {.ema = 0.9f};
    attune_error err = {0};
    unsigned char last;
    (void)state;
    make_toy_params(&params, &o);
    assert_non_null(mkdtemp(dir));
    snprintf(checkpoint, sizeof checkpoint, "%s/toy.checkpoint.safetensors", dir);
    save_checkpoint(good, 0, 1);
    FILE *f = fopen(checkpoint, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    assert_int_equal(fread(&last, 1, 1, f), 1);
    last ^= 1;
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    assert_int_equal(fwrite(&last, 1, 1, f), 1);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(at_checkpoint_load(checkpoint, &params, &o, &got, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, checkpoint));
    assert_non_null(strstr(err.text, "damaged"));
    assert_int_equal(toy_run(dir, AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
    at_params_free(&params);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* ---- prefetch -------------------------------------------------------------------------------- */

typedef struct seen {
    int64_t slot_step[2], fail_at;
} seen;

static int note_step(void *user, int64_t step, int slot)
{
    seen *s = user;
    if (step == s->fail_at)
        return ATTUNE_E_IO;
    usleep(200);
    s->slot_step[slot] = step;
    return 0;
}

static void test_prefetch(void **state)
{
    seen s = {.fail_at = -1};
    at_prefetch *p;
    (void)state;
    assert_int_equal(at_prefetch_start(&p, note_step, &s, 5, 40, NULL), 0);
    for (int64_t step = 5; step < 40; step++) {
        int slot = at_prefetch_next(p);
        assert_true(slot == 0 || slot == 1);
        assert_int_equal(s.slot_step[slot], step);
        usleep(step % 3 ? 0 : 500);
        assert_int_equal(s.slot_step[slot], step); /* still ours */
    }
    at_prefetch_stop(&p);
    assert_null(p);

    s.fail_at = 7;
    assert_int_equal(at_prefetch_start(&p, note_step, &s, 5, 40, NULL), 0);
    assert_true(at_prefetch_next(p) >= 0);
    assert_true(at_prefetch_next(p) >= 0);
    assert_int_equal(at_prefetch_next(p), ATTUNE_E_IO);
    at_prefetch_stop(&p);
    assert_int_equal(at_prefetch_start(&p, note_step, &s, 8, 40, NULL), 0);
    at_prefetch_stop(&p); /* with batches left */
}

/* ---- class weights --------------------------------------------------------------------------- */

static void test_class_weights(void **state)
{
    const double count[] = {60, 30, 10, 0}, none[] = {0, 0};
    float w[4];
    (void)state;
    at_class_weights(count, 3, 1, w); /* inverse to the frequency: total / (n count) */
    assert_float_equal(w[0], 100. / 180, 1e-6);
    assert_float_equal(w[1], 100. / 90, 1e-6);
    assert_float_equal(w[2], 100. / 30, 1e-6);
    at_class_weights(count, 4, 1, w);
    assert_float_equal(w[2] / w[0], 6, 1e-5);
    assert_float_equal(0.6 * (double)w[0] + 0.3 * (double)w[1] + 0.1 * (double)w[2], 1, 1e-6);
    assert_float_equal(w[3], 0, 0);
    at_class_weights(count, 3, 0, w);
    assert_float_equal(w[0], 1, 1e-6);
    assert_float_equal(w[2], 1, 1e-6);
    at_class_weights(none, 2, 1, w);
    assert_float_equal(w[1], 1, 0);
}

/* ---- calibration ------------------------------------------------------------------------------ */

static int draw(at_rng *r, const double *p, int n)
{
    double u = at_rng_float(r);
    int k = 0;
    while (k < n - 1 && (u -= p[k]) >= 0)
        k++;
    return k;
}

static void test_temperature(void **state)
{
    enum { N = 20000, C = 4 };
    float *logit = malloc(N * C * sizeof *logit);
    int *label = malloc(N * sizeof *label);
    at_rng r;
    (void)state;
    at_rng_seed(&r, 11, 0);
    for (int i = 0; i < N; i++) { /* labels drawn from softmax(logit / 2 + k / 4) */
        double p[C], sum = 0;
        for (int k = 0; k < C; k++) {
            logit[i * C + k] = 3 * at_rng_normal(&r);
            sum += p[k] = exp((double)logit[i * C + k] / 2);
        }
        for (int k = 0; k < C; k++)
            p[k] /= sum;
        label[i] = draw(&r, p, C);
    }
    assert_float_equal(at_fit_temperature(logit, label, N, C), 2, 0.1);
    assert_float_equal(at_fit_temperature(logit, label, 0, C), 1, 0);
    free(logit);
    free(label);
}

static void test_levels(void **state)
{
    enum { N = 20000 };
    float *logit = malloc(N * AT_THRESHOLDS * sizeof *logit), scale, bias[AT_THRESHOLDS];
    int *level = malloc(N * sizeof *level);
    at_rng r;
    (void)state;
    at_rng_seed(&r, 12, 0);
    for (int i = 0; i < N;
         i++) { /* logits of P(level > k) = sigmoid(x - k); handed over doubled, less 1 */
        double x = 2 * (double)at_rng_normal(&r), u = at_rng_float(&r);
        level[i] = 0;
        for (int k = 0; k < AT_THRESHOLDS; k++) {
            level[i] += u < 1 / (1 + exp(-(x - k)));
            logit[i * AT_THRESHOLDS + k] = (float)(2 * (x - k) - 1);
        }
    }
    at_fit_levels(logit, level, N, &scale, bias);
    assert_float_equal(scale, 0.5, 0.03);
    for (int k = 0; k < AT_THRESHOLDS; k++)
        assert_float_equal(bias[k], 0.5, 0.08);
    free(logit);
    free(level);
}

/* Few answers far from 0, where scale and biases pull at each other: the slope in each is 0 at the
 * best, not nearly so. */
static void test_levels_converge(void **state)
{
    enum { N = 40 };
    float logit[N * AT_THRESHOLDS], scale, bias[AT_THRESHOLDS];
    double slope[1 + AT_THRESHOLDS] = {0};
    int level[N];
    (void)state;
    for (int i = 0; i < N; i++) {
        level[i] = i * 7 % 4;
        for (int k = 0; k < AT_THRESHOLDS; k++)
            logit[i * AT_THRESHOLDS + k] = 2 - (float)k + 0.6f * (float)level[i] +
                                           0.5f * (float)(i * 5 % 7);
    }
    at_fit_levels(logit, level, N, &scale, bias);
    for (int i = 0; i < N * AT_THRESHOLDS; i++) {
        int k = i % AT_THRESHOLDS;
        double z = (double)(scale * logit[i] + bias[k]);
        double off = 1 / (1 + exp(-z)) - (level[i / AT_THRESHOLDS] > k);
        slope[0] += off * (double)logit[i];
        slope[1 + k] += off;
    }
    assert_true(scale > 0.1f && scale < 4.9f);
    for (int k = 0; k <= AT_THRESHOLDS; k++)
        assert_float_equal(slope[k], 0, 1e-3);
}

static void test_reference(void **state)
{
    float x[5 * 2] = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0}, mean[2], var[2], q[5] = {5, 1, 4, 2, 3};
    (void)state;
    at_fit_reference(x, 5, 2, mean, var);
    assert_float_equal(mean[0], 3, 1e-6);
    assert_float_equal(var[0], 2.5, 1e-6);
    assert_float_equal(var[1], 0.0125, 1e-6); /* the floor */
    assert_float_equal(at_quantile(q, 5, 0.5), 3, 1e-6);
    assert_float_equal(at_quantile(q, 5, 0.875), 4.5, 1e-6);
    assert_float_equal(at_quantile(q, 5, 1), 5, 1e-6);
}

/* ---- starting from a file ------------------------------------------------------------------- */

static void make_params(at_params *p, int with_new, float value)
{
    static const char *const name[] = {"net.old.weight", "net.new.weight"};
    for (int i = 0; i < 1 + with_new; i++) {
        at_param *q = at_params_get(p, name[i], 1, (int[]){2});
        assert_non_null(q);
        q->value.data[0] = q->value.data[1] = value;
    }
}

/* A head that the file lacks keeps its values where that was asked for, and is an error otherwise. */
static void test_optional(void **state)
{
    char path[] = "/tmp/attune-params-XXXXXX";
    at_params old = {0}, now = {0};
    attune_error err;
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    make_params(&old, 0, 5);
    make_params(&now, 1, 1);
    assert_int_equal(at_params_save(path, &old, NULL, NULL), 0);
    assert_int_equal(at_params_load(path, &now, NULL, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "net.new.weight"));
    assert_int_equal(at_params_load(path, &now, (const char *[]){"net.old.", NULL}, &err),
                     ATTUNE_E_FORMAT);
    assert_int_equal(at_params_load(path, &now, (const char *[]){"net.new.", NULL}, &err), 0);
    assert_float_equal(at_params_find(&now, "net.old.weight")->value.data[1], 5, 0);
    assert_float_equal(at_params_find(&now, "net.new.weight")->value.data[1], 1, 0);
    at_params_free(&old);
    at_params_free(&now);
    unlink(path);
}

/* ---- mixup ---------------------------------------------------------------------------------- */

enum { ROWS = 5, PIXELS = 7 };

typedef struct mixed {
    float x[ROWS * PIXELS], covered[ROWS];
    at_face_labels labels;
} mixed;

/* Row i is all i, votes and basic label for class i. Row 1 has no FER2013 label. */
static void make_rows(mixed *m)
{
    assert_int_equal(at_face_labels_create(&m->labels, ROWS, NULL), 0);
    for (int i = 0; i < ROWS; i++) {
        for (int k = 0; k < PIXELS; k++)
            m->x[i * PIXELS + k] = (float)i;
        m->covered[i] = 0.1f * (float)i;
        m->labels.votes[i * AT_FACE_CLASSES + i] = m->labels.votes_row[i] = 1;
        m->labels.basic[i * AT_BASIC_CLASSES + i] = 1;
        m->labels.basic_row[i] = i != 1;
    }
}

/* Row `row` must be keep of class a and the rest of class b, in everything. */
static void assert_mix(const mixed *m, int row, int a, int b, float keep)
{
    const at_face_labels *l = &m->labels;
    float value = keep * (float)a + (1 - keep) * (float)b;
    for (int k = 0; k < PIXELS; k++)
        assert_float_equal(m->x[row * PIXELS + k], value, 1e-5);
    for (int k = 0; k < AT_BASIC_CLASSES; k++) {
        float share = k == a ? keep : k == b ? 1 - keep : 0;
        assert_float_equal(l->votes[row * AT_FACE_CLASSES + k], share, 1e-6);
        assert_float_equal(l->basic[row * AT_BASIC_CLASSES + k], share, 1e-6);
    }
    assert_float_equal(m->covered[row], 0.1f * value, 1e-5);
}

/* Rows 0 and 2 are mixed; 3 and 4 are; 1, which lacks a label, is left alone. */
static void test_mixup(void **state)
{
    float keeps[40];
    int middle = 0;
    (void)state;
    for (int seed = 0; seed < 40; seed++) {
        mixed m = {0}, again = {0};
        make_rows(&m);
        make_rows(&again);
        at_mix_faces(m.x, PIXELS, &m.labels, m.covered, ROWS, 0.4f, (uint64_t)seed);
        at_mix_faces(again.x, PIXELS, &again.labels, again.covered, ROWS, 0.4f, (uint64_t)seed);
        assert_memory_equal(m.x, again.x, sizeof m.x);
        float keep = keeps[seed] = m.labels.votes[2 * AT_FACE_CLASSES + 2];
        assert_true(keep >= 0 && keep <= 1);
        middle += keep > 0.2f && keep < 0.8f;
        assert_mix(&m, 2, 2, 0, keep);
        assert_mix(&m, 0, 0, 2, keep);
        assert_float_equal(m.x[PIXELS], 1, 0);
        assert_float_equal(m.labels.votes[AT_FACE_CLASSES + 1], 1, 0);
        assert_mix(&m, 4, 4, 3, m.labels.votes[4 * AT_FACE_CLASSES + 4]);
        at_face_labels_free(&m.labels);
        at_face_labels_free(&again.labels);
    }
    assert_in_range(middle, 4, 26); /* Beta(0.4, 0.4): a third lies there, uniform would be 24 */
}

static void test_mixed_voices(void **state)
{
    enum { N = 3, FLOATS = 4, CLASSES = 2 };
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        float x[N * FLOATS] = {1, 1, 1, 0, 3, 3, 0, 0, 5, 5, 5, 5};
        float target[N * CLASSES] = {1, 0, 0, 1, 1, 0};
        int lengths[N] = {3, 2, 4};
        at_mix_voices(x, FLOATS, lengths, target, CLASSES, N, 0.5f, seed);
        float keep = target[0];
        assert_true(keep >= 0 && keep <= 1);
        assert_float_equal(target[1], 1 - keep, 1e-6);
        assert_float_equal(x[0], keep + 3 * (1 - keep), 1e-5);
        assert_float_equal(x[2], keep, 1e-5); /* the second is silent there */
        assert_float_equal(x[FLOATS], 3 * keep + 1 - keep, 1e-5);
        assert_int_equal(lengths[0], 3);
        assert_int_equal(lengths[1], 3);
        assert_int_equal(lengths[2], 4); /* without a partner */
        assert_float_equal(x[2 * FLOATS], 5, 0);
        assert_float_equal(target[2 * CLASSES], 1, 0);
    }
}

/* ---- sets of voices ------------------------------------------------------------------------- */

/* RAVDESS's neutral calm happy sad angry fearful disgust surprised; the second set has two of them. */
static void test_voice_classes(void **state)
{
    int set_of[] = {0, 1, 0, 1}, label[] = {4, 2, 1, 3};
    const at_voice_set s = {.sets = 2,
                            .head = {AT_HEAD_VOICE8, AT_HEAD_EMOTION7},
                            .classes = {0xff, 0x0c},
                            .set_of = set_of,
                            .label = label};
    const int batch[] = {1, 3, 1, 0, 3};
    float target[8], prior[5 * 8], p[8];
    (void)state;
    at_voice_set_target(&s, 0, 0.4f, target);
    for (int k = 0; k < 8; k++)
        assert_float_equal(target[k], k == 4 ? 0.65 : 0.05, 1e-6);
    at_voice_set_target(&s, 3, 0.4f, target);
    for (int k = 0; k < 8; k++)
        assert_float_equal(target[k], k == 3 ? 0.8 : k == 2 ? 0.2 : 0, 1e-6);
    for (int pairs = 0; pairs < 2; pairs++) {
        at_voice_set_prior(&s, batch, 5, pairs, 1.5f, prior);
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 8; k++) {
                int all = i == 3 || (pairs && i == 2); /* of the set with all classes */
                int there = all || k == 2 || k == 3;
                assert_float_equal(prior[i * 8 + k], there ? 0 : -1.5, 0);
            }
    }
    const float native[8] = {0.1f, 0.2f, 0.3f, 0.1f, 0.1f, 0.1f, 0.05f, 0.05f};
    assert_int_equal(at_voice_set_answer(&s, 0, native, p), 8);
    assert_float_equal(p[1], 0.2, 1e-6);
    assert_int_equal(at_voice_set_answer(&s, 1, native, p), 7);
    assert_float_equal(p[ATTUNE_NEUTRAL], 0.3, 1e-6); /* calm counts as neutral */
    assert_float_equal(p[ATTUNE_SURPRISED], 0.05, 1e-6);
}

/* Each set as often as its share says, nothing twice before all of it came once. */
static void test_draw(void **state)
{
    enum { N = 10 };
    const int set_of[N] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
    const double share[] = {0.5, 1.5};
    const at_draw d = {N, 2, set_of, share};
    int a[16], b[16], c[16], count[N] = {0}, first = 0;
    (void)state;
    assert_int_equal(at_draw_count(&d), 9);
    assert_int_equal(at_draw_order(&d, 3, 1, a), 0);
    assert_int_equal(at_draw_order(&d, 3, 1, b), 0);
    assert_int_equal(at_draw_order(&d, 3, 2, c), 0);
    assert_memory_equal(a, b, 9 * sizeof *a);
    assert_memory_not_equal(a, c, 9 * sizeof *a);
    for (int i = 0; i < 9; i++) {
        count[a[i]]++;
        first += a[i] < 6;
    }
    assert_int_equal(first, 3);
    for (int i = 0; i < N; i++)
        assert_true(i < 6 ? count[i] <= 1 : count[i] == 1 || count[i] == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_other_checkpoint),
        cmocka_unit_test(test_prefetch),
        cmocka_unit_test(test_hostile_checkpoint),
        cmocka_unit_test(test_damaged_checkpoint),
        cmocka_unit_test(test_class_weights),
        cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_levels_converge),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_mixup),
        cmocka_unit_test(test_optional),
        cmocka_unit_test(test_mixed_voices),
        cmocka_unit_test(test_voice_classes),
        cmocka_unit_test(test_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
