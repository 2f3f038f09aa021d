/* build.c - what the operators' prepare asks of a network that is being opened. */
#include "base/error.h"
#include "onnx/layers.h"
#include "onnx/schema.h"
#include <string.h>

/* ---- errors ------------------------------------------------------------------------------------ */

void at_onnx_wrong(at_onnx_builder *b, const char *why)
{
    if (b->status == ATTUNE_OK)
        b->status = at_fail(b->err, ATTUNE_E_FORMAT, "ONNX: %s \"%s\": %s", b->step->type,
                            b->step->outs ? b->step->out[0] : "", why);
}

void at_onnx_lacking(at_onnx_builder *b, const char *what)
{
    if (b->status == ATTUNE_OK)
        b->status = at_fail(b->err, ATTUNE_E_UNSUPPORTED,
                            "ONNX: operator %s \"%s\": %s is not there", b->step->type,
                            b->step->outs ? b->step->out[0] : "", what);
}

void *at_onnx_take(at_onnx_builder *b, size_t count, size_t size)
{
    void *p = b->status == ATTUNE_OK ? at_arena_alloc(b->arena, count, size) : NULL;

    if (!p && b->status == ATTUNE_OK)
        b->status = at_fail_nomem(b->err);
    if (p)
        memset(p, 0, count * size);
    return p;
}

/* ---- attributes ---------------------------------------------------------------------------------- */

int64_t at_onnx_int_of(const at_onnx_builder *b, const char *name, int64_t otherwise)
{
    const at_onnx_setting *s = at_onnx_setting_of(b->step, name);
    return s ? s->i : otherwise;
}

float at_onnx_float_of(const at_onnx_builder *b, const char *name, float otherwise)
{
    const at_onnx_setting *s = at_onnx_setting_of(b->step, name);
    return s ? s->f : otherwise;
}

const char *at_onnx_text_of(const at_onnx_builder *b, const char *name, const char *otherwise)
{
    const at_onnx_setting *s = at_onnx_setting_of(b->step, name);
    return s ? s->s : otherwise;
}

void at_onnx_ints_of(at_onnx_builder *b, const char *name, int most, int *out)
{
    const at_onnx_setting *s = at_onnx_setting_of(b->step, name);

    if (s && s->n > most)
        at_onnx_wrong(b, "an attribute has too many values");
    for (int i = 0; s && i < s->n && i < most; i++)
        if (s->ints[i] < 0 || s->ints[i] > 1 << 16)
            at_onnx_wrong(b, "an attribute is out of range");
        else
            out[i] = (int)s->ints[i];
}

/* ---- tensors -------------------------------------------------------------------------------------- */

static at_onnx_tensor *find(const at_onnx_builder *b, const char *name)
{
    for (int i = b->tensors - 1; i >= 0; i--)
        if (strcmp(b->tensor[i].name, name) == 0)
            return &b->tensor[i];
    return NULL;
}

at_onnx_tensor *at_onnx_in_if(at_onnx_builder *b, int i)
{
    if (i >= b->step->ins || !*b->step->in[i])
        return NULL;
    at_onnx_tensor *t = find(b, b->step->in[i]);
    if (!t)
        at_onnx_wrong(b, "an input is not made before it");
    else if (t->is_foreign)
        at_onnx_lacking(b, "a constant that is neither 32-bit floats nor whole numbers");
    return t && !t->is_foreign ? t : NULL;
}

at_onnx_tensor *at_onnx_in(at_onnx_builder *b, int i)
{
    at_onnx_tensor *t = at_onnx_in_if(b, i);

    if (t && !t->known)
        return t;
    if (!t)
        at_onnx_wrong(b, "an input is missing");
    else
        at_onnx_lacking(b, "an input that is no floats");
    return NULL;
}

const float *at_onnx_constant(at_onnx_builder *b, int i, size_t count)
{
    const at_onnx_tensor *t = at_onnx_in(b, i);

    if (!t)
        return NULL;
    if (!t->root->constant)
        at_onnx_lacking(b, "a parameter that is computed");
    else if (t->count != count)
        at_onnx_wrong(b, "a parameter has another shape");
    else
        return t->root->constant;
    return NULL;
}

int at_onnx_listed(at_onnx_builder *b, const char *name, int i, int64_t out[AT_ONNX_RANK])
{
    const at_onnx_setting *s = at_onnx_setting_of(b->step, name);
    const at_onnx_tensor *t = s ? NULL : at_onnx_in_if(b, i);
    const int64_t *from = s ? s->ints : t ? t->known : NULL;
    const size_t n = s ? (size_t)s->n : t ? t->count : 0;

    if (!s && !t)
        return -1;
    if (!s && !from) {
        at_onnx_lacking(b, "a shape that is computed");
        return -1;
    }
    if (n > AT_ONNX_RANK) {
        at_onnx_wrong(b, "too many dimensions");
        return -1;
    }
    for (size_t k = 0; k < n; k++)
        out[k] = from[k];
    return (int)n;
}

int at_onnx_axis(at_onnx_builder *b, int64_t axis, int rank)
{
    if (axis < -rank || axis >= rank) {
        at_onnx_wrong(b, "an axis is out of range");
        return 0;
    }
    return (int)(axis < 0 ? axis + rank : axis);
}

/* Its steps are to be numbers too where one dimension is empty. */
static at_onnx_tensor *new_tensor(at_onnx_builder *b, const char *name, int rank, const int *dim)
{
    size_t count = 1, span = 1;

    for (int i = 0; i < rank; i++) {
        if (dim[i] < 0 || (dim[i] && span > AT_ONNX_MOST_FLOATS / (size_t)dim[i])) {
            at_onnx_wrong(b, "its output is too large");
            return NULL;
        }
        count *= (size_t)dim[i];
        span *= dim[i] ? (size_t)dim[i] : 1;
    }
    if (rank > AT_ONNX_RANK || b->tensors == b->most_tensors)
        at_onnx_wrong(b, "too many dimensions or values");
    if (b->status)
        return NULL;
    at_onnx_tensor *t = &b->tensor[b->tensors++];
    *t = (at_onnx_tensor){.name = name, .rank = rank, .count = count, .root = t, .last = -1};
    if (rank)
        memcpy(t->dim, dim, (size_t)rank * sizeof *dim);
    return t;
}

at_onnx_tensor *at_onnx_out(at_onnx_builder *b, int i, int rank, const int *dim)
{
    const char *name = b->step->out[i];

    if (*name && find(b, name))
        at_onnx_wrong(b, "its output has the name of a value that is there");
    if (b->status)
        return NULL;
    at_onnx_tensor *t = new_tensor(b, name, rank, dim);
    if (t)
        t->from = b->layers;
    return t;
}

void at_onnx_same(at_onnx_builder *b, at_onnx_tensor *x, int rank, const int *dim)
{
    at_onnx_tensor *t = x ? at_onnx_out(b, 0, rank, dim) : NULL;

    if (!t)
        return;
    if (t->count != x->count)
        at_onnx_wrong(b, "the new shape has not as many values");
    t->root = x->root;
    t->known = x->known;
}

void at_onnx_knows(at_onnx_builder *b, int rank, const int *dim, const int64_t *values)
{
    at_onnx_tensor *t = at_onnx_out(b, 0, rank, dim);
    int64_t *known = t ? at_onnx_take(b, t->count, sizeof *known) : NULL;

    if (!known)
        return;
    memcpy(known, values, t->count * sizeof *known);
    t->known = known;
}

at_onnx_layer *at_onnx_layer_add(at_onnx_builder *b, int ins, at_onnx_tensor *const *in,
                                 at_onnx_tensor *out,
                                 void (*run)(const at_onnx_layer *, const at_onnx_run *))
{
    if (b->status || !out)
        return NULL;
    if (b->layers == b->most_layers) {
        at_onnx_wrong(b, "too many layers");
        return NULL;
    }
    at_onnx_layer *l = &b->layer[b->layers];
    *l = (at_onnx_layer){.run = run, .ins = ins, .out = out, .work = (double)out->count};
    for (int i = 0; i < ins; i++) {
        l->in[i] = in[i];
        if (in[i])
            in[i]->root->last = b->layers;
    }
    out->last = b->layers++;
    return l;
}
