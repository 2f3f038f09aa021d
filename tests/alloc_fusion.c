/* Fusions loaded, run on the graph and their pairs matched with each allocation failing in turn; and that a
 * window takes none at all. */
#include "wrap_alloc.h"

#include "data/pairs.h"
#include "fusion/calibration.h"
#include "fusion/kind.h"
#include "made_weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { BESIDE = 1u << ATTUNE_SIGNAL | 1u << ATTUNE_CHAT };

static float face[AT_VISUAL_EMBED], voice[AT_AUDIO_EMBED], beside[AT_VISUAL_EMBED], logit[8];
static const at_evidence evidence[ATTUNE_STREAMS] = {
    {.present = 1, .embedding = face, .logit = logit, .quality = 1, .share = 1},
    {.present = 1, .embedding = voice, .logit = logit, .quality = 1, .share = 1},
    {.present = 1, .embedding = beside, .quality = 1, .share = 1},
    {.present = 1, .embedding = beside, .quality = 1, .share = 1},
};

static at_weights *file_of(const at_fusion_kind *kind, unsigned streams)
{
    at_weights_writer *w = begin_weights();
    at_params p = {0};
    at_fusion_net net;
    at_rng rng;
    at_rng_seed(&rng, 1, 0);
    assert_int_equal(at_fusion_net_make(&net, &p, kind, NULL, streams, &rng, NULL), ATTUNE_OK);
    put_params(w, &p, NULL);
    assert_int_equal(at_weights_put_meta(w, "fusion", kind->name), 0);
    at_weights *file = end_weights(w);
    at_params_free(&p);
    return file;
}

/* The streams beside face and voice that a kind may be trained with, in turn. */
static unsigned more_streams(const at_fusion_kind *kind, unsigned streams)
{
    return streams || !at_fusion_is_learned(kind) || kind->two ? 0 : BESIDE;
}

static void load_and_run(const at_fusion_kind *kind, unsigned streams)
{
    at_weights *file = file_of(kind, streams);
    at_fusion *f = NULL;

    for (int n = 0; !f; n++) {
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int status = at_fusion_load(&f, file, &err);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(f == NULL, wrap_alloc_failed());
    }
    at_estimate e;
    const long live = wrap_alloc_live();
    wrap_alloc_fail_at(0);
    at_fusion_run(f, evidence, &e);
    wrap_alloc_off();
    assert_false(wrap_alloc_failed());
    assert_int_equal(wrap_alloc_live(), live);
    assert_int_equal(e.used, 3 | streams);
    at_fusion_free(&f);
    at_weights_free(&file);
}

static void test_load_and_run(void **state)
{
    (void)state;
    for (int k = 0; at_fusion_kinds[k]; k++) {
        unsigned streams = 0;
        do
            load_and_run(at_fusion_kinds[k], streams);
        while ((streams = more_streams(at_fusion_kinds[k], streams)));
    }
}

static void forward(const at_fusion_kind *kind, unsigned streams)
{
    static const float target[ATTUNE_EMOTIONS] = {1};
    static const at_calibration calibration = {.temperature = {1, 1}};
    const at_estimate trust = {
        .worth = {1, 1, 1, 1}, .weight = {0.25f, 0.25f, 0.25f, 0.25f}, .used = 3 | streams};

    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_params p = {0};
        at_fusion_net net;
        at_graph *g = NULL;
        at_rng rng;
        at_rng_seed(&rng, 1, 0);
        wrap_alloc_fail_at(n);
        int status = at_fusion_net_make(&net, &p, kind, NULL, streams, &rng, NULL);
        status = status ? status : at_graph_create(&g, NULL, at_kernels_best(), NULL);
        net.calibration = &calibration;
        if (!status) {
            at_graph_begin(g, AT_TRAIN, 1);
            at_tensor *y = at_fusion_forward(g, &net, evidence, &trust, 1, 0.3f);
            at_tensor *loss = at_cross_entropy(g, y, target, NULL, NULL, 0);
            status = loss ? at_graph_backward(g, loss) : at_graph_status(g);
        }
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        at_graph_free(&g);
        at_params_free(&p);
    }
}

static void test_forward(void **state)
{
    int beside_too = 0;

    (void)state;
    for (int k = 0; at_fusion_kinds[k]; k++) {
        unsigned streams = 0;
        if (!at_fusion_is_learned(at_fusion_kinds[k]))
            continue;
        do {
            forward(at_fusion_kinds[k], streams);
            beside_too += streams == BESIDE;
        } while ((streams = more_streams(at_fusion_kinds[k], streams)));
    }
    assert_true(beside_too > 0);
}

static void test_pairs(void **state)
{
    static const int emotion[4] = {0, 1, 1, -1};
    (void)state;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_pair pair[4];
        at_corpus a = {.dataset = "a", .head = AT_HEAD_EMOTION7};
        at_corpus b = {.dataset = "a", .head = AT_HEAD_EMOTION7};
        at_corpus_add(&a, "1")->expression = 3;
        at_corpus_add(&b, "2")->expression = 3;
        wrap_alloc_fail_at(n);
        int status = at_pairs_match(pair, 4, emotion, 4, emotion, 4, 1, NULL);
        status = status ? status : at_corpus_balance(&a, 0, 1);
        status = status ? status : at_parts_apart(&a, &b, 1, NULL);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        at_corpus_free(&a);
        at_corpus_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_and_run),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
