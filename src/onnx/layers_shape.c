/* layers_shape.c - operators that move values, or say of what shape they are. Shapes that are computed from
 * shapes, as exporters like to, are integers that are known when the network is opened. */
#include "onnx/layers.h"
#include "onnx/schema.h"
#include <string.h>

/* ---- copies: of parts of tensors, in another order ------------------------------------------------ */

typedef struct copy {
    const at_onnx_loop *l;
    const float *from;
    float *to;
} copy;

static void copy_row(void *user, const ptrdiff_t at[3])
{
    const copy *c = user;
    const int last = c->l->rank - 1, n = c->l->size[last];
    const ptrdiff_t step_from = c->l->step[0][last], step_to = c->l->step[1][last];
    const float *from = c->from + at[0];
    float *to = c->to + at[1];

    for (int i = 0; i < n; i++)
        to[i * step_to] = from[i * step_from];
}

static void run_copy(const at_onnx_layer *l, const at_onnx_run *r)
{
    float *to = at_onnx_room(r, l->out);
    copy c = {&l->loop, at_onnx_values(r, l->in[0]) + l->from, to + l->to};

    for (size_t i = 0; l->fills && i < l->out->count; i++)
        to[i] = l->value;
    at_onnx_loop_over(&l->loop, copy_row, &c);
}

/* A copy of size (rank) elements; both sides' steps in loop.step[0] and [1]. */
static void add_copy(at_onnx_builder *b, at_onnx_tensor *x, at_onnx_tensor *y, at_onnx_loop loop,
                     ptrdiff_t from, ptrdiff_t to)
{
    at_onnx_layer *l = at_onnx_layer_add(b, 1, &x, y, run_copy);

    if (!l)
        return;
    at_onnx_loop_join(&loop);
    l->loop = loop;
    l->from = from;
    l->to = to;
}

static void transpose(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    int order[AT_ONNX_RANK], dim[AT_ONNX_RANK], seen = 0;
    ptrdiff_t step[AT_ONNX_RANK];
    at_onnx_loop loop = {.rank = x ? x->rank : 0};

    for (int i = 0; i < loop.rank; i++)
        order[i] = loop.rank - 1 - i;
    at_onnx_ints_of(b, "perm", loop.rank, order);
    if (!x || b->status)
        return;
    at_onnx_steps_of(x, step);
    for (int i = 0; i < x->rank; i++) {
        if (order[i] >= x->rank) {
            at_onnx_wrong(b, "an axis is out of range");
            return;
        }
        seen |= 1 << order[i];
        dim[i] = loop.size[i] = x->dim[order[i]];
        loop.step[0][i] = step[order[i]];
    }
    if (seen != (1 << x->rank) - 1) {
        at_onnx_wrong(b, "an axis is named twice");
        return;
    }
    at_onnx_tensor *y = at_onnx_out(b, 0, x->rank, dim);
    if (!y)
        return;
    at_onnx_steps_of(y, loop.step[1]);
    add_copy(b, x, y, loop, 0, 0);
}

static int total_of(at_onnx_builder *b, int axis, int rank, const at_onnx_tensor *like)
{
    int64_t sum = 0;

    for (int i = 0; i < b->step->ins; i++) {
        const at_onnx_tensor *x = at_onnx_in(b, i);
        if (!x)
            return 0;
        for (int d = 0; d < rank; d++)
            if (x->rank != rank || (d != axis && x->dim[d] != like->dim[d])) {
                at_onnx_wrong(b, "its inputs do not fit one another");
                return 0;
            }
        sum += x->dim[axis];
    }
    if (sum > AT_ONNX_MOST_SIDE)
        at_onnx_wrong(b, "its output is too large");
    return b->status ? 0 : (int)sum;
}

static void concat_known(at_onnx_builder *b)
{
    int64_t all[AT_ONNX_RANK];
    int n = 0;

    for (int i = 0; i < b->step->ins; i++) {
        const at_onnx_tensor *x = at_onnx_in_if(b, i);
        if (!x || !x->known || x->count > (size_t)(AT_ONNX_RANK - n)) {
            at_onnx_lacking(b, "a shape that is computed");
            return;
        }
        memcpy(all + n, x->known, x->count * sizeof *all);
        n += (int)x->count;
    }
    at_onnx_knows(b, 1, &n, all);
}

/* One layer an input, each of which fills its part. */
static void concat(at_onnx_builder *b)
{
    const at_onnx_tensor *first = at_onnx_in_if(b, 0);
    if (first && first->known) {
        concat_known(b);
        return;
    }
    if (!at_onnx_in(b, 0))
        return;
    int dim[AT_ONNX_RANK];
    const int rank = first->rank;
    const int axis = at_onnx_axis(b, at_onnx_int_of(b, "axis", 1), rank);
    if (b->status)
        return;
    memcpy(dim, first->dim, sizeof dim);
    dim[axis] = total_of(b, axis, rank, first);
    at_onnx_tensor *y = at_onnx_out(b, 0, rank, dim);
    ptrdiff_t at = 0;
    for (int i = 0; y && i < b->step->ins; i++) {
        at_onnx_tensor *x = at_onnx_in(b, i);
        at_onnx_loop loop = {.rank = rank};
        memcpy(loop.size, x->dim, sizeof loop.size);
        at_onnx_steps_of(x, loop.step[0]);
        at_onnx_steps_of(y, loop.step[1]);
        add_copy(b, x, y, loop, 0, at * loop.step[1][axis]);
        at += x->dim[axis];
    }
}

/* size (rank) elements from `begin` of x as output i. */
static void cut(at_onnx_builder *b, at_onnx_tensor *x, int i, const int *begin, const int *size)
{
    at_onnx_tensor *y = at_onnx_out(b, i, x->rank, size);
    at_onnx_loop loop = {.rank = x->rank};
    ptrdiff_t from = 0;

    if (!y)
        return;
    memcpy(loop.size, size, (size_t)x->rank * sizeof *size);
    at_onnx_steps_of(x, loop.step[0]);
    at_onnx_steps_of(y, loop.step[1]);
    for (int d = 0; d < x->rank; d++)
        from += begin[d] * loop.step[0][d];
    add_copy(b, x, y, loop, from, 0);
}

static int within(int64_t x, int most)
{
    return x < 0 ? 0 : x > most ? most : (int)x;
}

static void slice_known(at_onnx_builder *b, const at_onnx_tensor *x, int from, int to)
{
    const int n = to > from ? to - from : 0;
    at_onnx_knows(b, 1, &n, x->known + from);
}

static void slice(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in_if(b, 0);
    int64_t starts[AT_ONNX_RANK], ends[AT_ONNX_RANK], axes[AT_ONNX_RANK], steps[AT_ONNX_RANK];
    int begin[AT_ONNX_RANK] = {0}, size[AT_ONNX_RANK];
    const int n = at_onnx_listed(b, "starts", 1, starts);
    const int ends_n = at_onnx_listed(b, "ends", 2, ends);
    const int axes_n = at_onnx_listed(b, "axes", 3, axes);
    const int steps_n = at_onnx_listed(b, "steps", 4, steps);

    if (!x || n < 0 || n > x->rank || ends_n != n || (axes_n >= 0 && axes_n != n)) {
        at_onnx_wrong(b, "its parts do not fit its input");
        return;
    }
    memcpy(size, x->dim, sizeof size);
    for (int i = 0; i < n && !b->status; i++) {
        const int d = axes_n < 0 ? i : at_onnx_axis(b, axes[i], x->rank), most = x->dim[d];
        if (steps_n > i && steps[i] != 1)
            at_onnx_lacking(b, "a step other than one");
        begin[d] = within(starts[i] < 0 ? starts[i] + most : starts[i], most);
        const int to = within(ends[i] < 0 ? ends[i] + most : ends[i], most);
        size[d] = to > begin[d] ? to - begin[d] : 0;
    }
    if (b->status)
        return;
    if (x->known && x->rank == 1)
        slice_known(b, x, begin[0], begin[0] + size[0]);
    else if (at_onnx_in(b, 0))
        cut(b, x, 0, begin, size);
}

/* Equal parts, or those that are listed. */
static void split(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    int64_t parts[AT_ONNX_RANK];
    int begin[AT_ONNX_RANK] = {0}, size[AT_ONNX_RANK];
    const int n = b->step->outs;

    if (!x)
        return;
    const int axis = at_onnx_axis(b, at_onnx_int_of(b, "axis", 0), x->rank);
    const int listed = at_onnx_listed(b, "split", 1, parts);
    if (!b->status && (listed < 0 ? x->dim[axis] % n != 0 : listed != n))
        at_onnx_wrong(b, "its parts do not fit its input");
    memcpy(size, x->dim, sizeof size);
    for (int i = 0; i < n && !b->status; i++) {
        size[axis] = listed < 0 ? x->dim[axis] / n : within(parts[i], x->dim[axis]);
        if (begin[axis] + size[axis] > x->dim[axis])
            at_onnx_wrong(b, "its parts do not fit its input");
        else
            cut(b, x, i, begin, size);
        begin[axis] += size[axis];
    }
}

static void pad(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    const at_onnx_setting *old = at_onnx_setting_of(b->step, "pads");
    const at_onnx_tensor *in = old ? NULL : at_onnx_in_if(b, 1);
    const int64_t *pads = old ? old->ints : in ? in->known : NULL;
    const size_t n = old ? (size_t)old->n : in ? in->count : 0;
    const float *value = !old && at_onnx_in_if(b, 2) ? at_onnx_constant(b, 2, 1) : NULL;
    at_onnx_loop loop = {.rank = x ? x->rank : 0};
    int dim[AT_ONNX_RANK];
    ptrdiff_t to = 0;

    if (strcmp(at_onnx_text_of(b, "mode", "constant"), "constant") != 0)
        at_onnx_lacking(b, "a mode other than constant");
    if (!x || !pads || n != 2 * (size_t)loop.rank)
        at_onnx_wrong(b, "its sizes are missing, or do not fit its input");
    if (b->status)
        return;
    for (int i = 0; i < x->rank; i++) {
        const int64_t before = pads[i], after = pads[i + x->rank];
        if (before < 0 || after < 0 || before > 1 << 16 || after > 1 << 16) {
            at_onnx_wrong(b, "a size is out of range");
            return;
        }
        loop.size[i] = x->dim[i];
        dim[i] = (int)(x->dim[i] + before + after);
    }
    at_onnx_tensor *y = at_onnx_out(b, 0, x->rank, dim);
    if (!y)
        return;
    at_onnx_steps_of(x, loop.step[0]);
    at_onnx_steps_of(y, loop.step[1]);
    for (int i = 0; i < x->rank; i++)
        to += pads[i] * loop.step[1][i];
    add_copy(b, x, y, loop, 0, to);
    if (b->status)
        return;
    b->layer[b->layers - 1].fills = 1;
    b->layer[b->layers - 1].value = value ? *value : at_onnx_float_of(b, "value", 0);
}

/* ---- the same values in another shape -------------------------------------------------------------- */

static void same(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in_if(b, 0);

    if (!x)
        at_onnx_wrong(b, "an input is missing");
    else
        at_onnx_same(b, x, x->rank, x->dim);
}

/* But in training it does nothing. */
static void dropout(at_onnx_builder *b)
{
    const at_onnx_tensor *training = at_onnx_in_if(b, 2);

    if (training && (!training->known || training->count != 1 || training->known[0]))
        at_onnx_lacking(b, "training");
    same(b);
}

static void flatten(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    int dim[2] = {1, 1};

    if (!x)
        return;
    const int64_t axis = at_onnx_int_of(b, "axis", 1);
    const int from = axis == x->rank ? x->rank : at_onnx_axis(b, axis, x->rank);
    for (int i = 0; i < x->rank; i++)
        dim[i >= from] *= x->dim[i];
    at_onnx_same(b, x, 2, dim);
}

/* 0: as it was; -1: what is left. */
static void reshape(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in_if(b, 0);
    int64_t sizes[AT_ONNX_RANK];
    const int n = at_onnx_listed(b, "shape", 1, sizes);
    int dim[AT_ONNX_RANK], open = -1;
    size_t count = 1;

    if (!x || n < 0) {
        at_onnx_wrong(b, "an input is missing");
        return;
    }
    for (int i = 0; i < n; i++) {
        if (sizes[i] < -1 || sizes[i] > AT_ONNX_MOST_SIDE || (sizes[i] == -1 && open >= 0) ||
            (sizes[i] == 0 && i >= x->rank)) {
            at_onnx_wrong(b, "a size is out of range");
            return;
        }
        dim[i] = sizes[i] == 0 ? x->dim[i] : sizes[i] < 0 ? 1 : (int)sizes[i];
        open = sizes[i] < 0 ? i : open;
        count = count > AT_ONNX_MOST_FLOATS ? count : count * (size_t)dim[i];
    }
    if (open >= 0 && count && x->count % count == 0)
        dim[open] = (int)(x->count / count);
    at_onnx_same(b, x, n, dim);
}

static int is_listed(const int64_t *axes, int n, int i, int rank)
{
    for (int k = 0; k < n; k++)
        if (axes[k] == i || axes[k] + rank == i)
            return 1;
    return 0;
}

static void squeeze(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in_if(b, 0);
    int64_t axes[AT_ONNX_RANK];
    const int n = at_onnx_listed(b, "axes", 1, axes);
    int dim[AT_ONNX_RANK], rank = 0;

    for (int i = 0; x && i < x->rank; i++)
        if (n < 0 ? x->dim[i] != 1 : !is_listed(axes, n, i, x->rank))
            dim[rank++] = x->dim[i];
    at_onnx_same(b, x, rank, dim);
}

static void unsqueeze(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in_if(b, 0);
    int64_t axes[AT_ONNX_RANK];
    const int n = at_onnx_listed(b, "axes", 1, axes), rank = x ? x->rank + n : 0;
    int dim[AT_ONNX_RANK], from = 0;

    if (!x || n < 0 || rank > AT_ONNX_RANK) {
        at_onnx_wrong(b, "its axes are missing, or too many");
        return;
    }
    for (int i = 0; i < rank; i++)
        dim[i] = is_listed(axes, n, i, rank) ? 1 : from < x->rank ? x->dim[from++] : 1;
    at_onnx_same(b, x, rank, dim);
}

/* ---- integers that are known --------------------------------------------------------------------- */

static void constant(at_onnx_builder *b)
{
    const at_onnx_setting *s = at_onnx_setting_of(b->step, "value");
    const at_onnx_array *a = s ? s->t : NULL;

    if (!a || (!a->floats && !a->ints)) {
        at_onnx_lacking(b, "a constant that is neither floats nor integers");
        return;
    }
    at_onnx_tensor *t = at_onnx_out(b, 0, a->rank, a->dim);
    if (!t)
        return;
    t->constant = a->floats;
    t->known = a->ints;
}

static void shape(at_onnx_builder *b)
{
    const at_onnx_tensor *x = at_onnx_in_if(b, 0);
    int64_t sizes[AT_ONNX_RANK];

    if (at_onnx_setting_of(b->step, "start") || at_onnx_setting_of(b->step, "end"))
        at_onnx_lacking(b, "a part of the shape");
    for (int i = 0; x && i < x->rank; i++)
        sizes[i] = x->dim[i];
    if (x)
        at_onnx_knows(b, 1, &x->rank, sizes);
    else
        at_onnx_wrong(b, "an input is missing");
}

static void gather(at_onnx_builder *b)
{
    const at_onnx_tensor *x = at_onnx_in_if(b, 0), *which = at_onnx_in_if(b, 1);
    int64_t picked[AT_ONNX_RANK];

    if (!x || !which || !x->known || !which->known || x->rank != 1 || which->rank > 1 ||
        which->count > AT_ONNX_RANK) {
        at_onnx_lacking(b, "picking from what is computed");
        return;
    }
    for (size_t i = 0; i < which->count; i++) {
        const int at = at_onnx_axis(b, which->known[i], (int)x->count);
        if (b->status)
            return;
        picked[i] = x->known[at];
    }
    at_onnx_knows(b, which->rank, which->dim, picked);
}

/* Of floats to floats, of whole numbers to whole numbers. */
static void cast(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in_if(b, 0);
    const int64_t to = at_onnx_int_of(b, "to", 0);
    const int whole = to == TENSOR_IS_INT32 || to == TENSOR_IS_INT64;

    if (!x || (x->known ? !whole : to != TENSOR_IS_FLOAT))
        at_onnx_lacking(b, "that type");
    else
        at_onnx_same(b, x, x->rank, x->dim);
}

const at_onnx_operator at_onnx_shapes[] = {
    {"Cast", cast},       {"Concat", concat},       {"Constant", constant},   {"Dropout", dropout},
    {"Flatten", flatten}, {"Gather", gather},       {"Identity", same},       {"Pad", pad},
    {"Reshape", reshape}, {"Shape", shape},         {"Slice", slice},         {"Split", split},
    {"Squeeze", squeeze}, {"Transpose", transpose}, {"Unsqueeze", unsqueeze}, {NULL, NULL},
};
