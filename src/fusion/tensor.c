/* tensor.c - tensor fusion (Zadeh et al. 2017, "Tensor fusion network", section 4.2), of low-rank
 * projections: the outer product of [1, h_face] and [1, h_voice], so that each stream by itself and each
 * pair of their features has a place. Of a stream that does not count h is zeros: what is left is the
 * other's own row. */
#include "fusion/kind.h"
#include <assert.h>
#include <string.h>

enum { RANK = 16, SIDE = RANK + 1, PAIRS = SIDE * SIDE };
static_assert(ATTUNE_MODALITIES == 2, "a product of two");

enum { WEIGHT, BIAS };
static const at_fusion_array of_stream[] = {
    {"weight", AT_OF_EMBEDDING, RANK, AT_START_RANDOM},
    {"bias", 0, RANK, AT_START_ZERO},
    {0},
};
enum { HEAD };
static const at_fusion_array of_whole[] = {AT_FUSION_HEAD(PAIRS), {0}};

/* Which entry of a factor a pair has, as the first of the two (row-major) or the second. */
static int entry_of(int pair, int second)
{
    return second ? pair % SIDE : pair / SIDE;
}

/* (RANK, PAIRS) of ones and zeros: takes each of h to all pairs that it is in. */
static at_tensor *spread(at_graph *g, int second)
{
    at_tensor *t = at_tensor_new(g, 2, (int[]){RANK, PAIRS}, 0);
    for (int i = 0; t && i < RANK; i++)
        for (int pair = 0; pair < PAIRS; pair++)
            t->data[i * PAIRS + pair] = entry_of(pair, second) == 1 + i;
    return t;
}

/* (PAIRS): the 1 before h. */
static at_tensor *first(at_graph *g, int second)
{
    at_tensor *t = at_tensor_new(g, 1, (int[]){PAIRS}, 0);
    for (int pair = 0; t && pair < PAIRS; pair++)
        t->data[pair] = entry_of(pair, second) == 0;
    return t;
}

static at_tensor *forward(at_graph *g, const at_fusion_net *net, const at_fusion_batch *b,
                          float dropout)
{
    at_tensor *factor[ATTUNE_MODALITIES];
    for (int s = 0; s < ATTUNE_MODALITIES; s++) {
        at_tensor *h = at_linear(g, b->embedding[s], at_fusion_use_of(g, net, s, WEIGHT), NULL);
        h = at_add(g, h, at_fusion_rows(g, b->counts[s], at_fusion_use_of(g, net, s, BIAS)));
        factor[s] = at_linear(g, at_activation(g, h, AT_ACT_RELU), spread(g, s), first(g, s));
    }
    return at_fusion_head(g, net, HEAD, at_mul(g, factor[0], factor[1]), dropout);
}

static void run(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                float *logit)
{
    float h[ATTUNE_MODALITIES][SIDE], product[PAIRS];
    memset(h, 0, sizeof h);
    for (int s = 0; s < ATTUNE_MODALITIES; s++) {
        h[s][0] = 1;
        if (!at_fusion_counts(trust, s))
            continue;
        at_fusion_add_stream(net, s, net->of_stream[s][WEIGHT], evidence[s].embedding, h[s] + 1);
        at_fusion_add_vector(net->of_stream[s][BIAS], h[s] + 1);
        at_fusion_relu(h[s] + 1, RANK);
    }
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            product[i * SIDE + k] = h[0][i] * h[1][k];
    at_fusion_add_head(net, HEAD, product, logit);
}

const at_fusion_kind at_fusion_tensor = {"tensor", of_stream, of_whole, forward, run, .two = 1};
