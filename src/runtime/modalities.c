/* modalities.c - which modalities a session has. */
#include "runtime/modality.h"

const at_modality *const at_modalities[ATTUNE_STREAMS] = {
    [ATTUNE_FACE] = &at_face_modality,
    [ATTUNE_VOICE] = &at_voice_modality,
    [ATTUNE_SIGNAL] = &at_signal_modality,
    [ATTUNE_CHAT] = &at_chat_modality,
};
