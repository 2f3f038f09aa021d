/* made.c - talk and music that nobody recorded: enough like the real ones for what listens to
 * spectra, pitch and rhythm. */
#include "degrade/parts.h"

#include "dsp/features.h"

#include <math.h>

#define TURN 6.28318530717958648
#define RATE ((double)AT_SAMPLE_RATE)

/* ---- talk ---------------------------------------------------------------------------------- */

enum { FORMANTS = 3 };

/* Two poles: rings at hz, with that bandwidth; 1 at its peak, nearly (Klatt 1980, equation 1). */
typedef struct resonator {
    double a, b, c, y1, y2;
} resonator;

static void tune(resonator *r, double hz, double bandwidth)
{
    const double radius = exp(-TURN / 2 * bandwidth / RATE);
    r->c = -radius * radius;
    r->b = 2 * radius * cos(TURN * hz / RATE);
    r->a = 1 - radius;
}

static double ring(resonator *r, double x)
{
    const double y = r->a * x + r->b * r->y1 + r->c * r->y2;
    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

static double between(at_rng *rng, float lo, float hi)
{
    return (double)at_rng_range(rng, lo, hi);
}

/* A syllable of length samples: pulses of a voice, or breath, through a mouth of three formants. */
static void say(float *out, size_t length, double pitch, resonator mouth[FORMANTS], at_rng *rng)
{
    static const float low[FORMANTS] = {300, 900, 2400}, high[FORMANTS] = {800, 2300, 3200};
    const int voiced = at_rng_float(rng) < 0.8F;
    const double glide = between(rng, -0.15F, 0.15F);
    double phase = 0;

    for (int f = 0; f < FORMANTS; f++)
        tune(&mouth[f], between(rng, low[f], high[f]), 60 + 50 * f);
    for (size_t i = 0; i < length; i++) {
        const double at = (double)i / (double)length;
        double source = (double)at_rng_normal(rng) * (voiced ? 0.1 : 0.7), sum = 0;
        phase += pitch * (1 + glide * at) / RATE;
        if (phase >= 1) {
            phase -= 1;
            source += voiced ? sqrt(RATE / pitch) : 0; /* pulses of power 1 */
        }
        for (int f = 0; f < FORMANTS; f++)
            sum += ring(&mouth[f], source) / (1 + f);
        out[i] += (float)(5 * sin(TURN / 2 * at) * sum);
    }
}

void at_make_talk(float *out, size_t n, at_rng *rng)
{
    resonator mouth[FORMANTS] = {{0}};
    const double pitch = between(rng, 90, 240);

    for (size_t at = (size_t)(RATE * between(rng, 0, 0.5F)); at < n;) {
        const size_t wanted = (size_t)(RATE * between(rng, 0.1F, 0.28F));
        const size_t length = wanted < n - at ? wanted : n - at;
        say(out + at, length, pitch * between(rng, 0.85F, 1.2F), mouth, rng);
        at += length;
        if (at_rng_float(rng) < 0.15F)
            at += (size_t)(RATE * between(rng, 0.1F, 0.4F));
    }
}

/* ---- music --------------------------------------------------------------------------------- */

enum { HARMONICS = 4 };

/* A plucked string at out (length), that many semitones from A at 220 Hz. */
static void pluck(float *out, size_t length, int semitones, double loud)
{
    const double hz = 220 * exp2(semitones / 12.0);

    for (size_t i = 0; i < length; i++) {
        const double t = (double)i / RATE, attack = fmin(1, t / 0.005);
        double sum = 0;
        for (int k = 1; k <= HARMONICS && k * hz < RATE / 2; k++)
            sum += sin(TURN * k * hz * t) * exp(-t * (1.5 + k)) / k;
        out[i] += (float)(loud * attack * sum);
    }
}

static void drum(float *out, size_t length, at_rng *rng)
{
    for (size_t i = 0; i < length; i++)
        out[i] += 0.5F * at_rng_normal(rng) * expf(-(float)i / (0.03F * AT_SAMPLE_RATE));
}

void at_make_music(float *out, size_t n, at_rng *rng)
{
    static const int scale[] = {0, 2, 4, 5, 7, 9, 11, 12}, root[] = {0, 5, 7, 9};
    static const int chord[4][3] = {{0, 4, 7}, {0, 4, 7}, {0, 4, 7}, {0, 3, 7}}; /* of that root */
    const size_t beat = (size_t)(RATE * 60 / between(rng, 70, 140));
    const int key = (int)at_rng_below(rng, 12) - 6;
    int of = 0;

    for (size_t at = 0, beats = 0; at < n; at += beat, beats++) {
        const size_t left = n - at, note = beat < left ? beat : left;
        const size_t held = 4 * beat < left ? 4 * beat : left;
        if (beats % 4 == 0) {
            of = (int)at_rng_below(rng, 4);
            for (int k = 0; k < 3; k++)
                pluck(out + at, held, key + root[of] + chord[of][k], 1);
            pluck(out + at, held, key + root[of] - 24, 1.5);
        }
        if (at_rng_float(rng) < 0.8F)
            pluck(out + at, note, key + 12 + scale[at_rng_below(rng, 8)], 1.2);
        drum(out + at, note, rng);
    }
}
