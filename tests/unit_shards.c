/* Shards of a step and the ranks that they lie with, here threads: sums of the same bits whoever computes which, what
 * becomes of statistics and of parameters without a gradient, and what ranks tell one another. */
#include "base/error.h"
#include "base/rng.h"
#include "train/shards.h"
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- ranks that are threads ------------------------------------------------------------------ */

enum { MOST_RANKS = 7 };

typedef struct company {
    pthread_barrier_t barrier;
    const char *from[MOST_RANKS];
    const size_t *sizes[MOST_RANKS];
    int count;
} company;

static int lost; /* calls give up */

typedef struct member {
    company *c;
    int rank;
    attune_ranks calls;
    void (*fn)(at_ranks *r);
} member;

static int gather(void *user, const void *mine, void *all, const size_t *sizes, attune_error *err)
{
    member *m = user;
    char *to = all;
    m->c->from[m->rank] = mine;
    if (lost)
        return at_fail(err, ATTUNE_E_INTERRUPTED, "lost");
    pthread_barrier_wait(&m->c->barrier);
    for (int i = 0; i < m->c->count; to += sizes[i++])
        if (sizes[i] && m->c->from[i] != to)
            memcpy(to, m->c->from[i], sizes[i]);
    pthread_barrier_wait(&m->c->barrier);
    return ATTUNE_OK;
}

static int exchange(void *user, const void *send, const size_t *send_sizes, void *recv,
                    const size_t *recv_sizes, attune_error *err)
{
    member *m = user;
    char *to = recv;
    (void)err;
    m->c->from[m->rank] = send;
    m->c->sizes[m->rank] = send_sizes;
    pthread_barrier_wait(&m->c->barrier);
    for (int i = 0; i < m->c->count; to += recv_sizes[i++]) {
        const char *his = m->c->from[i];
        for (int k = 0; k < m->rank; k++)
            his += m->c->sizes[i][k];
        assert_int_equal(m->c->sizes[i][m->rank], recv_sizes[i]);
        memcpy(to, his, recv_sizes[i]);
    }
    pthread_barrier_wait(&m->c->barrier);
    return ATTUNE_OK;
}

static void *live(void *arg)
{
    member *m = arg;
    at_ranks r = {.calls = &m->calls, .rank = m->rank, .count = m->c->count};
    m->fn(&r);
    return NULL;
}

/* fn on a thread a rank. */
static void together(int count, void (*fn)(at_ranks *r))
{
    company c = {.count = count};
    member m[MOST_RANKS];
    pthread_t thread[MOST_RANKS];
    pthread_barrier_init(&c.barrier, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        m[i] = (member){.c = &c, .rank = i, .fn = fn};
        m[i].calls = (attune_ranks){
            .rank = i, .count = count, .user = &m[i], .gather = gather, .exchange = exchange};
        assert_int_equal(pthread_create(&thread[i], NULL, live, &m[i]), 0);
    }
    for (int i = 0; i < count; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&c.barrier);
}

/* ---- a network of three parameters and a statistic --------------------------------------------- */

enum { WEIGHTS = 1000, VALUES = 5, MOST_SHARDS = 9 };

static int shards;
static float expected[WEIGHTS], expected_mean[VALUES], expected_loss;

static float value_of(int shard, int i)
{
    at_rng r;
    at_rng_seed(&r, (uint64_t)shard, (uint64_t)i);
    return at_rng_normal(&r) * (i % 7 ? 1 : 1e4f);
}

static void start_mean(at_params *p)
{
    for (int i = 0; i < VALUES; i++)
        at_params_find(p, "mean")->value.data[i] = value_of(-1, i);
}

static void make_params(at_params *p)
{
    assert_non_null(at_params_get(p, "w", 2, (int[]){WEIGHTS / 10, 10}));
    assert_non_null(at_params_get(p, "unused", 1, (int[]){3}));
    at_param *mean = at_params_get(p, "mean", 1, (int[]){VALUES});
    at_param *frozen = at_params_get(p, "frozen", 2, (int[]){2, 2});
    assert_true(mean && frozen);
    mean->trainable = frozen->trainable = 0;
    frozen->value.data[0] = 7;
    start_mean(p);
}

/* What a pass leaves: as at_graph_backward and batch norm do. */
static void pass(at_params *p, int shard)
{
    at_param *w = at_params_find(p, "w"), *mean = at_params_find(p, "mean");
    if (!w->value.grad)
        w->value.grad = at_calloc(WEIGHTS, sizeof(float));
    assert_non_null(w->value.grad);
    w->grad_is_zero = 0;
    for (int i = 0; i < WEIGHTS; i++)
        w->value.grad[i] = value_of(shard, i);
    for (int i = 0; i < VALUES; i++)
        mean->value.data[i] += 0.1f * (value_of(shard, 2000 + i) - mean->value.data[i]);
}

/* The tree of shards.h, written once more. */
static float tree_sum(const float *x, int first, int n)
{
    if (n == 1)
        return x[first];
    int left = 1;
    while (left * 2 < n)
        left *= 2;
    return tree_sum(x, first, left) + tree_sum(x, first + left, n - left);
}

static void one_step(at_ranks *r)
{
    at_params p = {0};
    at_shards *s = NULL;
    double loss = 0;
    attune_error err = {0};
    make_params(&p);
    assert_int_equal(at_shards_create(&s, &p, shards, r, &err), 0);
    for (int step = 0; step < 2; step++) { /* the second with the memory of the first */
        start_mean(&p);
        at_shards_begin(s);
        const int rank = r ? r->rank : 0, count = r ? r->count : 1;
        for (int i = at_shards_first(shards, rank, count);
             i < at_shards_first(shards, rank + 1, count); i++) {
            pass(&p, i);
            assert_int_equal(at_shards_add(s, (double)value_of(i, 9999), &err), 0);
        }
        assert_int_equal(at_shards_end(s, &loss, &err), 0);
        assert_memory_equal(at_params_find(&p, "w")->value.grad, expected, sizeof expected);
        assert_memory_equal(at_params_find(&p, "mean")->value.data, expected_mean,
                            sizeof expected_mean);
        assert_true((float)loss == expected_loss);
        assert_null(at_params_find(&p, "unused")->value.grad);
        assert_true(at_params_find(&p, "frozen")->value.data[0] == 7);
    }
    at_shards_free(&s);
    at_params_free(&p);
}

static void expect(void)
{
    float x[MOST_SHARDS];
    const float part = 1 / (float)shards;
    for (int i = 0; i < WEIGHTS; i++) {
        for (int k = 0; k < shards; k++)
            x[k] = value_of(k, i);
        expected[i] = tree_sum(x, 0, shards);
    }
    for (int i = 0; i < VALUES; i++) {
        const float before = value_of(-1, i);
        for (int k = 0; k < shards; k++) {
            float moved = before;
            moved += 0.1f * (value_of(k, 2000 + i) - moved);
            x[k] = moved - before;
        }
        expected_mean[i] = before + tree_sum(x, 0, shards) * part;
    }
    for (int k = 0; k < shards; k++)
        x[k] = value_of(k, 9999);
    expected_loss = tree_sum(x, 0, shards) * part;
}

static void test_same_bits(void **state)
{
    (void)state;
    for (shards = 2; shards <= MOST_SHARDS; shards++) {
        expect();
        one_step(NULL);
        for (int ranks = 2; ranks <= MOST_RANKS && ranks <= shards; ranks++)
            together(ranks, one_step);
    }
}

static void test_shares(void **state)
{
    (void)state;
    for (int n = 1; n <= 64; n++)
        for (int ranks = 1; ranks <= n; ranks++) {
            assert_int_equal(at_shards_first(n, 0, ranks), 0);
            assert_int_equal(at_shards_first(n, ranks, ranks), n);
            for (int r = 0; r < ranks; r++) {
                const int own = at_shards_first(n, r + 1, ranks) - at_shards_first(n, r, ranks);
                assert_in_range(own, n / ranks, (n + ranks - 1) / ranks);
            }
        }
}

/* A step that is given up leaves the statistics where they were, and the next one is not disturbed. */
static void test_drop(void **state)
{
    at_params p = {0};
    at_shards *s = NULL;
    double loss;
    (void)state;
    shards = 4;
    expect();
    make_params(&p);
    float before[VALUES], *mean = at_params_find(&p, "mean")->value.data;
    memcpy(before, mean, sizeof before);
    assert_int_equal(at_shards_create(&s, &p, shards, NULL, NULL), 0);
    at_shards_begin(s);
    for (int i = 0; i < 3; i++) {
        pass(&p, 8 - i);
        assert_int_equal(at_shards_add(s, 1, NULL), 0);
    }
    pass(&p, 3);
    assert_memory_not_equal(before, mean, sizeof before);
    at_shards_drop(s);
    assert_memory_equal(before, mean, sizeof before);
    at_shards_begin(s);
    for (int i = 0; i < 4; i++) {
        pass(&p, i);
        assert_int_equal(at_shards_add(s, 1, NULL), 0);
    }
    assert_int_equal(at_shards_end(s, &loss, NULL), 0);
    assert_memory_equal(at_params_find(&p, "w")->value.grad, expected, sizeof expected);
    assert_true(loss == 1);
    at_shards_free(&s);
    at_params_free(&p);
}

/* ---- what ranks tell one another ---------------------------------------------------------------- */

static void talk(at_ranks *r)
{
    attune_error err = {0};
    int number = 1000000 * (40 + r->rank), same = 5;
    assert_int_equal(at_ranks_lead(r), r->rank == 0);
    assert_int_equal(at_ranks_agree(r, ATTUNE_OK, &err), ATTUNE_OK);
    assert_int_equal(at_ranks_share(r, &number, sizeof number, &err), ATTUNE_OK);
    assert_int_equal(number, 40000000);
    assert_int_equal(at_ranks_same(r, "number", &same, sizeof same, &err), ATTUNE_OK);
    same += r->rank == 2;
    assert_int_equal(at_ranks_same(r, "number", &same, sizeof same, &err), ATTUNE_E_ARG);
    assert_string_equal(err.text, "rank 2 has another number than rank 0");
}

/* The first that failed is told of, by all, with its rank; and nobody is asked any more. */
static void fail_apart(at_ranks *r)
{
    attune_error err = {0};
    int status = ATTUNE_OK;
    if (r->rank > 0)
        status = at_fail(&err, ATTUNE_E_IO, "no disk %d", r->rank);
    assert_int_equal(at_ranks_agree(r, status, &err), ATTUNE_E_IO);
    assert_int_equal(err.status, ATTUNE_E_IO);
    assert_string_equal(err.text, "rank 1: no disk 1");
    if (r->rank != 1) /* a second time nobody else needs to come */
        assert_int_equal(at_ranks_agree(r, ATTUNE_E_IO, &err), ATTUNE_E_IO);
    assert_string_equal(err.text, "rank 1: no disk 1");
}

static void fail_first(at_ranks *r)
{
    attune_error err = {0};
    const int status = r->rank ? ATTUNE_OK : at_fail(&err, ATTUNE_E_FORMAT, "no recipe");
    assert_int_equal(at_ranks_agree(r, status, &err), ATTUNE_E_FORMAT);
    assert_string_equal(err.text, "no recipe");
}

/* Who was interrupted does not ask the others, who may be gone. */
static void leave(at_ranks *r)
{
    attune_error err = {0};
    if (r->rank != 0)
        return;
    assert_int_equal(at_ranks_agree(r, ATTUNE_E_INTERRUPTED, &err), ATTUNE_E_INTERRUPTED);
    assert_int_equal(at_ranks_agree(r, ATTUNE_OK, &err), ATTUNE_OK);
}

static void lose(at_ranks *r)
{
    attune_error err = {0};
    assert_int_equal(at_ranks_agree(r, ATTUNE_OK, &err), ATTUNE_E_INTERRUPTED);
    assert_true(r->over);
}

static void test_talk(void **state)
{
    (void)state;
    together(3, talk);
    together(3, fail_apart);
    together(3, fail_first);
    together(2, leave);
    lost = 1;
    together(2, lose);
    lost = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_talk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
