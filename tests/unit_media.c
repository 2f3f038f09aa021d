/* The reader: what comes out of clips whose every frame and sample is known. */
#include "base/file.h"
#include "base/mem.h"
#include "media/av.h"
#include "media/media.h"
#include "media_fixtures.h"
#include "temp_folder.h"
#include "vision/picture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define PLAIN_VIDEO                                                                           \
    .video = AV_CODEC_ID_MPEG4, .pixels = AV_PIX_FMT_YUV420P, .w = 64, .h = 48, .frames = 10, \
    .fps = 25
#define PLAIN_AUDIO                                                                        \
    .audio = AV_CODEC_ID_PCM_S16LE, .rate = 16000, .channels = 1, .seconds = 1, .hz = 440, \
    .amplitude = {.5}

static const char *made(const char *name, media_fixture f)
{
    const char *path = made_in_folder(name);
    media_fixture_write(path, &f);
    return path;
}

/* ---- reading all of a clip ---------------------------------------------------------------- */

enum { MAX_FRAMES = 128 };

typedef struct all {
    int frames, w, h;
    int64_t times[MAX_FRAMES];
    uint8_t corner[4][3]; /* of the last frame: near its corners, row by row */
    uint8_t middle[MAX_FRAMES];
    float *pcm; /* (n) put together without regard to time */
    size_t n;
    int64_t sound_start, sound_end;
    int gaps; /* pieces of sound that do not follow the one before */
    int64_t gap_us;
    int ret;
    attune_error err;
    at_media_info info;
} all;

static void upright(at_image *rgb, const attune_picture *p)
{
    at_picture_work work = {0};
    assert_int_equal(at_picture_check(p), ATTUNE_OK);
    assert_int_equal(at_picture_whole(rgb, &work, p), ATTUNE_OK);
    at_picture_work_free(&work);
}

static void take_picture(all *a, const at_media_packet *p)
{
    assert_true(a->frames < MAX_FRAMES);
    at_image rgb = {0};
    int w, h;
    upright(&rgb, &p->picture);
    w = rgb.w;
    h = rgb.h;
    a->times[a->frames] = p->t_us;
    a->w = w;
    a->h = h;
    a->middle[a->frames] = *at_image_at(&rgb, w / 2, h / 2);
    for (int k = 0; k < 4; k++) {
        int x = k % 2 ? w - 1 - w / 8 : w / 8, y = k / 2 ? h - 1 - h / 8 : h / 8;
        memcpy(a->corner[k], at_image_at(&rgb, x, y), 3);
    }
    at_image_free(&rgb);
    a->frames++;
}

static void take_sound(all *a, const at_media_packet *p)
{
    assert_true(p->n > 0);
    if (!a->pcm)
        a->sound_start = p->t_us;
    else if (llabs(p->t_us - a->sound_end) > 1) {
        a->gaps++;
        a->gap_us = p->t_us - a->sound_end;
    }
    a->sound_end = p->t_us + (int64_t)p->n * 1000000 / AT_MEDIA_AUDIO_RATE;
    a->pcm = realloc(a->pcm, (a->n + p->n) * sizeof *a->pcm);
    assert_non_null(a->pcm);
    memcpy(a->pcm + a->n, p->pcm, p->n * sizeof *a->pcm);
    a->n += p->n;
}

static all read_with(const char *path, at_media_options o)
{
    all a = {0};
    at_media *m = NULL;
    at_media_packet p;
    a.ret = at_media_open(&m, path, &o, &a.err);
    if (a.ret < 0) {
        assert_null(m);
        return a;
    }
    while ((a.ret = at_media_next(m, &p, &a.err)) > 0)
        if (p.kind == AT_MEDIA_VIDEO)
            take_picture(&a, &p);
        else
            take_sound(&a, &p);
    assert_int_equal(at_media_next(m, &p, NULL), a.ret); /* the end stays the end */
    at_media_get_info(m, &a.info);
    at_media_free(&m);
    assert_null(m);
    return a;
}

/* Reads a clip that must read to its end, and be whole. */
static all read_whole(const char *path)
{
    all a = read_with(path, (at_media_options){0});
    if (a.ret < 0 || a.info.truncated)
        fail_msg("%s: %s%s", path, a.err.text, a.info.truncated_reason);
    return a;
}

static void assert_colours(const all *a)
{
    static const int quarter[4][3] = {{220, 30, 30}, {30, 200, 30}, {30, 30, 220}, {230, 230, 230}};
    for (int k = 0; k < 4; k++)
        for (int c = 0; c < 3; c++)
            if (abs(a->corner[k][c] - quarter[k][c]) > 16)
                fail_msg("corner %d is %d %d %d", k, a->corner[k][0], a->corner[k][1],
                         a->corner[k][2]);
}

/* Amplitude of the sine of hz in x, away from the ends. */
static double amplitude(const float *x, size_t n, double hz)
{
    double re = 0, im = 0, w = 2 * acos(-1) * hz / AT_MEDIA_AUDIO_RATE;
    size_t edge = n / 8, used = n - 2 * edge;
    for (size_t i = edge; i < n - edge; i++) {
        re += x[i] * cos(w * (double)i);
        im += x[i] * sin(w * (double)i);
    }
    return 2 * hypot(re, im) / (double)used;
}

/* ---- pictures ----------------------------------------------------------------------------- */

static void frames_carry_their_times(void **state)
{
    (void)state;
    all a = read_whole(made("plain.mp4", (media_fixture){PLAIN_VIDEO}));
    assert_int_equal(a.frames, 10);
    assert_int_equal(a.w, 64);
    assert_int_equal(a.h, 48);
    for (int i = 0; i < a.frames; i++) {
        assert_int_equal(a.times[i], i * 40000);
        assert_in_range(a.middle[i], 40 + 8 * i - 6, 40 + 8 * i + 6);
    }
    assert_colours(&a);
    assert_true(a.info.has_video && !a.info.has_audio);
    assert_int_equal(a.info.duration_us, 400000);
    assert_int_equal(a.info.container_us, 400000);
    assert_int_equal(a.info.w, 64);
    assert_int_equal(a.info.h, 48);
    assert_int_equal(a.info.errors, 0);
}

static void uneven_times_stay_uneven(void **state)
{
    (void)state;
    static const int64_t ms[] = {0, 40, 200, 240, 1000, 1033, 1066, 3000};
    media_fixture f = {PLAIN_VIDEO, .times_ms = ms};
    f.frames = 8;
    all a = read_whole(made("uneven.mkv", f));
    assert_int_equal(a.frames, 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(a.times[i], ms[i] * 1000);
        assert_in_range(a.middle[i], 40 + 8 * i - 6, 40 + 8 * i + 6);
    }
}

static void frames_are_dropped_by_time(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_VIDEO};
    f.frames = 51;
    const char *path = made("long.mkv", f);
    all a = read_with(path, (at_media_options){.rate = 8});
    assert_int_equal(a.ret, 0);
    assert_int_equal(a.info.frames, 51);
    assert_int_equal(a.frames, 17); /* 2 s and the one that begins the third */
    for (int i = 0; i < a.frames; i++) {
        assert_in_range(a.times[i], i * 125000, i * 125000 + 39000);
        int number = (int)(a.times[i] / 40000);
        assert_in_range(a.middle[i], 40 + 8 * number % 160 - 6, 40 + 8 * number % 160 + 6);
    }
    /* a rate no lower than the clip's loses nothing, in spite of times rounded to 33 and 67 ms */
    media_fixture thirty = {PLAIN_VIDEO};
    thirty.frames = 60;
    thirty.fps = 30;
    path = made("thirty.mkv", thirty);
    assert_int_equal(read_with(path, (at_media_options){.rate = 30}).frames, 60);
    assert_int_equal(read_with(path, (at_media_options){.rate = 1e12}).frames, 60);
}

/* What nobody needs is not decoded, and what is given out is the same. */
static void what_is_dropped_is_not_decoded(void **state)
{
    static const double rates[] = {8, 3, 12.5, 25};
    (void)state;
    media_fixture f = {PLAIN_VIDEO, .b_frames = 2};
    f.video = AV_CODEC_ID_MPEG2VIDEO;
    f.frames = 52;
    const char *path = made("skipped.mkv", f);
    all every = read_whole(path);
    assert_int_equal(every.frames, 52);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (int threads = 1; threads <= 3; threads++) {
            all a = read_with(path, (at_media_options){.rate = rates[i], .threads = threads});
            int64_t period = -1;
            int n = 0;
            for (int k = 0; k < every.frames; k++) {
                int64_t now = (int64_t)((double)(every.times[k] + 1000) * rates[i] / 1e6);
                if (now == period)
                    continue;
                assert_true(n < a.frames);
                assert_int_equal(a.times[n], every.times[k]);
                assert_int_equal(a.middle[n], every.middle[k]);
                period = now;
                n++;
            }
            assert_int_equal(a.frames, n);
            assert_int_equal(a.info.duration_us, every.info.duration_us);
            assert_false(a.info.truncated);
            if (rates[i] < 12)
                assert_true(a.info.frames < 40);
        }
}

/* Who has seen a picture is told from where on the packets before it will do. */
static void reading_begins_at_a_key(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_VIDEO, PLAIN_AUDIO, .b_frames = 2};
    f.frames = 300;
    f.seconds = 12;
    const char *path = made("keys.mkv", f);
    all a = read_with(path, (at_media_options){.rate = 8});
    all b = read_with(
        path,
        (at_media_options){.rate = 8, .restart = a.info.restart, .restart_us = a.info.restart_us});
    const int left_out = a.frames - b.frames;
    assert_true(a.info.restart > 0 && a.info.restart_us > 0);
    assert_in_range(left_out, 1, a.frames - 30); /* well before the end, for the decoder's sake */
    assert_true(b.times[0] >= a.info.restart_us && a.times[left_out - 1] < a.info.restart_us);
    assert_memory_equal(b.times, a.times + left_out, (size_t)b.frames * sizeof *b.times);
    assert_memory_equal(b.middle, a.middle + left_out, (size_t)b.frames);
    assert_true(b.info.frames < a.info.frames);
    assert_int_equal(b.info.errors, 0);
    assert_int_equal(b.info.duration_us, a.info.duration_us);
    assert_int_equal(b.n, a.n);
    assert_memory_equal(b.pcm, a.pcm, a.n * sizeof *a.pcm);
    free(a.pcm);
    free(b.pcm);
}

static void rotation_is_undone(void **state)
{
    (void)state;
    static const int turns[] = {90, 180, 270};
    for (int i = 0; i < 3; i++) {
        media_fixture f = {PLAIN_VIDEO, .turn = turns[i]};
        all a = read_whole(made("turned.mp4", f));
        assert_int_equal(a.frames, 10);
        assert_int_equal(a.w, turns[i] == 180 ? 64 : 48);
        assert_int_equal(a.h, turns[i] == 180 ? 48 : 64);
        assert_int_equal(a.info.w, a.w);
        assert_int_equal(a.info.h, a.h);
        assert_colours(&a);
    }
}

static void any_size_and_depth_comes_out(void **state)
{
    (void)state;
    static const struct {
        enum AVPixelFormat pixels;
        int w, h;
    } kinds[] = {
        {AV_PIX_FMT_YUV420P, 61, 47},     {AV_PIX_FMT_YUV420P10LE, 64, 48},
        {AV_PIX_FMT_YUV422P10LE, 37, 35}, {AV_PIX_FMT_YUV444P, 33, 65},
        {AV_PIX_FMT_YUV420P12LE, 50, 34}, {AV_PIX_FMT_0RGB32, 47, 31},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        media_fixture f = {.video = AV_CODEC_ID_FFV1,
                           .pixels = kinds[i].pixels,
                           .w = kinds[i].w,
                           .h = kinds[i].h,
                           .frames = 3,
                           .fps = 25};
        all a = read_whole(made("kind.mkv", f));
        assert_int_equal(a.frames, 3);
        assert_int_equal(a.w, kinds[i].w);
        assert_int_equal(a.h, kinds[i].h);
        assert_colours(&a);
    }
}

static void oblong_pixels_are_made_square(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_VIDEO, .sar = {2, 1}};
    all a = read_whole(made("wide.mkv", f));
    assert_int_equal(a.w, 128);
    assert_int_equal(a.h, 48);
    assert_colours(&a);
    f.sar = (AVRational){16, 15}; /* PAL at 4:3: left alone */
    assert_int_equal(read_whole(made("pal.mkv", f)).w, 64);
}

/* ---- sound -------------------------------------------------------------------------------- */

static void any_sound_becomes_mono_16k(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum AVCodecID codec;
        int rate, channels;
        double amplitude[8], expected, tolerance;
    } kinds[] = {
        {"8k.wav", AV_CODEC_ID_PCM_S16LE, 8000, 1, {.5}, .5, .005},
        {"16k.wav", AV_CODEC_ID_PCM_S16LE, 16000, 1, {.5}, .5, .001},
        {"48k.wav", AV_CODEC_ID_PCM_F32LE, 48000, 1, {.5}, .5, .005},
        {"cd.flac", AV_CODEC_ID_FLAC, 44100, 2, {.5, .5}, .5, .005},
        {"left.wav", AV_CODEC_ID_PCM_S16LE, 44100, 2, {.5, 0}, .25, .005},
        {"opposite.wav", AV_CODEC_ID_PCM_S16LE, 44100, 2, {.5, -.5}, .5, .005},
        {"surround.mkv", AV_CODEC_ID_PCM_S16LE, 48000, 6, {.5, .5, .5, 0, .5, .5}, .5, .01},
        {"surround.m4a", AV_CODEC_ID_AAC, 48000, 6, {.5, .5, .5, 0, .5, .5}, .5, .03},
        {"mp2.mpg", AV_CODEC_ID_MP2, 44100, 2, {.5, .5}, .5, .02},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        media_fixture f = {.audio = kinds[i].codec,
                           .rate = kinds[i].rate,
                           .channels = kinds[i].channels,
                           .seconds = 1.3,
                           .hz = 440};
        memcpy(f.amplitude, kinds[i].amplitude, sizeof f.amplitude);
        all a = read_whole(made(kinds[i].name, f));
        assert_int_equal(a.frames, 0);
        assert_int_equal(a.gaps, 0);
        assert_int_equal(a.sound_start, 0);
        if (llabs((long long)a.n - 20800) > (kinds[i].tolerance > .01 ? 1600 : 2))
            fail_msg("%s: %zu samples", kinds[i].name, a.n);
        double got = amplitude(a.pcm, a.n, 440);
        if (fabs(got - kinds[i].expected) > kinds[i].tolerance)
            fail_msg("%s: amplitude %.4f, not %.4f", kinds[i].name, got, kinds[i].expected);
        free(a.pcm);
    }
}

/* The resampler's delay must not become a delay of the sound. */
static void resampled_sound_is_not_late(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_AUDIO};
    f.rate = 48000;
    all a = read_whole(made("phase.wav", f));
    double worst = 0;
    for (size_t i = 500; i + 500 < a.n; i++)
        worst = fmax(worst, fabs(a.pcm[i] - .5 * sin(2 * acos(-1) * 440 * (double)i / 16000)));
    assert_true(worst < .005);
    free(a.pcm);
}

static void rounded_times_make_no_gaps(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_AUDIO};
    f.rate = 44100; /* 1024 samples are 23.2 ms, written as 23 */
    all a = read_whole(made("rounded.mkv", f));
    assert_int_equal(a.gaps, 0);
    assert_int_equal(a.n, 16000);
    free(a.pcm);
}

static void gaps_in_the_sound_are_kept(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_AUDIO, .gap_at = .5, .gap = .75};
    f.rate = 44100;
    const char *path = made("gap.mkv", f);
    all a = read_whole(path);
    assert_int_equal(a.gaps, 1);
    assert_in_range(a.gap_us, 748000, 752000);
    assert_in_range(a.n, 15998, 16002);
    assert_in_range(a.info.duration_us, 1748000, 1752000);
    free(a.pcm);

    float *pcm = NULL;
    size_t n = 0;
    attune_error err;
    assert_int_equal(at_media_load_audio(path, 0, &pcm, &n, &err), 0);
    assert_in_range(n, 27970, 28030);
    assert_true(amplitude(pcm, 8000, 440) > .49);
    for (size_t i = 8800; i < 20000; i++)
        assert_true(pcm[i] == 0);
    at_free(pcm);
    assert_int_equal(at_media_load_audio(path, 1.5, &pcm, &n, &err), ATTUNE_E_UNSUPPORTED);
    assert_null(pcm);
    assert_non_null(strstr(err.text, "longer than 2 s"));
}

static void wild_samples_are_tamed(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_AUDIO};
    f.audio = AV_CODEC_ID_PCM_F32LE;
    f.amplitude[0] = 30;
    all a = read_whole(made("loud.wav", f));
    for (size_t i = 0; i < a.n; i++)
        assert_true(a.pcm[i] >= -1 && a.pcm[i] <= 1);
    free(a.pcm);
    f.amplitude[0] = NAN;
    a = read_whole(made("nan.wav", f));
    for (size_t i = 0; i < a.n; i++)
        assert_true(isfinite(a.pcm[i]));
    free(a.pcm);
}

/* ---- streams ------------------------------------------------------------------------------ */

static void streams_can_be_left_out(void **state)
{
    (void)state;
    const char *path = made("both.mkv", (media_fixture){PLAIN_VIDEO, PLAIN_AUDIO});
    all a = read_whole(path);
    assert_int_equal(a.frames, 10);
    assert_in_range(a.n, 15998, 16002);
    free(a.pcm);
    a = read_with(path, (at_media_options){.no_audio = 1});
    assert_int_equal(a.frames, 10);
    assert_int_equal(a.n, 0);
    assert_false(a.info.has_audio);
    a = read_with(path, (at_media_options){.no_video = 1});
    assert_int_equal(a.frames, 0);
    assert_in_range(a.n, 15998, 16002);
    assert_false(a.info.has_video);
    assert_false(a.info.truncated);
    free(a.pcm);
    a = read_with(path, (at_media_options){.no_video = 1, .no_audio = 1});
    assert_int_equal(a.ret, ATTUNE_E_ARG);

    path = made("only.mp4", (media_fixture){PLAIN_VIDEO});
    a = read_with(path, (at_media_options){.no_video = 1});
    assert_int_equal(a.ret, ATTUNE_E_FORMAT);
    assert_non_null(strstr(a.err.text, "only.mp4: no sound stream"));
}

static void cover_pictures_are_no_video(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_VIDEO, PLAIN_AUDIO, .cover = 1};
    f.video = AV_CODEC_ID_PNG;
    f.pixels = AV_PIX_FMT_RGB24;
    f.frames = 1;
    f.audio = AV_CODEC_ID_AAC;
    all a = read_whole(made("cover.m4a", f));
    assert_false(a.info.has_video);
    assert_int_equal(a.frames, 0);
    assert_true(a.n > 14000);
    free(a.pcm);
}

/* ---- what is not there -------------------------------------------------------------------- */

static void assert_refused(const char *path, attune_status status, const char *reason)
{
    all a = read_with(path, (at_media_options){0});
    if (a.ret != (int)status || !strstr(a.err.text, reason) || !strstr(a.err.text, path) ||
        strchr(a.err.text, '\n'))
        fail_msg("%s: %d %s", path, a.ret, a.err.text);
    assert_int_equal(a.err.status, status);
}

static void bad_paths_are_named(void **state)
{
    (void)state;
    char text[4096];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 40 ? (char)('a' + i % 26) : '\n';
    assert_refused(in_folder("nothing.mp4"), ATTUNE_E_IO, "No such file");
    assert_refused(temp_folder, ATTUNE_E_IO, "is a directory");
    assert_refused(put_bytes("empty.mp4", "", 0), ATTUNE_E_FORMAT, "empty");
    static const char *const names[] = {"t.txt", "t.mp4", "t.mp3", "t.wav", "t.mpg", "t.jpg", "t"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_refused(put_bytes(names[i], text, sizeof text), ATTUNE_E_FORMAT, "not a media file");
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * i * 31 >> 3);
    assert_refused(put_bytes("noise.bin", text, sizeof text), ATTUNE_E_FORMAT, "not a media file");
    assert_refused(put_bytes("noise.mp4", text, sizeof text), ATTUNE_E_FORMAT, "noise.mp4");
    assert_refused(put_bytes("%03d.mp4", "", 0), ATTUNE_E_FORMAT, "empty");
}

static void empty_streams_are_named(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_AUDIO};
    f.seconds = 0;
    assert_refused(made("silent.wav", f), ATTUNE_E_FORMAT, "no frame and no sound");
    media_fixture v = {PLAIN_VIDEO};
    v.frames = 0;
    assert_refused(made("still.avi", v), ATTUNE_E_FORMAT, "no ");
}

static void huge_pictures_are_refused(void **state)
{
    (void)state;
    /* a valid PNG header that speaks of 20000 x 8, and of 16384 x 16384 */
    static const unsigned char wide[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,    0, 0,
                                         13,   'I', 'H', 'D', 'R',  0,    0,    0x4e, 0x20, 0, 0,
                                         0,    8,   8,   2,   0,    0,    0,    0,    0,    0, 0};
    unsigned char square[sizeof wide];
    memcpy(square, wide, sizeof wide);
    square[18] = square[22] = 0x40;
    square[19] = square[23] = 0;
    uint8_t *rgb;
    int w, h;
    attune_error err;
    assert_true(at_media_load_image(put_bytes("wide.png", wide, sizeof wide), &rgb, &w, &h, &err) <
                0);
    assert_null(rgb);
    assert_true(at_media_load_image_mem(square, sizeof square, "square", &rgb, &w, &h, &err) < 0);
    assert_non_null(strstr(err.text, "square"));
    assert_refused(put_bytes("square.png", square, sizeof square), ATTUNE_E_FORMAT, "larger than");

    media_fixture f = {.video = AV_CODEC_ID_FFV1,
                       .pixels = AV_PIX_FMT_YUV420P,
                       .w = 20000,
                       .h = 2,
                       .frames = 1,
                       .fps = 25};
    assert_refused(made("strip.mkv", f), ATTUNE_E_UNSUPPORTED, "20000x2");
    f.w = 400;
    f.h = 300;
    all a = read_with(made("ok.mkv", f), (at_media_options){.max_pixels = 100000});
    if (a.ret != ATTUNE_E_UNSUPPORTED || !strstr(a.err.text, "400x300"))
        fail_msg("%d %s", a.ret, a.err.text);
}

/* The first part of the file `from`, as the file `to`. */
static const char *cut(const char *from, const char *to, double part)
{
    unsigned char *data = NULL;
    size_t n = 0;
    assert_int_equal(at_file_read(from, 100 << 20, &data, &n, NULL), 0);
    const char *path = put_bytes(to, data, (size_t)((double)n * part));
    at_free(data);
    return path;
}

static void cut_files_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    enum { CUTS = 5 };
    /* The latter two do not say how long they are: a cut is seen where it goes through a picture. */
    static const struct {
        const char *name;
        int least;
    } cases[] = {{"c.mkv", CUTS}, {"c.avi", CUTS}, {"c.mpg", 3}, {"c.ts", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        media_fixture f = {PLAIN_VIDEO, PLAIN_AUDIO};
        f.video = AV_CODEC_ID_MPEG1VIDEO;
        f.audio = AV_CODEC_ID_MP2;
        f.rate = 44100;
        f.seconds = 4;
        f.frames = 100;
        const char *path = made(cases[i].name, f);
        all whole = read_whole(path);
        int seen = 0;
        for (int k = 0; k < CUTS; k++) {
            char shorter[32];
            snprintf(shorter, sizeof shorter, "cut%d-%s", k, cases[i].name);
            all a = read_with(cut(path, shorter, .5 + .04 * k), (at_media_options){0});
            assert_int_equal(a.ret, 0);
            if (a.info.truncated && a.info.truncated_reason[0])
                seen++;
            if (a.frames < 30 || a.frames > 95)
                fail_msg("%s: %d frames", shorter, a.frames);
            assert_true(a.n > 0 && a.n < whole.n);
            assert_memory_equal(a.pcm, whole.pcm, a.n / 2 * sizeof *a.pcm);
            free(a.pcm);
        }
        if (seen < cases[i].least)
            fail_msg("%s: %d of %d cuts are seen", cases[i].name, seen, CUTS);
        free(whole.pcm);
    }
    media_fixture sound = {PLAIN_AUDIO};
    sound.seconds = 2;
    all a = read_with(cut(made("c.wav", sound), "cut.wav", .5), (at_media_options){0});
    assert_true(a.info.truncated);
    assert_in_range(a.n, 15000, 16000);
    free(a.pcm);
    a = read_with(cut(made("c.mp4", (media_fixture){PLAIN_VIDEO}), "cut.mp4", .6),
                  (at_media_options){0});
    assert_int_equal(a.ret, ATTUNE_E_FORMAT);
    if (!strstr(a.err.text, "index"))
        fail_msg("%s", a.err.text);
}

/* What sox, arecord and ffmpeg write in front of sound that goes into a pipe. */
static void an_open_end_is_no_cut(void **state)
{
    static const unsigned char sizes[][4] = {{0x24, 0xf0, 0xff, 0x7f},
                                             {0x23, 0x00, 0x00, 0x80},
                                             {0xff, 0xff, 0xff, 0xff},
                                             {0, 0, 0, 0}},
                               much[4] = {0, 0, 0, 0x40};
    unsigned char *data = NULL;
    size_t n = 0;
    all a;

    (void)state;
    assert_int_equal(
        at_file_read(made("o.wav", (media_fixture){PLAIN_AUDIO}), 1 << 20, &data, &n, NULL), 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memcpy(data + 4, sizes[i], 4);
        a = read_whole(put_bytes("open.wav", data, n));
        assert_in_range(a.n, 15998, 16002);
        free(a.pcm);
    }
    memcpy(data + 4, much, 4);
    a = read_with(put_bytes("open.wav", data, n), (at_media_options){0});
    assert_true(a.info.truncated);
    free(a.pcm);
    at_free(data);
}

/* A copy of the Matroska file `from` whose header claims a minute. */
static const char *claiming_a_minute(const char *from, const char *to)
{
    static const unsigned char duration[] = {0x44, 0x89,
                                             0x88}; /* of 8 bytes: a big-endian double */
    static const unsigned char minute[] = {0x40, 0xed, 0x4c, 0, 0, 0, 0, 0}; /* 60000 ms */
    unsigned char *data = NULL, *at;
    size_t n = 0;
    assert_int_equal(at_file_read(from, 100 << 20, &data, &n, NULL), 0);
    at = memmem(data, n, duration, sizeof duration);
    assert_non_null(at);
    memcpy(at + sizeof duration, minute, sizeof minute);
    const char *path = put_bytes(to, data, n);
    at_free(data);
    return path;
}

static void a_long_claim_is_no_cut(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_VIDEO};
    f.frames = 50;
    const char *path = claiming_a_minute(made("claim.mkv", f), "claims.mkv");
    all a = read_with(path, (at_media_options){0});
    assert_int_equal(a.ret, 0);
    assert_int_equal(a.frames, 50);
    assert_true(a.info.container_us == 60000000);
    if (a.info.truncated)
        fail_msg("%s", a.info.truncated_reason);
    a = read_with(cut(path, "claims-cut.mkv", .7), (at_media_options){0});
    assert_true(a.info.truncated);
    if (!strstr(a.info.truncated_reason, "bytes"))
        fail_msg("%s", a.info.truncated_reason);
}

static void damage_in_the_middle_is_skipped(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_VIDEO};
    f.frames = 100;
    f.video = AV_CODEC_ID_MPEG1VIDEO;
    const char *path = made("d.mpg", f);
    unsigned char *data = NULL;
    size_t n = 0;
    assert_int_equal(at_file_read(path, 10 << 20, &data, &n, NULL), 0);
    for (size_t i = n / 2; i < n / 2 + 3000; i++)
        data[i] = (unsigned char)(i * 7);
    all a = read_with(put_bytes("damaged.mpg", data, n), (at_media_options){0});
    at_free(data);
    assert_int_equal(a.ret, 0);
    assert_in_range(a.frames, 60, 100);
    for (int i = 1; i < a.frames; i++)
        assert_true(a.times[i] > a.times[i - 1]);
    assert_true(a.times[a.frames - 1] > 3800000);
}

static int stop_after(void *user)
{
    int *left = user;
    return --*left < 0;
}

static void a_callback_can_stop_it(void **state)
{
    (void)state;
    media_fixture f = {PLAIN_VIDEO};
    f.frames = 100;
    const char *path = made("stop.mkv", f);
    int left = 0;
    all a = read_with(path, (at_media_options){.interrupted = stop_after, .user = &left});
    assert_int_equal(a.ret, ATTUNE_E_INTERRUPTED);

    at_media *m;
    at_media_packet p;
    left = 1 << 30;
    at_media_options o = {.interrupted = stop_after, .user = &left};
    assert_int_equal(at_media_open(&m, path, &o, NULL), 0);
    assert_int_equal(at_media_next(m, &p, NULL), 1);
    left = 0;
    attune_error err;
    assert_int_equal(at_media_next(m, &p, &err), ATTUNE_E_INTERRUPTED);
    assert_int_equal(err.status, ATTUNE_E_INTERRUPTED);
    at_media_free(&m);
}

static void the_log_level_is_put_back(void **state)
{
    (void)state;
    const char *path = made("quiet.mkv", (media_fixture){PLAIN_VIDEO});
    av_log_set_level(AV_LOG_WARNING);
    at_media *a, *b;
    assert_int_equal(at_media_open(&a, path, NULL, NULL), 0);
    assert_int_equal(at_media_open(&b, path, NULL, NULL), 0);
    assert_int_equal(av_log_get_level(), AV_LOG_QUIET);
    at_media_free(&a);
    assert_int_equal(av_log_get_level(), AV_LOG_QUIET);
    at_media_free(&b);
    assert_int_equal(av_log_get_level(), AV_LOG_WARNING);
    assert_true(at_media_open(&a, in_folder("none"), NULL, NULL) < 0);
    assert_true(at_media_open(&a, put_bytes("no.mp4", "what", 4), NULL, NULL) < 0);
    assert_int_equal(av_log_get_level(), AV_LOG_WARNING);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_carry_their_times),
        cmocka_unit_test(uneven_times_stay_uneven),
        cmocka_unit_test(frames_are_dropped_by_time),
        cmocka_unit_test(what_is_dropped_is_not_decoded),
        cmocka_unit_test(reading_begins_at_a_key),
        cmocka_unit_test(rotation_is_undone),
        cmocka_unit_test(any_size_and_depth_comes_out),
        cmocka_unit_test(oblong_pixels_are_made_square),
        cmocka_unit_test(any_sound_becomes_mono_16k),
        cmocka_unit_test(resampled_sound_is_not_late),
        cmocka_unit_test(rounded_times_make_no_gaps),
        cmocka_unit_test(gaps_in_the_sound_are_kept),
        cmocka_unit_test(wild_samples_are_tamed),
        cmocka_unit_test(streams_can_be_left_out),
        cmocka_unit_test(cover_pictures_are_no_video),
        cmocka_unit_test(bad_paths_are_named),
        cmocka_unit_test(empty_streams_are_named),
        cmocka_unit_test(huge_pictures_are_refused),
        cmocka_unit_test(cut_files_are_read_as_far_as_they_go),
        cmocka_unit_test(an_open_end_is_no_cut),
        cmocka_unit_test(a_long_claim_is_no_cut),
        cmocka_unit_test(damage_in_the_middle_is_skipped),
        cmocka_unit_test(a_callback_can_stop_it),
        cmocka_unit_test(the_log_level_is_put_back),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
