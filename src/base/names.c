#include "base/names.h"

#include "at_config.h"
#include "base/error.h"

#include <attune/explain.h>
#include <stddef.h>
#include <string.h>

const char *attune_version(void)
{
    return AT_VERSION;
}

const char *attune_modality_name(int i)
{
    static const char *const names[ATTUNE_STREAMS] = {"face", "voice", "signal", "chat"};

    return i >= 0 && i < ATTUNE_STREAMS ? names[i] : NULL;
}

const char *const attune_landmark_names[ATTUNE_LANDMARKS] = {
    "eye_right", "eye_left", "nose", "mouth_right", "mouth_left",
};

const char *const attune_emotion_names[ATTUNE_EMOTIONS] = {
    "neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised",
};

const char *const attune_state_names[ATTUNE_STATES] = {
    "boredom",
    "engagement",
    "confusion",
    "frustration",
};

const char *const attune_engagement_names[ATTUNE_ENGAGEMENTS] = {
    "disengaged",
    "partial",
    "engaged",
};

/* The words of DAiSEE's labels (Gupta et al. 2016). */
const char *const attune_level_names[ATTUNE_LEVELS] = {"very low", "low", "high", "very high"};

const char *attune_overlay_kind_name(int i)
{
    static const char *const names[ATTUNE_OVERLAY_KINDS] = {"most confident", "least reliable",
                                                            "withheld"};

    return i >= 0 && i < ATTUNE_OVERLAY_KINDS ? names[i] : NULL;
}

const char *attune_region_name(int i)
{
    static const char *const names[ATTUNE_REGIONS] = {"eyes", "mouth", "face", "outside"};

    return i >= 0 && i < ATTUNE_REGIONS ? names[i] : NULL;
}

/* FACS: Ekman & Friesen 1978; 61 to 64 are the eyes turned left, right, up and down. Left and right are
 * the person's own. */
const attune_unit attune_units[ATTUNE_UNITS] = {
    {"browDownLeft", 4},
    {"browDownRight", 4},
    {"browInnerUp", 1},
    {"browOuterUpLeft", 2},
    {"browOuterUpRight", 2},
    {"cheekPuff", 34},
    {"cheekSquintLeft", 6},
    {"cheekSquintRight", 6},
    {"eyeBlinkLeft", 45},
    {"eyeBlinkRight", 45},
    {"eyeLookDownLeft", 64},
    {"eyeLookDownRight", 64},
    {"eyeLookInLeft", 62},
    {"eyeLookInRight", 61},
    {"eyeLookOutLeft", 61},
    {"eyeLookOutRight", 62},
    {"eyeLookUpLeft", 63},
    {"eyeLookUpRight", 63},
    {"eyeSquintLeft", 7},
    {"eyeSquintRight", 7},
    {"eyeWideLeft", 5},
    {"eyeWideRight", 5},
    {"jawForward", 29},
    {"jawLeft", 30},
    {"jawOpen", 26},
    {"jawRight", 30},
    {"mouthClose", 8},
    {"mouthDimpleLeft", 14},
    {"mouthDimpleRight", 14},
    {"mouthFrownLeft", 15},
    {"mouthFrownRight", 15},
    {"mouthFunnel", 22},
    {"mouthLeft", 0},
    {"mouthLowerDownLeft", 16},
    {"mouthLowerDownRight", 16},
    {"mouthPressLeft", 24},
    {"mouthPressRight", 24},
    {"mouthPucker", 18},
    {"mouthRight", 0},
    {"mouthRollLower", 28},
    {"mouthRollUpper", 28},
    {"mouthShrugLower", 17},
    {"mouthShrugUpper", 0},
    {"mouthSmileLeft", 12},
    {"mouthSmileRight", 12},
    {"mouthStretchLeft", 20},
    {"mouthStretchRight", 20},
    {"mouthUpperUpLeft", 10},
    {"mouthUpperUpRight", 10},
    {"noseSneerLeft", 9},
    {"noseSneerRight", 9},
};

int at_is_column_name(const char *name)
{
    const size_t n = strlen(name);

    return n > 0 && n < ATTUNE_SIGNAL_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

static int is_among(const char *name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return 0;
}

int at_count_columns(const char *const *names, attune_error *err)
{
    int n = 0;

    for (; names[n]; n++) {
        if (n == ATTUNE_MAX_SIGNALS)
            return at_fail(err, ATTUNE_E_ARG, "more than %d columns of a signal",
                           ATTUNE_MAX_SIGNALS);
        if (!at_is_column_name(names[n]))
            return at_fail(err, ATTUNE_E_ARG, "'%.40s' is no name of a signal's column", names[n]);
        if (is_among(names[n], names, n))
            return at_fail(err, ATTUNE_E_ARG, "two columns are called %s", names[n]);
    }
    return n ? n : at_fail(err, ATTUNE_E_ARG, "a signal without columns");
}
