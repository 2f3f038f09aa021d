/* av_still.c - whole small things: a picture, a recording. */
#include "media/av.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { IMAGE_FILE_LIMIT = 256 << 20, LONGEST_MAGIC = 12 };

/* Pictures that are one packet to their decoder, by their first bytes ('?': any). Going straight
 * to the decoder is several times faster than asking a demultiplexer, and training opens tens of
 * thousands of them. */
static const struct {
    const char *magic;
    size_t length;
    enum AVCodecID codec;
} image_kinds[] = {
    {"\x89PNG\r\n\x1a\n", 8, AV_CODEC_ID_PNG},
    {"\xff\xd8\xff", 3, AV_CODEC_ID_MJPEG},
    {"BM", 2, AV_CODEC_ID_BMP},
    {"RIFF????WEBP", 12, AV_CODEC_ID_WEBP},
    {"II*\0", 4, AV_CODEC_ID_TIFF},
    {"MM\0*", 4, AV_CODEC_ID_TIFF},
    {"P5", 2, AV_CODEC_ID_PGM},
    {"P6", 2, AV_CODEC_ID_PPM},
};

static enum AVCodecID image_kind(const unsigned char *head, size_t size)
{
    for (size_t k = 0; k < sizeof image_kinds / sizeof *image_kinds; k++) {
        size_t i = 0, n = image_kinds[k].length;
        while (
            i < n && i < size &&
            (image_kinds[k].magic[i] == '?' || (unsigned char)image_kinds[k].magic[i] == head[i]))
            i++;
        if (i == n)
            return image_kinds[k].codec;
    }
    return AV_CODEC_ID_NONE;
}

/* A tight copy of a frame, upright. */
static int convert_image(const AVFrame *frame, AVRational sar, at_turn turn, const char *name,
                         uint8_t **rgb, int *w, int *h, attune_error *err)
{
    at_av_picture picture = {0};
    at_av_rgb upright = {0};
    if (frame->width > AT_MEDIA_MAX_SIDE || frame->height > AT_MEDIA_MAX_SIDE)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: %dx%d pixels; the most is %d a side", name,
                       frame->width, frame->height, AT_MEDIA_MAX_SIDE);
    int ret = at_av_picture_convert(&picture, frame, sar, turn, name, &upright, err);
    size_t row = (size_t)upright.w * 3;
    if (ret >= 0 && !(*rgb = at_alloc((size_t)upright.h, row)))
        ret = at_fail_nomem(err);
    for (int y = 0; ret >= 0 && y < upright.h; y++)
        memcpy(*rgb + (size_t)y * row, upright.rgb + y * upright.stride, row);
    *w = ret >= 0 ? upright.w : 0;
    *h = ret >= 0 ? upright.h : 0;
    at_av_picture_free(&picture);
    return ret;
}

/* The pixel shape that photographs claim is that of a scanner or nonsense: it is left alone. */
static int convert_photograph(const AVFrame *frame, const char *name, uint8_t **rgb, int *w, int *h,
                              attune_error *err)
{
    return convert_image(frame, (AVRational){0, 1},
                         at_av_turn_of(at_av_display_matrix(frame, NULL)), name, rgb, w, h, err);
}

int at_media_load_image_mem(const void *data, size_t size, const char *name, uint8_t **rgb, int *w,
                            int *h, attune_error *err)
{
    *rgb = NULL;
    *w = *h = 0;
    enum AVCodecID kind = image_kind(data, size);
    if (size == 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: the picture is empty", name);
    if (kind == AV_CODEC_ID_NONE)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: not a picture of a known kind", name);
    if (size > IMAGE_FILE_LIMIT)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: the picture is larger than %d bytes", name,
                       IMAGE_FILE_LIMIT);

    int ret = at_av_enter(err), averr = AVERROR(ENOMEM);
    if (ret < 0)
        return ret;
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc(); /* a copy, because decoders read past the end */
    if (frame && packet)
        averr = av_new_packet(packet, (int)size);
    if (averr >= 0) {
        memcpy(packet->data, data, size);
        averr = at_av_decode_one(avcodec_find_decoder(kind), packet, AT_MEDIA_MAX_PIXELS, frame);
    }
    if (averr == AVERROR(ENOMEM))
        ret = at_fail_nomem(err);
    else if (averr < 0)
        ret = at_fail(err, ATTUNE_E_FORMAT, "%s: the picture is damaged, cut short or too large",
                      name);
    else
        ret = convert_photograph(frame, name, rgb, w, h, err);
    av_packet_free(&packet);
    av_frame_free(&frame);
    at_av_leave();
    return ret;
}

/* Anything else that has a first frame. */
static int load_first_frame(const char *path, uint8_t **rgb, int *w, int *h, attune_error *err)
{
    at_media *m = NULL;
    at_media_packet p;
    const at_media_options o = {.no_audio = 1, .threads = 1, .no_sandbox = 1};
    int ret = at_media_open(&m, path, &o, err);
    if (ret >= 0)
        ret = at_media_next(m, &p, err);
    if (ret == 1)
        ret = convert_image(p.frame, (AVRational){p.picture.aspect_num, p.picture.aspect_den},
                            at_turn_of(p.picture.orientation), path, rgb, w, h, err);
    at_media_free(&m);
    return ret;
}

/* By the first bytes of a regular file. */
static int image_file_kind(const char *path, enum AVCodecID *kind, attune_error *err)
{
    unsigned char first[LONGEST_MAGIC];
    size_t n = 0;
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        FILE *f = fopen(path, "rb");
        n = f ? fread(first, 1, sizeof first, f) : 0;
        const int failed = !f || ferror(f), why = errno;
        if (f)
            fclose(f);
        if (failed)
            return at_av_fail(err, AVERROR(why), path, "cannot open");
    }
    *kind = image_kind(first, n);
    return 0;
}

static int load_image(const char *path, uint8_t **rgb, int *w, int *h, attune_error *err)
{
    enum AVCodecID kind = AV_CODEC_ID_NONE;
    int ret = at_av_path_check(path, err);
    ret = ret < 0 ? ret : image_file_kind(path, &kind, err);
    if (ret < 0)
        return ret;
    if (kind == AV_CODEC_ID_NONE)
        return load_first_frame(path, rgb, w, h, err);
    unsigned char *data = NULL;
    size_t size = 0;
    ret = at_file_read(path, IMAGE_FILE_LIMIT, &data, &size, err);
    if (ret >= 0)
        ret = at_media_load_image_mem(data, size, path, rgb, w, h, err);
    at_free(data);
    return ret;
}

int at_media_load_image(const char *path, uint8_t **rgb, int *w, int *h, attune_error *err)
{
    *rgb = NULL;
    *w = *h = 0;
    int ret = at_av_enter(err);
    if (ret < 0)
        return ret;
    errno = 0;
    ret = load_image(path, rgb, w, h, err);
    at_av_leave();
    /* FFmpeg has other words for it, too */
    return ret < 0 && errno == ENOMEM ? at_fail_nomem(err) : ret;
}

/* ---- sound -------------------------------------------------------------------------------- */

typedef struct sound_store {
    float *pcm;
    size_t n, capacity;
} sound_store;

static int store_reserve(sound_store *s, size_t n)
{
    if (n <= s->capacity)
        return 1;
    size_t capacity = n + n / 2 + AT_MEDIA_AUDIO_RATE;
    float *pcm = at_alloc(capacity, sizeof *pcm);
    if (!pcm)
        return 0;
    if (s->n)
        memcpy(pcm, s->pcm, s->n * sizeof *pcm);
    at_free(s->pcm);
    s->pcm = pcm;
    s->capacity = capacity;
    return 1;
}

/* Puts p where its time says: silence in gaps, overlaps dropped. */
static int store_sound(sound_store *s, const at_media_packet *p, size_t limit, const char *path,
                       attune_error *err)
{
    size_t at = (size_t)av_rescale(p->t_us, AT_MEDIA_AUDIO_RATE, 1000000);
    /* times of pieces that follow each other are rounded to a microsecond */
    if (at + 1 >= s->n && at <= s->n + 1)
        at = s->n;
    size_t skip = at < s->n ? s->n - at : 0;
    if (skip >= p->n)
        return 0;
    size_t end = at + p->n;
    if (end > limit)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: longer than %.0f s", path,
                       (double)limit / AT_MEDIA_AUDIO_RATE);
    if (!store_reserve(s, end))
        return at_fail_nomem(err);
    for (size_t i = s->n; i < at; i++)
        s->pcm[i] = 0;
    memcpy(s->pcm + at + skip, p->pcm + skip, (p->n - skip) * sizeof *p->pcm);
    s->n = end;
    return 0;
}

int at_media_load_track(const char *path, const at_media_options *o, double limit_s, float **pcm,
                        size_t *n, attune_error *err)
{
    *pcm = NULL;
    *n = 0;
    at_media *m = NULL;
    at_media_packet p;
    sound_store store = {0};
    double seconds = limit_s > 0 && limit_s < 1e6 ? limit_s : 600;
    size_t limit = (size_t)(seconds * AT_MEDIA_AUDIO_RATE);
    at_media_options options = *o;
    options.no_video = 1;
    int ret = at_media_open(&m, path, &options, err);
    while (ret >= 0 && (ret = at_media_next(m, &p, err)) > 0)
        ret = store_sound(&store, &p, limit, path, err);
    if (ret == 0) {
        at_media_info info;
        at_media_get_info(m, &info);
        ret = info.unread ? at_fail(err, ATTUNE_E_IO, "%s: %s", path, info.truncated_reason) : 0;
    }
    at_media_free(&m);
    if (ret < 0) {
        at_free(store.pcm);
        return ret;
    }
    *pcm = store.pcm;
    *n = store.n;
    return 0;
}

int at_media_load_audio(const char *path, double limit_s, float **pcm, size_t *n, attune_error *err)
{
    const at_media_options o = {.threads = 1, .no_sandbox = 1};
    return at_media_load_track(path, &o, limit_s, pcm, n, err);
}
