/* ops_loss.c - losses. Each is a scalar: a mean over what is not masked, summed in double.
 *
 * The forward pass finds d loss / d x along with the loss; backward only scales it.
 */
#include "tensor/graph.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct loss_node {
    at_node node;
    at_tensor *x;
    float *slope; /* d loss / d x */
} loss_node;

static void loss_backward(at_graph *g, at_node *node)
{
    loss_node *n = (loss_node *)node;
    float d = *at_grad_in(g, node->y);
    size_t count = at_tensor_count(n->x);
    float *dx = at_grad_add(g, n->x);
    if (dx != NULL)
        g->kn->axpy(count, d, n->slope, dx);
}

/* The scalar, and room for the slope (at least room to write into). */
static at_tensor *begin_loss(at_graph *g, at_tensor *x, float **slope)
{
    at_tensor *y = at_result(g, 0, NULL, at_wants(x));
    *slope = at_graph_alloc(g, at_tensor_count(x), sizeof(float));
    return g->status == ATTUNE_OK ? y : NULL;
}

/* Turns a sum over `count` of something into the mean; a mean over nothing is 0. */
static at_tensor *end_loss(at_graph *g, at_tensor *y, at_tensor *x, double sum, double count,
                           float *slope)
{
    float k = count > 0 ? (float)(1 / count) : 0;
    for (size_t i = 0, n = at_tensor_count(x); i < n; i++)
        slope[i] *= k;
    *y->data = count > 0 ? (float)(sum / count) : 0;
    if (!at_wants(y))
        return y;
    loss_node *n = at_record(g, sizeof *n, y, loss_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->slope = slope;
    return y;
}

/* ---- cross-entropy ---------------------------------------------------------------------- */

/* One row; returns -sum_i w_i t_i log softmax(x)_i, its slope in d.
 * d/dx_i = p_i sum_j w_j t_j - w_i t_i. */
static double cross_entropy_row(int n, const float *x, const float *target, const float *weight,
                                float smoothing, float row_weight, float *d)
{
    double max = x[0], sum = 0, loss = 0, mass = 0;
    for (int i = 1; i < n; i++)
        max = x[i] > max ? x[i] : max;
    for (int i = 0; i < n; i++)
        sum += exp(x[i] - max);
    double log_sum = max + log(sum);
    for (int i = 0; i < n; i++) {
        double t = (1.0 - smoothing) * target[i] + (double)smoothing / n;
        double wt = t * (weight != NULL ? weight[i] : 1);
        if (wt != 0)
            loss -= wt * (x[i] - log_sum);
        mass += wt;
        d[i] = (float)(-wt * row_weight);
    }
    for (int i = 0; i < n; i++)
        d[i] += (float)(exp(x[i] - log_sum) * mass * row_weight);
    return loss * row_weight;
}

at_tensor *at_cross_entropy(at_graph *g, at_tensor *x, const float *target,
                            const float *class_weight, const float *row_weight, float smoothing)
{
    if (!at_ready(g, x))
        return NULL;
    int rows = at_tensor_rows(x), n = at_tensor_cols(x), count = 0;
    double sum = 0;
    float *slope;
    at_tensor *y = begin_loss(g, x, &slope);
    if (y == NULL)
        return NULL;
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * n;
        float w = row_weight != NULL ? row_weight[r] : 1;
        if (w == 0) { /* its target may be anything */
            memset(slope + at, 0, (size_t)n * sizeof(float));
            continue;
        }
        sum +=
            cross_entropy_row(n, x->data + at, target + at, class_weight, smoothing, w, slope + at);
        count++;
    }
    return end_loss(g, y, x, sum, count, slope);
}

/* A term of each value and its target, with its slope; those of weight 0 do not count, and may have any target. */
static at_tensor *mean_of(at_graph *g, at_tensor *x, const float *target, const float *weight,
                          double (*term)(double x, double target, double *d))
{
    if (!at_ready(g, x))
        return NULL;
    size_t n = at_tensor_count(x), count = 0;
    double sum = 0;
    float *slope;
    at_tensor *y = begin_loss(g, x, &slope);
    if (y == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        double w = weight != NULL ? weight[i] : 1, d = 0;
        if (w != 0) {
            sum += w * term(x->data[i], target[i], &d);
            count++;
        }
        slope[i] = (float)(w * d);
    }
    return end_loss(g, y, x, sum, (double)count, slope);
}

/* ---- binary ----------------------------------------------------------------------------- */

/* log(1 + exp(x)) without overflow */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double logistic(double x)
{
    return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* weight_one t softplus(-x) + (1-t) softplus(x) */
static double binary_term(double x, double t, double weight_one, double *d)
{
    *d = -weight_one * t * logistic(-x) + (1 - t) * logistic(x);
    return weight_one * t * softplus(-x) + (1 - t) * softplus(x);
}

static double even_binary_term(double x, double t, double *d)
{
    return binary_term(x, t, 1, d);
}

at_tensor *at_binary_cross_entropy(at_graph *g, at_tensor *x, const float *target,
                                   const float *weight)
{
    return mean_of(g, x, target, weight, even_binary_term);
}

at_tensor *at_ordinal_loss(at_graph *g, at_tensor *x, const int *level,
                           const float *positive_weight)
{
    if (!at_ready(g, x))
        return NULL;
    int rows = at_tensor_rows(x), n = at_tensor_cols(x), count = 0;
    double sum = 0;
    float *slope;
    at_tensor *y = begin_loss(g, x, &slope);
    if (y == NULL)
        return NULL;
    for (int r = 0; r < rows; r++) {
        for (int k = 0; k < n; k++) {
            size_t at = (size_t)r * n + k;
            double d = 0;
            if (level[r] >= 0)
                sum += binary_term(x->data[at], level[r] > k,
                                   positive_weight != NULL ? positive_weight[k] : 1, &d);
            slope[at] = (float)d;
        }
        count += level[r] >= 0;
    }
    return end_loss(g, y, x, sum, count, slope);
}

/* ---- regression ------------------------------------------------------------------------- */

/* Huber's: a parabola within 1, straight outside. */
static double smooth_l1(double x, double t, double *d)
{
    const double e = x - t;
    if (fabs(e) < 1) {
        *d = e;
        return e * e / 2;
    }
    *d = e > 0 ? 1 : -1;
    return fabs(e) - 0.5;
}

static double square(double x, double t, double *d)
{
    const double e = x - t;
    *d = 2 * e;
    return e * e;
}

at_tensor *at_smooth_l1(at_graph *g, at_tensor *x, const float *target, const float *weight)
{
    return mean_of(g, x, target, weight, smooth_l1);
}

at_tensor *at_mse(at_graph *g, at_tensor *x, const float *target, const float *weight)
{
    return mean_of(g, x, target, weight, square);
}

/* ---- sum of losses ---------------------------------------------------------------------- */

typedef struct sum_node {
    at_node node;
    at_tensor **loss;
    float *weight;
    int n;
} sum_node;

static void sum_backward(at_graph *g, at_node *node)
{
    sum_node *n = (sum_node *)node;
    float d = *at_grad_in(g, node->y);
    for (int i = 0; i < n->n; i++) {
        float *dx = at_wants(n->loss[i]) ? at_grad_add(g, n->loss[i]) : NULL;
        if (dx != NULL)
            *dx += d * n->weight[i];
    }
}

at_tensor *at_sum_losses(at_graph *g, at_tensor *const *loss, const float *weight, int n)
{
    double sum = 0;
    int wants = 0;
    for (int i = 0; i < n; i++) {
        if (!at_ready(g, loss[i]))
            return NULL;
        assert(at_tensor_count(loss[i]) == 1);
        sum += (double)weight[i] * *loss[i]->data;
        wants |= at_wants(loss[i]);
    }
    at_tensor *y = at_result(g, 0, NULL, wants);
    if (y == NULL)
        return NULL;
    *y->data = (float)sum;
    if (!at_wants(y))
        return y;
    sum_node *s = at_record(g, sizeof *s, y, sum_backward);
    if (s == NULL)
        return NULL;
    s->n = n;
    s->loss = at_graph_alloc(g, (size_t)n, sizeof(at_tensor *));
    s->weight = at_graph_alloc(g, (size_t)n, sizeof(float));
    if (s->loss == NULL || s->weight == NULL)
        return NULL;
    memcpy(s->loss, loss, (size_t)n * sizeof(at_tensor *));
    memcpy(s->weight, weight, (size_t)n * sizeof(float));
    return y;
}
