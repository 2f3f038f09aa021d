/* fusion_pass.h - the fusion while it is written as ONNX: what becomes of each stream, and the words that it is said in.
 * Private to onnx: fusion_inputs.c has what goes in, fusion_learned.c what a kind that is learned makes of it,
 * fusion_net.c all else.
 */
#ifndef AT_ONNX_FUSION_PASS_H
#define AT_ONNX_FUSION_PASS_H

#include "fusion/parts.h"
#include "fusion/stream.h"
#include "onnx/model.h"

/* By stream; NULL where the fusion does not take it. */
typedef struct at_onnx_fusion {
    at_onnx *o;
    const at_fusion *f;
    at_onnx_value *zero, *one;
    /* What goes in: (batch, size), (batch, classes) of face and voice, and the rest (batch, 1). */
    at_onnx_value *embedding[ATTUNE_STREAMS], *logits[ATTUNE_MODALITIES];
    at_onnx_value *present[ATTUNE_STREAMS], *quality[ATTUNE_STREAMS], *share[ATTUNE_STREAMS];
    at_onnx_value *state, *engagement; /* of the face */
    /* of a kind that looks at tokens: (batch, tokens, size), and their seconds (batch, tokens) */
    at_onnx_value *token[ATTUNE_STREAMS], *times[ATTUNE_STREAMS];
    /* What is made of it, (batch, 1); used and abstain are truth values. */
    at_onnx_value *condition[ATTUNE_STREAMS], *used[ATTUNE_STREAMS];
    at_onnx_value *worth[ATTUNE_STREAMS], *weight[ATTUNE_STREAMS];
    at_onnx_value *own[ATTUNE_MODALITIES]; /* (batch, 7) its own answer */
    at_onnx_value *abstain;
    attune_error *err;
    int status; /* of what listens */
} at_onnx_fusion;

/* Declares the inputs and fills in what of p is theirs. ATTUNE_E_FORMAT: the model does not say what its signal is. */
int at_onnx_fusion_inputs(at_onnx_fusion *p, const at_weights *w, attune_error *err);
/* (batch, ATTUNE_EMOTIONS) what the kind's forward makes of all that is used, its trust and the streams' own answers
 * left out; zeros where nothing is. p->status tells. */
at_onnx_value *at_onnx_fusion_learned(at_onnx_fusion *p);

/* Whether the kind looks at moments, and not at means alone. */
static inline int at_onnx_fusion_looks(const at_onnx_fusion *p)
{
    const at_fusion_array *a = p->f->net.kind->of_stream;
    while (a && a->name && a->rows != AT_OF_TOKEN)
        a++;
    return a && a->name;
}

/* ---- words ----------------------------------------------------------------------------------- */

static inline at_onnx_value *number(const at_onnx_fusion *p, float x)
{
    return at_onnx_scalar(p->o, x);
}

static inline at_onnx_value *row(const at_onnx_fusion *p, int n, const float *x)
{
    return at_onnx_floats(p->o, NULL, 1, &n, x);
}

static inline at_onnx_value *two(const at_onnx_fusion *p, const char *type, at_onnx_value *a,
                                 at_onnx_value *b)
{
    return at_onnx_binary(p->o, type, a, b);
}

static inline at_onnx_value *where(const at_onnx_fusion *p, at_onnx_value *is, at_onnx_value *then,
                                   at_onnx_value *otherwise)
{
    return at_onnx_node(p->o, "Where", 3, (at_onnx_value *[]){is, then, otherwise}, NULL);
}

static inline at_onnx_value *truth(const at_onnx_fusion *p, at_onnx_value *is)
{
    return where(p, is, p->one, p->zero);
}

/* Of each row, (batch, 1): type ReduceMean or ReduceMax. */
static inline at_onnx_value *of_row(const at_onnx_fusion *p, const char *type, at_onnx_value *x)
{
    at_onnx_attribute a[] = {at_onnx_ints1("axes", 1), {0}};
    return at_onnx_node(p->o, type, 1, &x, a);
}

static inline at_onnx_value *side_by_side(const at_onnx_fusion *p, int n, at_onnx_value *const *x,
                                          int axis)
{
    return at_onnx_node(p->o, "Concat", n, x,
                        (at_onnx_attribute[]){at_onnx_int("axis", axis), {0}});
}

/* Of all streams that the fusion takes: a op b op c. */
static inline at_onnx_value *fold(const at_onnx_fusion *p, const char *op,
                                  at_onnx_value *const of[ATTUNE_STREAMS])
{
    at_onnx_value *v = of[0];
    for (int m = 1; m < ATTUNE_STREAMS; m++)
        if (at_fusion_takes(&p->f->net, m))
            v = two(p, op, v, of[m]);
    return v;
}

/* All of them side by side. */
static inline at_onnx_value *all_streams(const at_onnx_fusion *p,
                                         at_onnx_value *const of[ATTUNE_STREAMS], int axis)
{
    at_onnx_value *v[ATTUNE_STREAMS];
    int n = 0;
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (at_fusion_takes(&p->f->net, m))
            v[n++] = of[m];
    return side_by_side(p, n, v, axis);
}

#endif
