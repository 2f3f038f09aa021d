#include "train/loop_inside.h"
#include "base/error.h"
#include <inttypes.h>
#include <math.h>

enum { LOG_EVERY = 100 };

uint64_t at_step_seed(int64_t seed, int64_t shard)
{
    uint64_t z = (uint64_t)seed * 0x9e3779b97f4a7c15u + (uint64_t)shard + 0x632be59bd9b4e019u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The learning rate of the step that comes. */
static float rate_now(const at_loop *s)
{
    const at_optimiser_settings *o = &s->plan->optimiser;
    const int64_t step = s->state.step;
    const int64_t warmup = (int64_t)((double)o->warmup * (double)s->state.steps);
    if (!s->plan->plateau.patience || step < warmup)
        return at_lr_cosine(o->lr, o->floor, step, warmup, s->state.steps);
    return s->state.rate > 0 ? (float)s->state.rate : o->lr;
}

/* Forwards and backwards through one shard, which was prepared (slot, or a status): gradients are its own. */
static int one_pass(at_loop *s, int64_t shard, int slot, double *loss, attune_error *err)
{
    if (slot < 0)
        return at_fail(err, (attune_status)slot, "preparing a batch failed");
    at_graph_begin(s->graph, AT_TRAIN, at_step_seed(s->plan->seed, shard));
    at_params_zero_grad(&s->task->params);
    at_tensor *l = s->l->loss(s->task, s->graph, shard, slot);
    const float scale = at_loss_scale_factor(&s->state.scaling);
    if (!l || at_graph_backward_scaled(s->graph, l, scale))
        return at_fail_nomem(err);
    *loss = l->data[0];
    return ATTUNE_OK;
}

static int first_shard(const at_loop *s)
{
    return s->ranks ? at_shards_first(s->plan->shards, s->ranks->rank, s->ranks->count) : 0;
}

static int end_shard(const at_loop *s)
{
    return s->ranks ? at_shards_first(s->plan->shards, s->ranks->rank + 1, s->ranks->count)
                    : s->plan->shards;
}

/* This rank's shards of a step. Among others nobody waits for the end of a step that may never come. */
static int own_passes(at_loop *s, attune_error *err)
{
    int status = ATTUNE_OK;
    const int64_t from = s->state.step * s->plan->shards;
    for (int i = first_shard(s); i < end_shard(s) && !status; i++) {
        double loss = 0;
        if (s->ranks && at_loop_stopped(s))
            return ATTUNE_E_INTERRUPTED;
        status = one_pass(s, from + i, at_prefetch_next(s->prefetch), &loss, err);
        status = status ? status : at_shards_add(s->shards, loss, err);
    }
    return status;
}

/* Gradients of a whole batch, and its loss. */
static int all_passes(at_loop *s, double *loss, attune_error *err)
{
    if (!s->shards)
        return one_pass(s, s->state.step, at_prefetch_next(s->prefetch), loss, err);
    at_shards_begin(s->shards);
    int status = at_ranks_agree(s->ranks, own_passes(s, err), err);
    status = status ? status : at_shards_end(s->shards, loss, err);
    if (status)
        at_shards_drop(s->shards);
    return status;
}

int at_loop_step(at_loop *s, attune_error *err)
{
    double value = 0;
    const int64_t step = s->state.step;
    float norm = 0;
    int status = all_passes(s, &value, err);
    if (status)
        return status;
    s->adamw.scale = at_loss_scale_factor(&s->state.scaling) * (float)s->plan->shards;
    const float lr = rate_now(s);
    status = at_adamw_step(&s->adamw, &s->task->params, s->job->pool, s->kn, lr, &norm, err);
    if (status)
        return status;
    s->state.step++;
    at_loss_scale_update(&s->state.scaling, isfinite(norm));
    if (!isfinite(norm) || !isfinite(value)) {
        s->state.skipped++;
        return ATTUNE_OK;
    }
    double keep = step == 0 ? 0 : 0.98;
    s->state.loss = keep * s->state.loss + (1 - keep) * value;
    s->norm = s->norm > 0 ? 0.98 * s->norm + 0.02 * (double)norm : (double)norm;
    if (s->state.step % LOG_EVERY == 0)
        at_loop_log(s, 0, "step %" PRId64 "/%" PRId64 " loss %.4f norm %.3f lr %.3g rate %.1f/s",
                    s->state.step, s->state.steps, s->state.loss, s->norm, (double)lr,
                    (double)(s->state.step - s->first) * s->batch / (at_now() - s->started));
    return ATTUNE_OK;
}

int at_loop_compare(at_loop *s, attune_error *err)
{
    double loss = 0;
    if (!s->ranks)
        return ATTUNE_OK;
    const int64_t shard = s->state.step * s->plan->shards;
    at_shards_begin(s->shards);
    const int slot = s->l->prepare(s->task, shard, 0);
    int status = one_pass(s, shard, slot < 0 ? slot : 0, &loss, err);
    at_shards_drop(s->shards);
    status = at_ranks_agree(s->ranks, status, err);
    return status
               ? status
               : at_ranks_same(s->ranks, "loss of the same samples (so other data or arithmetic)",
                               &loss, sizeof loss, err);
}

static int prepare(void *user, int64_t i, int slot)
{
    const at_loop *s = user;
    const int64_t own = end_shard(s) - first_shard(s), step = i / own;
    return s->l->prepare(s->task, step * s->plan->shards + first_shard(s) + i % own, slot);
}

int at_loop_prefetch(at_loop *s, attune_error *err)
{
    const int64_t own = end_shard(s) - first_shard(s);
    return at_prefetch_start(&s->prefetch, prepare, s, s->state.step * own, s->state.steps * own,
                             err);
}
