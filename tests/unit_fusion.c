/* Late fusion: weights follow the condition, bad evidence drops out, nothing at all abstains. */
#include "fusion/fusion.h"
#include "made_weights.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static float zeros[AT_VISUAL_EMBED], ones[AT_VISUAL_EMBED];

static const char *kind; /* of the next fusion made; NULL: the model does not say */

/* A model whose references are standard normal, the condition a half at distance 3, full up to 2. */
static int make_fusion(at_fusion **out, const char *odd, int n_odd, const float *value,
                       attune_error *err)
{
    static const float reach[2] = {2, 3}, t_face = 2, t_voice = 1, floor_ = 0.25f;
    static const float scale[ATTUNE_STATES] = {1, 2, 1, 1}, t_basic = 4, t_engagement = 2;
    static const float bias[ATTUNE_STATES * AT_THRESHOLDS] = {0.5f};
    at_weights_writer *w = begin_weights();
    for (int i = 0; i < AT_VISUAL_EMBED; i++)
        ones[i] = 1;
    const struct {
        const char *name;
        int n;
        const float *v;
    } arrays[] = {
        {"fusion.face.mean", AT_VISUAL_EMBED, zeros},
        {"fusion.face.var", AT_VISUAL_EMBED, ones},
        {"fusion.voice.mean", AT_AUDIO_EMBED, zeros},
        {"fusion.voice.var", AT_AUDIO_EMBED, ones},
        {"fusion.face.distance", 2, reach},
        {"fusion.voice.distance", 2, reach},
        {"fusion.face.temperature", 1, &t_face},
        {"fusion.voice.temperature", 1, &t_voice},
        {"fusion.state.scale", ATTUNE_STATES, scale},
        {"fusion.floor", 1, &floor_},
        {"fusion.basic.temperature", 1, &t_basic},
        {"fusion.engagement.temperature", 1, &t_engagement},
        {"fusion.state.bias", ATTUNE_STATES * AT_THRESHOLDS, bias},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!odd || strcmp(odd, arrays[i].name))
            assert_int_equal(at_weights_put(w, arrays[i].name, 1, &arrays[i].n, arrays[i].v, 0), 0);
    if (odd)
        assert_int_equal(at_weights_put(w, odd, 1, &n_odd, value, 0), 0);
    if (kind)
        assert_int_equal(at_weights_put_meta(w, "fusion", kind), 0);
    at_weights *file = end_weights(w);
    int status = at_fusion_load(out, file, err);
    at_weights_free(&file);
    return status;
}

static void fill(float *v, int n, float value)
{
    for (int i = 0; i < n; i++)
        v[i] = value;
}

/* A stream that is less often right on strangers counts for less beside another, and for as much as ever
 * where it is alone; what condition it is in stays. */
static void test_trust(void **state)
{
    static const float half = 0.5f, wrong[] = {0, -1, 1.5f, NAN};
    at_fusion *f;
    at_estimate e;
    float logit[8] = {0, 8};
    (void)state;
    assert_int_equal(make_fusion(&f, "fusion.face.trust", 1, &half, NULL), 0);
    at_evidence ev[ATTUNE_STREAMS] = {
        {.present = 1, .embedding = zeros, .logit = logit, .quality = 1, .share = 1},
        {.present = 1, .embedding = zeros, .logit = logit, .quality = 1, .share = 1},
    };
    at_fusion_run(f, ev, &e);
    assert_float_equal(e.weight[ATTUNE_FACE], 1. / 3, 1e-6);
    assert_float_equal(e.weight[ATTUNE_VOICE], 2. / 3, 1e-6);
    assert_float_equal(e.condition[ATTUNE_FACE], 1, 1e-6);
    ev[ATTUNE_VOICE].present = 0;
    at_fusion_run(f, ev, &e);
    assert_float_equal(e.weight[ATTUNE_FACE], 1, 1e-6);
    at_fusion_free(&f);
    for (int i = 0; i < 4; i++)
        assert_int_equal(make_fusion(&f, "fusion.face.trust", 1, &wrong[i], NULL), ATTUNE_E_FORMAT);
}

/* Each number of a model has a range; what is out of it is named, with its value and the range. */
static void test_ranges(void **state)
{
    static const struct {
        const char *name;
        int n;
        float wrong[2];
    } cases[] = {
        {"fusion.face.temperature", 1, {0, 1e9f}},
        {"fusion.basic.temperature", 1, {-1, 1001}},
        {"fusion.floor", 1, {-0.1f, 1.1f}},
        {"fusion.doubt", 1, {-0.1f, 1.1f}},
        {"fusion.voice.trust", 1, {0, 1.1f}},
        {"fusion.face.distance", 2, {-1, 1e9f}},
        {"fusion.face.var", AT_VISUAL_EMBED, {-1, INFINITY}},
        {"fusion.voice.mean", AT_AUDIO_EMBED, {-1e9f, NAN}},
        {"fusion.state.scale", ATTUNE_STATES, {-1e9f, 1e9f}},
        {"fusion.state.bias", ATTUNE_STATES * AT_THRESHOLDS, {-1e9f, 1e9f}},
    };
    static float values[AT_VISUAL_EMBED];
    at_fusion *f;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int k = 0; k < 2; k++) {
            attune_error err = {0};
            char value[32];
            fill(values, cases[i].n, 1);
            values[cases[i].n - 1] = cases[i].wrong[k];
            assert_int_equal(make_fusion(&f, cases[i].name, cases[i].n, values, &err),
                             ATTUNE_E_FORMAT);
            snprintf(value, sizeof value, "is %g, must be from", (double)cases[i].wrong[k]);
            assert_non_null(strstr(err.text, cases[i].name));
            assert_non_null(strstr(err.text, value));
        }
}

static void test_reliability(void **state)
{
    static const float half = 0.5f, doubt = 0.6f, wrong[] = {-0.1f, 1.5f, NAN};
    at_fusion *f;
    at_estimate both, face, apart;
    float happy[8] = {0, 4}, sad[8] = {0, 0, 0, 2}, glad[8] = {0, 0, 2};
    (void)state;
    kind = "product";
    assert_int_equal(make_fusion(&f, "fusion.face.trust", 1, &half, NULL), 0);
    at_evidence ev[ATTUNE_STREAMS] = {
        {.present = 1, .embedding = zeros, .logit = happy, .quality = 1, .share = 1},
        {.embedding = zeros, .logit = glad, .quality = 0.8f, .share = 1},
    };
    at_fusion_run(f, ev,
                  &face); /* temperature 2, trust a half: exp(1), five of 1, contempt left out */
    assert_float_equal(face.reliability[ATTUNE_FACE], exp(1) / (6 + exp(1)), 1e-5);
    assert_float_equal(face.emotion7[ATTUNE_HAPPY], exp(1) / (6 + exp(1)), 1e-5);
    assert_float_equal(face.reliability[ATTUNE_VOICE], 0, 0);
    ev[ATTUNE_VOICE].present = 1; /* of two that say the same each is likelier right */
    at_fusion_run(f, ev, &both);
    assert_true(both.reliability[ATTUNE_FACE] > face.reliability[ATTUNE_FACE] + 0.1f);
    assert_float_equal(both.reliability[ATTUNE_FACE], both.emotion7[ATTUNE_HAPPY], 1e-6);
    assert_float_equal(both.reliability[ATTUNE_VOICE], both.emotion7[ATTUNE_HAPPY], 1e-6);
    ev[ATTUNE_VOICE].logit = sad; /* of two that disagree less */
    at_fusion_run(f, ev, &apart);
    assert_true(apart.reliability[ATTUNE_FACE] < face.reliability[ATTUNE_FACE] - 0.1f);
    assert_float_equal(apart.reliability[ATTUNE_VOICE], apart.emotion7[ATTUNE_SAD], 1e-6);
    assert_false(apart.doubtful);
    at_fusion_free(&f);

    /* no emotion as likely as it has to be: doubtful, and not for want of input */
    assert_int_equal(make_fusion(&f, "fusion.doubt", 1, &doubt, NULL), 0);
    at_fusion_run(f, ev, &apart);
    assert_true(apart.doubtful && !apart.abstain);
    ev[ATTUNE_VOICE].logit = glad;
    at_fusion_run(f, ev, &both);
    assert_false(both.doubtful || both.abstain);
    at_fusion_free(&f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(make_fusion(&f, "fusion.doubt", 1, &wrong[i], NULL), ATTUNE_E_FORMAT);
    kind = NULL;
}

/* A face's weight beside a voice of half its condition. */
static const double of_face = 1 / (1 + 0.70710678);

static void test_weights(void **state)
{
    at_fusion *f;
    at_estimate e;
    float face[AT_VISUAL_EMBED], voice[AT_AUDIO_EMBED];
    float happy[8] = {0, 8}, sad[8] = {0, 0, 0, 4}; /* FER+ happiness; RAVDESS sad */
    (void)state;
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, NULL), 0);
    fill(face, AT_VISUAL_EMBED, 1); /* distance 1 */
    fill(voice, AT_AUDIO_EMBED, 3); /* distance 3: a half */
    at_evidence ev[ATTUNE_STREAMS] = {
        {.present = 1, .embedding = face, .logit = happy, .quality = 1, .share = 1},
        {.present = 1, .embedding = voice, .logit = sad, .quality = 1, .share = 1},
    };
    at_fusion_run(f, ev, &e);
    assert_float_equal(e.condition[ATTUNE_FACE], 1, 1e-5);
    assert_float_equal(e.condition[ATTUNE_VOICE], 0.5, 1e-5);
    assert_float_equal(e.worth[ATTUNE_FACE], 1, 1e-5);
    assert_float_equal(e.worth[ATTUNE_VOICE], sqrt(0.5), 1e-5);
    assert_float_equal(e.weight[ATTUNE_FACE], of_face, 1e-5);
    assert_int_equal(e.used, 3);
    assert_false(e.abstain);

    /* p = softmax(w log face + (1 - w) log voice), face at temperature 2 */
    double pf[8], pv[8], sf = 0, sv = 0, sum = 0, p[ATTUNE_EMOTIONS];
    for (int i = 0; i < 8; i++) {
        sf += pf[i] = i == 7 ? 0 : exp(happy[i] / 2);
        sv += pv[i] = exp(sad[i]);
    }
    double fold_f[ATTUNE_EMOTIONS] = {0}, fold_v[ATTUNE_EMOTIONS] = {0};
    for (int i = 0; i < 8; i++) {
        if (at_heads[AT_HEAD_FACE8].emotion[i] >= 0)
            fold_f[at_heads[AT_HEAD_FACE8].emotion[i]] += pf[i] / sf;
        fold_v[at_heads[AT_HEAD_VOICE8].emotion[i]] += pv[i] / sv;
    }
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        sum += p[k] = pow(fold_f[k], of_face) * pow(fold_v[k], 1 - of_face);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        assert_float_equal(e.emotion7[k], p[k] / sum, 1e-4);
    at_fusion_free(&f);
    assert_null(f);
}

/* How poor the only input is makes nothing less sure down to the floor, and all of it below. */
static void test_poor_alone(void **state)
{
    at_fusion *f;
    at_estimate clean, poor, hopeless;
    float voice[AT_AUDIO_EMBED] = {0}, sad[8] = {0, 0, 0, 4};
    (void)state;
    kind = "product";
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, NULL), 0);
    kind = NULL;
    at_evidence ev[ATTUNE_STREAMS] = {
        [ATTUNE_VOICE] = {
            .present = 1, .embedding = voice, .logit = sad, .quality = 1, .share = 1}};
    at_fusion_run(f, ev, &clean);
    ev[ATTUNE_VOICE].quality = 0.26f; /* the floor is 0.25 */
    at_fusion_run(f, ev, &poor);
    assert_float_equal(poor.condition[ATTUNE_VOICE], 0.26, 1e-6);
    assert_float_equal(poor.emotion7[ATTUNE_SAD], clean.emotion7[ATTUNE_SAD], 1e-6);
    assert_float_equal(poor.reliability[ATTUNE_VOICE], clean.reliability[ATTUNE_VOICE], 1e-6);
    assert_false(poor.abstain);
    ev[ATTUNE_VOICE].quality = 0.025f;
    at_fusion_run(f, ev, &hopeless);
    assert_true(hopeless.abstain);
    assert_true(hopeless.emotion7[ATTUNE_SAD] < 0.25f);
    assert_float_equal(hopeless.reliability[ATTUNE_VOICE], 0.1 * hopeless.emotion7[ATTUNE_SAD],
                       1e-6);
    at_fusion_free(&f);
}

static void test_dropping(void **state)
{
    at_fusion *f;
    at_estimate e;
    float face[AT_VISUAL_EMBED], voice[AT_AUDIO_EMBED], happy[8] = {0, 8}, sad[8] = {0, 0, 0, 4};
    float sum = 0;
    (void)state;
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, NULL), 0);
    fill(face, AT_VISUAL_EMBED, 20);
    fill(voice, AT_AUDIO_EMBED, 1);
    at_evidence ev[ATTUNE_STREAMS] = {
        {.present = 1, .embedding = face, .logit = happy, .quality = 1, .share = 1},
        {.present = 1, .embedding = voice, .logit = sad, .quality = 1, .share = 1},
    };
    at_fusion_run(f, ev, &e); /* a face far from any clean one is left out */
    assert_int_equal(e.used, 1u << ATTUNE_VOICE);
    assert_float_equal(e.weight[ATTUNE_FACE], 0, 0);
    assert_true(e.condition[ATTUNE_FACE] > 0 && e.condition[ATTUNE_FACE] < 0.25f);
    assert_true(e.emotion7[ATTUNE_SAD] > 0.5f && !e.abstain);

    ev[ATTUNE_VOICE].present = 0; /* alone, it is kept as a record, and the window abstains */
    at_fusion_run(f, ev, &e);
    assert_true(e.abstain);
    assert_int_equal(e.used, 1u << ATTUNE_FACE);
    assert_true(e.emotion7[ATTUNE_HAPPY] > 0.5f);

    ev[ATTUNE_FACE] = (at_evidence){0}; /* absent: nothing of it is looked at */
    at_fusion_run(f, ev, &e);
    assert_true(e.abstain && e.used == 0);
    assert_float_equal(e.weight[0] + e.weight[1], 0, 0);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        assert_float_equal(e.emotion7[k], 1. / ATTUNE_EMOTIONS, 1e-6);

    ev[ATTUNE_VOICE].present = 1; /* what is not a number counts for nothing */
    sad[2] = NAN;
    at_fusion_run(f, ev, &e);
    assert_true(e.abstain && e.used == 0);
    sad[2] = 0;
    ev[ATTUNE_VOICE].quality = NAN;
    at_fusion_run(f, ev, &e);
    assert_float_equal(e.condition[ATTUNE_VOICE], 0, 0);
    ev[ATTUNE_VOICE].quality = 0.4f;
    ev[ATTUNE_VOICE].share = 0.15f; /* half of what full trust takes */
    at_fusion_run(f, ev, &e);
    assert_float_equal(e.condition[ATTUNE_VOICE], 0.2, 1e-5);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        sum += e.emotion7[k];
    assert_float_equal(sum, 1, 1e-5);
    at_fusion_free(&f);
}

/* The linear pool keeps what both say; the logarithmic one was held to figures above. */
static void test_kinds(void **state)
{
    at_fusion *f = NULL;
    at_estimate e;
    attune_error err;
    float face[AT_VISUAL_EMBED], voice[AT_AUDIO_EMBED], happy[8] = {0, 8}, sad[8] = {0, 0, 0, 4};
    float pf[ATTUNE_EMOTIONS], pv[ATTUNE_EMOTIONS];
    (void)state;
    kind = "no such thing";
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, &err), ATTUNE_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "no such thing"));
    kind = "mean";
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, NULL), 0);
    kind = NULL;
    fill(face, AT_VISUAL_EMBED, 1);
    fill(voice, AT_AUDIO_EMBED, 3);
    at_evidence ev[ATTUNE_STREAMS] = {
        {.present = 1, .embedding = face, .logit = happy, .quality = 1, .share = 1},
        {.present = 1, .embedding = voice, .logit = sad, .quality = 1, .share = 1},
    };
    at_fusion_emotion(f, ATTUNE_FACE, happy, pf);
    at_fusion_emotion(f, ATTUNE_VOICE, sad, pv);
    at_fusion_run(f, ev, &e);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        assert_float_equal(e.emotion7[k], of_face * pf[k] + (1 - of_face) * pv[k], 1e-5);
    ev[ATTUNE_FACE].present = ev[ATTUNE_VOICE].present = 0;
    at_fusion_run(f, ev, &e);
    assert_float_equal(e.emotion7[3], 1. / ATTUNE_EMOTIONS, 1e-6);
    at_fusion_free(&f);
}

/* States go through the fusion: the mean of those that have them, by weight, and of nobody else. */
static void test_fused_states(void **state)
{
    at_fusion *f;
    at_estimate e;
    float face[AT_VISUAL_EMBED], voice[AT_AUDIO_EMBED], any[8] = {0}, mixed[12], mixed3[3];
    float one[12] = {3, 1, -1}, three[12] = {0, -2, -4}, y[3] = {1, 0, 0}, z[3] = {0, 0, 2};
    float level[ATTUNE_STATES][ATTUNE_LEVELS], engagement[ATTUNE_ENGAGEMENTS];
    (void)state;
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, NULL), 0);
    fill(face, AT_VISUAL_EMBED, 1);
    fill(voice, AT_AUDIO_EMBED, 3);
    at_evidence ev[ATTUNE_STREAMS] = {
        {.present = 1, .embedding = face, .logit = any, .quality = 1, .share = 1},
        {.present = 1, .embedding = voice, .logit = any, .quality = 1, .share = 1},
    };
    at_fusion_run(f, ev, &e);
    assert_false(e.has_state);
    ev[ATTUNE_FACE].state = one;
    ev[ATTUNE_FACE].engagement = y;
    at_fusion_run(f, ev, &e);
    assert_true(e.has_state);
    at_fusion_states(f, one, y, level, engagement);
    assert_memory_equal(e.state4, level, sizeof level);
    assert_memory_equal(e.engagement3, engagement, sizeof engagement);

    ev[ATTUNE_VOICE].state = three;
    ev[ATTUNE_VOICE].engagement = z;
    at_fusion_run(f, ev, &e);
    for (int i = 0; i < 12; i++)
        mixed[i] = (float)(of_face * one[i] + (1 - of_face) * three[i]);
    for (int i = 0; i < 3; i++)
        mixed3[i] = (float)(of_face * y[i] + (1 - of_face) * z[i]);
    at_fusion_states(f, mixed, mixed3, level, engagement);
    for (int k = 0; k < ATTUNE_LEVELS; k++)
        assert_float_equal(e.state4[0][k], level[0][k], 1e-5);
    assert_float_equal(e.engagement3[2], engagement[2], 1e-5);

    three[5] = NAN; /* whose network makes no number of it says nothing */
    at_fusion_run(f, ev, &e);
    at_fusion_states(f, one, y, level, engagement);
    assert_memory_equal(e.state4, level, sizeof level);
    ev[ATTUNE_VOICE].state = NULL;
    y[2] = INFINITY;
    at_fusion_run(f, ev, &e);
    assert_false(e.has_state);
    y[2] = 0;

    fill(face, AT_VISUAL_EMBED, 20); /* a face that is left out says nothing of the states either */
    at_fusion_run(f, ev, &e);
    assert_int_equal(e.used, 1u << ATTUNE_VOICE);
    assert_false(e.has_state);
    at_fusion_free(&f);
}

/* Full up to near, a half at far, and on as one over one and the square of how far over. */
static void test_distance(void **state)
{
    static const struct {
        float at, reliability;
    } cases[] = {{0, 1}, {2, 1}, {3, 0.5f}, {4, 0.2f}, {5, 0.1f}};
    at_fusion *f;
    at_estimate e;
    float face[AT_VISUAL_EMBED], any[8] = {0};
    at_evidence ev[ATTUNE_STREAMS] = {
        {.present = 1, .embedding = face, .logit = any, .quality = 1, .share = 1}};
    (void)state;
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fill(face, AT_VISUAL_EMBED, cases[i].at);
        at_fusion_run(f, ev, &e);
        assert_float_equal(e.condition[ATTUNE_FACE], cases[i].reliability, 1e-5);
    }
    face[3] = NAN; /* nowhere at all */
    at_fusion_run(f, ev, &e);
    assert_float_equal(e.condition[ATTUNE_FACE], 0, 0);
    assert_true(e.abstain);
    at_fusion_free(&f);
}

static void test_states(void **state)
{
    at_fusion *f;
    float level[ATTUNE_STATES][ATTUNE_LEVELS], engagement[ATTUNE_ENGAGEMENTS];
    float x[ATTUNE_STATES * AT_THRESHOLDS] = {1, 0, -1, 1, 0, -1}, y[3] = {0, 0, (float)log(4)};
    float basic[AT_BASIC_CLASSES] = {0, 0, 0, (float)log(16)}, p[AT_BASIC_CLASSES];
    (void)state;
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, NULL), 0);
    at_fusion_states(f, x, y, level, engagement);
    assert_float_equal(level[0][0], 1 - 1 / (1 + exp(-1.5)), 1e-5); /* bias a half */
    assert_float_equal(level[0][3], 1 / (1 + exp(1)), 1e-5);
    assert_float_equal(level[1][0], 1 - 1 / (1 + exp(-2)), 1e-5); /* scale 2 */
    assert_float_equal(level[1][3], 1 / (1 + exp(2)), 1e-5);
    assert_float_equal(engagement[2], 0.5, 1e-5); /* temperature 2 */
    at_fusion_basic(f, basic, p);
    assert_float_equal(p[3], 0.25, 1e-5); /* temperature 4: 2 of 2 + 6 */
    at_fusion_free(&f);
}

static void test_hostile(void **state)
{
    static const float bad[2] = {NAN, 1}, zero = 0, reversed[2] = {3, 2}, little = 1e-40f;
    at_fusion *f = NULL;
    attune_error err;
    (void)state;
    assert_int_equal(make_fusion(&f, "fusion.face.distance", 2, bad, &err), ATTUNE_E_FORMAT);
    assert_int_equal(make_fusion(&f, "fusion.face.distance", 1, bad + 1, &err), ATTUNE_E_FORMAT);
    assert_int_equal(make_fusion(&f, "fusion.voice.distance", 2, reversed, &err), ATTUNE_E_FORMAT);
    assert_int_equal(make_fusion(&f, "fusion.face.temperature", 1, &zero, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "fusion.face"));
    /* a logit of 0 divided by it would be no number */
    assert_int_equal(make_fusion(&f, "fusion.face.temperature", 1, &little, &err), ATTUNE_E_FORMAT);
    assert_int_equal(make_fusion(&f, "fusion.voice.mean", 2, reversed, &err), ATTUNE_E_FORMAT);
    assert_null(f);
}

/* ---- what is usual for a person ------------------------------------------------------------ */

/* Four classes: each is answered by 3 sure in its own place and by -sure in the others. */
static at_usual four_classes(float temperature, float sure)
{
    at_usual u = {.classes = 4, .temperature = temperature};
    for (int k = 0; k < 4; k++) {
        u.share[k] = 0.25f;
        for (int i = 0; i < 4; i++)
            u.answer[k][i] = i == k ? 3 * sure : -sure;
    }
    return u;
}

/* A person's logits to a class: as usual, and 1.2 more for class 1 at the cost of class 2. */
static void answer_of(const at_usual *u, int class, float odd, float *logit)
{
    for (int i = 0; i < 4; i++)
        logit[i] = u->temperature * (u->answer[class][i] + odd * (i == 1) - odd * (i == 2)) + 7;
}

/* Whatever they show by turns, what they always add is found, and taken out. */
static void test_baseline(void **state)
{
    (void)state;
    for (int hot = 0; hot < 2; hot++) {
        const at_usual u = four_classes(hot ? 2.5f : 1, 4);
        at_baseline b = {0};
        float logit[4], plain[4];
        for (int i = 0; i < 400; i++) {
            answer_of(&u, i / 5 % 4, 1.2f, logit);
            at_baseline_follow(&u, &b, logit, 0.5f);
        }
        assert_float_equal(b.seconds, 200, 1e-3);
        assert_float_equal(b.offset[1], 1.2, 0.15);
        assert_float_equal(b.offset[2], -1.2, 0.15);
        assert_float_equal(b.offset[0], 0, 0.15);
        answer_of(&u, 3, 1.2f, logit);
        at_baseline_remove(&u, &b, logit, plain);
        for (int i = 0; i < 4; i++)
            assert_float_equal(
                plain[i],
                u.temperature * (u.answer[3][i] - b.offset[i] + 1.2f * (i == 1) - 1.2f * (i == 2)) +
                    7,
                1e-4);
    }
}

/* A long spell of one expression, by somebody who has nothing odd about them, stays that expression:
 * what can be taken out is limited. */
static void test_spell(void **state)
{
    const at_usual u = four_classes(1, 1);
    at_baseline b = {0};
    float logit[4];
    (void)state;
    for (int i = 0; i < 600; i++) {
        answer_of(&u, 1, 0, logit);
        at_baseline_follow(&u, &b, logit, 0.5f);
    }
    at_baseline_remove(&u, &b, logit, logit);
    for (int i = 0; i < 4; i++)
        assert_true(i == 1 || logit[1] > logit[i] + 1);
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(b.offset[i]) < 2.001f);
}

/* A second says little, and however wild it is, not more than the farthest that a moment pulls. */
static void test_little_evidence(void **state)
{
    const at_usual u = four_classes(1, 4);
    at_baseline b = {0};
    float logit[4], away = 0;
    (void)state;
    answer_of(&u, 0, 1.2f, logit);
    at_baseline_follow(&u, &b, logit, 1);
    assert_true(b.offset[1] > 0.1f && b.offset[1] < 0.45f);
    b = (at_baseline){0};
    answer_of(&u, 0, 40, logit);
    at_baseline_follow(&u, &b, logit, 1);
    for (int i = 0; i < 4; i++)
        away += b.offset[i] * b.offset[i];
    assert_float_equal(sqrtf(away), 2.0 * 1 / 3, 1e-3);
    at_baseline before = b;
    at_baseline_follow(&u, &b, logit, 0);
    assert_memory_equal(&before, &b, sizeof b);
    const at_usual none = {0};
    at_baseline_follow(&none, &b, logit, 1);
    assert_memory_equal(&before, &b, sizeof b);
}

static void test_usual_of_a_model(void **state)
{
    float answer[64] = {0}, share[8] = {0.5f, 0.25f, 0.25f}, odd[8] = {0.5f, 0.75f, -0.25f};
    at_fusion *f = NULL;
    at_usual u;
    attune_error err;
    (void)state;
    answer[8 * 2 + 1] = 5;
    for (int wrong = 0; wrong < 2; wrong++) {
        at_weights_writer *w = begin_weights();
        at_weights_put(w, "fusion.face.usual.answer", 1, (int[]){64}, answer, 0);
        at_weights_put(w, "fusion.face.usual.share", 1, (int[]){8}, wrong ? odd : share, 0);
        at_weights *file = end_weights(w);
        int status = at_usual_load(&u, file, "fusion.face", 8, 0.5f, &err);
        assert_int_equal(status, wrong ? ATTUNE_E_FORMAT : 0);
        if (wrong)
            assert_non_null(strstr(err.text, "fusion.face.usual.share"));
        at_weights_free(&file);
        if (wrong)
            continue;
        assert_int_equal(u.classes, 8);
        assert_float_equal(u.answer[2][1], 5, 0);
        assert_float_equal(u.temperature, 0.5, 0);
    }
    assert_int_equal(make_fusion(&f, NULL, 0, NULL, NULL), 0);
    assert_int_equal(at_fusion_usual(f, ATTUNE_FACE)->classes, 0);
    at_fusion_free(&f);
}

/* FER+ has one class of each of the seven, RAVDESS two that are neutral. */
static void test_offset(void **state)
{
    const float offset[8] = {1, 3, 5, 0, 0, 0, 0, -7};
    float e[ATTUNE_EMOTIONS];
    (void)state;
    at_fusion_offset(ATTUNE_VOICE, offset, e);
    assert_float_equal(e[ATTUNE_NEUTRAL], 2, 1e-6);
    assert_float_equal(e[ATTUNE_HAPPY], 5, 1e-6);
    assert_float_equal(e[ATTUNE_SURPRISED], -7, 1e-6);
    at_fusion_offset(ATTUNE_FACE, offset, e);
    assert_float_equal(e[ATTUNE_NEUTRAL], 1, 1e-6);
    assert_float_equal(e[ATTUNE_HAPPY], 3, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poor_alone), cmocka_unit_test(test_trust),
        cmocka_unit_test(test_ranges),     cmocka_unit_test(test_reliability),
        cmocka_unit_test(test_weights),    cmocka_unit_test(test_dropping),
        cmocka_unit_test(test_distance),   cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_states),     cmocka_unit_test(test_fused_states),
        cmocka_unit_test(test_hostile),    cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_spell),      cmocka_unit_test(test_little_evidence),
        cmocka_unit_test(test_offset),     cmocka_unit_test(test_usual_of_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
