/* The spatial encoder with its allocations failing in turn: made, copied, frozen and run over tensors. */
#include "base/mem.h"
#include "made_weights.h"
#include "model/mobilenet.h"
#include "model/spatial.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const at_encoder_shape shape = {2, 64, 4}; /* so that packed it takes more than one block */
static at_params made;
static at_weights *file;

static int make(void)
{
    at_params p = {0};
    at_rng rng;
    at_rng_seed(&rng, 1, 0);
    const int status = at_encoder_init(&at_spatial, &p, &shape, &rng, NULL);
    at_params_free(&p);
    return status;
}

static int copy(void)
{
    at_params p = {0};
    const int status = at_encoder_import(&at_spatial, &p, at_weights_source(file), NULL);
    at_params_free(&p);
    return status;
}

static int freeze(void)
{
    at_arena arena = {.block_bytes = 1 << 16};
    at_encoder_net net;
    const int status = at_encoder_freeze(&at_spatial, &net, &arena, file, at_kernels_best(), NULL);
    at_arena_free(&arena);
    return status;
}

static int forward(void)
{
    at_graph *g = NULL;
    at_tensor *expression, *basic;
    int status = at_graph_create(&g, NULL, at_kernels_best(), NULL);
    if (status)
        return status;
    at_graph_begin(g, AT_TRAIN, 0);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, 2, 2, AT_MB_FEATURES}, 1);
    if (x)
        memset(x->data, 0, at_tensor_count(x) * sizeof(float));
    at_spatial_forward(g, &made, x, 0.1f, &expression, &basic);
    status = at_graph_status(g);
    assert_true(status || (expression && basic));
    at_graph_free(&g);
    return status;
}

static int set_up(void **state)
{
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 1, 0);
    assert_int_equal(at_encoder_init(&at_spatial, &made, &shape, &rng, NULL), 0);
    file = weights_of(&made);
    return forward(); /* the gradients that it makes are kept */
}

static int clean_up(void **state)
{
    (void)state;
    at_params_free(&made);
    at_weights_free(&file);
    return 0;
}

static void all_survive(void **state)
{
    static int (*const calls[])(void) = {make, copy, freeze, forward};
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const long live = wrap_alloc_live();
        int failures = 0;
        for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
            wrap_alloc_fail_at(n);
            const int status = calls[i]();
            wrap_alloc_off();
            assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
            assert_int_equal(wrap_alloc_live(), live);
            failures += status != ATTUNE_OK;
        }
        assert_true(failures >= 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_survive)};
    return cmocka_run_group_tests(tests, set_up, clean_up);
}
