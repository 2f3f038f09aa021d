#include "model/heads.h"
#include <math.h>

const char *const at_face_class_names[AT_FACE_CLASSES] = {
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
};

const char *const at_voice_class_names[AT_VOICE_CLASSES] = {
    "neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised",
};

const int at_face_to_emotion[AT_FACE_CLASSES] = {
    ATTUNE_NEUTRAL, ATTUNE_HAPPY,     ATTUNE_SURPRISED, ATTUNE_SAD,
    ATTUNE_ANGRY,   ATTUNE_DISGUSTED, ATTUNE_FEARFUL,   -1,
};

const int at_voice_to_emotion[AT_VOICE_CLASSES] = {
    ATTUNE_NEUTRAL, ATTUNE_NEUTRAL, ATTUNE_HAPPY,     ATTUNE_SAD,
    ATTUNE_ANGRY,   ATTUNE_FEARFUL, ATTUNE_DISGUSTED, ATTUNE_SURPRISED,
};

static void fold(const float *native, const int *map, int n, float *emotion7)
{
    float sum = 0;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        emotion7[e] = 0;
    for (int i = 0; i < n; i++)
        if (map[i] >= 0) {
            emotion7[map[i]] += native[i];
            sum += native[i];
        }
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        emotion7[e] = sum > 0 ? emotion7[e] / sum : 1.0f / ATTUNE_EMOTIONS;
}

void at_fold_face(const float *native, float *emotion7)
{
    fold(native, at_face_to_emotion, AT_FACE_CLASSES, emotion7);
}

void at_fold_voice(const float *native, float *emotion7)
{
    fold(native, at_voice_to_emotion, AT_VOICE_CLASSES, emotion7);
}

void at_probabilities(const float *x, int n, float scale, float *p)
{
    float max = x[0], sum = 0;
    for (int i = 1; i < n; i++)
        max = fmaxf(max, x[i]);
    for (int i = 0; i < n; i++)
        sum += p[i] = expf((x[i] - max) * scale);
    for (int i = 0; i < n; i++)
        p[i] /= sum;
}

void at_ordinal_to_levels(const float *logit, float *level)
{
    float above = 1; /* P(level > k - 1) */
    for (int k = 0; k < AT_THRESHOLDS; k++) {
        float p = 1 / (1 + expf(-logit[k]));
        if (p > above)
            p = above;
        level[k] = above - p;
        above = p;
    }
    level[AT_THRESHOLDS] = above;
}
