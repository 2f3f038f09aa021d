#include "runtime/sound.h"

#include "base/mem.h"
#include "dsp/features.h"

#include <stdlib.h>
#include <string.h>

/* Times of pieces that follow each other are rounded, and some clocks jitter. */
static const int64_t break_us = 40000;

static int64_t us_of(int64_t samples, int rate)
{
    return samples / rate * 1000000 + samples % rate * 1000000 / rate;
}

int at_front_breaks(const at_front *f, int64_t t_us, const attune_sound *x)
{
    return f->mono && (x->rate != f->rate || x->channels != f->channels ||
                       llabs(t_us - f->origin_us - us_of(f->in, f->rate)) > break_us);
}

/* Room for what comes of n more samples. */
static int reserve(at_front *f, size_t n)
{
    const size_t need = f->waiting + at_mono_most(f->mono, n);
    float *pcm;

    if (need <= f->capacity)
        return ATTUNE_OK;
    pcm = at_alloc(need, sizeof *pcm);
    if (!pcm)
        return ATTUNE_E_NOMEM;
    if (f->waiting > 0)
        memcpy(pcm, f->pcm, f->waiting * sizeof *pcm);
    at_free(f->pcm);
    f->pcm = pcm;
    f->capacity = need;
    return ATTUNE_OK;
}

int at_front_push(at_front *f, int64_t t_us, const attune_sound *x)
{
    if (!f->mono) {
        if (at_mono_create(&f->mono, x->rate, x->channels) < 0)
            return ATTUNE_E_NOMEM;
        f->rate = x->rate;
        f->channels = x->channels;
        f->origin_us = t_us;
        f->in = f->out = 0;
    }
    if (reserve(f, x->n) < 0)
        return ATTUNE_E_NOMEM;
    f->waiting += at_mono_push(f->mono, x, f->pcm + f->waiting);
    f->in += (int64_t)x->n;
    return ATTUNE_OK;
}

int at_front_end(at_front *f)
{
    if (!f->mono)
        return ATTUNE_OK;
    if (reserve(f, 0) < 0)
        return ATTUNE_E_NOMEM;
    f->waiting += at_mono_finish(f->mono, f->pcm + f->waiting);
    at_mono_free(&f->mono);
    return ATTUNE_OK;
}

int64_t at_front_us(const at_front *f)
{
    /* a sample lasts 62.5 us; rounded up, so that an odd number of them after it ends on time */
    return f->origin_us + (f->out * 125 + 1) / 2;
}

void at_front_taken(at_front *f, size_t n)
{
    f->waiting -= n;
    f->out += (int64_t)n;
    memmove(f->pcm, f->pcm + n, f->waiting * sizeof *f->pcm);
}

void at_front_free(at_front *f)
{
    at_mono_free(&f->mono);
    at_free(f->pcm);
    *f = (at_front){0};
}
