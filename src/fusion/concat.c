/* concat.c - feature fusion: the streams' embeddings, one after the other, through a small network
 * (paper 2.4.2). Nothing weighs them; one that does not count is zeros, and the vector that stands for its
 * presence is not added. */
#include "fusion/kind.h"

enum { WIDTH = 64 };
enum { WEIGHT, THERE };
static const at_fusion_array of_stream[] = {
    {"weight", AT_OF_EMBEDDING, WIDTH, AT_START_RANDOM},
    {"there", 0, WIDTH, AT_START_ZERO},
    {0},
};
enum { HEAD };
static const at_fusion_array of_whole[] = {AT_FUSION_HEAD(WIDTH), {0}};

static at_tensor *forward(at_graph *g, const at_fusion_net *net, const at_fusion_batch *b,
                          float dropout)
{
    at_tensor *sum = NULL;
    for (int s = 0; s < ATTUNE_STREAMS; s++) {
        if (!at_fusion_takes(net, s))
            continue;
        at_tensor *x = at_linear(g, b->embedding[s], at_fusion_use_of(g, net, s, WEIGHT), NULL);
        x = at_add(g, x, at_fusion_rows(g, b->counts[s], at_fusion_use_of(g, net, s, THERE)));
        sum = s ? at_add(g, sum, x) : x;
    }
    return at_fusion_head(g, net, HEAD, at_activation(g, sum, AT_ACT_RELU), dropout);
}

static void run(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                float *logit)
{
    float x[WIDTH] = {0};
    for (int s = 0; s < ATTUNE_STREAMS; s++)
        if (at_fusion_counts(trust, s)) {
            at_fusion_add_stream(net, s, net->of_stream[s][WEIGHT], evidence[s].embedding, x);
            at_fusion_add_vector(net->of_stream[s][THERE], x);
        }
    at_fusion_relu(x, WIDTH);
    at_fusion_add_head(net, HEAD, x, logit);
}

const at_fusion_kind at_fusion_concat = {"concat", of_stream, of_whole, forward, run, .hears = 0};
