#include "session_fake.h"

/* The session calls these instead. */
#define at_search_create         fake_search_create
#define at_search_free           fake_search_free
#define at_search_faces          fake_search_faces
#define at_search_keep           fake_search_keep
#define at_visual_workspace      fake_visual_workspace
#define at_visual_run            fake_visual_run
#define at_visual_time_workspace fake_visual_time_workspace
#define at_visual_over_time      fake_visual_over_time
#define at_audio_run             fake_audio_run
#define at_fusion_run            fake_fusion_run
#define at_fusion_answer         fake_fusion_answer
#define at_fusion_answers_again  fake_fusion_answers_again
#define at_fusion_emotion        fake_fusion_emotion
#define at_fusion_usual          fake_fusion_usual
#define at_weights_source        fake_weights_source

#include "runtime/face.c"
#include "runtime/face_look.c"
#include "runtime/face_pictures.c"
#include "runtime/face_window.c"
#include "runtime/hindsight.c"
#include "runtime/session.c"
#include "runtime/window.c"

/* Both files have functions of these names for themselves. */
#define make_ring voice_make_ring
#define gather    voice_gather
#include "runtime/voice.c"
#undef make_ring
#undef gather

/* The real one, for the tests that ask for it. */
#undef at_fusion_run
#undef at_fusion_answer
#undef at_fusion_answers_again
#undef at_fusion_usual
void at_fusion_run(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS],
                   at_estimate *out);

int fake_answers_again = 1;
int fake_looks, fake_mirrored, fake_listens, fake_tokens;
float fake_over_time;
float fake_jaw[AT_FACE_CLASSES];
int64_t fake_token_us[FAKE_TOKENS];
unsigned fake_beside;
static const at_fusion *real_fusion;
static at_usual usual[ATTUNE_MODALITIES];

/* A face takes four pixels of the first row: x / 2, y / 2, side and a mark; its box is filled
 * with a texture whose red is the expression. */
enum { MARK = 77, TONE = 30 };

/* Checks, for each expression of another height: so that faces look like several people's. */
static int texture(int x, int y, int expression)
{
    return 100 + 40 * ((x / 4 + expression * y / 12) % 2);
}

void fake_picture(unsigned char *rgb, const fake_face faces[FAKE_FACES])
{
    memset(rgb, 0, (size_t)FAKE_W * FAKE_H * 3);
    for (int i = 0; i < FAKE_FACES && faces[i].side; i++) {
        const fake_face *f = &faces[i];
        unsigned char *p = rgb + 12 * i;
        for (int y = f->y; y < f->y + f->side; y++) {
            for (int x = f->x; x < f->x + f->side; x++) {
                unsigned char *q = rgb + 3 * (y * FAKE_W + x);
                q[0] = (unsigned char)(TONE * f->expression + TONE / 2);
                q[1] = q[2] = (unsigned char)texture(x - f->x, y - f->y, f->expression);
            }
        }
        p[0] = (unsigned char)(f->x / 2);
        p[1] = (unsigned char)(f->y / 2);
        p[2] = (unsigned char)f->side;
        p[3] = MARK;
    }
}

int fake_search_create(at_search **out, const at_weight_source *src, at_pool *pool,
                       const at_kernels *kn, const at_search_options *o, attune_error *err)
{
    static int search;
    (void)src, (void)pool, (void)kn, (void)o, (void)err;
    *out = (at_search *)(void *)&search;
    return ATTUNE_OK;
}

void fake_search_free(at_search **s)
{
    *s = NULL;
}

/* A picture says who is in it: nothing is remembered. */
void fake_search_keep(at_keep *k, at_search *s)
{
    (void)k;
    (void)s;
}

int fake_search_faces(at_search *s, int64_t t_us, const attune_picture *picture,
                      const at_face *known, int known_n, at_face *out, int max)
{
    static const float at[AT_LANDMARKS][2] = {
        {0.3f, 0.35f}, {0.7f, 0.35f}, {0.5f, 0.55f}, {0.35f, 0.75f}, {0.65f, 0.75f}};
    int n = 0;
    (void)s, (void)t_us, (void)known, (void)known_n;
    for (int i = 0; i < FAKE_FACES && n < max; i++) {
        const unsigned char *p = picture->plane[0] + 12 * i;
        if (p[3] != MARK)
            break;
        at_face *f = &out[n++];
        *f = (at_face){.x = 2.0f * p[0], .y = 2.0f * p[1], .w = p[2], .h = p[2], .score = 0.9f};
        for (int k = 0; k < AT_LANDMARKS; k++) {
            f->landmark[k][0] = f->x + at[k][0] * f->w;
            f->landmark[k][1] = f->y + at[k][1] * f->h;
        }
    }
    return n;
}

size_t fake_visual_workspace(const at_visual_net *v, const at_pool *pool, int side)
{
    (void)v, (void)pool;
    return (size_t)side;
}

void fake_visual_run(const at_visual_net *v, at_pool *pool, const uint8_t *face, int side,
                     at_views views, float *workspace, at_visual_result *out)
{
    int seen = face[3 * (side / 2 * side + side / 2)] / TONE;
    (void)v, (void)pool, (void)workspace;
    memset(out, 0, sizeof *out);
    out->expression[seen < AT_FACE_CLASSES ? seen : 0] = 6;
    out->units[AT_UNIT_JAW_OPEN] = fake_jaw[seen < AT_FACE_CLASSES ? seen : 0];
    out->covered = -20;
    fake_looks++;
    fake_mirrored += views == AT_MIRRORED;
}

size_t fake_visual_time_workspace(const at_visual_net *v, int frames)
{
    (void)v;
    return (size_t)frames;
}

void fake_visual_over_time(const at_visual_net *v, at_pool *pool, const float *token,
                           const int64_t *t_us, int n, float *workspace, at_visual_result *mean)
{
    (void)v, (void)pool, (void)token;
    memset(workspace, 0, (size_t)n * sizeof *workspace);
    mean->expression[1] += fake_over_time * (float)(t_us[n - 1] - t_us[0]) / 1e6f;
}

void fake_use_fusion(const at_fusion *f)
{
    real_fusion = f;
}

int fake_audio_run(const at_audio_net *a, at_graph *graph, const float *rows, int n,
                   const float *functionals, at_audio_result *out)
{
    (void)a, (void)graph, (void)functionals;
    memset(out, 0, sizeof *out);
    out->embedding[0] = (float)n;
    out->embedding[1] = rows[0];
    fake_listens++;
    return ATTUNE_OK;
}

void fake_use_baseline(int on)
{
    usual[ATTUNE_FACE] = (at_usual){
        .classes = on ? AT_FACE_CLASSES : 0, .temperature = 1, .answer = {{2}}, .share = {1}};
}

const at_usual *fake_fusion_usual(const at_fusion *f, int modality)
{
    (void)f;
    return &usual[modality];
}

int fake_fusion_answers_again(const at_fusion *f)
{
    (void)f;
    return fake_answers_again;
}

void fake_fusion_run(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS],
                     at_estimate *out)
{
    float sum = 0;
    (void)f;
    if (real_fusion) {
        at_fusion_run(real_fusion, evidence, out);
        return;
    }
    memset(out, 0, sizeof *out);
    fake_tokens = evidence[ATTUNE_FACE].tokens.n;
    fake_beside = 0;
    for (int m = ATTUNE_MODALITIES; m < ATTUNE_STREAMS; m++)
        fake_beside |= (unsigned)evidence[m].present << m;
    for (int i = 0; i < fake_tokens && i < FAKE_TOKENS; i++)
        fake_token_us[i] = evidence[ATTUNE_FACE].tokens.t_us[i];
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        if (evidence[m].present) {
            out->condition[m] = out->reliability[m] = evidence[m].share;
            out->used |= 1u << m;
            sum += evidence[m].share;
        }
    }
    out->abstain = !out->used;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        out->weight[m] = sum > 0 ? out->reliability[m] / sum : 0;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        out->emotion7[e] = 1.0f / ATTUNE_EMOTIONS;
    if (evidence[ATTUNE_FACE].present) /* the mean logits, for the tests to see */
        memcpy(out->emotion7, evidence[ATTUNE_FACE].logit, sizeof out->emotion7);
    out->has_state = evidence[ATTUNE_FACE].present;
}

void fake_fusion_answer(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS],
                        at_estimate *out)
{
    (void)f;
    if (evidence[ATTUNE_FACE].present)
        memcpy(out->emotion7, evidence[ATTUNE_FACE].logit, sizeof out->emotion7);
}

void fake_fusion_emotion(const at_fusion *f, int modality, const float *logit, float *emotion7)
{
    (void)f, (void)modality;
    memcpy(emotion7, logit, ATTUNE_EMOTIONS * sizeof *emotion7);
}

at_weight_source fake_weights_source(const at_weights *w)
{
    (void)w;
    return (at_weight_source){0};
}

const attune_model *fake_model(void)
{
    static int part;
    static attune_model m = {.has_detector = 1};
    m.kn = at_kernels_best();
    m.visual = (at_visual_net *)(void *)&part;
    m.audio = (at_audio_net *)(void *)&part;
    m.fusion = (at_fusion *)(void *)&part;
    return &m;
}
