/* head_voice.c - see head_voice.h. */
#include "head_voice.h"

#include "base/rng.h"

#include <attune/attune.h>
#include <math.h>
#include <string.h>

enum { FORMANTS = 5 };
static const double pi = 3.14159265358979323846;

/* ---- what can be said --------------------------------------------------------------------- */

/* A sound to head for: where the formants, the voice, the hiss and the lips go. */
typedef struct phone {
    double formant[3];  /* Hz */
    double voice, hiss; /* amplitudes */
    double hiss_hz;     /* where the hiss is strongest */
    double open, stretch;
} phone;

static const phone vowels[] = {
    {{850, 1250, 2800}, 1, 0, 0, .55, .1},  /* a */
    {{560, 2050, 2750}, 1, 0, 0, .32, .3},  /* e */
    {{330, 2500, 3100}, .8, 0, 0, .16, .5}, /* i */
    {{500, 950, 2700}, 1, 0, 0, .34, -.5},  /* o */
    {{360, 850, 2600}, .8, 0, 0, .14, -.8}, /* u */
    {{580, 1550, 2700}, .9, 0, 0, .26, 0},  /* schwa */
};

static const phone consonants[] = {
    {{280, 1000, 2300}, .35, 0, 0, 0, 0},        /* m */
    {{280, 1650, 2600}, .35, 0, 0, .10, .1},     /* n */
    {{400, 1300, 2900}, .55, 0, 0, .18, 0},      /* l */
    {{330, 1100, 1700}, .5, 0, 0, .12, -.4},     /* r */
    {{320, 1700, 2600}, 0, .5, 6000, .08, .3},   /* s */
    {{320, 1800, 2500}, 0, .5, 3200, .10, -.5},  /* sh */
    {{300, 1400, 2500}, 0, .25, 5000, .03, 0},   /* f */
    {{250, 1000, 2300}, .12, 0, 0, 0, 0},        /* b */
    {{250, 1800, 2700}, .12, .12, 4500, .08, 0}, /* d */
    {{250, 1900, 2400}, .0, .2, 2200, .1, 0},    /* k */
};

static const phone rest = {{500, 1500, 2600}, 0, 0, 0, 0, 0};

typedef struct manner {
    double pitch, range, pace; /* Hz; share of pitch; syllables a second */
    double level, tilt, breath, jitter, rise;
} manner;

static const manner manners[ATTUNE_EMOTIONS] = {
    /*                      pitch range pace level tilt breath jitter rise */
    [ATTUNE_NEUTRAL] = {185, .14, 4.4, .60, .55, .03, .008, -.10},
    [ATTUNE_HAPPY] = {245, .34, 5.2, .80, .35, .04, .010, .05},
    [ATTUNE_SAD] = {165, .07, 3.0, .35, .80, .12, .012, -.14},
    [ATTUNE_ANGRY] = {235, .32, 5.2, 1.0, .15, .02, .020, -.05},
    [ATTUNE_FEARFUL] = {285, .18, 6.0, .60, .50, .10, .040, .08},
    [ATTUNE_DISGUSTED] = {155, .20, 3.6, .55, .50, .05, .030, -.20},
    [ATTUNE_SURPRISED] = {260, .45, 4.6, .75, .35, .06, .010, .35},
};

/* ---- the synthesiser ---------------------------------------------------------------------- */

typedef struct resonator {
    double y1, y2;
} resonator;

/* Klatt 1980, eq. 1-4: unit gain at zero frequency. */
static double resonate(resonator *r, double x, double hz, double width)
{
    double c = -exp(-2 * pi * width / HEAD_VOICE_RATE);
    double b = 2 * exp(-pi * width / HEAD_VOICE_RATE) * cos(2 * pi * hz / HEAD_VOICE_RATE);
    double y = (1 - b - c) * x + b * r->y1 + c * r->y2;
    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

typedef struct synth {
    at_rng rng;
    phone now; /* glides towards the phone aimed at */
    double phase, wobble, tilted, level, pitch;
    resonator formant[FORMANTS], hiss;
} synth;

static void glide(double *now, double target, double seconds)
{
    *now += (target - *now) * (1 - exp(-1 / (seconds * HEAD_VOICE_RATE)));
}

static double next_sample(synth *s, const phone *aim, const manner *m, double pitch)
{
    phone *p = &s->now;
    for (int i = 0; i < 3; i++)
        glide(&p->formant[i], aim->formant[i], .018);
    glide(&p->voice, aim->voice, .010);
    glide(&p->hiss, aim->hiss, .008);
    glide(&p->open, aim->open, .040);
    glide(&p->stretch, aim->stretch, .050);
    glide(&s->level, m->level, .030);
    glide(&s->pitch, pitch, .025);
    if (aim->hiss_hz > 0)
        p->hiss_hz = aim->hiss_hz;

    s->phase += s->pitch * (1 + s->wobble) / HEAD_VOICE_RATE;
    if (s->phase >= 1) {
        s->phase -= 1;
        s->wobble = m->jitter * at_rng_normal(&s->rng);
    }
    /* derivative of a glottal pulse that is open for 60 % of the period (KLGLOTT88) */
    double open = s->phase / .6, pulse = open < 1 ? 2 * open - 3 * open * open : 0;
    double white = at_rng_normal(&s->rng);
    double source = pulse + (open < 1 ? m->breath * white : 0);
    s->tilted = m->tilt * s->tilted + (1 - m->tilt) * source;

    double x = s->tilted * p->voice;
    static const double width[FORMANTS] = {70, 100, 150, 250, 300};
    for (int i = FORMANTS - 1; i >= 0; i--)
        x = resonate(&s->formant[i], x, i < 3 ? p->formant[i] : i == 3 ? 3700 : 4700, width[i]);
    double noise = resonate(&s->hiss, white * .05, p->hiss_hz > 0 ? p->hiss_hz : 4000, 1500);
    return s->level * (x + p->hiss * noise);
}

typedef struct syllable {
    phone onset, nucleus;
    double length, accent; /* seconds; of pitch, in ranges */
} syllable;

static syllable next_syllable(synth *s, const manner *m)
{
    syllable y;
    y.onset = consonants[at_rng_below(&s->rng, sizeof consonants / sizeof *consonants)];
    y.nucleus = vowels[at_rng_below(&s->rng, sizeof vowels / sizeof *vowels)];
    y.length = (double)at_rng_range(&s->rng, .8F, 1.25F) / m->pace;
    y.accent = at_rng_range(&s->rng, -1, 1);
    return y;
}

static void note_lips(const synth *s, size_t i, head_lips *lips, int frames, int fps)
{
    int frame = (int)((double)i / HEAD_VOICE_RATE * fps);
    if (frame < frames && (size_t)((double)frame / fps * HEAD_VOICE_RATE) == i)
        lips[frame] = (head_lips){s->now.open, s->now.stretch};
}

static void speak(synth *s, const head_speech *line, float *pcm, size_t n, head_lips *lips,
                  int frames, int fps)
{
    const double phrase_length = 1.7, pause = .22;
    const manner *m = &manners[line->expression];
    size_t from = (size_t)(line->start * HEAD_VOICE_RATE),
           to = (size_t)(line->end * HEAD_VOICE_RATE);
    syllable y = next_syllable(s, m);
    double into = 0; /* seconds since the syllable began */
    for (size_t i = from; i < to && i < n; i++) {
        double t = (double)(i - from) / HEAD_VOICE_RATE, phrase = fmod(t, phrase_length);
        double left = (double)(to - i) / HEAD_VOICE_RATE;
        int silent = phrase > phrase_length - pause || left < .10;
        if (into >= y.length) {
            y = next_syllable(s, m);
            into = 0;
        }
        const phone *aim = silent ? &rest : into < .32 * y.length ? &y.onset : &y.nucleus;
        double along = phrase / (phrase_length - pause);
        double pitch = m->pitch * (1 + m->range * y.accent * .6 + m->rise * (along - .5));
        pcm[i] = (float)next_sample(s, aim, m, pitch);
        note_lips(s, i, lips, frames, fps);
        into = silent ? y.length : into + 1.0 / HEAD_VOICE_RATE;
    }
}

static double rms(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return n ? sqrt(sum / (double)n) : 0;
}

void head_voice_speak(const head_speech *speech, int count, float *pcm, size_t n, head_lips *lips,
                      int frames, int fps)
{
    synth s = {.now = rest, .pitch = manners[0].pitch};
    at_rng_seed(&s.rng, 2024, 1);
    memset(pcm, 0, n * sizeof *pcm);
    memset(lips, 0, (size_t)frames * sizeof *lips);
    for (int i = 0; i < count; i++)
        speak(&s, &speech[i], pcm, n, lips, frames, fps);
    double level = rms(pcm, n), gain = level > 0 ? .09 / level : 0;
    for (size_t i = 0; i < n; i++) /* no sample beyond full scale, softly */
        pcm[i] = (float)(.95 * tanh(pcm[i] * gain / .95));
}

void head_voice_disturb(float *pcm, size_t n, double start, double end, double snr_db)
{
    size_t from = (size_t)(start * HEAD_VOICE_RATE), to = (size_t)(end * HEAD_VOICE_RATE);
    if (to > n)
        to = n;
    if (from >= to)
        return;
    double level = rms(pcm + from, to - from) * pow(10, -snr_db / 20);
    double slow[3] = {0}, swell = 1;
    at_rng rng;
    at_rng_seed(&rng, 2024, 2);
    for (size_t i = from; i < to; i++) {
        double white = at_rng_normal(&rng), t = (double)(i - from) / HEAD_VOICE_RATE;
        /* three poles about a decade apart fall about 3 dB an octave; unit power by the gains */
        slow[0] = .99 * slow[0] + .10 * white;
        slow[1] = .90 * slow[1] + .22 * white;
        slow[2] = .40 * slow[2] + .40 * white;
        swell = .75 + .25 * sin(2 * pi * 1.3 * t) * sin(2 * pi * .31 * t + 1);
        double edge = fmin(1, fmin(t, (double)(to - i) / HEAD_VOICE_RATE) / .05);
        double v = pcm[i] + level * swell * edge * (slow[0] + slow[1] + slow[2]) * .85;
        pcm[i] = (float)fmax(-1, fmin(1, v));
    }
}

void head_voice_microphone(float *pcm, size_t n, double level)
{
    at_rng rng;
    at_rng_seed(&rng, 2024, 3);
    for (size_t i = 0; i < n; i++)
        pcm[i] += (float)level * at_rng_normal(&rng);
}
