/* attention.c - cross-modal attention (paper 2.4.1; Vaswani 2017, eq. 1) over the tokens of all streams.
 *
 * Each stream asks with its mean over the window, or with a vector of its own where it does not count,
 * and looks at every moment of every stream that counts. To the logits is added the log of the weight
 * that falls to the token: that of its stream, by reliability, shared among the stream's tokens. So with
 * keys that say nothing a stream is heard in proportion to its reliability, however many its tokens are.
 * What was found, beside what was asked with, goes through a small network.
 */
#include "fusion/kind.h"
#include "fusion/stream.h"
#include <math.h>

enum { WIDTH = 64, LOOKS = 4, SPAN = WIDTH / LOOKS }; /* LOOKS: heads */

enum { PROJECT, PLACE, ABSENT };
static const at_fusion_array of_stream[] = {
    {"project", AT_OF_TOKEN, WIDTH, AT_START_RANDOM},
    {"place", 0, WIDTH, AT_START_ZERO},
    {"absent", 0, WIDTH, AT_START_ZERO},
    {0},
};
enum { TIME, QUERY, KEY, VALUE, HEAD };
static const at_fusion_array of_whole[] = {
    {"time", AT_TIME_FEATURES, WIDTH, AT_START_ZERO},
    {"query", WIDTH, WIDTH, AT_START_RANDOM},
    {"key", WIDTH, WIDTH, AT_START_RANDOM},
    {"value", WIDTH, WIDTH, AT_START_RANDOM},
    AT_FUSION_HEAD(AT_OF_STREAMS - WIDTH),
    {0},
};

/* ---- on the graph --------------------------------------------------------------------------- */

/* (n, t * WIDTH) */
static at_tensor *tokens(at_graph *g, const at_fusion_net *net, const at_fusion_batch *b, int s)
{
    at_tensor *x = at_linear(g, b->token[s], at_fusion_use_of(g, net, s, PROJECT),
                             at_fusion_use_of(g, net, s, PLACE));
    x = at_add(g, x, at_linear(g, b->time[s], at_fusion_use(g, net, TIME), NULL));
    x = at_activation(g, x, AT_ACT_RELU);
    return x ? at_reshape(g, x, 2, (int[]){b->n, b->tokens[s] * WIDTH}) : NULL;
}

/* What a stream asks with: (n, WIDTH). */
static at_tensor *summary(at_graph *g, const at_fusion_net *net, const at_fusion_batch *b, int s)
{
    at_tensor *x = at_slice(g, b->embedding[s], 0, at_fusion_streams[s].token);
    x = at_linear(g, x, at_fusion_use_of(g, net, s, PROJECT), NULL);
    x = at_add(g, x, at_fusion_rows(g, b->counts[s], at_fusion_use_of(g, net, s, PLACE)));
    x = at_activation(g, x, AT_ACT_RELU);
    return at_add(g, x, at_fusion_rows(g, b->absent[s], at_fusion_use_of(g, net, s, ABSENT)));
}

static at_tensor *forward(at_graph *g, const at_fusion_net *net, const at_fusion_batch *b,
                          float dropout)
{
    at_tensor *asked[ATTUNE_STREAMS], *seen[ATTUNE_STREAMS];
    const int all = b->trust->dim[1];
    int streams = 0;
    for (int s = 0; s < ATTUNE_STREAMS; s++) {
        if (!at_fusion_takes(net, s))
            continue;
        asked[streams] = summary(g, net, b, s);
        seen[streams++] = tokens(g, net, b, s);
    }
    at_tensor *ask = at_concat(g, asked, streams);
    at_tensor *see = at_concat(g, seen, streams);
    if (!ask || !see)
        return NULL;
    ask = at_reshape(g, ask, 3, (int[]){b->n, streams, WIDTH});
    see = at_reshape(g, see, 3, (int[]){b->n, all, WIDTH});
    at_tensor *q = at_linear(g, ask, at_fusion_use(g, net, QUERY), NULL);
    at_tensor *k = at_linear(g, see, at_fusion_use(g, net, KEY), NULL);
    at_tensor *v = at_linear(g, see, at_fusion_use(g, net, VALUE), NULL);
    at_tensor *found = at_add(g, at_attention(g, q, k, v, LOOKS, b->trust), ask);
    if (!found)
        return NULL;
    found = at_reshape(g, found, 2, (int[]){b->n, streams * WIDTH});
    return at_fusion_head(g, net, HEAD, found, dropout);
}

/* ---- one window ----------------------------------------------------------------------------- */

/* A softmax over tokens that come one by one, relative to the largest logit so far (Milakov &
 * Gimelshein 2018, "Online normalizer calculation for softmax"). */
typedef struct look {
    float most, sum, value[SPAN];
} look;

static void see(look *l, float logit, const float *value)
{
    const float most = fmaxf(l->most, logit);
    const float before = expf(l->most - most), now = expf(logit - most);
    l->most = most;
    l->sum = l->sum * before + now;
    for (int i = 0; i < SPAN; i++)
        l->value[i] = l->value[i] * before + now * value[i];
}

static void project(const at_fusion_net *net, int s, const float *x, float *y)
{
    for (int i = 0; i < WIDTH; i++)
        y[i] = 0;
    at_fusion_add_stream(net, s, net->of_stream[s][PROJECT], x, y);
    at_fusion_add_vector(net->of_stream[s][PLACE], y);
}

typedef struct asking {
    float with[ATTUNE_STREAMS][WIDTH], query[ATTUNE_STREAMS][WIDTH];
    look look[ATTUNE_STREAMS][LOOKS];
} asking;

static void ask(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                asking *a)
{
    *a = (asking){0};
    for (int s = 0; s < ATTUNE_STREAMS; s++) {
        if (!at_fusion_takes(net, s))
            continue;
        if (at_fusion_counts(trust, s)) {
            project(net, s, evidence[s].embedding, a->with[s]);
            at_fusion_relu(a->with[s], WIDTH);
        } else {
            at_fusion_add_vector(net->of_stream[s][ABSENT], a->with[s]);
        }
        at_fusion_add_dense(net->of_whole[QUERY], a->with[s], a->query[s]);
        for (int h = 0; h < LOOKS; h++)
            a->look[s][h].most = -INFINITY;
    }
}

/* All streams look at one token. */
static void show(const at_fusion_net *net, asking *a, const float *token, float log_trust)
{
    const at_kernels *kn = at_kernels_best();
    const float scale = 1 / sqrtf(SPAN);
    float key[WIDTH] = {0}, value[WIDTH] = {0};
    at_fusion_add_dense(net->of_whole[KEY], token, key);
    at_fusion_add_dense(net->of_whole[VALUE], token, value);
    for (int s = 0; s < ATTUNE_STREAMS; s++)
        for (int h = 0; h < LOOKS && at_fusion_takes(net, s); h++) {
            const float fit = kn->dot(SPAN, a->query[s] + h * SPAN, key + h * SPAN);
            see(&a->look[s][h], scale * fit + log_trust, value + h * SPAN);
        }
}

static void show_stream(const at_fusion_net *net, asking *a, const at_evidence *evidence,
                        const at_estimate *trust, int s)
{
    const at_tokens t = at_fusion_tokens(&evidence[s], s);
    const int64_t latest = at_fusion_latest(evidence, trust);
    const float log_trust = logf(trust->weight[s] / (float)t.n);
    for (int i = 0; i < t.n; i++) {
        float x[WIDTH], time[AT_TIME_FEATURES];
        project(net, s, t.x + (size_t)i * (size_t)t.dims, x);
        at_fusion_time(t.t_us ? t.t_us[i] : latest, latest, time);
        at_fusion_add_dense(net->of_whole[TIME], time, x);
        at_fusion_relu(x, WIDTH);
        show(net, a, x, log_trust);
    }
}

static void run(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                float *logit)
{
    asking a;
    float found[ATTUNE_STREAMS * WIDTH], *to = found;
    ask(net, evidence, trust, &a);
    for (int s = 0; s < ATTUNE_STREAMS; s++)
        if (at_fusion_counts(trust, s))
            show_stream(net, &a, evidence, trust, s);
    for (int s = 0; s < ATTUNE_STREAMS; s++)
        for (int i = 0; i < WIDTH && at_fusion_takes(net, s); i++) {
            const look *l = &a.look[s][i / SPAN];
            *to++ = l->value[i % SPAN] / l->sum + a.with[s][i];
        }
    at_fusion_add_head(net, HEAD, found, logit);
}

const at_fusion_kind at_fusion_attention = {"attention", of_stream, of_whole,
                                            forward,     run,       .hears = 0};
