/* av_end.c - did the input end where it should have? */
#include "media/av_reader.h"

#include <errno.h>
#include <stdio.h>

/* How far short of what the container says of a stream (or of all, for those that do not say it
 * stream by stream) its decoding ended. */
static int64_t missing_us(const at_media *m)
{
    const AVFormatContext *fmt = m->fmt;
    int64_t missing = 0, end = 0;
    unsigned selected = 0;
    int by_stream = 0;
    if (fmt->duration_estimation_method != AVFMT_DURATION_FROM_STREAM)
        return 0; /* guessed from what is there: claims nothing */
    const at_av_stream *both[2] = {&m->video, &m->audio};
    for (int i = 0; i < 2; i++) {
        const at_av_stream *s = both[i];
        if (!s->dec)
            continue;
        selected++;
        end = s->end_us > end ? s->end_us : end;
        if (s->st->duration == AV_NOPTS_VALUE || s->st->duration <= 0 || s->shift_us)
            continue;
        by_stream = 1;
        int64_t claimed = at_av_us(s->st->duration, s->st->time_base);
        if (s->st->start_time != AV_NOPTS_VALUE && m->start_us != AV_NOPTS_VALUE)
            claimed += at_av_us(s->st->start_time, s->st->time_base) - m->start_us;
        if (claimed - s->end_us > missing)
            missing = claimed - s->end_us;
    }
    if (!by_stream && fmt->duration > 0) {
        missing = fmt->duration - end;
        if (selected < fmt->nb_streams)
            missing -= 2 * AT_AV_SECOND; /* an unread stream may be what lasts longest */
    }
    return missing;
}

/* Bytes that are there: of a pipe, once its end was seen. */
static int64_t bytes_there(const at_av_source *s)
{
    if (s->is_file)
        return avio_size(s->io);
    return s->ended ? s->size : INT64_MAX;
}

/* A file at an address says how many bytes it has; a stream does not, and one that ends has broken off
 * as far as anybody can tell. */
static void judge_live_end(at_media *m)
{
    int streams = m->device || (m->remote && !(m->fmt->pb && avio_size(m->fmt->pb) > 0));
    char text[AV_ERROR_MAX_STRING_SIZE] = "the sender ended it";
    if (!streams)
        return;
    if (m->read_failure == AVERROR(ETIMEDOUT))
        snprintf(text, sizeof text, "nothing came any more");
    else if (m->read_failure)
        av_strerror(m->read_failure, text, sizeof text);
    m->info.lost = 1;
    snprintf(m->info.lost_reason, sizeof m->info.lost_reason, "%s", text);
}

/* Where a container says how many bytes it has, and all are there, it may have claimed too much time
 * (as programs that cut leave it), but nothing was lost. */
void at_av_judge_end(at_media *m)
{
    char *why = m->info.truncated_reason;
    const size_t room = sizeof m->info.truncated_reason;
    double got = (double)m->info.duration_us / AT_AV_SECOND;
    int64_t missing = missing_us(m), claimed = at_av_source_head(&m->source).claimed;

    if (m->live) {
        judge_live_end(m);
    } else if (m->read_failure) {
        char text[AV_ERROR_MAX_STRING_SIZE] = "";
        av_strerror(m->read_failure, text, sizeof text);
        snprintf(why, room, "reading failed after %.2f s: %s", got, text);
    } else if (m->source.io && claimed > bytes_there(&m->source)) {
        snprintf(why, room, "the file should have %lld bytes and has %lld", (long long)claimed,
                 (long long)bytes_there(&m->source));
    } else if (missing > AT_AV_SECOND / 2 && !claimed) {
        snprintf(why, room, "the container says %.2f s, %.2f s were there",
                 (double)m->info.container_us / AT_AV_SECOND, got);
    } else if (m->video.dec && m->video.bad_end) {
        snprintf(why, room, "the picture at the end (%.2f s) is damaged", got);
    }
    m->info.truncated = why[0] != '\0';
    m->info.unread = m->info.truncated && m->source.io && m->read_failure &&
                     m->read_failure == m->source.io->error;
}
