/* Clips degraded as they are read, and what their sound is mixed with. */
#include "base/mem.h"
#include "degrade/harms.h"
#include "eval/surround.h"
#include "sounds.h"
#include "temp_folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 64, FRAMES = 10, N = SECOND };

/* frames may be 0: sound alone. */
static void write_media(const char *path, int frames, const float *pcm, size_t n)
{
    const at_media_writer_options o = {.w = frames ? SIDE : 0,
                                       .h = frames ? SIDE : 0,
                                       .fps = FRAMES,
                                       .audio = 1,
                                       .audio_kbps = 96};
    uint8_t rgb[SIDE * SIDE * 3];
    at_media_writer *w = NULL;
    attune_error err;
    for (int i = 0; i < SIDE * SIDE; i++)
        memset(rgb + 3 * i, 60 + 2 * (i % SIDE), 3);
    if (at_media_writer_open(&w, path, &o, &err) < 0)
        fail_msg("%s", err.text);
    for (int f = 0; f < frames; f++)
        assert_int_equal(at_media_writer_video(w, f * 1000000 / FRAMES, rgb, 3 * SIDE, &err), 0);
    assert_int_equal(at_media_writer_audio(w, pcm, n, &err), 0);
    assert_int_equal(at_media_writer_close(&w, &err), 0);
}

/* Reads path with h done to it: its sound into pcm (room for 2 N); returns the sum of all bytes of its
 * pictures, each of which must differ from the last when they are to. */
static double read_harmed(const char *path, const at_harms *h, float *pcm, size_t *n)
{
    const at_media_options o = {0};
    at_clip_harms *c = NULL;
    at_media *m = NULL;
    at_media_packet p;
    attune_error err;
    double sum = 0;
    *n = 0;
    if (at_clip_harms_open(&c, h, 7, NULL, NULL, path, &o, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(at_media_open(&m, path, &o, &err), 0);
    while (at_media_next(m, &p, &err) > 0) {
        assert_int_equal(at_clip_harms_apply(c, &p, &err), ATTUNE_OK);
        if (p.kind == AT_MEDIA_AUDIO) {
            assert_true(*n + p.n <= 2 * N);
            memcpy(pcm + *n, p.pcm, p.n * sizeof *pcm);
            *n += p.n;
        } else {
            at_image whole = {0};
            at_picture_work work = {0};
            assert_int_equal(at_picture_whole(&whole, &work, &p.picture), ATTUNE_OK);
            for (int i = 0; i < SIDE * 3; i++)
                sum += at_image_at(&whole, 0, SIDE / 2)[i];
            at_image_free(&whole);
            at_picture_work_free(&work);
        }
    }
    at_media_free(&m);
    at_clip_harms_free(&c);
    assert_null(c);
    return sum;
}

static at_harms harms_of(const char *text)
{
    at_harms h = {.seed = 3};
    assert_int_equal(at_harms_add(&h, text, NULL), ATTUNE_OK);
    return h;
}

/* The sound is degraded as a whole, however it is read in pieces, and each piece is where it was. */
static void a_clips_sound_is_one(void **state)
{
    static float tone[N], got[2 * N];
    const at_harms hiss = harms_of("hiss=10"), dark = harms_of("dark=4");
    const at_harms silence = harms_of("silence=1");
    float *whole = NULL;
    size_t whole_n, n;
    (void)state;
    add_burst(tone, N, 150, 0.1F);
    const char *path = made_in_folder("clip.mkv");
    write_media(path, FRAMES, tone, N);
    assert_int_equal(at_media_load_audio(path, 0, &whole, &whole_n, NULL), ATTUNE_OK);

    const double bright = read_harmed(path, &silence, got, &n);
    assert_int_equal(n, whole_n);
    for (size_t i = 0; i < n; i++)
        assert_true(got[i] == 0);

    const double darker = read_harmed(path, &dark, got, &n);
    assert_memory_equal(got, whole, n * sizeof *got); /* of pictures alone */
    assert_true(darker < 0.9 * bright && bright > 0);

    assert_true(read_harmed(path, &hiss, got, &n) == bright); /* of sound alone */
    assert_int_equal(at_harms_sound(&hiss, 7, NULL, whole, whole_n, NULL), ATTUNE_OK);
    for (size_t i = 0; i < n; i++)
        if (fabsf(got[i] - whole[i]) > 0)
            fail_msg("sample %zu of %zu is another", i, n);
    at_free(whole);
}

/* ---- what is mixed in ------------------------------------------------------------------------ */

enum { PEOPLE = 5 };

static double power(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i] / (double)n;
    return sum;
}

/* Nobody hears himself in the babble behind him; all voices are as loud; silence is none. */
static void voices_of_the_others(void **state)
{
    static const char *const who[PEOPLE] = {"ann", "ann", "ben", "eve", "joe"};
    static float pcm[N];
    const at_harms babble = harms_of("babble=0"), blur = harms_of("blur=2");
    at_corpus c = {0};
    at_surround *s = NULL;
    at_surroundings around;
    attune_error err;
    (void)state;
    for (int k = 0; k < PEOPLE; k++) {
        char name[32];
        memset(pcm, 0, sizeof pcm);
        if (k < PEOPLE - 1) /* joe says nothing */
            add_tone(pcm, N, 300 + 100 * k, 0.02 * (k + 1));
        snprintf(name, sizeof name, "%d.wav", k);
        write_media(made_in_folder(name), 0, pcm, N);
        at_sample *added = at_corpus_add(&c, made_in_folder(name));
        assert_non_null(added);
        snprintf(added->person, sizeof added->person, "%s", who[k]);
    }
    assert_int_equal(at_surround_open(&s, &blur, NULL, &c, &err), ATTUNE_OK);
    assert_null(s); /* nothing to read */
    assert_int_equal(at_surround_open(&s, &babble, NULL, &c, &err), ATTUNE_OK);
    static const int others[PEOPLE] = {2, 2, 3, 3, 4};
    for (int k = 0; k < PEOPLE; k++) {
        at_surround_of(s, &c.list[k], &around);
        assert_int_equal(around.sources.voices, others[k]);
        assert_true(around.sources.voice == around.voice);
        for (int v = 0; v < around.sources.voices; v++)
            assert_true(fabs(power(around.voice[v], around.voice_n[v]) - 1) < 1e-3);
    }
    at_surround_free(&s);
    at_surround_of(NULL, &c.list[0], &around);
    assert_int_equal(around.sources.voices, 0);
    at_corpus_free(&c);
}

/* Of each recording the part that training does not take. */
static void noises_that_training_did_not_hear(void **state)
{
    static float pcm[N];
    const at_harms noises = harms_of("noises=0");
    const at_corpus c = {0};
    at_surround *s = NULL;
    at_surroundings around;
    at_sample who = {0};
    attune_error err;
    (void)state;
    for (int i = N * 7 / 10; i < N; i++)
        pcm[i] = 0.25F;
    const char *fan = made_in_folder("noise/fan.wav"), *root = in_folder("noise");
    assert_int_equal(at_surround_open(&s, &noises, root, &c, &err),
                     ATTUNE_E_IO); /* nothing there */
    assert_null(s);
    write_media(fan, 0, pcm, N);
    assert_int_equal(at_surround_open(&s, &noises, root, &c, &err), ATTUNE_OK);
    at_surround_of(s, &who, &around);
    assert_true(around.sources.noise_n > N * 29 / 100 && around.sources.noise_n < N * 31 / 100);
    assert_true(fabsf(around.sources.noise[0] - 0.25F) < 0.01F);
    at_surround_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clips_sound_is_one),
        cmocka_unit_test(voices_of_the_others),
        cmocka_unit_test(noises_that_training_did_not_hear),
    };
    return cmocka_run_group_tests_name("clip_harms", tests, make_folder, remove_folder);
}
