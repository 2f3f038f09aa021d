/* av_spare.c - which packets need not be decoded.
 *
 * Of each period the first frame is given out. A packet whose frame comes after another one of its
 * period is decoded only because later frames may refer to it: where none does, its decoder may
 * skip it. That is settled by the packets' own times, in the container's order, so that neither
 * threads nor timing have a say in it.
 */
#include "media/av_reader.h"

int64_t at_av_period(double rate, int64_t t_us)
{
    return (int64_t)((double)(t_us + AT_AV_EARLY_US) * rate / AT_AV_SECOND);
}

/* Decoders that know for sure which pictures nobody refers to (HEVC's do within a layer only). Of
 * interlaced pictures a packet may be half a frame. */
static int decoder_knows(const AVCodecParameters *par)
{
    return (par->codec_id == AV_CODEC_ID_H264 || par->codec_id == AV_CODEC_ID_MPEG1VIDEO ||
            par->codec_id == AV_CODEC_ID_MPEG2VIDEO) &&
           (par->field_order == AV_FIELD_UNKNOWN || par->field_order == AV_FIELD_PROGRESSIVE);
}

/* Whether t is later than what was seen of its period so far. */
static int not_first(at_av_spare *s, int64_t period, int64_t t_us)
{
    int i = (int)(period % AT_AV_PERIODS);

    if (s->period[i] != period || !s->used[i]) {
        s->period[i] = period;
        s->earliest_us[i] = t_us;
        s->used[i] = 1;
        return 0;
    }
    if (t_us > s->earliest_us[i])
        return 1;
    s->earliest_us[i] = t_us;
    return 0;
}

int at_av_spare_skip(at_av_spare *s, const at_media *m, const AVPacket *packet)
{
    const AVStream *st = m->video.st;
    int64_t t;

    if (s->never || !at_av_rate_limits(m) || m->live || !decoder_knows(st->codecpar))
        return 0;
    t = packet->pts == AV_NOPTS_VALUE || m->start_us == AV_NOPTS_VALUE
            ? INT64_MIN
            : at_av_us(packet->pts, st->time_base) - m->start_us;
    /* a clock that is restarted moves frames to other periods */
    if (t < s->latest_us - AT_AV_BACK_US || t > s->latest_us + AT_AV_AHEAD_US) {
        s->never = 1;
        return 0;
    }
    s->latest_us = t > s->latest_us ? t : s->latest_us;
    return t >= 0 && not_first(s, at_av_period(m->o.rate, t), t);
}
