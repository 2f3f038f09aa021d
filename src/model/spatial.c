/* spatial.c - the spatial encoder's arrays, and the encoder on the tensor graph. */
#include "model/spatial.h"
#include "base/error.h"
#include "model/mobilenet.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "visual.spatial."

/* ---- arrays --------------------------------------------------------------------------------- */

typedef enum start { START_RANDOM, START_ZERO, START_ONE } start;

/* A matrix, or with rows 0 a vector. */
typedef struct array {
    char name[56];
    int rows, cols;
    start start;
} array;

enum { OF_WHOLE = 10, OF_LAYER = 12, MOST_ARRAYS = OF_WHOLE + AT_SPATIAL_LAYERS * OF_LAYER };

static void add_array(array *list, int *n, const char *name, const char *what, int rows, int cols,
                      start how)
{
    array *a = &list[(*n)++];
    snprintf(a->name, sizeof a->name, PREFIX "%s%s", name, what);
    a->rows = rows;
    a->cols = cols;
    a->start = how;
}

static void add_norm(array *list, int *n, const char *name, int width)
{
    add_array(list, n, name, ".gamma", 0, width, START_ONE);
    add_array(list, n, name, ".beta", 0, width, START_ZERO);
}

static void add_dense(array *list, int *n, const char *name, int rows, int cols, start how)
{
    add_array(list, n, name, ".weight", rows, cols, how);
    add_array(list, n, name, ".bias", 0, cols, START_ZERO);
}

static const char *of_layer(int layer, const char *what, char name[24])
{
    snprintf(name, 24, "layer%d.%s", layer, what);
    return name;
}

static void add_layer(array *list, int *n, int layer, int width)
{
    char name[24];
    const int wide = AT_SPATIAL_WIDER * width;
    add_norm(list, n, of_layer(layer, "attend", name), width);
    add_dense(list, n, of_layer(layer, "seen", name), width, 3 * width, START_RANDOM);
    add_dense(list, n, of_layer(layer, "found", name), width, width, START_RANDOM);
    add_norm(list, n, of_layer(layer, "feed", name), width);
    add_dense(list, n, of_layer(layer, "widen", name), width, wide, START_RANDOM);
    add_dense(list, n, of_layer(layer, "narrow", name), wide, width, START_RANDOM);
}

/* All arrays, those of the layers last. Pooling starts as a plain mean. */
static int list_arrays(const at_spatial_shape *s, array *list)
{
    int n = 0;
    add_dense(list, &n, "project", AT_MB_FEATURES, s->width, START_RANDOM);
    add_array(list, &n, "place", "", AT_SPATIAL_PLACE, s->width, START_RANDOM);
    add_norm(list, &n, "norm", s->width);
    add_array(list, &n, "pool", ".weight", s->width, s->heads, START_ZERO);
    add_dense(list, &n, "expression", s->width, AT_FACE_CLASSES, START_ZERO);
    add_dense(list, &n, "basic", s->width, AT_BASIC_CLASSES, START_ZERO);
    for (int i = 0; i < s->layers; i++)
        add_layer(list, &n, i, s->width);
    return n;
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

int at_spatial_init(at_params *p, const at_spatial_shape *s, at_rng *rng, attune_error *err)
{
    array list[MOST_ARRAYS];
    const int n = list_arrays(s, list);
    for (int i = 0; i < n; i++) {
        at_param *q = make(p, &list[i]);
        if (!q)
            return at_fail_nomem(err);
        begin(&list[i], q, rng);
    }
    return ATTUNE_OK;
}

/* ---- what a file holds ---------------------------------------------------------------------- */

const char *at_spatial_wrong(const at_spatial_shape *s)
{
    if (s->layers < 1 || s->layers > AT_SPATIAL_LAYERS)
        return "has no layers, or too many";
    if (s->width < 1 || s->width > AT_SPATIAL_WIDTH || s->heads < 1 || s->heads > AT_SPATIAL_HEADS)
        return "has a width or a number of heads that is out of range";
    return s->width % s->heads ? "has a width that is no multiple of its heads" : NULL;
}

static int has_any(at_weight_source from, const array *list, int n)
{
    at_weight w;
    for (int i = 0; i < n; i++)
        if (from.find(from.user, list[i].name, &w))
            return 1;
    return 0;
}

static int has_layer(at_weight_source from, int layer)
{
    array list[OF_LAYER];
    int n = 0;
    add_layer(list, &n, layer, 1);
    return has_any(from, list, n);
}

static int columns(at_weight_source from, const char *name)
{
    at_weight w;
    return from.find(from.user, name, &w) && w.rank == 2 ? w.dim[1] : 0;
}

static int is_whole(const at_weight *w, const array *a)
{
    const int rank = a->rows ? 2 : 1;
    if (w->rank != rank || w->dim[rank - 1] != a->cols || (a->rows && w->dim[0] != a->rows))
        return 0;
    for (size_t i = 0; i < w->count; i++)
        if (!isfinite(w->data[i]))
            return 0;
    return 1;
}

static int check_arrays(at_weight_source from, const at_spatial_shape *s, attune_error *err)
{
    array list[MOST_ARRAYS];
    const int n = list_arrays(s, list);
    at_weight w;
    for (int i = 0; i < n; i++)
        if (!from.find(from.user, list[i].name, &w) || !is_whole(&w, &list[i]))
            return at_fail(err, ATTUNE_E_FORMAT,
                           "model: %s is missing, has another shape or is not finite",
                           list[i].name);
    return ATTUNE_OK;
}

int at_spatial_shape_of(at_weight_source from, at_spatial_shape *out, attune_error *err)
{
    array list[MOST_ARRAYS];
    at_spatial_shape s = {0};
    *out = s;
    const int n = list_arrays(&s, list);
    while (s.layers <= AT_SPATIAL_LAYERS && has_layer(from, s.layers))
        s.layers++;
    if (!s.layers && !has_any(from, list, n))
        return ATTUNE_OK;
    s.width = columns(from, PREFIX "project.weight");
    s.heads = columns(from, PREFIX "pool.weight");
    const char *wrong = at_spatial_wrong(&s);
    if (wrong)
        return at_fail(err, ATTUNE_E_FORMAT, "model: visual.spatial %s", wrong);
    const int status = check_arrays(from, &s, err);
    if (!status)
        *out = s;
    return status;
}

static int same_shape(const at_spatial_shape *a, const at_spatial_shape *b)
{
    return a->layers == b->layers && a->width == b->width && a->heads == b->heads;
}

static int copy_arrays(at_params *p, const at_spatial_shape *s, at_weight_source from,
                       attune_error *err)
{
    array list[MOST_ARRAYS];
    const int n = list_arrays(s, list);
    for (int i = 0; i < n; i++) {
        at_param *q = make(p, &list[i]);
        at_weight w;
        if (!q)
            return at_fail_nomem(err);
        if (from.find(from.user, list[i].name, &w))
            memcpy(q->value.data, w.data, w.count * sizeof(float));
    }
    return ATTUNE_OK;
}

int at_spatial_import(at_params *p, at_weight_source from, attune_error *err)
{
    at_spatial_shape there, here;
    int status = at_spatial_shape_of(from, &there, err);
    status = status ? status : at_spatial_shape_of(at_params_source(p), &here, err);
    if (status || !there.layers)
        return status;
    if (here.layers && !same_shape(&there, &here))
        return at_fail(
            err, ATTUNE_E_FORMAT,
            "model: visual.spatial has %d layers of width %d with %d heads, not %d of %d "
            "with %d",
            there.layers, there.width, there.heads, here.layers, here.width, here.heads);
    return copy_arrays(p, &there, from, err);
}

/* ---- on the graph --------------------------------------------------------------------------- */

typedef struct pass {
    at_graph *g;
    const at_params *p;
    int heads;
} pass;

/* NULL: there is none of that name. */
static at_param *find(const pass *s, const char *name, const char *what)
{
    char full[80];
    snprintf(full, sizeof full, PREFIX "%s%s", name, what);
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
    return at_layer_norm(s->g, x, use(s, name, ".gamma"), use(s, name, ".beta"), AT_SPATIAL_EPS);
}

void at_spatial_places(int h, int w, float *place)
{
    const double pi = 3.14159265358979323846;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int j = 0; j < AT_SPATIAL_WAVES; j++)
                for (int i = 0; i < AT_SPATIAL_WAVES; i++)
                    *place++ = (float)(cos(pi * i * (x + 0.5) / w) * cos(pi * j * (y + 0.5) / h));
}

/* (b, h * w, AT_SPATIAL_PLACE) */
static at_tensor *places(at_graph *g, int b, int h, int w)
{
    at_tensor *t = at_tensor_new(g, 3, (int[]){b, h * w, AT_SPATIAL_PLACE}, 0);
    if (!t)
        return NULL;
    const size_t one = (size_t)h * w * AT_SPATIAL_PLACE;
    at_spatial_places(h, w, t->data);
    for (int i = 1; i < b; i++)
        memcpy(t->data + (size_t)i * one, t->data, one * sizeof(float));
    return t;
}

/* (b, h * w, width) */
static at_tensor *tokens(const pass *s, at_tensor *features)
{
    if (!features)
        return NULL;
    const int *d = features->dim;
    at_tensor *x = at_reshape(s->g, features, 3, (int[]){d[0], d[1] * d[2], d[3]});
    at_tensor *where = at_linear(s->g, places(s->g, d[0], d[1], d[2]), use(s, "place", ""), NULL);
    return at_add(s->g, dense(s, "project", x), where);
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
    y = at_attention(s->g, part[0], part[1], part[2], s->heads, NULL);
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
    at_tensor *look[AT_SPATIAL_HEADS] = {NULL};
    at_tensor *score = at_linear(s->g, x, use(s, "pool", ".weight"), NULL);
    if (!score)
        return NULL;
    const int span = at_tensor_cols(x) / s->heads;
    for (int h = 0; h < s->heads; h++)
        look[h] = at_attention_pool(s->g, at_slice(s->g, x, h * span, (h + 1) * span),
                                    at_slice(s->g, score, h, h + 1), NULL, 0);
    return at_concat(s->g, look, s->heads);
}

void at_spatial_forward(at_graph *g, const at_params *p, at_tensor *features, float dropout,
                        at_tensor **expression, at_tensor **basic)
{
    pass s = {g, p, 1};
    const at_param *looks = find(&s, "pool", ".weight");
    s.heads = looks ? at_tensor_cols(&looks->value) : 1;
    at_tensor *x = tokens(&s, features);
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
