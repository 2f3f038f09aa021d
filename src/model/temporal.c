#include "model/temporal.h"
#include <math.h>
#include <string.h>

const at_encoder_kind at_temporal = {"visual.temporal.", "time", AT_TEMPORAL_TIME};
const float at_temporal_period_s[AT_TEMPORAL_TIME / 2] = {1, 2, 4, 8};

void at_temporal_time(int64_t t_us, int64_t latest_us, float *f)
{
    const float before_s = (float)(latest_us - t_us) / 1e6f;
    for (int i = 0; i < AT_TEMPORAL_TIME / 2; i++) {
        const float turn = 6.2831853f * before_s / at_temporal_period_s[i];
        f[2 * i] = sinf(turn);
        f[2 * i + 1] = cosf(turn);
    }
}

/* ---- on the graph --------------------------------------------------------------------------- */

static at_tensor *zeros(at_graph *g, int n, int frames, int size)
{
    at_tensor *t = at_tensor_new(g, 3, (int[]){n, frames, size}, 0);
    if (t)
        memset(t->data, 0, at_tensor_count(t) * sizeof(float));
    return t;
}

static void fill(const at_temporal_batch *b, int window, at_encoder_tokens *to)
{
    const size_t first = (size_t)window * (size_t)b->frames;
    const int n = b->lengths[window];
    memcpy(to->features->data + first * AT_MB_FEATURES, b->token + first * AT_MB_FEATURES,
           (size_t)n * AT_MB_FEATURES * sizeof(float));
    for (int i = 0; i < n; i++)
        at_temporal_time(b->t_us[first + (size_t)i], b->t_us[first + (size_t)n - 1],
                         to->where->data + (first + (size_t)i) * AT_TEMPORAL_TIME);
}

void at_temporal_forward(at_graph *g, const at_params *p, const at_temporal_batch *b, float dropout,
                         at_tensor **expression, at_tensor **basic)
{
    at_encoder_tokens tokens = {.features = zeros(g, b->n, b->frames, AT_MB_FEATURES),
                                .where = zeros(g, b->n, b->frames, AT_TEMPORAL_TIME),
                                .lengths = b->lengths};
    for (int i = 0; tokens.features && tokens.where && i < b->n; i++)
        fill(b, i, &tokens);
    at_encoder_forward(&at_temporal, g, p, &tokens, dropout, expression, basic);
}

/* ---- one window ----------------------------------------------------------------------------- */

void at_temporal_run(const at_encoder_net *s, at_pool *pool, const at_kernels *kn,
                     const float *token, const int64_t *t_us, int n, float *workspace,
                     float *expression, float *basic)
{
    float *where = at_encoder_where(s, kn, n, workspace);
    for (int i = 0; i < n; i++)
        at_temporal_time(t_us[i], t_us[n - 1], where + (size_t)i * AT_TEMPORAL_TIME);
    at_encoder_run(s, pool, kn, token, n, workspace, expression, basic);
}
