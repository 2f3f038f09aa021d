/* baseline.h - what is usual for a person: the offset of their answers that stays whatever they show.
 *
 * A face that always looks a little sad, a voice that always sounds angry: the offset of a person's
 * scaled, centred logits z from those of other people who show the same. It is followed while a
 * session lasts and taken out of the logits before they are fused. Each moment says
 *
 *     d = z - sum_k q_k c_k,   q_k ~ share_k exp(b (z_k - m_k))
 *
 * of it: what is left of z when the classes' usual answers c_k, weighted by how likely each class is
 * (an expectation step, Dempster 1977), are taken away, so that a long happy spell is happiness rather
 * than a happy face. m is the mean of these, each held to a distance from the mean before it (an
 * M-estimate, Huber 1964), so that a short outburst moves it little, and drawn to 0 as if a few
 * seconds had said so (a posterior mean, as in Gauvain & Lee 1994), so that a few seconds prove little.
 * It has a largest size: an expression that is sure stays, however long it lasts.
 */
#ifndef AT_FUSION_BASELINE_H
#define AT_FUSION_BASELINE_H

#include "model/heads.h"
#include "tensor/weights.h"

/* Of one modality's answers, from a model file. */
typedef struct at_usual {
    int classes;                                    /* 0: the model does not say; no baseline */
    float temperature;                              /* that scales its logits */
    float answer[AT_MOST_CLASSES][AT_MOST_CLASSES]; /* c_k */
    float share[AT_MOST_CLASSES];                   /* of people's time, sum 1 */
} at_usual;

/* Of one person, zero at first. */
typedef struct at_baseline {
    float offset[AT_MOST_CLASSES]; /* m, in scaled logits */
    float seconds;                 /* that it rests on */
} at_baseline;

/* Arrays of.usual.answer (classes^2) and of.usual.share (classes); without them classes is 0. */
int at_usual_load(at_usual *u, const at_weights *w, const char *of, int classes, float temperature,
                  attune_error *err);

/* out (classes): the logits without the offset; may be the same array. */
void at_baseline_remove(const at_usual *u, const at_baseline *b, const float *logit, float *out);
/* Takes in logits as they were, of so many seconds. */
void at_baseline_follow(const at_usual *u, at_baseline *b, const float *logit, float seconds);

#endif
