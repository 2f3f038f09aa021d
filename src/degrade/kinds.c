/* kinds.c - the table of degradations. */
#include "degrade/parts.h"

#include <math.h>
#include <string.h>

#define PICTURE .picture = at_degrade_picture
#define COVER   .picture = at_degrade_cover
#define CODEC   .picture = at_degrade_codec
/* Levels that a table of all kinds shows. */
#define AT(...) \
    .listed = {__VA_ARGS__}, .levels = (int)(sizeof((float[]){__VA_ARGS__}) / sizeof(float))

const at_degradation at_degradations[AT_DEGRADE_KINDS] = {
    [AT_DEGRADE_BLUR] = {"blur", "pixels", "Gaussian of that standard deviation", 0, 100,
                         AT(2, 4, 8), PICTURE},
    [AT_DEGRADE_MOTION] = {"motion", "pixels", "straight motion of that length in any direction", 0,
                           200, AT(7, 14, 28), PICTURE},
    [AT_DEGRADE_RESOLUTION] = {"resolution", "times", "shrunk so many times, then enlarged again",
                               0, 1000, AT(3, 6, 10), PICTURE},
    [AT_DEGRADE_BLOCKS] = {"blocks", "100 - quality", "compressed as JPEG, of the IJG's scale", 0,
                           99, AT(80, 90, 97), .picture = at_degrade_blocks},
    [AT_DEGRADE_DARK] = {"dark", "stops",
                         "less light, its noise, and the camera's gain half making up for it", 0,
                         20, AT(2, 4, 6), .afresh = 1, PICTURE},
    [AT_DEGRADE_NOISE] = {"noise", "grey levels of 255",
                          "sensor noise of that deviation at full light", 0, 255, AT(10, 25, 50),
                          .afresh = 1, PICTURE},
    [AT_DEGRADE_GAMMA] = {"gamma", "log2 of the exponent",
                          "darker, or brighter for half of the draws", 0, 10, AT(1, 2), PICTURE},
    [AT_DEGRADE_CONTRAST] = {"contrast", "share", "of the contrast lost", 0, 1, AT(0.5F, 0.8F),
                             PICTURE},
    [AT_DEGRADE_PATCH] = {"patch", "% of the face", "a plain patch over it", 0, 100, AT(20, 40, 60),
                          COVER},
    [AT_DEGRADE_HAND] = {"hand", "% of the face", "skin-coloured fingers over it, from any side", 0,
                         100, AT(20, 40, 60), COVER},
    [AT_DEGRADE_MASK] = {"mask", "% of the face", "a surgical mask over nose and mouth", 0, 100,
                         AT(40), COVER},
    [AT_DEGRADE_JPEG] = {"jpeg", "%", "JPEG by a real encoder: 100 is barely recognisable", 0, 100,
                         AT(50, 100), CODEC},
    [AT_DEGRADE_H264] = {"h264", "%", "H.264 by a real encoder: 100 is barely recognisable", 0, 100,
                         AT(50, 100), CODEC},
    [AT_DEGRADE_HISS] = {"hiss", "dB", "white noise, with the voice so far above it", 100, -40,
                         AT(20, 10, 0, -5), .sound = at_degrade_hiss},
    [AT_DEGRADE_PINK] = {"pink", "dB", "pink noise, as of a fan, with the voice so far above it",
                         100, -40, AT(20, 10, 0, -5), .sound = at_degrade_pink},
    [AT_DEGRADE_NOISES] = {"noises", "dB", "recordings of noise, with the voice so far above them",
                           100, -40, AT(20, 10, 0, -5), .sound = at_degrade_noises},
    [AT_DEGRADE_BABBLE] = {"babble", "dB", "many voices, with this one so far above all together",
                           100, -40, AT(20, 10, 0, -5), .sound = at_degrade_babble},
    [AT_DEGRADE_MUSIC] = {"music", "dB", "music, with the voice so far above it", 100, -40,
                          AT(20, 10, 0, -5), .sound = at_degrade_music},
    [AT_DEGRADE_REVERBERATION] = {"reverberation", "s",
                                  "a room that takes so long to fall by 60 dB, 1 m away", 0, 5,
                                  AT(0.4F, 0.8F, 1.6F), .sound = at_degrade_reverberation},
    [AT_DEGRADE_QUIET] = {"quiet", "dB", "so much less loud, in steps of 16 bits", 0, 90,
                          AT(12, 24, 48), .sound = at_degrade_quiet},
    [AT_DEGRADE_CLIPPING] = {"clipping", "dB", "driven so far over the microphone's limit", 0, 60,
                             AT(10, 20, 30), .sound = at_degrade_clipping},
    [AT_DEGRADE_TELEPHONE] = {"telephone", "0 or 1", "300 to 3400 Hz", 0, 1, AT(1),
                              .sound = at_degrade_telephone},
    [AT_DEGRADE_OPUS] = {"opus", "kbit/s", "Opus by a real encoder, of so many", 256, 6,
                         AT(16, 8, 6), .sound = at_degrade_opus},
    [AT_DEGRADE_LOSS] = {"loss", "%", "of the packets of 20 ms lost, in bursts", 0, 100,
                         AT(5, 20, 40), .sound = at_degrade_loss},
    [AT_DEGRADE_SILENCE] = {"silence", "0 or 1", "no sound at all", 0, 1, AT(1),
                            .sound = at_degrade_silence},
};

at_degrade_kind at_degrade_find(const char *name)
{
    int i = 0;
    while (i < AT_DEGRADE_KINDS && strcmp(name, at_degradations[i].name) != 0)
        i++;
    return (at_degrade_kind)i;
}

/* The level as a kind may be given it. 0: it leaves everything as it is; negative: it is wrong. */
static int use_level(const at_degradation *d, float *level)
{
    const float worse = d->most > d->none ? 1 : -1;
    if (!isfinite(*level) || worse * (*level - d->none) < 0)
        return ATTUNE_E_ARG;
    if (worse * (*level - d->most) > 0)
        *level = d->most;
    return *level != d->none;
}

int at_degrade(at_image *im, at_degrade_kind kind, float level, const at_face *face, at_rng *rng,
               uint8_t *covered)
{
    if ((int)kind < 0 || kind >= AT_DEGRADE_PICTURES || im->channels != 3 || im->w < 1 || im->h < 1)
        return ATTUNE_E_ARG;
    const at_degradation *d = &at_degradations[kind];
    const int changes = use_level(d, &level);
    if (changes >= 0 && covered && d->picture == at_degrade_cover)
        memset(covered, 0, (size_t)im->w * (size_t)im->h);
    return changes > 0 ? d->picture(im, kind, level, face, rng, covered) : changes;
}

int at_degrade_sound(float *pcm, size_t n, at_degrade_kind kind, float level,
                     const at_sound_sources *from, at_rng *rng)
{
    static const at_sound_sources none = {0};
    if (kind < AT_DEGRADE_PICTURES || kind >= AT_DEGRADE_KINDS)
        return ATTUNE_E_ARG;
    const at_degradation *d = &at_degradations[kind];
    const int changes = use_level(d, &level);
    if (changes < 0)
        return changes;
    return changes && n ? d->sound(pcm, n, level, from ? from : &none, rng) : ATTUNE_OK;
}
