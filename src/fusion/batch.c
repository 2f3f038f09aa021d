/* batch.c - the evidence of many windows as tensors. */
#include "fusion/kind.h"
#include "fusion/stream.h"
#include <math.h>
#include <string.h>

static const float nothing = -1e30f; /* a logit that attention gives no weight */

/* ---- moments -------------------------------------------------------------------------------- */

at_tokens at_fusion_tokens(const at_evidence *e, int stream)
{
    const int dims = at_fusion_streams[stream].token;
    if (e->tokens.n > 0 && e->tokens.dims == dims)
        return e->tokens;
    return (at_tokens){.n = 1, .dims = dims, .x = e->embedding};
}

int64_t at_fusion_latest(const at_evidence evidence[ATTUNE_STREAMS], const at_estimate *trust)
{
    int64_t latest = INT64_MIN;
    for (int s = 0; s < ATTUNE_STREAMS; s++) {
        if (!at_fusion_counts(trust, s))
            continue;
        const at_tokens t = at_fusion_tokens(&evidence[s], s);
        if (t.t_us && t.t_us[t.n - 1] > latest)
            latest = t.t_us[t.n - 1];
    }
    return latest;
}

void at_fusion_time(int64_t t_us, int64_t latest_us, float *f)
{
    at_temporal_time(t_us, latest_us, f);
}

/* ---- tensors -------------------------------------------------------------------------------- */

typedef struct filler {
    at_graph *g;
    const at_fusion_net *net;
    const at_evidence *evidence;
    const at_estimate *trust;
    int n;
} filler;

static const at_evidence *evidence_of(const filler *f, int window, int stream)
{
    return &f->evidence[(size_t)window * ATTUNE_STREAMS + (size_t)stream];
}

static at_tensor *zeros(at_graph *g, int rank, const int *dim)
{
    at_tensor *t = at_tensor_new(g, rank, dim, 0);
    if (t)
        memset(t->data, 0, at_tensor_count(t) * sizeof(float));
    return t;
}

static void standardise(const filler *f, int stream, const float *x, int n, float *y)
{
    const float *mean = f->net->mean[stream]->value.data;
    const float *scale = f->net->scale[stream]->value.data;
    for (int i = 0; i < n; i++)
        y[i] = (x[i] - mean[i]) * scale[i];
}

static int most_tokens(const filler *f, int stream)
{
    int most = 1;
    for (int i = 0; i < f->n; i++) {
        if (!at_fusion_counts(&f->trust[i], stream))
            continue;
        const int n = at_fusion_tokens(evidence_of(f, i, stream), stream).n;
        if (n > most)
            most = n;
    }
    return most;
}

static int make_stream(const filler *f, int s, at_fusion_batch *b)
{
    const at_fusion_stream *of = &at_fusion_streams[s];
    const int n = f->n, t = b->tokens[s] = most_tokens(f, s);
    b->embedding[s] = zeros(f->g, 2, (int[]){n, of->dims});
    b->counts[s] = zeros(f->g, 2, (int[]){n, 1});
    b->absent[s] = zeros(f->g, 2, (int[]){n, 1});
    b->token[s] = zeros(f->g, 3, (int[]){n, t, of->token});
    b->time[s] = zeros(f->g, 3, (int[]){n, t, AT_TIME_FEATURES});
    b->worth[s] = zeros(f->g, 2, (int[]){n, 1});
    return b->embedding[s] && b->counts[s] && b->absent[s] && b->token[s] && b->time[s] &&
           b->worth[s];
}

/* Tokens of one window, their moments, and what trust falls to each. */
static void fill_tokens(const filler *f, int window, int s, at_fusion_batch *b, float *trust)
{
    const at_evidence *e = f->evidence + (size_t)window * ATTUNE_STREAMS;
    const at_estimate *of = &f->trust[window];
    const int dims = at_fusion_streams[s].token;
    const at_tokens t = at_fusion_tokens(&e[s], s);
    const int64_t latest = at_fusion_latest(e, of);
    const size_t from = (size_t)window * (size_t)b->tokens[s];
    for (int i = 0; i < t.n; i++) {
        const size_t at = from + (size_t)i;
        standardise(f, s, t.x + (size_t)i * (size_t)dims, dims,
                    b->token[s]->data + at * (size_t)dims);
        at_fusion_time(t.t_us ? t.t_us[i] : latest, latest,
                       b->time[s]->data + at * AT_TIME_FEATURES);
        trust[i] = logf(of->weight[s] / (float)t.n);
    }
}

static void fill_window(const filler *f, int window, at_fusion_batch *b)
{
    float *trust = b->trust->data + (size_t)window * (size_t)b->trust->dim[1];
    for (int s = 0; s < ATTUNE_STREAMS; trust += b->tokens[s], s++) {
        if (!at_fusion_takes(f->net, s))
            continue;
        const int counts = at_fusion_counts(&f->trust[window], s), dims = at_fusion_streams[s].dims;
        b->counts[s]->data[window] = (float)counts;
        b->absent[s]->data[window] = (float)!counts;
        for (int i = 0; i < b->tokens[s]; i++)
            trust[i] = nothing;
        if (!counts)
            continue;
        b->worth[s]->data[window] = f->trust[window].worth[s];
        if (b->answer && at_fusion_answers(s))
            at_fusion_add_answer(f->net, s, evidence_of(f, window, s), f->trust[window].worth[s],
                                 b->answer->data + window * ATTUNE_EMOTIONS);
        standardise(f, s, evidence_of(f, window, s)->embedding, dims,
                    b->embedding[s]->data + (size_t)window * (size_t)dims);
        fill_tokens(f, window, s, b, trust);
    }
}

at_tensor *at_fusion_forward(at_graph *g, const at_fusion_net *net, const at_evidence *evidence,
                             const at_estimate *trust, int n, float dropout)
{
    const filler f = {g, net, evidence, trust, n};
    at_fusion_batch b = {.n = n};
    int all = 0;
    for (int s = 0; s < ATTUNE_STREAMS; s++) {
        if (!at_fusion_takes(net, s))
            continue;
        if (!make_stream(&f, s, &b))
            return NULL;
        all += b.tokens[s];
    }
    b.trust = at_tensor_new(g, 2, (int[]){n, all}, 0);
    if (net->kind->hears)
        b.answer = zeros(g, 2, (int[]){n, ATTUNE_EMOTIONS});
    if (!b.trust || (net->kind->hears && !b.answer))
        return NULL;
    for (int i = 0; i < n; i++)
        fill_window(&f, i, &b);
    return net->kind->forward(g, net, &b, dropout);
}
