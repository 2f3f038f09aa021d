#include "dsp/lag.h"

#include "base/mem.h"
#include "base/sort.h"

#include <attune/attune.h>
#include <kiss_fftr.h>
#include <math.h>
#include <string.h>

enum {
    SLOW = AT_LAG_RATE,           /* rows of the mean that is taken off: a second */
    LEAST = 2 * AT_LAG_RATE,      /* less is chance */
    APART = 3 * AT_LAG_RATE / 10, /* lags nearer than that to the best are the same peak */
    MOST_ROWS = 12 * 3600 * AT_LAG_RATE,
};
/* Measured in docs/decisions.md. */
static const float least_surprise = 4, least_distinct = 1.5f;
static const float independent =
    8.f / AT_LAG_RATE; /* values a row: speech has some 4 syllables a second */

/* ---- courses -------------------------------------------------------------------------------- */

int at_lag_level(float *energy, size_t n)
{
    if (n == 0)
        return ATTUNE_OK;
    float *sorted = at_alloc(n, sizeof *sorted);
    if (!sorted)
        return ATTUNE_E_NOMEM;
    memcpy(sorted, energy, n * sizeof *sorted);
    at_sort_floats(sorted, n);
    const float quiet = fmaxf(sorted[n / 4], 1e-8f);
    at_free(sorted);
    for (size_t i = 0; i < n; i++)
        energy[i] = log1pf(energy[i] / quiet);
    return ATTUNE_OK;
}

/* x less its mean over the second round each row. */
static int take_off_slow(float *x, size_t n)
{
    double *sum = at_alloc(n + 1, sizeof *sum);
    if (!sum)
        return ATTUNE_E_NOMEM;
    sum[0] = 0;
    for (size_t i = 0; i < n; i++)
        sum[i + 1] = sum[i] + (double)x[i];
    for (size_t i = 0; i < n; i++) {
        const size_t from = i > SLOW / 2 ? i - SLOW / 2 : 0;
        const size_t to = i + SLOW / 2 < n ? i + SLOW / 2 : n;
        x[i] -= (float)((sum[to] - sum[from]) / (double)(to - from));
    }
    at_free(sum);
    return ATTUNE_OK;
}

/* ---- correlation ---------------------------------------------------------------------------- */

typedef struct search {
    const float *a, *b;
    size_t least; /* rows that are to overlap: a quarter of the shorter, or what rules out chance */
    size_t na, nb, size; /* of the transforms: a power of two, at least na + nb */
    kiss_fft_cpx *fa, *fb;
    float *padded; /* (size); at the end sum over i of a[i + lag] b[i], at lag modulo size */
    double *square_a, *square_b; /* (na + 1), (nb + 1): sums of squares up to there */
} search;

static void search_free(search *s)
{
    at_free(s->fa);
    at_free(s->fb);
    at_free(s->padded);
    at_free(s->square_a);
    at_free(s->square_b);
}

static double *sum_squares(const float *x, size_t n)
{
    double *sum = at_alloc(n + 1, sizeof *sum);
    if (!sum)
        return NULL;
    sum[0] = 0;
    for (size_t i = 0; i < n; i++)
        sum[i + 1] = sum[i] + (double)x[i] * (double)x[i];
    return sum;
}

static void transform(search *s, kiss_fftr_cfg forward, const float *x, size_t n, kiss_fft_cpx *out)
{
    memset(s->padded, 0, s->size * sizeof *s->padded);
    memcpy(s->padded, x, n * sizeof *x);
    kiss_fftr(forward, s->padded, out);
}

/* fa := conj(fb) fa, and back. */
static int correlate(search *s)
{
    const size_t bins = s->size / 2 + 1;
    kiss_fftr_cfg forward = kiss_fftr_alloc((int)s->size, 0, NULL, NULL);
    kiss_fftr_cfg back = kiss_fftr_alloc((int)s->size, 1, NULL, NULL);
    const int ok = forward && back;
    if (ok) {
        transform(s, forward, s->a, s->na, s->fa);
        transform(s, forward, s->b, s->nb, s->fb);
        for (size_t k = 0; k < bins; k++) {
            const kiss_fft_cpx x = s->fa[k], y = s->fb[k];
            s->fa[k].r = x.r * y.r + x.i * y.i;
            s->fa[k].i = x.i * y.r - x.r * y.i;
        }
        kiss_fftri(back, s->fa, s->padded);
        for (size_t i = 0; i < s->size; i++)
            s->padded[i] /= (float)s->size;
    }
    kiss_fftr_free(forward);
    kiss_fftr_free(back);
    return ok ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

static int search_open(search *s)
{
    for (s->size = 64; s->size < s->na + s->nb; s->size *= 2) {
    }
    s->fa = at_alloc(s->size / 2 + 1, sizeof *s->fa);
    s->fb = at_alloc(s->size / 2 + 1, sizeof *s->fb);
    s->padded = at_alloc(s->size, sizeof *s->padded);
    s->square_a = sum_squares(s->a, s->na);
    s->square_b = sum_squares(s->b, s->nb);
    return s->fa && s->fb && s->padded && s->square_a && s->square_b ? correlate(s)
                                                                     : ATTUNE_E_NOMEM;
}

/* The correlation at that lag over what overlaps, (*n) rows. */
static float agreement_at(const search *s, ptrdiff_t lag, size_t *n)
{
    const ptrdiff_t from = lag > 0 ? lag : 0; /* in a */
    const ptrdiff_t end_b = (ptrdiff_t)s->nb + lag, na = (ptrdiff_t)s->na;
    const ptrdiff_t to = end_b < na ? end_b : na;
    *n = to > from ? (size_t)(to - from) : 0;
    if (*n == 0)
        return 0;
    const double a = s->square_a[to] - s->square_a[from];
    const double b = s->square_b[to - lag] - s->square_b[from - lag];
    const size_t at = (size_t)(lag < 0 ? (ptrdiff_t)s->size + lag : lag);
    return a > 0 && b > 0 ? (float)((double)s->padded[at] / sqrt(a * b)) : 0;
}

static float score_at(const search *s, ptrdiff_t lag)
{
    size_t n;
    const float r = agreement_at(s, lag, &n);
    return n < s->least ? 0 : r * sqrtf((float)n);
}

/* The vertex of the parabola through the peak and its neighbours, from the peak. */
static double refine(const search *s, ptrdiff_t lag)
{
    size_t n;
    const double l = (double)agreement_at(s, lag - 1, &n), r = (double)agreement_at(s, lag + 1, &n);
    const double m = (double)agreement_at(s, lag, &n), bend = l - 2 * m + r;
    return bend < 0 ? fmax(-0.5, fmin(0.5, 0.5 * (l - r) / bend)) : 0;
}

static void find_peak(at_lag *out, const search *s)
{
    const ptrdiff_t least = (ptrdiff_t)s->least;
    const ptrdiff_t first = least - (ptrdiff_t)s->nb, last = (ptrdiff_t)s->na - least;
    ptrdiff_t best = first;
    float most = 0, next = 0;
    for (ptrdiff_t lag = first; lag <= last; lag++) {
        const float score = score_at(s, lag);
        if (score > most) {
            most = score;
            best = lag;
        }
    }
    for (ptrdiff_t lag = first; lag <= last; lag++)
        if (lag < best - APART || lag > best + APART)
            next = fmaxf(next, score_at(s, lag));
    if (most <= 0)
        return;
    out->agreement = agreement_at(s, best, &out->overlap);
    out->rows = (double)best + refine(s, best);
    const float values = independent * (float)out->overlap;
    out->surprise = atanhf(fminf(out->agreement, 0.999f)) * sqrtf(fmaxf(values - 3, 0));
    out->distinct = next > 0 ? most / next : 0; /* nothing to tell it from */
    out->known = out->surprise >= least_surprise && out->distinct >= least_distinct;
}

int at_lag_find(at_lag *out, float *a, size_t na, float *b, size_t nb)
{
    search s = {.a = a, .b = b, .na = na, .nb = nb};
    memset(out, 0, sizeof *out);
    s.least = (na < nb ? na : nb) / 4;
    s.least = s.least > LEAST ? s.least : LEAST;
    if (na < LEAST || nb < LEAST || na > MOST_ROWS || nb > MOST_ROWS)
        return ATTUNE_OK;
    int status = take_off_slow(a, na);
    status = status ? status : take_off_slow(b, nb);
    status = status ? status : search_open(&s);
    if (status == ATTUNE_OK)
        find_peak(out, &s);
    search_free(&s);
    return status;
}
