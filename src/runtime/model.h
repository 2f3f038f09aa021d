/* model.h - a loaded model's parts. Private to runtime. */
#ifndef AT_RUNTIME_MODEL_H
#define AT_RUNTIME_MODEL_H

#include "kernels/kernels.h"
#include "model/audio.h"
#include "fusion/fusion.h"
#include "model/visual.h"
#include "signal/embed.h"
#include "tensor/weights.h"

/* Immutable once loaded. Without a part (NULL, has_detector 0) its stream stays absent. */
struct attune_model {
    at_weights *weights;
    at_weights *ranges; /* of activations, where the face's networks run in eight bits; else NULL */
    const at_kernels *kn;
    int has_detector; /* sessions make their own: it has work buffers */
    at_visual_net *visual;
    at_audio_net *audio;
    at_fusion *fusion;
    struct at_media_ahead *ahead; /* for the first file (analyze.c); NULL: none */
    void (*free_ahead)(struct at_media_ahead **a);
    at_signal_scale signal; /* columns that its fusion was trained with */
    attune_state_usual usual;
    char *path;
    int64_t file_bytes;
};

/* text: what the metadata says is usual of learning states (NULL: nothing). ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_usual_read(const char *text, attune_state_usual *out);

#endif
