#include "runtime/evidence.h"

#include "dsp/vad.h"

#include <math.h>
#include <string.h>

/* 0 at lo, 1 at hi, straight between; lo may be over hi. */
static float ramp(float x, float lo, float hi)
{
    return fminf(fmaxf((x - lo) / (hi - lo), 0), 1);
}

float at_sighting_quality(const at_sighting *s)
{
    const float parts[] = {
        ramp(s->sharpness, 0.05f, 0.6f),
        ramp(s->brightness, 0.03f, 0.2f),
        ramp(s->brightness, 1.0f, 0.9f),
        ramp(s->contrast, 0.02f, 0.15f),
        ramp(s->face_size, 4, 20),
        ramp(s->coverage, 0.9f, 0.25f),
        ramp(s->detector_score, 0.3f, 0.75f),
    };
    float least = 1;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        least = fminf(least, parts[i]);
    return least;
}

float at_voice_quality_figure(float clear, float clipped_share)
{
    return fminf(clear, ramp(clipped_share, 0.2f, 0.01f));
}

/* ---- face ------------------------------------------------------------------------------- */

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
    e->first_us = s->first_us;
    e->size += s->size;
    memcpy(e->box, s->box, sizeof e->box);
    e->measured.sharpness += s->sharpness;
    e->measured.brightness += s->brightness;
    e->measured.contrast += s->contrast;
    e->measured.face_size += s->face_size;
    e->measured.detector_score += s->detector_score;
    e->measured.coverage += s->coverage;
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
    for (size_t i = 0; i < VISUAL_FLOATS && e->sightings; i++)
        visual[i] /= e->weight;
}

/* ---- voice ------------------------------------------------------------------------------ */

int at_voice_evidence_make(at_voice_evidence *e, const at_feature_row *rows, size_t n,
                           size_t expected, const at_audio_net *net, at_graph *graph, float *work,
                           unsigned char *speech)
{
    at_voice_quality quality;
    size_t from, to, spoken = 0;

    memset(e, 0, sizeof *e);
    e->snr_db = e->speech_share = NAN;
    if (n == 0)
        return ATTUNE_OK;
    at_voice_quality_of(rows, n, &quality);
    at_features_flatten(rows, n, work, speech);
    for (size_t i = 0; i < n; i++)
        spoken += speech[i];
    e->snr_db = quality.snr_db;
    e->speech_share = quality.speech_share;
    e->quality = at_voice_quality_figure(quality.clear, quality.clipped_share);
    e->share = fminf((float)spoken / (float)(expected ? expected : 1), 1);
    if (!net || spoken < AT_SPEECH_ROWS_MIN)
        return ATTUNE_OK;
    at_features_trim(speech, n, &from, &to);
    work += from * AT_FEATURE_COLS;
    at_features_normalise(work, to - from, speech + from);
    e->present = 1;
    return at_audio_run(net, graph, work, (int)(to - from), &e->audio);
}
