#include "eval/evidence.h"

#include "runtime/voice.h"
#include "vision/quality.h"

#include <math.h>

void at_rating_free(at_rating *r)
{
    at_image_free(&r->native);
    at_picture_work_free(&r->picture);
}

/* quality: of the face in picture, aligned. */
static int measure(at_rating *r, const at_face_sample *s, const at_image *aligned,
                   const attune_picture *picture, const at_face *face, at_face_quality *quality)
{
    const int status = at_quality_measure(quality, &r->native, &r->picture, aligned, picture, face);
    quality->face_size = at_face_size(&s->face); /* of the source, also where it was drawn */
    quality->detector_score = s->face.score;
    return status;
}

int at_rate_face(at_rating *r, const at_face_sample *s, const at_image *aligned, int drawn,
                 const at_visual_result *v, float *quality)
{
    const attune_picture picture = at_picture_of(drawn ? aligned : &s->image);
    const at_face face = drawn ? at_align_reference() : s->face;
    at_face_quality q;
    int status = measure(r, s, aligned, &picture, &face, &q);
    if (status < 0)
        return status;
    const at_pose ahead = {0};
    const at_sighting sighting = {.measured = at_face_measured(&q, &v->covered, &ahead)};
    r->measured = sighting.measured;
    *quality = at_sighting_quality(&sighting);
    return ATTUNE_OK;
}

int at_rate_sighting(at_rating *r, const at_face_sample *s, const at_image *aligned,
                     const at_face *face, const at_visual_result *v, int64_t t_us, at_sighting *out)
{
    const attune_picture picture = at_picture_of(aligned);
    at_face_quality q;
    const int status = measure(r, s, aligned, &picture, face, &q);
    if (status < 0)
        return status;
    *out = (at_sighting){.t_us = t_us, .visual = *v};
    out->measured = at_face_measured(&q, &v->covered, &out->pose);
    return ATTUNE_OK;
}

void at_face_mean(const at_sighting *s, int n, int resting, at_visual_result *out)
{
    const at_sighting *seen[AT_MEAN_SIGHTINGS];
    at_face_evidence e = {0};
    n = n < AT_MEAN_SIGHTINGS ? n : AT_MEAN_SIGHTINGS;
    for (int i = 0; i < n; i++) {
        seen[i] = &s[i];
        if (!resting)
            at_face_evidence_add(&e, &s[i], NAN);
    }
    if (resting)
        at_face_evidence_of(&e, seen, n);
    else
        at_face_evidence_finish(&e);
    *out = e.visual;
}

at_evidence at_voice_evidence(const at_voice_heard *heard, const at_audio_result *result)
{
    return (at_evidence){.present = heard->speech >= AT_SPEECH_ROWS_MIN,
                         .embedding = result->embedding,
                         .logit = result->expression,
                         .quality = at_voice_quality_figure(heard->quality.clear,
                                                            heard->quality.clipped_share,
                                                            heard->quality.voice_like),
                         .share = heard->quality.speech_share};
}
