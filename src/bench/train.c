/* bench_train.c - steps of training, with the tape, the models and the optimiser of attune train. */
#include "bench/bench.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "model/mobilenet.h"
#include "tensor/loss_scale.h"
#include "tensor/optim.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    BATCH = 32,
    CLASSES = 1000, /* of ImageNet, as the peers have it */
    LSTM_STEPS = 300,
    LSTM_IN = 64,
    LSTM_UNITS = 128,
    LSTM_LAYERS = 2,
};

typedef struct step step;
struct step {
    at_tensor *(*loss)(step *t);
    at_pool *pool;
    const at_kernels *kn;
    at_graph *g;
    at_params params;
    at_adamw optimiser; /* with the loss scale */
    int update;         /* the optimiser's step is part of it */
    int side;
    float *input, *target;
};

void at_bench_train_destroy(void *state)
{
    step *t = state;
    at_graph_free(&t->g);
    at_params_free(&t->params);
    at_free(t->input);
    at_free(t->target);
    at_free(t);
}

int at_bench_train_run(void *state, attune_error *err)
{
    step *t = state;
    at_graph_begin(t->g, AT_TRAIN, 0);
    at_params_zero_grad(&t->params);
    const float scale = t->optimiser.scale > 0 ? t->optimiser.scale : 1;
    int status = at_graph_backward_scaled(t->g, t->loss(t), scale);
    if (status)
        return at_fail_nomem(err);
    float norm;
    return t->update ? at_adamw_step(&t->optimiser, &t->params, t->pool, t->kn, 1e-4F, &norm, err)
                     : ATTUNE_OK;
}

static at_param *random_param(at_params *p, const char *name, int rows, int cols, float deviation,
                              at_rng *rng)
{
    const int dim[2] = {rows, cols};
    at_param *a = at_params_get(p, name, 2, dim);
    for (size_t i = 0, n = a ? (size_t)rows * cols : 0; i < n; i++)
        a->value.data[i] = deviation * at_rng_normal(rng);
    return a;
}

/* An empty step and its random input; everything is freed by destroy. */
static step *new_step(const at_bench_setup *s, size_t inputs, at_rng *rng, attune_error *err)
{
    step *t = at_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->pool = s->pool;
    t->kn = s->kn;
    t->input = at_alloc(inputs, sizeof(float));
    if (!t->input || at_graph_create(&t->g, s->pool, s->kn, err)) {
        at_bench_train_destroy(t);
        return NULL;
    }
    for (size_t i = 0; i < inputs; i++)
        t->input[i] = at_rng_range(rng, -1, 1);
    return t;
}

static at_tensor *input(step *t, int rank, const int *dim, int with_grad)
{
    at_tensor *x = at_tensor_new(t->g, rank, dim, with_grad);
    if (x)
        memcpy(x->data, t->input, at_tensor_count(x) * sizeof(float));
    return x;
}

/* ---- train-mobilenet-SIDE ------------------------------------------------------------------ */

static at_tensor *mobilenet_loss(step *t)
{
    at_graph *g = t->g;
    at_tensor *x = input(t, 4, (const int[]){BATCH, t->side, t->side, 3}, 0);
    x = at_mobilenet_forward(g, &t->params, "net", x, 0.1F, NULL);
    x = at_linear(g, at_global_avg_pool(g, x),
                  at_use(g, at_params_find(&t->params, "classifier.weight")),
                  at_use(g, at_params_find(&t->params, "classifier.bias")));
    return at_cross_entropy(g, x, t->target, NULL, NULL, 0);
}

int at_bench_train_create(void **state, const at_bench_setup *s, at_bench_work *work,
                          attune_error *err)
{
    const int classes = CLASSES;
    at_rng rng;

    at_rng_seed(&rng, 3, 0);
    step *t = new_step(s, (size_t)BATCH * s->variant * s->variant * 3, &rng, err);
    if (!t)
        return at_fail_nomem(err);
    t->loss = mobilenet_loss;
    t->side = s->variant;
    t->update = 1;
    t->target = at_calloc((size_t)BATCH * CLASSES, sizeof(float));
    int status = at_mobilenet_init(&t->params, "net", 1, &rng, err);
    if (!status &&
        (!t->target ||
         !random_param(&t->params, "classifier.weight", AT_MB_FEATURES, CLASSES, 0.01F, &rng) ||
         !at_params_get(&t->params, "classifier.bias", 1, &classes)))
        status = at_fail_nomem(err);
    status = status ? status : at_adamw_init(&t->optimiser, &t->params, err);
    if (status) {
        at_bench_train_destroy(t);
        return status;
    }
    for (int i = 0; i < BATCH; i++)
        t->target[i * CLASSES + i * 37 % CLASSES] = 1;
    work->items = BATCH;
    /* Three products of the forward pass's size a layer: y, dx, dw. The pictures need no dx. */
    double stem = 27.0 * AT_MB_STEM * (t->side / 2) * (t->side / 2);
    work->flops = 2.0 * BATCH * (3 * at_bench_mobilenet_macs(t->side, CLASSES) - stem);
    *state = t;
    return ATTUNE_OK;
}

int at_bench_train_mixed_create(void **state, const at_bench_setup *s, at_bench_work *work,
                                attune_error *err)
{
    int status = at_bench_train_create(state, s, work, err);
    if (status)
        return status;
    step *t = *state;
    at_graph_set_precision(t->g, AT_MIXED);
    t->optimiser.scale = AT_LOSS_SCALE_START;
    return ATTUNE_OK;
}

/* ---- bilstm-train -------------------------------------------------------------------------- */

static void name_of(char *name, size_t size, int layer, int reverse, const char *what)
{
    snprintf(name, size, "layer%d.%s.%s", layer, reverse ? "backward" : "forward", what);
}

static at_tensor *bilstm_loss(step *t)
{
    static const char *const parts[3] = {"w_x", "w_h", "bias"};
    at_tensor *x = input(t, 3, (const int[]){BATCH, LSTM_STEPS, LSTM_IN}, 1);
    for (int layer = 0; layer < LSTM_LAYERS; layer++) {
        at_tensor *w[2][3];
        for (int i = 0; i < 6; i++) {
            char name[64];
            name_of(name, sizeof name, layer, i / 3, parts[i % 3]);
            w[i / 3][i % 3] = at_use(t->g, at_params_find(&t->params, name));
        }
        x = at_bilstm(t->g, x, w[0], w[1], NULL);
    }
    return at_mse(t->g, x, t->target, NULL);
}

static int init_bilstm(at_params *p, at_rng *rng)
{
    const int gates = 4 * LSTM_UNITS;
    const float deviation = 1 / sqrtf(3.0F * LSTM_UNITS); /* of PyTorch's uniform initialisation */
    for (int layer = 0; layer < LSTM_LAYERS; layer++)
        for (int reverse = 0; reverse < 2; reverse++) {
            char w_x[64], w_h[64], bias[64];
            name_of(w_x, sizeof w_x, layer, reverse, "w_x");
            name_of(w_h, sizeof w_h, layer, reverse, "w_h");
            name_of(bias, sizeof bias, layer, reverse, "bias");
            if (!random_param(p, w_x, layer ? 2 * LSTM_UNITS : LSTM_IN, gates, deviation, rng) ||
                !random_param(p, w_h, LSTM_UNITS, gates, deviation, rng) ||
                !at_params_get(p, bias, 1, &gates))
                return -1;
        }
    return 0;
}

int at_bench_bilstm_create(void **state, const at_bench_setup *s, at_bench_work *work,
                           attune_error *err)
{
    const double rows = (double)BATCH * LSTM_STEPS, gates = 4.0 * LSTM_UNITS;
    at_rng rng;

    at_rng_seed(&rng, 4, 0);
    step *t = new_step(s, (size_t)BATCH * LSTM_STEPS * LSTM_IN, &rng, err);
    if (!t)
        return at_fail_nomem(err);
    t->loss = bilstm_loss;
    t->target = at_calloc((size_t)BATCH * LSTM_STEPS * 2 * LSTM_UNITS, sizeof(float));
    if (!t->target || init_bilstm(&t->params, &rng)) {
        at_bench_train_destroy(t);
        return at_fail_nomem(err);
    }
    work->items = 1;
    /* both directions; y, dx and dw; the first layer reads LSTM_IN, the second both directions */
    work->flops = 2 * 3 * 2 * rows * gates * (LSTM_IN + LSTM_UNITS + 3.0 * LSTM_UNITS);
    *state = t;
    return ATTUNE_OK;
}
