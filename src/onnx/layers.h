/* layers.h - the operators that a network of others may have. Private to onnx.
 *
 * An operator is a line of a table: its name and `prepare`, which checks a node, gives its output a shape, and
 * leaves either a layer with a function to run, or nothing to run: another name for the same values (at_onnx_same),
 * or values that are known already. All shapes are known when a network is opened.
 */
#ifndef AT_ONNX_LAYERS_H
#define AT_ONNX_LAYERS_H

#include "kernels/kernels.h"
#include "onnx/reader.h"

enum { AT_ONNX_MOST_FLOATS = 1 << 26 }; /* of a value, and of all that a run takes: 256 MB */

typedef struct at_onnx_tensor {
    const char *name;
    int rank, dim[AT_ONNX_RANK];
    size_t count;
    const float *constant;       /* (count); NULL: computed */
    const int64_t *known;        /* (count) integers, which are all known; then it has no floats */
    struct at_onnx_tensor *root; /* whose memory it has: itself, or what it is another shape of */
    int from, last;              /* of a root: the layer that makes it, the last that reads it */
    size_t at;                   /* of a root: where in the workspace, in floats */
    int is_input, is_foreign;    /* foreign: a constant of a type that is not read */
} at_onnx_tensor;

/* A loop over the elements of up to three tensors, by steps: 0 where one is the same all along. Dimensions that
 * can be walked as one are one. */
typedef struct at_onnx_loop {
    int rank, size[AT_ONNX_RANK];
    ptrdiff_t step[3][AT_ONNX_RANK];
} at_onnx_loop;

/* Windows over a picture: of convolutions and pooling. */
typedef struct at_onnx_windows {
    int n, c, h, w, oh, ow;                        /* pictures, planes, sizes in and out */
    int kernel[2], stride[2], pad[4], dilation[2]; /* pad: top, left, bottom, right */
} at_onnx_windows;

typedef struct at_onnx_run {
    const at_kernels *kn;
    const float *x;
    float *workspace, *scratch; /* scratch: of the layer that runs */
} at_onnx_run;

enum { AT_ONNX_LAYER_INPUTS = 4 };

typedef struct at_onnx_layer {
    void (*run)(const struct at_onnx_layer *l, const at_onnx_run *r);
    int ins;
    at_onnx_tensor *in[AT_ONNX_LAYER_INPUTS], *out;
    size_t scratch; /* floats */
    double work;    /* steps of arithmetic that a run takes, about */
    /* what each kind of layer keeps */
    at_onnx_loop loop;
    ptrdiff_t from, to; /* where a loop's first element is, of its input and output */
    int fills;          /* the output is filled with `value` first */
    int is_softmax;
    at_onnx_windows windows;
    int groups, over_padding;
    int rows, cols, depth; /* of a matrix product */
    const float *packed, *scale, *shift;
    float value, alpha, beta;
    float (*one)(float x, float alpha, float beta);
    float (*two)(float a, float b);
} at_onnx_layer;

/* A network that is being opened. Errors are sticky. */
typedef struct at_onnx_builder {
    const at_kernels *kn;
    const at_onnx_graph *graph;
    at_arena *arena;
    attune_error *err;
    int status;
    at_onnx_tensor *tensor;
    int tensors, most_tensors;
    at_onnx_layer *layer;
    int layers, most_layers;
    const at_onnx_step *step; /* the node that is prepared */
} at_onnx_builder;

typedef struct at_onnx_operator {
    const char *type;
    void (*prepare)(at_onnx_builder *b);
} at_onnx_operator;

/* Tables, ended by a type of NULL: layers_shape.c, layers_math.c, layers_windows.c. */
extern const at_onnx_operator at_onnx_shapes[], at_onnx_maths[], at_onnx_pictures[];

/* ---- for prepare (build.c) ------------------------------------------------------------------- */

/* "NODE: why", ATTUNE_E_FORMAT; and of what is right but not there, ATTUNE_E_UNSUPPORTED. */
void at_onnx_wrong(at_onnx_builder *b, const char *why);
void at_onnx_lacking(at_onnx_builder *b, const char *what);
void *at_onnx_take(at_onnx_builder *b, size_t count,
                   size_t size); /* zeroed; NULL after a failure */

int64_t at_onnx_int_of(const at_onnx_builder *b, const char *name, int64_t otherwise);
float at_onnx_float_of(const at_onnx_builder *b, const char *name, float otherwise);
const char *at_onnx_text_of(const at_onnx_builder *b, const char *name, const char *otherwise);
/* (most) integers; those that are not given stay as they are. More, or out of [0, 65536], is wrong. */
void at_onnx_ints_of(at_onnx_builder *b, const char *name, int most, int *out);

/* The i-th input: floats, or NULL and wrong where there are none. */
at_onnx_tensor *at_onnx_in(at_onnx_builder *b, int i);
/* The same of one that need not be given, of any type: NULL is none. */
at_onnx_tensor *at_onnx_in_if(at_onnx_builder *b, int i);
/* Floats that are known, (count): NULL and wrong otherwise. */
const float *at_onnx_constant(at_onnx_builder *b, int i, size_t count);
/* Integers of an attribute, in older files, or of the i-th input: their number, -1 where there are none. */
int at_onnx_listed(at_onnx_builder *b, const char *name, int i, int64_t out[AT_ONNX_RANK]);
/* In [0, rank), from one that may count from the end. */
int at_onnx_axis(at_onnx_builder *b, int64_t axis, int rank);

/* The i-th output. NULL: too large, its name is another value's (a name is made once), or memory is out. */
at_onnx_tensor *at_onnx_out(at_onnx_builder *b, int i, int rank, const int *dim);
/* One with the same values in another shape. */
void at_onnx_same(at_onnx_builder *b, at_onnx_tensor *x, int rank, const int *dim);
/* One whose integers are known. */
void at_onnx_knows(at_onnx_builder *b, int rank, const int *dim, const int64_t *values);

/* A layer from in (ins, those that are computed or constants) to out. NULL after a failure. */
at_onnx_layer *at_onnx_layer_add(at_onnx_builder *b, int ins, at_onnx_tensor *const *in,
                                 at_onnx_tensor *out,
                                 void (*run)(const at_onnx_layer *, const at_onnx_run *));

/* ---- for loops (loops.c) ----------------------------------------------------------------------- */

void at_onnx_steps_of(const at_onnx_tensor *t, ptrdiff_t step[AT_ONNX_RANK]); /* dense */
void at_onnx_loop_join(at_onnx_loop *l);                                      /* dimensions */
/* Calls inner for each stretch of the last dimension: offsets of its first elements. */
void at_onnx_loop_over(const at_onnx_loop *l, void (*inner)(void *user, const ptrdiff_t at[3]),
                       void *user);

static inline const float *at_onnx_values(const at_onnx_run *r, const at_onnx_tensor *t)
{
    return t->root->constant   ? t->root->constant
           : t->root->is_input ? r->x
                               : r->workspace + t->root->at;
}
static inline float *at_onnx_room(const at_onnx_run *r, const at_onnx_tensor *t)
{
    return r->workspace + t->root->at;
}

#endif
