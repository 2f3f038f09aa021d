/* A training step with each of its allocations failing in turn. */
#include "wrap_alloc.h"

#include "tensor_net.h"

#include "tensor/graph.h"
#include "tensor/optim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

/* 0 when something failed for want of memory. */
static int train_step(at_graph *g, at_params *p, at_adamw *o)
{
    at_graph_begin(g, AT_TRAIN, 1);
    at_tensor *loss = tensor_net_loss(g, p, 1);
    assert_int_equal(loss == NULL, at_graph_status(g) != ATTUNE_OK);
    if (at_adamw_init(o, p, NULL) != ATTUNE_OK || at_graph_backward(g, loss) != ATTUNE_OK)
        return 0;
    float norm;
    const int status = at_adamw_step(o, p, NULL, at_kernels_best(), 1e-3f, &norm, NULL);
    assert_true(status == ATTUNE_E_NOMEM || isfinite(norm));
    return status == ATTUNE_OK;
}

static void step_survives(at_precision precision)
{
    int failures = 0;
    long before = wrap_alloc_live();
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_graph *g = NULL;
        at_params p = {0};
        at_adamw o = {.ema = 0.9f};
        wrap_alloc_fail_at(n);
        int made = at_graph_create(&g, NULL, at_kernels_best(), NULL), done = 0;
        if (made == ATTUNE_OK) {
            g->arena.block_bytes = 1; /* so that all that the arena gives is seen */
            at_graph_set_precision(g, precision);
            g->least_half = 2;
            done = train_step(g, &p, &o);
        }
        wrap_alloc_off();
        assert_int_equal(done, !wrap_alloc_failed());
        assert_int_equal(g == NULL, made != ATTUNE_OK);
        if (g != NULL && !done) /* memory is back: so is the graph */
            assert_true(train_step(g, &p, &o));
        at_graph_free(&g);
        at_params_free(&p);
        failures += wrap_alloc_failed();
    }
    assert_true(failures > 300);
    assert_int_equal(wrap_alloc_live(), before);
}

static void f32_survives(void **state)
{
    (void)state;
    step_survives(AT_F32);
}

static void mixed_survives(void **state)
{
    (void)state;
    step_survives(AT_MIXED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_survives),
        cmocka_unit_test(mixed_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
