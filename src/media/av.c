/* av.c - the reader: decode, place in time, put in order, drop by time, convert.
 *
 * at_av_next makes each stream have something ready, from its queue of packets, and gives out
 * what is earlier. A frame is lent as it was decoded when its turn comes (av_picture.c), sound is resampled as
 * it is decoded (av_sound.c) and given out in short pieces, so that nothing but the decoders' own
 * few frames is ever held.
 */
#include "media/av_reader.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* ---- time --------------------------------------------------------------------------------- */

/* Where a frame of s with this pts belongs. A missing one follows the frame before it. */
static int64_t place(at_media *m, at_av_stream *s, int64_t pts)
{
    int64_t raw = pts == AV_NOPTS_VALUE ? 0 : at_av_us(pts, s->st->time_base);
    if (pts == AV_NOPTS_VALUE || raw > INT64_MAX / 4 || raw < INT64_MIN / 4)
        return s->end_us;
    if (m->start_us == AV_NOPTS_VALUE)
        m->start_us = raw;
    int64_t t = raw - m->start_us + s->shift_us;
    if (t < s->end_us - AT_AV_BACK_US || t > s->end_us + AT_AV_AHEAD_US) {
        s->shift_us += s->end_us - t;
        t = s->end_us;
    }
    return t;
}

static int64_t picture_duration(const at_av_stream *s, const AVFrame *f)
{
    int64_t us = at_av_us(at_av_frame_duration(f), s->st->time_base);
    AVRational rate = s->st->avg_frame_rate;
    if (us <= 0 && rate.num > 0 && rate.den > 0)
        us = at_av_us(1, av_inv_q(rate));
    return us > 0 && us < AT_AV_AHEAD_US ? us : AT_AV_SECOND / 25;
}

static void note_end(at_media *m, at_av_stream *s, int64_t end_us)
{
    if (end_us > s->end_us)
        s->end_us = end_us;
    if (end_us > m->info.duration_us)
        m->info.duration_us = end_us;
}

/* ---- decoding ----------------------------------------------------------------------------- */

/* Whether packet, the next one of the pictures, is to be sent. */
static int prepare_picture(at_media *m, const AVPacket *packet)
{
    const int skips = at_av_restart_skips(m, packet);
    at_av_restart_note(m, packet);
    m->video.dec->skip_frame = at_av_spare_skip(&m->spare, m, packet) ? AVDISCARD_NONREF
                                                                      : AVDISCARD_DEFAULT;
    return !skips;
}

/* The next packet of s to its decoder, at the end word of it. 1: sent; 0: there is none yet. */
static int send_next(at_media *m, at_av_stream *s, attune_error *err)
{
    const AVPacket *packet = s->queue.count > 0 ? at_av_queue_at(&s->queue, 0) : NULL;
    if (!packet && (!m->at_end || s->drained))
        return 0;
    if (packet && s == &m->video && !prepare_picture(m, packet)) {
        at_av_queue_drop(&s->queue);
        return 1;
    }
    at_av_watch_memory();
    int ret = at_av_unless_nomem(avcodec_send_packet(s->dec, packet));
    if (ret == AVERROR(ENOMEM))
        return s->budget.exceeded ? at_av_too_dear(m, s->dec->width, s->dec->height, err)
                                  : at_fail_nomem(err);
    if (ret < 0 && ret != AVERROR_EOF) {
        m->info.errors++;
        s->bad_end = 1;
    }
    if (packet) {
        at_av_work_add_packet(s, packet);
        at_av_queue_drop(&s->queue);
    } else {
        s->drained = 1;
    }
    return 1;
}

/* One frame of s into s->frame: 1, or 0 when packets have to be read first or s is done. */
static int decode(at_media *m, at_av_stream *s, attune_error *err)
{
    while (!s->done) {
        int ret = at_av_work_check(m, s, err);
        if (ret < 0)
            return ret;
        at_av_watch_memory();
        ret = at_av_unless_nomem(avcodec_receive_frame(s->dec, s->frame));
        if (s->budget.exceeded)
            return at_av_too_dear(m, s->dec->width, s->dec->height, err);
        if (ret >= 0) {
            s->bad_end = s->frame->decode_error_flags || (s->frame->flags & AV_FRAME_FLAG_CORRUPT);
            return 1;
        }
        if (ret == AVERROR(ENOMEM))
            return at_fail_nomem(err);
        if (ret == AVERROR_EOF) {
            s->done = 1;
        } else if (ret == AVERROR(EAGAIN)) {
            ret = send_next(m, s, err);
            if (ret <= 0)
                return ret;
        } else {
            m->info.errors++;
            s->bad_end = 1;
        }
    }
    return 0;
}

/* ---- pictures ----------------------------------------------------------------------------- */

/* Whether the frame at t is the first of its period. */
static int due(at_media *m, int64_t t)
{
    if (!at_av_rate_limits(m))
        return 1;
    int64_t period = at_av_period(m->o.rate, t);
    if (period <= m->last_period)
        return 0;
    m->last_period = period;
    return 1;
}

static int too_large(const at_media *m, const AVFrame *f)
{
    return f->width > AT_MEDIA_MAX_SIDE || f->height > AT_MEDIA_MAX_SIDE ||
           (int64_t)f->width * f->height > m->o.max_pixels;
}

/* The next frame that is due, decoded: 1, or as decode. */
static int ready_picture(at_media *m, attune_error *err)
{
    at_av_stream *s = &m->video;
    int ret;
    while ((ret = decode(m, s, err)) > 0) {
        const AVFrame *f = s->frame;
        int64_t duration = picture_duration(s, f);
        int64_t t = place(m, s, f->best_effort_timestamp);
        if (t < 0 && t + duration > 0)
            t = 0;
        if (t < 0 || too_large(m, f)) {
            m->info.errors += t >= 0;
            continue;
        }
        if (m->last_frame_us >= 0 && t <= m->last_frame_us)
            t = m->last_frame_us + 1;
        m->info.frames++;
        m->last_frame_us = t;
        note_end(m, s, t + duration);
        if (!due(m, t))
            continue;
        s->ready = 1;
        s->ready_us = t;
        return 1;
    }
    return ret;
}

static int give_picture(at_media *m, at_media_packet *out, attune_error *err)
{
    at_av_stream *s = &m->video;
    AVFrame *f = s->frame;
    AVRational sar = f->sample_aspect_ratio.num > 0 ? f->sample_aspect_ratio
                                                    : s->st->codecpar->sample_aspect_ratio;
    at_turn turn = at_av_turn_of(at_av_display_matrix(f, s->st));
    s->ready = 0;
    int ret = at_av_picture_lend(&m->picture, f, sar, turn, m->path, out, err);
    if (ret < 0)
        return ret;
    at_av_note_size(m, f->width, f->height, sar, turn);
    out->kind = AT_MEDIA_VIDEO;
    out->t_us = s->ready_us;
    return 1;
}

/* ---- sound -------------------------------------------------------------------------------- */

/* What was before the start of the container's clock is cut off. 1 if something is left. */
static int keep_piece(at_media *m)
{
    at_media_packet *p = &m->piece;
    if (p->n > 0 && p->t_us < 0) {
        size_t before =
            (size_t)av_rescale_rnd(-p->t_us, AT_MEDIA_AUDIO_RATE, AT_AV_SECOND, AV_ROUND_UP);
        before = before < p->n ? before : p->n;
        p->pcm += before;
        p->n -= before;
        p->t_us = 0;
    }
    m->audio.ready = p->n > 0;
    m->audio.ready_us = p->t_us;
    return m->audio.ready;
}

static void place_sound(at_media *m, at_av_stream *s, int64_t *t_us)
{
    *t_us = place(m, s, s->frame->best_effort_timestamp);
    int64_t end = *t_us + av_rescale(s->frame->nb_samples, AT_AV_SECOND, s->frame->sample_rate);
    s->end_us = end > s->end_us ? end : s->end_us;
}

static void note_sound_failure(at_media *m, const attune_error *why)
{
    m->info.errors++;
    if (!m->sound_failure.text[0])
        m->sound_failure = *why;
}

/* The next stretch of sound, resampled, in m->piece: 1, or as decode. */
static int ready_sound(at_media *m, attune_error *err)
{
    at_av_stream *s = &m->audio;
    m->piece.n = 0;
    for (;;) {
        attune_error why = {0};
        int ret;
        if (!m->sound_held) {
            ret = decode(m, s, err);
            if (ret < 0)
                return ret;
            if (ret == 0)
                break;
            if (s->frame->nb_samples <= 0 || s->frame->sample_rate <= 0)
                continue;
            at_av_work_add_sound(s, s->frame);
            place_sound(m, s, &m->sound_held_us);
            m->sound_held = 1;
        }
        if (at_av_sound_breaks(&m->sound, s->frame, m->sound_held_us)) {
            ret = at_av_sound_drain(&m->sound, m->path, &m->piece, &why);
        } else {
            m->sound_held = 0;
            ret = at_av_sound_push(&m->sound, s->frame, m->sound_held_us, m->path, &m->piece, &why);
        }
        if (ret == ATTUNE_E_NOMEM)
            return at_fail_nomem(err);
        if (ret < 0)
            note_sound_failure(m, &why);
        else if (keep_piece(m))
            return 1;
    }
    if (!s->done || !m->sound.swr)
        return 0;
    int ret = at_av_sound_drain(&m->sound, m->path, &m->piece, err);
    return ret < 0 ? ret : keep_piece(m);
}

static int give_sound(at_media *m, at_media_packet *out)
{
    at_media_packet *p = &m->piece;
    size_t n = p->n < AT_AV_PIECE ? p->n : AT_AV_PIECE;
    int64_t length = av_rescale((int64_t)n, AT_AV_SECOND, AT_MEDIA_AUDIO_RATE);
    *out = (at_media_packet){.kind = AT_MEDIA_AUDIO, .t_us = p->t_us, .pcm = p->pcm, .n = n};
    p->pcm += n;
    p->n -= n;
    p->t_us += length;
    m->audio.ready = p->n > 0;
    m->audio.ready_us = p->t_us;
    if (p->t_us > m->info.duration_us)
        m->info.duration_us = p->t_us;
    return 1;
}

/* ---- the order ---------------------------------------------------------------------------- */

/* Whether s may still bring something that is earlier than what is ready. */
static int worth_waiting(const at_media *m, const at_av_stream *s)
{
    return s->dec && !s->done && !s->ready && !m->live &&
           m->video.queue.bytes + m->audio.queue.bytes < AT_AV_QUEUE_BYTES;
}

static int make_ready(at_media *m, attune_error *err)
{
    int ret = 0;
    if (m->audio.dec && !m->audio.ready)
        ret = ready_sound(m, err);
    if (ret >= 0 && m->video.dec && !m->video.ready)
        ret = ready_picture(m, err);
    return ret < 0 ? ret : 0;
}

static int give_earlier(at_media *m, at_media_packet *out, attune_error *err)
{
    *out = (at_media_packet){0};
    if (m->audio.ready && (!m->video.ready || m->audio.ready_us <= m->video.ready_us))
        return give_sound(m, out);
    return give_picture(m, out, err);
}

static int finish(at_media *m, attune_error *err)
{
    m->ended = 1;
    at_av_judge_end(m);
    if (m->given > 0)
        return m->result = 0;
    if (m->sound_failure.text[0]) { /* decoded, but nothing that could be used */
        if (err)
            *err = m->sound_failure;
        return m->result = ATTUNE_E_UNSUPPORTED;
    }
    const char *why = m->info.truncated ? m->info.truncated_reason : "its streams are empty";
    if (m->source.io && !m->source.is_file && at_av_source_head(&m->source).mp4)
        why = at_av_index_unreachable;
    return m->result = at_fail(err, ATTUNE_E_FORMAT,
                               "%s: no frame and no sound could be decoded: %s", m->path, why);
}

static int step(at_media *m, at_media_packet *out, attune_error *err)
{
    for (;;) {
        if (m->o.interrupted && m->o.interrupted(m->o.user))
            return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: interrupted", m->path);
        int ret = make_ready(m, err);
        if (ret < 0)
            return ret;
        int ready = m->audio.ready || m->video.ready;
        if (ready && !worth_waiting(m, &m->audio) &&
            (at_av_restart_waits(m) || !worth_waiting(m, &m->video)))
            return give_earlier(m, out, err);
        if (!ready && m->at_end)
            return finish(m, err);
        ret = at_av_read(m, NULL, 0, err);
        if (ret < 0)
            return ret;
    }
}

int at_av_next(at_media *m, at_media_packet *out, attune_error *err)
{
    if (m->ended) {
        if (m->result < 0 && err)
            *err = m->failure;
        return m->result;
    }
    attune_error failure = {0};
    int ret = step(m, out, &failure);
    if (ret > 0)
        m->given++;
    if (ret < 0) {
        m->failure = failure;
        if (err)
            *err = failure;
    }
    return ret;
}

void at_av_get_info(const at_media *m, at_media_info *out)
{
    *out = m->info;
    out->opposite_phase = m->sound.was_opposite;
}

static void close_stream(at_av_stream *s)
{
    avcodec_free_context(&s->dec);
    av_frame_free(&s->frame);
    at_av_queue_free(&s->queue);
}

void at_av_close(at_media *m)
{
    close_stream(&m->video);
    close_stream(&m->audio);
    avformat_close_input(&m->fmt);
    at_av_source_close(&m->source);
    av_packet_free(&m->packet);
    at_av_picture_free(&m->picture);
    at_av_sound_free(&m->sound);
}
