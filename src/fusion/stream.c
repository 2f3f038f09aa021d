#include "fusion/stream.h"

const at_fusion_stream at_fusion_streams[ATTUNE_MODALITIES] = {
    [ATTUNE_FACE] = {"fusion.face", AT_VISUAL_EMBED, AT_VISUAL_EMBED, AT_HEAD_FACE8},
    [ATTUNE_VOICE] = {"fusion.voice", AT_AUDIO_EMBED, AT_AUDIO_TOKEN, AT_HEAD_VOICE8},
};
