#include "runtime/face_evidence.h"

#include "runtime/ramp.h"

#include <math.h>
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

static void add_scaled(float *sum, const float *x, size_t n, float k)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += k * x[i];
}

_Static_assert(sizeof(at_visual_result) % sizeof(float) == 0, "an array of floats");
_Static_assert(sizeof(attune_quality) % sizeof(float) == 0, "an array of floats");
enum {
    VISUAL_FLOATS = sizeof(at_visual_result) / sizeof(float),
    MEASURES = sizeof(attune_quality) / sizeof(float),
};

void at_face_evidence_add(at_face_evidence *e, const at_sighting *s)
{
    /* Where every frame is bad, bad frames have to do. */
    const float least = 0.02f;
    float quality = at_sighting_quality(s);
    float k = fmaxf(quality, least) * fmaxf(s->measured.detector_score, least);

    e->sightings++;
    e->weight += k;
    e->quality += quality;
    memcpy(e->box, s->box, sizeof e->box);
    add_scaled((float *)(void *)&e->measured, (const float *)(const void *)&s->measured, MEASURES,
               1);
    e->upright[0] += sinf(s->pose.roll / degrees);
    e->upright[1] += cosf(s->pose.roll / degrees);
    add_scaled((float *)(void *)&e->visual, (const float *)(const void *)&s->visual, VISUAL_FLOATS,
               k);
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
        visual[i] /= e->weight;
}
