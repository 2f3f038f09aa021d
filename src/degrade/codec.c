/* codec.c - pictures and sound through real encoders at falling quality. */
#include "degrade/parts.h"
#include "media/media.h"

#include <math.h>

int at_degrade_codec(at_image *im, at_degrade_kind kind, float level, const at_face *face,
                     at_rng *rng, uint8_t *covered)
{
    const at_media_codec codec = kind == AT_DEGRADE_H264 ? AT_MEDIA_H264 : AT_MEDIA_JPEG;
    (void)face, (void)rng, (void)covered;
    return at_media_recompress(im->data, im->w, im->h, im->stride, codec, (double)level / 100,
                               NULL);
}

int at_degrade_opus(float *pcm, size_t n, float level, const at_sound_sources *from, at_rng *rng)
{
    (void)from, (void)rng;
    return at_media_recode_sound(pcm, n, (int)lroundf(1000 * level), NULL);
}
