#include "eval/evidence.h"

#include "runtime/face_evidence.h"
#include "runtime/voice.h"
#include "vision/quality.h"

void at_rating_free(at_rating *r)
{
    at_image_free(&r->native);
    at_picture_work_free(&r->picture);
}

int at_rate_face(at_rating *r, const at_face_sample *s, const at_image *aligned, int drawn,
                 const at_visual_result *v, float *quality)
{
    const attune_picture picture = at_picture_of(drawn ? aligned : &s->image);
    const at_face face = drawn ? at_align_reference() : s->face;
    at_face_quality q;
    int status = at_quality_measure(&q, &r->native, &r->picture, aligned, &picture, &face);
    if (status < 0)
        return status;
    q.face_size = at_face_size(&s->face); /* of the source, also where it was drawn */
    q.detector_score = s->face.score;
    const at_pose ahead = {0};
    const at_sighting sighting = {.measured = at_face_measured(&q, &v->covered, &ahead)};
    r->measured = sighting.measured;
    *quality = at_sighting_quality(&sighting);
    return ATTUNE_OK;
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
