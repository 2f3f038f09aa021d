/* evidence_set.h - what frozen networks make of one stream's samples, as they are and degraded: all that a
 * fusion learns from, computed once.
 *
 * Through the preprocessing that runs. A face is seen several times in a row, as a video sees it: moved and
 * lit a little, every second time in the mirror, degraded alike all along (degrade.h). A voice is heard as
 * a window hears it. What was computed is kept in the run's output folder, under a name made of all that it
 * depends on, so that other fusions on the same samples, and a run that is resumed, need not do it again.
 */
#ifndef AT_TRAIN_EVIDENCE_SET_H
#define AT_TRAIN_EVIDENCE_SET_H

#include "fusion/fusion.h"
#include "signal/embed.h"
#include "train/learn.h"

/* Sizes of an embedding and of a token, and how many of these an evidence has at most. */
typedef struct at_evidence_shape {
    int dims, token, tokens;
} at_evidence_shape;

typedef struct at_evidence_set {
    at_evidence_shape shape;
    int samples,
        versions;      /* version 0 is as it is, the others are degraded, each sample in its way */
    at_evidence *list; /* (samples, versions); absent where there was no face or no speech */
    int *emotion;      /* (samples) of the seven; -1: none, or not present as it is */
    float *room;       /* rows of numbers that list points into (evidence_room.h) */
    int64_t *times;
} at_evidence_set;

/* Of all samples of the corpus that can be read. model: the networks and the detector. */
int at_face_evidence_set(at_evidence_set *out, const at_job *job, const at_weights *model,
                         const at_fusion_settings *s, const at_corpus *faces, attune_error *err);
int at_voice_evidence_set(at_evidence_set *out, const at_job *job, const at_weights *model,
                          const at_fusion_settings *s, const at_corpus *voices, attune_error *err);
/* Of what was recorded beside the samples: absent where nothing was. A signal's windows lie at several places of its
 * log, a version each. fit: scale's columns are standardised as these samples are; else as scale says. */
int at_signal_evidence_set(at_evidence_set *out, const at_job *job, const at_fusion_settings *s,
                           at_signal_scale *scale, int fit, const at_corpus *c, attune_error *err);
int at_chat_evidence_set(at_evidence_set *out, const at_job *job, const at_beside_settings *b,
                         const at_corpus *c, attune_error *err);
void at_evidence_set_free(at_evidence_set *s);

static inline const at_evidence *at_evidence_of(const at_evidence_set *s, int sample, int version)
{
    return &s->list[(size_t)sample * (size_t)s->versions + (size_t)version];
}

/* Mean and one over the deviation of all embeddings that are present, (dims) each. */
int at_evidence_statistics(const at_evidence_set *s, float *mean, float *scale, attune_error *err);

#endif
