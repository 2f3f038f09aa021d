/* av_wire.h - what a reader in a child tells its parent over a socket: messages of one size, behind one of sound
 * its samples. Pictures lie in memory that both share, at a place that their message tells.
 *
 * The child may have been taken over by what it decodes. So its parent asks at_wire_fault about each message
 * before it uses it, and works out for itself how many bytes belong to it. Of a picture the child may change
 * the pixels later; whatever they are, they are pixels.
 */
#ifndef AT_MEDIA_AV_WIRE_H
#define AT_MEDIA_AV_WIRE_H

#include "media/av_reader.h"

typedef enum at_wire_kind {
    AT_WIRE_HELD = 1, /* the child is confined: held says how; nothing was looked at yet */
    AT_WIRE_OPENED,   /* info */
    AT_WIRE_PICTURE,  /* t_us, picture, info */
    AT_WIRE_SOUND,    /* t_us, samples, info; then so many floats */
    AT_WIRE_END,      /* info */
    AT_WIRE_FAILED,   /* status, text; info once it was opened */
} at_wire_kind;

/* A frame in a format that attune_picture has a word for, by FFmpeg's names. */
typedef struct at_wire_picture {
    int32_t format, w, h, range, space;
    int32_t aspect_num, aspect_den, orientation;
    int32_t slot, slots; /* the slot it is in, of how many */
    int64_t offset;      /* bytes, of the slot's beginning */
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
    size_t shared_bytes;
} at_wire_state;

/* What is wrong with m, or NULL: then it is noted in s. */
const char *at_wire_fault(at_wire_state *s, const at_wire_message *m);
/* The same of sound that came. */
const char *at_wire_sound_fault(const float *pcm, int64_t n);

/* ---- slots -------------------------------------------------------------------------------- */

enum { AT_WIRE_SLOTS = 6 };

/* Bytes that both share: of at most so many pixels a picture, and a few pictures of usual size. */
size_t at_wire_shared_bytes(int64_t max_pixels);
/* Bytes that a picture's slot takes; 0: of no such picture. */
size_t at_wire_slot_bytes(int format, int w, int h);
/* How many slots of that size there are. */
int at_wire_slots(size_t slot_bytes, size_t shared_bytes);

/* The planes of f, whose format and size are set, in a slot. */
int at_wire_place(AVFrame *f, uint8_t *slot);

#endif
