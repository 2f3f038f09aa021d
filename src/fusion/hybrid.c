/* hybrid.c - feature and decision fusion joined (paper 2.4): the product of the streams' own answers
 * (product.c), and what a small network adds to it that hears both streams' embeddings (as concat.c, but each by
 * its worth, so that a poor stream's features fade). A gate, learned too, says of each emotion how much is added
 * (Arevalo et al. 2017, "Gated multimodal units", section 3.1). The product has nothing to learn and holds on
 * people never met; what is learned from the embeddings of others holds less, and counts by a trust that was
 * chosen on strangers. */
#include "fusion/kind.h"
#include <math.h>

enum { WIDTH = 64 };
enum { WEIGHT, THERE };
static const at_fusion_array of_stream[] = {
    {"weight", AT_OF_EMBEDDING, WIDTH, AT_START_RANDOM},
    {"there", 0, WIDTH, AT_START_ZERO},
    {0},
};
enum { GATE, GATE_BIAS, HEAD };
static const at_fusion_array of_whole[] = {{"gate.weight", WIDTH, ATTUNE_EMOTIONS, AT_START_ZERO},
                                           {"gate.bias", 0, ATTUNE_EMOTIONS, AT_START_ZERO},
                                           AT_FUSION_HEAD(WIDTH),
                                           {0}};

/* (n, WIDTH): worth (n, 1) in each column. */
static at_tensor *widen(at_graph *g, at_tensor *worth)
{
    at_tensor *ones = at_tensor_new(g, 1, (int[]){WIDTH}, 0);
    for (int i = 0; ones && i < WIDTH; i++)
        ones->data[i] = 1;
    return at_fusion_rows(g, worth, ones);
}

static at_tensor *forward(at_graph *g, const at_fusion_net *net, const at_fusion_batch *b,
                          float dropout)
{
    at_tensor *sum = NULL;
    for (int s = 0; s < ATTUNE_STREAMS; s++) {
        if (!at_fusion_takes(net, s))
            continue;
        at_tensor *x = at_linear(g, b->embedding[s], at_fusion_use_of(g, net, s, WEIGHT),
                                 at_fusion_use_of(g, net, s, THERE));
        x = at_mul(g, x, widen(g, b->worth[s]));
        sum = s ? at_add(g, sum, x) : x;
    }
    at_tensor *both = at_activation(g, sum, AT_ACT_RELU);
    at_tensor *gate =
        at_linear(g, both, at_fusion_use(g, net, GATE), at_fusion_use(g, net, GATE_BIAS));
    gate = at_activation(g, gate, AT_ACT_SIGMOID);
    at_tensor *adds = at_mul(g, gate, at_fusion_head(g, net, HEAD, both, dropout));
    return at_add(g, b->answer, adds);
}

/* y (WIDTH): what both say by their embeddings. */
static void hear(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                 float *y)
{
    for (int s = 0; s < ATTUNE_STREAMS; s++) {
        float x[WIDTH] = {0};
        if (!at_fusion_counts(trust, s))
            continue;
        at_fusion_add_stream(net, s, net->of_stream[s][WEIGHT], evidence[s].embedding, x);
        at_fusion_add_vector(net->of_stream[s][THERE], x);
        for (int i = 0; i < WIDTH; i++)
            y[i] += trust->worth[s] * x[i];
    }
    at_fusion_relu(y, WIDTH);
}

static void run(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                float *logit)
{
    float both[WIDTH] = {0}, gate[ATTUNE_EMOTIONS] = {0}, adds[ATTUNE_EMOTIONS] = {0};
    hear(net, evidence, trust, both);
    at_fusion_add_dense(net->of_whole[GATE], both, gate);
    at_fusion_add_vector(net->of_whole[GATE_BIAS], gate);
    at_fusion_add_head(net, HEAD, both, adds);
    for (int s = 0; s < ATTUNE_MODALITIES; s++)
        if (at_fusion_counts(trust, s))
            at_fusion_add_answer(net, s, &evidence[s], trust->worth[s], logit);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        logit[k] += net->trust->value.data[0] * adds[k] / (1 + expf(-gate[k]));
}

const at_fusion_kind at_fusion_hybrid = {"hybrid", of_stream, of_whole, forward, run, .hears = 1};
