/* level.h - how loud is this recording? So that a voice means the same however far the microphone
 * was turned up.
 *
 * The reference is the loudest 80 ms of the last eight seconds, or what stands 30 dB over the
 * quietest if that is more: before anyone has spoken, the room's noise says best how loud a voice
 * will be. A gain that follows the reference in steps brings it to AT_LEVEL_DB. Everything is a
 * ratio: x times c gives the gain over c, and so the same features.
 *
 * Internal to dsp. No allocation.
 */
#ifndef AT_DSP_LEVEL_H
#define AT_DSP_LEVEL_H

#include "dsp/features.h"

#define AT_LEVEL_DB (-28.0f) /* dBFS of the loudest 80 ms: some 5 dB over a voice's mean */

enum {
    AT_LEVEL_SMOOTH = 8,     /* hops: 80 ms */
    AT_LEVEL_SLOTS = 8,      /* sub-windows in the memory */
    AT_LEVEL_SLOT_HOPS = 100 /* hops in each: 1 s */
};

/* Zero-initialised is ready for use. Private but for its size. */
typedef struct at_level {
    int running;       /* the offset's filter has a past */
    float last, alike; /* its last sample in and out */
    float recent[AT_LEVEL_SMOOTH];
    int next, used;                                    /* of recent, a ring */
    float most[AT_LEVEL_SLOTS], least[AT_LEVEL_SLOTS]; /* smoothed power; the newest first */
    int slots, hops;                                   /* in use; hops in the newest */
    float reference;                                   /* what the gain was made for; 0: none yet */
} at_level;

/* Takes the next AT_FRAME_HOP samples (finite) and returns the gain to apply to them, > 0; before
 * there was any sound, 1. steady (AT_FRAME_HOP) gets them without their constant offset (one-pole
 * high pass, 13 Hz), which is neither loud nor a voice. Digital silence changes nothing. */
float at_level_push(at_level *l, const float *pcm, float *steady);

/* What comes next does not follow on what came before; what was learned is kept. */
void at_level_break(at_level *l);

#endif
