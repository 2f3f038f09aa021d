/* av_decoder.c - a decoder for a stream, held to the limits of size and memory. */
#include "media/av_reader.h"

#include "base/error.h"

int at_av_too_dear(const at_media *m, int w, int h, attune_error *err)
{
    return at_fail(err, ATTUNE_E_UNSUPPORTED,
                   "%s: decoding its pictures (%dx%d pixels) takes more than %d MB of memory; make "
                   "them smaller first",
                   m->path, w, h, AT_AV_PICTURE_BUDGET >> 20);
}

int at_av_decoder_open(at_media *m, AVCodecContext **dec, at_av_budget *b, const AVStream *st,
                       int threads, attune_error *err)
{
    const AVCodec *codec = at_av_decoder(st->codecpar->codec_id);
    *dec = avcodec_alloc_context3(codec);
    if (!*dec)
        return at_fail_nomem(err);
    int ret = avcodec_parameters_to_context(*dec, st->codecpar);
    if (ret >= 0) {
        (*dec)->pkt_timebase = st->time_base;
        (*dec)->thread_count = threads;
        ret = at_av_budget_apply(b, *dec, codec, m->o.max_pixels);
    }
    if (ret >= 0)
        ret = at_av_codec_open(*dec, codec, NULL);
    if (ret < 0 && (int64_t)st->codecpar->width * st->codecpar->height > (*dec)->max_pixels)
        return at_av_too_dear(m, st->codecpar->width, st->codecpar->height, err);
    if (ret < 0)
        return at_av_fail(err, ret, m->path, avcodec_get_name(st->codecpar->codec_id));
    return 0;
}
