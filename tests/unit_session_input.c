/* unit_session_input.c - what may be pushed into a session: pictures and sound of any kind, at times
 * that count from anywhere, and a text for what is refused. */
#include "one_thread_case.h"
#include "session_fake.h"
#include "sounds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MS = 1000, SECONDS = 6, MOST = 64 };

static const fake_face one_face[FAKE_FACES] = {{120, 60, 100, 3}};

typedef struct run {
    attune_session *s;
    attune_window w[MOST];
    int n;
} run;

static void drain(run *r)
{
    int rc;
    while ((rc = attune_session_next(r->s, &r->w[r->n])) == 1) {
        r->n++;
        assert_true(r->n < MOST);
    }
    assert_int_equal(rc, 0);
}

static run *opened(const attune_options *o)
{
    run *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_int_equal(attune_session_open(&r->s, fake_model(), o, NULL), ATTUNE_OK);
    assert_string_equal(attune_session_error(r->s), "");
    return r;
}

static void closed(run *r)
{
    attune_session_free(&r->s);
    free(r);
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* The face is read from an RGB picture's first row, so that only whoever looks at its pixels, and not
 * the fake detector, can tell formats apart: rows stored bottom up say the same. */
static void rows_may_be_stored_bottom_up(void **state)
{
    const attune_options o = {.no_audio = 1, .threads = 1};
    static unsigned char rgb[FAKE_W * FAKE_H * 3], turned[FAKE_W * FAKE_H * 3];
    run *a = opened(&o), *b = opened(&o);
    (void)state;
    fake_picture(rgb, one_face);
    for (int y = 0; y < FAKE_H; y++)
        memcpy(turned + (FAKE_H - 1 - y) * FAKE_W * 3, rgb + y * FAKE_W * 3, FAKE_W * 3);
    const attune_picture up = {.w = FAKE_W,
                               .h = FAKE_H,
                               .plane = {turned + (FAKE_H - 1) * FAKE_W * 3},
                               .stride = {-FAKE_W * 3}};
    for (int64_t t = 0; t < 2000; t += 125) {
        assert_int_equal(attune_session_push_video(a->s, t * MS, rgb, FAKE_W, FAKE_H, FAKE_W * 3),
                         ATTUNE_OK);
        assert_int_equal(attune_session_push_picture(b->s, t * MS, &up), ATTUNE_OK);
        drain(a);
        drain(b);
    }
    assert_true(a->n > 2 && a->w[2].used == 1u << ATTUNE_FACE);
    assert_int_equal(a->n, b->n);
    for (int i = 0; i < a->n; i++) {
        assert_memory_equal(a->w[i].emotion7, b->w[i].emotion7, sizeof a->w[i].emotion7);
        assert_true(a->w[i].quality.brightness == b->w[i].quality.brightness);
    }
    closed(a);
    closed(b);
}

static void time_may_count_from_anywhere(void **state)
{
    const attune_options o = {.threads = 1};
    const int64_t epoch = INT64_C(1700000000000000);
    static unsigned char rgb[FAKE_W * FAKE_H * 3];
    static float voice[SECONDS * SECOND];
    run *r[2] = {opened(&o), opened(&o)};
    (void)state;
    make_bursts(voice);
    fake_picture(rgb, one_face);
    for (int k = 0; k < 2; k++) {
        int64_t from = k ? epoch : 0;
        for (int64_t t = 0; t < SECONDS * 1000; t += 125) {
            assert_int_equal(
                attune_session_push_video(r[k]->s, from + t * MS, rgb, FAKE_W, FAKE_H, FAKE_W * 3),
                ATTUNE_OK);
            assert_int_equal(
                attune_session_push_audio(r[k]->s, from + t * MS, voice + t * 16, 2000), ATTUNE_OK);
            drain(r[k]);
        }
        assert_int_equal(attune_session_finish(r[k]->s), ATTUNE_OK);
        drain(r[k]);
    }
    assert_true(r[0]->n >= 2 * SECONDS);
    assert_int_equal(r[0]->n, r[1]->n);
    for (int i = 0; i < r[0]->n; i++) {
        attune_window *a = &r[0]->w[i], *b = &r[1]->w[i];
        b->start_us -= epoch;
        b->end_us -= epoch;
        assert_true(a->start_us == b->start_us && a->end_us == b->end_us);
        assert_int_equal(a->used, b->used);
        assert_memory_equal(a->emotion7, b->emotion7, sizeof a->emotion7);
        assert_true(a->quality.snr_db == b->quality.snr_db || isnan(a->quality.snr_db));
    }
    closed(r[0]);
    closed(r[1]);
}

/* ---- sound ----------------------------------------------------------------------------------- */

/* voice at 48 kHz in two channels, by a line between neighbours; the right one is silent. */
static float *stereo_48k(const float *voice, size_t n)
{
    float *out = calloc(n * 6, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i + 1 < n; i++)
        for (size_t k = 0; k < 3; k++)
            out[2 * (3 * i + k)] = 2 * (voice[i] + (voice[i + 1] - voice[i]) * (float)k / 3);
    return out;
}

static void any_sound_is_heard(void **state)
{
    const attune_options o = {.no_video = 1, .threads = 1};
    static float voice[SECONDS * SECOND];
    run *a = opened(&o), *b = opened(&o);
    float *stereo;
    (void)state;
    make_bursts(voice);
    add_white(voice, SECONDS * SECOND, 1e-3f, 1);
    stereo = stereo_48k(voice, SECONDS * SECOND);
    for (int64_t t = 0; t < SECONDS * 1000; t += 100) {
        const attune_sound x = {ATTUNE_F32, 48000, 2, stereo + t * 96, 4800};
        assert_int_equal(attune_session_push_audio(a->s, t * MS, voice + t * 16, 1600), ATTUNE_OK);
        /* a clock that jitters makes no gap */
        assert_int_equal(attune_session_push_sound(b->s, (t + t / 100 % 3 * 10) * MS, &x),
                         ATTUNE_OK);
        drain(a);
        drain(b);
    }
    assert_int_equal(attune_session_finish(a->s), ATTUNE_OK);
    assert_int_equal(attune_session_finish(b->s), ATTUNE_OK);
    drain(a);
    drain(b);
    assert_int_equal(a->n, b->n);
    for (int i = 0; i < a->n; i++) {
        assert_true(a->w[i].start_us == b->w[i].start_us && a->w[i].end_us == b->w[i].end_us);
        assert_true(fabsf(a->w[i].quality.speech_share - b->w[i].quality.speech_share) < 0.1f);
    }
    assert_true(a->w[a->n - 1].quality.speech_share > 0.3f);
    attune_counts counts;
    attune_session_counts(b->s, &counts);
    assert_in_range(counts.end_us, (SECONDS * 1000 - 1) * MS, (SECONDS * 1000 + 1) * MS);
    free(stereo);
    closed(a);
    closed(b);
}

/* While windows wait, sound is refused and nothing of it is lost. */
static void sound_waits_for_windows(void **state)
{
    const attune_options o = {.no_video = 1, .threads = 1, .window_s = 1, .hop_s = 0.5};
    static const int16_t quiet[2 * 44100];
    run *r = opened(&o);
    int64_t t = 0, refused = 0;
    (void)state;
    while (t < 20) {
        const attune_sound x = {ATTUNE_S16, 44100, 2, quiet, 44100};
        int rc = attune_session_push_sound(r->s, t * 1000 * MS, &x);
        if (rc == ATTUNE_OK) {
            t++;
            continue;
        }
        assert_int_equal(rc, ATTUNE_E_STATE);
        assert_non_null(strstr(attune_session_error(r->s), "attune_session_next"));
        refused++;
        drain(r);
    }
    assert_true(refused > 2);
    if (attune_session_finish(r->s) == ATTUNE_E_STATE) {
        drain(r);
        assert_int_equal(attune_session_finish(r->s), ATTUNE_OK);
    }
    drain(r);
    assert_int_equal(r->n, 40);
    assert_int_equal(r->w[39].end_us, 20 * 1000 * MS);
    closed(r);
}

/* ---- what is refused --------------------------------------------------------------------------- */

static void says_why(run *r, int rc, const char *what)
{
    assert_int_equal(rc, ATTUNE_E_ARG);
    if (!strstr(attune_session_error(r->s), what))
        fail_msg("\"%s\" does not speak of \"%s\"", attune_session_error(r->s), what);
}

static void refusals_have_reasons(void **state)
{
    static unsigned char rgb[FAKE_W * FAKE_H * 3];
    static const float pcm[16];
    const attune_picture good = {.w = FAKE_W, .h = FAKE_H, .plane = {rgb}, .stride = {FAKE_W * 3}};
    const attune_sound sound = {ATTUNE_F32, 48000, 2, pcm, 8};
    const attune_options blind = {.no_video = 1, .threads = 1},
                         deaf = {.no_audio = 1, .threads = 1};
    run *r = opened(NULL), *b = opened(&blind), *d = opened(&deaf);
    attune_picture p;
    attune_sound x;
    (void)state;
    says_why(r, attune_session_push_picture(r->s, 0, NULL), "picture");
    p = good;
    p.format = ATTUNE_NV12;
    says_why(r, attune_session_push_picture(r->s, 0, &p), "plane");
    p = good;
    p.stride[0] = -4;
    says_why(r, attune_session_push_picture(r->s, 0, &p), "stride");
    p = good;
    p.w = 0;
    says_why(r, attune_session_push_picture(r->s, 0, &p), "sides");
    says_why(r, attune_session_push_picture(r->s, -1, &good), "time");
    says_why(r, attune_session_push_picture(r->s, INT64_MAX, &good), "time");
    assert_int_equal(attune_session_push_picture(r->s, 1000, &good), ATTUNE_OK);
    says_why(r, attune_session_push_picture(r->s, 999, &good), "before it");
    says_why(b, attune_session_push_picture(b->s, 0, &good), "without video");

    says_why(r, attune_session_push_sound(r->s, 0, NULL), "sound");
    x = sound;
    x.rate = 1999;
    says_why(r, attune_session_push_sound(r->s, 0, &x), "rate");
    x = sound;
    x.channels = ATTUNE_MAX_CHANNELS + 1;
    says_why(r, attune_session_push_sound(r->s, 0, &x), "channels");
    x = sound;
    x.sample = ATTUNE_SAMPLES;
    says_why(r, attune_session_push_sound(r->s, 0, &x), "sample");
    x = sound;
    x.data = NULL;
    says_why(r, attune_session_push_sound(r->s, 0, &x), "none");
    x = sound;
    x.n = 48001;
    says_why(r, attune_session_push_sound(r->s, 0, &x), "second");
    says_why(r, attune_session_push_sound(r->s, -1, &sound), "time");
    says_why(d, attune_session_push_sound(d->s, 0, &sound), "without audio");
    says_why(d, attune_session_push_audio(d->s, 0, pcm, 16), "without audio");
    says_why(r, attune_session_push_audio(r->s, 0, NULL, 16), "none");

    assert_int_equal(attune_session_push_sound(r->s, 0, &sound), ATTUNE_OK);
    assert_int_equal(attune_session_finish(r->s), ATTUNE_OK);
    assert_int_equal(attune_session_push_sound(r->s, 0, &sound), ATTUNE_E_STATE);
    assert_non_null(strstr(attune_session_error(r->s), "finished"));
    closed(r);
    closed(b);
    closed(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(rows_may_be_stored_bottom_up),
        one_thread_case(time_may_count_from_anywhere),
        one_thread_case(any_sound_is_heard),
        one_thread_case(sound_waits_for_windows),
        cmocka_unit_test(refusals_have_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
