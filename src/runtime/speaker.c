/* speaker.c - see speaker.h. */
#include "runtime/speaker.h"

#include <math.h>

enum { STEPS_MIN = 6 };            /* less is no series */
static const float moves = 0.02F;  /* least motion of a mouth that speaks */
static const float clearly = 1.5F; /* times any other's, and times its own in the pauses */
static const float pauses = 0.15F; /* least share of the window in which pauses tell anything */

typedef struct at_motion {
    float spoken, silent; /* mean motion while the voice is heard, and while it is not */
    float spoken_share;
} at_motion;

/* Mean of the voice in (from, to]; *next is where to go on. */
static float heard(const at_activity *voice, int64_t from, int64_t to, int *next)
{
    float sum = 0;
    int n = 0;

    while (*next < voice->n && voice->t_us[*next] <= from)
        ++*next;
    for (; *next < voice->n && voice->t_us[*next] <= to; ++*next, n++)
        sum += voice->value[*next];
    return n ? sum / (float)n : 0;
}

static at_motion motion_of(const at_activity *face, const at_activity *voice)
{
    float spoken = 0, silent = 0, weight = 0;
    int next = 0;

    for (int i = 1; i < face->n; i++) {
        const float w = heard(voice, face->t_us[i - 1], face->t_us[i], &next);
        spoken += w * face->value[i];
        silent += (1 - w) * face->value[i];
        weight += w;
    }
    const float rest = (float)(face->n - 1) - weight;
    return (at_motion){.spoken = weight > 0 ? spoken / weight : 0,
                       .silent = rest > 0 ? silent / rest : 0,
                       .spoken_share = weight / fmaxf((float)(face->n - 1), 1)};
}

int at_speaker_of(const at_activity *const *face, int faces, const at_activity *voice)
{
    at_motion best = {0};
    float second = 0;
    int found = -1;

    if (faces == 1)
        return 0;
    for (int i = 0; i < faces; i++) {
        const at_motion m = motion_of(face[i], voice);
        if (face[i]->n > STEPS_MIN && m.spoken > best.spoken) {
            second = fmaxf(second, best.spoken);
            best = m;
            found = i;
        } else {
            second = fmaxf(second, m.spoken);
        }
    }
    if (best.spoken < moves || best.spoken < clearly * second)
        return -1;
    if (best.spoken_share < 1 - pauses && best.spoken < best.silent)
        return -1; /* it moves, but not with the voice */
    return found;
}
