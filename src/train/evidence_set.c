#include "base/error.h"
#include "base/mem.h"
#include "train/calibrate.h"
#include "train/drawn_harm.h"
#include "train/evidence_room.h"
#include <math.h>
#include <string.h>

enum { HEAD = 4 };

static size_t row_floats(const at_evidence_shape *h)
{
    const size_t tokens = (size_t)h->tokens;
    return HEAD + tokens + (size_t)h->dims + AT_MOST_CLASSES + tokens * (size_t)h->token;
}

static size_t rows_of(const at_evidence_set *s)
{
    return (size_t)s->samples * (size_t)s->versions;
}

int at_evidence_room(at_evidence_set *s, int samples, attune_error *err)
{
    s->samples = samples;
    const size_t n = rows_of(s);
    s->list = at_calloc(n, sizeof *s->list);
    s->room = at_calloc(n, row_floats(&s->shape) * sizeof(float));
    s->times = at_calloc(n, (size_t)s->shape.tokens * sizeof(int64_t));
    s->emotion = at_calloc((size_t)samples, sizeof(int));
    return s->list && s->room && s->times && s->emotion ? ATTUNE_OK : at_fail_nomem(err);
}

void at_evidence_set_free(at_evidence_set *s)
{
    at_free(s->list);
    at_free(s->room);
    at_free(s->times);
    at_free(s->emotion);
    memset(s, 0, sizeof *s);
}

at_evidence_row at_evidence_row_of(const at_evidence_set *s, int sample, int version)
{
    const size_t i = (size_t)sample * (size_t)s->versions + (size_t)version;
    float *p = s->room + i * row_floats(&s->shape);
    at_evidence_row r = {.present = p, .quality = p + 1, .share = p + 2, .tokens = p + 3};
    r.time_us = p + HEAD;
    r.embedding = r.time_us + s->shape.tokens;
    r.logit = r.embedding + s->shape.dims;
    r.token = r.logit + AT_MOST_CLASSES;
    return r;
}

static void settle(at_evidence_set *s, int sample, int version)
{
    const at_evidence_row r = at_evidence_row_of(s, sample, version);
    const size_t i = (size_t)sample * (size_t)s->versions + (size_t)version;
    int64_t *times = s->times + i * (size_t)s->shape.tokens;
    for (int k = 0; k < (int)*r.tokens; k++)
        times[k] = (int64_t)r.time_us[k];
    s->list[i] = (at_evidence){.present = *r.present > 0,
                               .embedding = r.embedding,
                               .logit = r.logit,
                               .tokens = {(int)*r.tokens, s->shape.token, r.token, times},
                               .quality = *r.quality,
                               .share = *r.share};
}

int at_evidence_settle(at_evidence_set *s, attune_error *err)
{
    const size_t floats = rows_of(s) * row_floats(&s->shape);
    for (size_t i = 0; i < floats; i++)
        if (!isfinite(s->room[i]))
            return at_fail(err, ATTUNE_E_FORMAT,
                           "a model's answers are not finite: broken weights");
    for (int i = 0; i < s->samples; i++) {
        for (int v = 0; v < s->versions; v++)
            settle(s, i, v);
        if (!at_evidence_of(s, i, 0)->present)
            s->emotion[i] = -1;
    }
    return ATTUNE_OK;
}

at_harms at_evidence_harm(const at_fusion_settings *s, int to_sound, int sample, int version)
{
    return at_drawn_harm(s->harm, version ? s->harms : 0, to_sound,
                         at_step_seed(s->plan.seed, version), (uint64_t)sample);
}

int at_evidence_statistics(const at_evidence_set *s, float *mean, float *scale, attune_error *err)
{
    const int dims = s->shape.dims;
    float *x = at_alloc(rows_of(s) * (size_t)dims, sizeof *x);
    int n = 0;
    if (!x)
        return at_fail_nomem(err);
    for (size_t i = 0; i < rows_of(s); i++)
        if (s->list[i].present)
            memcpy(x + (size_t)n++ * (size_t)dims, s->list[i].embedding, (size_t)dims * sizeof *x);
    at_fit_reference(x, n, dims, mean, scale);
    for (int i = 0; i < dims; i++)
        scale[i] = 1 / sqrtf(fmaxf(scale[i], 1e-12f));
    at_free(x);
    return n > 1 ? ATTUNE_OK : at_fail(err, ATTUNE_E_ARG, "no face or no voice in the samples");
}
