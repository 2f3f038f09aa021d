/* clip_out.h - a clip that is written while another is read: pictures and sound with the times that they
 * come with, in one size, into a file that is opened once that size is known.
 */
#ifndef AT_MEDIA_CLIP_OUT_H
#define AT_MEDIA_CLIP_OUT_H

#include "media/media.h"

/* path, pictures and o (but for its size) are filled in by the caller; the rest is zero. */
typedef struct at_clip_out {
    const char *path;          /* [kept] */
    int pictures;              /* there will be some */
    at_media_writer_options o; /* w and h: of the first picture, which all have; 0 before */
    at_media_writer *writer;   /* NULL until then */
    float *held;               /* (held_n) sound from before */
    size_t held_n, held_capacity;
    int64_t samples; /* of sound so far */
} at_clip_out;

/* t_us: strictly increasing. rgb: (h x stride); w and h as of the first (ATTUNE_E_ARG). */
int at_clip_out_picture(at_clip_out *c, int64_t t_us, const uint8_t *rgb, int w, int h,
                        ptrdiff_t stride, attune_error *err);
/* Mono 16 kHz, put where its time says: silence in gaps, overlaps dropped, but for a sample of rounding. */
int at_clip_out_sound(at_clip_out *c, int64_t t_us, const float *pcm, size_t n, attune_error *err);
/* The file appears. What close or abandon leave is ready for neither. */
int at_clip_out_close(at_clip_out *c, attune_error *err);
void at_clip_out_abandon(at_clip_out *c); /* leaves no file; idempotent */

/* Pictures a second of the clip that is read so, by the first two; containers that count frames want to know. 0: not
 * known. */
int at_clip_fps(const char *path, const at_media_options *o);

#endif
