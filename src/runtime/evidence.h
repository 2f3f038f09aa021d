/* evidence.h - from what was seen and heard during a window to what the fusion is told. Private
 * to runtime.
 *
 * Face: logits and embeddings averaged over the sightings, each weighted by its quality and the
 * detector's score, so that one sharp frame counts more than many blurred ones. Voice: the
 * window's feature rows, cut to the stretch with speech and normalised as in training, through
 * the network once.
 */
#ifndef AT_RUNTIME_EVIDENCE_H
#define AT_RUNTIME_EVIDENCE_H

#include "dsp/features.h"
#include "model/audio.h"
#include "model/visual.h"
#include "vision/quality.h"

/* Less speech than this in a window, and the voice is not used. */
enum { AT_SPEECH_ROWS_MIN = 40 };

/* One face in one frame. */
typedef struct at_sighting {
    uint32_t track;
    int64_t first_us; /* first sighting of the track */
    float box[4];
    float size; /* box area, square pixels */
    float sharpness, brightness, contrast, face_size, detector_score, coverage;
    at_visual_result visual;
} at_sighting;

/* Mean over the sightings of a window. */
typedef struct at_face_evidence {
    int sightings;
    float weight; /* sum of the sightings' weights; the sums below are divided by it at the end */
    float quality;
    float box[4]; /* of the latest */
    int64_t first_us;
    float size;
    attune_quality measured; /* the face's members only */
    at_visual_result visual;
} at_face_evidence;

typedef struct at_voice_evidence {
    int present; /* enough speech, and a network to hear it */
    float quality, share;
    float snr_db, speech_share; /* NaN where there was nothing to measure */
    at_audio_result audio;
} at_voice_evidence;

/* How good the input is, as one figure in [0,1], 1 = clean: that of its worst measure, each put on
 * a ramp from where the input is of no use to where nothing is amiss. */
float at_sighting_quality(const at_sighting *s);
float at_voice_quality_figure(float clear, float clipped_share); /* at_voice_quality's */

void at_face_evidence_add(at_face_evidence *e, const at_sighting *s);
void at_face_evidence_finish(at_face_evidence *e);

/* rows (n): those of the window, in order. net nullable. expected: rows that a window without
 * gaps has. work: n * AT_FEATURE_COLS floats and n bytes. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_voice_evidence_make(at_voice_evidence *e, const at_feature_row *rows, size_t n,
                           size_t expected, const at_audio_net *net, at_graph *graph, float *work,
                           unsigned char *speech);

#endif
