/* The session's time and bounds: which windows come out of which frames and sounds, and when. */
#include "made_weights.h"
#include "session_scene.h"
#include "sounds.h"

#include "fusion/fusion.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- the grid ----------------------------------------------------------------------------- */

static void windows_end_at_every_hop(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    both(c, 0, 10000);
    finish(c);
    assert_grid(c, 0, 20);
    for (int i = 0; i < c->n; i++) {
        assert_true(c->w[i].used & (1u << ATTUNE_FACE));
        assert_true(c->w[i].has_state);
        assert_true(c->w[i].track != 0);
        assert_true(fabsf(c->w[i].quality.face_share - 1) < 1e-6f);
    }
    assert_true(c->w[19].used & (1u << ATTUNE_VOICE));
    assert_int_equal(attune_session_finish(c->s), ATTUNE_OK); /* again: nothing more */
    drain(c);
    assert_int_equal(c->n, 20);
    scene_close(c);
}

static void windows_come_as_soon_as_both_streams_passed(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    both(c, 0, 1000);
    assert_int_equal(c->n, 1);
    video(c, 1000);
    assert_int_equal(c->n, 1); /* the sound is not there yet */
    audio(c, 1000, 200);
    assert_int_equal(c->n, 2);
    scene_close(c);
}

static void a_rest_of_half_a_hop_is_covered(void **state)
{
    const struct {
        int64_t ms;
        int windows;
        int64_t last_end;
    } cases[] = {{3200, 6, 3000}, {3300, 7, 3300}, {3000, 6, 3000}, {100, 1, 100}, {10, 1, 10}};
    attune_options o = {.no_video = 1};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene *c = scene_open(&o);
        audio(c, 0, cases[i].ms);
        finish(c);
        assert_int_equal(c->n, cases[i].windows);
        assert_int_equal(c->w[c->n - 1].end_us, cases[i].last_end * MS);
        scene_close(c);
    }
}

static void a_single_frame_gives_a_window(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    video(c, 0);
    finish(c);
    assert_int_equal(c->n, 1);
    assert_int_equal(c->w[0].end_us, 125 * MS); /* as long as frames are apart */
    assert_int_equal(c->w[0].used, 1u << ATTUNE_FACE);
    scene_close(c);
}

static void nothing_gives_nothing(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    finish(c);
    assert_int_equal(c->n, 0);
    scene_close(c);
}

static void the_grid_begins_where_the_input_does(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    both(c, 3600200, 3604200);
    finish(c);
    assert_grid(c, 3600000, 8); /* the rest, 200 ms, is under half a hop */
    scene_close(c);
}

static void hop_and_window_follow_the_options(void **state)
{
    attune_options o = {.window_s = 1, .hop_s = 0.25};
    scene *c = scene_open(&o);
    (void)state;
    both(c, 0, 2000);
    finish(c);
    assert_int_equal(c->n, 8);
    assert_int_equal(c->w[7].start_us, 1000 * MS);
    assert_int_equal(c->w[7].end_us, 2000 * MS);
    scene_close(c);
}

/* ---- uneven and late streams ---------------------------------------------------------------- */

static void frames_are_taken_evenly_by_time(void **state)
{
    const struct {
        double fps;
        int64_t least, most; /* analysed in 10 s at 8 a second */
    } cases[] = {{25, 80, 80}, {24, 80, 80}, {30, 80, 80}, {8, 80, 80}, {60, 80, 80}, {5, 50, 50}};
    attune_options o = {.no_audio = 1};
    attune_counts counts;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene *c = scene_open(&o);
        for (int k = 0; k / cases[i].fps < 10; k++) {
            int64_t t = (int64_t)(1e6 * k / cases[i].fps); /* cut, as containers do */
            assert_int_equal(attune_session_push_video(c->s, t, c->rgb, FAKE_W, FAKE_H, 3 * FAKE_W),
                             ATTUNE_OK);
            drain(c);
        }
        attune_session_counts(c->s, &counts);
        assert_in_range(counts.frames, cases[i].least, cases[i].most);
        assert_int_equal(counts.frames, counts.frames_with_face);
        scene_close(c);
    }
}

static void dropped_frames_cost_nothing(void **state)
{
    attune_options o = {.no_audio = 1};
    scene *c = scene_open(&o);
    (void)state;
    fake_looks = fake_mirrored = 0;
    for (int64_t t = 0; t < 990; t++)
        video(c, t);
    assert_int_equal(fake_looks, 8);
    assert_int_equal(fake_mirrored, 4); /* by turns */
    scene_close(c);
}

/* Interleaved differently, the same input gives the same windows. */
static void order_of_arrival_does_not_matter(void **state)
{
    scene *a = scene_open(NULL), *b = scene_open(NULL);
    (void)state;
    both(a, 0, 6000);
    for (int64_t t = 0; t < 6000; t += 800) { /* sound first, in large pieces */
        audio(b, t, t + 800 <= 6000 ? 800 : 6000 - t);
        for (int64_t v = t; v < t + 800 && v < 6000; v += 40)
            video(b, v);
    }
    finish(a);
    finish(b);
    assert_int_equal(a->n, 12);
    assert_int_equal(b->n, 12);
    assert_memory_equal(a->w, b->w, 12 * sizeof *a->w);
    scene_close(a);
    scene_close(b);
}

static void a_stream_that_ends_is_not_waited_for_longer_than_the_lag(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    both(c, 0, 2000);
    for (int64_t t = 2000; t < 6000; t += 40)
        video(c, t);
    /* 5960 is a second past 4960: the window that ends at 5000 waits, 4500's does not. */
    assert_int_equal(c->n, 9);
    assert_true(c->w[3].used & (1u << ATTUNE_VOICE));
    finish(c);
    assert_grid(c, 0, 12);
    assert_int_equal(c->w[11].used, 1u << ATTUNE_FACE);
    scene_close(c);
}

static void a_stream_that_never_comes_is_not_waited_for(void **state)
{
    attune_options none = {.no_audio = 1};
    scene *c = scene_open(NULL), *d = scene_open(&none);
    (void)state;
    for (int64_t t = 0; t <= 2000; t += 40) {
        video(c, t);
        video(d, t);
    }
    assert_int_equal(c->n, 2); /* after the lag of a second */
    assert_int_equal(d->n, 4); /* it was said that there is none */
    scene_close(c);
    scene_close(d);
}

static void what_comes_too_late_is_left_out(void **state)
{
    scene *c = scene_open(NULL);
    attune_counts counts;
    (void)state;
    audio(c, 0, 60000);
    assert_int_equal(c->n, 117); /* up to the lag behind the sound, without a face */
    fake_looks = 0;
    for (int64_t t = 0; t < 61000; t += 40)
        video(c, t);
    assert_in_range(fake_looks, 8, 50); /* the last windows' frames only */
    finish(c);
    assert_int_equal(c->n, 122);
    assert_int_equal(c->w[100].track, 0);
    assert_true(c->w[121].track != 0);
    attune_session_counts(c->s, &counts);
    assert_int_equal(counts.late_frames, 1463); /* 0 to 58480: the windows to 58.5 s were made */
    assert_int_equal(counts.late_audio_us, 0);
    scene_close(c);
}

static void late_sound_is_counted(void **state)
{
    scene *c = scene_open(NULL);
    attune_counts counts;
    (void)state;
    both(c, 0, 2000);
    for (int64_t t = 2000; t <= 6000; t += 40)
        video(c, t);
    attune_session_counts(c->s, &counts);
    assert_int_equal(counts.late_audio_us, 0);
    audio(c, 3000, 6000); /* windows to 5 s were made without it */
    attune_session_counts(c->s, &counts);
    assert_int_equal(counts.late_audio_us, 2000 * MS);
    assert_int_equal(counts.late_frames, 0);
    scene_close(c);
}

/* What comes in order is never late, holes or not. */
static void a_hole_is_not_late(void **state)
{
    scene *c = scene_open(NULL);
    attune_counts counts;
    (void)state;
    both(c, 0, 2000);
    for (int64_t t = 2000; t < 6000; t += 40)
        video(c, t);
    both(c, 6000, 9000);
    finish(c);
    attune_session_counts(c->s, &counts);
    assert_int_equal(counts.late_audio_us, 0);
    assert_int_equal(counts.late_frames, 0);
    scene_close(c);
}

/* ---- faces --------------------------------------------------------------------------------- */

static void a_window_without_a_face_still_comes(void **state)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    scene *c = scene_open(NULL);
    (void)state;
    fake_picture(c->rgb, nobody);
    both(c, 0, 4000);
    fake_picture(c->rgb, one_face);
    both(c, 4000, 8000);
    finish(c);
    assert_grid(c, 0, 16);
    assert_int_equal(c->w[7].track, 0);
    assert_int_equal(c->w[7].used, 1u << ATTUNE_VOICE);
    assert_int_equal(c->w[7].has_state, 0);
    assert_true(c->w[7].quality.face_share == 0 && isnan(c->w[7].quality.sharpness));
    assert_true(c->w[8].track != 0);
    assert_true(c->w[8].quality.face_share < 0.2f && c->w[15].quality.face_share > 0.99f);
    assert_true(c->w[15].box[2] > 80 && c->w[15].box[2] < 120);
    scene_close(c);
}

static void frames_with_a_face_are_counted(void **state)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    attune_options o = {.no_audio = 1};
    attune_counts counts;
    scene *c = scene_open(&o);
    (void)state;
    fake_picture(c->rgb, nobody);
    for (int64_t t = 0; t < 1000; t += 125)
        video(c, t);
    fake_picture(c->rgb, one_face);
    for (int64_t t = 1000; t < 3000; t += 125)
        video(c, t);
    attune_session_counts(c->s, &counts);
    assert_int_equal(counts.frames, 24);
    assert_int_equal(counts.frames_with_face, 16);
    scene_close(c);
}

/* Two faces came one after the other: of the window that has both, the one that was there for
 * longer speaks. */
static void the_face_that_is_larger_and_longer_seen_is_kept(void **state)
{
    static const fake_face small[FAKE_FACES] = {{10, 10, 60, 2}},
                           large[FAKE_FACES] = {{180, 90, 120, 4}};
    attune_options o = {.no_audio = 1};
    scene *c = scene_open(&o);
    (void)state;
    for (int64_t t = 0; t < 3000; t += 125) {
        fake_picture(c->rgb, t < 500 ? small : large);
        video(c, t);
    }
    finish(c);
    assert_true(c->w[0].box[2] < 80);
    assert_true(c->w[5].box[2] > 100);
    assert_true(c->w[5].track != c->w[0].track);
    scene_close(c);
}

/* A picture that was there for the first third of a window counts for a third of it. */
static void a_picture_that_stopped_covers_what_it_covered(void **state)
{
    attune_options o = {.lag_s = 0.1};
    scene *c = scene_open(&o);
    (void)state;
    both(c, 0, 1000);
    audio(c, 1000, 3000);
    finish(c);
    assert_int_equal(c->w[5].end_us, 3000 * MS);
    assert_true(fabsf(c->w[5].reliability[ATTUNE_FACE] - 1.0f / 3) < 0.05f); /* the fake's: share */
    assert_true(fabsf(c->w[5].quality.face_share - 1) < 1e-6f);
    scene_close(c);
}

/* Every sighting of the window reaches the fusion, with its time; what the network makes of them over time
 * comes to their mean. */
static void each_moment_is_a_token(void **state)
{
    attune_options o = {.no_audio = 1};
    scene *c = scene_open(&o);
    (void)state;
    fake_over_time = 2;
    for (int64_t t = 0; t < 4000; t += 125)
        video(c, t);
    finish(c);
    fake_over_time = 0;
    assert_int_equal(fake_tokens, 24);
    assert_float_equal(c->w[5].emotion7[1], 2 * 2.875, 1e-3);
    assert_int_equal(fake_token_us[0], 1000 * MS); /* of the window from 1 s to 4 s */
    for (int i = 1; i < fake_tokens; i++)
        assert_int_equal(fake_token_us[i] - fake_token_us[i - 1], 125 * MS);
    scene_close(c);
}

/* A window looks back 3 s, but what it says was seen speaks of its last hop alone. */
static void what_is_seen_is_told_hop_by_hop(void **state)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    scene *c = scene_open(NULL);
    (void)state;
    both(c, 0, 3000);
    fake_picture(c->rgb, nobody);
    both(c, 3000, 5250);
    fake_picture(c->rgb, one_face);
    both(c, 5250, 8000);
    finish(c);
    for (int i = 0; i < 16; i++) /* (10: depends on when the picture is searched) */
        assert_true(i == 10 || c->w[i].seen[ATTUNE_FACE] == (i < 6 || i > 10 ? 1.0f : 0.0f));
    assert_true(c->w[9].track != 0); /* the window still has the face of before */
    scene_close(c);
}

static void a_slow_picture_stands_until_the_next(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    for (int64_t t = 0; t <= 6000; t += 1000)
        video(c, t);
    finish(c);
    for (int i = 0; i < 12; i++)
        assert_true(c->w[i].seen[ATTUNE_FACE] == 1 && c->w[i].seen[ATTUNE_VOICE] == 0);
    scene_close(c);
}

static void logits_are_averaged_over_the_window(void **state)
{
    static const fake_face other[FAKE_FACES] = {{120, 60, 100, 5}};
    attune_options o = {.no_audio = 1};
    scene *c = scene_open(&o);
    (void)state;
    for (int64_t t = 0; t < 3000; t += 125) {
        fake_picture(c->rgb, t < 1500 ? one_face : other);
        video(c, t);
    }
    finish(c);
    assert_true(fabsf(c->w[2].emotion7[3] - 6) < 1e-3f); /* the fake fusion shows the logits */
    assert_true(fabsf(c->w[5].emotion7[3] - 3) < 0.3f);
    assert_true(fabsf(c->w[5].emotion7[3] + c->w[5].emotion7[5] - 6) < 1e-3f);
    scene_close(c);
}

/* Of a mouth that opens and closes as speech does, what is seen with it closed counts; one that stays open
 * counts for all but the half second after it opened. */
static void a_mouth_at_rest_tells_most(void **state)
{
    static const fake_face closed[FAKE_FACES] = {{60, 40, 120, 0}},
                           open[FAKE_FACES] = {{60, 40, 120, 2}};
    attune_options o = {.no_audio = 1};
    (void)state;
    fake_jaw[2] = 0.5f;
    for (int speaks = 0; speaks < 2; speaks++) {
        scene *c = scene_open(&o);
        for (int64_t t = 0; t < 3000; t += 125) {
            fake_picture(c->rgb, (speaks ? t / 125 % 2 : t >= 1500) ? open : closed);
            video(c, t);
        }
        finish(c);
        const double little = exp(-4); /* of the half second from 1.5 to 1.875 s: four of twelve */
        const double says = speaks ? 12 * little : 8 + 4 * little;
        assert_float_equal(c->w[5].emotion7[2], 6 * says / (12 + says), 0.2);
        assert_float_equal(c->w[5].unit[AT_UNIT_JAW_OPEN], 0.25, 0.01);
        scene_close(c);
    }
    fake_jaw[2] = 0;
}

static void several_faces_give_a_window_each_in_order_of_appearance(void **state)
{
    static const fake_face two[FAKE_FACES] = {{200, 100, 100, 2}, {20, 40, 60, 4}};
    static const fake_face first[FAKE_FACES] = {{20, 40, 60, 4}};
    attune_options o = {.no_audio = 1, .max_tracks = 4};
    scene *c = scene_open(&o);
    int n = 0;
    (void)state;
    fake_picture(c->rgb, first);
    for (int64_t t = 0; t < 4000; t += 125) {
        if (t == 2000)
            fake_picture(c->rgb, two);
        video(c, t);
    }
    finish(c);
    for (int i = 0; i < c->n; i++)
        n += c->w[i].end_us <= 2000 * MS;
    assert_int_equal(n, 4);
    assert_int_equal(c->n, 4 + 2 * 4);
    for (int i = 4; i < c->n; i += 2) {
        assert_int_equal(c->w[i].end_us, c->w[i + 1].end_us);
        assert_int_equal(c->w[i].track, c->w[0].track); /* the small face came first */
        assert_true(c->w[i + 1].track != c->w[0].track);
        assert_true(c->w[i + 1].box[2] > c->w[i].box[2]);
    }
    scene_close(c);
}

/* Two faces and a voice; of the one that speaks (0, 1; -1: neither) the mouth moves with it. */
static scene *two_and_a_voice(int speaker)
{
    static const fake_face two[FAKE_FACES] = {{200, 60, 100, 3}, {40, 60, 100, 3}};
    attune_options o = {.max_tracks = 2};
    scene *c = scene_open(&o);

    for (int64_t t = 0; t < 6000; t += 40) {
        fake_picture(c->rgb, two);
        if (speaker >= 0 && t % 1000 < 800 && t / 125 % 2)
            for (int y = 125; y < 145; y++)
                memset(c->rgb + 3 * (y * FAKE_W + two[speaker].x + 35), 20, 3 * 30);
        video(c, t);
        audio(c, t, 40);
    }
    finish(c);
    return c;
}

static void a_voice_is_that_of_the_face_whose_mouth_moves(void **state)
{
    const unsigned face = 1u << ATTUNE_FACE, voice = 1u << ATTUNE_VOICE;
    (void)state;
    for (int speaker = 0; speaker < 2; speaker++) {
        scene *c = two_and_a_voice(speaker);
        const attune_window *last = &c->w[c->n - 2];
        assert_int_equal(last[0].track, 1);
        assert_int_equal(last[1].track, 2);
        assert_int_equal(last[speaker].used, face | voice);
        assert_int_equal(last[!speaker].used, face);
        scene_close(c);
    }
}

static void a_voice_of_neither_is_a_row_of_its_own(void **state)
{
    scene *c = two_and_a_voice(-1);
    const attune_window *last = &c->w[c->n - 3];
    (void)state;
    assert_int_equal(last[0].used, 1u << ATTUNE_FACE);
    assert_int_equal(last[1].used, 1u << ATTUNE_FACE);
    assert_int_equal(last[2].used, 1u << ATTUNE_VOICE);
    assert_int_equal(last[2].track, 0);
    assert_true(last[0].end_us == last[2].end_us && !last[2].has_state);
    assert_true(isnan(last[2].quality.sharpness) && last[2].quality.speech_share > 0.5f);
    scene_close(c);
}

/* ---- bounds and misuse ---------------------------------------------------------------------- */

static void windows_not_taken_stop_the_input(void **state)
{
    scene *c = scene_open(NULL);
    int64_t t;
    int rc = ATTUNE_OK, before;
    (void)state;
    for (t = 0; rc == ATTUNE_OK && t < 3600000; t += 125)
        rc = attune_session_push_video(c->s, t * MS, c->rgb, FAKE_W, FAKE_H, 3 * FAKE_W);
    assert_int_equal(rc, ATTUNE_E_STATE);
    assert_true(t > 3000 && t < 10000);
    rc = ATTUNE_OK;
    for (t = 0; rc == ATTUNE_OK && t < 3600000; t += 1000)
        rc = push_voice(c, t, 1000);
    assert_int_equal(rc, ATTUNE_E_STATE);
    before = c->n;
    drain(c); /* once they are taken it goes on */
    assert_true(c->n > before);
    both(c, 10000, 12000);
    scene_close(c);
}

static void wrong_arguments_are_refused(void **state)
{
    static const attune_options bad[] = {
        {.rate = -1},       {.rate = NAN},       {.rate = 61},       {.window_s = 0.1},
        {.window_s = 31},   {.hop_s = 4},        {.hop_s = 0.01},    {.lag_s = -1},
        {.max_tracks = 17}, {.threads = -1},     {.max_tracks = -1}, {.no_video = 1, .no_audio = 1},
        {.thumbnails = 31}, {.thumbnails = 257}, {.thumbnails = -1},
    };
    scene *c = scene_open(NULL);
    attune_session *s;
    attune_error err;
    float pcm[16] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memset(&err, 0, sizeof err);
        assert_int_equal(attune_session_open(&s, fake_model(), &bad[i], &err), ATTUNE_E_ARG);
        assert_null(s);
        assert_true(err.text[0]);
    }
    video(c, 1000);
    assert_int_equal(attune_session_push_video(c->s, 999 * MS, c->rgb, FAKE_W, FAKE_H, 3 * FAKE_W),
                     ATTUNE_E_ARG);
    assert_int_equal(attune_session_push_video(c->s, 2000 * MS, c->rgb, 0, FAKE_H, 3 * FAKE_W),
                     ATTUNE_E_ARG);
    assert_int_equal(attune_session_push_video(c->s, 2000 * MS, c->rgb, 16385, 1, 3 * 16385),
                     ATTUNE_E_ARG);
    assert_int_equal(attune_session_push_video(c->s, 2000 * MS, c->rgb, FAKE_W, FAKE_H, FAKE_W),
                     ATTUNE_E_ARG);
    assert_int_equal(attune_session_push_video(c->s, 2000 * MS, NULL, FAKE_W, FAKE_H, 3 * FAKE_W),
                     ATTUNE_E_ARG);
    assert_int_equal(attune_session_push_audio(c->s, -1, pcm, 16), ATTUNE_E_ARG);
    assert_int_equal(attune_session_push_audio(c->s, 0, NULL, 16), ATTUNE_E_ARG);
    assert_int_equal(attune_session_push_audio(c->s, 0, pcm, ATTUNE_MAX_PUSH + 1), ATTUNE_E_ARG);
    finish(c);
    assert_int_equal(attune_session_push_audio(c->s, 5000 * MS, pcm, 16), ATTUNE_E_STATE);
    assert_int_equal(attune_session_push_video(c->s, 5000 * MS, c->rgb, FAKE_W, FAKE_H, 3 * FAKE_W),
                     ATTUNE_E_STATE);
    attune_session_free(&c->s);
    attune_session_free(&c->s); /* NULL is fine */
    scene_close(c);
}

static void too_little_speech_is_not_listened_to(void **state)
{
    attune_options o = {.no_video = 1};
    scene *c = scene_open(&o);
    static float silence[16000];
    (void)state;
    fake_listens = 0;
    for (int64_t t = 0; t < 4000; t += 1000) {
        assert_int_equal(attune_session_push_audio(c->s, t * MS, silence, 16000), ATTUNE_OK);
        drain(c);
    }
    assert_int_equal(fake_listens, 0);
    audio(c, 4000, 4000);
    finish(c);
    assert_true(fake_listens > 4);
    assert_int_equal(c->n, 16);
    assert_int_equal(c->w[5].used, 0);
    assert_true(c->w[5].quality.speech_share == 0);
    assert_int_equal(c->w[15].used, 1u << ATTUNE_VOICE);
    assert_true(c->w[15].quality.speech_share > 0.3f && isfinite(c->w[15].quality.snr_db));
    scene_close(c);
}

/* ---- abstaining ---------------------------------------------------------------------------- */

/* The real fusion, with its own defaults: floor 0.2, no references. */
static at_fusion *default_fusion(void)
{
    static const float nothing = 0;
    static const int one = 1;
    at_weights_writer *w = begin_weights();
    at_fusion *f;
    assert_int_equal(at_weights_put(w, "nothing", 1, &one, &nothing, 0), ATTUNE_OK);
    at_weights *file = end_weights(w);
    assert_int_equal(at_fusion_load(&f, file, NULL), ATTUNE_OK);
    at_weights_free(&file);
    return f;
}

enum { SEEN, DARK, GONE, HEARD = 0, NOISY, SILENT };

static void show(scene *c, int picture)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    fake_picture(c->rgb, picture == GONE ? nobody : one_face);
    for (int i = 3 * FAKE_W; picture == DARK && i < FAKE_W * FAKE_H * 3; i++)
        c->rgb[i] /= 4; /* below the row that says where the face is */
}

static void sound_for(scene *c, int voice, int64_t t_ms, int64_t ms)
{
    static float pcm[SECOND];
    size_t n = (size_t)ms * 16;
    memset(pcm, 0, n * sizeof *pcm);
    if (voice != SILENT)
        memcpy(pcm, voice_at(t_ms), n * sizeof *pcm);
    if (voice == NOISY)
        add_white(pcm, n, 0.5f, (uint64_t)t_ms);
    assert_int_equal(attune_session_push_audio(c->s, t_ms * MS, pcm, n), ATTUNE_OK);
    drain(c);
}

/* In the windows that lie wholly in a stretch of 5 s. */
static void windows_with_nothing_to_go_on_abstain(void **state)
{
    const unsigned face = 1u << ATTUNE_FACE, voice = 1u << ATTUNE_VOICE;
    const struct {
        int picture, sound, abstain;
        unsigned used; /* when it abstains: what the record is of; a voice lost in noise may be */
    } stretch[] = {
        {SEEN, HEARD, 0, face | voice}, {GONE, SILENT, 1, 0},    {SEEN, SILENT, 0, face},
        {DARK, SILENT, 1, face},        {GONE, HEARD, 0, voice}, {GONE, NOISY, 1, 0},
        {DARK, HEARD, 0, voice},        {DARK, NOISY, 1, face},  {SEEN, NOISY, 0, face},
    };
    enum { STRETCHES = sizeof stretch / sizeof *stretch, LASTS = 5000 };
    at_fusion *f = default_fusion();
    scene *c = scene_open(NULL);
    (void)state;
    fake_use_fusion(f);
    for (int64_t t = 0; t < STRETCHES * LASTS; t += 40) {
        if (t % LASTS == 0)
            show(c, stretch[t / LASTS].picture);
        video(c, t);
        sound_for(c, stretch[t / LASTS].sound, t, 40);
    }
    finish(c);
    fake_use_fusion(NULL);
    assert_grid(c, 0, STRETCHES * LASTS / 500);
    for (int i = 0; i < STRETCHES; i++) {
        const attune_window *w = &c->w[(i + 1) * LASTS / 500 - 1];
        unsigned lost = w->abstain && stretch[i].sound == NOISY ? voice : 0;
        if (w->abstain != stretch[i].abstain || (w->used & ~lost) != stretch[i].used ||
            w->has_state != !!(w->used & face)) {
            fail_msg("stretch %d: abstain %d, used %u, state %d, reliability %g and %g", i,
                     w->abstain, w->used, w->has_state, (double)w->reliability[ATTUNE_FACE],
                     (double)w->reliability[ATTUNE_VOICE]);
        }
    }
    scene_close(c);
    at_fusion_free(&f);
}

/* A face whose answers always favour class 3: what is usual for it is found, said, and taken out of
 * later windows; another face in the same place has nothing of it; without a baseline all stays. */
static void what_is_usual_for_a_face_is_taken_out(void **state)
{
    const fake_face odd[FAKE_FACES] = {{20, 60, 100, 3}}, other[FAKE_FACES] = {{210, 90, 90, 5}};
    (void)state;
    fake_use_baseline(1);
    for (int off = 0; off < 2; off++) {
        scene *c = scene_open(&(attune_options){.no_audio = 1, .no_baseline = off});
        fake_picture(c->rgb, odd);
        for (int64_t t = 0; t < 30000; t += 100)
            video(c, t);
        fake_picture(c->rgb, other);
        for (int64_t t = 30000; t < 40000; t += 100)
            video(c, t);
        finish(c);
        const attune_window *first = &c->w[0], *late = &c->w[58], *new = NULL;
        for (int i = 0; i < c->n && !new; i++)
            new = c->w[i].track == 2 ? &c->w[i] : NULL;
        assert_non_null(new);
        assert_float_equal(first->baseline_s, 0, 0);
        assert_float_equal(first->offset[ATTUNE_SAD], 0, 0);
        assert_float_equal(late->baseline_s, off ? 0 : 29, 1);
        assert_true(off ? late->offset[ATTUNE_SAD] == 0 : late->offset[ATTUNE_SAD] > 0.5f);
        assert_true(late->offset[ATTUNE_SAD] <= 2.001f);
        /* the fake fusion gives the face's logits as the answer */
        assert_float_equal(late->emotion7[3], first->emotion7[3] - late->offset[ATTUNE_SAD], 1e-4);
        assert_float_equal(new->baseline_s, 0, 0);
        scene_close(c);
    }
    fake_use_baseline(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_usual_for_a_face_is_taken_out),
        cmocka_unit_test(windows_end_at_every_hop),
        cmocka_unit_test(windows_come_as_soon_as_both_streams_passed),
        cmocka_unit_test(a_rest_of_half_a_hop_is_covered),
        cmocka_unit_test(a_single_frame_gives_a_window),
        cmocka_unit_test(nothing_gives_nothing),
        cmocka_unit_test(the_grid_begins_where_the_input_does),
        cmocka_unit_test(hop_and_window_follow_the_options),
        cmocka_unit_test(frames_are_taken_evenly_by_time),
        cmocka_unit_test(dropped_frames_cost_nothing),
        cmocka_unit_test(order_of_arrival_does_not_matter),
        cmocka_unit_test(a_stream_that_ends_is_not_waited_for_longer_than_the_lag),
        cmocka_unit_test(a_stream_that_never_comes_is_not_waited_for),
        cmocka_unit_test(what_comes_too_late_is_left_out),
        cmocka_unit_test(late_sound_is_counted),
        cmocka_unit_test(a_hole_is_not_late),
        cmocka_unit_test(a_window_without_a_face_still_comes),
        cmocka_unit_test(what_is_seen_is_told_hop_by_hop),
        cmocka_unit_test(a_slow_picture_stands_until_the_next),
        cmocka_unit_test(logits_are_averaged_over_the_window),
        cmocka_unit_test(a_mouth_at_rest_tells_most),
        cmocka_unit_test(frames_with_a_face_are_counted),
        cmocka_unit_test(the_face_that_is_larger_and_longer_seen_is_kept),
        cmocka_unit_test(a_picture_that_stopped_covers_what_it_covered),
        cmocka_unit_test(each_moment_is_a_token),
        cmocka_unit_test(several_faces_give_a_window_each_in_order_of_appearance),
        cmocka_unit_test(a_voice_is_that_of_the_face_whose_mouth_moves),
        cmocka_unit_test(a_voice_of_neither_is_a_row_of_its_own),
        cmocka_unit_test(windows_not_taken_stop_the_input),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(too_little_speech_is_not_listened_to),
        cmocka_unit_test(windows_with_nothing_to_go_on_abstain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
