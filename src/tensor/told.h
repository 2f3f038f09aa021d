/* told.h - what the operations of a pass tell who listens: which it was, on what, with which numbers. A
 * network is a C function over tensors; so it can be written down for another engine (onnx/scribe.h) from the
 * very function that runs it, and there is no second copy of its structure.
 *
 * Who listens gives sequences of full length: lengths are not told. Nor is what trains or loses: dropout,
 * batch norm (fold it first), losses; their outputs are tensors that nobody has heard of.
 */
#ifndef AT_TENSOR_TOLD_H
#define AT_TENSOR_TOLD_H

#include "tensor/tensor.h"

/* The operations of ops.h by their names there; in[] are their tensors in the order of their arguments. */
typedef enum at_op {
    AT_OP_VALUES, /* no operation: at_tensor_new; its values are there when an operation reads it */
    AT_OP_LINEAR,
    AT_OP_CONV3X3, /* stride, pad */
    AT_OP_DEPTHWISE3X3,
    AT_OP_LAYER_NORM, /* value: eps */
    AT_OP_ACTIVATION, /* act */
    AT_OP_ADD,
    AT_OP_MUL,
    AT_OP_SCALE, /* value */
    AT_OP_CONCAT,
    AT_OP_SLICE, /* from, to */
    AT_OP_RESHAPE,
    AT_OP_SOFTMAX,
    AT_OP_GLOBAL_AVG_POOL,
    AT_OP_MAX_POOL2,
    AT_OP_UPSAMPLE2,
    AT_OP_ATTENTION,      /* heads */
    AT_OP_ATTENTION_POOL, /* with_std */
    AT_OP_LSTM,      /* x, then w_x, w_h and bias of each direction; reverse: of a single one */
    AT_OP_CONV_TIME, /* k, stride */
    AT_OPS
} at_op;

typedef struct at_told {
    at_op op;
    at_tensor *const *in; /* (n) for the call; NULL: one that was not given */
    int n;
    int stride, top, left, k;
    at_act act;
    int from, to, heads, with_std, reverse;
    float value;
} at_told;

/* y: the output, which lives as long as the pass. */
typedef struct at_listener {
    void (*hear)(void *user, at_tensor *y, const at_told *t);
    void *user;
} at_listener;

/* From here on; hear NULL: nobody, as at first. */
void at_graph_listen(at_graph *g, at_listener listener);
/* The parameter that t is (at_use); NULL: none. */
const at_param *at_param_of(const at_tensor *t);

#endif
