#include "model/audio.h"
#include "base/error.h"
#include "base/mem.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TAPS = 5, STRIDE = 2, LAYERS = 2, FRONT = 128, UNITS = 128, SCORE = 64, TOKEN = 2 * UNITS };

#define NORM_EPS 1e-5f

/* ---- parameters --------------------------------------------------------------------------- */

enum { NAME_SIZE = 64 };

/* Network number `member` of those in p. */
typedef struct network {
    at_params *p;
    int member;
    const at_weights *file; /* while making one: its arrays are the values; NULL: they are new */
    attune_error *why;      /* with a file: why there is a parameter less */
} network;

/* "audio.score0.weight" of the first, "audio1.score0.weight" of the next */
static void full_name(char full[NAME_SIZE], int member, const char *part)
{
    if (member)
        snprintf(full, NAME_SIZE, "audio%d.%s", member, part);
    else
        snprintf(full, NAME_SIZE, "audio.%s", part);
}

static at_param *find(const network *n, const char *part)
{
    char full[NAME_SIZE];
    full_name(full, n->member, part);
    return at_params_find(n->p, full);
}

/* The file's array of that name. After the first that fails the others do too. */
static at_param *borrow(const network *net, const char *name, int rank, const int *dim)
{
    const at_weight *w = at_weights_find(net->file, name);
    at_param *q = NULL;
    if (net->why->status)
        return NULL;
    if (!at_weight_is(w, rank > 1 ? dim[0] : 0, dim[rank - 1]))
        at_fail(net->why, ATTUNE_E_FORMAT, "model: %s is missing or has another shape", name);
    else if (!(q = at_params_borrow(net->p, name, rank, dim, w->data)))
        at_fail_nomem(net->why);
    return q;
}

/* rows x cols (or cols, rows 0) uniform in +-range; value: of a constant vector when range is 0.
 * With a file the values are its, and rng is not used. */
static int make(const network *net, at_rng *rng, const char *part, int rows, int cols, float range,
                float value)
{
    char full[NAME_SIZE];
    const int rank = rows ? 2 : 1, shape[2] = {rows ? rows : cols, cols};
    full_name(full, net->member, part);
    at_param *q = net->file ? borrow(net, full, rank, shape)
                            : at_params_get(net->p, full, rank, shape);
    for (size_t i = 0, n = q && !net->file ? at_tensor_count(&q->value) : 0; i < n; i++)
        q->value.data[i] = range > 0 ? at_rng_range(rng, -range, range) : value;
    return q ? 0 : -1;
}

static int make_front(const network *net, at_rng *rng, int layer, int in)
{
    char part[32];
    int rows = TAPS * in;
    snprintf(part, sizeof part, "front%d.weight", layer);
    int failed = make(net, rng, part, rows, FRONT, sqrtf(6.0f / (float)rows), 0);
    snprintf(part, sizeof part, "front%d.bias", layer);
    failed |= make(net, rng, part, 0, FRONT, 0, 0);
    snprintf(part, sizeof part, "front%d.gamma", layer);
    failed |= make(net, rng, part, 0, FRONT, 0, 1);
    snprintf(part, sizeof part, "front%d.beta", layer);
    return failed | make(net, rng, part, 0, FRONT, 0, 0);
}

static int make_lstm(const network *net, at_rng *rng, int layer, int in)
{
    const float range = 1 / sqrtf(UNITS);
    int failed = 0;
    for (int reverse = 0; reverse < 2; reverse++) {
        char part[32];
        const char *way = reverse ? "bwd" : "fwd";
        snprintf(part, sizeof part, "lstm%d.%s.w_x", layer, way);
        failed |= make(net, rng, part, in, 4 * UNITS, range, 0);
        snprintf(part, sizeof part, "lstm%d.%s.w_h", layer, way);
        failed |= make(net, rng, part, UNITS, 4 * UNITS, range, 0);
        snprintf(part, sizeof part, "lstm%d.%s.bias", layer, way);
        failed |= make(net, rng, part, 0, 4 * UNITS, 0, 0);
        at_param *bias = failed ? NULL : find(net, part);
        for (int i = 0; bias && !net->file && i < UNITS; i++)
            bias->value.data[UNITS + i] = 1; /* forget gates start open (Jozefowicz 2015) */
    }
    return failed;
}

static int make_network(const network *net, at_rng *rng)
{
    int failed = make_front(net, rng, 0, AT_FEATURES) | make_front(net, rng, 1, FRONT);
    failed |= make_lstm(net, rng, 0, FRONT);
    failed |= make_lstm(net, rng, 1, TOKEN);
    failed |= make(net, rng, "score0.weight", TOKEN, SCORE, 1 / sqrtf(TOKEN), 0);
    failed |= make(net, rng, "score0.bias", 0, SCORE, 0, 0);
    failed |= make(net, rng, "score1.weight", SCORE, 1, 1 / sqrtf(SCORE), 0);
    failed |= make(net, rng, "score1.bias", 0, 1, 0, 0);
    failed |= make(net, rng, "expression.weight", AT_AUDIO_EMBED, AT_VOICE_CLASSES,
                   1 / sqrtf(AT_AUDIO_EMBED), 0);
    return failed | make(net, rng, "expression.bias", 0, AT_VOICE_CLASSES, 0, 0);
}

int at_audio_init(at_params *p, int members, at_rng *rng, attune_error *err)
{
    assert(members > 0 && members <= AT_AUDIO_MAX_MEMBERS);
    for (int i = 0; i < members; i++) {
        const network net = {.p = p, .member = i};
        if (make_network(&net, rng))
            return at_fail_nomem(err);
    }
    return ATTUNE_OK;
}

/* ---- forward ------------------------------------------------------------------------------ */

static at_tensor *use(at_graph *g, const network *net, const char *part)
{
    return at_use(g, find(net, part));
}

static at_tensor *dense(at_graph *g, const network *net, const char *layer, at_tensor *x)
{
    char part[32];
    snprintf(part, sizeof part, "%.16s.weight", layer);
    at_tensor *w = use(g, net, part);
    snprintf(part, sizeof part, "%.16s.bias", layer);
    return at_linear(g, x, w, use(g, net, part));
}

/* Clears what lies past each sequence's end, so that a padded batch answers as each sequence alone. */
static at_tensor *clear_padding(at_graph *g, at_tensor *x, const int *lengths)
{
    int padded = 0;
    for (int i = 0; x && i < x->dim[0]; i++)
        padded |= lengths[i] < x->dim[1];
    if (!padded)
        return x;
    at_tensor *mask = at_tensor_new(g, 3, x->dim, 0);
    if (!mask)
        return NULL;
    size_t row = (size_t)x->dim[2], all = (size_t)x->dim[1] * row;
    for (int i = 0; i < x->dim[0]; i++) {
        float *m = mask->data + (size_t)i * all;
        for (size_t k = 0; k < all; k++)
            m[k] = k < (size_t)lengths[i] * row;
    }
    return at_mul(g, x, mask);
}

/* Halves the rate: convolution over time, layer norm, ReLU. */
static at_tensor *front(at_graph *g, const network *net, int layer, at_tensor *x)
{
    static const char *const what[4] = {"weight", "bias", "gamma", "beta"};
    at_tensor *w[4];
    for (int i = 0; i < 4; i++) {
        char part[32];
        snprintf(part, sizeof part, "front%d.%s", layer, what[i]);
        w[i] = use(g, net, part);
    }
    x = at_conv_time(g, x, w[0], w[1], TAPS, STRIDE);
    return at_activation(g, at_layer_norm(g, x, w[2], w[3], NORM_EPS), AT_ACT_RELU);
}

static at_tensor *bilstm(at_graph *g, const network *net, int layer, at_tensor *x,
                         const int *lengths)
{
    static const char *const what[3] = {"w_x", "w_h", "bias"};
    at_tensor *way[2][3];
    for (int reverse = 0; reverse < 2; reverse++)
        for (int i = 0; i < 3; i++) {
            char part[32];
            snprintf(part, sizeof part, "lstm%d.%s.%s", layer, reverse ? "bwd" : "fwd", what[i]);
            way[reverse][i] = use(g, net, part);
            if (!way[reverse][i])
                return NULL;
        }
    return at_bilstm(g, x, way[0], way[1], lengths);
}

static at_tensor *drop(at_graph *g, at_tensor *x, float p)
{
    return p > 0 ? at_dropout(g, x, p) : x;
}

void at_audio_forward(at_graph *g, at_params *p, int member, at_tensor *x, const int *lengths,
                      float dropout, at_audio_out *out)
{
    const network net = {.p = p, .member = member};
    int left[AT_AUDIO_MAX_BATCH]; /* of each sequence */
    memset(out, 0, sizeof *out);
    if (!x)
        return;
    assert(x->dim[0] <= AT_AUDIO_MAX_BATCH && x->dim[2] == AT_FEATURES);
    memcpy(left, lengths, (size_t)x->dim[0] * sizeof *left);
    at_tensor *h = x;
    for (int layer = 0; layer < LAYERS; layer++) {
        for (int i = 0; i < x->dim[0]; i++)
            left[i] = (left[i] + STRIDE - 1) / STRIDE;
        h = drop(g, clear_padding(g, front(g, &net, layer, h), left), dropout);
    }
    h = drop(g, bilstm(g, &net, 0, h, left), dropout);
    h = bilstm(g, &net, 1, h, left);
    at_tensor *score = at_activation(g, dense(g, &net, "score0", h), AT_ACT_TANH);
    score = dense(g, &net, "score1", score);
    out->tokens = h;
    out->embedding = at_attention_pool(g, h, score, left, 1);
    out->expression = dense(g, &net, "expression", drop(g, out->embedding, dropout));
}

void at_audio_answer(at_graph *g, at_params *p, int members, at_tensor *x, const int *lengths,
                     at_audio_out *out)
{
    at_audio_forward(g, p, 0, x, lengths, 0, out);
    for (int i = 1; i < members; i++) {
        at_audio_out other;
        at_audio_forward(g, p, i, x, lengths, 0, &other);
        out->expression = at_add(g, out->expression, other.expression);
    }
    if (members > 1)
        out->expression = at_scale(g, out->expression, 1 / (float)members);
}

/* ---- run time ----------------------------------------------------------------------------- */

/* Whole huge pages, as of the face's networks. */
#define PANELS_BLOCK ((size_t)4 << 20)

struct at_audio_net {
    at_params params; /* read only from here on */
    at_arena panels;  /* of their matrices */
    int members;
    int has_expert;
    at_voice_expert expert; /* the file's arrays */
};

static int count_members(const at_weights *w)
{
    int members = 1;
    char full[NAME_SIZE];
    for (; members < AT_AUDIO_MAX_MEMBERS; members++) {
        full_name(full, members, "expression.bias");
        if (!at_weights_find(w, full))
            break;
    }
    return members;
}

/* How many functionals the file's expert takes. */
static int expert_values(const at_weights *w)
{
    char full[NAME_SIZE];
    snprintf(full, sizeof full, "%smean", at_voice_expert_arrays);
    const at_weight *mean = at_weights_find(w, full);
    return mean && mean->count == AT_VOICE_COLUMNS ? AT_VOICE_COLUMNS : AT_VOICE_FUNCTIONALS;
}

/* All of the expert's arrays, or none. */
static int find_expert(at_audio_net *a, const at_weights *w, attune_error *err)
{
    const int values = expert_values(w);
    const struct {
        const char *name;
        const float **to;
        int rows, cols;
    } arrays[] = {
        {"mean", &a->expert.mean, 0, values},
        {"inv_deviation", &a->expert.inv_deviation, 0, values},
        {"weight", &a->expert.weight, values, AT_VOICE_CLASSES},
        {"bias", &a->expert.bias, 0, AT_VOICE_CLASSES},
    };
    enum { ARRAYS = sizeof arrays / sizeof *arrays };
    int found = 0;
    for (int i = 0; i < ARRAYS; i++) {
        char full[NAME_SIZE];
        snprintf(full, sizeof full, "%s%s", at_voice_expert_arrays, arrays[i].name);
        const at_weight *t = at_weights_find(w, full);
        if (t && !at_weight_is(t, arrays[i].rows, arrays[i].cols))
            return at_fail(err, ATTUNE_E_FORMAT, "model: %s has another shape", full);
        *arrays[i].to = t ? t->data : NULL;
        found += t != NULL;
    }
    a->expert.values = values;
    a->has_expert = found == ARRAYS;
    return !found || a->has_expert ? ATTUNE_OK
                                   : at_fail(err, ATTUNE_E_FORMAT, "model: some of %s* are missing",
                                             at_voice_expert_arrays);
}

int at_audio_freeze(at_audio_net **out, const at_weights *w, const at_kernels *kn,
                    attune_error *err)
{
    attune_error why = {0};
    at_audio_net *a = at_calloc(1, sizeof *a);
    if (!a)
        return at_fail_nomem(err);
    a->members = count_members(w);
    for (int i = 0; i < a->members; i++) {
        const network net = {&a->params, i, w, &why};
        if (make_network(&net, NULL)) {
            at_audio_free(&a);
            return at_fail(err, why.status, "%s", why.text);
        }
    }
    a->panels.block_bytes = PANELS_BLOCK;
    int status = at_params_pack(&a->params, &a->panels, kn) < 0 ? at_fail_nomem(err)
                                                                : find_expert(a, w, err);
    if (status)
        at_audio_free(&a);
    *out = a;
    return status;
}

void at_audio_free(at_audio_net **a)
{
    if (!a || !*a)
        return;
    at_params_free(&(*a)->params);
    at_arena_free(&(*a)->panels);
    at_free(*a);
    *a = NULL;
}

void at_audio_pass(const at_audio_net *a, at_graph *g, at_tensor *x, const int *lengths,
                   at_audio_out *out)
{
    /* A forward pass in AT_INFER mode does not write to parameters. */
    at_audio_answer(g, (at_params *)&a->params, a->members, x, lengths, out);
}

const at_voice_expert *at_audio_expert(const at_audio_net *a)
{
    return a->has_expert ? &a->expert : NULL;
}

int at_audio_run(const at_audio_net *a, at_graph *graph, const float *rows, int n,
                 const float *functionals, at_audio_result *out)
{
    float z[AT_VOICE_FUNCTIONALS];
    at_audio_out o;
    if (n < 1)
        return ATTUNE_E_ARG;
    at_graph_begin(graph, AT_INFER, 0);
    at_tensor *x = at_tensor_new(graph, 3, (int[]){1, n, AT_FEATURES}, 0);
    if (x)
        memcpy(x->data, rows, (size_t)n * AT_FEATURES * sizeof(float));
    at_audio_pass(a, graph, x, &n, &o);
    int status = at_graph_status(graph);
    if (status)
        return status;
    memcpy(out->embedding, o.embedding->data, sizeof out->embedding);
    memcpy(out->expression, o.expression->data, sizeof out->expression);
    out->tokens = o.tokens->dim[1];
    out->token = o.tokens->data;
    if (a->has_expert && functionals) {
        at_voice_expert_scale(&a->expert, functionals, z);
        at_voice_expert_add(&a->expert, z, out->expression);
    }
    return ATTUNE_OK;
}

/* ---- the linear expert -------------------------------------------------------------------- */

const char *const at_voice_expert_arrays = "audio.functionals.";

void at_voice_expert_scale(const at_voice_expert *e, const float *functionals, float *z)
{
    for (int i = 0; i < e->values; i++)
        z[i] = fminf(fmaxf((functionals[i] - e->mean[i]) * e->inv_deviation[i], -AT_EXPERT_LIMIT),
                     AT_EXPERT_LIMIT);
}

void at_voice_expert_add(const at_voice_expert *e, const float *z, float *logit)
{
    for (int k = 0; k < AT_VOICE_CLASSES; k++)
        logit[k] += e->bias[k];
    for (int i = 0; i < e->values; i++)
        for (int k = 0; k < AT_VOICE_CLASSES; k++)
            logit[k] += z[i] * e->weight[i * AT_VOICE_CLASSES + k];
}
