/* model.h - an ONNX model under construction: values, what they are made from, and the file.
 *
 * Errors are sticky: when memory runs out a value is NULL, what is made of NULL is NULL, and at_onnx_write
 * tells. All that is made lives until at_onnx_free. One thread at a time.
 */
#ifndef AT_ONNX_MODEL_H
#define AT_ONNX_MODEL_H

#include <attune/attune.h>
#include <stdint.h>
#include <stdio.h>

/* A tensor of the graph, known by its name. */
typedef struct at_onnx_value {
    char name[80];
} at_onnx_value;

typedef struct at_onnx at_onnx;

enum { AT_ONNX_INTS = 4 };

/* What a node is told besides its inputs; see the functions below. */
typedef struct at_onnx_attribute {
    const char *name; /* NULL: the end of a list */
    int type;         /* ATTRIBUTE_IS_* */
    int n;            /* of ints */
    int64_t i[AT_ONNX_INTS];
    float f;
    const char *s;
} at_onnx_attribute;

at_onnx_attribute at_onnx_int(const char *name, int64_t i);
at_onnx_attribute at_onnx_ints1(const char *name, int64_t a);
at_onnx_attribute at_onnx_ints2(const char *name, int64_t a, int64_t b);
at_onnx_attribute at_onnx_ints4(const char *name, int64_t a, int64_t b, int64_t c, int64_t d);
at_onnx_attribute at_onnx_float(const char *name, float f);
at_onnx_attribute at_onnx_text(const char *name, const char *s /* [kept] */);

/* name: of the graph; doc: what the model is. Both [kept]. */
int at_onnx_create(at_onnx **out, const char *name, const char *doc, attune_error *err);
void at_onnx_free(at_onnx **o);

/* An input. shape: its sizes, with a word for one that is free: "batch 3 112 112". */
at_onnx_value *at_onnx_input(at_onnx *o, const char *name, const char *shape, const char *doc);
/* Makes v an output by that name. */
void at_onnx_output(at_onnx *o, at_onnx_value *v, const char *name, const char *shape,
                    const char *doc);

/* Constants, copied; name NULL: one is made up. rank 0: a scalar, dim not read. */
at_onnx_value *at_onnx_floats(at_onnx *o, const char *name, int rank, const int *dim,
                              const float *values);
at_onnx_value *at_onnx_scalar(at_onnx *o, float value);
at_onnx_value *at_onnx_indices(at_onnx *o, int n, const int64_t *values); /* (n) */

/* The output of an operator of ONNX, type [kept], of n values;
 * at_onnx_absent stands for an optional one that is not given. attributes: ended by a name of NULL;
 * NULL: none. */
extern at_onnx_value *const at_onnx_absent;
at_onnx_value *at_onnx_node(at_onnx *o, const char *type, int n, at_onnx_value *const *in,
                            const at_onnx_attribute *attributes);
/* The usual ones, without attributes. */
at_onnx_value *at_onnx_unary(at_onnx *o, const char *type, at_onnx_value *x);
at_onnx_value *at_onnx_binary(at_onnx *o, const char *type, at_onnx_value *a, at_onnx_value *b);

void at_onnx_meta(at_onnx *o, const char *key, const char *value); /* copied */

int at_onnx_status(const at_onnx *o); /* ATTUNE_OK or ATTUNE_E_NOMEM */
/* All of it. What the disk says comes out where f is closed. */
int at_onnx_write(const at_onnx *o, FILE *f, attune_error *err);

#endif
