#include "tensor/optim.h"

#include "base/error.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* The parameters are cut into chunks of at most this many values, each a task. */
enum { CHUNK = 1 << 14 };

typedef struct chunk {
    at_param *p;
    size_t from;
    int n;
} chunk;

static int chunks_of(const at_param *p)
{
    return (int)((at_tensor_count(&p->value) + CHUNK - 1) / CHUNK);
}

/* Chunk number `task`, found by walking the list: a few hundred parameters at most. */
static chunk find_chunk(const at_params *s, int task)
{
    for (int i = 0; i < s->count; i++) {
        int n = chunks_of(s->list[i]);
        if (task < n) {
            size_t from = (size_t)task * CHUNK, left = at_tensor_count(&s->list[i]->value) - from;
            return (chunk){s->list[i], from, left < CHUNK ? (int)left : CHUNK};
        }
        task -= n;
    }
    assert(!"no such chunk");
    return (chunk){0};
}

static int count_chunks(const at_params *s)
{
    int n = 0;
    for (int i = 0; i < s->count; i++)
        n += chunks_of(s->list[i]);
    return n;
}

static float *calloc_like(const at_tensor *t)
{
    return at_calloc(at_tensor_count(t), sizeof(float));
}

static void set_defaults(at_adamw *o)
{
    if (o->lr == 0)
        o->lr = 1e-4f;
    if (o->beta1 == 0)
        o->beta1 = 0.9f;
    if (o->beta2 == 0)
        o->beta2 = 0.999f;
    if (o->eps == 0)
        o->eps = 1e-8f;
}

int at_adamw_init(at_adamw *o, at_params *p, attune_error *err)
{
    set_defaults(o);
    for (int i = 0; i < p->count; i++) {
        at_param *q = p->list[i];
        if (q->trainable && q->m == NULL)
            q->m = calloc_like(&q->value);
        if (q->trainable && q->v == NULL)
            q->v = calloc_like(&q->value);
        if (q->trainable && (q->m == NULL || q->v == NULL))
            return at_fail_nomem(err);
        if (o->ema > 0 && q->ema == NULL) {
            q->ema = calloc_like(&q->value);
            if (q->ema == NULL)
                return at_fail_nomem(err);
            memcpy(q->ema, q->value.data, at_tensor_count(&q->value) * sizeof(float));
        }
    }
    return ATTUNE_OK;
}

typedef struct step_job {
    const at_adamw *o;
    const at_params *params;
    const at_kernels *kn;
    double *squares;  /* of a chunk's gradient */
    float lr, factor; /* of the gradients: unscales and clips them */
    float c1, c2, ema;
} step_job;

/* Without a gradient a parameter had no part in the pass: it is not decayed either. */
static int moves(const at_param *p)
{
    return p->trainable && p->value.grad != NULL;
}

static void squares_task(void *arg, int task, int thread)
{
    step_job *j = arg;
    chunk c = find_chunk(j->params, task);
    double sum = 0;
    (void)thread;
    if (moves(c.p)) {
        const float *grad = c.p->value.grad + c.from;
        enum { STRIP = 512 };
        for (int i = 0; i < c.n; i += STRIP) {
            int n = c.n - i < STRIP ? c.n - i : STRIP;
            sum += j->kn->dot((size_t)n, grad + i, grad + i);
        }
    }
    j->squares[task] = sum;
}

static void step_task(void *arg, int task, int thread)
{
    step_job *j = arg;
    const at_adamw *o = j->o;
    chunk c = find_chunk(j->params, task);
    at_param *p = c.p;
    float *value = p->value.data + c.from;
    (void)thread;
    if (moves(p)) {
        float *grad = p->value.grad + c.from;
        if (j->factor != 1)
            for (int i = 0; i < c.n; i++)
                grad[i] *= j->factor;
        j->kn->adamw((size_t)c.n, value, grad, p->m + c.from, p->v + c.from, j->lr * p->lr_scale,
                     o->beta1, o->beta2, o->eps, p->decay ? o->decay : 0, j->c1, j->c2);
    }
    if (o->ema > 0 && p->ema != NULL) {
        float *ema = p->ema + c.from;
        for (int i = 0; i < c.n; i++)
            ema[i] += (1 - j->ema) * (value[i] - ema[i]);
    }
}

static double gradient_norm(step_job *j, at_pool *pool, int chunks)
{
    double sum = 0;
    at_pool_run(pool, chunks, squares_task, j);
    for (int i = 0; i < chunks; i++)
        sum += j->squares[i];
    return sqrt(sum);
}

int at_adamw_step(at_adamw *o, at_params *p, at_pool *pool, const at_kernels *kn, float lr,
                  float *norm, attune_error *err)
{
    set_defaults(o);
    int chunks = count_chunks(p);
    step_job j = {.o = o, .params = p, .kn = kn, .lr = lr, .factor = 1};
    double scale = o->scale > 0 ? o->scale : 1;
    for (int i = 0; i < p->count; i++) {
        at_param_settle_grad(p->list[i]);
        assert(!moves(p->list[i]) || (p->list[i]->m != NULL && p->list[i]->v != NULL));
    }

    j.squares = at_alloc((size_t)chunks, sizeof *j.squares);
    if (j.squares == NULL)
        return at_fail_nomem(err);
    const double length = gradient_norm(&j, pool, chunks) / scale;
    at_free(j.squares);
    *norm = (float)length;
    if (!isfinite(length))
        return ATTUNE_OK;

    if (o->clip > 0 && length > o->clip)
        j.factor = (float)(o->clip / length);
    j.factor /= (float)scale;
    o->step++;
    j.c1 = (float)(1 / (1 - pow(o->beta1, (double)o->step)));
    j.c2 = (float)(1 / (1 - pow(o->beta2, (double)o->step)));
    /* A young average forgets its start faster. */
    double warm = (1.0 + (double)o->step) / (10.0 + (double)o->step);
    j.ema = warm < o->ema ? (float)warm : o->ema;
    at_pool_run(pool, chunks, step_task, &j);
    return ATTUNE_OK;
}

void at_ema_swap(at_params *p)
{
    for (int i = 0; i < p->count; i++) {
        at_param *q = p->list[i];
        size_t n = q->ema != NULL ? at_tensor_count(&q->value) : 0;
        for (size_t k = 0; k < n; k++) {
            float value = q->value.data[k];
            q->value.data[k] = q->ema[k];
            q->ema[k] = value;
        }
    }
}

float at_lr_cosine(float lr, float floor, int64_t step, int64_t warmup, int64_t total)
{
    const double pi = 3.14159265358979323846;
    if (step < warmup)
        return (float)(lr * (double)(step + 1) / (double)warmup);
    if (step >= total)
        return floor;
    double done = (double)(step - warmup) / (double)(total - warmup);
    return (float)(floor + (lr - floor) * 0.5 * (1 + cos(pi * done)));
}

float at_plateau_step(at_plateau *s, float lr, float value)
{
    const float factor = s->factor > 0 ? s->factor : 0.5f;
    const float least = s->min_lr > 0 ? s->min_lr : FLT_MIN; /* 0 would learn nothing more */
    const int patience = s->patience > 0 ? s->patience : 3;
    if (!s->started || value > s->best) {
        s->best = value;
        s->started = 1;
        s->waited = 0;
        return lr;
    }
    if (++s->waited < patience)
        return lr;
    s->waited = 0;
    const float lower = lr * factor;
    return lower > least ? lower : fminf(lr, least);
}
