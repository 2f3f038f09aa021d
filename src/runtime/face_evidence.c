#include "runtime/face_evidence.h"

#include "runtime/ramp.h"

#include <math.h>
#include <string.h>

static const float degrees = 57.29578f; /* a radian */

float at_sighting_quality(const at_sighting *s)
{
    const float parts[] = {
        at_ramp(s->sharpness, 0.05f, 0.55f),
        at_ramp(s->brightness, 0.03f, 0.2f),
        at_ramp(s->brightness, 1.0f, 0.9f),
        at_ramp(s->contrast, 0.02f, 0.15f),
        at_ramp(s->face_size, 4, 20),
        at_ramp(s->coverage, 0.9f, 0.25f),
        at_ramp(s->detector_score, 0.3f, 0.75f),
        at_ramp(fabsf(s->pose.yaw), 60, 30),
        at_ramp(fabsf(s->pose.pitch), 60, 30),
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

static void add_scaled(float *sum, const float *x, size_t n, float k)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += k * x[i];
}

_Static_assert(sizeof(at_visual_result) % sizeof(float) == 0, "an array of floats");
enum { VISUAL_FLOATS = sizeof(at_visual_result) / sizeof(float) };

void at_face_evidence_add(at_face_evidence *e, const at_sighting *s)
{
    /* Where every frame is bad, bad frames have to do. */
    const float least = 0.02f;
    float quality = at_sighting_quality(s);
    float k = fmaxf(quality, least) * fmaxf(s->detector_score, least);

    e->sightings++;
    e->weight += k;
    e->quality += quality;
    memcpy(e->box, s->box, sizeof e->box);
    e->measured.sharpness += s->sharpness;
    e->measured.brightness += s->brightness;
    e->measured.contrast += s->contrast;
    e->measured.face_size += s->face_size;
    e->measured.detector_score += s->detector_score;
    e->measured.coverage += s->coverage;
    e->measured.yaw += s->pose.yaw;
    e->measured.pitch += s->pose.pitch;
    e->upright[0] += sinf(s->pose.roll / degrees);
    e->upright[1] += cosf(s->pose.roll / degrees);
    add_scaled((float *)(void *)&e->visual, (const float *)(const void *)&s->visual, VISUAL_FLOATS,
               k);
}

void at_face_evidence_finish(at_face_evidence *e)
{
    float k = e->sightings ? 1.0f / (float)e->sightings : 0;
    float *visual = (float *)(void *)&e->visual;

    e->quality *= k;
    e->measured.sharpness *= k;
    e->measured.brightness *= k;
    e->measured.contrast *= k;
    e->measured.face_size *= k;
    e->measured.detector_score *= k;
    e->measured.coverage *= k;
    e->measured.yaw *= k;
    e->measured.pitch *= k;
    e->measured.roll = degrees * atan2f(e->upright[0], e->upright[1]);
    for (size_t i = 0; i < VISUAL_FLOATS && e->sightings; i++)
        visual[i] /= e->weight;
}
