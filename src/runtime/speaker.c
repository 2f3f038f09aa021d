/* speaker.c - see speaker.h. */
#include "runtime/speaker.h"

#include <math.h>

enum { STEPS_MIN = 6 }; /* less is no series */

/* A mouth moves with the voice when it moves more while the voice is heard than in its pauses: by
 * so many times, and by so much. Another's may do so half as much. */
static const float times = 1.5F, more = 0.006F, others = 0.5F;

/* A voice without pauses tells only whose mouth moves at all: by so much, and another's by a
 * quarter of it. */
static const float pauses = 0.04F, moves = 0.02F, others_move = 0.25F;

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

static float with_the_voice(const at_motion *m)
{
    if (m->spoken_share > 1 - pauses)
        return m->spoken > moves ? m->spoken : 0;
    return m->spoken > times * m->silent && m->spoken - m->silent > more ? m->spoken - m->silent
                                                                         : 0;
}

/* How much another's mouth may speak for itself. */
static float against(const at_motion *m)
{
    return m->spoken_share > 1 - pauses ? m->spoken / others_move
                                        : fmaxf(m->spoken - m->silent, 0) / others;
}

int at_speaker_of(const at_activity *const *face, int faces, const at_activity *voice)
{
    float best = 0, rival = 0;
    int found = -1;

    if (faces == 1)
        return 0;
    for (int i = 0; i < faces; i++) {
        const at_motion m = motion_of(face[i], voice);
        const float speaks = face[i]->n > STEPS_MIN ? with_the_voice(&m) : 0;
        if (speaks > best) {
            rival = fmaxf(rival, found < 0 ? 0 : best / others);
            best = speaks;
            found = i;
        } else {
            rival = fmaxf(rival, against(&m));
        }
    }
    return best > rival ? found : -1;
}
