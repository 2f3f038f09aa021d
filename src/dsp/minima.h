/* minima.h - the least that each mel band was in the last moments: the search of minimum statistics
 * (Martin 2001, section IV), in sub-windows, so that it costs one comparison a frame and slot.
 *
 * Internal to dsp. No allocation. One thread at a time per object.
 */
#ifndef AT_DSP_MINIMA_H
#define AT_DSP_MINIMA_H

#include "dsp/features.h"

enum {
    AT_MINIMA_SLOTS = 8,   /* sub-windows at most */
    AT_MINIMA_FRAMES = 25, /* frames in each: 250 ms */
};

/* Zero-initialised is ready for use. */
typedef struct at_minima {
    float slot[AT_MINIMA_SLOTS][AT_MEL_BANDS]; /* the newest first */
    int slots, frames;                         /* in use; frames in the newest */
} at_minima;

/* Takes one frame's values (AT_MEL_BANDS); least (AT_MEL_BANDS) gets the smallest of the frames in
 * the newest most sub-windows, this one among them. With restart set what came before
 * is forgotten. */
void at_minima_push(at_minima *m, int most, int restart, const float *x, float *least);

#endif
