/* av_read.c - packets out of the container, each into its stream's queue. */
#include "media/av_reader.h"

#include "base/error.h"
#include "base/progress.h"

#include <unistd.h>

/* Read errors in a row that a demultiplexer may need to find its way again. */
enum { MAX_READ_ERRORS = 16 };

static at_av_stream *stream_of(at_media *m, int index, at_av_stream *const *tracks, int n)
{
    if (m->video.st && m->video.st->index == index)
        return &m->video;
    if (m->audio.st && m->audio.st->index == index)
        return &m->audio;
    for (int i = 0; i < n; i++)
        if (tracks[i]->st->index == index)
            return tracks[i];
    return NULL;
}

static int reading_ended(at_media *m, int averr)
{
    if (averr == AVERROR_EOF && m->fmt->pb)
        averr = m->fmt->pb->error;
    m->read_failure = averr == AVERROR_EOF ? 0 : averr;
    m->at_end = 1;
    return 0;
}

int at_av_read(at_media *m, at_av_stream *const *tracks, int n, attune_error *err)
{
    if (m->at_end)
        return 0;
    if (m->o.interrupted && m->o.interrupted(m->o.user))
        return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: interrupted", m->path);
    int ret = at_av_read_frame(m->fmt, m->packet);
    if (ret >= 0) {
        m->heard_s = m->remote ? at_now() : 0;
        at_av_stream *s = stream_of(m, m->packet->stream_index, tracks, n);
        m->read_errors = 0;
        ret = !s || at_av_queue_push(&s->queue, m->packet) ? 1 : at_fail_nomem(err);
        av_packet_unref(m->packet);
        return ret;
    }
    if (m->stalled)
        return reading_ended(m, AVERROR(ETIMEDOUT));
    if (ret == AVERROR(ENOMEM) || ret == AVERROR_EXIT)
        return at_av_fail(err, ret, m->path, "reading");
    if (ret == AVERROR(EAGAIN)) {
        usleep(2000); /* a camera between frames */
        return 1;
    }
    if (ret == AVERROR_INVALIDDATA && ++m->read_errors < MAX_READ_ERRORS)
        return 1;
    return reading_ended(m, ret);
}
