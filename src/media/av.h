/* av.h - what the av_*.c files share. FFmpeg's headers come in here and nowhere else; no other
 * module includes this file. */
#ifndef AT_MEDIA_AV_H
#define AT_MEDIA_AV_H

#include "base/upright.h"
#include "media/media.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <stdatomic.h>

/* ---- av_util.c ---------------------------------------------------------------------------- */

/* FFmpeg's log level is one for the process. While at least one of us is between enter and leave
 * it is quiet; the last to leave puts back what the first found. */
/* The first to enter loads FFmpeg, which may fail: then there is nothing to leave. */
int at_av_enter(attune_error *err);
/* The same for a child that decodes files, once in its life, and does nothing else: of what FFmpeg loads there are stand-ins for all
 * that av_allowed.c leaves no way to call (base/stand_in.h). */
int at_av_enter_to_decode(attune_error *err);
/* The same for who only handles frames that a child decoded, of which libavutil and libswscale are enough. */
int at_av_enter_frames(attune_error *err);
void at_av_leave(void);

/* FFmpeg goes on without some of what it has no memory for, or calls it damage, or the end. Between the two are its
 * calls: what they gave, or AVERROR(ENOMEM). */
void at_av_watch_memory(void);
int at_av_unless_nomem(int averr);

/* As avcodec_open2, avformat_find_stream_info and fork, which are kept apart: see av_util.c. */
int at_av_codec_open(AVCodecContext *c, const AVCodec *codec, AVDictionary **options);
int at_av_probe(AVFormatContext *fmt, AVDictionary **options);
/* As av_read_frame. */
int at_av_read_frame(AVFormatContext *fmt, AVPacket *packet);
pid_t at_av_fork(void);

/* Fails with "path: what: FFmpeg's reason" and the status that fits averr. */
int at_av_fail(attune_error *err, int averr, const char *path, const char *what);

/* What can be said of an input by its first bytes. */
typedef struct at_av_head {
    int64_t claimed; /* bytes that it should have by its own word; 0: no word of it */
    int text;        /* text */
    int playlist;    /* text that names other files, or hosts */
    int mp4;         /* an MP4 or QuickTime file */
} at_av_head;

enum { AT_AV_HEAD_BYTES = 1024 }; /* that are worth having */

/* first: n bytes. size: of the whole, as far as known. */
at_av_head at_av_head_of(const unsigned char *first, size_t n, int64_t size);

/* Missing, unreadable, a directory and an empty file fail here. */
int at_av_path_check(const char *path, attune_error *err);

/* t, in units of base, in microseconds. */
int64_t at_av_us(int64_t t, AVRational base);

/* Seconds, or the like, of a frame as this version of FFmpeg calls it. In its stream's units. */
static inline int64_t at_av_frame_duration(const AVFrame *f)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
    return f->duration;
#else
    return f->pkt_duration;
#endif
}

/* The display matrix (9 values) that applies to f, or NULL. st nullable. */
const int32_t *at_av_display_matrix(const AVFrame *f, const AVStream *st);

/* The first frame that packet gives, of at most max_pixels, or an AVERROR. codec NULL is one that was
 * not found. */
int at_av_decode_one(const AVCodec *codec, const AVPacket *packet, int64_t max_pixels,
                     AVFrame *frame);

/* ---- av_allowed.c ------------------------------------------------------------------------- */

/* Comma-separated lists for FFmpeg's own options. */
extern const char at_av_formats[];        /* of files and pipes */
extern const char at_av_live_formats[];   /* of addresses */
extern const char at_av_device_formats[]; /* of cameras and microphones */
extern const char at_av_live_protocols[]; /* of addresses; files and pipes need none */
extern const char at_av_codecs[];
extern const char at_av_probe_codecs[]; /* those that probing may decode with */

/* The decoder for id, or NULL if there is none or none is allowed. */
const AVCodec *at_av_decoder(enum AVCodecID id);

/* ---- av_memory.c -------------------------------------------------------------------------- */

/* Bytes that the pictures of one decoder may take, with what it keeps beside them and the copy that goes on. */
enum { AT_AV_PICTURE_BUDGET = 448 << 20 };

/* Zero-initialised is ready; outlives its decoder and the decoder's frames. */
typedef struct at_av_budget {
    atomic_llong used; /* bytes */
    atomic_llong work; /* what was decoded since somebody asked, as av_work.c counts */
    int own;           /* the decoder does not ask for its pictures' memory */
    atomic_int exceeded;
} at_av_budget;

/* Holds dec, which is not yet open, to the budget and to the allowed codecs. An AVERROR or 0. */
int at_av_budget_apply(at_av_budget *b, AVCodecContext *dec, const AVCodec *codec,
                       int64_t max_pixels);
/* How many of the threads that are wanted (0: as many as there are processors) the size of the
 * pictures allows, at least 1. */
int at_av_budget_threads(const AVCodecParameters *par, int wanted);

/* ---- av_queue.c --------------------------------------------------------------------------- */

/* Packets that wait to be decoded, first in, first out. Zero-initialised is empty. */
typedef struct at_av_queue {
    AVPacket **packet; /* ring of capacity */
    int first, count, capacity;
    int64_t bytes;
} at_av_queue;

int at_av_queue_push(at_av_queue *q, AVPacket *p);     /* takes what p holds; 0: no memory */
AVPacket *at_av_queue_at(const at_av_queue *q, int i); /* the i-th from the front, i < count */
void at_av_queue_drop(at_av_queue *q);                 /* the first; count > 0 */
void at_av_queue_free(at_av_queue *q);

/* ---- av_device.c -------------------------------------------------------------------------- */

/* The format that reads devices of that name (v4l2, pulse, alsa), or NULL and err filled. path: for the
 * message. */
const AVInputFormat *at_av_device_format(const char *name, const char *path, attune_error *err);

/* ---- av_source.c -------------------------------------------------------------------------- */

/* The bytes of a file, a pipe or standard input. Zero-initialised: none. Must not move. */
typedef struct at_av_source {
    AVIOContext *io; /* for AVFormatContext.pb */
    int fd, owned;
    int is_file;  /* a regular file: may be sought in */
    int64_t at;   /* bytes: where reading is */
    int64_t size; /* bytes seen so far */
    int ended;    /* its end was seen */
    unsigned char first[AT_AV_HEAD_BYTES];
    size_t first_bytes;             /* of first that are there */
    int (*interrupted)(void *user); /* nullable; asked ten times a second */
    void *user;
} at_av_source;

/* path: taken literally, but for "-". */
int at_av_source_open(at_av_source *s, const char *path, int (*interrupted)(void *), void *user,
                      attune_error *err);
void at_av_source_close(at_av_source *s); /* after the format context; idempotent */

/* What is known of the input by its first bytes. */
at_av_head at_av_source_head(const at_av_source *s);

/* Why an MP4 file out of a pipe gives nothing. */
extern const char at_av_index_unreachable[];

/* ---- av_picture.c ------------------------------------------------------------------------- */

/* Turns decoded frames into what is given out. Zero-initialised is ready; keeps its scaler and its
 * buffers between frames of one shape. */
typedef struct at_av_picture {
    struct SwsContext *sws;
    int key[8];         /* what sws was made for */
    AVFrame *converted; /* the latest one whose kind had to be changed */
    AVBufferPool *pool; /* of its buffers */
    int pool_bytes;
    uint8_t *flat, *turned; /* RGB: as scaled; after rotation */
    size_t flat_bytes, turned_bytes;
} at_av_picture;

at_turn at_av_turn_of(const int32_t *matrix /* nullable */);

/* Whether attune_picture has a word for that AVPixelFormat. */
int at_av_picture_known(int pixels);

/* Fills out's picture and frame: f itself where its kind is known, else a converted one. They live
 * until the next call, and longer for who refers to frame. name is for errors. */
int at_av_picture_lend(at_av_picture *p, AVFrame *f, AVRational sar, at_turn turn, const char *name,
                       at_media_packet *out, attune_error *err);

/* Upright RGB24; lives until the next call. */
typedef struct at_av_rgb {
    const uint8_t *rgb; /* (h x stride) */
    int w, h;
    ptrdiff_t stride;
} at_av_rgb;

int at_av_picture_convert(at_av_picture *p, const AVFrame *f, AVRational sar, at_turn turn,
                          const char *name, at_av_rgb *out, attune_error *err);
void at_av_picture_free(at_av_picture *p);

/* ---- av_jpeg.c ---------------------------------------------------------------------------- */

/* As at_media_jpegs_decode, in this process. frame is the decoder's. */
int at_av_load_jpeg(const void *data, size_t size, int max_w, int max_h, AVFrame *frame,
                    attune_error *err);
/* Fills out's picture of it, for as long as both are there. */
int at_av_lend_jpeg(at_av_picture *picture, AVFrame *frame, at_media_packet *out,
                    attune_error *err);

/* ---- av_sound.c --------------------------------------------------------------------------- */

/* Turns decoded sound into mono 16 kHz whose times follow the sample count, so that a container's
 * rounded timestamps make no gaps. Zero-initialised is ready. */
typedef struct at_av_sound {
    SwrContext *swr;
    AVChannelLayout layout; /* what swr was made for */
    int format, rate;
    int64_t origin_us; /* time of the first sample since swr was (re)started */
    int64_t in, out;   /* samples taken in at the source's rate, given out at 16 kHz */
    int opposite;      /* stereo whose channels cancel each other: the left one is taken */
    int was_opposite;  /* at any time */
    float *pcm;
    size_t capacity; /* samples */
} at_av_sound;

/* Where sound that follows without a gap would be. */
int64_t at_av_sound_next_us(const at_av_sound *s);

/* Whether f at t_us does not go on from what came before (another format, or a gap or overlap of
 * more than 40 ms): then drain before pushing it. */
int at_av_sound_breaks(const at_av_sound *s, const AVFrame *f, int64_t t_us);
/* Either fills out's t_us, pcm and n (n may be 0: all held back); pcm lives until the next call. */
int at_av_sound_push(at_av_sound *s, const AVFrame *f, int64_t t_us, const char *name,
                     at_media_packet *out, attune_error *err);
int at_av_sound_drain(at_av_sound *s, const char *name, at_media_packet *out, attune_error *err);
void at_av_sound_free(at_av_sound *s);

/* ---- av_canvas.c -------------------------------------------------------------------------- */

/* RGB24 to what encoders take: YUV 4:2:0, with odd sizes padded to even ones, or RGB in some order. */
typedef struct at_av_canvas {
    int w, h; /* of the pictures that come in */
    struct SwsContext *sws;
    uint8_t *strip; /* a few rows, padded, and room behind them */
    AVFrame *frame; /* belongs to the canvas */
} at_av_canvas;

/* full_range: as JPEG has it. */
int at_av_canvas_init(at_av_canvas *c, int w, int h, enum AVPixelFormat pixels, int full_range,
                      attune_error *err);
/* Draws rgb (h x stride) on c->frame. */
int at_av_canvas_draw(at_av_canvas *c, const uint8_t *rgb, ptrdiff_t stride, attune_error *err);
void at_av_canvas_free(at_av_canvas *c);

/* c->frame, alone, through an encoder context that is not yet opened. An AVERROR or 0. */
int at_av_encode_one(AVCodecContext *enc, AVDictionary **options /* nullable */,
                     const at_av_canvas *c, AVPacket *packet);

/* Still quality for an encoder context not yet opened: q in [1, 31], as MPEG-4 and JPEG count. */
void at_av_fixed_quality(AVCodecContext *enc, double q);

#endif
