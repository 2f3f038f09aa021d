/* mono.c - see mono.h. */
#include "dsp/mono.h"

#include "base/mem.h"
#include "dsp/features.h"

#include <math.h>
#include <speex/speex_resampler.h>
#include <string.h>

enum { BLOCK = 512, QUALITY = 8 /* of 0..10: stop band under -90 dB */ };

struct at_mono {
    int rate, channels;
    SpeexResamplerState *resampler; /* NULL: the rate is ours */
    int64_t in, out;                /* samples so far, at either rate */
};

int at_mono_create(at_mono **out, int rate, int channels)
{
    at_mono *m = at_calloc(1, sizeof *m);
    int failure = RESAMPLER_ERR_SUCCESS;

    *out = NULL;
    if (!m)
        return ATTUNE_E_NOMEM;
    m->rate = rate;
    m->channels = channels;
    if (rate != AT_SAMPLE_RATE) {
        m->resampler =
            speex_resampler_init(1, (spx_uint32_t)rate, AT_SAMPLE_RATE, QUALITY, &failure);
        if (!m->resampler) {
            at_mono_free(&m);
            return ATTUNE_E_NOMEM;
        }
        speex_resampler_skip_zeros(m->resampler);
    }
    *out = m;
    return ATTUNE_OK;
}

void at_mono_free(at_mono **m)
{
    if (!m || !*m)
        return;
    if ((*m)->resampler)
        speex_resampler_destroy((*m)->resampler);
    at_free(*m);
    *m = NULL;
}

static size_t latency(const at_mono *m)
{
    return m->resampler ? (size_t)speex_resampler_get_input_latency(m->resampler) : 0;
}

size_t at_mono_most(const at_mono *m, size_t n)
{
    return (n + 2 * latency(m) + 1) * AT_SAMPLE_RATE / (size_t)m->rate + 2;
}

static float sample_at(const attune_sound *x, size_t i)
{
    float v;

    if (x->sample == ATTUNE_S16) {
        int16_t s;
        memcpy(&s, (const char *)x->data + i * sizeof s, sizeof s);
        return (float)s / 32768;
    }
    memcpy(&v, (const char *)x->data + i * sizeof v, sizeof v);
    return isfinite(v) ? fminf(fmaxf(v, -8), 8) : 0;
}

static void mix(const attune_sound *x, size_t from, size_t n, float *out)
{
    const size_t channels = (size_t)x->channels;

    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (size_t c = 0; c < channels; c++)
            sum += sample_at(x, (from + i) * channels + c);
        out[i] = sum / (float)channels;
    }
}

static size_t resample(at_mono *m, const float *in, size_t n, float *pcm)
{
    size_t made = 0;

    while (n > 0) {
        spx_uint32_t taken = (spx_uint32_t)n, given = UINT16_MAX;
        speex_resampler_process_float(m->resampler, 0, in, &taken, pcm + made, &given);
        if (taken == 0 && given == 0)
            break; /* cannot be: the output has room */
        in += taken;
        n -= taken;
        made += given;
    }
    return made;
}

size_t at_mono_push(at_mono *m, const attune_sound *x, float *pcm)
{
    float block[BLOCK];
    size_t made = 0;

    for (size_t i = 0; i < x->n; i += BLOCK) {
        const size_t n = x->n - i < BLOCK ? x->n - i : BLOCK;
        if (m->resampler) {
            mix(x, i, n, block);
            made += resample(m, block, n, pcm + made);
        } else {
            mix(x, i, n, pcm + made);
            made += n;
        }
    }
    m->in += (int64_t)x->n;
    m->out += (int64_t)made;
    return made;
}

size_t at_mono_finish(at_mono *m, float *pcm)
{
    static const float silence[BLOCK];
    const int64_t whole = (m->in * AT_SAMPLE_RATE + m->rate - 1) / m->rate;
    size_t left = latency(m), made = 0;

    while (left > 0) {
        const size_t n = left < BLOCK ? left : BLOCK;
        made += resample(m, silence, n, pcm + made);
        left -= n;
    }
    return m->out + (int64_t)made <= whole ? made : (size_t)(whole > m->out ? whole - m->out : 0);
}
