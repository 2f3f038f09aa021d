#include "train/calibrate.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

double at_minimise(double (*f)(void *user, double x), void *user, double lo, double hi)
{
    const double ratio = 0.6180339887498949;
    double a = hi - ratio * (hi - lo), b = lo + ratio * (hi - lo);
    double fa = f(user, a), fb = f(user, b);
    for (int i = 0; i < 60; i++) {
        if (fa < fb) {
            hi = b, b = a, fb = fa;
            a = hi - ratio * (hi - lo), fa = f(user, a);
        } else {
            lo = a, a = b, fa = fb;
            b = lo + ratio * (hi - lo), fb = f(user, b);
        }
    }
    return (lo + hi) / 2;
}

/* ---- classes ------------------------------------------------------------------------------ */

typedef struct class_fit {
    const float *logit;
    const int *label;
    int n, classes;
    double scale;
} class_fit;

static double class_loss(const class_fit *f)
{
    double loss = 0;
    for (int i = 0; i < f->n; i++) {
        const float *x = f->logit + (size_t)i * f->classes;
        float most =
            -INFINITY; /* gcc 12 for aarch64 fails at one that is widened as it is sought */
        for (int k = 0; k < f->classes; k++)
            most = fmaxf(most, x[k]);
        const double max = (double)most;
        double sum = 0;
        for (int k = 0; k < f->classes; k++)
            sum += exp(f->scale * ((double)x[k] - max));
        loss += log(sum) + f->scale * (max - (double)x[f->label[i]]);
    }
    return loss;
}

static double loss_of_log_scale(void *user, double x)
{
    class_fit *f = user;
    f->scale = exp(x);
    return class_loss(f);
}

float at_fit_temperature(const float *logit, const int *label, int n, int classes)
{
    class_fit f = {.logit = logit, .label = label, .n = n, .classes = classes};
    return n ? (float)exp(-at_minimise(loss_of_log_scale, &f, -log(5), log(5))) : 1;
}

void at_fit_usual(const float *logit, int n, int classes, float temperature, float *answer,
                  float *share)
{
    double sum[AT_MOST_CLASSES][AT_MOST_CLASSES] = {0}, often[AT_MOST_CLASSES] = {0};
    for (int i = 0; i < n; i++, logit += classes) {
        double mean = 0;
        int top = 0;
        for (int k = 0; k < classes; k++) {
            mean += (double)logit[k] / classes;
            top = logit[k] > logit[top] ? k : top;
        }
        often[top]++;
        for (int k = 0; k < classes; k++)
            sum[top][k] += ((double)logit[k] - mean) / (double)temperature;
    }
    for (int c = 0; c < classes; c++) {
        share[c] = (float)(often[c] / n);
        for (int k = 0; k < classes; k++)
            answer[c * classes + k] = often[c] > 0 ? (float)(sum[c][k] / often[c])
                                                   : (float)(4 * (k == c) - 4.0 / classes);
    }
}

/* ---- levels ------------------------------------------------------------------------------- */

typedef struct level_fit {
    const float *logit;
    const int *level;
    int n;
    double scale, bias[AT_THRESHOLDS];
} level_fit;

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double level_loss(const level_fit *f)
{
    double loss = 0;
    for (int i = 0; i < f->n; i++)
        for (int k = 0; k < AT_THRESHOLDS; k++) {
            double z = f->scale * (double)f->logit[(size_t)i * AT_THRESHOLDS + k] + f->bias[k];
            loss += softplus(f->level[i] > k ? -z : z);
        }
    return loss;
}

/* The best bias of threshold k for the present scale, in [-8, 8]: the loss is convex in it, so Newton's
 * steps, halving instead where one leaves the interval that the root of the slope lies in. */
static double best_bias(const level_fit *f, int k)
{
    double lo = -8, hi = 8, b = 0;
    for (int step = 0; step < 60; step++) {
        double slope = 0, curvature = 0;
        for (int i = 0; i < f->n; i++) {
            double z = f->scale * (double)f->logit[(size_t)i * AT_THRESHOLDS + k] + b;
            double p = 1 / (1 + exp(-z));
            slope += p - (f->level[i] > k);
            curvature += p * (1 - p);
        }
        if (slope < 0)
            lo = b;
        else
            hi = b;
        double next = b - slope / curvature;
        if (!(next > lo && next < hi))
            next = (lo + hi) / 2;
        if (fabs(next - b) < 1e-10)
            break;
        b = next;
    }
    return b;
}

/* Scale and biases pull at each other: one after the other they creep towards the best, so each scale
 * is judged with the biases that are best for it. */
static double level_loss_of_log_scale(void *user, double x)
{
    level_fit *f = user;
    f->scale = exp(x);
    for (int k = 0; k < AT_THRESHOLDS; k++)
        f->bias[k] = best_bias(f, k);
    return level_loss(f);
}

void at_fit_levels(const float *logit, const int *level, int n, float *scale, float *bias)
{
    level_fit f = {.logit = logit, .level = level, .n = n, .scale = 1};
    if (n)
        level_loss_of_log_scale(&f, at_minimise(level_loss_of_log_scale, &f, -log(20), log(5)));
    *scale = (float)f.scale;
    for (int k = 0; k < AT_THRESHOLDS; k++)
        bias[k] = (float)f.bias[k];
}

/* ---- reference ---------------------------------------------------------------------------- */

void at_fit_reference(const float *x, int n, int dims, float *mean, float *var)
{
    double all = 0;
    for (int d = 0; d < dims; d++) {
        double sum = 0, sq = 0;
        for (int i = 0; i < n; i++)
            sum += (double)x[(size_t)i * dims + d];
        sum /= n > 0 ? n : 1;
        for (int i = 0; i < n; i++) {
            double e = (double)x[(size_t)i * dims + d] - sum;
            sq += e * e;
        }
        mean[d] = (float)sum;
        var[d] = (float)(n > 1 ? sq / (n - 1) : 0);
        all += (double)var[d] / dims;
    }
    for (int d = 0; d < dims; d++)
        var[d] = fmaxf(var[d], (float)(0.01 * all));
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

float at_quantile(float *x, int n, double q)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    double at = q * (n - 1);
    int i = (int)at;
    float rest = (float)(at - i);
    return i + 1 < n ? x[i] + rest * (x[i + 1] - x[i]) : x[n - 1];
}
