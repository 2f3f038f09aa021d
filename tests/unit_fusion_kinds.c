/* Kinds of fusion: what they compute, by hand; on the graph as by the window; streams missing and poor;
 * and that a file cannot bring in what is no answer. */
#include "fusion/calibration.h"
#include "fusion/kind.h"
#include "fusion/stream.h"
#include "made_weights.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { FACE_TOKENS = 5, VOICE_TOKENS = 9 };

/* Somebody's window, with room for both streams' arrays. */
typedef struct window {
    float face[AT_VISUAL_EMBED], voice[AT_AUDIO_EMBED], face_logit[8], voice_logit[8];
    float face_token[FACE_TOKENS * AT_VISUAL_EMBED], voice_token[VOICE_TOKENS * AT_AUDIO_TOKEN];
    int64_t face_t[FACE_TOKENS], voice_t[VOICE_TOKENS];
} window;

static void draw(float *x, int n, at_rng *rng)
{
    for (int i = 0; i < n; i++)
        x[i] = at_rng_normal(rng);
}

static void draw_window(window *w, at_rng *rng)
{
    draw(w->face, AT_VISUAL_EMBED, rng);
    draw(w->voice, AT_AUDIO_EMBED, rng);
    draw(w->face_logit, 8, rng);
    draw(w->voice_logit, 8, rng);
    draw(w->face_token, FACE_TOKENS * AT_VISUAL_EMBED, rng);
    draw(w->voice_token, VOICE_TOKENS * AT_AUDIO_TOKEN, rng);
    for (int i = 0; i < FACE_TOKENS; i++)
        w->face_t[i] = 1000000000 + i * 500000;
    for (int i = 0; i < VOICE_TOKENS; i++)
        w->voice_t[i] = 1000000000 + 200000 + i * 40000;
}

static void show(const window *w, int face_tokens, int voice_tokens, at_evidence e[ATTUNE_STREAMS])
{
    e[ATTUNE_FACE] = (at_evidence){
        .present = 1, .embedding = w->face, .logit = w->face_logit, .quality = 1, .share = 1};
    e[ATTUNE_FACE].tokens =
        (at_tokens){face_tokens, AT_VISUAL_EMBED, face_tokens ? w->face_token : NULL, w->face_t};
    e[ATTUNE_VOICE] = (at_evidence){
        .present = 1, .embedding = w->voice, .logit = w->voice_logit, .quality = 1, .share = 1};
    e[ATTUNE_VOICE].tokens =
        (at_tokens){voice_tokens, AT_AUDIO_TOKEN, voice_tokens ? w->voice_token : NULL, w->voice_t};
    e[ATTUNE_SIGNAL] = e[ATTUNE_CHAT] = (at_evidence){0};
}

static at_estimate trusted(float face, float voice)
{
    at_estimate t = {.worth = {face, voice}};
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        t.weight[m] = t.worth[m] / (face + voice);
        t.used |= t.worth[m] > 0 ? 1u << m : 0;
    }
    return t;
}

static const at_calibration plain = {.temperature = {2, 0.5f}};

static void make(at_fusion_net *net, at_params *p, const at_fusion_kind *kind, uint64_t seed)
{
    at_rng rng;
    at_rng_seed(&rng, seed, 0);
    assert_int_equal(at_fusion_net_make(net, p, kind, NULL, 0, &rng, NULL), 0);
    net->calibration = &plain;
}

/* Everything of a net drawn, what starts as zeros too. */
static void draw_all(at_params *p, at_rng *rng)
{
    for (int i = 0; i < p->count; i++) {
        at_tensor *t = &p->list[i]->value;
        const size_t n = at_tensor_count(t);
        for (size_t k = 0; k < n && n > 1; k++)
            t->data[k] += 0.1f * at_rng_normal(rng);
    }
}

/* ---- the two ways agree --------------------------------------------------------------------- */

static void agree(const at_fusion_kind *kind)
{
    enum { N = 7 };
    static const int tokens[N][2] = {{5, 9}, {1, 9}, {5, 0}, {0, 0}, {3, 4}, {5, 9}, {2, 7}};
    static const float trust[N][2] = {{1, 1},   {1, .2f}, {.5f, .9f},    {1, 1},
                                      {0, .8f}, {.7f, 0}, {.001f, .002f}};
    static window w[N];
    at_evidence e[N][ATTUNE_STREAMS];
    at_estimate estimate[N];
    at_params p = {0};
    at_fusion_net net;
    at_graph *g;
    at_rng rng;
    at_rng_seed(&rng, 11, 0);
    make(&net, &p, kind, 5);
    draw_all(&p, &rng);
    for (int i = 0; i < N; i++) {
        draw_window(&w[i], &rng);
        show(&w[i], tokens[i][0], tokens[i][1], e[i]);
        estimate[i] = trusted(trust[i][0], trust[i][1]);
        for (int m = 0; m < ATTUNE_MODALITIES; m++)
            if (!at_fusion_counts(&estimate[i], m))
                e[i][m] = (at_evidence){0}; /* nothing of it may be looked at */
    }
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *y = at_fusion_forward(g, &net, e[0], estimate, N, 0.5f);
    assert_non_null(y);
    assert_int_equal(y->dim[0], N);
    assert_int_equal(y->dim[1], ATTUNE_EMOTIONS);
    for (int i = 0; i < N; i++) {
        float logit[ATTUNE_EMOTIONS] = {0}, spread = 0;
        kind->run(&net, e[i], &estimate[i], logit);
        for (int k = 0; k < ATTUNE_EMOTIONS; k++) {
            assert_float_equal(logit[k], y->data[i * ATTUNE_EMOTIONS + k], 1e-5);
            spread = fmaxf(spread, fabsf(logit[k] - logit[0]));
        }
        assert_true(spread > 0.01f); /* it says something */
    }
    at_graph_free(&g);
    at_params_free(&p);
}

static void test_forward_and_run(void **state)
{
    int learned = 0;
    (void)state;
    for (int i = 0; at_fusion_kinds[i]; i++)
        if (at_fusion_is_learned(at_fusion_kinds[i])) {
            agree(at_fusion_kinds[i]);
            learned++;
        }
    assert_int_equal(learned, 4);
}

/* Every array that is learned gets a gradient from windows of all sorts. */
static void test_gradients_reach(void **state)
{
    enum { N = 3 };
    static window w[N];
    static const float target[N * ATTUNE_EMOTIONS] = {
        [0] = 1, [ATTUNE_EMOTIONS + 1] = 1, [2 * ATTUNE_EMOTIONS + 2] = 1};
    static const float trust[N][2] = {{1, .5f}, {1, 0}, {0, 1}};
    (void)state;
    for (int k = 0; at_fusion_kinds[k]; k++) {
        at_evidence e[N][ATTUNE_STREAMS];
        at_estimate estimate[N];
        at_params p = {0};
        at_fusion_net net;
        at_graph *g;
        at_rng rng;
        if (!at_fusion_is_learned(at_fusion_kinds[k]))
            continue;
        at_rng_seed(&rng, 12, 0);
        make(&net, &p, at_fusion_kinds[k], 5);
        draw_all(&p, &rng);
        for (int i = 0; i < N; i++) {
            draw_window(&w[i], &rng);
            show(&w[i], 2, 3, e[i]);
            estimate[i] = trusted(trust[i][0], trust[i][1]);
        }
        assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
        at_graph_begin(g, AT_TRAIN, 1);
        at_params_zero_grad(&p);
        at_tensor *y = at_fusion_forward(g, &net, e[0], estimate, N, 0);
        at_tensor *loss = at_cross_entropy(g, y, target, NULL, NULL, 0);
        assert_non_null(loss);
        assert_int_equal(at_graph_backward(g, loss), 0);
        for (int i = 0; i < p.count; i++) {
            float most = 0;
            if (!p.list[i]->trainable)
                continue;
            at_param_settle_grad(p.list[i]);
            for (size_t n = 0; n < at_tensor_count(&p.list[i]->value); n++)
                most = fmaxf(most, fabsf(p.list[i]->value.grad[n]));
            if (!(most > 1e-7f))
                fail_msg("no gradient for %s", p.list[i]->name);
        }
        at_graph_free(&g);
        at_params_free(&p);
    }
}

/* ---- answers worked out by hand --------------------------------------------------------------- */

static void clear(at_params *p)
{
    for (int i = 0; i < p->count; i++)
        if (p->list[i]->trainable)
            memset(p->list[i]->value.data, 0, at_tensor_count(&p->list[i]->value) * sizeof(float));
}

static void put(at_params *p, const char *name, int row, int col, float value)
{
    at_param *q = at_params_find(p, name);
    assert_non_null(q);
    q->value.data[row * (q->value.rank > 1 ? q->value.dim[1] : 0) + col] = value;
}

static void identity(at_params *p, const char *name)
{
    at_param *q = at_params_find(p, name);
    for (int i = 0; i < q->value.dim[0] && i < q->value.dim[1]; i++)
        put(p, name, i, i, 1);
}

static void test_concat_by_hand(void **state)
{
    static window w;
    at_evidence e[ATTUNE_STREAMS];
    at_params p = {0};
    at_fusion_net net;
    at_estimate both = trusted(1, 0.1f), face = trusted(1, 0), voice = trusted(0, 1);
    float logit[ATTUNE_EMOTIONS] = {0};
    (void)state;
    make(&net, &p, &at_fusion_concat, 1);
    clear(&p);
    identity(&p, "fusion.concat.hidden.weight");
    put(&p, "fusion.concat.face.mean", 0, 2, 1);
    put(&p, "fusion.concat.face.scale", 0, 2, 0.5f);
    put(&p, "fusion.concat.face.weight", 2, 0, 3);
    put(&p, "fusion.concat.face.there", 0, 0, 0.25f);
    put(&p, "fusion.concat.voice.weight", 4, 0, -1);
    put(&p, "fusion.concat.voice.there", 0, 1, 2);
    put(&p, "fusion.concat.out.weight", 0, ATTUNE_HAPPY, 1);
    put(&p, "fusion.concat.out.weight", 1, ATTUNE_SAD, 1);
    put(&p, "fusion.concat.out.bias", 0, ATTUNE_SAD, 0.5f);
    w.face[2] = 5;
    w.voice[4] = 2;
    show(&w, 0, 0, e);
    at_fusion_concat.run(&net, e, &both, logit); /* 3 (5 - 1) / 2 + 1/4 - 2 */
    assert_float_equal(logit[ATTUNE_HAPPY], 4.25, 1e-5);
    assert_float_equal(logit[ATTUNE_SAD], 2.5, 1e-5);
    memset(logit, 0, sizeof logit);
    at_fusion_concat.run(&net, e, &face, logit);
    assert_float_equal(logit[ATTUNE_HAPPY], 6.25, 1e-5);
    assert_float_equal(logit[ATTUNE_SAD], 0.5, 1e-5);
    memset(logit, 0, sizeof logit);
    at_fusion_concat.run(&net, e, &voice, logit);
    assert_float_equal(logit[ATTUNE_HAPPY], 0, 1e-5); /* -2 before the ReLU */
    assert_float_equal(logit[ATTUNE_SAD], 2.5, 1e-5);
    at_params_free(&p);
}

static void test_tensor_by_hand(void **state)
{
    enum { SIDE = 17 };
    static window w;
    at_evidence e[ATTUNE_STREAMS];
    at_params p = {0};
    at_fusion_net net;
    at_estimate both = trusted(1, 1), face = trusted(1, 0);
    float logit[ATTUNE_EMOTIONS] = {0};
    (void)state;
    make(&net, &p, &at_fusion_tensor, 1);
    clear(&p);
    put(&p, "fusion.tensor.face.weight", 7, 0, 1);
    put(&p, "fusion.tensor.voice.weight", 7, 2, 1);
    put(&p, "fusion.tensor.voice.bias", 0, 2, 1);
    put(&p, "fusion.tensor.hidden.weight", 1 * SIDE + 3, 0, 1); /* face's 0 times voice's 2 */
    put(&p, "fusion.tensor.hidden.weight", 1 * SIDE + 0, 1, 1); /* face's 0 by itself */
    put(&p, "fusion.tensor.hidden.weight", 0 * SIDE + 3, 2, 1); /* voice's 2 by itself */
    for (int i = 0; i < 3; i++)
        put(&p, "fusion.tensor.out.weight", i, i, 1);
    w.face[7] = 3;
    w.voice[7] = 4;
    show(&w, 0, 0, e);
    at_fusion_tensor.run(&net, e, &both, logit);
    assert_float_equal(logit[0], 15, 1e-5);
    assert_float_equal(logit[1], 3, 1e-5);
    assert_float_equal(logit[2], 5, 1e-5);
    memset(logit, 0, sizeof logit);
    at_fusion_tensor.run(&net, e, &face, logit);
    assert_float_equal(logit[0], 0, 1e-5);
    assert_float_equal(logit[1], 3, 1e-5);
    assert_float_equal(logit[2], 0, 1e-5);
    at_params_free(&p);
}

/* What the product says, and beside it as much of what embeddings say as the gate lets through, each by what its
 * stream is worth. */
static void test_hybrid_by_hand(void **state)
{
    static window w;
    at_evidence e[ATTUNE_STREAMS];
    at_params p = {0};
    at_fusion_net net;
    at_estimate both = trusted(0.5f, 1), voice = trusted(0, 0.25f);
    float logit[ATTUNE_EMOTIONS] = {0}, product[ATTUNE_EMOTIONS] = {0};
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 6, 0);
    draw_window(&w, &rng);
    make(&net, &p, &at_fusion_hybrid, 1);
    clear(&p);
    show(&w, 0, 0, e);
    at_fusion_product.run(&net, e, &both, product);
    at_fusion_hybrid.run(&net, e, &both, logit); /* nothing learned: the product */
    assert_memory_equal(logit, product, sizeof logit);

    identity(&p, "fusion.hybrid.hidden.weight");
    put(&p, "fusion.hybrid.face.weight", 2, 0, 3);
    put(&p, "fusion.hybrid.face.there", 0, 0, 1);
    put(&p, "fusion.hybrid.voice.weight", 4, 0, 1);
    put(&p, "fusion.hybrid.voice.there", 0, 1, 2);
    put(&p, "fusion.hybrid.out.weight", 0, ATTUNE_HAPPY, 1);
    put(&p, "fusion.hybrid.out.weight", 1, ATTUNE_SAD, 1);
    put(&p, "fusion.hybrid.gate.bias", 0, ATTUNE_HAPPY, logf(3)); /* three quarters */
    put(&p, "fusion.hybrid.gate.weight", 1, ATTUNE_SAD, -logf(2));
    w.face[2] = 5;
    w.voice[4] = 2;
    memset(logit, 0, sizeof logit);
    at_fusion_hybrid.run(&net, e, &both, logit); /* (3 5 + 1) / 2 + 2 = 10, and 2 */
    assert_float_equal(logit[ATTUNE_HAPPY] - product[ATTUNE_HAPPY], 7.5, 1e-4);
    assert_float_equal(logit[ATTUNE_SAD] - product[ATTUNE_SAD], 2 * 0.2, 1e-4);
    assert_float_equal(logit[ATTUNE_ANGRY], product[ATTUNE_ANGRY], 1e-6);

    put(&p, "fusion.hybrid.trust", 0, 0, 0.25f); /* of what is learned, not of the answers */
    memset(logit, 0, sizeof logit);
    at_fusion_hybrid.run(&net, e, &both, logit);
    assert_float_equal(logit[ATTUNE_HAPPY] - product[ATTUNE_HAPPY], 7.5 / 4, 1e-4);
    put(&p, "fusion.hybrid.trust", 0, 0, 1);

    memset(logit, 0, sizeof logit);
    memset(product, 0, sizeof product);
    at_fusion_product.run(&net, e, &voice, product);
    at_fusion_hybrid.run(&net, e, &voice, logit);
    assert_float_equal(logit[ATTUNE_HAPPY] - product[ATTUNE_HAPPY], 0.75 * 0.5, 1e-4);
    assert_float_equal(logit[ATTUNE_SAD] - product[ATTUNE_SAD], 0.5 / (1 + sqrt(2)), 1e-4);
    at_params_free(&p);
}

/* Keys that say nothing: each stream is heard by its weight, however many tokens it has; a key that does
 * draws attention to its token; a moment tells by its time. */
static void test_attention_by_hand(void **state)
{
    static window w;
    at_evidence e[ATTUNE_STREAMS];
    at_params p = {0};
    at_fusion_net net;
    at_estimate both = trusted(0.9f, 0.3f), voice = trusted(0, 1);
    float logit[ATTUNE_EMOTIONS] = {0};
    (void)state;
    make(&net, &p, &at_fusion_attention, 1);
    clear(&p);
    identity(&p, "fusion.attention.value");
    put(&p, "fusion.attention.face.project", 0, 0, 1);
    put(&p, "fusion.attention.voice.project", 0, 1, 1);
    put(&p, "fusion.attention.face.absent", 0, 2, 7);
    identity(&p, "fusion.attention.hidden.weight"); /* what the face found with its question */
    for (int i = 0; i < 4; i++)
        put(&p, "fusion.attention.out.weight", i, i, 1);
    for (int i = 0; i < FACE_TOKENS; i++)
        w.face_token[i * AT_VISUAL_EMBED] = i == 1 ? 10 : 0;
    for (int i = 0; i < VOICE_TOKENS; i++)
        w.voice_token[i * AT_AUDIO_TOKEN] = 8;
    w.face[0] = 4;
    show(&w, FACE_TOKENS, VOICE_TOKENS, e);
    for (int i = 0; i < FACE_TOKENS; i++)
        w.face_t[i] = w.voice_t[0] = 1000000;
    at_fusion_attention.run(&net, e, &both, logit);
    assert_float_equal(logit[0], 0.75 * 10 / FACE_TOKENS + 4, 1e-4);
    assert_float_equal(logit[1], 0.25 * 8, 1e-4);

    put(&p, "fusion.attention.query", 0, 0, 40); /* 160 times the token's 10, over 4 */
    put(&p, "fusion.attention.key", 0, 0, 1);
    memset(logit, 0, sizeof logit);
    at_fusion_attention.run(&net, e, &both, logit);
    assert_float_equal(logit[0], 10 + 4, 1e-3);
    assert_float_equal(logit[1], 0, 1e-3);

    memset(logit, 0, sizeof logit);
    at_fusion_attention.run(&net, e, &voice, logit);
    assert_float_equal(logit[0], 0, 1e-4);
    assert_float_equal(logit[1], 8, 1e-4);
    assert_float_equal(logit[2], 7, 1e-4); /* what stands in for the face's question */

    put(&p, "fusion.attention.time", 0, 3, 1); /* the sine of a second's turn */
    for (int i = 0; i < VOICE_TOKENS; i++)
        w.voice_t[i] = i ? 5250000 : 5000000; /* a quarter of a second before the others */
    memset(logit, 0, sizeof logit);
    at_fusion_attention.run(&net, e, &voice, logit);
    assert_float_equal(logit[3], 1.0 / VOICE_TOKENS, 1e-4);
    at_params_free(&p);
}

/* ---- as a model's fusion --------------------------------------------------------------------- */

/* A model with the kind's arrays; odd (nullable): one that is left out, or has n values instead. */
static int load(at_fusion **out, const at_fusion_kind *kind, const char *odd, int n,
                const float *value, attune_error *err)
{
    at_weights_writer *w = begin_weights();
    at_params p = {0};
    at_fusion_net net;
    make(&net, &p, kind, 3);
    put_params(w, &p, odd);
    if (odd && n)
        assert_int_equal(at_weights_put(w, odd, 1, &n, value, 0), 0);
    const float answer[64] = {0}, share[8] = {1};
    assert_int_equal(at_weights_put(w, "fusion.face.usual.answer", 1, (int[]){64}, answer, 0), 0);
    assert_int_equal(at_weights_put(w, "fusion.face.usual.share", 1, (int[]){8}, share, 0), 0);
    assert_int_equal(at_weights_put_meta(w, "fusion", kind->name), 0);
    at_weights *file = end_weights(w);
    if (!odd && at_fusion_is_learned(kind))
        assert_ptr_equal(at_fusion_kind_in(file), kind);
    int status = at_fusion_load(out, file, err);
    if (!status) { /* a baseline of logits does not reach what looks at embeddings alone */
        assert_int_equal(at_fusion_usual(*out, ATTUNE_FACE)->classes,
                         at_fusion_hears(kind) ? 8 : 0);
        assert_int_equal(at_fusion_answers_again(*out), !at_fusion_is_learned(kind));
    }
    at_weights_free(&file);
    at_params_free(&p);
    return status;
}

static void check_sum(const at_estimate *e)
{
    float sum = 0;
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        sum += e->emotion7[k];
    assert_float_equal(sum, 1, 1e-5);
}

static void test_missing_and_poor(void **state)
{
    static window w;
    at_evidence full[ATTUNE_STREAMS];
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 4, 0);
    draw_window(&w, &rng);
    show(&w, 3, 4, full);
    for (int k = 0; at_fusion_kinds[k]; k++) {
        at_fusion *f = NULL;
        at_estimate both, e, again;
        at_evidence some[ATTUNE_STREAMS];
        assert_int_equal(load(&f, at_fusion_kinds[k], NULL, 0, NULL, NULL), 0);
        at_fusion_run(f, full, &both);
        assert_int_equal(both.used, 3);
        check_sum(&both);
        at_fusion_run(f, full, &again);
        assert_memory_equal(&both, &again, sizeof both);
        for (int m = 0; m < ATTUNE_MODALITIES;
             m++) { /* one alone: nothing of the other's is read */
            memcpy(some, full, sizeof some);
            some[m] = (at_evidence){0};
            at_fusion_run(f, some, &e);
            assert_int_equal(e.used, 3u & ~(1u << m));
            assert_false(e.abstain);
            check_sum(&e);
            assert_true(memcmp(e.emotion7, both.emotion7, sizeof e.emotion7) != 0);
        }
        for (int m = 0; m < ATTUNE_MODALITIES; m++)
            some[m] = full[m], some[m].quality = 0.05f; /* both poor: a record, withheld */
        at_fusion_run(f, some, &e);
        assert_true(e.abstain && e.used == 3);
        check_sum(&e);
        some[0] = some[1] = (at_evidence){0};
        at_fusion_run(f, some, &e);
        assert_true(e.abstain && !e.used);
        for (int i = 0; i < ATTUNE_EMOTIONS; i++)
            assert_float_equal(e.emotion7[i], 1. / ATTUNE_EMOTIONS, 1e-6);
        at_fusion_free(&f);
    }
}

/* Embeddings that are no numbers, or none, count for nothing; nor do tokens bring them in. */
static void test_no_numbers(void **state)
{
    static window w;
    at_evidence e[ATTUNE_STREAMS];
    at_estimate out;
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 4, 0);
    for (int k = 0; at_fusion_kinds[k]; k++) {
        at_fusion *f = NULL;
        if (!at_fusion_is_learned(at_fusion_kinds[k]))
            continue;
        assert_int_equal(load(&f, at_fusion_kinds[k], NULL, 0, NULL, NULL), 0);
        draw_window(&w, &rng);
        show(&w, 3, 4, e);
        w.face[9] = NAN;
        at_fusion_run(f, e, &out);
        assert_int_equal(out.used, 1u << ATTUNE_VOICE);
        e[ATTUNE_FACE].embedding = NULL;
        at_fusion_run(f, e, &out);
        assert_int_equal(out.used, 1u << ATTUNE_VOICE);
        w.voice_token[2] = INFINITY;
        at_fusion_run(f, e, &out);
        assert_true(out.abstain && !out.used);
        check_sum(&out);
        at_fusion_free(&f);
    }
}

static void test_product(void **state)
{
    static window w;
    at_evidence e[ATTUNE_STREAMS];
    at_estimate out;
    at_fusion *f = NULL;
    at_rng rng;
    float pf[ATTUNE_EMOTIONS], pv[ATTUNE_EMOTIONS];
    double p[ATTUNE_EMOTIONS], sum = 0;
    (void)state;
    at_rng_seed(&rng, 4, 0);
    draw_window(&w, &rng);
    show(&w, 0, 0, e);
    e[ATTUNE_VOICE].quality = 0.5f;
    assert_int_equal(load(&f, &at_fusion_product, NULL, 0, NULL, NULL), 0);
    at_fusion_emotion(f, ATTUNE_FACE, w.face_logit, pf);
    at_fusion_emotion(f, ATTUNE_VOICE, w.voice_logit, pv);
    at_fusion_run(f, e, &out);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        sum += p[k] = pf[k] * pow(pv[k], sqrt(0.5));
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        assert_float_equal(out.emotion7[k], p[k] / sum, 1e-5);
    at_fusion_free(&f);
}

static void test_temperature(void **state)
{
    static window w;
    static const float four = 4;
    at_evidence e[ATTUNE_STREAMS];
    at_estimate cold, warm;
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 4, 0);
    draw_window(&w, &rng);
    show(&w, 3, 4, e);
    for (int k = 0; at_fusion_kinds[k]; k++) {
        at_fusion *f = NULL;
        char name[64];
        snprintf(name, sizeof name, "fusion.%s.temperature", at_fusion_kinds[k]->name);
        assert_int_equal(load(&f, at_fusion_kinds[k], NULL, 0, NULL, NULL), 0);
        at_fusion_run(f, e, &cold);
        at_fusion_free(&f);
        assert_int_equal(load(&f, at_fusion_kinds[k], name, 1, &four, NULL), 0);
        at_fusion_run(f, e, &warm);
        at_fusion_free(&f);
        for (int i = 1; i < ATTUNE_EMOTIONS; i++)
            assert_float_equal(log(warm.emotion7[i] / warm.emotion7[0]),
                               log(cold.emotion7[i] / cold.emotion7[0]) / 4, 1e-4);
    }
}

static void test_hostile(void **state)
{
    static const float none = NAN, zero = 0, little = 1e-40f, more = 1.5f, two[2] = {1, 1};
    static float wrong[AT_VISUAL_EMBED * 64];
    (void)state;
    for (int k = 0; at_fusion_kinds[k]; k++) {
        const at_fusion_kind *kind = at_fusion_kinds[k];
        char name[80];
        at_fusion *f = NULL;
        attune_error err;
        snprintf(name, sizeof name, "fusion.%s.temperature", kind->name);
        assert_int_equal(load(&f, kind, name, 1, &none, &err), ATTUNE_E_FORMAT);
        assert_int_equal(load(&f, kind, name, 1, &zero, &err), ATTUNE_E_FORMAT);
        assert_int_equal(load(&f, kind, name, 1, &little, &err), ATTUNE_E_FORMAT);
        assert_int_equal(load(&f, kind, name, 2, two, &err), ATTUNE_E_FORMAT);
        assert_non_null(strstr(err.text, name));
        for (int i = 0; kind->of_whole && kind->of_whole[i].name; i++) {
            const at_fusion_array *a = &kind->of_whole[i];
            snprintf(name, sizeof name, "fusion.%s.%s", kind->name, a->name);
            assert_int_equal(load(&f, kind, name, 0, NULL, &err), ATTUNE_E_FORMAT);
            assert_non_null(strstr(err.text, name));
            const int rows = a->rows < AT_OF_STREAMS ? (AT_OF_STREAMS - a->rows) * ATTUNE_MODALITIES
                                                     : a->rows;
            if (rows) /* as many numbers, but not a matrix */
                assert_int_equal(load(&f, kind, name, rows * a->cols, wrong, &err),
                                 ATTUNE_E_FORMAT);
        }
        for (int i = 0; kind->of_stream && kind->of_stream[i].name; i++) {
            snprintf(name, sizeof name, "fusion.%s.voice.%s", kind->name, kind->of_stream[i].name);
            assert_int_equal(load(&f, kind, name, 0, NULL, &err), ATTUNE_E_FORMAT);
            assert_non_null(strstr(err.text, name));
        }
        if (kind->hears) {
            snprintf(name, sizeof name, "fusion.%s.trust", kind->name);
            assert_int_equal(load(&f, kind, name, 0, NULL, &err), ATTUNE_E_FORMAT);
            assert_int_equal(load(&f, kind, name, 1, &zero, &err), ATTUNE_E_FORMAT);
            assert_int_equal(load(&f, kind, name, 1, &more, &err), ATTUNE_E_FORMAT);
            assert_non_null(strstr(err.text, name));
        }
        if (at_fusion_is_learned(kind)) {
            wrong[17] = INFINITY;
            snprintf(name, sizeof name, "fusion.%s.face.scale", kind->name);
            assert_int_equal(load(&f, kind, name, AT_VISUAL_EMBED, wrong, &err), ATTUNE_E_FORMAT);
            assert_non_null(strstr(err.text, "is inf, must be from"));
            wrong[17] = 0;
        }
        assert_null(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward_and_run),   cmocka_unit_test(test_gradients_reach),
        cmocka_unit_test(test_concat_by_hand),    cmocka_unit_test(test_tensor_by_hand),
        cmocka_unit_test(test_attention_by_hand), cmocka_unit_test(test_hybrid_by_hand),
        cmocka_unit_test(test_missing_and_poor),  cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_product),           cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
