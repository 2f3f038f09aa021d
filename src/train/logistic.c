#include "train/logistic.h"
#include "base/error.h"
#include "base/mem.h"
#include "kernels/gemm.h"
#include "train/lbfgs.h"
#include <math.h>
#include <string.h>

enum { TASK_ROWS = 1024 };

typedef struct fit {
    const at_logistic *l;
    at_pool *pool;
    const at_kernels *kn;
    int labelled;
    float *weight, *bias; /* the caller's: where it stands, in single precision */
    float *packed;        /* weight, for the kernels */
    float *logit;         /* (rows, classes), then the loss's slope */
    float *slope;         /* (values, classes) */
    float *workspace;
    double *mean;              /* (values) of the labelled rows */
    double *loss, *bias_slope; /* by task: 1, (classes) */
} fit;

static int tasks_of(int rows)
{
    return (rows + TASK_ROWS - 1) / TASK_ROWS;
}

/* ---- loss and slope of some rows ------------------------------------------------------------- */

/* Logits become w (p - target); returns w (-log p[label]). */
static double row_loss(float *x, int n, int label, double weight)
{
    float top = x[0]; /* gcc 12 for aarch64 fails at one that is widened as it is sought */
    for (int k = 1; k < n; k++)
        top = fmaxf(top, x[k]);
    const double most = (double)top;
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += exp((double)x[k] - most);
    const double log_sum = most + log(sum), loss = weight * (log_sum - (double)x[label]);
    for (int k = 0; k < n; k++)
        x[k] = (float)(weight * (exp((double)x[k] - log_sum) - (k == label)));
    return loss;
}

static void rows_task(void *arg, int task, int thread)
{
    fit *f = arg;
    const at_logistic *l = f->l;
    const int n = l->classes, from = task * TASK_ROWS;
    const int to = from + TASK_ROWS < l->rows ? from + TASK_ROWS : l->rows;
    double *bias = f->bias_slope + (size_t)task * (size_t)n, sum = 0;
    (void)thread;
    memset(bias, 0, (size_t)n * sizeof *bias);
    for (int i = from; i < to; i++) {
        float *x = f->logit + (size_t)i * (size_t)n;
        if (l->label[i] < 0) {
            memset(x, 0, (size_t)n * sizeof *x);
            continue;
        }
        double weight = (double)l->class_weight[l->label[i]];
        for (int k = 0; k < n && l->offset; k++)
            x[k] += l->offset[(size_t)i * (size_t)n + (size_t)k];
        if (l->row_weight)
            weight *= (double)l->row_weight[i];
        sum += row_loss(x, n, l->label[i], weight);
        for (int k = 0; k < n; k++)
            bias[k] += (double)x[k];
    }
    f->loss[task] = sum;
}

/* ---- the whole function ---------------------------------------------------------------------- */

static void find_logits(const fit *f)
{
    const at_logistic *l = f->l;
    const at_epilogue e = {.bias = f->bias};
    at_gemm_pack(f->pool, f->kn, l->values, l->classes, f->weight, l->classes, 1, f->packed);
    at_gemm_packed(f->pool, f->kn, l->rows, l->classes, l->values, l->x, l->values, 1, f->packed,
                   f->logit, l->classes, &e);
}

/* What is searched is v: weights, then the biases of rows less their mean. The minimum is the same, since
 * biases are not penalised, and sooner found, since a common direction no longer dwarfs the others. */
static void place(const fit *f, const double *v)
{
    const size_t classes = (size_t)f->l->classes, values = (size_t)f->l->values;
    for (size_t i = 0; i < values * classes; i++)
        f->weight[i] = (float)v[i];
    for (size_t k = 0; k < classes; k++) {
        double bias = v[values * classes + k];
        for (size_t i = 0; i < values; i++)
            bias -= f->mean[i] * v[i * classes + k];
        f->bias[k] = (float)bias;
    }
}

static void find_mean(fit *f)
{
    const at_logistic *l = f->l;
    const size_t values = (size_t)l->values;
    memset(f->mean, 0, values * sizeof *f->mean);
    for (int i = 0; i < l->rows; i++)
        for (size_t k = 0; k < values && l->label[i] >= 0; k++)
            f->mean[k] += (double)l->x[(size_t)i * values + k] / f->labelled;
}

/* The slope of all rows by weights and biases, as places of v. */
static void find_slope(fit *f, double *g)
{
    const at_logistic *l = f->l;
    const size_t classes = (size_t)l->classes, weights = (size_t)l->values * classes;
    at_gemm_tn(f->pool, f->kn, l->rows, l->classes, l->values, l->x, l->values, f->logit,
               l->classes, f->slope, l->classes, 0, f->workspace);
    memset(g + weights, 0, classes * sizeof *g);
    for (int t = 0; t < tasks_of(l->rows); t++)
        for (size_t k = 0; k < classes; k++)
            g[weights + k] += f->bias_slope[(size_t)t * classes + k];
    for (size_t i = 0; i < weights; i++)
        g[i] = (double)f->slope[i] - f->mean[i / classes] * g[weights + i % classes];
}

static double value(void *user, const double *v, double *g)
{
    fit *f = user;
    const at_logistic *l = f->l;
    const size_t classes = (size_t)l->classes, weights = (size_t)l->values * classes;
    const double share = 1.0 / f->labelled, penalty = share / l->c;
    double loss = 0, squares = 0;
    place(f, v);
    find_logits(f);
    at_pool_run(f->pool, tasks_of(l->rows), rows_task, f);
    find_slope(f, g);
    for (int t = 0; t < tasks_of(l->rows); t++)
        loss += f->loss[t];
    for (size_t i = 0; i < weights + classes; i++)
        g[i] = share * g[i] + (i < weights ? penalty * v[i] : 0);
    for (size_t i = 0; i < weights; i++)
        squares += v[i] * v[i];
    return share * loss + penalty / 2 * squares;
}

/* ---- the calls ------------------------------------------------------------------------------- */

static int step(void *user, int iteration, double at, double largest)
{
    const at_logistic *l = ((const fit *)user)->l;
    return l->step ? l->step(l->user, iteration, at, largest) : 0;
}

static int minimise(fit *f, double *v)
{
    const at_lbfgs o = {.iterations = f->l->iterations,
                        .tolerance = f->l->tolerance,
                        .value = value,
                        .step = step,
                        .user = f};
    const size_t count = ((size_t)f->l->values + 1) * (size_t)f->l->classes;
    memset(v, 0, count * sizeof *v);
    find_mean(f);
    const int status = at_lbfgs_minimise(&o, count, v);
    place(f, v);
    return status;
}

int at_logistic_fit(const at_logistic *l, at_pool *pool, const at_kernels *kn, float *weight,
                    float *bias, attune_error *err)
{
    fit f = {.l = l, .pool = pool, .kn = kn, .weight = weight, .bias = bias};
    const size_t classes = (size_t)l->classes, values = (size_t)l->values;
    const size_t tasks = (size_t)tasks_of(l->rows);
    for (int i = 0; i < l->rows; i++)
        f.labelled += l->label[i] >= 0;
    if (!f.labelled)
        return at_fail(err, ATTUNE_E_ARG, "logistic regression: no row has a label");
    f.packed = at_alloc(at_gemm_packed_floats(kn, l->values, l->classes), sizeof *f.packed);
    f.logit = at_alloc((size_t)l->rows * classes, sizeof *f.logit);
    f.slope = at_alloc(values * classes, sizeof *f.slope);
    f.workspace =
        at_alloc(at_gemm_tn_workspace(kn, l->rows, l->classes, l->values) + 1, sizeof *f.workspace);
    f.loss = at_alloc(tasks * (1 + classes) + values, sizeof *f.loss);
    double *v = at_alloc((values + 1) * classes, sizeof *v);
    int status = ATTUNE_E_NOMEM;
    if (f.packed && f.logit && f.slope && f.workspace && f.loss && v) {
        f.bias_slope = f.loss + tasks;
        f.mean = f.bias_slope + tasks * classes;
        status = minimise(&f, v);
    }
    at_free(f.packed);
    at_free(f.logit);
    at_free(f.slope);
    at_free(f.workspace);
    at_free(f.loss);
    at_free(v);
    return status == ATTUNE_E_NOMEM ? at_fail_nomem(err)
           : status < 0             ? at_fail(err, (attune_status)status, "stopped")
                                    : status;
}
