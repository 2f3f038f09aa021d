/* Whole pictures and recordings, the writer, recompression, and real clips where they are. */
#include "base/mem.h"
#include "media/av.h"
#include "media/media.h"
#include "made_wav.h"
#include "media_fixtures.h"
#include "sanitized.h"
#include "temp_folder.h"
#include "vision/picture.h"

#include <errno.h>
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- pictures ----------------------------------------------------------------------------- */

static void assert_quarters(const char *name, const uint8_t *rgb, int w, int h, int tolerance)
{
    static const int quarter[4][3] = {{220, 30, 30}, {30, 200, 30}, {30, 30, 220}, {230, 230, 230}};
    for (int k = 0; k < 4; k++) {
        int x = k % 2 ? w - 1 - w / 8 : w / 8, y = k / 2 ? h - 1 - h / 8 : h / 8;
        for (int c = 0; c < 3; c++)
            if (abs(rgb[(y * w + x) * 3 + c] - quarter[k][c]) > tolerance)
                fail_msg("%s: corner %d, colour %d is %d", name, k, c, rgb[(y * w + x) * 3 + c]);
    }
}

static void pictures_load(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum AVCodecID codec;
        enum AVPixelFormat pixels;
        int tolerance;
    } kinds[] = {
        {"p.png", AV_CODEC_ID_PNG, AV_PIX_FMT_RGB24, 0},
        {"p.bmp", AV_CODEC_ID_BMP, AV_PIX_FMT_BGR24, 0},
        {"p.jpg", AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUV420P, 16},
        {"p.tiff", AV_CODEC_ID_TIFF, AV_PIX_FMT_RGB24, 0},
        {"p.gif", AV_CODEC_ID_GIF, AV_PIX_FMT_RGB8, 60},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *path = made_in_folder(kinds[i].name);
        media_fixture_write(
            path,
            &(media_fixture){
                .video = kinds[i].codec, .pixels = kinds[i].pixels, .w = 50, .h = 38, .frames = 1});
        uint8_t *rgb = NULL;
        int w = 0, h = 0;
        attune_error err = {0};
        if (at_media_load_image(path, &rgb, &w, &h, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(w, 50);
        assert_int_equal(h, 38);
        assert_quarters(kinds[i].name, rgb, w, h, kinds[i].tolerance);
        at_free(rgb);
    }
    /* a picture is also a video of one frame */
    at_media *m = NULL;
    at_media_packet p;
    assert_int_equal(at_media_open(&m, in_folder("p.png"), NULL, NULL), 0);
    assert_int_equal(at_media_next(m, &p, NULL), 1);
    assert_int_equal(p.t_us, 0);
    assert_int_equal(p.picture.w, 50);
    assert_int_equal(at_media_next(m, &p, NULL), 0);
    at_media_free(&m);
}

/* Grey pictures use the full range: training depends on the very levels. */
static void grey_levels_are_kept(void **state)
{
    (void)state;
    char pgm[64 + 256] = "P5\n16 16\n255\n";
    size_t head = strlen(pgm);
    for (int i = 0; i < 256; i++)
        pgm[head + (size_t)i] = (char)i;
    uint8_t *rgb = NULL;
    int w, h;
    attune_error err = {0};
    if (at_media_load_image_mem(pgm, head + 256, "grey", &rgb, &w, &h, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < 256 * 3; i++)
        assert_int_equal(rgb[i], i / 3);
    at_free(rgb);
}

static void damaged_pictures_are_refused(void **state)
{
    (void)state;
    size_t n;
    const char *path = made_in_folder("d.png");
    media_fixture_write(
        path,
        &(media_fixture){
            .video = AV_CODEC_ID_PNG, .pixels = AV_PIX_FMT_RGB24, .w = 50, .h = 38, .frames = 1});
    unsigned char *data = (unsigned char *)read_bytes("d.png", &n);
    uint8_t *rgb = NULL;
    int w, h;
    attune_error err;
    assert_int_equal(at_media_load_image_mem(data, n, "whole", &rgb, &w, &h, &err), 0);
    at_free(rgb);
    for (size_t part = 0; part < n; part += 1 + part / 8) {
        int ret = at_media_load_image_mem(data, part, "a part", &rgb, &w, &h, &err);
        if (ret == 0) /* the decoder may make do with what is there */
            assert_true(w == 50 && h == 38);
        else
            assert_true(rgb == NULL && strstr(err.text, "a part"));
        at_free(rgb);
        if (part < 40)
            assert_int_equal(ret, ATTUNE_E_FORMAT);
    }
    free(data);
    assert_int_equal(at_media_load_image(in_folder("none.png"), &rgb, &w, &h, &err), ATTUNE_E_IO);
    assert_int_equal(at_media_load_image(temp_folder, &rgb, &w, &h, &err), ATTUNE_E_IO);
    assert_int_equal(at_media_load_image_mem("what is this", 12, "words", &rgb, &w, &h, &err),
                     ATTUNE_E_FORMAT);
}

/* ---- the writer --------------------------------------------------------------------------- */

enum { W = 98, H = 74, FRAMES = 20 };

static void paint(uint8_t *rgb, int w, int h, int number)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            uint8_t *p = rgb + (y * w + x) * 3;
            p[0] = (uint8_t)(x * 255 / w);
            p[1] = (uint8_t)(y * 255 / h);
            p[2] = (uint8_t)(number * 10);
        }
}

static void write_clip(const char *path, int w, int h)
{
    at_media_writer *out = NULL;
    attune_error err = {0};
    uint8_t *rgb = malloc((size_t)w * h * 3);
    float pcm[640];
    at_media_writer_options o = {.w = w, .h = h, .audio = 1};
    if (at_media_writer_open(&out, path, &o, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < FRAMES; i++) {
        paint(rgb, w, h, i);
        for (int k = 0; k < 640; k++)
            pcm[k] = .4F * (float)sin(2 * acos(-1) * 500 * (i * 640 + k) / 16000);
        assert_int_equal(at_media_writer_video(out, i * 40000, rgb, 3 * w, &err), 0);
        assert_int_equal(at_media_writer_audio(out, pcm, 640, &err), 0);
    }
    assert_int_equal(at_media_writer_video(out, 0, rgb, 3 * w, &err), ATTUNE_E_ARG);
    if (at_media_writer_close(&out, &err) < 0)
        fail_msg("%s", err.text);
    assert_null(out);
    free(rgb);
}

static double difference(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, int w, int h)
{
    double sum = 0;
    for (int y = 0; y < h; y++)
        for (int i = 0; i < 3 * w; i++)
            sum += abs(a[y * a_stride + i] - b[y * 3 * w + i]);
    return sum / (3.0 * w * h);
}

static void upright(at_image *rgb, const attune_picture *p)
{
    at_picture_work work = {0};
    assert_int_equal(at_picture_check(p), ATTUNE_OK);
    assert_int_equal(at_picture_whole(rgb, &work, p), ATTUNE_OK);
    at_picture_work_free(&work);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const char *const names[] = {"w.mp4", "w.mkv"};
    uint8_t expected[(W + 1) * (H + 1) * 3];
    for (int odd = 0; odd < 2; odd++)
        for (size_t i = 0; i < 2; i++) {
            const char *path = made_in_folder(names[i]);
            write_clip(path, W + odd, H + odd);
            at_media *m = NULL;
            at_media_packet p;
            int frames = 0, ret;
            int64_t first = 0;
            size_t samples = 0;
            attune_error err = {0};
            assert_int_equal(at_media_open(&m, path, NULL, &err), 0);
            while ((ret = at_media_next(m, &p, &err)) > 0) {
                samples += p.n;
                if (p.kind != AT_MEDIA_VIDEO)
                    continue;
                if (frames == 0) /* where the sound's lead-in moves all, the pictures move too */
                    first = p.t_us;
                assert_in_range(p.t_us - first, frames * 40000 - (frames > 0) * 1000,
                                frames * 40000 + 1000);
                paint(expected, W + odd, H + odd, frames);
                at_image rgb = {0};
                upright(&rgb, &p.picture);
                assert_true(difference(rgb.data, rgb.stride, expected, W + odd, H + odd) < 8);
                at_image_free(&rgb);
                frames++;
            }
            assert_int_equal(ret, 0);
            assert_int_equal(frames, FRAMES);
            assert_in_range(samples, 12800, 12800 + 2048);
            at_media_free(&m);
        }
}

/* Pictures of 25 a second, then of 50, two of them a microsecond apart; how many the file has. */
static int pictures_of_two_rates(const char *name, int fps)
{
    enum { SLOW = 5, FAST = 10 };
    const at_media_writer_options o = {.w = W, .h = H, .fps = fps};
    const char *path = made_in_folder(name);
    uint8_t rgb[W * H * 3];
    at_media_writer *out = NULL;
    at_media *m = NULL;
    at_media_packet p;
    attune_error err = {0};
    int64_t last_us = -1;
    int frames = 0;

    assert_int_equal(at_media_writer_open(&out, path, &o, &err), 0);
    for (int i = 0; i < SLOW + FAST; i++) {
        const int64_t t_us = i < SLOW ? i * 40000 : SLOW * 40000 + (i - SLOW) * 20000;
        paint(rgb, W, H, i);
        if (at_media_writer_video(out, t_us, rgb, 3 * W, &err) < 0 ||
            (i == 0 && at_media_writer_video(out, t_us + 1, rgb, 3 * W, &err) < 0))
            fail_msg("%s: %d: %s", name, i, err.text);
        assert_int_equal(at_media_writer_video(out, t_us, rgb, 3 * W, &err), ATTUNE_E_ARG);
    }
    assert_int_equal(at_media_writer_close(&out, &err), 0);
    assert_int_equal(at_media_open(&m, path, NULL, &err), 0);
    for (; at_media_next(m, &p, &err) > 0; frames++) {
        assert_true(p.t_us > last_us);
        last_us = p.t_us;
    }
    at_media_free(&m);
    assert_in_range(last_us, 320000, 400000); /* MPEG begins with its first picture */
    return frames;
}

static void pictures_of_one_tick(void **state)
{
    (void)state;
    assert_int_equal(pictures_of_two_rates("two.mp4", 25), 16);
    assert_int_equal(pictures_of_two_rates("two.mkv", 25), 16);
    assert_int_equal(pictures_of_two_rates("two.avi", 25), 11);
    assert_int_equal(pictures_of_two_rates("two.mpg", 15), 10);
}

static void writing_twice_gives_the_same_bytes(void **state)
{
    (void)state;
    size_t n, again;
    write_clip(made_in_folder("one.mp4"), W, H);
    write_clip(made_in_folder("two.mp4"), W, H);
    char *a = read_bytes("one.mp4", &n), *b = read_bytes("two.mp4", &again);
    assert_int_equal(n, again);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
}

static void nothing_is_left_of_a_failure(void **state)
{
    (void)state;
    const int before = files_in_folder();
    at_media_writer *out = NULL;
    attune_error err = {0};
    at_media_writer_options o = {.w = W, .h = H};
    assert_int_equal(at_media_writer_open(&out, in_folder("a.mp4"), &o, &err), 0);
    at_media_writer_abandon(&out);
    assert_null(out);
    assert_int_equal(files_in_folder(), before);
    assert_int_equal(at_media_writer_open(&out, in_folder("no/such/a.mp4"), &o, &err), ATTUNE_E_IO);
    assert_null(out);
    assert_int_equal(at_media_writer_open(&out, in_folder("a.what"), &o, &err), ATTUNE_E_ARG);
    assert_int_equal(
        at_media_writer_open(&out, in_folder("a.mp4"), &(at_media_writer_options){0}, &err),
        ATTUNE_E_ARG);
    assert_int_equal(files_in_folder(), before);
    at_media_writer_abandon(&out);
}

/* ---- recompression ------------------------------------------------------------------------ */

/* What of its sound is beyond what is read is said, and what would not be. */
static void sound_beyond_the_range_is_named(void **state)
{
    static const struct {
        uint32_t rate;
        uint16_t channels;
        const char *says; /* NULL: it is read */
    } cases[] = {
        {1, 1, "1 samples of sound a second: 2000 to 768000 are read"},
        {1000000, 1, "1000000 samples of sound a second: 2000 to 768000 are read"},
        {16000, 60, "sound of 60 channels: 1 to 8 are read"},
        {16000, 8, NULL},
        {2000, 1, NULL},
    };
    float *pcm = NULL;
    size_t n;
    attune_error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = put_wav("odd.wav", cases[i].rate, cases[i].channels, NULL, 400);
        const int status = at_media_load_audio(path, 0, &pcm, &n, &err);
        assert_int_equal(status, cases[i].says ? ATTUNE_E_UNSUPPORTED : ATTUNE_OK);
        if (cases[i].says && (!strstr(err.text, cases[i].says) || !strstr(err.text, "odd.wav")))
            fail_msg("%s", err.text);
        at_free(pcm);
    }
}

static void recompression_degrades_by_degrees(void **state)
{
    (void)state;
    enum { SIDE = 113 };
    uint8_t clean[SIDE * SIDE * 3], worn[sizeof clean], again[sizeof clean];
    paint(clean, SIDE, SIDE, 9);
    for (int i = 0; i < SIDE * SIDE * 3; i++) /* some texture to lose */
        clean[i] = (uint8_t)(clean[i] / 2 + (i / 3) * (i / 3 % 97) % 61);
    for (int codec = AT_MEDIA_JPEG; codec <= AT_MEDIA_H264; codec++) {
        double last = 0;
        for (int step = 0; step <= 4; step++) {
            attune_error err = {0};
            memcpy(worn, clean, sizeof worn);
            memcpy(again, clean, sizeof again);
            if (at_media_recompress(worn, SIDE, SIDE, 3 * SIDE, codec, step / 4.0, &err) < 0)
                fail_msg("%s", err.text);
            double loss = difference(worn, 3 * SIDE, clean, SIDE, SIDE);
            assert_true(loss > last);
            assert_true(step > 0 || loss < 8);
            last = loss;
            assert_int_equal(
                at_media_recompress(again, SIDE, SIDE, 3 * SIDE, codec, step / 4.0, &err), 0);
            assert_memory_equal(worn, again, sizeof worn);
        }
        assert_true(last > 8);
    }
    assert_int_equal(at_media_recompress(worn, 8, 8, 24, AT_MEDIA_JPEG, 1.5, NULL), ATTUNE_E_ARG);
    assert_int_equal(at_media_recompress(worn, 0, 8, 24, AT_MEDIA_JPEG, .5, NULL), ATTUNE_E_ARG);
}

/* ---- real clips --------------------------------------------------------------------------- */

static void real_clips_read_whole(void **state)
{
    (void)state;
    char pattern[512];
    const char *data = getenv("ATTUNE_DATA"), *source = getenv("ATTUNE_SRC");
    if (data)
        snprintf(pattern, sizeof pattern, "%s/grid/*.mpg", data);
    else
        snprintf(pattern, sizeof pattern, "%s/../shared/data/grid/*.mpg", source ? source : ".");
    glob_t found = {0};
    if (glob(pattern, 0, NULL, &found) != 0)
        skip();
    for (size_t i = 0; i < found.gl_pathc; i++) {
        at_media *m = NULL;
        at_media_packet p;
        at_media_info info;
        int frames = 0, ret;
        size_t samples = 0;
        assert_int_equal(at_media_open(&m, found.gl_pathv[i], NULL, NULL), 0);
        while ((ret = at_media_next(m, &p, NULL)) > 0) {
            samples += p.n;
            if (p.kind == AT_MEDIA_VIDEO)
                assert_int_equal(p.t_us, 40000 * frames++);
        }
        at_media_get_info(m, &info);
        assert_int_equal(ret, 0);
        assert_int_equal(frames, 75);
        assert_int_equal(info.duration_us, 3000000);
        assert_int_equal(info.w, 360);
        assert_int_equal(info.h, 288);
        assert_false(info.truncated);
        assert_in_range(samples, 47000, 48000);
        at_media_free(&m);
    }
    globfree(&found);
}

/* malloc takes a mapping then, and errno says what its first try came to. */
static void a_walled_in_heap_is_no_lack_of_memory(void **state)
{
    (void)state;
    if (SANITIZED) /* whose heap is another, or walled in anyway */
        skip();
    errno = ENOMEM;
    assert_int_equal(at_av_unless_nomem(0), AVERROR(ENOMEM));
    char *end = sbrk(0);
    void *wall = mmap(end - (uintptr_t)end % 4096 + (1 << 20), 4096, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_not_equal(wall, MAP_FAILED);
    errno = ENOMEM;
    assert_int_equal(at_av_unless_nomem(0), 0);
    munmap(wall, 4096);
    errno = 0;
    assert_int_equal(at_av_unless_nomem(0), 0);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_load),
        cmocka_unit_test(grey_levels_are_kept),
        cmocka_unit_test(damaged_pictures_are_refused),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(pictures_of_one_tick),
        cmocka_unit_test(writing_twice_gives_the_same_bytes),
        cmocka_unit_test(nothing_is_left_of_a_failure),
        cmocka_unit_test(sound_beyond_the_range_is_named),
        cmocka_unit_test(recompression_degrades_by_degrees),
        cmocka_unit_test(real_clips_read_whole),
        cmocka_unit_test(a_walled_in_heap_is_no_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
