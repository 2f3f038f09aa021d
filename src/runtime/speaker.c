/* speaker.c - see speaker.h. */
#include "runtime/speaker.h"

/* Between syllables and words a mouth moves on: a pause is what lies this far from any speech. */
static const int64_t reach_us = 200000;

enum {
    STEPS_MIN = 6, /* less is no series */
    HEARD_MIN = 3, /* steps with the voice, to be its speaker */
    PAUSED_MIN = 2 /* steps in its pauses, to be held against them */
};

/* Who speaks moves so much, and so many times as much as in the voice's pauses. */
static const float speaks = 0.03F, times = 1.1F;
/* Who listens moves less than that, and by so many times less than who speaks. */
static const float listens = 0.035F, times_less = 1.5F;

/* A mouth's motion, mean over the steps in which the voice is heard, and over those in its pauses. */
typedef struct at_motion {
    float heard, paused;
    int heard_steps, paused_steps;
} at_motion;

typedef enum at_voicing { HEARD, BETWEEN, PAUSED } at_voicing;

/* Whether there is speech in (from, to]. */
static int spoken_in(const at_activity *voice, int64_t from, int64_t to)
{
    int i = 0;

    while (i < voice->n && voice->t_us[i] <= from)
        i++;
    while (i < voice->n && voice->t_us[i] <= to && voice->value[i] <= 0.5F)
        i++;
    return i < voice->n && voice->t_us[i] <= to;
}

static at_voicing voicing_of(const at_activity *voice, int64_t from, int64_t to)
{
    const int before = spoken_in(voice, from - reach_us, to);
    const int after = spoken_in(voice, from, to + reach_us);

    return before && after ? HEARD : before || after ? BETWEEN : PAUSED;
}

static at_motion motion_of(const at_activity *face, const at_activity *voice)
{
    at_motion m = {0};

    for (int i = 1; i < face->n; i++) {
        const at_voicing v = voicing_of(voice, face->t_us[i - 1], face->t_us[i]);
        m.heard += v == HEARD ? face->value[i] : 0;
        m.paused += v == PAUSED ? face->value[i] : 0;
        m.heard_steps += v == HEARD;
        m.paused_steps += v == PAUSED;
    }
    m.heard /= (float)(m.heard_steps ? m.heard_steps : 1);
    m.paused /= (float)(m.paused_steps ? m.paused_steps : 1);
    return m;
}

static int moves_with_it(const at_motion *m)
{
    return m->heard_steps >= HEARD_MIN && m->heard > speaks &&
           (m->paused_steps < PAUSED_MIN || m->heard > times * m->paused);
}

int at_speaker_of(const at_activity *const *face, int faces, const at_activity *voice)
{
    float most = 0, next = 0; /* motion of the two that move most while the voice is heard */
    int found = -1;

    if (faces == 1)
        return 0;
    for (int i = 0; i < faces; i++) {
        const at_motion m = motion_of(face[i], voice);
        if (m.heard > most) {
            next = most;
            most = m.heard;
            found = face[i]->n > STEPS_MIN && moves_with_it(&m) ? i : -1;
        } else if (m.heard > next) {
            next = m.heard;
        }
    }
    return next < listens && most > times_less * next ? found : -1;
}
