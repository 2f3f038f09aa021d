#include "eval/grade.h"

#include "dsp/vad.h"
#include "runtime/face_evidence.h"
#include "runtime/voice.h"

#include <math.h>

static const float clean_enough = 0.5f; /* of a quality from 0 to 1 */
static const float hidden = 0.25f;      /* up to there at_sighting_quality sees nothing amiss */

at_grade at_grade_of_face(const attune_quality *quality)
{
    at_sighting sighting = {.measured = *quality};
    if (quality->coverage > hidden)
        return AT_OCCLUDED;
    sighting.measured.coverage = 0;
    return at_sighting_quality(&sighting) < clean_enough ? AT_LOW_QUALITY : AT_NORMAL;
}

at_grade at_grade_of_voice(const at_voice_quality *quality)
{
    const float figure =
        at_voice_quality_figure(quality->clear, quality->clipped_share, quality->voice_like);
    return figure < clean_enough ? AT_LOW_QUALITY : AT_NORMAL;
}

at_grade at_grade_of_clip(const attune_quality *quality)
{
    const float half_heard = ((float)AT_SNR_LOST_DB + (float)AT_SNR_CLEAR_DB) / 2;
    const int noisy = isfinite(quality->snr_db) && quality->snr_db < half_heard;
    const at_grade face = isfinite(quality->sharpness) ? at_grade_of_face(quality) : AT_NORMAL;
    if (!isfinite(quality->sharpness) && !isfinite(quality->snr_db))
        return AT_LOW_QUALITY;
    return face == AT_NORMAL && noisy ? AT_LOW_QUALITY : face;
}
