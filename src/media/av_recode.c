/* av_recode.c - what a voice line's codec leaves of a sound. */
#include "media/av.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

static const char what[] = "recoded sound";

typedef struct recoding {
    AVCodecContext *enc, *dec;
    AVPacket *packet;
    AVFrame *in, *out;
    at_av_sound sound; /* the decoder's rate to ours */
    float *pcm;        /* (n) of the caller */
    size_t n, written;
} recoding;

static int open_encoder(recoding *r, int bits_per_s)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libopus");
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
    AVDictionary *options = NULL;
    if (!codec)
        return AVERROR_ENCODER_NOT_FOUND;
    AVCodecContext *enc = r->enc = avcodec_alloc_context3(codec);
    if (!enc)
        return AVERROR(ENOMEM);
    enc->sample_rate = AT_MEDIA_AUDIO_RATE;
    enc->sample_fmt = AV_SAMPLE_FMT_FLT;
    enc->bit_rate = bits_per_s;
    enc->thread_count = 1;
    enc->flags |= AV_CODEC_FLAG_BITEXACT;
    av_dict_set(&options, "application", "voip", 0);
    int ret = av_channel_layout_copy(&enc->ch_layout, &mono);
    if (ret >= 0)
        ret = at_av_codec_open(enc, codec, &options);
    av_dict_free(&options);
    return ret;
}

/* It knows the encoder's delay from the header, and leaves out what comes before the first sample. */
static int open_decoder(recoding *r)
{
    const AVCodec *codec = at_av_decoder(AV_CODEC_ID_OPUS);
    if (!codec)
        return AVERROR_DECODER_NOT_FOUND;
    r->dec = avcodec_alloc_context3(codec);
    AVCodecParameters *par = avcodec_parameters_alloc();
    int ret = r->dec && par ? avcodec_parameters_from_context(par, r->enc) : AVERROR(ENOMEM);
    if (ret >= 0)
        ret = avcodec_parameters_to_context(r->dec, par);
    if (ret >= 0)
        ret = at_av_codec_open(r->dec, codec, NULL);
    avcodec_parameters_free(&par);
    return ret;
}

/* The next samples that came back, in their place. */
static void take(recoding *r, const at_media_packet *p)
{
    const size_t room = r->n - r->written, n = p->n < room ? p->n : room;
    memcpy(r->pcm + r->written, p->pcm, n * sizeof *r->pcm);
    r->written += n;
}

/* packet NULL: no more come. */
static int decode(recoding *r, const AVPacket *packet, attune_error *err)
{
    at_media_packet p = {0};
    int averr = avcodec_send_packet(r->dec, packet);
    while (averr >= 0 && (averr = avcodec_receive_frame(r->dec, r->out)) >= 0) {
        int64_t t_us = r->sound.swr ? at_av_sound_next_us(&r->sound) : 0;
        int ret = at_av_sound_push(&r->sound, r->out, t_us, what, &p, err);
        if (ret < 0)
            return ret;
        take(r, &p);
    }
    return averr == AVERROR(EAGAIN) || averr == AVERROR_EOF
               ? 0
               : at_av_fail(err, averr, what, "cannot decode");
}

/* frame NULL: no more come. */
static int encode(recoding *r, const AVFrame *frame, attune_error *err)
{
    int averr = avcodec_send_frame(r->enc, frame), ret = 0;
    while (averr >= 0 && ret >= 0 && (averr = avcodec_receive_packet(r->enc, r->packet)) >= 0) {
        ret = decode(r, r->packet, err);
        av_packet_unref(r->packet);
    }
    if (ret < 0 || averr == AVERROR(EAGAIN) || averr == AVERROR_EOF)
        return ret;
    return at_av_fail(err, averr, what, "cannot encode");
}

/* from (n): what pcm was. */
static int run(recoding *r, const float *from, attune_error *err)
{
    const size_t size = (size_t)r->enc->frame_size;
    const size_t n = r->n + (size_t)r->enc->initial_padding + size; /* brings out the last of it */
    int ret = 0;
    for (size_t at = 0; at < n && ret >= 0; at += size) {
        r->in->nb_samples = r->enc->frame_size;
        r->in->format = r->enc->sample_fmt;
        r->in->sample_rate = r->enc->sample_rate;
        r->in->pts = (int64_t)at;
        if (av_channel_layout_copy(&r->in->ch_layout, &r->enc->ch_layout) < 0 ||
            av_frame_get_buffer(r->in, 0) < 0)
            return at_fail_nomem(err);
        const size_t left = at < r->n ? r->n - at : 0, part = left < size ? left : size;
        memset(r->in->data[0], 0, size * sizeof *from);
        memcpy(r->in->data[0], from + at, part * sizeof *from);
        ret = encode(r, r->in, err);
        av_frame_unref(r->in);
    }
    if (ret >= 0)
        ret = encode(r, NULL, err);
    if (ret >= 0)
        ret = decode(r, NULL, err);
    at_media_packet p = {0};
    if (ret >= 0)
        ret = at_av_sound_drain(&r->sound, what, &p, err);
    if (ret >= 0)
        take(r, &p);
    return ret;
}

int at_media_recode_sound(float *pcm, size_t n, int bits_per_s, attune_error *err)
{
    recoding r = {.pcm = pcm, .n = n};
    int ret = at_av_enter(err);
    if (ret < 0)
        return ret;
    float *from = at_alloc(n, sizeof *from);
    r.packet = av_packet_alloc();
    r.in = av_frame_alloc();
    r.out = av_frame_alloc();
    ret = from && r.packet && r.in && r.out ? 0 : at_fail_nomem(err);
    if (ret >= 0) {
        memcpy(from, pcm, n * sizeof *from);
        int averr = open_encoder(&r, bits_per_s);
        if (averr >= 0)
            averr = open_decoder(&r);
        ret = averr < 0 ? at_av_fail(err, averr, what, "Opus") : run(&r, from, err);
    }
    avcodec_free_context(&r.enc);
    avcodec_free_context(&r.dec);
    av_packet_free(&r.packet);
    av_frame_free(&r.in);
    av_frame_free(&r.out);
    at_av_sound_free(&r.sound);
    at_free(from);
    at_av_leave();
    return ret;
}
