/* av_wire.h - what a reader in a child tells its parent over a pipe: messages of one size, and behind one
 * of a picture its rows, behind one of sound its samples.
 *
 * The child may have been taken over by what it decodes. So its parent asks at_wire_fault about each
 * message before it uses it, and takes as many bytes as it works out for itself.
 */
#ifndef AT_MEDIA_AV_WIRE_H
#define AT_MEDIA_AV_WIRE_H

#include "media/av_reader.h"

#include <sys/uio.h>

typedef enum at_wire_kind {
    AT_WIRE_HELD = 1, /* the child is confined: held says how; nothing was looked at yet */
    AT_WIRE_OPENED,   /* info */
    AT_WIRE_PICTURE,  /* t_us, picture, info; then its rows */
    AT_WIRE_SOUND,    /* t_us, samples, info; then so many floats */
    AT_WIRE_END,      /* info */
    AT_WIRE_FAILED,   /* status, text; info once it was opened */
} at_wire_kind;

/* A frame in a format that attune_picture has a word for, by FFmpeg's names. */
typedef struct at_wire_picture {
    int32_t format, w, h, range, space;
    int32_t aspect_num, aspect_den, orientation;
} at_wire_picture;

typedef struct at_wire_message {
    int32_t kind, status;
    uint32_t held;
    int64_t t_us, samples;
    at_wire_picture picture;
    at_media_info info;
    char text[sizeof((attune_error *)0)->text];
} at_wire_message;

/* What came before, for the order of messages and of times. Zero-initialised: nothing, but for
 * last_frame_us, -1. */
typedef struct at_wire_state {
    int held, opened, ended;
    int64_t last_frame_us;
    int64_t max_pixels;
} at_wire_state;

/* What is wrong with m, or NULL: then it is noted in s. */
const char *at_wire_fault(at_wire_state *s, const at_wire_message *m);
/* The same of sound that came. */
const char *at_wire_sound_fault(const float *pcm, int64_t n);

/* Goes over the rows of a frame's planes. Zero-initialised, but for frame, is its beginning. */
typedef struct at_wire_rows {
    const AVFrame *frame;
    int plane, row;
    size_t done; /* bytes of that row */
} at_wire_rows;

/* The next at most room stretches: how many; 0: that was all. */
int at_wire_rows_at(const at_wire_rows *r, struct iovec *out, int room);
void at_wire_rows_pass(at_wire_rows *r, size_t bytes);

#endif
