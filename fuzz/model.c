/* Hostile models: an error in words, or networks and a fusion that answer within their promises, whatever
 * numbers they are made of. The input says which parts a fine file is put together from, what of its arrays
 * is changed, and what is usual of the learning states (metadata); so what lies behind a network's two
 * hundred arrays is reached. What a file's bytes can do is weights.c's. */
#include "fuzz.h"

#include "fine.h"
#include "fusion/kind.h"
#include "fusion/stream.h"
#include "model/hog_net.h"
#include "runtime/model.h"
#include "vision/detect.h"
#include "vision/detect_net.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum {
    SIDE = 32,
    ROWS = 8,
    HOG_VALUES = 30,
    CHANGES = 25,
    ARRAYS_MAX = 1024,
    CHANNELS = FINE_CHANNELS
};
enum {
    FACE,
    VOICE,
    EXPERT,
    SPATIAL,
    TEMPORAL,
    DETECTOR,
    HOG,
    PLAIN,
    MEASURES,
    YUNET,
    KIND,
    KINDS = 7,
    PARTS = KIND + KINDS
};

/* An array of the file that is written. */
typedef struct array {
    char name[128];
    int rank, dim[AT_MAX_RANK + 1];
    size_t n; /* values that data has; past them zeros */
    const float *data;
    float value; /* of the one at `at`, or of all where that is -1 */
    long at;     /* -2: none is changed */
    int half;    /* as f16, all zero */
} array;

static const float hostile[] = {NAN, INFINITY, -INFINITY, -1, 0, 1e38f, -1e38f, 1e-40f, 0.5f, 2};
static at_params part[PARTS];
static at_rng rng;

/* ---- fine parts ------------------------------------------------------------------------------- */

static void make_expert(at_params *p)
{
    fine_add_of(p, at_voice_expert_arrays, "mean", 0, AT_VOICE_FUNCTIONALS, 0);
    fine_add_of(p, at_voice_expert_arrays, "inv_deviation", 0, AT_VOICE_FUNCTIONALS, 1);
    fine_add_of(p, at_voice_expert_arrays, "weight", AT_VOICE_FUNCTIONALS, AT_VOICE_CLASSES, 0.01f);
    fine_add_of(p, at_voice_expert_arrays, "bias", 0, AT_VOICE_CLASSES, 0);
}

static void make_hog(at_params *p)
{
    char name[80];

    for (int i = 0; at_hog_head(i) < AT_HEADS; i++) {
        at_hog_array(at_hog_head(i), "weight", name);
        fine_add(p, name, HOG_VALUES, at_heads[at_hog_head(i)].outputs, 0.1f);
        at_hog_array(at_hog_head(i), "bias", name);
        fine_add(p, name, 0, at_heads[at_hog_head(i)].outputs, 0);
    }
}

/* What the fusion was calibrated by. */
static void make_measures(at_params *p)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        const at_fusion_stream *s = &at_fusion_streams[m];
        const int classes = at_heads[s->head].classes;
        fine_add_of(p, s->arrays, ".trust", 0, 1, 0.7f);
        fine_add_of(p, s->arrays, ".mean", 0, s->dims, 0.1f);
        fine_add_of(p, s->arrays, ".var", 0, s->dims, 1);
        fine_add_of(p, s->arrays, ".distance", 0, 2, 1);
        at_params_find(p, m ? "fusion.voice.distance" : "fusion.face.distance")->value.data[1] = 3;
        fine_add_of(p, s->arrays, ".temperature", 0, 1, 1.5f);
        fine_add_of(p, s->arrays, ".usual.answer", classes, classes, 0.1f);
        fine_add_of(p, s->arrays, ".usual.share", 0, classes, 1 / (float)classes);
    }
    fine_add(p, "fusion.basic.temperature", 0, 1, 1);
    fine_add(p, "fusion.engagement.temperature", 0, 1, 1);
    fine_add(p, "fusion.state.scale", 0, ATTUNE_STATES, 1);
    fine_add(p, "fusion.state.bias", 0, ATTUNE_STATES * AT_THRESHOLDS, 0);
    fine_add(p, "fusion.floor", 0, 1, 0.2f);
    fine_add(p, "fusion.doubt", 0, 1, 0.3f);
}

/* A unit of the face network as assembled models have it: with a bias, and no batch norm. */
static void make_plain(at_params *p)
{
    fine_add(p, "visual.stem.bias", 0, AT_MB_STEM, 0);
    fine_add(p, "visual.block3.expand.bias", 0, at_mb_blocks[3].mid, 0);
    fine_add(p, "visual.block3.depthwise.bias", 0, at_mb_blocks[3].mid, 0);
}

/* A convolution in the layout of YuNet's authors: (out, in, k, k), and a bias. */
static void add_conv(at_params *p, const char *of, int conv, int out, int in, int k)
{
    char name[80];

    snprintf(name, sizeof name, "%s.conv%d.weight", of, conv);
    FUZZ_CHECK(at_params_get(p, name, 4, (int[]){out, in, k, k}));
    snprintf(name, sizeof name, "%s.conv%d.bias", of, conv);
    FUZZ_CHECK(at_params_get(p, name, 1, &out));
}

static void add_yunet_unit(at_params *p, const char *of, int out)
{
    add_conv(p, of, 1, out, CHANNELS, 1);
    add_conv(p, of, 2, out, 1, 3);
}

static void make_yunet(at_params *p)
{
    static const struct {
        const char *name;
        int channels;
    } head[] = {{"cls", 1}, {"bbox", 4}, {"obj", 1}, {"kps", 10}};
    char name[80];

    add_conv(p, "backbone.model0", 1, CHANNELS, 3, 3); /* AT_DETECT_STEM */
    for (int i = 0; i < AT_UNIT_HEAD; i++)
        add_yunet_unit(p, at_detect_unit_names[i], CHANNELS);
    for (int i = 0; i < 4 * AT_DETECT_LEVELS; i++) {
        snprintf(name, sizeof name, "bbox_head.multi_level_%s.%d", head[i % 4].name, i / 4);
        add_yunet_unit(p, name, head[i % 4].channels);
    }
}

static void make_parts(void)
{
    const at_encoder_shape shape = {1, 16, 2};
    at_fusion_net net;

    at_rng_seed(&rng, 11, 0);
    FUZZ_CHECK(at_visual_init(&part[FACE], &rng, NULL) == ATTUNE_OK);
    for (int h = 0; h < AT_FACE_HEADS; h++)
        FUZZ_CHECK(at_visual_add_head(&part[FACE], (at_head)h, &rng, NULL) == ATTUNE_OK);
    FUZZ_CHECK(at_audio_init(&part[VOICE], 2, &rng, NULL) == ATTUNE_OK);
    make_expert(&part[EXPERT]);
    FUZZ_CHECK(at_encoder_init(&at_spatial, &part[SPATIAL], &shape, &rng, NULL) == ATTUNE_OK);
    FUZZ_CHECK(at_encoder_init(&at_temporal, &part[TEMPORAL], &shape, &rng, NULL) == ATTUNE_OK);
    fine_detector(&part[DETECTOR]);
    make_hog(&part[HOG]);
    make_plain(&part[PLAIN]);
    make_measures(&part[MEASURES]);
    make_yunet(&part[YUNET]);
    for (int k = 0; at_fusion_kinds[k]; k++)
        FUZZ_CHECK(at_fusion_net_make(&net, &part[KIND + k], at_fusion_kinds[k], NULL, 0, &rng,
                                      NULL) == ATTUNE_OK);
}

/* ---- the file --------------------------------------------------------------------------------- */

static int take_part(array *list, int n, const at_params *p)
{
    for (int i = 0; i < p->count; i++) {
        const at_param *q = p->list[i];
        array *a = &list[n++];
        FUZZ_CHECK(n <= ARRAYS_MAX);
        *a = (array){.rank = q->value.rank,
                     .n = at_tensor_count(&q->value),
                     .data = q->value.data,
                     .at = -2};
        snprintf(a->name, sizeof a->name, "%s", q->name);
        for (int d = 0; d < a->rank; d++)
            a->dim[d] = q->value.dim[d];
    }
    return n;
}

static void change(array *a, int how, int by)
{
    const size_t length = strlen(a->name);

    switch (how % 9) {
    case 0: a->name[0] = 0; break; /* is left out */
    case 1: a->name[(unsigned)by % length] = "0123x.w"[by % 7]; break;
    case 2: a->dim[by % a->rank] = by / a->rank; break;
    case 3: a->dim[0] = (int)a->n, a->rank = 1; break;
    case 4:
        if (a->rank <= AT_MAX_RANK)
            a->dim[a->rank++] = 1;
        break;
    case 5: a->half = 1; break;
    case 6: a->at = (by / 10) % (long)a->n; break;
    case 7: a->at = -1; break;
    default: a->at = (long)a->n - 1 - (by / 10) % (long)a->n; break;
    }
    a->value = hostile[by % 10];
}

static size_t count_of(const array *a)
{
    size_t n = 1;

    for (int d = 0; d < a->rank; d++)
        n *= (size_t)a->dim[d];
    return n;
}

static void put_values(FILE *f, const array *a)
{
    static const uint16_t none[1024];
    const size_t n = count_of(a), have = n < a->n ? n : a->n;

    for (size_t i = 0; a->half && i < n; i += 1024)
        fwrite(none, 2, n - i < 1024 ? n - i : 1024, f);
    for (size_t i = 0; !a->half && i < have; i++)
        if (a->at == -1 || (size_t)a->at == i)
            fwrite(&a->value, 4, 1, f);
        else if (a->at == -2)
            i += fwrite(a->data + i, 4, have - i, f) - 1;
        else
            fwrite(a->data + i, 4, 1, f);
    for (size_t i = have; !a->half && i < n; i++)
        fwrite(none, 4, 1, f);
}

/* The metadata, as JSON. */
static void put_meta(FILE *f, const char *kind, const char *usual, size_t length)
{
    json_t *text = json_stringn(usual, length), *meta = json_object();

    if (kind)
        json_object_set_new(meta, "fusion", json_string(kind));
    if (text) /* UTF-8 */
        json_object_set_new(meta, "state_usual", text);
    json_dumpf(meta, f, 0);
    json_decref(meta);
}

static void put_arrays(FILE *f, const array *list, int n)
{
    size_t at = 0;

    for (int i = 0; i < n; i++) {
        const array *a = &list[i];
        if (!a->name[0])
            continue;
        fprintf(f, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", a->name, a->half ? "F16" : "F32");
        for (int d = 0; d < a->rank; d++)
            fprintf(f, "%s%d", d ? "," : "", a->dim[d]);
        fprintf(f, "],\"data_offsets\":[%zu,", at);
        at += count_of(a) * (a->half ? 2 : 4);
        fprintf(f, "%zu]}", at);
    }
}

/* header: of which the metadata is there, its end not */
static const char *write_file(FILE *header, char **text, size_t *length, const array *list, int n)
{
    const char *path;
    const int fd = dup(fuzz_file_open(&path));
    FILE *f;

    put_arrays(header, list, n);
    fprintf(header, "}");
    fclose(header);
    FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0 && (f = fdopen(fd, "wb")) != NULL);
    fwrite(&(uint64_t){*length}, 8, 1, f); /* little-endian machines fuzz */
    fwrite(*text, 1, *length, f);
    for (int i = 0; i < n; i++)
        if (list[i].name[0])
            put_values(f, &list[i]);
    fclose(f);
    free(*text);
    return path;
}

/* ---- what is promised of what was loaded ------------------------------------------------------ */

static void check_shares(const float *p, int n)
{
    float sum = 0;

    for (int i = 0; i < n; i++) {
        FUZZ_CHECK(p[i] >= 0 && p[i] <= 1.001f);
        sum += p[i];
    }
    FUZZ_CHECK(fabsf(sum - 1) < 1e-3f);
}

static void check_estimate(const at_estimate *e)
{
    float weights = 0;

    check_shares(e->emotion7, ATTUNE_EMOTIONS);
    for (int s = 0; e->has_state && s < ATTUNE_STATES; s++)
        check_shares(e->state4[s], ATTUNE_LEVELS);
    if (e->has_state)
        check_shares(e->engagement3, ATTUNE_ENGAGEMENTS);
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        FUZZ_CHECK(e->condition[m] >= 0 && e->condition[m] <= 1);
        FUZZ_CHECK(e->reliability[m] >= 0 && e->reliability[m] <= 1.001f);
        weights += e->weight[m];
    }
    FUZZ_CHECK(weights == 0 || fabsf(weights - 1) < 1e-3f);
}

static void look(const at_visual_net *v, at_visual_result *out)
{
    static uint8_t face[3 * SIDE * SIDE];
    static const int64_t t_us[2] = {0, 500000};
    float *room = calloc(at_visual_workspace(v, NULL, SIDE) + at_visual_time_workspace(v, 2),
                         sizeof *room),
          *token = calloc(2 * AT_VISUAL_EMBED, sizeof *token);

    FUZZ_CHECK(room && token);
    memset(face, 99, sizeof face);
    at_visual_run(v, NULL, face, SIDE, AT_AS_IT_IS, room, out);
    memcpy(token, out->embedding, sizeof out->embedding);
    memcpy(token + AT_VISUAL_EMBED, out->embedding, sizeof out->embedding);
    at_visual_over_time(v, NULL, token, t_us, 2, room, out);
    free(room);
    free(token);
}

static void hear(const at_audio_net *a, at_graph *g, at_audio_result *out)
{
    static float rows[ROWS * AT_FEATURES], functionals[AT_VOICE_FUNCTIONALS];

    FUZZ_CHECK(at_audio_run(a, g, rows, ROWS, functionals, out) == ATTUNE_OK);
}

static void detect(const at_weights *w)
{
    static float x[3 * SIDE * SIDE];
    const at_weight_source source = at_weights_source(w);
    at_detector *d;
    attune_error err = {0};
    const float *head[AT_DETECT_LEVELS];
    const int status = at_detector_create(&d, &source, NULL, at_kernels_best(), NULL, &err);

    FUZZ_CHECK((status == ATTUNE_OK) == (d != NULL) && (d || err.text[0]));
    if (d)
        FUZZ_CHECK(at_detector_heads(d, x, SIDE, SIDE, head) == ATTUNE_OK);
    at_detector_free(&d);
}

/* As training starts from one: what is imported may be put on a graph. */
static void train_detector(const at_weights *w)
{
    at_params p = {0};
    at_graph *g;
    attune_error err = {0};
    at_tensor *head[AT_DETECT_LEVELS];

    FUZZ_CHECK(at_graph_create(&g, NULL, at_kernels_best(), NULL) == ATTUNE_OK);
    if (at_detector_import(&p, w, &err) == ATTUNE_OK) {
        at_graph_begin(g, AT_INFER, 0);
        at_tensor *x = at_tensor_new(g, 4, (int[]){1, SIDE, SIDE, 3}, 0);
        memset(x->data, 0, at_tensor_count(x) * sizeof(float));
        FUZZ_CHECK(at_detector_graph(g, &p, x, head) == ATTUNE_OK);
    } else {
        FUZZ_CHECK(err.text[0]);
    }
    at_graph_free(&g);
    at_params_free(&p);
}

static void tell_by_gradients(const at_weights *w)
{
    static float x[HOG_VALUES], logit[64];
    at_hog_net net;
    attune_error err = {0};

    if (at_hog_net_open(&net, w, HOG_VALUES, &err) == ATTUNE_OK)
        for (int i = 0; at_hog_head(i) < AT_HEADS; i++)
            at_hog_net_run(&net, at_hog_head(i), x, logit);
    else
        FUZZ_CHECK(err.text[0]);
}

static void judge(const attune_model *m)
{
    static at_visual_result seen;
    static at_audio_result heard;
    at_evidence e[ATTUNE_STREAMS] = {{0}};
    at_graph *g;
    at_estimate all;

    FUZZ_CHECK(at_graph_create(&g, NULL, m->kn, NULL) == ATTUNE_OK);
    if (m->visual) {
        look(m->visual, &seen);
        e[ATTUNE_FACE] = (at_evidence){
            1, seen.embedding, seen.expression, seen.state, seen.engagement, {0}, 0.8f, 1};
    }
    if (m->audio) {
        hear(m->audio, g, &heard);
        e[ATTUNE_VOICE] = (at_evidence){1,
                                        heard.embedding,
                                        heard.expression,
                                        NULL,
                                        NULL,
                                        {heard.tokens, AT_AUDIO_TOKEN, heard.token, NULL},
                                        0.7f,
                                        0.2f};
    }
    at_fusion_run(m->fusion, e, &all);
    check_estimate(&all);
    at_graph_free(&g);
}

static void check_window(const attune_window *w)
{
    check_shares(w->emotion7, ATTUNE_EMOTIONS);
    for (int s = 0; w->has_state && s < ATTUNE_STATES; s++)
        check_shares(w->state4[s], ATTUNE_LEVELS);
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        FUZZ_CHECK(w->reliability[m] >= 0 && w->reliability[m] <= 1.001f);
        FUZZ_CHECK(w->condition[m] >= 0 && w->condition[m] <= 1);
    }
    for (int u = 0; u < ATTUNE_UNITS; u++)
        FUZZ_CHECK(isnan(w->unit[u]) || (w->unit[u] >= 0 && w->unit[u] <= 1));
    for (int i = 0; i < 4; i++)
        FUZZ_CHECK(isfinite(w->box[i]));
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        FUZZ_CHECK(isfinite(w->offset[e]));
}

/* Half a second of a pattern and of noise, as attune analyze would push it. */
static void hold_session(const attune_model *m)
{
    enum { W = 64, H = 48, FRAMES = 3, SAMPLES = 8000 };
    static uint8_t rgb[3 * W * H];
    static float pcm[SAMPLES];
    const attune_options o = {.threads = 1, .window_s = 0.5, .hop_s = 0.25, .max_tracks = 2};
    attune_session *s;
    attune_window w;

    for (int i = 0; i < (int)sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 7 ^ i / 64);
    for (int i = 0; i < SAMPLES; i++)
        pcm[i] = 0.3f * sinf((float)(i * i % 9001));
    if (attune_session_open(&s, m, &o, NULL) != ATTUNE_OK)
        return;
    for (int i = 0; i < FRAMES; i++) {
        FUZZ_CHECK(attune_session_push_video(s, i * 200000, rgb, W, H, 3 * W) == ATTUNE_OK);
        while (attune_session_next(s, &w) == 1)
            check_window(&w);
    }
    FUZZ_CHECK(attune_session_push_audio(s, 0, pcm, SAMPLES) == ATTUNE_OK);
    FUZZ_CHECK(attune_session_finish(s) == ATTUNE_OK);
    while (attune_session_next(s, &w) == 1)
        check_window(&w);
    attune_session_free(&s);
}

/* The fusion alone, of streams that say something fine. */
static void fuse(const at_weights *w)
{
    static float x[AT_VISUAL_EMBED];
    static const float logit[8] = {1, 0, 2}, far[8] = {40, -40}, state[12] = {1, 0, -1},
                       engagement[3] = {0, 1, 0};
    at_evidence e[ATTUNE_STREAMS] = {{1, x, logit, state, engagement, {0}, 1, 1},
                                     {1, x, logit, NULL, NULL, {0}, 0.6f, 1}};
    at_fusion *f = NULL;
    attune_error err = {0};
    at_estimate all;
    at_baseline b = {0};

    if (at_fusion_load(&f, w, &err) != ATTUNE_OK) {
        FUZZ_CHECK(!f && err.text[0]);
        return;
    }
    for (int present = 0; present < 4; present++) {
        e[0].present = present & 1;
        e[1].present = present >> 1;
        at_fusion_run(f, e, &all);
        check_estimate(&all);
    }
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        const at_usual *u = at_fusion_usual(f, m);
        float out[8] = {0};
        for (int i = 0; i < 4; i++)
            at_baseline_follow(u, &b, i % 2 ? logit : far, 20);
        at_baseline_remove(u, &b, logit, out);
        for (int k = 0; k < 8; k++)
            FUZZ_CHECK(isfinite(b.offset[k]) && isfinite(out[k]));
        b = (at_baseline){0};
    }
    at_fusion_free(&f);
}

static void load(const char *path)
{
    attune_model *m = NULL;
    attune_model_facts facts;
    attune_state_usual usual;
    attune_error err = {0};
    const int status = attune_model_load(&m, path, &err);

    FUZZ_CHECK((status == ATTUNE_OK) == (m != NULL) &&
               (m || (err.text[0] && status == (int)err.status)));
    if (!m)
        return;
    attune_model_state_usual(m, &usual);
    for (int s = 0; s < ATTUNE_STATES; s++)
        FUZZ_CHECK(usual.mean[s] >= 0 && usual.mean[s] <= ATTUNE_LEVELS - 1 &&
                   usual.deviation[s] > 0);
    attune_model_describe(m, &facts);
    FUZZ_CHECK(facts.arrays > 0 && facts.values > 0 && facts.path &&
               (facts.has_visual || facts.has_audio));
    judge(m);
    hold_session(m);
    attune_model_free(&m);
    attune_model_free(&m);
}

/* The parts of a file without networks. */
static void load_parts(const char *path)
{
    at_weights *w = NULL;

    if (at_weights_load(&w, path, NULL) != ATTUNE_OK)
        return;
    fuse(w);
    detect(w);
    train_detector(w);
    tell_by_gradients(w);
    at_weights_free(&w);
}

/* The fine file's arrays. which: bits of parts. */
static int choose(array *list, unsigned which, int kind)
{
    int n = 0;

    for (int p = 0; p < KIND; p++)
        if (which >> p & 1)
            n = take_part(list, n, &part[p]);
    return kind < KINDS ? take_part(list, n, &part[KIND + kind]) : n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static array list[ARRAYS_MAX];
    char *text = NULL;
    size_t length = 0;

    if (size < 4)
        return 0;
    if (!part[FACE].count)
        make_parts();
    const int kind = data[2] % (KINDS + 2), changes = data[3] % CHANGES;
    const int n = choose(list, data[0] | (unsigned)data[1] << 8, kind);
    const uint8_t *at = data + 4, *end = data + size;
    for (int i = 0; i < changes && end - at >= 4; i++, at += 4) {
        array *a = n ? &list[(at[1] | at[2] << 8) % n] : NULL;
        if (a && a->name[0])
            change(a, at[0], at[3]);
    }
    FILE *header = open_memstream(&text, &length);
    FUZZ_CHECK(header);
    fprintf(header, "{\"__metadata__\":");
    put_meta(header,
             kind < KINDS    ? at_fusion_kinds[kind]->name
             : kind == KINDS ? "nobody's"
                             : NULL,
             (const char *)at, (size_t)(end - at));
    const char *path = write_file(header, &text, &length, list, n);
    load(path);
    if (!(data[0] & (1 << FACE | 1 << VOICE))) /* which take long to read */
        load_parts(path);
    return 0;
}
