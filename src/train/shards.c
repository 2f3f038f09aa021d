#include "train/shards.h"
#include "base/error.h"
#include "train/settings.h"
#include <string.h>

/* A branch of the tree: shards [index << level, (index + 1) << level). */
typedef struct branch {
    int level, index;
    float *sum;
} branch;

enum { MOST_BRANCHES = 16 }; /* two a level, of 64 shards and more */

struct at_shards {
    at_params *params;
    at_ranks *ranks;
    int shards, rank, count;
    int next; /* shard */
    branch tree[MOST_BRANCHES], spare[MOST_BRANCHES];
    int branches, spares;
    size_t floats; /* of what a shard comes to: see pack */
    float *before; /* running statistics, one after the other */
    /* (floats) and more, with ranks: what is sent and what is received */
    float *out, *in;
    size_t out_floats, in_floats;
    size_t *out_sizes, *in_sizes, *slice_sizes; /* (count) bytes */
};

int at_shards_first(int shards, int rank, int count)
{
    return (int)((int64_t)shards * rank / count);
}

/* ---- the tree ------------------------------------------------------------------------------- */

/* Whether b is what a needs to make a branch of the next level. */
static int are_siblings(const branch *a, const branch *b)
{
    return a->level == b->level && !(a->index & 1) && b->index == a->index + 1;
}

static void add_floats(float *sum, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i];
}

/* The branches that shards [first, end) come to, in order; sums are not set. Returns how many. */
static int branches_of(int first, int end, branch tree[MOST_BRANCHES])
{
    int n = 0;
    for (int shard = first; shard < end; shard++) {
        tree[n++] = (branch){.index = shard};
        while (n > 1 && are_siblings(&tree[n - 2], &tree[n - 1])) {
            n--;
            tree[n - 1] = (branch){.level = tree[n - 1].level + 1, .index = tree[n - 1].index / 2};
        }
    }
    return n;
}

/* Adds the last branch to its sibling, as long as there is one. */
static void grow(at_shards *s)
{
    while (s->branches > 1 && are_siblings(&s->tree[s->branches - 2], &s->tree[s->branches - 1])) {
        branch *a = &s->tree[s->branches - 2];
        s->branches--;
        s->spare[s->spares++] = s->tree[s->branches];
        add_floats(a->sum, s->spare[s->spares - 1].sum, s->floats);
        a->level++;
        a->index /= 2;
    }
}

static branch *new_branch(at_shards *s, int index)
{
    float *sum = s->spares ? s->spare[--s->spares].sum : at_alloc(s->floats, sizeof *sum);
    if (!sum)
        return NULL;
    s->tree[s->branches] = (branch){.index = index, .sum = sum};
    return &s->tree[s->branches++];
}

static void clear(at_shards *s)
{
    while (s->branches)
        s->spare[s->spares++] = s->tree[--s->branches];
}

/* ---- what a shard comes to, as one vector: the loss, and of each parameter whether it has a gradient and
 * that, or how a running statistic moved ------------------------------------------------------- */

static int is_statistic(const at_param *p)
{
    return !p->trainable && !p->borrowed && p->value.rank == 1;
}

static size_t floats_of(const at_param *p)
{
    return is_statistic(p) ? at_tensor_count(&p->value)
           : p->trainable  ? 1 + at_tensor_count(&p->value)
                           : 0;
}

static void put_gradient(at_param *p, float *to)
{
    const size_t n = at_tensor_count(&p->value);
    at_param_settle_grad(p);
    to[0] = p->value.grad != NULL;
    if (p->value.grad)
        memcpy(to + 1, p->value.grad, n * sizeof *to);
    else
        memset(to + 1, 0, n * sizeof *to);
}

static void pack(at_shards *s, double loss, float *to)
{
    const float *before = s->before;
    *to++ = (float)loss;
    for (int i = 0; i < s->params->count; i++) {
        at_param *p = s->params->list[i];
        const size_t n = at_tensor_count(&p->value);
        if (p->trainable)
            put_gradient(p, to);
        if (is_statistic(p)) {
            for (size_t k = 0; k < n; k++)
                to[k] = p->value.data[k] - before[k];
            memcpy(p->value.data, before, n * sizeof *to);
            before += n;
        }
        to += floats_of(p);
    }
}

/* Without a gradient anywhere a parameter stays without one. */
static int take_gradient(at_param *p, const float *from)
{
    const size_t n = at_tensor_count(&p->value);
    if (from[0] == 0)
        return 1;
    if (!p->value.grad)
        p->value.grad = at_calloc(n, sizeof *from);
    if (!p->value.grad)
        return 0;
    at_param_settle_grad(p);
    memcpy(p->value.grad, from + 1, n * sizeof *from);
    return 1;
}

static int unpack(at_shards *s, const float *from, double *loss, attune_error *err)
{
    const float part = 1 / (float)s->shards;
    *loss = (double)(*from++ * part);
    for (int i = 0; i < s->params->count; i++) {
        at_param *p = s->params->list[i];
        const size_t n = at_tensor_count(&p->value);
        if (p->trainable && !take_gradient(p, from))
            return at_fail_nomem(err);
        for (size_t k = 0; is_statistic(p) && k < n; k++)
            p->value.data[k] += from[k] * part;
        from += floats_of(p);
    }
    return ATTUNE_OK;
}

/* ---- between ranks --------------------------------------------------------------------------- */

/* The stretch of the vector that a rank sums: [first, end). */
static size_t slice_first(const at_shards *s, int rank)
{
    return s->floats / (size_t)s->count * (size_t)rank;
}

static size_t slice_end(const at_shards *s, int rank)
{
    return rank == s->count - 1 ? s->floats : slice_first(s, rank + 1);
}

static size_t slice_floats(const at_shards *s, int rank)
{
    return slice_end(s, rank) - slice_first(s, rank);
}

static int rank_branches(const at_shards *s, int rank, branch tree[MOST_BRANCHES])
{
    return branches_of(at_shards_first(s->shards, rank, s->count),
                       at_shards_first(s->shards, rank + 1, s->count), tree);
}

static int make_room(at_shards *s, attune_error *err)
{
    branch tree[MOST_BRANCHES];
    const size_t mine = slice_floats(s, s->rank);
    const size_t own = (size_t)rank_branches(s, s->rank, tree);
    s->out_sizes = at_alloc((size_t)s->count, sizeof *s->out_sizes);
    s->in_sizes = at_alloc((size_t)s->count, sizeof *s->in_sizes);
    s->slice_sizes = at_alloc((size_t)s->count, sizeof *s->slice_sizes);
    if (!s->out_sizes || !s->in_sizes || !s->slice_sizes)
        return at_fail_nomem(err);
    size_t coming = 0;
    for (int r = 0; r < s->count; r++) {
        const size_t his = (size_t)rank_branches(s, r, tree) * mine;
        s->slice_sizes[r] = slice_floats(s, r) * sizeof(float);
        s->out_sizes[r] = own * s->slice_sizes[r];
        s->in_sizes[r] = his * sizeof(float);
        coming += his;
    }
    s->out = at_alloc(own * s->floats, sizeof *s->out);
    s->in = at_alloc(coming > s->floats ? coming : s->floats, sizeof *s->in);
    return s->out && s->in ? ATTUNE_OK : at_fail_nomem(err);
}

/* Each rank's slice of this rank's branches. */
static void pack_slices(const at_shards *s)
{
    float *to = s->out;
    for (int r = 0; r < s->count; r++)
        for (int b = 0; b < s->branches; b++, to += slice_floats(s, r))
            memcpy(to, s->tree[b].sum + slice_first(s, r), s->slice_sizes[r]);
}

/* The sum of a row of branches that are `floats` long each: siblings first, as everywhere. */
static float *sum_of(branch *tree, int n, size_t floats)
{
    int top = 0;
    for (int i = 0; i < n; i++) {
        tree[top++] = tree[i];
        while (top > 1 && are_siblings(&tree[top - 2], &tree[top - 1])) {
            top--;
            add_floats(tree[top - 1].sum, tree[top].sum, floats);
            tree[top - 1].level++;
            tree[top - 1].index /= 2;
        }
    }
    while (top > 1) { /* the shards are no power of two */
        top--;
        add_floats(tree[top - 1].sum, tree[top].sum, floats);
    }
    return tree[0].sum;
}

static float *sum_slice(at_shards *s)
{
    branch all[AT_MAX_SHARDS];
    int n = 0;
    const size_t floats = slice_floats(s, s->rank);
    for (int r = 0; r < s->count; r++)
        n += rank_branches(s, r, all + n);
    for (int i = 0; i < n; i++)
        all[i].sum = s->in + (size_t)i * floats;
    return sum_of(all, n, floats);
}

static int sum_over_ranks(at_shards *s, const float **sum, attune_error *err)
{
    pack_slices(s);
    int status = at_ranks_exchange(s->ranks, s->out, s->out_sizes, s->in, s->in_sizes, err);
    if (status)
        return status;
    const size_t floats = slice_floats(s, s->rank);
    memcpy(s->out, sum_slice(s), floats * sizeof *s->out);
    *sum = s->in;
    return at_ranks_gather(s->ranks, s->out, s->in, s->slice_sizes, err);
}

/* ---- a step ----------------------------------------------------------------------------------- */

int at_shards_create(at_shards **out, at_params *p, int shards, at_ranks *ranks, attune_error *err)
{
    size_t statistics = 0;
    at_shards *s = *out = at_calloc(1, sizeof *s);
    if (!s)
        return at_fail_nomem(err);
    s->params = p;
    s->ranks = ranks;
    s->shards = shards;
    s->rank = ranks ? ranks->rank : 0;
    s->count = ranks ? ranks->count : 1;
    s->floats = 1;
    for (int i = 0; i < p->count; i++) {
        s->floats += floats_of(p->list[i]);
        statistics += is_statistic(p->list[i]) ? at_tensor_count(&p->list[i]->value) : 0;
    }
    s->before = at_alloc(statistics, sizeof *s->before);
    int status = s->before ? ATTUNE_OK : at_fail_nomem(err);
    status = status || !ranks ? status : make_room(s, err);
    if (status)
        at_shards_free(out);
    return status;
}

void at_shards_free(at_shards **out)
{
    at_shards *s = *out;
    if (!s)
        return;
    clear(s);
    while (s->spares)
        at_free(s->spare[--s->spares].sum);
    at_free(s->before);
    at_free(s->out);
    at_free(s->in);
    at_free(s->out_sizes);
    at_free(s->in_sizes);
    at_free(s->slice_sizes);
    at_free(s);
    *out = NULL;
}

void at_shards_begin(at_shards *s)
{
    float *to = s->before;
    s->next = at_shards_first(s->shards, s->rank, s->count);
    clear(s);
    for (int i = 0; i < s->params->count; i++) {
        const at_param *p = s->params->list[i];
        const size_t n = is_statistic(p) ? at_tensor_count(&p->value) : 0;
        memcpy(to, p->value.data, n * sizeof *to);
        to += n;
    }
}

int at_shards_add(at_shards *s, double loss, attune_error *err)
{
    const branch *b = new_branch(s, s->next++);
    if (!b)
        return at_fail_nomem(err);
    pack(s, loss, b->sum);
    grow(s);
    return ATTUNE_OK;
}

int at_shards_end(at_shards *s, double *loss, attune_error *err)
{
    const float *sum = NULL;
    int status = ATTUNE_OK;
    if (s->ranks)
        status = sum_over_ranks(s, &sum, err);
    else
        sum = sum_of(s->tree, s->branches, s->floats);
    return status ? status : unpack(s, sum, loss, err);
}

void at_shards_drop(at_shards *s)
{
    const float *before = s->before;
    for (int i = 0; i < s->params->count; i++) {
        at_param *p = s->params->list[i];
        const size_t n = is_statistic(p) ? at_tensor_count(&p->value) : 0;
        memcpy(p->value.data, before, n * sizeof *before);
        before += n;
    }
}
