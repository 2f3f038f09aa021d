/* heads.h - label sets, and how the streams' native classes fold into the shared seven.
 *
 * Faces are learned in FER+'s eight classes (Barsoum 2016), voices in RAVDESS's eight
 * (Livingstone & Russo 2018). emotion7 is what both share: contempt is left out and the rest
 * renormalised; calm adds to neutral.
 */
#ifndef AT_MODEL_HEADS_H
#define AT_MODEL_HEADS_H

#include <attune/attune.h>

enum { AT_FACE_CLASSES = 8, AT_VOICE_CLASSES = 8, AT_THRESHOLDS = ATTUNE_LEVELS - 1 };
/* FER2013's own labels, which disagree with FER+'s on every third picture, are a head beside:
 * angry disgust fear happy neutral sad surprise */
enum { AT_BASIC_CLASSES = 7 };

/* FER+ order: neutral happiness surprise sadness anger disgust fear contempt */
extern const char *const at_face_class_names[AT_FACE_CLASSES];
/* RAVDESS order: neutral calm happy sad angry fearful disgust surprised */
extern const char *const at_voice_class_names[AT_VOICE_CLASSES];

/* emotion7 index of a native class, or -1 (contempt). */
extern const int at_face_to_emotion[AT_FACE_CLASSES];
extern const int at_voice_to_emotion[AT_VOICE_CLASSES];

/* Native probabilities (8) to emotion7 (7), renormalised; uniform when nothing is left. */
void at_fold_face(const float *native, float *emotion7);
void at_fold_voice(const float *native, float *emotion7);

/* p (n): softmax(scale x). Nothing overflows; n > 0. */
void at_probabilities(const float *x, int n, float scale, float *p);

/* Cumulative logits P(level > k), k = 0..2, to level probabilities (4). Enforces that the cumulative
 * probabilities do not increase. */
void at_ordinal_to_levels(const float *logit, float *level);

#endif
