/* Reading and writing media with each of our own allocations failing in turn (FFmpeg's are out of
 * reach: a library's). */
#include "base/mem.h"
#include "media/av_box.h"
#include "media/media.h"
#include "media_fixtures.h"
#include "temp_folder.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char *clip, *image, *written;

static int make_files(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    clip = made_in_folder("clip.mkv");
    image = made_in_folder("image.png");
    written = made_in_folder("written.mkv");
    media_fixture_write(clip, &(media_fixture){.video = AV_CODEC_ID_MPEG4,
                                               .pixels = AV_PIX_FMT_YUV420P,
                                               .w = 64,
                                               .h = 48,
                                               .frames = 3,
                                               .fps = 25,
                                               .turn = 90,
                                               .audio = AV_CODEC_ID_PCM_S16LE,
                                               .rate = 44100,
                                               .channels = 2,
                                               .seconds = .2,
                                               .hz = 440,
                                               .amplitude = {.5, .5}});
    media_fixture_write(
        image,
        &(media_fixture){
            .video = AV_CODEC_ID_PNG, .pixels = AV_PIX_FMT_RGB24, .w = 33, .h = 21, .frames = 1});
    return 0;
}

static int read_all(const at_media_options *o, attune_error *err)
{
    at_media *m = NULL;
    at_media_packet p;
    int ret = at_media_open(&m, clip, o, err);
    while (ret >= 0 && (ret = at_media_next(m, &p, err)) > 0)
        continue;
    at_media_free(&m);
    return ret;
}

static int read_clip(attune_error *err)
{
    return read_all(&(at_media_options){.no_sandbox = 1}, err);
}

/* What the child allocates is read_clip's; here it is the parent's turn. */
static void never_fail(const at_box_ends *ends)
{
    (void)ends;
    wrap_alloc_off();
}

static int read_clip_in_a_child(attune_error *err)
{
    at_box_misbehave = never_fail;
    int ret = read_all(NULL, err);
    at_box_misbehave = NULL;
    return ret;
}

static int load_image(attune_error *err)
{
    uint8_t *rgb = NULL;
    int w, h, ret = at_media_load_image(image, &rgb, &w, &h, err);
    assert_int_equal(rgb == NULL, ret < 0);
    at_free(rgb);
    return ret;
}

static int load_audio(attune_error *err)
{
    float *pcm = NULL;
    size_t n;
    int ret = at_media_load_audio(clip, 0, &pcm, &n, err);
    assert_int_equal(pcm == NULL, ret < 0);
    at_free(pcm);
    return ret;
}

static int recompress(attune_error *err)
{
    uint8_t rgb[33 * 21 * 3] = {0};
    return at_media_recompress(rgb, 33, 21, 33 * 3, AT_MEDIA_JPEG, .5, err);
}

static int write_clip(attune_error *err)
{
    static const uint8_t rgb[33 * 21 * 3];
    static const float pcm[1600];
    at_media_writer *w = NULL;
    at_media_writer_options o = {.w = 33, .h = 21, .audio = 1};
    unlink(written);
    int ret = at_media_writer_open(&w, written, &o, err);
    if (ret >= 0)
        ret = at_media_writer_video(w, 0, rgb, 33 * 3, err);
    if (ret >= 0)
        ret = at_media_writer_audio(w, pcm, 1600, err);
    if (ret >= 0)
        return at_media_writer_close(&w, err);
    at_media_writer_abandon(&w);
    assert_int_equal(access(written, F_OK), -1);
    return ret;
}

static void each_call_survives(void **state)
{
    (void)state;
    static const struct {
        int (*call)(attune_error *err);
        int least;    /* allocations of our own */
        int harmless; /* of them, those that it can do without: the folder to be synced */
    } calls[] = {
        {read_clip, 5, 0},  {read_clip_in_a_child, 4, 0}, {load_image, 3, 0},
        {load_audio, 4, 0}, {recompress, 2, 0},           {write_clip, 4, 1},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int failures = 0, harmless = 0;
        long before = wrap_alloc_live();
        for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
            attune_error err = {0};
            wrap_alloc_fail_at(n);
            int ret = calls[i].call(&err);
            wrap_alloc_off();
            harmless += wrap_alloc_failed() && ret == ATTUNE_OK;
            if (ret != ATTUNE_OK && (!wrap_alloc_failed() || ret != ATTUNE_E_NOMEM))
                fail_msg("call %zu, allocation %d: %d %s", i, n, ret, err.text);
            assert_int_equal(err.status, ret);
            failures += wrap_alloc_failed();
        }
        assert_true(failures >= calls[i].least);
        assert_int_equal(harmless, calls[i].harmless);
        assert_int_equal(wrap_alloc_live(), before);
    }
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_survives),
    };
    return cmocka_run_group_tests(tests, make_files, remove_folder);
}
