/* sound.h - sound of any kind on its way to a session's 16 kHz. Private to runtime.
 *
 * What is pushed in is resampled and waits in pcm until the session has taken it, which it may refuse
 * while windows wait.
 */
#ifndef AT_RUNTIME_SOUND_H
#define AT_RUNTIME_SOUND_H

#include "dsp/mono.h"

/* Zero-initialised is ready. */
typedef struct at_front {
    at_mono *mono; /* NULL: nothing is held back */
    int rate, channels;
    int64_t origin_us; /* time of the first sample since mono was made */
    int64_t in, out;   /* samples taken in since then, and handed on */
    float *pcm;        /* (waiting) the first is the out-th */
    size_t waiting, capacity;
} at_front;

/* Whether x at t_us does not go on from what came before; then at_front_end comes first. */
int at_front_breaks(const at_front *f, int64_t t_us, const attune_sound *x);
/* ATTUNE_OK or, with nothing changed, ATTUNE_E_NOMEM. */
int at_front_push(at_front *f, int64_t t_us, const attune_sound *x);
int at_front_end(at_front *f);
/* Time of the first that waits. */
int64_t at_front_us(const at_front *f);
/* The first n that wait were taken. */
void at_front_taken(at_front *f, size_t n);
void at_front_free(at_front *f);

#endif
