#include "model/heads.h"
#include <math.h>
#include <string.h>
#include <strings.h>

static const char *const face8_names[AT_FACE_CLASSES] = {
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
};
static const int face8_emotion[AT_FACE_CLASSES] = {
    ATTUNE_NEUTRAL, ATTUNE_HAPPY,     ATTUNE_SURPRISED, ATTUNE_SAD,
    ATTUNE_ANGRY,   ATTUNE_DISGUSTED, ATTUNE_FEARFUL,   -1,
};

static const char *const face7_names[AT_BASIC_CLASSES] = {
    "angry", "disgust", "fear", "happy", "neutral", "sad", "surprise",
};
static const int face7_emotion[AT_BASIC_CLASSES] = {
    ATTUNE_ANGRY,   ATTUNE_DISGUSTED, ATTUNE_FEARFUL,   ATTUNE_HAPPY,
    ATTUNE_NEUTRAL, ATTUNE_SAD,       ATTUNE_SURPRISED,
};

static const char *const voice8_names[AT_VOICE_CLASSES] = {
    "neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised",
};
static const int voice8_emotion[AT_VOICE_CLASSES] = {
    ATTUNE_NEUTRAL, ATTUNE_NEUTRAL, ATTUNE_HAPPY,     ATTUNE_SAD,
    ATTUNE_ANGRY,   ATTUNE_FEARFUL, ATTUNE_DISGUSTED, ATTUNE_SURPRISED,
};

static const int emotion7_emotion[ATTUNE_EMOTIONS] = {
    ATTUNE_NEUTRAL, ATTUNE_HAPPY,     ATTUNE_SAD,       ATTUNE_ANGRY,
    ATTUNE_FEARFUL, ATTUNE_DISGUSTED, ATTUNE_SURPRISED,
};

const at_head_info at_heads[AT_HEADS] = {
    [AT_HEAD_FACE8] = {"face8", "visual.expression", AT_FACE_CLASSES, 0, AT_FACE_CLASSES,
                       face8_names, face8_emotion},
    [AT_HEAD_FACE7] = {"face7", "visual.basic", AT_BASIC_CLASSES, 0, AT_BASIC_CLASSES, face7_names,
                       face7_emotion},
    [AT_HEAD_STATE4] = {"state4", "visual.state", ATTUNE_STATES *AT_THRESHOLDS, 0, ATTUNE_STATES,
                        attune_state_names, NULL},
    [AT_HEAD_ENGAGEMENT3] = {"engagement3", "visual.engagement", ATTUNE_ENGAGEMENTS, 0,
                             ATTUNE_ENGAGEMENTS, attune_engagement_names, NULL},
    [AT_HEAD_COVERED] = {"covered", "visual.covered", 1, 0, 0, NULL, NULL},
    [AT_HEAD_UNITS] = {"units", "visual.units", ATTUNE_UNITS, 1, 0, NULL, NULL},
    [AT_HEAD_POSE] = {"pose", "visual.pose", AT_POSE_AXES, 1, 0, NULL, NULL},
    [AT_HEAD_DOMINANT4] = {"dominant4", "visual.dominant", ATTUNE_STATES, 2, ATTUNE_STATES,
                           attune_state_names, NULL},
    [AT_HEAD_VOICE8] = {"voice8", NULL, AT_VOICE_CLASSES, 0, AT_VOICE_CLASSES, voice8_names,
                        voice8_emotion},
    [AT_HEAD_EMOTION7] = {"emotion7", NULL, ATTUNE_EMOTIONS, 0, ATTUNE_EMOTIONS,
                          attune_emotion_names, emotion7_emotion},
};

at_head at_head_find(const char *name)
{
    int h = 0;
    while (h < AT_HEADS && strcmp(at_heads[h].name, name) != 0)
        h++;
    return (at_head)h;
}

/* ---- words ---------------------------------------------------------------------------------- */

/* What a word means, past the shared seven. */
enum { CALM = ATTUNE_EMOTIONS, CONTEMPT };

static int meaning(const char *word)
{
    static const struct {
        const char *word;
        int means;
    } words[] = {
        {"neutral", ATTUNE_NEUTRAL},    {"calm", CALM},
        {"happy", ATTUNE_HAPPY},        {"happiness", ATTUNE_HAPPY},
        {"joy", ATTUNE_HAPPY},          {"sad", ATTUNE_SAD},
        {"sadness", ATTUNE_SAD},        {"angry", ATTUNE_ANGRY},
        {"anger", ATTUNE_ANGRY},        {"fear", ATTUNE_FEARFUL},
        {"fearful", ATTUNE_FEARFUL},    {"afraid", ATTUNE_FEARFUL},
        {"disgust", ATTUNE_DISGUSTED},  {"disgusted", ATTUNE_DISGUSTED},
        {"surprise", ATTUNE_SURPRISED}, {"surprised", ATTUNE_SURPRISED},
        {"contempt", CONTEMPT},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(word, words[i].word) == 0)
            return words[i].means;
    return -1;
}

int at_class_by_name(at_head head, const char *word)
{
    const at_head_info *h = &at_heads[head];
    for (int k = 0; k < h->classes; k++)
        if (strcasecmp(word, h->class_names[k]) == 0)
            return k;
    int means = h->emotion ? meaning(word) : -1;
    for (int k = 0; k < h->classes && means >= 0; k++)
        if (meaning(h->class_names[k]) == means)
            return k;
    /* a head without calm of its own takes it for what it folds into */
    return means == CALM ? at_class_by_name(head, "neutral") : -1;
}

/* ---- movements ------------------------------------------------------------------------------ */

/* The same name but for its last word, Left and Right in turn; else the movement itself. */
int at_unit_mirrored(int i)
{
    static const char *const sides[] = {"Left", "Right"};
    const char *name = attune_units[i].name;
    const size_t length = strlen(name);
    for (int s = 0; s < 2; s++) {
        const size_t side = strlen(sides[s]);
        if (length < side || strcmp(name + length - side, sides[s]) != 0)
            continue;
        for (int k = 0; k < ATTUNE_UNITS; k++)
            if (strncmp(attune_units[k].name, name, length - side) == 0 &&
                strcmp(attune_units[k].name + length - side, sides[1 - s]) == 0)
                return k;
    }
    return i;
}

/* ---- probabilities -------------------------------------------------------------------------- */

void at_fold(at_head head, const float *native, float *emotion7)
{
    const int *map = at_heads[head].emotion;
    float sum = 0;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        emotion7[e] = 0;
    for (int i = 0; i < at_heads[head].classes; i++)
        if (map[i] >= 0) {
            emotion7[map[i]] += native[i];
            sum += native[i];
        }
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        emotion7[e] = sum > 0 ? emotion7[e] / sum : 1.0f / ATTUNE_EMOTIONS;
}

int at_likeliest(const float *p, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    return best;
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
