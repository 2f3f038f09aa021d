/* stream.h - what the fusion has to know of each modality's network. Private to fusion, onnx and experiments. */
#ifndef AT_FUSION_STREAM_H
#define AT_FUSION_STREAM_H

#include "fusion/fusion.h"

typedef struct at_fusion_stream {
    const char *arrays; /* its calibration's names begin so */
    int dims;           /* of its embedding */
    int token;          /* of a token; the embedding begins with what tokens are on average */
    at_head
        head; /* that its native logits are of; of a stream beside pictures and sound nothing: it has none */
} at_fusion_stream;

extern const at_fusion_stream at_fusion_streams[ATTUNE_STREAMS];

/* Whether it answers by itself. What does not counts only where a kind was trained with it. */
static inline int at_fusion_answers(int stream)
{
    return stream < ATTUNE_MODALITIES;
}

#endif
