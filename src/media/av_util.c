/* av_util.c - FFmpeg's log level, its error numbers and times, its waiting cut short, and a first look at a file. */
#include "media/av_reader.h"

#include "base/error.h"
#include "base/progress.h"
#include "base/stand_in.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The one piece of state in the module that is not in an object: FFmpeg's own level is global, so
 * who may touch it has to be counted globally too. */
static pthread_mutex_t quiet_lock = PTHREAD_MUTEX_INITIALIZER;
static int quiet_users, level_found;

/* Bytes that malloc may want to grow the heap by: what is larger has a mapping of its own anyway. */
enum { GROWTH = 64 << 20, PAGE = 1 << 16 /* the largest */ };

int at_late_frames(attune_error *err), at_late_codecs(attune_error *err); /* made by base/late.py */
extern const at_stand_in at_av_stand_ins[]; /* made by base/stand_in.py */
extern const int at_av_stand_ins_n;

int at_media_load_frames(attune_error *err)
{
    return at_late_frames(err);
}

int at_media_load_libraries(attune_error *err)
{
    const int rc = at_late_frames(err);

    return rc < 0 ? rc : at_late_codecs(err);
}

int at_av_enter_frames(attune_error *err)
{
    const int rc = at_late_frames(err);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&quiet_lock);
    if (quiet_users++ == 0) {
        level_found = av_log_get_level();
        av_log_set_level(AV_LOG_QUIET);
    }
    pthread_mutex_unlock(&quiet_lock);
    return ATTUNE_OK;
}

int at_av_enter(attune_error *err)
{
    const int rc = at_media_load_libraries(err);

    return rc < 0 ? rc : at_av_enter_frames(err);
}

int at_av_enter_to_decode(attune_error *err)
{
    at_stand_in_load(at_av_stand_ins, at_av_stand_ins_n);
    /* Fails where FFmpeg is of another release, and asks for more; at this moment nobody has asked for them. */
    if (at_late_codecs(NULL) < 0)
        at_stand_in_unload();
    return at_av_enter(err);
}

void at_av_leave(void)
{
    pthread_mutex_lock(&quiet_lock);
    if (--quiet_users == 0)
        av_log_set_level(level_found);
    pthread_mutex_unlock(&quiet_lock);
}

/* FFmpeg's locks are the process's, too, and a child would find those held for ever that other threads held when it
 * was forked. They are while codecs are opened. */
static pthread_rwlock_t opening = PTHREAD_RWLOCK_INITIALIZER;

int at_av_codec_open(AVCodecContext *c, const AVCodec *codec, AVDictionary **options)
{
    pthread_rwlock_rdlock(&opening);
    at_av_watch_memory();
    int ret = at_av_unless_nomem(avcodec_open2(c, codec, options));
    pthread_rwlock_unlock(&opening);
    return ret;
}

/* errno tells: allocations set it, and nobody resets it behind them. */
void at_av_watch_memory(void)
{
    errno = 0;
}

/* Where something lies behind the heap, as in a program that qemu runs, malloc takes a mapping instead, and leaves
 * errno as if there had been none. */
static int heap_is_walled_in(void)
{
    const uintptr_t end = (uintptr_t)sbrk(0);
    void *behind = (void *)((end + PAGE - 1) / PAGE * PAGE);
    void *p = mmap(behind, GROWTH, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    const int taken = p == MAP_FAILED ? errno == EEXIST : p != behind; /* where it is but a hint */
    if (p != MAP_FAILED)
        munmap(p, GROWTH);
    return taken;
}

int at_av_unless_nomem(int averr)
{
    return errno == ENOMEM && !heap_is_walled_in() ? AVERROR(ENOMEM) : averr;
}

int at_av_probe(AVFormatContext *fmt, AVDictionary **options)
{
    pthread_rwlock_rdlock(&opening);
    at_av_watch_memory();
    int ret = at_av_unless_nomem(avformat_find_stream_info(fmt, options));
    pthread_rwlock_unlock(&opening);
    return ret;
}

int at_av_read_frame(AVFormatContext *fmt, AVPacket *packet)
{
    at_av_watch_memory();
    int ret = at_av_unless_nomem(av_read_frame(fmt, packet));
    if (ret < 0)
        av_packet_unref(packet);
    return ret;
}

pid_t at_av_fork(void)
{
    pthread_rwlock_wrlock(&opening);
    pthread_mutex_lock(&quiet_lock);
    const pid_t pid = fork();
    const int why = errno;
    if (pid == 0) /* not the thread that took it, as rwlocks see it */
        opening = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    else
        pthread_rwlock_unlock(&opening);
    pthread_mutex_unlock(&quiet_lock);
    errno = why;
    return pid;
}

static attune_status status_of(int averr)
{
    switch (averr) {
    case AVERROR(ENOMEM): return ATTUNE_E_NOMEM;
    case AVERROR_EXIT: return ATTUNE_E_INTERRUPTED;
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_ENCODER_NOT_FOUND:
    case AVERROR_MUXER_NOT_FOUND:
    case AVERROR_PROTOCOL_NOT_FOUND:
    case AVERROR_PATCHWELCOME: return ATTUNE_E_UNSUPPORTED;
    case AVERROR(EINVAL):
    case AVERROR_EOF:
    case AVERROR_INVALIDDATA: return ATTUNE_E_FORMAT;
    default: return ATTUNE_E_IO;
    }
}

int at_av_fail(attune_error *err, int averr, const char *path, const char *what)
{
    if (averr == AVERROR(ENOMEM))
        return at_fail_nomem(err);
    if (averr == AVERROR_EXIT)
        return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: interrupted", path);
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(averr, text, sizeof text);
    return at_fail(err, status_of(averr), "%s: %s: %s", path, what, text);
}

static uint32_t le32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Text in the sense of a person who picked the wrong file: no control characters but white
 * space and, for coloured terminal output, escape. */
static int looks_like_text(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] < 32 && !strchr("\t\n\r\f\033", p[i])) || p[i] == 0 || p[i] == 127)
            return 0;
    return n > 0;
}

/* The files that FFmpeg would follow to others. */
static int is_playlist(const unsigned char *p, size_t n)
{
    static const char *const heads[] = {"#EXTM3U", "ffconcat", "v=0", "[playlist]", "#EXTINF"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (n >= strlen(heads[i]) && memcmp(p, heads[i], strlen(heads[i])) == 0)
            return 1;
    return 0;
}

/* An EBML number at *at: 1 to 8 bytes, as many as zeros lead; all ones mean "unknown" (RFC 8794,
 * section 4). -1: unknown, or not there. */
static int64_t ebml_size(const unsigned char *head, size_t n, size_t *at)
{
    size_t length = 1;
    int64_t value;
    while (*at < n && length <= 8 && !(head[*at] & 0x80 >> (length - 1)))
        length++;
    if (*at >= n || length > 8 || length > n - *at)
        return -1;
    value = head[*at] & (0x7f >> (length - 1));
    for (size_t i = 1; i < length; i++)
        value = value << 8 | head[*at + i];
    *at += length;
    return value == (INT64_C(1) << 7 * length) - 1 ? -1 : value;
}

/* Matroska and WebM: a header, then one segment that has all the rest. */
static int64_t claimed_matroska(const unsigned char *head, size_t n)
{
    static const unsigned char header[4] = {0x1a, 0x45, 0xdf, 0xa3};
    static const unsigned char segment[4] = {0x18, 0x53, 0x80, 0x67};
    size_t at = sizeof header;
    int64_t size;
    if (n < at || memcmp(head, header, at) != 0)
        return 0;
    size = ebml_size(head, n, &at);
    if (size < 0 || (uint64_t)size > n - at || n - at - (size_t)size < sizeof segment)
        return 0;
    at += (size_t)size;
    if (memcmp(head + at, segment, sizeof segment) != 0)
        return 0;
    at += sizeof segment;
    size = ebml_size(head, n, &at);
    return size < 0 ? 0 : (int64_t)at + size;
}

/* What writers leave in a RIFF that could not seek back: nothing, all that there is room for, or (sox, arecord) some 2^31. */
static int is_open_end(uint32_t size)
{
    enum { ABOUT = 0x1000 };
    const uint32_t half = UINT32_C(1) << 31;

    return size == 0 || size >= UINT32_MAX - 8 || (size >= half - ABOUT && size <= half + ABOUT);
}

/* See at_av_head.claimed. */
static int64_t claimed_size(const unsigned char *head, size_t n, int64_t size)
{
    enum { TS_PACKET = 188 };
    /* WAV and AVI */
    if (n >= 12 && memcmp(head, "RIFF", 4) == 0)
        return is_open_end(le32(head + 4)) ? 0 : (int64_t)le32(head + 4) + 8;
    /* MPEG transport streams are made of packets of one size */
    if (n > 2 * TS_PACKET && head[0] == 0x47 && head[TS_PACKET] == 0x47 &&
        head[2 * TS_PACKET] == 0x47)
        return (size + TS_PACKET - 1) / TS_PACKET * TS_PACKET;
    return claimed_matroska(head, n);
}

at_av_head at_av_head_of(const unsigned char *first, size_t n, int64_t size)
{
    return (at_av_head){.claimed = claimed_size(first, n, size),
                        .text = looks_like_text(first, n),
                        .playlist = looks_like_text(first, n) && is_playlist(first, n),
                        .mp4 = n >= 8 && memcmp(first + 4, "ftyp", 4) == 0};
}

int at_av_path_check(const char *path, attune_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return at_fail(err, ATTUNE_E_IO, "%s: is a directory", path);
    if (S_ISREG(st.st_mode) && st.st_size == 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: the file is empty", path);
    return 0;
}

int64_t at_av_us(int64_t t, AVRational base)
{
    return av_rescale_q(t, base, (AVRational){1, 1000000});
}

const int32_t *at_av_display_matrix(const AVFrame *f, const AVStream *st)
{
    const AVFrameSideData *sd = av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX);
    if (sd && sd->size >= 9 * sizeof(int32_t))
        return (const int32_t *)sd->data;
    if (!st)
        return NULL;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
    const AVPacketSideData *side = av_packet_side_data_get(
        st->codecpar->coded_side_data, st->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    return side && side->size >= 9 * sizeof(int32_t) ? (const int32_t *)side->data : NULL;
#else
    size_t size = 0;
    const uint8_t *side = av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &size);
    return side && size >= 9 * sizeof(int32_t) ? (const int32_t *)side : NULL;
#endif
}

int at_av_decode_one(const AVCodec *codec, const AVPacket *packet, int64_t max_pixels,
                     AVFrame *frame)
{
    at_av_budget budget = {0};
    AVCodecContext *dec = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!dec)
        return codec ? AVERROR(ENOMEM) : AVERROR_DECODER_NOT_FOUND;
    dec->thread_count = 1;
    int ret = at_av_budget_apply(&budget, dec, codec, max_pixels);
    if (ret >= 0)
        ret = at_av_codec_open(dec, codec, NULL);
    if (ret >= 0)
        ret = avcodec_send_packet(dec, packet);
    if (ret >= 0)
        ret = avcodec_send_packet(dec, NULL);
    if (ret >= 0)
        ret = avcodec_receive_frame(dec, frame);
    if (ret >= 0)
        av_buffer_unref(&frame->opaque_ref); /* the frame outlives the budget */
    if (budget.exceeded)
        ret = AVERROR_INVALIDDATA;
    avcodec_free_context(&dec);
    return ret;
}

int at_av_interrupted(void *media)
{
    at_media *m = media;
    if (m->remote && at_now() > m->heard_s + AT_AV_PATIENCE_S)
        m->stalled = 1;
    return m->stalled || (m->o.interrupted && m->o.interrupted(m->o.user));
}
