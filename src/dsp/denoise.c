/* denoise.c - see denoise.h. */
#include "dsp/denoise.h"

#include <math.h>
#include <speex/speex_preprocess.h>

#include "base/error.h"
#include "base/mem.h"

struct at_denoise {
    SpeexPreprocessState *state;
    float gain; /* of the block that comes out next */
};

/* speexdsp does not ask whether it was given memory (1.2: 25 kB in 32 pieces). It will be, out of what was to be
 * had a moment ago. */
static SpeexPreprocessState *init_state(void)
{
    void *room = at_alloc(1, 64 << 10);
    if (!room)
        return NULL;
    at_free(room);
    return speex_preprocess_state_init(AT_DENOISE_BLOCK, AT_SAMPLE_RATE);
}

int at_denoise_create(at_denoise **out, float suppress_db, attune_error *err)
{
    *out = NULL;
    if (!(suppress_db >= 1 && suppress_db <= 60))
        return at_fail(err, ATTUNE_E_ARG, "noise suppression of %g dB is not in 1 to 60",
                       (double)suppress_db);
    at_denoise *d = at_calloc(1, sizeof *d);
    if (!d)
        return at_fail_nomem(err);
    d->state = init_state();
    if (!d->state) {
        at_free(d);
        return at_fail_nomem(err);
    }
    int on = 1, db = -(int)lrintf(suppress_db);
    speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_DENOISE, &on);
    speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, &db);
    d->gain = 1;
    *out = d;
    return ATTUNE_OK;
}

void at_denoise_free(at_denoise **d)
{
    if (!d || !*d)
        return;
    speex_preprocess_state_destroy((*d)->state);
    at_free(*d);
    *d = NULL;
}

void at_denoise_block(at_denoise *d, float gain, const float *in, float *out)
{
    const float scale = gain * 32768.0f;
    spx_int16_t pcm[AT_DENOISE_BLOCK];
    for (int i = 0; i < AT_DENOISE_BLOCK; i++)
        pcm[i] = (spx_int16_t)lrintf(fmaxf(-32768.0f, fminf(32767.0f, in[i] * scale)));
    speex_preprocess_run(d->state, pcm);
    for (int i = 0; i < AT_DENOISE_BLOCK; i++)
        out[i] = (float)pcm[i] / (32768.0f * d->gain);
    d->gain = gain;
}
