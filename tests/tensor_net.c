#include "tensor_net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 3, SIDE = 20, CHANNELS = 16, CLASSES = 4, UNITS = 6 };

typedef struct net {
    at_graph *g;
    at_params *p;
} net;

/* A parameter by name; a fresh one is filled: around `centre`, with deviation `spread`. */
static at_param *param(net *n, const char *name, int rank, const int *dim, float centre,
                       float spread)
{
    int fresh = at_params_find(n->p, name) == NULL;
    at_param *p = at_params_get(n->p, name, rank, dim);
    if (p != NULL && fresh) {
        at_rng rng;
        at_rng_seed(&rng, 5, (uint64_t)n->p->count);
        for (size_t i = 0; i < at_tensor_count(&p->value); i++)
            p->value.data[i] = centre + spread * at_rng_normal(&rng);
    }
    return p;
}

static at_tensor *matrix(net *n, const char *name, int rows, int cols)
{
    return at_use(n->g, param(n, name, 2, (int[]){rows, cols}, 0, 1 / sqrtf((float)rows)));
}

static at_tensor *vector(net *n, const char *name, int size, float centre)
{
    return at_use(n->g, param(n, name, 1, &size, centre, 0.1f));
}

static at_tensor *norm(net *n, const char *name, at_tensor *x, int c, at_act act)
{
    char mean[32], var[32], gamma[32], beta[32];
    snprintf(mean, sizeof mean, "%s.mean", name);
    snprintf(var, sizeof var, "%s.var", name);
    snprintf(gamma, sizeof gamma, "%s.gamma", name);
    snprintf(beta, sizeof beta, "%s.beta", name);
    at_param *m = param(n, mean, 1, &c, 0, 0), *v = param(n, var, 1, &c, 1, 0);
    if (m != NULL && v != NULL)
        m->trainable = v->trainable = 0;
    return at_batch_norm(n->g, x, vector(n, gamma, c, 1), vector(n, beta, c, 0), m, v, 0.1f, 1e-3f,
                         act);
}

/* (b,20,20,3) -> (b,10,10,16) */
static at_tensor *picture(net *n, at_tensor *x)
{
    at_graph *g = n->g;
    at_tensor *stem = at_conv3x3(g, x, matrix(n, "stem", 27, CHANNELS),
                                 vector(n, "stem.bias", CHANNELS, 0), 2, at_pad_one);
    stem = norm(n, "stem", stem, CHANNELS, AT_ACT_RELU6);
    at_tensor *y = at_depthwise3x3(g, stem, matrix(n, "dw", 9, CHANNELS), NULL, 1, at_pad_one);
    y = norm(n, "dw", y, CHANNELS, AT_ACT_SILU);
    y = norm(n, "project", at_linear(g, y, matrix(n, "project", CHANNELS, CHANNELS), NULL),
             CHANNELS, AT_ACT_NONE);
    y = at_add(g, y, stem);
    return at_mul(g, y, at_upsample2(g, at_max_pool2(g, y)));
}

/* (b,10,10,16) -> (b, 2*2*units), treating rows of the picture as time */
static at_tensor *sequence(net *n, at_tensor *x)
{
    static const int lengths[BATCH] = {50, 37, 50};
    at_graph *g = n->g;
    x = at_reshape(g, x, 3, (int[]){BATCH, 100, CHANNELS});
    x = at_layer_norm(g, x, vector(n, "ln.gamma", CHANNELS, 1), vector(n, "ln.beta", CHANNELS, 0),
                      1e-5f);
    at_tensor *bias = at_reshape(g, at_linear(g, x, matrix(n, "reliability", CHANNELS, 1), NULL), 2,
                                 (int[]){BATCH, 100});
    x = at_add(g, x,
               at_attention(g, at_linear(g, x, matrix(n, "q", CHANNELS, CHANNELS), NULL),
                            at_linear(g, x, matrix(n, "k", CHANNELS, CHANNELS), NULL), x, 2, bias));
    x = at_conv_time(g, x, matrix(n, "conv", 5 * CHANNELS, 8), vector(n, "conv.bias", 8, 0), 5, 2);
    at_tensor *fwd[3] = {matrix(n, "f.x", 8, 4 * UNITS), matrix(n, "f.h", UNITS, 4 * UNITS),
                         vector(n, "f.bias", 4 * UNITS, 0)};
    at_tensor *bwd[3] = {matrix(n, "b.x", 8, 4 * UNITS), matrix(n, "b.h", UNITS, 4 * UNITS),
                         vector(n, "b.bias", 4 * UNITS, 0)};
    x = at_bilstm(g, x, fwd, bwd, lengths);
    at_tensor *score = at_linear(g, x, matrix(n, "score", 2 * UNITS, 1), NULL);
    return at_attention_pool(g, at_activation(g, x, AT_ACT_GELU), score, lengths, 1);
}

static at_tensor *losses(net *n, at_tensor *x)
{
    static const int level[BATCH] = {1, -1, 2};
    at_graph *g = n->g;
    float target[BATCH * CLASSES] = {0};
    for (int i = 0; i < BATCH; i++)
        target[i * CLASSES + i % CLASSES] = 1;
    at_tensor *loss[5] = {
        at_cross_entropy(g, x, target, NULL, NULL, 0.1f),
        at_ordinal_loss(g, x != NULL ? at_slice(g, x, 0, 3) : NULL, level, NULL),
        at_binary_cross_entropy(g, x, target, NULL),
        at_smooth_l1(g, at_softmax(g, x), target, NULL),
        at_mse(g, at_slice_rows(g, at_scale(g, x, 0.5f), 0, 2), target, NULL),
    };
    return at_sum_losses(g, loss, (float[]){1, 0.5f, 1, 1, 0.1f}, 5);
}

at_tensor *tensor_net_loss(at_graph *g, at_params *p, uint64_t seed)
{
    net n = {g, p};
    at_rng rng;
    at_tensor *x = at_tensor_new(g, 4, (int[]){BATCH, SIDE, SIDE, 3}, 0);
    if (x == NULL)
        return NULL;
    at_rng_seed(&rng, seed, 0);
    for (size_t i = 0; i < at_tensor_count(x); i++)
        x->data[i] = at_rng_range(&rng, -1, 1);
    x = picture(&n, x);
    at_tensor *both[2] = {at_global_avg_pool(g, x), sequence(&n, x)};
    x = at_dropout(g, at_concat(g, both, 2), 0.2f);
    x = at_linear(g, x, matrix(&n, "head", CHANNELS + 4 * UNITS, CLASSES),
                  vector(&n, "head.bias", CLASSES, 0));
    return losses(&n, x);
}
