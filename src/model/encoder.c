/* encoder.c - an encoder's arrays, and the encoder on the tensor graph. */
#include "model/encoder.h"
#include "base/error.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const float nothing = -1e30f; /* a logit that attention gives no weight */

/* ---- arrays --------------------------------------------------------------------------------- */

typedef enum start { START_RANDOM, START_ZERO, START_ONE } start;

/* A matrix, or with rows 0 a vector. */
typedef struct array {
    char name[56];
    int rows, cols;
    start start;
} array;

enum { OF_WHOLE = 10, OF_LAYER = 12, MOST_ARRAYS = OF_WHOLE + AT_ENCODER_LAYERS * OF_LAYER };

typedef struct arrays {
    const at_encoder_kind *kind;
    array list[MOST_ARRAYS];
    int n;
} arrays;

static void add_array(arrays *to, const char *name, const char *what, int rows, int cols, start how)
{
    array *a = &to->list[to->n++];
    snprintf(a->name, sizeof a->name, "%s%s%s", to->kind->prefix, name, what);
    a->rows = rows;
    a->cols = cols;
    a->start = how;
}

static void add_norm(arrays *to, const char *name, int width)
{
    add_array(to, name, ".gamma", 0, width, START_ONE);
    add_array(to, name, ".beta", 0, width, START_ZERO);
}

static void add_dense(arrays *to, const char *name, int rows, int cols, start how)
{
    add_array(to, name, ".weight", rows, cols, how);
    add_array(to, name, ".bias", 0, cols, START_ZERO);
}

static const char *of_layer(int layer, const char *what, char name[24])
{
    snprintf(name, 24, "layer%d.%s", layer, what);
    return name;
}

static void add_layer(arrays *to, int layer, int width)
{
    char name[24];
    const int wide = AT_ENCODER_WIDER * width;
    add_norm(to, of_layer(layer, "attend", name), width);
    add_dense(to, of_layer(layer, "seen", name), width, 3 * width, START_RANDOM);
    add_dense(to, of_layer(layer, "found", name), width, width, START_RANDOM);
    add_norm(to, of_layer(layer, "feed", name), width);
    add_dense(to, of_layer(layer, "widen", name), width, wide, START_RANDOM);
    add_dense(to, of_layer(layer, "narrow", name), wide, width, START_RANDOM);
}

/* All arrays, those of the layers last. Pooling starts as a plain mean. */
static void list_arrays(const at_encoder_kind *kind, const at_encoder_shape *s, arrays *to)
{
    to->kind = kind;
    to->n = 0;
    add_dense(to, "project", AT_MB_FEATURES, s->width, START_RANDOM);
    add_array(to, kind->where, "", kind->waves, s->width, START_RANDOM);
    add_norm(to, "norm", s->width);
    add_array(to, "pool", ".weight", s->width, s->heads, START_ZERO);
    add_dense(to, "expression", s->width, AT_FACE_CLASSES, START_ZERO);
    add_dense(to, "basic", s->width, AT_BASIC_CLASSES, START_ZERO);
    for (int i = 0; i < s->layers; i++)
        add_layer(to, i, s->width);
}

static void begin(const array *a, at_param *p, at_rng *rng)
{
    const float deviation = 1 / sqrtf((float)(a->rows ? a->rows : 1));
    for (size_t i = 0, n = at_tensor_count(&p->value); i < n; i++)
        p->value.data[i] = a->start == START_RANDOM ? deviation * at_rng_normal(rng)
                                                    : (float)(a->start == START_ONE);
}

static at_param *make(at_params *p, const array *a)
{
    return at_params_get(p, a->name, a->rows ? 2 : 1,
                         (int[]){a->rows ? a->rows : a->cols, a->cols});
}

int at_encoder_init(const at_encoder_kind *kind, at_params *p, const at_encoder_shape *s,
                    at_rng *rng, attune_error *err)
{
    arrays all;
    list_arrays(kind, s, &all);
    for (int i = 0; i < all.n; i++) {
        at_param *q = make(p, &all.list[i]);
        if (!q)
            return at_fail_nomem(err);
        begin(&all.list[i], q, rng);
    }
    return ATTUNE_OK;
}

/* ---- what a file holds ---------------------------------------------------------------------- */

const char *at_encoder_wrong(const at_encoder_shape *s)
{
    if (s->layers < 1 || s->layers > AT_ENCODER_LAYERS)
        return "has no layers, or too many";
    if (s->width < 1 || s->width > AT_ENCODER_WIDTH || s->heads < 1 || s->heads > AT_ENCODER_HEADS)
        return "has a width or a number of heads that is out of range";
    return s->width % s->heads ? "has a width that is no multiple of its heads" : NULL;
}

static int has_any(at_weight_source from, const arrays *a)
{
    at_weight w;
    for (int i = 0; i < a->n; i++)
        if (from.find(from.user, a->list[i].name, &w))
            return 1;
    return 0;
}

static int has_layer(const at_encoder_kind *kind, at_weight_source from, int layer)
{
    arrays a = {.kind = kind};
    add_layer(&a, layer, 1);
    return has_any(from, &a);
}

static int columns(const at_encoder_kind *kind, at_weight_source from, const char *name)
{
    at_weight w;
    char full[80];
    snprintf(full, sizeof full, "%s%s", kind->prefix, name);
    return from.find(from.user, full, &w) && w.rank == 2 ? w.dim[1] : 0;
}

static int is_whole(const at_weight *w, const array *a)
{
    if (!at_weight_is(w, a->rows, a->cols))
        return 0;
    for (size_t i = 0; i < w->count; i++)
        if (!isfinite(w->data[i]))
            return 0;
    return 1;
}

static int check_arrays(const at_encoder_kind *kind, at_weight_source from,
                        const at_encoder_shape *s, attune_error *err)
{
    arrays all;
    at_weight w;
    list_arrays(kind, s, &all);
    for (int i = 0; i < all.n; i++)
        if (!from.find(from.user, all.list[i].name, &w) || !is_whole(&w, &all.list[i]))
            return at_fail(err, ATTUNE_E_FORMAT,
                           "model: %s is missing, has another shape or is not finite",
                           all.list[i].name);
    return ATTUNE_OK;
}

int at_encoder_shape_of(const at_encoder_kind *kind, at_weight_source from, at_encoder_shape *out,
                        attune_error *err)
{
    arrays of_whole;
    at_encoder_shape s = {0};
    *out = s;
    list_arrays(kind, &s, &of_whole);
    while (s.layers <= AT_ENCODER_LAYERS && has_layer(kind, from, s.layers))
        s.layers++;
    if (!s.layers && !has_any(from, &of_whole))
        return ATTUNE_OK;
    s.width = columns(kind, from, "project.weight");
    s.heads = columns(kind, from, "pool.weight");
    const char *wrong = at_encoder_wrong(&s);
    if (wrong)
        return at_fail(err, ATTUNE_E_FORMAT, "model: %s* %s", kind->prefix, wrong);
    const int status = check_arrays(kind, from, &s, err);
    if (!status)
        *out = s;
    return status;
}

static int same_shape(const at_encoder_shape *a, const at_encoder_shape *b)
{
    return a->layers == b->layers && a->width == b->width && a->heads == b->heads;
}

static int copy_arrays(const at_encoder_kind *kind, at_params *p, const at_encoder_shape *s,
                       at_weight_source from, attune_error *err)
{
    arrays all;
    list_arrays(kind, s, &all);
    for (int i = 0; i < all.n; i++) {
        at_param *q = make(p, &all.list[i]);
        at_weight w;
        if (!q)
            return at_fail_nomem(err);
        if (from.find(from.user, all.list[i].name, &w))
            memcpy(q->value.data, w.data, w.count * sizeof(float));
    }
    return ATTUNE_OK;
}

int at_encoder_import(const at_encoder_kind *kind, at_params *p, at_weight_source from,
                      attune_error *err)
{
    at_encoder_shape there, here;
    int status = at_encoder_shape_of(kind, from, &there, err);
    status = status ? status : at_encoder_shape_of(kind, at_params_source(p), &here, err);
    if (status || !there.layers)
        return status;
    if (here.layers && !same_shape(&there, &here))
        return at_fail(err, ATTUNE_E_FORMAT,
                       "model: %s* has %d layers of width %d with %d heads, not %d of %d with %d",
                       kind->prefix, there.layers, there.width, there.heads, here.layers,
                       here.width, here.heads);
    return copy_arrays(kind, p, &there, from, err);
}

int at_encoder_is_in(const at_encoder_kind *kind, const at_params *p)
{
    char name[80];
    snprintf(name, sizeof name, "%sproject.weight", kind->prefix);
    return at_params_find(p, name) != NULL;
}

/* ---- on the graph --------------------------------------------------------------------------- */

typedef struct pass {
    const at_encoder_kind *kind;
    at_graph *g;
    const at_params *p;
    int heads;
    const int *lengths;
    at_tensor *mask; /* (b, t) `nothing` past the lengths; NULL: all tokens count */
} pass;

/* NULL: there is none of that name. */
static at_param *find(const pass *s, const char *name, const char *what)
{
    char full[80];
    snprintf(full, sizeof full, "%s%s%s", s->kind->prefix, name, what);
    return at_params_find(s->p, full);
}

static at_tensor *use(const pass *s, const char *name, const char *what)
{
    return at_use(s->g, find(s, name, what));
}

static at_tensor *dense(const pass *s, const char *name, at_tensor *x)
{
    return at_linear(s->g, x, use(s, name, ".weight"), use(s, name, ".bias"));
}

static at_tensor *normed(const pass *s, const char *name, at_tensor *x)
{
    return at_layer_norm(s->g, x, use(s, name, ".gamma"), use(s, name, ".beta"), AT_ENCODER_EPS);
}

/* (b, t, width) */
static at_tensor *project(const pass *s, const at_encoder_tokens *t)
{
    at_tensor *where = at_linear(s->g, t->where, use(s, s->kind->where, ""), NULL);
    return at_add(s->g, dense(s, "project", t->features), where);
}

static at_tensor *mask_of(at_graph *g, const at_encoder_tokens *t)
{
    if (!t->lengths || !t->features)
        return NULL;
    const int b = t->features->dim[0], all = t->features->dim[1];
    at_tensor *mask = at_tensor_new(g, 2, (int[]){b, all}, 0);
    for (int i = 0; mask && i < b * all; i++)
        mask->data[i] = i % all < t->lengths[i / all] ? 0 : nothing;
    return mask;
}

static at_tensor *attend(const pass *s, int layer, at_tensor *x)
{
    char name[24];
    at_tensor *part[3] = {NULL};
    at_tensor *y = normed(s, of_layer(layer, "attend", name), x);
    y = dense(s, of_layer(layer, "seen", name), y);
    for (int i = 0; y && i < 3; i++) {
        const int width = at_tensor_cols(y) / 3;
        part[i] = at_slice(s->g, y, i * width, (i + 1) * width);
    }
    y = at_attention(s->g, part[0], part[1], part[2], s->heads, s->mask);
    return at_add(s->g, x, dense(s, of_layer(layer, "found", name), y));
}

static at_tensor *feed(const pass *s, int layer, at_tensor *x)
{
    char name[24];
    at_tensor *y = normed(s, of_layer(layer, "feed", name), x);
    y = at_activation(s->g, dense(s, of_layer(layer, "widen", name), y), AT_ACT_RELU);
    return at_add(s->g, x, dense(s, of_layer(layer, "narrow", name), y));
}

/* (b, width): each head's share of the tokens, by its own weights. */
static at_tensor *pool(const pass *s, at_tensor *x)
{
    at_tensor *look[AT_ENCODER_HEADS] = {NULL};
    at_tensor *score = at_linear(s->g, x, use(s, "pool", ".weight"), NULL);
    if (!score)
        return NULL;
    const int span = at_tensor_cols(x) / s->heads;
    for (int h = 0; h < s->heads; h++)
        look[h] = at_attention_pool(s->g, at_slice(s->g, x, h * span, (h + 1) * span),
                                    at_slice(s->g, score, h, h + 1), s->lengths, 0);
    return at_concat(s->g, look, s->heads);
}

void at_encoder_forward(const at_encoder_kind *kind, at_graph *g, const at_params *p,
                        const at_encoder_tokens *tokens, float dropout, at_tensor **expression,
                        at_tensor **basic)
{
    pass s = {kind, g, p, 1, tokens->lengths, mask_of(g, tokens)};
    const at_param *looks = find(&s, "pool", ".weight");
    s.heads = looks ? at_tensor_cols(&looks->value) : 1;
    at_tensor *x = project(&s, tokens);
    char name[24];
    for (int i = 0; find(&s, of_layer(i, "seen", name), ".weight"); i++) {
        x = attend(&s, i, x);
        x = feed(&s, i, x);
    }
    x = pool(&s, normed(&s, "norm", x));
    x = dropout > 0 ? at_dropout(g, x, dropout) : x;
    *expression = dense(&s, "expression", x);
    *basic = dense(&s, "basic", x);
}
