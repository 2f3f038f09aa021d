#include "fusion/stream.h"

#include "signal/embed.h"
#include "text/chat.h"

const at_fusion_stream at_fusion_streams[ATTUNE_STREAMS] = {
    [ATTUNE_FACE] = {"fusion.face", AT_VISUAL_EMBED, AT_VISUAL_EMBED, AT_HEAD_FACE8},
    [ATTUNE_VOICE] = {"fusion.voice", AT_AUDIO_EMBED, AT_AUDIO_TOKEN, AT_HEAD_VOICE8},
    [ATTUNE_SIGNAL] = {.arrays = "fusion.signal",
                       .dims = AT_SIGNAL_EMBED,
                       .token = AT_SIGNAL_TOKEN},
    [ATTUNE_CHAT] = {.arrays = "fusion.chat", .dims = AT_TEXT_DIMS, .token = AT_TEXT_DIMS},
};
