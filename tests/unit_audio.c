/* The voice stream: a padded batch answers as each sequence alone does and the members with their
 * mean, and training gives the same bits for any number of threads. */
#include "made_weights.h"
#include "model/audio.h"
#include "one_thread_case.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { BATCH = 3, ROWS = 50, MEMBERS = 2 };

static const int lengths[BATCH] = {50, 23, 1};
static float rows[BATCH * ROWS * AT_FEATURES];

static void make_rows(void)
{
    at_rng r;
    at_rng_seed(&r, 5, 0);
    memset(rows, 0, sizeof rows);
    for (int b = 0; b < BATCH; b++)
        for (int i = 0; i < lengths[b] * AT_FEATURES; i++)
            rows[b * ROWS * AT_FEATURES + i] = at_rng_normal(&r);
}

static void make_params(at_params *p)
{
    at_rng r;
    memset(p, 0, sizeof *p);
    at_rng_seed(&r, 6, 0);
    assert_int_equal(at_audio_init(p, MEMBERS, &r, NULL), 0);
}

static at_tensor *input(at_graph *g)
{
    at_tensor *x = at_tensor_new(g, 3, (int[]){BATCH, ROWS, AT_FEATURES}, 0);
    assert_non_null(x);
    memcpy(x->data, rows, sizeof rows);
    return x;
}

static void test_padding(void **state)
{
    at_params p;
    at_graph *g, *scratch;
    at_audio_net *net;
    at_weights *w;
    at_audio_out out[MEMBERS];
    at_audio_result alone;
    (void)state;
    make_rows();
    make_params(&p);
    w = weights_of(&p);
    assert_int_equal(at_audio_freeze(&net, w, at_kernels_best(), NULL), 0);
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    assert_int_equal(at_graph_create(&scratch, NULL, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_INFER, 0);
    for (int m = 0; m < MEMBERS; m++)
        at_audio_forward(g, &p, m, input(g), lengths, 0.5f, &out[m]);
    assert_int_equal(at_graph_status(g), 0);
    /* members differ, or their mean would show nothing */
    assert_true(fabsf(out[0].expression->data[0] - out[1].expression->data[0]) > 1e-3f);
    for (int b = 0; b < BATCH; b++) {
        assert_int_equal(
            at_audio_run(net, scratch, rows + b * ROWS * AT_FEATURES, lengths[b], NULL, &alone), 0);
        for (int i = 0; i < AT_AUDIO_EMBED; i++)
            assert_float_equal(alone.embedding[i], out[0].embedding->data[b * AT_AUDIO_EMBED + i],
                               2e-5);
        for (int i = 0; i < AT_VOICE_CLASSES; i++) {
            const int at = b * AT_VOICE_CLASSES + i;
            float mean = (out[0].expression->data[at] + out[1].expression->data[at]) / MEMBERS;
            assert_float_equal(alone.expression[i], mean, 2e-5);
        }
    }
    assert_int_equal(at_audio_run(net, scratch, rows, 0, NULL, &alone), ATTUNE_E_ARG);
    at_graph_free(&g);
    at_graph_free(&scratch);
    at_audio_free(&net);
    at_weights_free(&w);
    at_params_free(&p);
}

/* A file without the array number `left_out`, or with it one value short. */
static void refuses_without(const at_params *p, int left_out, int cut)
{
    at_params some = {0};
    at_audio_net *net = NULL;
    at_weights *w;
    attune_error err = {0};
    at_param part = *p->list[left_out];
    some.list = malloc((size_t)p->count * sizeof *some.list);
    assert_non_null(some.list);
    for (int i = 0; i < p->count; i++)
        if (i != left_out)
            some.list[some.count++] = p->list[i];
    if (cut) {
        part.value.dim[part.value.rank - 1]--;
        some.list[some.count++] = &part;
    }
    w = weights_of(&some);
    assert_int_equal(at_audio_freeze(&net, w, at_kernels_best(), &err), ATTUNE_E_FORMAT);
    assert_null(net);
    assert_non_null(strstr(err.text, part.name));
    at_weights_free(&w);
    free(some.list);
}

static void test_incomplete(void **state)
{
    at_params p;
    (void)state;
    make_params(&p);
    refuses_without(&p, 0, 0);
    refuses_without(&p, 5, 1);
    refuses_without(&p, p.count - 3, 0);
    at_params_free(&p);
}

/* Gradients of all parameters of one training pass, with a pool of so many threads. */
static void train_once(int threads, at_params *p)
{
    static const float target[BATCH * AT_VOICE_CLASSES] = {[1] = 1, [8 + 3] = 1, [16 + 7] = 1};
    at_pool *pool;
    at_graph *g;
    at_tensor *each[MEMBERS];
    static const float weight[MEMBERS] = {0.5f, 0.5f};
    make_params(p);
    assert_int_equal(at_pool_create(&pool, threads, NULL), 0);
    assert_int_equal(at_graph_create(&g, pool, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_TRAIN, 9);
    for (int m = 0; m < MEMBERS; m++) {
        at_audio_out out;
        at_audio_forward(g, p, m, input(g), lengths, 0.3f, &out);
        each[m] = at_cross_entropy(g, out.expression, target, NULL, NULL, 0.1f);
    }
    at_tensor *loss = at_sum_losses(g, each, weight, MEMBERS);
    assert_non_null(loss);
    assert_int_equal(at_graph_backward(g, loss), 0);
    at_graph_free(&g);
    at_pool_free(&pool);
}

static void test_threads(void **state)
{
    at_params one, more;
    (void)state;
    make_rows();
    train_once(1, &one);
    for (int threads = 2; threads <= 3; threads++) {
        train_once(threads, &more);
        for (int i = 0; i < one.count; i++) {
            size_t n = at_tensor_count(&one.list[i]->value);
            double sum = 0;
            assert_memory_equal(one.list[i]->value.grad, more.list[i]->value.grad,
                                n * sizeof(float));
            for (size_t k = 0; k < n; k++)
                sum += (double)one.list[i]->value.grad[k] * one.list[i]->value.grad[k];
            /* all of it takes part; one score's bias moves nothing in a softmax */
            assert_true(sum > 0 || strstr(one.list[i]->name, "score1.bias"));
        }
        at_params_free(&more);
    }
    at_params_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {one_thread_case(test_padding),
                                       one_thread_case(test_incomplete),
                                       cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
