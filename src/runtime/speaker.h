/* speaker.h - whose voice it is. Private to runtime.
 *
 * A voice belongs to the one face in view, or among several to the face whose mouth moves while the
 * voice is heard and less in its pauses, if every other mouth lies as still as a listener's. Where
 * two mouths speak nothing here tells whose the voice is. In doubt it is nobody's: a voice that
 * counts into the wrong face does more harm than one that counts into none.
 */
#ifndef AT_RUNTIME_SPEAKER_H
#define AT_RUNTIME_SPEAKER_H

#include <stdint.h>

/* A series over a window, times rising. Of a face: value[i] is the mouth's motion from t_us[i - 1]
 * to t_us[i] (value[0] stands for nothing). Of a voice: how sure it is that someone speaks at
 * t_us[i], [0,1]. */
typedef struct at_activity {
    int n;
    const int64_t *t_us;
    const float *value;
} at_activity;

/* The index of the face that the voice belongs to, or -1. */
int at_speaker_of(const at_activity *const *face, int faces, const at_activity *voice);

#endif
