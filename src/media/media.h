/* media.h - timed pictures and timed sound out of anything FFmpeg decodes, and back into a file.
 *
 * A reader is pulled: each at_media_next gives one picture as its decoder left it or one stretch of
 * mono 16 kHz sound with its time. Nothing is buffered whole, so memory does not grow with the input.
 * The file call and the camera call are the same call.
 *
 * Order    frames and sound come in order of time (sound in stretches of a tenth of a second that
 *          begin no later than the frame that follows): the reader waits, reading on, until it
 *          knows that nothing earlier is to come. What waits meanwhile are packets, not pictures,
 *          and at most 64 MB of them: an input interleaved more carelessly than that, and a live
 *          one, comes as it comes. So the order does not depend on threads or on timing.
 * Safety   only containers and codecs that people have are read, and no input makes the reader
 *          open anything else: not another file, and not the network (see live). Decoding takes
 *          at most some 450 MB for pictures, in its child 480 MB in all, and for a second of input at most so many
 *          pixels and samples (av_work.c), or the input is refused.
 * Units    time int64 microseconds from the container's start; audio f32 mono 16 kHz in [-1, 1];
 *          video attune_picture; where this header says rgb, RGB24 upright, rows top to bottom.
 * Errors   int results: >= 0 done, < 0 an attune_status, with one line in err (nullable) that
 *          names the file and the reason. Nothing is printed: FFmpeg's log level is set to quiet
 *          while a reader, a writer or one of the calls below is at work, and put back after.
 * Threads  one thread at a time for each object; different objects are independent.
 */
#ifndef AT_MEDIA_MEDIA_H
#define AT_MEDIA_MEDIA_H

#include <attune/attune.h>

#define AT_MEDIA_AUDIO_RATE  16000 /* samples a second of all sound in and out of here */
#define AT_MEDIA_MAX_SIDE    16384 /* pixels; larger pictures are refused */
#define AT_MEDIA_MAX_PIXELS  (INT64_C(1) << 26) /* a picture; larger ones are refused */
#define AT_MEDIA_H264_PIXELS (1 << 23)          /* of what is written as H.264 */
#define AT_MEDIA_PCM_MIN     2000               /* samples a second, of raw sound */
#define AT_MEDIA_PCM_MAX     768000

/* Loads FFmpeg, as the first call of any that is below does. Thread-safe; at no cost then. */
int at_media_load_libraries(attune_error *err);
/* The part of it that handling pictures takes which were decoded elsewhere. */
int at_media_load_frames(attune_error *err);

/* A decoder's child that is there before its reader: it loads FFmpeg, instead of this process, opens the input and
 * decodes what there is room for. */
typedef struct at_media_ahead at_media_ahead;
typedef struct at_media_options at_media_options;

/* For who will open path with o, whose ahead, interrupted and user do not matter. NULL: there is none of such an input, which is
 * opened without it. The thread that asks has to outlive the reader that takes it. */
at_media_ahead *at_media_ahead_start(const char *path, const at_media_options *o);
void at_media_ahead_free(at_media_ahead **a); /* NULL is fine; leaves NULL */

/* ---- reading ---------------------------------------------------------------------------- */

typedef struct at_media at_media;

/* Zero is the default for every field. */
struct at_media_options {
    int no_video, no_audio;       /* leave that kind out, whatever the input has */
    double rate;                  /* frames a second to give out; 0: all. Of each period of 1/rate,
                             * counted from time 0, the first frame is given out (a millisecond
                             * early will do: containers round); the rest is not even decoded, where no
                             * other frame needs it */
    int64_t max_pixels;           /* of a decoded picture; 0: AT_MEDIA_MAX_PIXELS */
    int threads;                  /* of the video decoder, at most; 0: one a processor. No effect on
                             * results */
    int video_track, audio_track; /* the n-th of that kind, from 1; 0: the best of the pictures, and
                                   * of the sounds the one with most speech */
    /* nullable: seconds of speech in n samples, mono 16 kHz. Asked of the first 20 s of each sound
     * track if there are several; without it, and live, FFmpeg chooses */
    double (*speech_s)(const float *pcm, size_t n);
    int pcm_rate; /* the input is nothing but samples (s16le, mono), so many a second, in
                   * AT_MEDIA_PCM_MIN to AT_MEDIA_PCM_MAX; 0: a container */
    int live;     /* nothing is waited for that comes late; and path may be an address (rtsp://,
                   * http://, ...) or a microphone (attune_options.mic). Cameras are live anyway */
    int (*interrupted)(void *user); /* nullable; non-zero makes a blocked or coming call return
                                     * ATTUNE_E_INTERRUPTED. Called often, from this thread or
                                     * one of FFmpeg's */
    void *user;
    int no_sandbox; /* FFmpeg works in this process, with all that it may */
    /* Nullable; the first reader of what it was started for takes its child. Thread-safe */
    at_media_ahead *ahead;
    /* What a reader of the same file said with a picture (at_media_info): pictures before restart_us are not given
     * out, and those after it as they would have been, if the container is right about its keys: some that are known
     * are to be compared. Sound is given out from the start. 0: so are pictures */
    int64_t restart, restart_us;
};

typedef enum at_media_kind { AT_MEDIA_VIDEO, AT_MEDIA_AUDIO } at_media_kind;

/* One frame or one stretch of sound. Pointers are the reader's: valid until its next call. */
typedef struct at_media_packet {
    at_media_kind kind;
    int64_t t_us; /* >= 0; of the frame, or of pcm[0]. Frames: strictly increasing */
    attune_picture
        picture; /* of a frame; its orientation and pixel aspect are still to be applied */
    struct AVFrame *frame; /* what picture lies in; NULL for sound */
    const float *pcm;      /* (n); NULL for a frame */
    size_t n;              /* > 0; a decoder's frame, mostly well under a second but not bounded */
} at_media_packet;

/* A packet beyond the reader's next call, and beyond its end: pictures by reference where there are enough, sound
 * as a copy. Zero-initialised is ready; its memory is reused. Of pictures over 32 MB one at a time can be kept: the
 * reader waits until it is let go of. So it does where their size changes, until those of the old one are. */
typedef struct at_media_kept {
    at_media_packet packet;
    struct AVFrame *frame;
    float *pcm;
    size_t capacity; /* samples */
} at_media_kept;

int at_media_keep(at_media_kept *k, const at_media_packet *p); /* ATTUNE_OK or ATTUNE_E_NOMEM */
void at_media_let_go_picture(at_media_kept *k); /* its memory is large, and not for reuse */
void at_media_let_go(at_media_kept *k);

typedef struct at_media_info {
    int has_video, has_audio; /* a stream of that kind is being read */
    int w, h;                 /* upright, in square pixels; 0 until known or without video */
    int64_t duration_us;      /* end of the latest thing given out */
    int64_t container_us;     /* duration that the container claims; 0: unknown, or a camera */
    int64_t frames;           /* decoded, given out or dropped; not those that nobody needed */
    int64_t errors;           /* damaged packets that were skipped */
    unsigned
        held; /* what holds the decoder: bits of confine.h; 0: nothing, it is in this process */
    int live;
    int64_t
        origin_us; /* live: when time 0 was, on the clock of at_now: as the device says, else when
                        * the input answered */
    int device;    /* a camera or a microphone: origin_us is its own */
    int waits;     /* whoever sends can be held up (a pipe, a file); else nobody waits for us */
    int lost;      /* once at_media_next gave 0: a device or a stream broke off; it may come back */
    char lost_reason[128];
    int video_tracks, audio_tracks; /* that could be read, at most 16 */
    int video_track, audio_track;   /* which of them are; 0: none */
    int chosen_by_speech;           /* the sound track was */
    int opposite_phase; /* the two channels of the sound cancel each other, somewhere: the left one
                         * alone was given out there */
    int64_t
        restart; /* of the pictures' packets may be left out by who has seen this picture; 0: none */
    int64_t restart_us; /* time of the picture in the one that follows these */
    int truncated;      /* the end came early; only ever set once at_media_next gave 0 */
    int unread;         /* it did since reading failed, and not since there was no more */
    char truncated_reason[256];
} at_media_info;

/* path: a file, a camera (/dev/video0), a named pipe, "-" for standard input. o nullable.
 * Fails for what is missing, a directory, empty, no media, without the streams asked for, or
 * too large. A cover picture of a sound file is no video; a still picture is a video of one
 * frame. */
int at_media_open(at_media **out, const char *path, const at_media_options *o, attune_error *err);

/* 1: *out filled; 0: the end (see truncated); < 0: interrupted, out of memory, or an input whose
 * streams gave nothing at all. Damaged stretches are skipped, a damaged end ends the input. */
int at_media_next(at_media *m, at_media_packet *out, attune_error *err);

void at_media_get_info(const at_media *m, at_media_info *out);
void at_media_free(at_media **m); /* NULL is fine; leaves NULL */

/* ---- whole small things ------------------------------------------------------------------- */

/* FFmpeg works in this process for pictures and recordings by the thousand, of corpora. */

/* A picture (PNG, JPEG, BMP, WebP, ... ), upright. *rgb: (h x w x 3) without padding, at_free. */
int at_media_load_image(const char *path, uint8_t **rgb, int *w, int *h, attune_error *err);
/* The same from memory; name is what errors call it. */
int at_media_load_image_mem(const void *data, size_t size, const char *name, uint8_t **rgb, int *w,
                            int *h, attune_error *err);

/* Decodes the JPEGs of one stranger, in a child that can do nothing else, as readers do. */
typedef struct at_media_jpegs at_media_jpegs;

typedef struct at_media_jpegs_options {
    int max_w, max_h; /* pixels */
    size_t max_bytes;
    int no_sandbox;
} at_media_jpegs_options;

/* The thread that opens has to outlive it. Fails with ATTUNE_E_NOMEM or ATTUNE_E_IO. */
int at_media_jpegs_open(at_media_jpegs **out, const at_media_jpegs_options *o, attune_error *err);
void at_media_jpegs_free(at_media_jpegs **j);

/* One JPEG: as its decoder left it, orientation and all. Only what cameras and browsers make is taken: Huffman-coded,
 * not progressive (whose scans can make a small file last for minutes). Each picture is decoded by itself; what is
 * cut short comes grey where it lacks. Fails with ATTUNE_E_FORMAT, ATTUNE_E_UNSUPPORTED (too large, or of another
 * kind), ATTUNE_E_NOMEM or ATTUNE_E_IO. *out is the caller's to let go. */
int at_media_jpegs_decode(at_media_jpegs *j, const void *data, size_t size, at_media_kept *out,
                          attune_error *err);
/* And back: a frame of a reader as an upright JPEG of quality q in [1, 31], 1 the best. *out: at_free. */
int at_media_make_jpeg(const at_media_packet *p, double q, uint8_t **out, size_t *size,
                       attune_error *err);

/* The best sound stream of path, whole, mono 16 kHz. *pcm: (n), at_free. Fails with
 * ATTUNE_E_UNSUPPORTED if longer than limit_s seconds (<= 0: 600). */
int at_media_load_audio(const char *path, double limit_s, float **pcm, size_t *n,
                        attune_error *err);
/* The same of the sound that o chooses: each sample where its time says, from time 0. */
int at_media_load_track(const char *path, const at_media_options *o, double limit_s, float **pcm,
                        size_t *n, attune_error *err);

/* Puts a picture through a codec and back, for training on what a bad link leaves of it.
 * rgb: (h x stride), overwritten in place. */
typedef enum at_media_codec { AT_MEDIA_JPEG, AT_MEDIA_H264 } at_media_codec;
/* badness [0,1]: 0 hardly visible, 1 barely recognisable. Same input, same output. */
int at_media_recompress(uint8_t *rgb, int w, int h, ptrdiff_t stride, at_media_codec codec,
                        double badness, attune_error *err);

/* Puts pcm (n) through Opus at that rate (500 to 256000) and back, in place. */
int at_media_recode_sound(float *pcm, size_t n, int bits_per_s, attune_error *err);

/* ---- writing ------------------------------------------------------------------------------ */

typedef struct at_media_writer at_media_writer;

/* Zero is the default for every field but w, h (no video when zero) and audio. */
typedef struct at_media_writer_options {
    int w, h;           /* pixels; odd sizes are padded by one by repeating the last line */
    int fps;            /* frames a second, nominal; 0: 25 */
    int video_kbps;     /* 0: by quality */
    const char *preset; /* of libx264; NULL: "medium" */
    int audio;          /* there will be sound */
    int audio_kbps;     /* 0: 32 */
} at_media_writer_options;

/* The container follows the name (.mp4, .mkv, ...). H.264 where libx264 is there, else
 * MPEG-4; AAC, or in containers of sound alone their own codec. A name of a picture (.png, .jpg, .bmp, ...) takes
 * one picture, and no sound. The same calls write the same bytes.
 * The file appears whole, at close. */
int at_media_writer_open(at_media_writer **out, const char *path, const at_media_writer_options *o,
                         attune_error *err);
/* t_us: 0 or more, strictly increasing (ATTUNE_E_ARG). rgb: (h x stride). AVI and MPEG have one picture a tick of o.fps:
 * of those that share one the first is written. Others know 512 times between; a picture that shares one comes a time later. */
int at_media_writer_video(at_media_writer *w, int64_t t_us, const uint8_t *rgb, ptrdiff_t stride,
                          attune_error *err);
/* Follows what came before without a gap. */
int at_media_writer_audio(at_media_writer *w, const float *pcm, size_t n, attune_error *err);
int at_media_writer_close(at_media_writer **w,
                          attune_error *err);      /* finish; frees even on failure */
void at_media_writer_abandon(at_media_writer **w); /* leaves no file; NULL is fine */

#endif
