/* Which of an input's tracks are read, and what is made of sound that does not say what it is. */
#include "media/media.h"
#include "media_fixtures.h"
#include "temp_folder.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define VIDEO                                                                                 \
    .video = AV_CODEC_ID_MPEG4, .pixels = AV_PIX_FMT_YUV420P, .w = 96, .h = 48, .frames = 10, \
    .fps = 25
#define AUDIO                                                                              \
    .audio = AV_CODEC_ID_PCM_S16LE, .rate = 16000, .channels = 1, .seconds = 2, .hz = 440, \
    .amplitude = {.5}

/* ---- reading ------------------------------------------------------------------------------ */

typedef struct read_all {
    int ret, frames, w;
    float *pcm; /* (n) */
    size_t n;
    at_media_info info;
    attune_error err;
} read_all;

static read_all read_with(const char *path, at_media_options o)
{
    read_all a = {0};
    at_media *m = NULL;
    at_media_packet p;
    a.pcm = malloc(1 << 22);
    assert_non_null(a.pcm);
    a.ret = at_media_open(&m, path, &o, &a.err);
    while (a.ret >= 0 && (a.ret = at_media_next(m, &p, &a.err)) > 0) {
        a.frames += p.kind == AT_MEDIA_VIDEO;
        if (p.kind == AT_MEDIA_AUDIO) {
            assert_true((a.n + p.n) * sizeof *a.pcm <= 1 << 22);
            memcpy(a.pcm + a.n, p.pcm, p.n * sizeof *p.pcm);
            a.n += p.n;
        }
    }
    if (m) {
        at_media_get_info(m, &a.info);
        a.w = a.info.w;
    }
    at_media_free(&m);
    return a;
}

/* Amplitude of the sine of hz in x. */
static double amplitude(const float *x, size_t n, double hz)
{
    double re = 0, im = 0, w = 2 * acos(-1) * hz / AT_MEDIA_AUDIO_RATE;
    for (size_t i = 0; i < n; i++) {
        re += x[i] * cos(w * (double)i);
        im += x[i] * sin(w * (double)i);
    }
    return n ? 2 * hypot(re, im) / (double)n : 0;
}

/* ---- tracks ------------------------------------------------------------------------------- */

static int asked;

static double speech_is_440_hz(const float *pcm, size_t n)
{
    asked++;
    assert_in_range(n, 31900, 32000); /* the whole, if it is as short as that */
    return amplitude(pcm, n, 440);
}

static double no_speech(const float *pcm, size_t n)
{
    (void)pcm, (void)n;
    return 0;
}

static void the_sound_with_speech_is_read(void **state)
{
    (void)state;
    const char *path = made_in_folder("tracks.mkv");
    media_fixture_write(path, &(media_fixture){VIDEO, AUDIO, .other_hz = 1000});
    read_all a = read_with(path, (at_media_options){.speech_s = speech_is_440_hz, .no_sandbox = 1});
    assert_int_equal(a.ret, 0);
    assert_int_equal(asked, 2); /* of a child nobody could count */
    assert_int_equal(a.info.audio_tracks, 2);
    assert_int_equal(a.info.audio_track, 2);
    assert_int_equal(a.info.chosen_by_speech, 1);
    assert_true(amplitude(a.pcm, a.n, 440) > .45);
    assert_true(amplitude(a.pcm, a.n, 1000) < .01);
    assert_int_equal(a.n, 32000); /* nothing of it is lost by listening first */
    assert_int_equal(a.frames, 10);
    free(a.pcm);

    /* without any speech it is the one that would have been read anyway */
    a = read_with(path, (at_media_options){.speech_s = no_speech});
    read_all b = read_with(path, (at_media_options){0});
    assert_int_equal(a.info.audio_track, b.info.audio_track);
    assert_int_equal(b.info.chosen_by_speech, 0);
    assert_int_equal(a.n, b.n);
    free(a.pcm);
    free(b.pcm);
}

static void tracks_can_be_named(void **state)
{
    (void)state;
    const char *path = made_in_folder("tracks.mkv");
    media_fixture_write(path, &(media_fixture){VIDEO, AUDIO, .other_hz = 1000, .twice = 1});
    for (int k = 1; k <= 2; k++) {
        asked = 0;
        read_all a = read_with(
            path,
            (at_media_options){.audio_track = k, .video_track = k, .speech_s = speech_is_440_hz});
        assert_int_equal(a.ret, 0);
        assert_int_equal(asked, 0);
        assert_true(amplitude(a.pcm, a.n, k == 1 ? 1000 : 440) > .45);
        assert_int_equal(a.w, k == 1 ? 96 : 48);
        assert_int_equal(a.frames, 10);
        assert_int_equal(a.info.video_tracks, 2);
        assert_int_equal(a.info.video_track, k);
        free(a.pcm);
    }
    read_all a = read_with(path, (at_media_options){.audio_track = 3});
    assert_int_equal(a.ret, ATTUNE_E_ARG);
    assert_non_null(strstr(a.err.text, "no sound track 3; it has 2"));
    free(a.pcm);
    a = read_with(path, (at_media_options){.video_track = 3});
    assert_int_equal(a.ret, ATTUNE_E_ARG);
    assert_non_null(strstr(a.err.text, "no picture track 3; it has 2"));
    free(a.pcm);
}

/* ---- sound as it comes -------------------------------------------------------------------- */

static read_all stereo(double l, double r, int rate, enum AVCodecID codec)
{
    media_fixture f = {AUDIO};
    f.audio = codec;
    f.rate = rate;
    f.channels = 2;
    f.amplitude[0] = l;
    f.amplitude[1] = r;
    const char *path = made_in_folder("stereo.wav");
    media_fixture_write(path, &f);
    read_all a = read_with(path, (at_media_options){0});
    assert_int_equal(a.ret, 0);
    return a;
}

static void opposite_phase_is_the_left_channel(void **state)
{
    (void)state;
    static const enum AVCodecID codecs[] = {AV_CODEC_ID_PCM_S16LE, AV_CODEC_ID_PCM_F32LE};
    for (int k = 0; k < 2; k++) {
        int rate = k ? 48000 : 16000;
        media_fixture f = {AUDIO};
        f.audio = codecs[k];
        f.rate = rate;
        const char *path = made_in_folder("left.wav");
        media_fixture_write(path, &f);
        read_all left = read_with(path, (at_media_options){0});
        read_all a = stereo(.5, -.5, rate, codecs[k]);
        assert_true(a.info.opposite_phase);
        assert_false(left.info.opposite_phase);
        assert_int_equal(a.n, left.n);
        assert_memory_equal(a.pcm, left.pcm, a.n * sizeof *a.pcm);
        free(a.pcm);
        free(left.pcm);
    }
}

static void other_stereo_is_the_mean(void **state)
{
    (void)state;
    static const double sides[][2] = {{.5, .5}, {.5, 0}, {0, .5}, {.5, .1}, {.5, -.2}, {0, 0}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        read_all a = stereo(sides[i][0], sides[i][1], 16000, AV_CODEC_ID_PCM_S16LE);
        assert_false(a.info.opposite_phase);
        double expected = fabs(sides[i][0] + sides[i][1]) / 2;
        if (fabs(amplitude(a.pcm, a.n, 440) - expected) > .005)
            fail_msg("%zu: %f", i, amplitude(a.pcm, a.n, 440));
        free(a.pcm);
    }
}

static void bare_samples_are_read(void **state)
{
    (void)state;
    int16_t samples[8000];
    for (int i = 0; i < 8000; i++)
        samples[i] = (int16_t)lrint(16384 * sin(2 * acos(-1) * 440 * i / 8000.0));
    /* little-endian, as this machine */
    const char *path = put_bytes("bare.pcm", samples, sizeof samples);
    read_all a = read_with(path, (at_media_options){.pcm_rate = 8000});
    assert_int_equal(a.ret, 0);
    assert_in_range(a.n, 15998, 16002);
    assert_true(fabs(amplitude(a.pcm, a.n, 440) - .5) < .01);
    free(a.pcm);
    a = read_with(path, (at_media_options){.pcm_rate = 1999});
    assert_int_equal(a.ret, ATTUNE_E_ARG);
    free(a.pcm);
}

/* ---- out of a pipe ------------------------------------------------------------------------ */

typedef struct pouring {
    const char *from, *to;
    double part; /* of the file */
} pouring;

static void *pour(void *arg)
{
    const pouring *p = arg;
    char buffer[4096];
    struct stat st;
    FILE *from = fopen(p->from, "rb");
    int to = open(p->to, O_WRONLY);
    if (from && to >= 0 && stat(p->from, &st) == 0)
        for (size_t left = (size_t)(p->part * (double)st.st_size), n; left > 0; left -= n) {
            n = fread(buffer, 1, left < sizeof buffer ? left : sizeof buffer, from);
            if (n == 0 || write(to, buffer, n) != (ssize_t)n)
                break;
        }
    if (from)
        fclose(from);
    close(to);
    return NULL;
}

static read_all read_pipe(const char *from, double part)
{
    pthread_t thread;
    const char *pipe = in_folder("pipe");
    pouring p = {from, pipe, part};
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, pour, &p), 0);
    read_all a = read_with(pipe, (at_media_options){0});
    pthread_join(thread, NULL);
    unlink(pipe);
    return a;
}

static void half_a_recording_is_named(void **state)
{
    (void)state;
    media_fixture f = {AUDIO, .other_hz = 0};
    f.seconds = 1;
    const char *path = made_in_folder("left.wav");
    media_fixture_write(path, &f);
    read_all a = read_pipe(path, 1);
    assert_int_equal(a.ret, 0);
    assert_int_equal(a.n, 16000);
    assert_false(a.info.truncated);
    free(a.pcm);
    a = read_pipe(path, .5);
    assert_int_equal(a.ret, 0);
    assert_in_range(a.n, 7000, 8100);
    assert_true(a.info.truncated);
    if (!strstr(a.info.truncated_reason, "should have 32"))
        fail_msg("%s", a.info.truncated_reason);
    free(a.pcm);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sound_with_speech_is_read),
        cmocka_unit_test(tracks_can_be_named),
        cmocka_unit_test(opposite_phase_is_the_left_channel),
        cmocka_unit_test(other_stereo_is_the_mean),
        cmocka_unit_test(bare_samples_are_read),
        cmocka_unit_test(half_a_recording_is_named),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
