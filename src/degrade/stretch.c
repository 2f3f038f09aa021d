/* stretch.c - speed, length and pitch of a sound. */
#include <limits.h>
#include <math.h>
#include <string.h>
#include <speex/speex_resampler.h>

#include "base/mem.h"
#include "degrade/sound.h"

enum {
    RATIO_UNIT = 10000, /* speed factors are rounded to this fraction */
    RESAMPLE_QUALITY = 6,
    /* WSOLA: windows of 32 ms overlapping by half, moved by at most 8 ms to where they match. */
    WINDOW = AT_SAMPLE_RATE * 32 / 1000,
    STEP = WINDOW / 2,
    REACH = AT_SAMPLE_RATE * 8 / 1000,
};

static int good_factor(double factor)
{
    return factor >= 0.5 && factor <= 2;
}

/* x (n) to out (out_n): sample i of out is at factor * i of x, band-limited; zeros follow x. */
static int resample(const float *x, size_t n, double factor, float *out, size_t out_n)
{
    int status = RESAMPLER_ERR_SUCCESS;
    spx_uint32_t ratio = (spx_uint32_t)lrint(factor * RATIO_UNIT);
    SpeexResamplerState *r = speex_resampler_init_frac(1, ratio, RATIO_UNIT, AT_SAMPLE_RATE,
                                                       AT_SAMPLE_RATE, RESAMPLE_QUALITY, &status);
    if (!r)
        return ATTUNE_E_NOMEM;
    speex_resampler_skip_zeros(r);
    static const float zeros[AT_FRAME_LEN];
    size_t used = 0, made = 0;
    while (made < out_n) {
        size_t left = n - used, room = out_n - made;
        const float *in = left ? x + used : zeros;
        spx_uint32_t take = left == 0 ? AT_FRAME_LEN : left < 65536 ? (spx_uint32_t)left : 65536;
        spx_uint32_t give = room < 65536 ? (spx_uint32_t)room : 65536;
        if (speex_resampler_process_float(r, 0, in, &take, out + made, &give) != 0)
            break;
        used += left ? take : 0;
        made += give;
    }
    speex_resampler_destroy(r);
    return made == out_n ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

int at_augment_speed(const float *x, size_t n, double factor, float **out, size_t *out_n)
{
    *out = NULL;
    *out_n = 0;
    if (!good_factor(factor) || n > INT_MAX)
        return ATTUNE_E_ARG;
    size_t size = (size_t)llrint((double)n / factor);
    float *y = at_alloc(size, sizeof *y);
    if (!y)
        return ATTUNE_E_NOMEM;
    int status = resample(x, n, factor, y, size);
    if (status < 0) {
        at_free(y);
        return status;
    }
    *out = y;
    *out_n = size;
    return ATTUNE_OK;
}

/* ---- WSOLA ------------------------------------------------------------------------------ */

/* Where, within REACH of at, x (n) goes on most like it does from template on: the largest
 * cross-correlation over the root of the energy, over half a window. */
static ptrdiff_t best_match(const float *x, ptrdiff_t n, ptrdiff_t at, ptrdiff_t template)
{
    ptrdiff_t low = at - REACH > 0 ? at - REACH : 0;
    ptrdiff_t high = at + REACH < n - STEP ? at + REACH : n - STEP;
    if (low > high || template + STEP > n)
        return at;
    int places = (int)(high - low) + 1;
    float cross[2 * REACH + 1] = {0};
    double energy = 1e-9, best_score = -INFINITY;
    ptrdiff_t best = at;
    for (int i = 0; i < STEP; i++) {
        float t = x[template + i];
        for (int p = 0; p < places; p++)
            cross[p] += t * x[low + p + i];
        energy += (double)x[low + i] * (double)x[low + i];
    }
    for (int p = 0; p < places; p++) {
        double score = (double)cross[p] / sqrt(fmax(energy, 1e-9));
        if (score > best_score) {
            best_score = score;
            best = low + p;
        }
        double leaving = (double)x[low + p],
               coming = p + 1 < places ? (double)x[low + p + STEP] : 0;
        energy += coming * coming - leaving * leaving;
    }
    return best;
}

int at_augment_stretch(const float *x, size_t n, double factor, float **out, size_t *out_n)
{
    *out = NULL;
    *out_n = 0;
    if (!good_factor(factor) || n > INT_MAX)
        return ATTUNE_E_ARG;
    size_t size = (size_t)llrint((double)n * factor);
    float *y = at_calloc(size, sizeof *y);
    if (!y)
        return ATTUNE_E_NOMEM;
    /* Output windows start at to = -STEP, 0, STEP, ...: two cover every sample, and the halves of a
     * periodic Hann window sum to 1. */
    ptrdiff_t from = -STEP;
    for (ptrdiff_t to = -STEP; to < (ptrdiff_t)size; to += STEP) {
        if (to > 0) /* the first two go on from the start unmoved */
            from = best_match(x, (ptrdiff_t)n, (ptrdiff_t)lrint((double)to / factor), from + STEP);
        else
            from = to;
        for (int i = 0; i < WINDOW; i++) {
            ptrdiff_t a = from + i, b = to + i;
            if (a < 0 || a >= (ptrdiff_t)n || b < 0 || b >= (ptrdiff_t)size)
                continue;
            float hann = 0.5f - 0.5f * cosf(6.2831853f * (float)i / WINDOW);
            y[b] += hann * x[a];
        }
    }
    *out = y;
    *out_n = size;
    return ATTUNE_OK;
}

int at_augment_pitch(const float *x, size_t n, double semitones, float **out)
{
    *out = NULL;
    if (!(fabs(semitones) <= 12) || n > INT_MAX)
        return ATTUNE_E_ARG;
    /* Longer by the ratio, then played faster by it. */
    double ratio = exp2(semitones / 12);
    float *longer, *y = at_alloc(n, sizeof *y);
    size_t longer_n;
    if (!y)
        return ATTUNE_E_NOMEM;
    int status = at_augment_stretch(x, n, ratio, &longer, &longer_n);
    if (status == ATTUNE_OK)
        status = resample(longer, longer_n, ratio, y, n);
    at_free(longer);
    if (status < 0) {
        at_free(y);
        return status;
    }
    *out = y;
    return ATTUNE_OK;
}
