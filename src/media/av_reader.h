/* av_reader.h - what a reader holds, for the av_*.c files that open, read and judge it.
 *
 * Packets come out of the container in its order. Each goes into its stream's queue; the decoders
 * take from there, and of the two streams' next things the earlier is given out. While one stream
 * has nothing to show, packets are read on for it and the other's queue: compressed, so that
 * waiting is cheap, and no more than AT_AV_QUEUE_BYTES of them.
 */
#ifndef AT_MEDIA_AV_READER_H
#define AT_MEDIA_AV_READER_H

#include "media/av.h"

#define AT_AV_SECOND INT64_C(1000000) /* us */

/* Both streams' packets that wait. A clip of 2 Mbit/s may be interleaved four minutes apart. */
enum { AT_AV_QUEUE_BYTES = 64 << 20 };

/* Tracks of a kind that are told apart; a file may have more, which are left alone. */
enum { AT_AV_TRACKS = 16 };

/* A stream's clock that goes back by more, or leaps ahead by more, has been restarted (joined
 * recordings, wrapped counters, damage): time then goes on where the stream was. */
#define AT_AV_BACK_US  AT_AV_SECOND
#define AT_AV_AHEAD_US (3600 * AT_AV_SECOND)

/* Samples of sound given out at once, so that it keeps in step with the pictures. */
enum { AT_AV_PIECE = AT_MEDIA_AUDIO_RATE / 10 };

/* How much too early a frame may be for its period, for the sake of rounded times. */
enum { AT_AV_EARLY_US = 1000 };

/* Frames a second; wanting more is wanting all. */
enum { AT_AV_MAX_RATE = 1000 };

/* Periods whose frames may be on their way at once: decoders put no more than 16 frames in order. */
enum { AT_AV_PERIODS = 32 };

/* The earliest frame of each period, by the packets that were sent. Zero-initialised is ready. */
typedef struct at_av_spare {
    int64_t period[AT_AV_PERIODS], earliest_us[AT_AV_PERIODS];
    unsigned char used[AT_AV_PERIODS];
    int64_t latest_us;
    int never; /* the times are not to be relied on */
} at_av_spare;

/* Where decoding may begin (av_restart.c). Zero-initialised is ready. */
typedef struct at_av_restart {
    int64_t sent; /* packets of pictures, skipped ones too */
    int64_t key;  /* number of the latest that may come to be one, from 0; 0: none */
    int64_t key_us;
    int never; /* the beginning alone will do */
} at_av_restart;

typedef struct at_av_stream {
    AVStream *st;
    AVCodecContext *dec; /* NULL: this kind is not read */
    AVFrame *frame;
    at_av_budget budget;
    at_av_queue queue; /* read, not yet decoded */
    int ready;         /* something waits for its turn, at ready_us */
    int64_t ready_us;
    int64_t shift_us;      /* added to the container's times since its clock was restarted */
    int64_t end_us;        /* end of the latest frame */
    int64_t owed, paid_us; /* av_work.c: what was decoded and is not paid off, until when */
    int drained;           /* the decoder was told of the end */
    int done;              /* and has given all */
    int bad_end;           /* the latest packet or frame was damaged */
} at_av_stream;

typedef struct at_box at_box;

struct at_media {
    char *path; /* as errors name it */
    at_media_options o;
    at_box *box; /* the reader proper is in a child, and the rest of this unused; or NULL */
    /* Nullable; called once what is to be read is known, and of a file or a pipe open, before the first byte
     * is looked at */
    void (*confine)(at_media *m);
    at_av_source source;
    AVFormatContext *fmt;
    AVPacket *packet;
    at_av_stream video, audio;
    at_av_spare spare;
    at_av_restart restart;
    at_av_picture picture;
    at_av_sound sound;
    int sound_held; /* a frame of sound waits for what came before it to drain */
    int64_t sound_held_us;
    at_media_packet piece; /* sound that is resampled and not given out */
    int64_t start_us;      /* the container's; AV_NOPTS_VALUE until known */
    int64_t last_frame_us; /* of the latest frame; -1: none */
    int64_t last_period;   /* of the latest frame given out, in units of 1/rate; -1: none */
    int live;              /* a camera or an address: what is late is not waited for */
    int device, remote;    /* a camera or a microphone; an address */
    double heard_s;        /* of an address: when something came of it last (at_now) */
    int stalled;           /* and that is too long ago */
    int at_end, read_errors, read_failure; /* read_failure: why reading stopped, or 0 */
    int64_t given;                         /* packets given out */
    int ended, result;                     /* result: what every later call returns */
    attune_error failure;                  /* with result < 0 */
    attune_error sound_failure;            /* why sound was not read, the first time; or "" */
    at_media_info info;
};

/* ---- av_open.c, av.c ---------------------------------------------------------------------- */

/* m's path and o; o NULL: the default. m->path is to be freed, whatever it came to. */
int at_av_set(at_media *m, const char *path, const at_media_options *o, attune_error *err);
/* As at_media_open and the others, of an m whose path, o and confine are set, in this process. Whatever
 * open came to, m is to be closed. */
int at_av_open(at_media *m, const char *path, attune_error *err);
int at_av_next(at_media *m, at_media_packet *out, attune_error *err);
void at_av_get_info(const at_media *m, at_media_info *out);
void at_av_close(at_media *m);

/* ---- av_work.c ---------------------------------------------------------------------------- */

/* What a packet, or a frame of sound, comes to. */
void at_av_work_add_packet(at_av_stream *s, const AVPacket *p);
void at_av_work_add_sound(at_av_stream *s, const AVFrame *f);
/* Whether what was decoded of s is too much for the time it lasts: 0, or err filled. */
int at_av_work_check(const at_media *m, at_av_stream *s, attune_error *err);

/* ---- av_util.c ---------------------------------------------------------------------------- */

enum { AT_AV_PATIENCE_S = 10 }; /* with an address that sends nothing */
enum { AT_AV_PROBE_S = 3 };     /* of an address's streams are read to tell what they are */

/* For FFmpeg, of an at_media: whether to stop waiting. */
int at_av_interrupted(void *media);

/* ---- av_way.c ----------------------------------------------------------------------------- */

/* How an input is opened. */
typedef struct at_av_way {
    const AVInputFormat *format; /* NULL: to be found out */
    const char *url;             /* what FFmpeg is told, and might judge by */
    const char *formats, *protocols;
    const char *name, *channels; /* of a microphone, else NULL */
    int rtsp;
} at_av_way;

/* A device of the system's, by its name or by what is there. */
int at_av_is_camera(const char *path);
/* The ways to try one after another, AT_AV_WAYS at most: how many, or < 0. What path is goes to m. */
enum { AT_AV_WAYS = 3 };
int at_av_ways(at_media *m, const char *path, at_av_way *way, attune_error *err);

/* ---- av_decoder.c ------------------------------------------------------------------------- */

/* A decoder for st, held to m's limits, single-threaded or as the stream's size allows. */
int at_av_decoder_open(at_media *m, AVCodecContext **dec, at_av_budget *b, const AVStream *st,
                       int threads, attune_error *err);

/* Fails because the pictures are over the budget of memory. */
int at_av_too_dear(const at_media *m, int w, int h, attune_error *err);

/* ---- av_tracks.c -------------------------------------------------------------------------- */

/* Into m->info: w x h as it is stored, to be turned and made square. */
void at_av_note_size(at_media *m, int w, int h, AVRational sar, at_turn turn);

/* Opens the tracks to read, counts those there are, and corrects m->start_us by them. */
int at_av_tracks_open(at_media *m, attune_error *err);

/* ---- av_read.c ---------------------------------------------------------------------------- */

/* One packet out of the container into its stream's queue; others are dropped. tracks (n) nullable:
 * streams besides m->video and m->audio. 1: go on; 0: at the end, or reading failed (read_failure);
 * < 0: interrupted or out of memory. */
int at_av_read(at_media *m, at_av_stream *const *tracks, int n, attune_error *err);

/* ---- av_spare.c --------------------------------------------------------------------------- */

/* Whether fewer frames are given out than there may be. */
static inline int at_av_rate_limits(const at_media *m)
{
    return m->o.rate > 0 && m->o.rate < AT_AV_MAX_RATE;
}

/* The period of 1/rate that a frame at t_us >= 0 counts for. */
int64_t at_av_period(double rate, int64_t t_us);
/* Whether nothing is lost if the frame in packet, of the pictures' stream and the next to be sent, is
 * left out, and only it. Called once for each. */
int at_av_spare_skip(at_av_spare *s, const at_media *m, const AVPacket *packet);

/* ---- av_restart.c ------------------------------------------------------------------------- */

/* Whether the next packet of pictures is not decoded at all, as the options have it. */
int at_av_restart_skips(at_media *m, const AVPacket *packet);
/* Of each, before it is sent or skipped: into info.restart. */
void at_av_restart_note(at_media *m, const AVPacket *packet);
/* Whether sound that is ready lies before all pictures, since those before it are skipped. */
int at_av_restart_waits(const at_media *m);

/* ---- av_end.c ----------------------------------------------------------------------------- */

/* Whether the input ended as it should: fills info.truncated or, live, info.lost, and the reason. */
void at_av_judge_end(at_media *m);

#endif
