/* run_pictures.c - single pictures of faces, found and aligned as a session would. */
#include "base/error.h"
#include "base/mem.h"
#include "eval/classes.h"
#include "eval/evidence.h"
#include "eval/face_encoders.h"
#include "eval/grade.h"
#include "eval/run.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A picture whose luma deviates by less than this many levels of 255 shows nothing, whatever its set
 * says. */
static const double blank_deviation = 1;

/* What a thread works in; made when it has its first picture. */
typedef struct seat {
    at_image image;
    at_rating rating;
    float *work;
    at_visual_result result;
} seat;

typedef struct pictures {
    const at_face_encoder *encoder;
    void *net;  /* the encoder's */
    seat *seat; /* a thread */
} pictures;

typedef struct batch {
    pictures *p;
    const at_run_context *r;
    at_faces faces;
    int crops, first;
    at_answer *answer;
    atomic_int status;
} batch;

static void close_pictures(void *state, const at_run_context *r)
{
    pictures *p = state;
    if (!p)
        return;
    for (int t = 0; p->seat && t < at_pool_threads(r->pool); t++) {
        at_image_free(&p->seat[t].image);
        at_rating_free(&p->seat[t].rating);
        at_free(p->seat[t].work);
    }
    free(p->seat);
    p->encoder->close(&p->net);
    free(p);
}

static int open_pictures(void **state, const at_run_context *r, attune_error *err)
{
    pictures *p = calloc(1, sizeof *p);
    if (!p)
        return at_fail_nomem(err);
    *state = p;
    const at_face_source from = {.weights = r->weights,
                                 .ranges = r->ranges,
                                 .onnx = r->options->face.file ? &r->options->face : NULL};
    p->encoder = at_face_encoder_of(&from);
    p->seat = calloc((size_t)at_pool_threads(r->pool), sizeof *p->seat);
    int status = p->seat ? p->encoder->open(&p->net, &from, err) : at_fail_nomem(err);
    if (status == ATTUNE_OK && !p->encoder->knows(p->net, r->head))
        status = at_fail(err, ATTUNE_E_FORMAT, "%s was not taught %s",
                         from.onnx ? from.onnx->file : "the model", at_heads[r->head].name);
    return status;
}

/* As a session would rate it; zeros where the detector saw no face. number: of the sample. ATTUNE_OK or
 * ATTUNE_E_NOMEM. */
static int rate(const at_run_context *r, const at_face_sample *s, int number, seat *t, at_answer *a)
{
    const at_evidence_sink *sink = r->options->evidence;
    const at_visual_result *v = &t->result;
    at_estimate estimate;
    float quality;
    a->grade = AT_LOW_QUALITY;
    if (!s->found)
        return ATTUNE_OK;
    int status =
        at_rate_face(&t->rating, s, &t->image, at_harms_pictures(&r->options->harms), v, &quality);
    if (status < 0)
        return status;
    a->grade = at_grade_of_face(&t->rating.measured);
    const at_evidence evidence[ATTUNE_STREAMS] = {[ATTUNE_FACE] = {.present = 1,
                                                                   .embedding = v->embedding,
                                                                   .logit = v->expression,
                                                                   .quality = quality,
                                                                   .share = 1}};
    at_fusion_run(r->fusion, evidence, &estimate);
    a->reliability[ATTUNE_FACE] = estimate.reliability[ATTUNE_FACE];
    a->condition[ATTUNE_FACE] = estimate.condition[ATTUNE_FACE];
    return sink ? sink->take(sink->user, number, ATTUNE_FACE, &evidence[ATTUNE_FACE]) : ATTUNE_OK;
}

static void keep_logits(at_answer *a, const float *logit, int n)
{
    a->logits = n;
    memcpy(a->logit, logit, (size_t)n * sizeof *logit);
}

/* Of a network that was not taught it, what its levels say. */
static void judge_dominant(const at_visual_result *v, at_answer *a)
{
    if (isfinite(v->dominant[0])) {
        at_probabilities(v->dominant, ATTUNE_STATES, 1, a->p);
        keep_logits(a, v->dominant, ATTUNE_STATES);
    } else {
        at_state_shares(a);
        keep_logits(a, v->state, ATTUNE_STATES * AT_THRESHOLDS);
    }
}

static void fill_answer(const at_run_context *r, const at_visual_result *v, at_answer *a)
{
    float native[AT_FACE_CLASSES], engagement[ATTUNE_ENGAGEMENTS];
    int n = at_heads[r->head].outputs;
    at_fusion_native(r->fusion, ATTUNE_FACE, v->expression, native);
    at_fusion_states(r->fusion, v->state, v->engagement, a->state, engagement);
    switch (r->head) {
    case AT_HEAD_FACE8:
        memcpy(a->p, native, sizeof native);
        keep_logits(a, v->expression, n);
        break;
    case AT_HEAD_FACE7:
        at_fusion_basic(r->fusion, v->basic, a->p);
        keep_logits(a, v->basic, n);
        break;
    case AT_HEAD_ENGAGEMENT3:
        memcpy(a->p, engagement, sizeof engagement);
        keep_logits(a, v->engagement, n);
        break;
    case AT_HEAD_STATE4:
        at_state_shares(a);
        keep_logits(a, v->state, n);
        break;
    case AT_HEAD_DOMINANT4: judge_dominant(v, a); break;
    default: /* EMOTION7: the others have no pictures */
        at_fusion_emotion(r->fusion, ATTUNE_FACE, v->expression, a->p);
        keep_logits(a, v->expression, AT_FACE_CLASSES);
        break;
    }
}

/* The face as the network sees it, degraded if that is asked for. number: of the sample. */
static int draw(const at_run_context *r, const at_face_sample *s, int number, at_image *out)
{
    int status = at_face_render(s, AT_FACE_SIZE, NULL, 0, 0, out, NULL);
    return status < 0 ? status : at_harms_picture(&r->options->harms, (uint64_t)number, out);
}

static int is_blank(const at_image *im)
{
    double sum = 0, squares = 0, n = (double)im->w * im->h;
    for (int y = 0; y < im->h; y++) {
        const uint8_t *p = at_image_at(im, 0, y);
        for (int x = 0; x < im->w; x++, p += 3) {
            double luma = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
            sum += luma;
            squares += luma * luma;
        }
    }
    return squares / n - sum / n * (sum / n) < blank_deviation * blank_deviation;
}

static int judge(batch *b, const at_face_sample *s, seat *t, at_answer *a)
{
    a->crop = !s->found;
    a->outcome = AT_WITHHELD;
    a->why = "no face";
    if (!s->found && !b->crops)
        return ATTUNE_OK;
    int status = draw(b->r, s, b->first + s->slot, &t->image);
    if (status < 0)
        return status;
    a->why = "blank picture";
    if (!s->found && is_blank(&t->image))
        return ATTUNE_OK;
    b->p->encoder->look(b->p->net, &t->image, t->work, &t->result);
    fill_answer(b->r, &t->result, a);
    a->outcome = AT_ANSWERED;
    return rate(b->r, s, b->first + s->slot, t, a);
}

static void judge_task(void *arg, int task, int thread)
{
    batch *b = arg;
    seat *t = &b->p->seat[thread];
    const at_face_sample *s = &b->faces.list[task];
    if (!t->work)
        t->work = at_alloc(b->p->encoder->workspace(b->p->net), sizeof *t->work);
    int status = t->work ? judge(b, s, t, &b->answer[s->slot]) : ATTUNE_E_NOMEM;
    if (status < 0)
        atomic_store(&b->status, status);
}

static int answer_pictures(void *state, const at_run_context *r, const at_corpus *some, int first,
                           at_answer *answer, attune_error *err)
{
    const at_weights_pair arrays = {r->weights, r->ranges};
    at_weight_source detector = at_weights_pair_source(&arrays);
    batch b = {.p = state,
               .r = r,
               .crops = some->crops || r->options->crops,
               .first = first,
               .answer = answer};
    int status = at_faces_load(&b.faces, some, 1, &detector, r->pool, NULL, err);
    if (status < 0)
        return status;
    at_pool_run(r->pool, b.faces.count, judge_task, &b);
    at_faces_free(&b.faces);
    status = atomic_load(&b.status);
    return status < 0 ? at_fail(err, (attune_status)status, "a picture could not be drawn")
                      : ATTUNE_OK;
}

const at_run_kind at_run_pictures = {ATTUNE_FACE, 256, open_pictures, answer_pictures,
                                     close_pictures};
