/* prosody.c - a row at a time to ten measures, then statistics of the measures over the voiced frames.
 *
 *   rows -> measures[] (n, MEASURES) -> groups of statistics, in the order of at_prosody_names
 */
#include "dsp/prosody.h"

#include "base/sort.h"
#include "dsp/spectrum.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum measure {
    ALPHA,
    HAMMARBERG,
    SLOPE_LOW,
    SLOPE_MIDDLE,
    SLOPE_HIGH,
    CENTROID,
    ENTROPY,
    CLEARNESS,
    PITCH, /* semitones over AT_PITCH_LOW_HZ; then from the median */
    ENERGY,
    MEASURES,
    BALANCES = CLEARNESS /* the first so many are of the spectrum's balance */
} measure;

static_assert((int)MEASURES + 2 == (int)AT_PROSODY_SCRATCH, "measures, values, marks");

enum {
    LEAST_FRAMES = 3,
    LEAST_PAIRS = 6, /* of a correlation */
    LEAST_RUN = 4,   /* frames of a voiced run that counts */
    LEAST_LINE = 8,  /* of one that a line is laid through */
    STEP = 5,        /* frames between the ends of a slope, 50 ms */
    CEPSTRA = 6,     /* c1 .. c6 */
};

#define DB           4.342944819f /* 10 / ln 10 */
#define FRAME_S      0.01
#define VOICED       0.5f
#define LEAST_RATIO  0.02f
#define MOST_RATIO   0.995f
#define LEAST_TREMOR 0.01 /* so that a logarithm can be taken */
#define LEAST_SPREAD 1e-3

/* ---- names ---------------------------------------------------------------------------------- */

#define SPREAD(m)   m " mean", m " deviation", m " 20 %", m " median", m " 80 %", m " skewness"
#define BALANCE(m)  SPREAD(m), m " unvoiced mean", m " with energy", m " with pitch"
#define CEPSTRUM(m) m " voiced mean", m " voiced deviation"

const char *const at_prosody_names[] = {
    SPREAD("pitch"),
    "pitch rise",
    "pitch fall",
    "pitch slope deviation",
    "pitch share rising",
    "pitch level",
    "pitch 97 %",
    "pitch 3 %",
    "pitch line mean",
    "pitch line deviation",
    "pitch line size",
    "pitch last from first",
    "jitter mean",
    "jitter median",
    "shimmer mean",
    "shimmer median",
    "voiced run",
    "voiced run deviation",
    "voiced run longest",
    "voiced runs a second",
    "unvoiced run",
    "unvoiced run deviation",
    "pause share",
    "length",
    BALANCE("alpha ratio"),
    BALANCE("Hammarberg index"),
    BALANCE("slope below 600 Hz"),
    BALANCE("slope 500 to 1600 Hz"),
    BALANCE("slope 1500 to 5000 Hz"),
    BALANCE("centroid"),
    BALANCE("entropy"),
    SPREAD("clearness of speech"),
    SPREAD("clearness of voice"),
    "pitch with energy",
    "clearness with energy",
    "alpha ratio of the loudest",
    "pitch of the loudest",
    "clearness of the loudest",
    CEPSTRUM("c1"),
    CEPSTRUM("c2"),
    CEPSTRUM("c3"),
    CEPSTRUM("c4"),
    CEPSTRUM("c5"),
    CEPSTRUM("c6"),
    "flux",
    "flux voiced",
};
static_assert(sizeof at_prosody_names / sizeof *at_prosody_names == AT_PROSODY,
              "each value has a name");

/* ---- measures of a frame -------------------------------------------------------------------- */

/* The bands' places, and the weights that lay a line through some of them. */
typedef struct bands {
    float centre[AT_MEL_BANDS], width[AT_MEL_BANDS]; /* Hz */
    float line[3][AT_MEL_BANDS];                     /* dB per 1000 mel of a log-mel row */
} bands;

static void lay_line(const double *mel, const float *hz, float from, float to, float *weight)
{
    double sum = 0, squares = 0;
    int count = 0;
    for (int b = 0; b < AT_MEL_BANDS; b++)
        if (hz[b] >= from && hz[b] < to) {
            sum += mel[b];
            count++;
        }
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        const int in = hz[b] >= from && hz[b] < to;
        weight[b] = in ? (float)(mel[b] - sum / count) : 0;
        squares += (double)weight[b] * (double)weight[b];
    }
    for (int b = 0; b < AT_MEL_BANDS; b++)
        weight[b] *= DB / (float)squares;
}

static void place(bands *b)
{
    double mel[AT_MEL_BANDS + 2], hz[AT_MEL_BANDS + 2];
    for (int i = 0; i < AT_MEL_BANDS + 2; i++) {
        mel[i] = at_mel_edge(i) / 1000;
        hz[i] = at_hz_of_mel(at_mel_edge(i));
    }
    for (int i = 0; i < AT_MEL_BANDS; i++) {
        b->centre[i] = (float)hz[i + 1];
        b->width[i] = (float)((hz[i + 2] - hz[i]) / 2);
    }
    lay_line(mel + 1, b->centre, 0, 600, b->line[0]);
    lay_line(mel + 1, b->centre, 500, 1600, b->line[1]);
    lay_line(mel + 1, b->centre, 1500, 5000, b->line[2]);
}

static float highest(const bands *b, const float *logmel, float from, float to)
{
    float best = -INFINITY;
    for (int i = 0; i < AT_MEL_BANDS; i++)
        if (b->centre[i] >= from && b->centre[i] < to)
            best = fmaxf(best, logmel[i]);
    return best;
}

/* What needs the powers themselves: over the strongest band's, so that nothing overflows. */
static void measure_powers(const bands *b, const float *logmel, float *m)
{
    const float top = highest(b, logmel, 0, INFINITY);
    float power[AT_MEL_BANDS];
    double sum = 0, low = 0, high = 0, centre = 0, entropy = 0;
    for (int i = 0; i < AT_MEL_BANDS; i++) {
        power[i] = expf(logmel[i] - top) * b->width[i];
        sum += (double)power[i];
        low += b->centre[i] < 1000 ? (double)power[i] : 0;
        high += b->centre[i] >= 1000 && b->centre[i] < 5000 ? (double)power[i] : 0;
    }
    for (int i = 0; i < AT_MEL_BANDS; i++) {
        const double share = (double)power[i] / sum;
        centre += share * (double)b->centre[i];
        entropy -= share > 0 ? share * log(share) : 0;
    }
    m[ALPHA] = DB * (float)(log(high + 1e-9 * sum) - log(low + 1e-9 * sum));
    m[CENTROID] = (float)log2(centre);
    m[ENTROPY] = (float)entropy;
}

static void measure_row(const bands *b, const float *row, float *m)
{
    const float *logmel = row + AT_COL_LOGMEL;
    const float r = fminf(fmaxf(row[AT_COL_VOICING], LEAST_RATIO), MOST_RATIO);
    measure_powers(b, logmel, m);
    m[HAMMARBERG] = DB * (highest(b, logmel, 0, 2000) - highest(b, logmel, 2000, 5000));
    for (int k = 0; k < 3; k++) {
        double slope = 0;
        for (int i = 0; i < AT_MEL_BANDS; i++)
            slope += (double)b->line[k][i] * (double)logmel[i];
        m[SLOPE_LOW + k] = (float)slope;
    }
    m[CLEARNESS] = DB * logf(r / (1 - r));
    m[PITCH] = 12 * row[AT_COL_PITCH];
    m[ENERGY] = DB * row[AT_COL_LOG_ENERGY];
}

/* ---- statistics ----------------------------------------------------------------------------- */

/* Which frames a statistic is over. */
typedef enum mark { SILENT, UNVOICED, SPOKEN_VOICE } mark;

typedef struct stretch {
    const float *x; /* rows */
    size_t n;
    const float *measures; /* (n, MEASURES) */
    float *value;          /* (n) scratch */
    const float *marks;    /* (n) a mark each */
    float *out;            /* what is written next */
} stretch;

static mark mark_of(const stretch *s, size_t i)
{
    return (mark)s->marks[i];
}

static float at(const stretch *s, size_t i, int m)
{
    return s->measures[i * MEASURES + (size_t)m];
}

static void put(stretch *s, double value)
{
    *s->out++ = (float)value;
}

/* Of sorted values, between neighbours linear. */
static double quantile(const float *v, size_t n, double share)
{
    const double where = share * (double)(n - 1);
    const size_t i = (size_t)where, next = i + 1 < n ? i + 1 : i;
    return (double)v[i] + (where - (double)i) * ((double)v[next] - (double)v[i]);
}

/* A measure at the frames with that mark or, with most, up to that one: into value. */
static size_t collect(const stretch *s, int m, mark least, mark most)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (mark_of(s, i) >= least && mark_of(s, i) <= most)
            s->value[n++] = at(s, i, m);
    return n;
}

static double mean_of(const float *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)v[i];
    return n ? sum / (double)n : 0;
}

static double deviation_of(const float *v, size_t n)
{
    const double mean = mean_of(v, n);
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += ((double)v[i] - mean) * ((double)v[i] - mean);
    return n ? sqrt(squares / (double)n) : 0;
}

static void put_spread(stretch *s, size_t n)
{
    static const double shares[] = {0.2, 0.5, 0.8};
    const double mean = mean_of(s->value, n), deviation = deviation_of(s->value, n);
    double cubes = 0;
    if (n < LEAST_FRAMES) {
        s->out += 6;
        return;
    }
    for (size_t i = 0; i < n; i++)
        cubes += pow((double)s->value[i] - mean, 3);
    put(s, mean);
    put(s, deviation);
    at_sort_floats(s->value, n);
    for (int k = 0; k < 3; k++)
        put(s, quantile(s->value, n, shares[k]));
    put(s, cubes / (double)n / (pow(deviation, 3) + LEAST_SPREAD));
}

/* Of two measures over the voiced frames, Pearson's. */
static double correlation(const stretch *s, int a, int b)
{
    double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (mark_of(s, i) == SPOKEN_VOICE) {
            sum_a += (double)at(s, i, a);
            sum_b += (double)at(s, i, b);
            n++;
        }
    if (n < LEAST_PAIRS)
        return 0;
    sum_a /= (double)n;
    sum_b /= (double)n;
    for (size_t i = 0; i < s->n; i++)
        if (mark_of(s, i) == SPOKEN_VOICE) {
            const double p = (double)at(s, i, a) - sum_a, q = (double)at(s, i, b) - sum_b;
            aa += p * p;
            bb += q * q;
            ab += p * q;
        }
    return ab / (double)n / (sqrt(aa * bb) / (double)n + LEAST_SPREAD);
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* The next stretch [*from, *to) of frames, from *to on, that are voiced (or that are not). 0: none. */
static int next_run(const stretch *s, int voiced, size_t *from, size_t *to)
{
    size_t i = *to;
    while (i < s->n && (mark_of(s, i) == SPOKEN_VOICE) != voiced)
        i++;
    *from = i;
    while (i < s->n && (mark_of(s, i) == SPOKEN_VOICE) == voiced)
        i++;
    *to = i;
    return *from < i;
}

static int next_voice(const stretch *s, size_t *from, size_t *to)
{
    while (next_run(s, 1, from, to))
        if (*to - *from >= LEAST_RUN)
            return 1;
    return 0;
}

/* ---- melody --------------------------------------------------------------------------------- */

static void put_slopes(stretch *s)
{
    double up = 0, down = 0;
    size_t n = 0, rising = 0, falling = 0, from = 0, to = 0;
    while (next_voice(s, &from, &to))
        for (size_t i = from; i + STEP < to; i++) {
            const float slope = (at(s, i + STEP, PITCH) - at(s, i, PITCH)) /
                                (float)(STEP * FRAME_S);
            s->value[n++] = slope;
            rising += slope > 0;
            falling += slope < 0;
            up += slope > 0 ? (double)slope : 0;
            down += slope < 0 ? (double)slope : 0;
        }
    put(s, rising ? up / (double)rising : 0);
    put(s, falling ? down / (double)falling : 0);
    put(s, deviation_of(s->value, n));
    put(s, n ? (double)rising / (double)n : 0.5);
}

static double line_through(const stretch *s, size_t from, size_t to)
{
    const double middle = ((double)from + (double)to - 1) / 2;
    double top = 0, bottom = 0;
    for (size_t i = from; i < to; i++) {
        top += ((double)i - middle) * (double)at(s, i, PITCH);
        bottom += ((double)i - middle) * ((double)i - middle);
    }
    return top / bottom / FRAME_S;
}

static double mean_pitch(const stretch *s, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += (double)at(s, i, PITCH);
    return sum / (double)(to - from);
}

static void put_lines(stretch *s)
{
    size_t n = 0, runs = 0, from = 0, to = 0;
    double size = 0, first = 0, last = 0;
    while (next_voice(s, &from, &to)) {
        last = mean_pitch(s, from, to);
        first = runs++ ? first : last;
        if (to - from >= LEAST_LINE) {
            s->value[n] = (float)line_through(s, from, to);
            size += fabs((double)s->value[n++]);
        }
    }
    put(s, mean_of(s->value, n));
    put(s, deviation_of(s->value, n));
    put(s, n ? size / (double)n : 0);
    put(s, last - first);
}

static void put_melody(stretch *s, double level)
{
    size_t n = collect(s, PITCH, SPOKEN_VOICE, SPOKEN_VOICE);
    put_spread(s, n);
    put_slopes(s);
    put(s, level);
    n = collect(s, PITCH, SPOKEN_VOICE, SPOKEN_VOICE);
    at_sort_floats(s->value, n);
    put(s, n >= LEAST_FRAMES ? quantile(s->value, n, 0.97) : 0);
    put(s, n >= LEAST_FRAMES ? quantile(s->value, n, 0.03) : 0);
    put_lines(s);
}

/* How far three neighbours lie from a line: jitter of the pitch, shimmer of the energy. */
static void put_tremor(stretch *s, int m)
{
    size_t n = 0, from = 0, to = 0;
    while (next_voice(s, &from, &to))
        for (size_t i = from; i + 2 < to; i++)
            s->value[n++] = fabsf(at(s, i, m) - 2 * at(s, i + 1, m) + at(s, i + 2, m));
    at_sort_floats(s->value, n);
    put(s, log(mean_of(s->value, n) + LEAST_TREMOR));
    put(s, log((n ? quantile(s->value, n, 0.5) : 0) + LEAST_TREMOR));
}

/* ---- pace ----------------------------------------------------------------------------------- */

static void put_voiced_runs(stretch *s)
{
    size_t n = 0, from = 0, to = 0;
    float longest = (float)FRAME_S;
    while (next_run(s, 1, &from, &to)) {
        const float length = (float)((double)(to - from) * FRAME_S);
        if (to - from < LEAST_FRAMES)
            continue;
        s->value[n++] = length;
        longest = fmaxf(longest, length);
    }
    put(s, log(n ? mean_of(s->value, n) : FRAME_S));
    put(s, deviation_of(s->value, n));
    put(s, log((double)longest));
    put(s, s->n ? (double)n / ((double)s->n * FRAME_S) : 0);
}

/* What lies between the stretch's ends. */
static void put_unvoiced_runs(stretch *s)
{
    size_t n = 0, from = 0, to = 0, silent = 0;
    while (next_run(s, 0, &from, &to))
        if (from > 0 && to < s->n)
            s->value[n++] = (float)((double)(to - from) * FRAME_S);
    for (size_t i = AT_TRIM_KEEP; i + AT_TRIM_KEEP < s->n; i++)
        silent += mark_of(s, i) == SILENT;
    put(s, log(mean_of(s->value, n) + FRAME_S));
    put(s, deviation_of(s->value, n));
    put(s, s->n ? (double)silent / (double)s->n : 0);
    put(s, log(((double)s->n + 1) * FRAME_S));
}

/* ---- colour --------------------------------------------------------------------------------- */

static void put_balance(stretch *s, int m)
{
    put_spread(s, collect(s, m, SPOKEN_VOICE, SPOKEN_VOICE));
    const size_t unvoiced = collect(s, m, UNVOICED, UNVOICED);
    put(s, unvoiced >= LEAST_FRAMES ? mean_of(s->value, unvoiced) : 0);
    put(s, correlation(s, m, ENERGY));
    put(s, correlation(s, m, PITCH));
}

/* The loudest quarter of the voiced frames against all of them. */
static void put_loudest(stretch *s)
{
    static const int measures[] = {ALPHA, PITCH, CLEARNESS};
    const size_t n = collect(s, ENERGY, SPOKEN_VOICE, SPOKEN_VOICE);
    if (n < 2 * LEAST_PAIRS) {
        s->out += 3;
        return;
    }
    at_sort_floats(s->value, n);
    const double loud = quantile(s->value, n, 0.75);
    for (int k = 0; k < 3; k++) {
        double sum = 0, all = 0;
        size_t count = 0;
        for (size_t i = 0; i < s->n; i++)
            if (mark_of(s, i) == SPOKEN_VOICE) {
                const int is_loud = (double)at(s, i, ENERGY) >= loud;
                all += (double)at(s, i, measures[k]);
                sum += is_loud ? (double)at(s, i, measures[k]) : 0;
                count += (size_t)is_loud;
            }
        put(s, sum / (double)count - all / (double)n);
    }
}

static void put_cepstrum(stretch *s, int column)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (mark_of(s, i) == SPOKEN_VOICE)
            s->value[n++] = s->x[i * AT_FEATURE_COLS + (size_t)column];
    put(s, mean_of(s->value, n));
    put(s, deviation_of(s->value, n));
}

/* How far the bands move from a frame to the next, less what all of them do. */
static double flux_between(const float *before, const float *after)
{
    double sum = 0, squares = 0;
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        const double d = (double)after[b] - (double)before[b];
        sum += d;
        squares += d * d;
    }
    const double mean = sum / AT_MEL_BANDS;
    return sqrt(fmax(squares / AT_MEL_BANDS - mean * mean, 0));
}

static void put_flux(stretch *s)
{
    double sum[2] = {0};
    size_t n[2] = {0};
    for (size_t i = 1; i < s->n; i++) {
        const mark least = mark_of(s, i - 1) < mark_of(s, i) ? mark_of(s, i - 1) : mark_of(s, i);
        if (least == SILENT)
            continue;
        const float *row = s->x + i * AT_FEATURE_COLS;
        const double flux = flux_between(row - AT_FEATURE_COLS, row);
        for (int k = 0; k < (least == SPOKEN_VOICE ? 2 : 1); k++) {
            sum[k] += flux;
            n[k]++;
        }
    }
    for (int k = 0; k < 2; k++)
        put(s, n[k] ? sum[k] / (double)n[k] : 0);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Sets the marks and the measures; returns the voice's level, which the pitch is then relative to. */
static double measure_rows(const float *x, size_t n, const unsigned char *speech, float *measures,
                           float *marks, stretch *s)
{
    bands b;
    place(&b);
    for (size_t i = 0; i < n; i++) {
        const float *row = x + i * AT_FEATURE_COLS;
        marks[i] = !speech[i] ? SILENT : row[AT_COL_VOICING] > VOICED ? SPOKEN_VOICE : UNVOICED;
        measure_row(&b, row, measures + i * MEASURES);
    }
    const size_t voiced = collect(s, PITCH, SPOKEN_VOICE, SPOKEN_VOICE);
    at_sort_floats(s->value, voiced);
    const double level = voiced >= LEAST_FRAMES ? quantile(s->value, voiced, 0.5) : 0;
    for (size_t i = 0; i < n; i++)
        measures[i * MEASURES + PITCH] -= (float)level;
    return level;
}

void at_prosody(const float *x, size_t n, const unsigned char *speech, float *scratch,
                float out[AT_PROSODY])
{
    float *measures = scratch, *value = scratch + n * MEASURES, *marks = value + n;
    stretch s = {x, n, measures, value, marks, out};
    memset(out, 0, AT_PROSODY * sizeof *out);
    const double level = measure_rows(x, n, speech, measures, marks, &s);
    put_melody(&s, level);
    put_tremor(&s, PITCH);
    put_tremor(&s, ENERGY);
    put_voiced_runs(&s);
    put_unvoiced_runs(&s);
    for (int m = 0; m < BALANCES; m++)
        put_balance(&s, m);
    put_spread(&s, collect(&s, CLEARNESS, UNVOICED, SPOKEN_VOICE));
    put_spread(&s, collect(&s, CLEARNESS, SPOKEN_VOICE, SPOKEN_VOICE));
    put(&s, correlation(&s, PITCH, ENERGY));
    put(&s, correlation(&s, CLEARNESS, ENERGY));
    put_loudest(&s);
    for (int c = 1; c <= CEPSTRA; c++)
        put_cepstrum(&s, AT_COL_MFCC + c);
    put_flux(&s);
}
