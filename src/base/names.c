#include <attune/attune.h>

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
