/* The networks against tests/oracle/network_oracle.py, which wrote tests/golden/networks.txt: with
 * made-up weights, for training's forward pass and for running, on every instruction set. */
#include "base/mem.h"
#include "golden.h"
#include "made_weights.h"
#include "model/audio.h"
#include "model/visual.h"
#include "vision/detect_net.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TOLERANCE 1e-4 /* relative to the largest of the vector */
#define SPREAD    4.5  /* of weights */
enum { MOST_VALUES = 64, MOST_VECTORS = 32 };

/* ---- the golden file --------------------------------------------------------------------- */

typedef struct vector {
    char name[32];
    int count;
    double value[MOST_VALUES];
} vector;

static vector golden[MOST_VECTORS];
static int goldens;

static int read_golden(void **state)
{
    (void)state;
    FILE *f = open_golden("networks.txt");
    for (goldens = 0; goldens < MOST_VECTORS; goldens++) {
        vector *v = &golden[goldens];
        if (fscanf(f, "%31s %d", v->name, &v->count) != 2)
            break;
        assert_in_range(v->count, 1, MOST_VALUES);
        for (int i = 0; i < v->count; i++)
            assert_int_equal(fscanf(f, "%lf", &v->value[i]), 1);
    }
    fclose(f);
    return 0;
}

/* Every step-th of x. */
static void compare(const char *name, const float *x, int count, int step)
{
    const vector *v = golden;
    double scale = 0;
    while (v < golden + goldens && strcmp(v->name, name) != 0)
        v++;
    if (v == golden + goldens)
        fail_msg("no golden numbers for %s", name);
    assert_int_equal(v->count, count);
    for (int i = 0; i < count; i++)
        scale = fmax(scale, fabs(v->value[i]));
    for (int i = 0; i < count; i++) {
        const double is = x[i * step];
        if (!(fabs(is - v->value[i]) <= TOLERANCE * scale))
            fail_msg("%s[%d]: %.9g, not %.9g", name, i, is, v->value[i]);
    }
}

/* ---- what the oracle makes up too -------------------------------------------------------- */

static uint32_t seed_of(const char *name)
{
    uint32_t seed = 2166136261U; /* FNV-1a */
    for (; *name; name++)
        seed = (seed ^ (unsigned char)*name) * 16777619U;
    return seed;
}

/* Number i of those that go with the seed, in [-1, 1): MurmurHash3's finaliser of a counter. */
static double made_up(uint32_t seed, size_t i)
{
    uint32_t h = seed + (uint32_t)i * 0x9E3779B9U;
    h = (h ^ (h >> 16)) * 0x85EBCA6BU;
    h = (h ^ (h >> 13)) * 0xC2B2AE35U;
    return (h ^ (h >> 16)) / 2147483648.0 - 1;
}

/* A matrix by its rows (fan-in); batch norm's scale and variance round one; the rest is small. */
static void make_up(at_param *p)
{
    const uint32_t seed = seed_of(p->name);
    const char *part = strrchr(p->name, '.');
    const int round_one = !strcmp(part, ".gamma") || !strcmp(part, ".var");
    const double spread = p->value.rank == 2 ? sqrt(SPREAD / p->value.dim[0])
                          : round_one        ? 0.25
                                             : 0.1;
    for (size_t i = 0; i < at_tensor_count(&p->value); i++)
        p->value.data[i] = (float)(round_one + spread * made_up(seed, i));
}

static void make_up_all(at_params *p)
{
    for (int i = 0; i < p->count; i++)
        make_up(p->list[i]);
}

/* Channel c of pixel (x, y), 0..255. */
static uint8_t picture(int x, int y, int c)
{
    return (uint8_t)((3 * x + 5 * y + 40 * c + x * y / 8) % 256);
}

static at_graph *inferring(const at_kernels *kn)
{
    at_graph *g;
    assert_int_equal(at_graph_create(&g, NULL, kn, NULL), ATTUNE_OK);
    at_graph_begin(g, AT_INFER, 0);
    return g;
}

/* ---- detector ---------------------------------------------------------------------------- */

enum { DETECT_H = 64, DETECT_W = 96, DETECT_STEM = 5 };

/* Inputs and outputs by unit; the middle level's heads share nothing. */
static const int channels[AT_DETECT_UNITS][2] = {
    {5, 7},   {7, 7},  {7, 9},   {9, 8},   {8, 10}, {10, 9}, {9, 12},  {12, 11}, {11, 10}, {10, 12},
    {12, 14}, {12, 9}, {10, 12}, {14, 10}, {9, 8},  {0, 0},  {10, 11}, {8, 16},  {12, 16}, {11, 16},
};

/* "detector.<name>.<part>" (rows, cols); rows 0: (cols) */
static at_param *make_array(at_params *p, const char *name, const char *part, int rows, int cols)
{
    char full[96];
    const int dim[2] = {rows ? rows : cols, cols};
    snprintf(full, sizeof full, "detector.%s.%s", name, part);
    at_param *q = at_params_get(p, full, rows ? 2 : 1, dim);
    assert_non_null(q);
    make_up(q);
    return q;
}

static void make_detector(at_params *p)
{
    at_tensor *stem = &make_array(p, AT_DETECT_STEM, "weight", 27, DETECT_STEM)->value;
    for (size_t i = 0; i < at_tensor_count(stem); i++)
        stem->data[i] /= 128; /* pixels are 0..255 */
    make_array(p, AT_DETECT_STEM, "bias", 0, DETECT_STEM);
    for (int i = 0; i < AT_DETECT_UNITS; i++) {
        const char *name = at_detect_unit_names[i];
        const int in = channels[i][0], out = channels[i][1];
        if (out == 0)
            continue;
        make_array(p, name, "conv1.weight", in, out);
        make_array(p, name, "conv1.bias", 0, out);
        make_array(p, name, "conv2.weight", 9, out);
        make_array(p, name, "conv2.bias", 0, out);
    }
}

static void compare_heads(const float *const head[AT_DETECT_LEVELS])
{
    static const char *const where[] = {"first", "middle", "last"};
    for (int k = 0; k < AT_DETECT_LEVELS; k++) {
        const int cells = (DETECT_H >> (3 + k)) * (DETECT_W >> (3 + k));
        const int cell[] = {0, cells / 2 + 1, cells - 1};
        for (int i = 0; i < 3; i++) {
            char name[32];
            snprintf(name, sizeof name, "detector.%d.%s", 8 << k, where[i]);
            compare(name, head[k] + (ptrdiff_t)cell[i] * AT_DETECT_CHANNELS, AT_DETECT_CHANNELS, 1);
        }
    }
}

static void detector_on(const at_kernels *kn, at_params *p, const float *pixels)
{
    const at_weight_source source = at_params_source(p);
    const float *head[AT_DETECT_LEVELS];
    at_tensor *trained[AT_DETECT_LEVELS];
    at_detector *d;

    assert_int_equal(at_detector_create(&d, &source, NULL, kn, NULL, NULL), ATTUNE_OK);
    assert_int_equal(at_detector_heads(d, pixels, DETECT_H, DETECT_W, head), ATTUNE_OK);
    compare_heads(head);
    at_detector_free(&d);

    at_graph *g = inferring(kn);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, DETECT_H, DETECT_W, 3}, 0);
    assert_non_null(x);
    memcpy(x->data, pixels, at_tensor_count(x) * sizeof *pixels);
    assert_int_equal(at_detector_graph(g, p, x, trained), ATTUNE_OK);
    for (int k = 0; k < AT_DETECT_LEVELS; k++)
        head[k] = trained[k]->data;
    compare_heads(head);
    at_graph_free(&g);
}

static void detector(void **state)
{
    (void)state;
    static float pixels[DETECT_H * DETECT_W * 3];
    at_params p = {0};

    make_detector(&p);
    for (int i = 0; i < DETECT_H * DETECT_W * 3; i++)
        pixels[i] = picture(i / 3 % DETECT_W, i / 3 / DETECT_W, i % 3);
    for (int isa = 0; isa < AT_ISA_COUNT; isa++)
        if (at_kernels_get((at_isa)isa))
            detector_on(at_kernels_get((at_isa)isa), &p, pixels);
    at_params_free(&p);
}

/* ---- visual ------------------------------------------------------------------------------ */

enum { FACE = 72, FACE_EVERY = 40, FACE_LOGITS = 31, FACE_HEADS = AT_HEAD_COVERED + 1 };

static const struct {
    const char *name;
    at_views views;
} sights[] = {{"visual", AT_AS_IT_IS}, {"visual.mirrored", AT_MIRRORED}};

static void compare_face(const char *sight, const float *embedding,
                         const float *const head[FACE_HEADS])
{
    static const int outputs[FACE_HEADS] = {8, 7, 12, 3, 1};
    float logit[FACE_LOGITS];
    char name[32];
    int n = 0;
    for (int h = 0; h < FACE_HEADS; n += outputs[h++])
        memcpy(logit + n, head[h], (size_t)outputs[h] * sizeof *logit);
    snprintf(name, sizeof name, "%s.embedding", sight);
    compare(name, embedding, AT_VISUAL_EMBED / FACE_EVERY, FACE_EVERY);
    snprintf(name, sizeof name, "%s.logits", sight);
    compare(name, logit, FACE_LOGITS, 1);
}

static void visual_forward(const at_kernels *kn, at_params *p, const uint8_t *face, int sight)
{
    at_graph *g = inferring(kn);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, FACE, FACE, 3}, 0);
    const at_visual_options o = {0};
    at_visual_out out;

    assert_non_null(x);
    for (int i = 0; i < FACE * FACE; i++) {
        const int from = sights[sight].views == AT_MIRRORED ? i + FACE - 1 - 2 * (i % FACE) : i;
        for (int c = 0; c < 3; c++)
            x->data[3 * i + c] = ((float)face[3 * from + c] - 127.5F) / 127.5F;
    }
    at_visual_forward(g, p, x, &o, &out);
    assert_int_equal(at_graph_status(g), ATTUNE_OK);
    compare_face(sights[sight].name, out.embedding->data,
                 (const float *[]){out.expression->data, out.basic->data, out.state->data,
                                   out.engagement->data, out.covered->data});
    at_graph_free(&g);
}

static void visual_run(const at_kernels *kn, const at_weights *w, const uint8_t *face, int sight)
{
    static at_visual_result r;
    at_visual_net *net;

    assert_int_equal(at_visual_freeze(&net, w, kn, NULL), ATTUNE_OK);
    float *workspace = at_alloc(at_visual_workspace(net, NULL, FACE), sizeof *workspace);
    assert_non_null(workspace);
    at_visual_run(net, NULL, face, FACE, sights[sight].views, workspace, &r);
    compare_face(sights[sight].name, r.embedding,
                 (const float *[]){r.expression, r.basic, r.state, r.engagement, &r.covered});
    at_free(workspace);
    at_visual_free(&net);
}

static void visual(void **state)
{
    (void)state;
    static uint8_t face[FACE * FACE * 3];
    at_params p = {0};
    at_rng rng;

    at_rng_seed(&rng, 1, 0);
    assert_int_equal(at_visual_init(&p, &rng, NULL), ATTUNE_OK);
    make_up_all(&p);
    at_weights *w = weights_of(&p);
    for (int i = 0; i < FACE * FACE * 3; i++)
        face[i] = picture(i / 3 % FACE, i / 3 / FACE, i % 3);
    for (int isa = 0; isa < AT_ISA_COUNT; isa++) {
        const at_kernels *kn = at_kernels_get((at_isa)isa);
        for (int sight = 0; kn && sight < 2; sight++) {
            visual_forward(kn, &p, face, sight);
            visual_run(kn, w, face, sight);
        }
    }
    at_weights_free(&w);
    at_params_free(&p);
}

/* ---- audio ------------------------------------------------------------------------------- */

enum { VOICE_ROWS = 22, VOICE_EVERY = 16, VOICE_MEMBERS = 2 };

static void compare_voice(const float *embedding, const float *logits)
{
    compare("audio.embedding", embedding, AT_AUDIO_EMBED / VOICE_EVERY, VOICE_EVERY);
    compare("audio.logits", logits, AT_VOICE_CLASSES, 1);
}

/* First of a batch whose other sequence is longer: zeros up to its length, which are not to matter. */
static void audio_padded(at_graph *g, at_params *p, const float *rows)
{
    enum { LONGER = VOICE_ROWS + 9 };
    const int lengths[2] = {VOICE_ROWS, LONGER};
    at_audio_out out;
    at_tensor *x = at_tensor_new(g, 3, (int[]){2, LONGER, AT_FEATURES}, 0);

    assert_non_null(x);
    for (int i = 0; i < 2 * LONGER * AT_FEATURES; i++)
        x->data[i] = i < VOICE_ROWS * AT_FEATURES ? rows[i] : (float)(i >= LONGER * AT_FEATURES);
    at_audio_answer(g, p, VOICE_MEMBERS, x, lengths, &out);
    assert_int_equal(at_graph_status(g), ATTUNE_OK);
    compare_voice(out.embedding->data, out.expression->data);
}

static void audio_on(const at_kernels *kn, at_params *p, const at_weights *w, const float *rows)
{
    static at_audio_result r;
    at_audio_net *net;
    at_graph *g = inferring(kn);

    audio_padded(g, p, rows);
    assert_int_equal(at_audio_freeze(&net, w, kn, NULL), ATTUNE_OK);
    assert_int_equal(at_audio_run(net, g, rows, VOICE_ROWS, NULL, &r), ATTUNE_OK);
    compare_voice(r.embedding, r.expression);
    at_audio_free(&net);
    at_graph_free(&g);
}

static void audio(void **state)
{
    (void)state;
    static float rows[VOICE_ROWS * AT_FEATURES];
    const uint32_t seed = seed_of("rows");
    at_params p = {0};
    at_rng rng;

    at_rng_seed(&rng, 1, 0);
    assert_int_equal(at_audio_init(&p, VOICE_MEMBERS, &rng, NULL), ATTUNE_OK);
    make_up_all(&p);
    at_weights *w = weights_of(&p);
    for (int i = 0; i < VOICE_ROWS * AT_FEATURES; i++)
        rows[i] = (float)made_up(seed, (size_t)i);
    for (int isa = 0; isa < AT_ISA_COUNT; isa++)
        if (at_kernels_get((at_isa)isa))
            audio_on(at_kernels_get((at_isa)isa), &p, w, rows);
    at_weights_free(&w);
    at_params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detector),
        cmocka_unit_test(visual),
        cmocka_unit_test(audio),
    };
    return cmocka_run_group_tests_name("golden networks", tests, read_golden, NULL);
}
