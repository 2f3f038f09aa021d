/* reader.h - what an ONNX file says, checked: its graph's operators in order, constants, inputs, outputs.
 *
 * Every length is checked against what is left before it is used; a hostile file gives ATTUNE_E_FORMAT with a reason.
 * Nothing is computed here, and no operator is known (net.h does both).
 */
#ifndef AT_ONNX_READER_H
#define AT_ONNX_READER_H

#include "base/mem.h"

#include <attune/attune.h>
#include <stdint.h>

enum {
    AT_ONNX_FILE_LIMIT = 256 << 20, /* bytes */
    AT_ONNX_RANK = 6,               /* dimensions, at most */
    AT_ONNX_MOST_SIDE = 1 << 24,    /* of a dimension */
    AT_ONNX_MOST_NODES = 8192,
    AT_ONNX_MOST_ENDS = 64, /* inputs or outputs of a node or of the graph */
};

/* Of floats, or of integers, that are whole numbers of any type. */
typedef struct at_onnx_array {
    const char *name; /* "" of a Constant's */
    int rank, dim[AT_ONNX_RANK];
    size_t count;
    const float *floats; /* (count), or */
    const int64_t *ints; /* (count); both NULL: of another type */
} at_onnx_array;

typedef struct at_onnx_setting {
    const char *name;
    int type; /* ATTRIBUTE_IS_*; other types are kept without a value */
    float f;
    int64_t i;
    const char *s;
    const at_onnx_array *t;
    int n;
    const int64_t *ints; /* (n) */
} at_onnx_setting;

/* A node. */
typedef struct at_onnx_step {
    const char *type, *domain;
    int ins, outs, settings;
    const char **in, **out; /* "": one that is not given, or not wanted */
    const at_onnx_setting *setting;
} at_onnx_step;

typedef struct at_onnx_end {
    const char *name;
    int element;                 /* TENSOR_IS_* */
    int rank, dim[AT_ONNX_RANK]; /* 0: free */
} at_onnx_end;

typedef struct at_onnx_graph {
    int64_t opset;
    int steps, constants, inputs, outputs;
    at_onnx_step *step;
    at_onnx_array *constant;
    at_onnx_end *input, *output; /* inputs that are no constants */
    at_arena arena;              /* all of it */
} at_onnx_graph;

/* bytes are not needed afterwards. out is to be freed whatever comes back. */
int at_onnx_read(at_onnx_graph *out, const unsigned char *bytes, size_t n, attune_error *err);
void at_onnx_graph_free(at_onnx_graph *g); /* takes one of zeros */

const at_onnx_setting *at_onnx_setting_of(const at_onnx_step *s, const char *name); /* NULL: none */

#endif
