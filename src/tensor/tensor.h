/* tensor.h - tensors, parameters, and a graph that runs operations and may record them.
 *
 * A model is written once as a C function over tensors. In AT_TRAIN and AT_TRACE mode the graph
 * keeps a tape and at_graph_backward fills gradients; in AT_INFER mode nothing is recorded. All
 * tensors of a pass live in the graph's arena until at_graph_begin; the arena's memory is kept
 * from pass to pass.
 *
 * Errors are sticky: when memory runs out an op returns NULL, every op given NULL returns NULL,
 * and at_graph_status tells. Wrong shapes are our own mistake and are asserted.
 *
 * A graph belongs to one thread at a time (its ops use the pool). Results do not depend on the
 * number of threads.
 */
#ifndef AT_TENSOR_TENSOR_H
#define AT_TENSOR_TENSOR_H

#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "kernels/kernels.h"

enum { AT_MAX_RANK = 4 };

typedef struct at_tensor {
    int rank, dim[AT_MAX_RANK]; /* unused dims are 1; images are (batch, h, w, c) */
    float *data;                /* dense, row-major */
    float *grad;                /* same shape, after backward: of parameters, of inputs made
                                 * with_grad and of what at_keep_grad marked; else NULL */
} at_tensor;

size_t at_tensor_count(const at_tensor *t);
/* rows x last dimension, the view that most ops work on */
int at_tensor_rows(const at_tensor *t);
int at_tensor_cols(const at_tensor *t);

/* ---- parameters ----------------------------------------------------------------------- */

/* A named array that outlives passes. Buffers (running statistics) are parameters that are not
 * trained. */
typedef struct at_param {
    char name[80];
    uint32_t hash;       /* of the name, private */
    at_tensor value;     /* data and grad owned by the store; grad: NULL before a training pass */
    int borrowed;        /* but data is the caller's: see at_params_borrow */
    const float *panels; /* of a matrix that was packed: see at_params_pack; else NULL */
    const at_kernels *panels_for; /* whose panels they are */
    int grad_is_zero;             /* whatever it holds: see at_params_zero_grad */
    float *m, *v;                 /* AdamW moments, NULL until an optimiser is made */
    float *ema;                   /* averaged weights, NULL unless asked for */
    int trainable;                /* 1 by default; 0: a buffer, or frozen */
    int decay;                    /* weight decay applies; by default to those of rank 2 and more */
    float lr_scale;               /* multiplies the learning rate; 1 by default */
} at_param;

typedef struct at_params {
    at_param **list; /* in order of creation: also the order in files */
    int count, capacity;
} at_params;

/* Finds or creates (zeroed). NULL when memory is out or the name exists with another shape.
 * name: shorter than at_param.name. Not thread-safe; a finished store may be read by many. */
at_param *at_params_get(at_params *s, const char *name, int rank, const int *dim);
/* Creates one whose values are `values` [kept until at_params_free], which are only read: it is not
 * trainable. NULL when memory is out or the name exists. */
at_param *at_params_borrow(at_params *s, const char *name, int rank, const int *dim,
                           const float *values);
at_param *at_params_find(const at_params *s, const char *name); /* NULL if absent */
/* Packs the matrices as passes by kn take them, which else is done anew in each pass: for values that change no
 * more. a: where the panels lie, as long as s. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_params_pack(at_params *s, at_arena *a, const at_kernels *kn);
void at_params_free(at_params *s);

/* ---- graph ---------------------------------------------------------------------------- */

typedef enum at_mode {
    AT_INFER, /* running statistics, no dropout, no tape */
    AT_TRAIN, /* batch statistics, dropout, tape */
    AT_TRACE, /* running statistics, no dropout, tape: to explain a model's outputs */
} at_mode;

typedef struct at_graph at_graph;

int at_graph_create(at_graph **out, at_pool *pool /* nullable [kept] */,
                    const at_kernels *kn /* [kept] */, attune_error *err);
void at_graph_free(at_graph **g);
/* Forgets the pass before (its tensors die), starts one. seed: of this pass's dropout. */
void at_graph_begin(at_graph *g, at_mode mode, uint64_t seed);
int at_graph_status(const at_graph *g); /* ATTUNE_OK or ATTUNE_E_NOMEM */

/* What the tape of an AT_TRAIN pass keeps until backward. All else - parameters, gradients, sums,
 * losses, the other modes - is f32 whatever the precision. */
typedef enum at_precision {
    AT_F32,
    AT_MIXED, /* large results as IEEE half floats: the data of such a tensor is NULL between
               * operations, and read by operations alone */
} at_precision;
/* From the next pass on; AT_F32 at first. */
void at_graph_set_precision(at_graph *g, at_precision precision);

/* A tensor of the pass, uninitialised; with_grad: its gradient is wanted (zeroed). */
at_tensor *at_tensor_new(at_graph *g, int rank, const int *dim, int with_grad);
/* The parameter as an operand of this pass; one that is not trainable gets no gradient, and
 * nothing is recorded for what depends on such alone. p NULL counts as memory being out. */
at_tensor *at_use(at_graph *g, at_param *p);
/* Before backward: keep the gradient of an op's output (t->grad; t NULL is fine). Without it the
 * buffer of an intermediate gradient is reused once it has been passed on. */
void at_keep_grad(at_graph *g, at_tensor *t);
/* Runs the tape backwards from a scalar, once a pass. Parameter gradients are added to (zero them
 * with at_params_zero_grad), so that several passes can make one step. */
int at_graph_backward(at_graph *g, at_tensor *loss);
/* The same from `scale` in place of 1: all gradients come out that many times larger (loss_scale.h). */
int at_graph_backward_scaled(at_graph *g, at_tensor *loss, float scale);
/* From here on gradients count as zero. What memory holds follows with the next backward, of the
 * parameters in that pass, and with the next step of the optimiser, of all. */
void at_params_zero_grad(at_params *s);
/* For those who read p->value.grad itself: makes it what it counts as. */
void at_param_settle_grad(at_param *p);

#endif
