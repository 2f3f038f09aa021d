/* layers.c - what the kinds compute of one window: each layer by hand and on the graph. */
#include "fusion/calibration.h"
#include "fusion/kind.h"
#include "fusion/stream.h"
#include <math.h>

void at_fusion_add_dense(const at_param *w, const float *x, float *y)
{
    const at_kernels *kn = at_kernels_best();
    const int rows = w->value.dim[0], cols = w->value.dim[1];
    for (int i = 0; i < rows; i++)
        kn->axpy((size_t)cols, x[i], w->value.data + (size_t)i * (size_t)cols, y);
}

void at_fusion_add_stream(const at_fusion_net *net, int stream, const at_param *w, const float *x,
                          float *y)
{
    const at_kernels *kn = at_kernels_best();
    const float *mean = net->mean[stream]->value.data, *scale = net->scale[stream]->value.data;
    const int rows = w->value.dim[0], cols = w->value.dim[1];
    for (int i = 0; i < rows; i++)
        kn->axpy((size_t)cols, (x[i] - mean[i]) * scale[i],
                 w->value.data + (size_t)i * (size_t)cols, y);
}

void at_fusion_add_vector(const at_param *v, float *y)
{
    for (int i = 0; i < v->value.dim[0]; i++)
        y[i] += v->value.data[i];
}

void at_fusion_relu(float *y, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = y[i] < 0 ? 0 : y[i]; /* what is no number stays none */
}

void at_fusion_add_answer(const at_fusion_net *net, int stream, const at_evidence *e, float weight,
                          float *logit)
{
    float p[ATTUNE_EMOTIONS];
    at_calibrated_emotion(net->calibration, stream, e->logit, p);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        logit[k] += weight * logf(fmaxf(p[k], 1e-7f));
}

void at_fusion_add_head(const at_fusion_net *net, int first, const float *x, float *logit)
{
    float hidden[AT_FUSION_HIDDEN] = {0};
    at_param *const *a = net->of_whole + first;
    at_fusion_add_dense(a[0], x, hidden);
    at_fusion_add_vector(a[1], hidden);
    at_fusion_relu(hidden, AT_FUSION_HIDDEN);
    at_fusion_add_dense(a[2], hidden, logit);
    at_fusion_add_vector(a[3], logit);
}

at_tensor *at_fusion_head(at_graph *g, const at_fusion_net *net, int first, at_tensor *x,
                          float dropout)
{
    at_tensor *hidden =
        at_linear(g, x, at_fusion_use(g, net, first), at_fusion_use(g, net, first + 1));
    hidden = at_activation(g, hidden, AT_ACT_RELU);
    if (dropout > 0)
        hidden = at_dropout(g, hidden, dropout);
    return at_linear(g, hidden, at_fusion_use(g, net, first + 2), at_fusion_use(g, net, first + 3));
}
