/* The order in which the reader gives out what it reads, and what it waits for. */
#include "media/media.h"
#include "media_fixtures.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VOICE \
    .audio = AV_CODEC_ID_PCM_S16LE, .rate = 16000, .channels = 1, .hz = 440, .amplitude = {.5}

static const char *path;

static int set_up(void **state)
{
    const int status = make_folder(state);
    path = made_in_folder("order.mkv");
    return status;
}

enum { MOST = 2048 };

typedef struct order {
    int n, frames;
    at_media_kind kind[MOST];
    int64_t t_us[MOST];
    uint8_t middle[MOST]; /* of frames */
    size_t samples;
    int backwards; /* things that are earlier than what came before them */
} order;

/* The clips are grey in the middle: luma tells. */
static uint8_t middle_of(const attune_picture *p)
{
    int luma = p->plane[0][p->h / 2 * p->stride[0] + p->w / 2];
    assert_int_equal(p->format, ATTUNE_I420);
    return (uint8_t)((luma - 16) * 255 / 219);
}

static void note_packet(order *o, const at_media_packet *p)
{
    assert_true(o->n < MOST);
    o->kind[o->n] = p->kind;
    o->t_us[o->n] = p->t_us;
    o->backwards += o->n > 0 && p->t_us < o->t_us[o->n - 1];
    if (p->kind == AT_MEDIA_VIDEO)
        o->middle[o->n] = middle_of(&p->picture);
    o->frames += p->kind == AT_MEDIA_VIDEO;
    o->samples += p->n;
    assert_true(p->n <= AT_MEDIA_AUDIO_RATE / 10);
    o->n++;
}

static order *read_order(const at_media_options *options)
{
    order *o = calloc(1, sizeof *o);
    at_media *m = NULL;
    at_media_packet p;
    attune_error err = {0};
    int ret = at_media_open(&m, path, options, &err);
    assert_non_null(o);
    while (ret >= 0 && (ret = at_media_next(m, &p, &err)) > 0)
        note_packet(o, &p);
    at_media_free(&m);
    if (ret < 0)
        fail_msg("%s", err.text);
    return o;
}

static void assert_same_order(const order *a, const order *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->samples, b->samples);
    assert_memory_equal(a->kind, b->kind, sizeof a->kind);
    assert_memory_equal(a->t_us, b->t_us, sizeof a->t_us);
    assert_memory_equal(a->middle, b->middle, sizeof a->middle);
}

/* Threads that decode ahead give each frame out later: the sound has to wait for it. */
static void threads_change_nothing(void **state)
{
    (void)state;
    media_fixture f = {.video = AV_CODEC_ID_MPEG4,
                       .pixels = AV_PIX_FMT_YUV420P,
                       .w = 64,
                       .h = 48,
                       .frames = 12,
                       .fps = 1,
                       .b_frames = 2,
                       VOICE,
                       .seconds = 12};
    media_fixture_write(path, &f);
    order *one = read_order(&(at_media_options){.threads = 1});
    assert_int_equal(one->frames, 12);
    assert_int_equal(one->samples, 12 * 16000);
    assert_int_equal(one->backwards, 0);
    for (int threads = 2; threads <= 16; threads *= 2) {
        order *many = read_order(&(at_media_options){.threads = threads});
        assert_same_order(one, many);
        free(many);
    }
    free(one);
}

static void streams_far_apart_are_put_in_order(void **state)
{
    (void)state;
    media_fixture f = {.video = AV_CODEC_ID_MPEG4,
                       .pixels = AV_PIX_FMT_YUV420P,
                       .w = 64,
                       .h = 48,
                       .frames = 120,
                       .fps = 10,
                       VOICE,
                       .seconds = 12};
    media_fixture_write(path, &f);
    order *near = read_order(NULL);
    f.apart = 1;
    media_fixture_write(path, &f);
    order *apart = read_order(NULL);
    assert_int_equal(apart->backwards, 0);
    assert_same_order(near, apart);
    free(near);
    free(apart);

    /* live, it comes as it comes */
    order *live = read_order(&(at_media_options){.live = 1});
    assert_int_equal(live->frames, 120);
    assert_int_equal(live->samples, 12 * 16000);
    assert_int_equal(live->backwards, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(live->kind[i], AT_MEDIA_VIDEO);
    free(live);
}

/* 69 MB of pictures before the first sound: more than is held back. */
static void waiting_has_an_end(void **state)
{
    (void)state;
    media_fixture f = {.video = AV_CODEC_ID_RAWVIDEO,
                       .pixels = AV_PIX_FMT_YUV420P,
                       .w = 640,
                       .h = 480,
                       .frames = 150,
                       .fps = 25,
                       VOICE,
                       .seconds = 6,
                       .apart = 1};
    media_fixture_write(path, &f);
    order *o = read_order(&(at_media_options){0});
    assert_int_equal(o->frames, 150);
    assert_int_equal(o->samples, 6 * 16000);
    assert_int_equal(o->backwards, 1);
    free(o);
}

/* A stream that ends early, or has a hole, holds nothing up for good. */
static void short_streams_end(void **state)
{
    (void)state;
    media_fixture f = {.video = AV_CODEC_ID_MPEG4,
                       .pixels = AV_PIX_FMT_YUV420P,
                       .w = 64,
                       .h = 48,
                       .frames = 100,
                       .fps = 10,
                       VOICE,
                       .seconds = 2,
                       .gap_at = 1,
                       .gap = 5};
    media_fixture_write(path, &f);
    order *o = read_order(NULL);
    assert_int_equal(o->frames, 100);
    assert_int_equal(o->samples, 2 * 16000);
    assert_int_equal(o->backwards, 0);
    free(o);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(streams_far_apart_are_put_in_order),
        cmocka_unit_test(waiting_has_an_end),
        cmocka_unit_test(short_streams_end),
    };
    return cmocka_run_group_tests(tests, set_up, remove_folder);
}
