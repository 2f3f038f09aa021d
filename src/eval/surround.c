#include "eval/surround.h"

#include "base/error.h"
#include "base/mem.h"
#include "data/voices.h"
#include "media/media.h"

#include "data/loading.h"
#include <math.h>
#include <string.h>

static const double longest_s = 60;
static const double trained_share = 0.7; /* of each noise, from its beginning */

struct at_surround {
    float *noise; /* (noise_n) */
    size_t noise_n;
    const at_sample *of[AT_SURROUND_VOICES]; /* whose voice[] is */
    float *voice[AT_SURROUND_VOICES];        /* (voice_n) of power 1 */
    size_t voice_n[AT_SURROUND_VOICES];
    int voices;
};

/* All voices of a babble are as loud. Silence makes none. */
static int to_power_1(float *pcm, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * (double)pcm[i];
    if (!(sum > 0))
        return 0;
    const float gain = (float)sqrt((double)n / sum);
    for (size_t i = 0; i < n; i++)
        pcm[i] *= gain;
    return 1;
}

/* Some of the corpus's voices, evenly over its list. What cannot be read is passed over. */
static int load_voices(at_surround *s, const at_corpus *c, attune_error *err)
{
    for (int k = 0; k < AT_SURROUND_VOICES && k < c->count; k++) {
        const int wanted = AT_SURROUND_VOICES < c->count ? AT_SURROUND_VOICES : c->count;
        const at_sample *of = &c->list[(int)((int64_t)k * c->count / wanted)];
        float *pcm = NULL;
        size_t n = 0;
        if (at_sample_kind_of(of) == AT_PICTURE)
            continue;
        const int status = at_media_load_audio(of->path, longest_s, &pcm, &n, err);
        if (at_loading_ends(of->path, status))
            return status;
        if (!to_power_1(pcm, n)) {
            at_free(pcm);
            continue;
        }
        s->of[s->voices] = of;
        s->voice[s->voices] = pcm;
        s->voice_n[s->voices++] = n;
    }
    return ATTUNE_OK;
}

int at_surround_open(at_surround **out, const at_harms *harms, const char *noise,
                     const at_corpus *c, attune_error *err)
{
    const int noises = at_harms_have(harms, AT_DEGRADE_NOISES) && noise;
    const int babble = at_harms_have(harms, AT_DEGRADE_BABBLE);
    *out = NULL;
    if (!noises && !babble)
        return ATTUNE_OK;
    at_surround *s = *out = at_calloc(1, sizeof *s);
    int status = s ? ATTUNE_OK : at_fail_nomem(err);
    if (status == ATTUNE_OK && noises)
        status = at_noises_load(&s->noise, &s->noise_n, noise, trained_share, 1, err);
    if (status == ATTUNE_OK && babble)
        status = load_voices(s, c, err);
    if (status < 0)
        at_surround_free(out);
    return status;
}

void at_surround_free(at_surround **out)
{
    at_surround *s = *out;
    if (!s)
        return;
    for (int k = 0; k < s->voices; k++)
        at_free(s->voice[k]);
    at_free(s->noise);
    at_free(s);
    *out = NULL;
}

/* People without a name are told apart by their files. */
static int same_person(const at_sample *a, const at_sample *b)
{
    return *a->person || *b->person ? strcmp(a->person, b->person) == 0
                                    : strcmp(a->path, b->path) == 0;
}

void at_surround_of(const at_surround *s, const at_sample *who, at_surroundings *out)
{
    memset(out, 0, sizeof *out);
    at_sound_sources *from = &out->sources;
    from->voice = out->voice;
    from->voice_n = out->voice_n;
    if (!s)
        return;
    from->noise = s->noise;
    from->noise_n = s->noise_n;
    for (int k = 0; k < s->voices; k++) {
        if (same_person(s->of[k], who))
            continue;
        out->voice[from->voices] = s->voice[k];
        out->voice_n[from->voices++] = s->voice_n[k];
    }
}
