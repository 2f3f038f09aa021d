/* The training loop: going on where it was stopped to the bit, schedules, loss scaling, checkpoints that
 * are not to be gone on from, prefetching. */
#include "temp_folder.h"
#include "tensor/ops.h"
#include "train/checkpoint.h"
#include "train/learn.h"
#include "train/prefetch.h"
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

static int toy_alike = 1; /* so many shards in a row are of the same points */
static float toy_dropout = 0.2f;

static int toy_prepare(void *self, int64_t shard, int slot)
{
    toy *t = self;
    make_batch(shard / toy_alike, t->x[slot], t->target[slot]);
    return 0;
}

static at_tensor *toy_logits(toy *t, at_graph *g, const float *data)
{
    at_tensor *x = at_tensor_new(g, 2, (int[]){BATCH, IN}, 0);
    if (x)
        memcpy(x->data, data, sizeof t->x[0]);
    return at_linear(g, at_dropout(g, x, toy_dropout), at_use(g, at_params_find(&t->t.params, "w")),
                     at_use(g, at_params_find(&t->t.params, "b")));
}

static int64_t toy_overflow; /* at this step and the next gradients become infinite; 0: never */

static at_tensor *toy_loss(void *self, at_graph *g, int64_t step, int slot)
{
    toy *t = self;
    assert_true(t->t.shards_per_epoch % t->t.plan.shards == 0); /* whole steps */
    at_tensor *x = toy_logits(t, g, t->x[slot]);
    x = at_cross_entropy(g, x, t->target[slot], NULL, NULL, 0);
    return toy_overflow && (step == toy_overflow || step == toy_overflow + 1)
               ? at_scale(g, x, 1e36f)
               : x;
}

static int toy_evaluate(void *self, at_graph *g, int64_t step, json_t **metrics, double *score,
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
    json_object_set_new(*metrics, "accuracy", json_real(*score));
    return 0;
}

static int64_t toy_steps = STEPS;

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
    t->t.shards_per_epoch = toy_alike > 1 ? toy_steps * toy_alike + 1 : toy_steps;
    t->t.batch = BATCH;
    return 0;
}

static float last_weights[IN * OUT];
static attune_error toy_error; /* of the latest run */
static const char *toy_plan;   /* what the plan says besides, as JSON; NULL: nothing */

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

/* Runs in that folder of the test's; stop_after 0: to the end. Returns the status, weights are left in last_weights. */
static int toy_run(const char *dir, at_resume resume, int stop_after, double *score)
{
    int left = stop_after;
    attune_train_options o = {
        .out_dir = in_folder(dir), .user = &left, .stop = stop_after ? stop_at : NULL};
    char path[] = "toy.json";
    at_recipe r = {.path = path, .kind = "toy", .name = "toy"};
    at_job job = {.recipe = &r, .options = &o, .resume = resume, .stamp = 77};
    at_loop_plan plan;
    json_t *optimiser = json_pack("{s:i, s:i, s:{s:f,s:f,s:f,s:f}}", "seed", 7, "epochs", EPOCHS,
                                  "optimiser", "lr", 0.05, "ema", 0.9, "warmup", 0.1, "decay",
                                  0.01);
    json_t *besides = toy_plan ? json_loads(toy_plan, 0, NULL) : NULL;
    assert_true(!toy_plan || json_object_update(optimiser, besides) == 0);
    json_decref(besides);
    assert_int_equal(at_fields_read(&at_plan_fields, optimiser, "toy.json", "", &plan, NULL), 0);
    const int status = at_learn(&toy_learner, &job, &plan, score, &toy_error);
    json_decref(optimiser); /* with the texts of the plan */
    return status;
}

/* What a toy's file of that kind is called in dir; valid until the next call. */
static const char *file_of(const char *dir, const char *kind)
{
    static char name[64];
    snprintf(name, sizeof name, "%s/toy.%s", dir, kind);
    return name;
}

static void assert_same_file(const char *a, const char *b, const char *kind)
{
    size_t n, m;
    char *x = read_bytes(file_of(a, kind), &n), *y = read_bytes(file_of(b, kind), &m);
    assert_true(n > 0 && n == m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

static void test_resume(void **state)
{
    float w[IN * OUT];
    double score, same;
    (void)state;
    assert_int_equal(toy_run("whole", AT_AFRESH, 0, &score), 0);
    memcpy(w, last_weights, sizeof w);

    /* in the middle of an epoch, then at its end, then to the end of all */
    assert_int_equal(toy_run("parts", AT_AFRESH, 13, NULL), ATTUNE_E_INTERRUPTED);
    assert_int_equal(toy_run("parts", AT_RESUME, 7, NULL), ATTUNE_E_INTERRUPTED);
    assert_int_equal(toy_run("parts", AT_RESUME_IF_ANY, 0, NULL), 0);

    assert_same_file("whole", "parts", "safetensors");
    assert_same_file("whole", "parts", "checkpoint.safetensors");
    assert_memory_equal(w, last_weights, sizeof w);
    /* and it did learn: the label's direction has the largest weight */
    for (int k = 0; k < OUT; k++)
        for (int o = 0; o < OUT; o++)
            assert_true(w[k * OUT + k] >= w[k * OUT + o]);

    /* gone on with when all is done, it still knows how well it did */
    assert_int_equal(toy_run("parts", AT_RESUME, 0, &same), 0);
    assert_true(score > 0.5 && same == score);

    char *text = read_text("parts/toy.metrics.jsonl");
    int lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, EPOCHS);
    free(text);
}

static const char checkpoint[] = "toy/toy.checkpoint.safetensors";

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
    double best = -1;
    int waited = 0, stale = 0, lines = 0, over = 0;
    FILE *f = fopen(in_folder(file_of(dir, "metrics.jsonl")), "r");
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
    double score, rate = 0.05;
    int status = ATTUNE_E_INTERRUPTED, stops = 0, lowered;
    at_params params = {0};
    at_adamw o = {.ema = 0.9f};
    at_progress_state end;
    (void)state;
    toy_plan = "{\"epochs\": 60, \"plateau\": {\"patience\": 3, \"factor\": 0.2},"
               " \"early_stop\": {\"patience\": 8, \"least\": 14}}";
    assert_int_equal(toy_run("whole", AT_AFRESH, 0, &score), 0);
    const int epochs = follow_scores("whole", &rate, &lowered);
    assert_in_range(epochs, LEAST, LONG - 1);
    assert_in_range(lowered, 2, LONG / PLATEAU);

    make_toy_params(&params, &o);
    const char *last = in_folder("whole/toy.checkpoint.safetensors");
    assert_int_equal(at_checkpoint_load(last, &params, &o, &end, NULL), 0);
    at_params_free(&params);
    assert_int_equal(end.step, epochs * STEPS);
    assert_float_equal(end.rate, fmax(rate, 1e-5), 1e-7);

    for (; status == ATTUNE_E_INTERRUPTED; stops++)
        status = toy_run("parts", stops ? AT_RESUME : AT_AFRESH, 17, NULL);
    assert_int_equal(status, 0);
    assert_true(stops > 5);
    assert_same_file("whole", "parts", "safetensors");
    assert_same_file("whole", "parts", "best.safetensors");
    assert_same_file("whole", "parts", "checkpoint.safetensors");
    assert_int_equal(toy_run("parts", AT_RESUME, 0, NULL), 0); /* it knows that it is over */
    assert_same_file("whole", "parts", "checkpoint.safetensors");
    toy_plan = NULL;
}

/* ---- shards ---------------------------------------------------------------------------------------- */

/* A step of four shards of the same points is a step of one: it goes by the mean of their gradients. A shard that
 * makes no whole step is left out, and in the middle of a run such a run goes on like any other. */
static void test_shards(void **state)
{
    double score, same;
    (void)state;
    toy_dropout = 0; /* which differs from shard to shard */
    toy_plan = "{\"optimiser\": {\"lr\": 0.05, \"ema\": 0.9, \"clip\": 0.5}}";
    assert_int_equal(toy_run("whole", AT_AFRESH, 0, &score), 0);
    toy_plan = "{\"optimiser\": {\"lr\": 0.05, \"ema\": 0.9, \"clip\": 0.5}, \"shards\": 4}";
    toy_alike = 4;
    assert_int_equal(toy_run("parts", AT_AFRESH, 13, NULL), ATTUNE_E_INTERRUPTED);
    assert_int_equal(toy_run("parts", AT_RESUME, 0, &same), 0);
    assert_true(score == same);
    assert_same_file("whole", "parts", "safetensors");
    assert_same_file("whole", "parts", "checkpoint.safetensors");
    toy_plan = NULL;
    toy_alike = 1;
    toy_dropout = 0.2f;
}

/* ---- mixed precision --------------------------------------------------------------------------- */

/* Two steps with gradients that are not finite: they are left out, the scale falls twice, and a run that
 * was stopped anywhere between goes on with scale and counter. What is learned is what f32 learns: a
 * power of two changes no bit of it. */
static void test_loss_scale(void **state)
{
    float w[IN * OUT];
    int status = ATTUNE_E_INTERRUPTED, stops = 0;
    at_params params = {0};
    at_adamw o = {.ema = 0.9f};
    at_progress_state end;
    (void)state;
    toy_overflow = 9;
    assert_int_equal(toy_run("f32", AT_AFRESH, 0, NULL), 0);
    memcpy(w, last_weights, sizeof w);
    toy_plan = "{\"precision\": \"mixed\"}";
    assert_int_equal(toy_run("whole", AT_AFRESH, 0, NULL), 0);
    assert_memory_equal(w, last_weights, sizeof w);
    assert_same_file("whole", "f32", "safetensors");
    for (; status == ATTUNE_E_INTERRUPTED; stops++)
        status = toy_run("parts", stops ? AT_RESUME : AT_AFRESH, 5, NULL);
    assert_int_equal(status, 0);
    assert_true(stops > 3);
    assert_same_file("whole", "parts", "safetensors");
    assert_same_file("whole", "parts", "checkpoint.safetensors");

    make_toy_params(&params, &o);
    const char *last = in_folder("parts/toy.checkpoint.safetensors");
    assert_int_equal(at_checkpoint_load(last, &params, &o, &end, NULL), 0);
    at_params_free(&params);
    assert_int_equal(end.skipped, 2);
    assert_int_equal(o.step, STEPS * EPOCHS - 2);
    assert_float_equal(end.scaling.scale, AT_LOSS_SCALE_START / 4, 0);
    assert_int_equal(end.scaling.good, STEPS * EPOCHS - 11);
    char *text = read_text("parts/toy.metrics.jsonl");
    text[strlen(text) - 1] = 0;
    assert_non_null(strstr(strrchr(text, '\n'), "\"skipped_steps\":2"));
    assert_non_null(strstr(strrchr(text, '\n'), "\"loss_scale\":16384.0"));
    free(text);

    toy_plan = NULL; /* a checkpoint of one precision is none of the other */
    assert_int_equal(toy_run("parts", AT_RESUME, 0, NULL), ATTUNE_E_ARG);
    toy_overflow = 0;
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
    assert_int_equal(at_checkpoint_save(made_in_folder(checkpoint), &p, &o, &s, NULL), 0);
    at_params_free(&p);
}

static void test_other_checkpoint(void **state)
{
    const at_progress_state good = {.step = 3, .steps = STEPS * EPOCHS, .stamp = 77};
    at_progress_state s = good;
    (void)state;
    assert_int_equal(toy_run("toy", AT_RESUME, 0, NULL), ATTUNE_E_IO);
    save_checkpoint(good, 0, 1);
    assert_int_equal(toy_run("toy", AT_RESUME, 1, NULL), ATTUNE_E_INTERRUPTED);

    s.stamp = 78;
    save_checkpoint(s, 0, 1);
    assert_int_equal(toy_run("toy", AT_RESUME, 0, NULL), ATTUNE_E_ARG);
    assert_int_equal(toy_run("toy", AT_RESUME_IF_ANY, 1, NULL), ATTUNE_E_INTERRUPTED);
    s = good;
    s.steps++;
    save_checkpoint(s, 0, 1);
    assert_int_equal(toy_run("toy", AT_RESUME, 0, NULL), ATTUNE_E_ARG);
    put_text(checkpoint, "not a checkpoint at all");
    assert_int_equal(toy_run("toy", AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
}

/* Numbers out of their range: a step before the start would read before the data. */
static void test_hostile_checkpoint(void **state)
{
    const at_progress_state good = {.step = 3, .steps = STEPS * EPOCHS, .stamp = 77};
    enum { BAD = 17 };
    static const char *const named[BAD] = {
        "step",       "step",   "steps",  "best",    "loss",       "score",
        "rate",       "waited", "stale",  "skipped", "loss_scale", "loss_scale",
        "loss_scale", "steps",  "waited", "stale",   "loss_scale"};
    at_progress_state bad[BAD];
    (void)state;
    for (int i = 0; i < BAD; i++)
        bad[i] = good;
    bad[0].step = -3;
    bad[1].step = STEPS * EPOCHS + 1;
    bad[2].steps = -1;
    bad[3].best = (double)NAN;
    bad[4].loss = (double)INFINITY;
    bad[5].score = (double)-INFINITY;
    bad[6].rate = -0.1;
    bad[7].waited = -1;
    bad[8].stale = -2;
    bad[9].skipped = 4;
    bad[10].scaling = (at_loss_scale){3, 0};
    bad[11].scaling = (at_loss_scale){0x1p30f, 0};
    bad[12].scaling = (at_loss_scale){4, AT_LOSS_SCALE_GROWTH};
    bad[13].steps = INT64_MAX;
    bad[14].rate = bad[15].rate = 1;
    bad[14].waited = INT64_MAX;
    bad[15].stale = INT64_MAX;
    bad[16].scaling = (at_loss_scale){INFINITY, 0};
    for (int i = 0; i < BAD; i++) {
        char what[32];
        save_checkpoint(bad[i], 0, 1);
        assert_int_equal(toy_run("toy", AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
        snprintf(what, sizeof what, ": %s is ", named[i]);
        if (!strstr(toy_error.text, what) || !strstr(toy_error.text, "must be"))
            fail_msg("%s: %s", named[i], toy_error.text);
    }
    for (int array = 0; array < 5; array++) {
        static const char *const names[] = {": w[3] is ", ": m/w[3] is ", ": v/w[3] is ",
                                            ": ema/w[3] is ", ": v/w[3] is -1, must be from 0 "};
        save_checkpoint(good, array % 4 + array / 4 * 2, array < 4 ? NAN : -1);
        assert_int_equal(toy_run("toy", AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
        if (!strstr(toy_error.text, names[array]) || !strstr(toy_error.text, "must be from"))
            fail_msg("%s: %s", names[array], toy_error.text);
    }
    save_checkpoint(good, 1, -1);
    assert_int_equal(toy_run("toy", AT_RESUME, 1, NULL), ATTUNE_E_INTERRUPTED);
}

/* What would run for weeks is refused before it begins, with the fields that make it so. */
static void test_too_many_steps(void **state)
{
    (void)state;
    toy_plan = "{\"epochs\": 100000}";
    for (int i = 0; i < 2; i++) {
        toy_steps = i ? INT64_MAX : AT_MOST_STEPS / 100000 + 1;
        assert_int_equal(toy_run("toy", AT_AFRESH, 1, NULL), ATTUNE_E_ARG);
        assert_non_null(strstr(toy_error.text, "toy.json: epochs is 100000"));
    }
    toy_steps = AT_MOST_STEPS / 100000;
    assert_int_equal(toy_run("toy", AT_AFRESH, 1, NULL), ATTUNE_E_INTERRUPTED);
    toy_steps = STEPS;
    toy_plan = NULL;
}

/* One bit of the weights is another: what would go on is not what was stopped. */
static void test_damaged_checkpoint(void **state)
{
    const at_progress_state good = {.step = 3, .steps = STEPS * EPOCHS, .stamp = 77};
    at_progress_state got;
    at_params params = {0};
    at_adamw o = {.ema = 0.9f};
    attune_error err = {0};
    unsigned char last;
    (void)state;
    make_toy_params(&params, &o);
    save_checkpoint(good, 0, 1);
    FILE *f = fopen(in_folder(checkpoint), "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    assert_int_equal(fread(&last, 1, 1, f), 1);
    last ^= 1;
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    assert_int_equal(fwrite(&last, 1, 1, f), 1);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(at_checkpoint_load(in_folder(checkpoint), &params, &o, &got, &err),
                     ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, in_folder(checkpoint)));
    assert_non_null(strstr(err.text, "damaged"));
    assert_int_equal(toy_run("toy", AT_RESUME, 0, NULL), ATTUNE_E_FORMAT);
    at_params_free(&params);
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

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder_with_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_resume),
        CASE(test_plateau),
        CASE(test_shards),
        CASE(test_loss_scale),
        CASE(test_other_checkpoint),
        CASE(test_hostile_checkpoint),
        CASE(test_too_many_steps),
        CASE(test_damaged_checkpoint),
        cmocka_unit_test(test_prefetch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
