#include <attune/attune.h>

#include "at_config.h"

#include <stddef.h>

const char *attune_version(void)
{
    return AT_VERSION;
}

const char *attune_modality_name(int i)
{
    static const char *const names[ATTUNE_MODALITIES] = {"face", "voice"};

    return i >= 0 && i < ATTUNE_MODALITIES ? names[i] : NULL;
}

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
