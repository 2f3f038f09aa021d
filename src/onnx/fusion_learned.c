/* fusion_learned.c - a kind of fusion that is learned: its own function on the tensor graph, listened to. */
#include "base/error.h"
#include "onnx/fusion_pass.h"
#include "onnx/moments.h"
#include "onnx/schema.h"
#include "onnx/scribe.h"
#include <string.h>

typedef at_onnx_value value;
typedef at_onnx_fusion pass;

enum { TOKENS = 2 };                 /* of each stream in the pass that is heard: any number */
static const float nothing = -1e30f; /* a logit that attention gives no weight; before any time */

static at_tensor *given(at_graph *g, at_scribe *s, int rank, const int *dim, value *v)
{
    at_tensor *t = at_tensor_new(g, rank, dim, 0);

    if (!t)
        return NULL;
    memset(t->data, 0, at_tensor_count(t) * sizeof *t->data);
    if (v)
        at_scribe_is(s, t, v);
    return t;
}

/* A row of each window. */
static at_tensor *given_row(at_graph *g, at_scribe *s, int cols, value *v)
{
    return given(g, s, 2, (int[]){1, cols}, v);
}

/* The first n numbers of the stream, standardised; of what is not used zeros. used: of x's rank. */
static value *standardised(const pass *p, int m, value *x, int n, value *used)
{
    const at_fusion_net *net = &p->f->net;

    x = two(p, "Sub", x, row(p, n, net->mean[m]->value.data));
    x = two(p, "Mul", x, row(p, n, net->scale[m]->value.data));
    return where(p, used, x, p->zero);
}

static void give_mean(const pass *p, int m, at_graph *g, at_scribe *s, at_fusion_batch *b)
{
    const int dims = at_fusion_streams[m].dims;
    value *counts = truth(p, p->used[m]);

    b->embedding[m] = given_row(g, s, dims, standardised(p, m, p->embedding[m], dims, p->used[m]));
    b->counts[m] = given_row(g, s, 1, counts);
    b->absent[m] = given_row(g, s, 1, two(p, "Sub", p->one, counts));
    b->worth[m] = given_row(g, s, 1, p->worth[m]);
}

/* ---- moments ----------------------------------------------------------------------------------- */

/* Of all that is used (at_fusion_latest). */
static value *latest(const pass *p)
{
    value *last[ATTUNE_STREAMS] = {NULL};

    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (at_fusion_takes(&p->f->net, m))
            last[m] = where(p, p->used[m], at_onnx_latest(p->o, p->times[m]), number(p, nothing));
    return fold(p, "Max", last);
}

/* (batch, tokens): log of the weight that falls to each; of what is not used nothing. */
static value *log_trust(const pass *p, int m)
{
    value *shape = at_onnx_unary(p->o, "Shape", p->times[m]);
    value *tokens = at_onnx_node(p->o, "Shape", 1, &p->times[m],
                                 (at_onnx_attribute[]){at_onnx_int("start", 1), {0}});
    tokens = at_onnx_node(p->o, "Cast", 1, &tokens,
                          (at_onnx_attribute[]){at_onnx_int("to", TENSOR_IS_FLOAT), {0}});
    value *trust = at_onnx_unary(p->o, "Log", two(p, "Div", p->weight[m], tokens));
    return two(p, "Expand", where(p, p->used[m], trust, number(p, nothing)), shape);
}

static void give_tokens(const pass *p, int m, value *end, at_graph *g, at_scribe *s,
                        at_fusion_batch *b)
{
    const int dims = at_fusion_streams[m].token;
    const int64_t each[] = {0, 1, 1};
    value *used = two(p, "Reshape", p->used[m], at_onnx_indices(p->o, 3, each));

    b->tokens[m] = TOKENS;
    b->token[m] =
        given(g, s, 3, (int[]){1, TOKENS, dims}, standardised(p, m, p->token[m], dims, used));
    b->time[m] = given(g, s, 3, (int[]){1, TOKENS, AT_TIME_FEATURES},
                       at_onnx_moments(p->o, p->times[m], end));
}

static void give_moments(const pass *p, at_graph *g, at_scribe *s, at_fusion_batch *b)
{
    value *end = latest(p), *trust[ATTUNE_STREAMS] = {NULL};
    int streams = 0;

    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        if (!at_fusion_takes(&p->f->net, m))
            continue;
        give_tokens(p, m, end, g, s, b);
        trust[m] = log_trust(p, m);
        streams++;
    }
    b->trust = given_row(g, s, streams * TOKENS, all_streams(p, trust, 1));
}

/* ---- the pass ---------------------------------------------------------------------------------- */

/* Of a window; what the streams answer by themselves counts as zeros. */
static value *heard(const pass *p, at_graph *g, at_scribe *s)
{
    at_fusion_batch b = {.n = 1, .answer = given_row(g, s, ATTUNE_EMOTIONS, NULL)};

    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (at_fusion_takes(&p->f->net, m))
            give_mean(p, m, g, s, &b);
    if (at_onnx_fusion_looks(p))
        give_moments(p, g, s, &b);
    if (at_graph_status(g)) /* a kind looks at its tensors */
        return NULL;
    const at_tensor *y = p->f->net.kind->forward(g, &p->f->net, &b, 0);
    return y ? at_scribe_value(s, y) : NULL;
}

value *at_onnx_fusion_learned(pass *p)
{
    at_graph *g = NULL;
    at_scribe *s = NULL;
    value *v = NULL;

    p->status = at_graph_create(&g, NULL, at_kernels_best(), p->err);
    p->status = p->status ? p->status : at_scribe_create(&s, p->o, g, p->err);
    if (!p->status) {
        at_graph_begin(g, AT_INFER, 0);
        v = heard(p, g, s);
        p->status = at_scribe_status(s, p->err);
    }
    at_scribe_free(&s);
    at_graph_free(&g);
    return where(p, fold(p, "Or", p->used), v, p->zero);
}
