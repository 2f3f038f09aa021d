/* av_restart.c - where in the pictures' packets decoding may begin, for pictures that come much later.
 *
 * At a packet that the container calls a key: nothing before it is referred to by what is shown after it. Containers
 * err, and some keys only begin a gradual refresh, so there are RUN_UP packets between it and the latest that was sent: as
 * many as decoders' threads and their order can hold back, and a refresh may take. Whoever begins there has to
 * compare pictures that were seen before with what comes. Where times are not the packets' own, or anything was
 * damaged, or the order may depend on what waits, decoding begins at the beginning.
 */
#include "media/av_reader.h"

enum { RUN_UP = 128 };

/* Without one: INT64_MIN. */
static int64_t time_of(const at_media *m, const AVPacket *p)
{
    const int64_t raw = p->pts == AV_NOPTS_VALUE ? INT64_MIN
                                                 : at_av_us(p->pts, m->video.st->time_base);
    if (m->start_us == AV_NOPTS_VALUE || raw < INT64_MIN / 4 || raw > INT64_MAX / 4)
        return INT64_MIN;
    return raw - m->start_us;
}

/* Whether the reader's state hangs on more than the packets to come. */
static int is_entangled(const at_media *m, const AVPacket *p)
{
    return m->live || time_of(m, p) == INT64_MIN || m->video.shift_us || m->audio.shift_us ||
           m->info.errors || m->video.queue.bytes + m->audio.queue.bytes >= AT_AV_QUEUE_BYTES;
}

void at_av_restart_note(at_media *m, const AVPacket *p)
{
    at_av_restart *r = &m->restart;

    r->never |= is_entangled(m, p);
    if (r->never) {
        m->info.restart = m->info.restart_us = 0;
    } else if (r->key && r->sent - r->key >= RUN_UP) {
        m->info.restart = r->key;
        m->info.restart_us = r->key_us;
        r->key = 0;
    } else if (!r->key && r->sent > 0 && p->flags & AV_PKT_FLAG_KEY && time_of(m, p) > 0) {
        r->key = r->sent;
        r->key_us = time_of(m, p);
    }
    r->sent++;
}

int at_av_restart_skips(at_media *m, const AVPacket *p)
{
    if (m->restart.sent >= m->o.restart)
        return 0;
    const int64_t t = time_of(m, p);
    m->video.end_us = t > m->video.end_us ? t : m->video.end_us;
    return 1;
}

int at_av_restart_waits(const at_media *m)
{
    return m->restart.sent < m->o.restart && m->audio.ready && m->audio.ready_us < m->o.restart_us;
}
