/* modalities.c - which modalities a session has. */
#include "runtime/modality.h"

const at_modality *const at_modalities[ATTUNE_MODALITIES] = {
    [ATTUNE_FACE] = &at_face_modality,
    [ATTUNE_VOICE] = &at_voice_modality,
};
