/* face_evidence.h - from the sightings of a face during a window to what the fusion is told.
 * For runtime and eval.
 *
 * Logits and embeddings averaged over the sightings, each weighted by its quality and the
 * detector's score, so that one sharp frame counts more than many blurred ones; and each sighting's
 * embedding as a token.
 *
 * Of what is expressed a face tells most while its mouth rests: a network that learned from stills takes
 * a speaker's open mouth for surprise. So the logits of the expression are weighted besides by how little
 * wider the mouth is open than at its least in the half second before and after: speech closes it that
 * often, and a mouth that stays open for longer loses nothing.
 */
#ifndef AT_RUNTIME_FACE_EVIDENCE_H
#define AT_RUNTIME_FACE_EVIDENCE_H

#include "model/visual.h"
#include "vision/detect.h"
#include "vision/mouth.h"
#include "vision/pose.h"
#include "vision/quality.h"

/* One face in one frame. */
typedef struct at_sighting {
    uint32_t person; /* its at_identity id */
    int64_t t_us;
    float box[4];
    float landmark[AT_LANDMARKS][2];
    float size; /* box area, square pixels */
    at_mouth mouth;
    at_pose pose;
    attune_quality measured; /* the face's members only */
    at_visual_result visual;
} at_sighting;

/* Mean over the sightings of a window. */
typedef struct at_face_evidence {
    int sightings;
    float weight; /* sum of the sightings' weights; the sums below are divided by it at the end */
    float rest;   /* the same for the logits of the expression */
    float quality;
    float box[4];            /* of the latest */
    float upright[2];        /* sums of the roll's sine and cosine */
    attune_quality measured; /* the face's members only */
    at_visual_result visual;
} at_face_evidence;

/* The face's members of what is measured of it. covered: at_visual_result's logit, nullable. */
attune_quality at_face_measured(const at_face_quality *q, const float *covered,
                                const at_pose *pose);
/* How good the input is, as one figure in [0,1], 1 = clean: that of its worst measure, each put on
 * a ramp from where the input is of no use to where nothing is amiss. */
float at_sighting_quality(const at_sighting *s);
/* How much it counts among a window's sightings: more than 0. */
float at_sighting_worth(const at_sighting *s);
/* (0,1] A factor of that for what is expressed. opened: how much wider its mouth is open than at its least
 * within AT_REST_US of it, in the same window; NaN where the model does not know. */
float at_rest(float opened);
enum { AT_REST_US = 500000 };
/* [0,1] Share of a face that is not to be seen: what something hides of it (at_visual_result's logit,
 * of the part in the picture), and what lies outside the picture. */
float at_face_coverage(float covered_logit, float outside);

/* opened: as in at_rest. */
void at_face_evidence_add(at_face_evidence *e, const at_sighting *s, float opened);
void at_face_evidence_finish(at_face_evidence *e);
/* All of a window's sightings of one face, s (n), in order of time. */
void at_face_evidence_of(at_face_evidence *e, const at_sighting *const *s, int n);

#endif
