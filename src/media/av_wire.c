#include "media/av_wire.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* ---- what may be said --------------------------------------------------------------------- */

#define LONGEST_US INT64_C(9000000000000000) /* as far as sessions count */

/* Part of a line: without control characters, those of one byte and UTF-8's C1. */
static int is_plain(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    if (!memchr(text, 0, size))
        return 0;
    for (; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
            return 0;
    return 1;
}

static int is_flag(int x)
{
    return x == 0 || x == 1;
}

static int is_within(int64_t x, int64_t most)
{
    return x >= 0 && x <= most;
}

static const char *info_fault(const at_media_info *i)
{
    const int flags = is_flag(i->has_video) && is_flag(i->has_audio) && is_flag(i->live) &&
                      is_flag(i->device) && is_flag(i->waits) && is_flag(i->lost) &&
                      is_flag(i->chosen_by_speech) && is_flag(i->opposite_phase) &&
                      is_flag(i->truncated) && is_flag(i->unread);
    if (!flags)
        return "a flag that is none";
    /* upright, and made wider or higher where pixels are not square */
    if (!is_within(i->w, INT32_MAX / 4) || !is_within(i->h, INT32_MAX / 4))
        return "a size that is none";
    if (!is_within(i->duration_us, LONGEST_US) || !is_within(i->container_us, INT64_MAX / 4) ||
        !is_within(i->origin_us, LONGEST_US))
        return "a time that is none";
    if (!is_within(i->restart_us, LONGEST_US))
        return "a time that is none";
    if (i->frames < 0 || i->errors < 0 || i->restart < 0)
        return "a count that is none";
    if (!is_within(i->video_tracks, AT_AV_TRACKS) || !is_within(i->audio_tracks, AT_AV_TRACKS) ||
        !is_within(i->video_track, i->video_tracks) || !is_within(i->audio_track, i->audio_tracks))
        return "a track that is none";
    if (!is_plain(i->lost_reason, sizeof i->lost_reason) ||
        !is_plain(i->truncated_reason, sizeof i->truncated_reason))
        return "a reason that is no text";
    return NULL;
}

static const char *picture_fault(const at_wire_state *s, const at_wire_picture *p)
{
    if (!at_av_picture_known(p->format))
        return "a picture of an unknown kind";
    if (p->w < 1 || p->h < 1 || p->w > AT_MEDIA_MAX_SIDE || p->h > AT_MEDIA_MAX_SIDE ||
        (int64_t)p->w * p->h > s->max_pixels)
        return "a picture of a size that is not allowed";
    if (!is_within(p->range, AVCOL_RANGE_NB - 1) || !is_within(p->space, AVCOL_SPC_NB - 1))
        return "a picture of unknown colours";
    if (p->aspect_num < 0 || p->aspect_den < 0 || !is_within(p->orientation, 8))
        return "a picture of unknown shape";
    const size_t bytes = at_wire_slot_bytes(p->format, p->w, p->h);
    if (bytes == 0 || bytes > s->shared_bytes ||
        !is_within(p->offset, (int64_t)(s->shared_bytes - bytes)) || p->offset % AT_ALIGN != 0)
        return "a picture out of place";
    if (p->slots < 1 || p->slots > AT_WIRE_SLOTS || !is_within(p->slot, p->slots - 1))
        return "a slot that is none";
    return NULL;
}

static const char *order_fault(const at_wire_state *s, const at_wire_message *m)
{
    switch (m->kind) {
    case AT_WIRE_HELD: return s->held ? "a second beginning" : NULL;
    case AT_WIRE_OPENED: return !s->held || s->opened ? "a second beginning" : NULL;
    case AT_WIRE_PICTURE:
    case AT_WIRE_SOUND:
    case AT_WIRE_END: return s->opened ? NULL : "something before its beginning";
    case AT_WIRE_FAILED: return NULL;
    default: return "a message of an unknown kind";
    }
}

static const char *content_fault(const at_wire_state *s, const at_wire_message *m)
{
    switch (m->kind) {
    case AT_WIRE_PICTURE:
        if (!is_within(m->t_us, LONGEST_US) || m->t_us <= s->last_frame_us)
            return "a picture out of order";
        return picture_fault(s, &m->picture);
    case AT_WIRE_SOUND:
        if (!is_within(m->t_us, LONGEST_US))
            return "sound of no time";
        return m->samples < 1 || m->samples > AT_AV_PIECE ? "sound of a length that is not allowed"
                                                          : NULL;
    case AT_WIRE_FAILED:
        if (m->status > ATTUNE_E_NOMEM || m->status < ATTUNE_E_STATE)
            return "an error that is none";
        return memchr(m->text, 0, sizeof m->text) ? NULL : "an error without words";
    default: return NULL;
    }
}

static void note(at_wire_state *s, const at_wire_message *m)
{
    s->held |= m->kind == AT_WIRE_HELD;
    s->opened |= m->kind == AT_WIRE_OPENED;
    s->ended |= m->kind == AT_WIRE_END || m->kind == AT_WIRE_FAILED;
    if (m->kind == AT_WIRE_PICTURE)
        s->last_frame_us = m->t_us;
}

const char *at_wire_fault(at_wire_state *s, const at_wire_message *m)
{
    const char *fault = s->ended ? "something after its end" : order_fault(s, m);
    if (!fault)
        fault = content_fault(s, m);
    if (!fault)
        fault = info_fault(&m->info);
    if (!fault)
        note(s, m);
    return fault;
}

const char *at_wire_sound_fault(const float *pcm, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabsf(pcm[i]) <= 1)) /* NaN is neither */
            return "sound that is none";
    return NULL;
}

/* ---- slots -------------------------------------------------------------------------------- */

/* All slots of pictures of usual size; of larger ones there are fewer. */
enum { USUAL_BYTES = 64 << 20, MOST_BYTES_A_PIXEL = 4, ROW_SLACK = 4 * AT_ALIGN };

/* swscale's vector code may look a little past the end. */
size_t at_wire_slot_bytes(int format, int w, int h)
{
    const int bytes = av_image_get_buffer_size(format, w, h, AT_ALIGN);
    return bytes > 0 ? ((size_t)bytes + 2 * AT_ALIGN - 1) / AT_ALIGN * AT_ALIGN : 0;
}

/* A picture may be one row or one column; rows are padded, in each plane. */
size_t at_wire_shared_bytes(int64_t max_pixels)
{
    const size_t one = (size_t)max_pixels * MOST_BYTES_A_PIXEL +
                       (size_t)AT_MEDIA_MAX_SIDE * ROW_SLACK + 2 * AT_ALIGN;
    return one > USUAL_BYTES ? one : USUAL_BYTES;
}

int at_wire_slots(size_t slot_bytes, size_t shared_bytes)
{
    const size_t usual = shared_bytes < USUAL_BYTES ? shared_bytes : USUAL_BYTES;
    const size_t n = usual / slot_bytes;
    return n < 1 ? 1 : n < AT_WIRE_SLOTS ? (int)n : AT_WIRE_SLOTS;
}

int at_wire_place(AVFrame *f, uint8_t *slot)
{
    return av_image_fill_arrays(f->data, f->linesize, slot, f->format, f->width, f->height,
                                AT_ALIGN);
}
