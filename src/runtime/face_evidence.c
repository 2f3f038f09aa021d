#include "runtime/face_evidence.h"

#include "runtime/ramp.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const float degrees = 57.29578f; /* a radian */

float at_sighting_quality(const at_sighting *s)
{
    const float parts[] = {
        at_ramp(s->measured.sharpness, 0.05f, 0.55f),
        at_ramp(s->measured.brightness, 0.03f, 0.2f),
        at_ramp(s->measured.brightness, 1.0f, 0.9f),
        at_ramp(s->measured.contrast, 0.02f, 0.15f),
        at_ramp(s->measured.face_size, 4, 20),
        at_ramp(s->measured.coverage, 0.9f, 0.25f),
        at_ramp(s->measured.detector_score, 0.3f, 0.75f),
        at_ramp(fabsf(s->measured.yaw), 60, 30),
        at_ramp(fabsf(s->measured.pitch), 60, 30),
    };
    float least = 1;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        least = fminf(least, parts[i]);
    return least;
}

float at_sighting_worth(const at_sighting *s)
{
    const float least = 0.02f; /* where every frame is bad, bad frames have to do */
    return fmaxf(at_sighting_quality(s), least) * fmaxf(s->measured.detector_score, least);
}

float at_rest(float opened)
{
    const float sharpness =
        8; /* chosen on talkers who took no part in training: docs/decisions.md */
    return isfinite(opened) ? expf(-sharpness * fmaxf(opened, 0)) : 1;
}

float at_face_coverage(float covered_logit, float outside)
{
    return outside + (1 - outside) / (1 + expf(-covered_logit));
}

attune_quality at_face_measured(const at_face_quality *q, const float *covered, const at_pose *pose)
{
    return (attune_quality){
        .sharpness = q->sharpness,
        .brightness = q->brightness,
        .contrast = q->contrast,
        .face_size = q->face_size,
        .detector_score = q->detector_score,
        .coverage = covered ? at_face_coverage(*covered, q->outside) : q->outside,
        .yaw = pose->yaw,
        .pitch = pose->pitch,
        .roll = pose->roll,
    };
}

_Static_assert(sizeof(at_visual_result) % sizeof(float) == 0, "an array of floats");
_Static_assert(sizeof(attune_quality) % sizeof(float) == 0, "an array of floats");
enum {
    VISUAL_FLOATS = sizeof(at_visual_result) / sizeof(float),
    MEASURES = sizeof(attune_quality) / sizeof(float),
};

/* Whether the i-th number of an at_visual_result is a logit of the expression. */
static int is_expressed(size_t i)
{
    const size_t size = sizeof(float);
    return (i >= offsetof(at_visual_result, expression) / size &&
            i < offsetof(at_visual_result, expression) / size + AT_FACE_CLASSES) ||
           (i >= offsetof(at_visual_result, basic) / size &&
            i < offsetof(at_visual_result, basic) / size + AT_BASIC_CLASSES);
}

void at_face_evidence_add(at_face_evidence *e, const at_sighting *s, float opened)
{
    const float k = at_sighting_worth(s), rest = k * at_rest(opened);
    const float *seen = (const float *)(const void *)&s->visual;
    const float *measure = (const float *)(const void *)&s->measured;
    float *sum = (float *)(void *)&e->visual, *measured = (float *)(void *)&e->measured;

    e->sightings++;
    e->weight += k;
    e->rest += rest;
    e->quality += at_sighting_quality(s);
    memcpy(e->box, s->box, sizeof e->box);
    for (size_t i = 0; i < MEASURES; i++)
        measured[i] += measure[i];
    e->upright[0] += sinf(s->pose.roll / degrees);
    e->upright[1] += cosf(s->pose.roll / degrees);
    for (size_t i = 0; i < VISUAL_FLOATS; i++)
        sum[i] += seen[i] * (is_expressed(i) ? rest : k);
}

void at_face_evidence_finish(at_face_evidence *e)
{
    float k = e->sightings ? 1.0f / (float)e->sightings : 0;
    float *visual = (float *)(void *)&e->visual, *measured = (float *)(void *)&e->measured;

    e->quality *= k;
    for (size_t i = 0; i < MEASURES; i++)
        measured[i] *= k;
    e->measured.roll = degrees * atan2f(e->upright[0], e->upright[1]);
    for (size_t i = 0; i < VISUAL_FLOATS && e->sightings; i++)
        visual[i] /= is_expressed(i) ? e->rest : e->weight;
}

static float least_open(const at_sighting *const *s, int n, int i, int step)
{
    float least = s[i]->visual.units[AT_UNIT_JAW_OPEN];
    for (int k = i; k >= 0 && k < n && llabs(s[k]->t_us - s[i]->t_us) <= AT_REST_US; k += step)
        least = fminf(least, s[k]->visual.units[AT_UNIT_JAW_OPEN]);
    return least;
}

/* How much wider the mouth is open in the i-th than at its least around it. */
static float opened(const at_sighting *const *s, int n, int i)
{
    return s[i]->visual.units[AT_UNIT_JAW_OPEN] -
           fminf(least_open(s, n, i, -1), least_open(s, n, i, 1));
}

void at_face_evidence_of(at_face_evidence *e, const at_sighting *const *s, int n)
{
    memset(e, 0, sizeof *e);
    for (int i = 0; i < n; i++)
        at_face_evidence_add(e, s[i], opened(s, n, i));
    at_face_evidence_finish(e);
}
