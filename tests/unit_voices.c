/* Voices for training: the run time's features of the stretch with speech, normalised. */
#include "base/mem.h"
#include "data/voices.h"
#include "made_wav.h"
#include "one_thread_case.h"
#include "sounds.h"
#include "temp_folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The voices: speech between pauses, the same louder and with a hum, silence, a snippet too short
 * for a frame. */
enum { SPOKEN, LOUD, SILENT, SNIPPET, VOICES };
enum { ROWS = 300, LEADING = SECOND, TALK = 3 * SECOND / 2, LENGTH = 4 * SECOND };

static at_voices voices;

/* ---- files ---------------------------------------------------------------------------------- */

static void write_wav(const char *name, const float *x, size_t n)
{
    static int16_t samples[LENGTH];
    for (size_t i = 0; i < n; i++)
        samples[i] = (int16_t)lrintf(32767 * fminf(1, fmaxf(-1, x[i])));
    put_wav(name, SECOND, 1, samples, n);
}

/* Adds a voice to c and writes its file. */
static void add_voice(at_corpus *c, const char *name, const float *x, size_t n)
{
    write_wav(name, x, n);
    at_sample *s = at_corpus_add(c, in_folder(name));
    assert_non_null(s);
    s->expression = c->count - 1;
}

static at_pool *pool_of(int threads)
{
    at_pool *pool = NULL;
    assert_int_equal(at_pool_create(&pool, threads, NULL), ATTUNE_OK);
    return pool;
}

static void write_noises(float *x)
{
    memset(x, 0, LENGTH * sizeof *x);
    add_white(x, LENGTH, 0.1f, 8);
    write_wav("noise/a.wav", x, 2 * SECOND);
    add_tone(x, LENGTH, 300, 0.1);
    write_wav("noise/b.wav", x, SECOND);
    put_text("noise/readme.txt", "not a sound\n");
}

static int set_up(void **state)
{
    at_corpus c = {0};
    attune_error err = {0};
    float *x = calloc(LENGTH, sizeof *x);
    if (x == NULL || make_folder(state) != 0)
        return -1;
    at_pool *pool = pool_of(2);
    add_white(x, LENGTH, 1e-4f, 1);
    add_burst(x + LEADING, TALK, 140, 0.05f);
    add_voice(&c, "spoken.wav", x, LENGTH);
    for (int i = 0; i < LENGTH; i++)
        x[i] *= 3;
    add_tone(x, LENGTH, 120, 0.003);
    add_voice(&c, "loud.wav", x, LENGTH);
    memset(x, 0, LENGTH * sizeof *x);
    add_voice(&c, "silent.wav", x, SECOND);
    add_voice(&c, "snippet.wav", x, 200);
    assert_non_null(at_corpus_add(&c, in_folder("missing.wav")));
    write_noises(x);
    if (at_voices_load(&voices, &c, 1, in_folder("noise"), 0.5, pool, NULL, &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    at_corpus_free(&c);
    at_pool_free(&pool);
    free(x);
    return 0;
}

static int tear_down(void **state)
{
    at_voices_free(&voices);
    at_voices_free(&voices);
    return remove_folder(state);
}

/* ---- loading -------------------------------------------------------------------------------- */

static void sounds_and_labels_are_loaded(void **state)
{
    (void)state;
    assert_int_equal(voices.count, VOICES);
    assert_int_equal(voices.unreadable, 1);
    assert_int_equal(voices.list[SPOKEN].n, LENGTH);
    assert_int_equal(voices.list[SILENT].n, SECOND);
    for (int i = 0; i < VOICES; i++)
        assert_int_equal(voices.list[i].label.expression, i);
    float expected = 3 * voices.list[SPOKEN].pcm[LEADING + TALK / 2], /* less the hum */
        got = voices.list[LOUD].pcm[LEADING + TALK / 2];
    assert_true(fabsf(expected - got) < 0.004f);
}

/* The first half of each recording, in the order of their names. */
static void noise_is_the_training_part(void **state)
{
    double low = 0, tone = 0;
    (void)state;
    assert_int_equal(voices.noise_n, SECOND + SECOND / 2);
    for (size_t i = 0; i < SECOND; i++)
        low += (double)voices.noise[i] * voices.noise[i];
    for (size_t i = SECOND; i < voices.noise_n; i++)
        tone += (double)voices.noise[i] * voices.noise[i];
    assert_true(fabs(low / SECOND - 0.01) < 0.001);
    assert_true(fabs(tone / (SECOND / 2.) - 0.015) < 0.0015); /* white and a tone */
}

static void empty_noise_folder_is_an_error(void **state)
{
    at_corpus c = {0};
    at_voices v;
    attune_error err = {0};
    const char *path = in_folder("nothing");
    (void)state;
    assert_int_equal(at_voices_load(&v, &c, 1, path, 0, NULL, NULL, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, path));
    assert_null(v.list);
}

/* ---- rows ----------------------------------------------------------------------------------- */

typedef struct rows {
    float *x;
    int lengths[VOICES];
} rows;

static rows make_rows(int max_rows, const at_voice_augment *a, const at_spec_masks *m,
                      uint64_t seed, int threads)
{
    static const int index[VOICES] = {SPOKEN, LOUD, SILENT, SNIPPET};
    rows r = {0};
    at_pool *pool = pool_of(threads);
    size_t n = (size_t)VOICES * (size_t)max_rows * AT_FEATURE_COLS;
    r.x = at_alloc(n, sizeof *r.x);
    assert_non_null(r.x);
    memset(r.x, 0x7f, n * sizeof *r.x); /* what was there must not show through */
    assert_int_equal(
        at_voices_rows(&voices, index, VOICES, max_rows, a, m, seed, pool, r.x, r.lengths),
        ATTUNE_OK);
    at_pool_free(&pool);
    return r;
}

/* One second of silence goes but for 100 ms; so does the end. */
static void pauses_are_trimmed(void **state)
{
    const int talk = TALK / AT_FRAME_HOP;
    (void)state;
    rows r = make_rows(ROWS, NULL, NULL, 0, 1);
    assert_true(LENGTH / AT_FRAME_HOP > talk + 200);
    assert_in_range(r.lengths[SPOKEN], talk + AT_TRIM_KEEP, talk + 2 * AT_TRIM_KEEP + 40);
    assert_in_range(r.lengths[LOUD], talk + AT_TRIM_KEEP, talk + 2 * AT_TRIM_KEEP + 40);
    assert_int_equal(r.lengths[SILENT], at_features_count(SECOND)); /* nothing to trim to */
    assert_int_equal(r.lengths[SNIPPET], 1);
    at_free(r.x);
}

/* What follows a voice's rows is zero, and so is the one row of a voice without any. */
static void rest_is_zero(void **state)
{
    (void)state;
    rows r = make_rows(ROWS, NULL, NULL, 0, 1);
    for (int i = 0; i < VOICES; i++) {
        int from = i == SNIPPET ? 0 : r.lengths[i];
        const float *x = r.x + (size_t)i * ROWS * AT_FEATURE_COLS;
        for (int k = from * AT_FEATURE_COLS; k < ROWS * AT_FEATURE_COLS; k++)
            assert_true(x[k] == 0);
    }
    at_free(r.x);
}

/* The same as the run time: denoise, features, trim, normalise. */
static void rows_are_the_run_times(void **state)
{
    const at_features_options options = {.denoise = 1};
    (void)state;
    rows r = make_rows(ROWS, NULL, NULL, 0, 1);
    for (int i = SPOKEN; i <= LOUD; i++) {
        at_feature_row *row = NULL;
        size_t n = 0, from, to;
        assert_int_equal(
            at_features_extract(voices.list[i].pcm, voices.list[i].n, &options, &row, &n, NULL),
            ATTUNE_OK);
        float *flat = at_alloc(n * AT_FEATURE_COLS, sizeof *flat);
        unsigned char *speech = at_alloc(n, 1);
        assert_true(flat && speech);
        at_features_flatten(row, n, flat, speech);
        at_features_trim(speech, n, &from, &to);
        assert_int_equal(r.lengths[i], to - from);
        at_features_normalise(flat + from * AT_FEATURE_COLS, to - from, speech + from);
        assert_memory_equal(r.x + (size_t)i * ROWS * AT_FEATURE_COLS, flat + from * AT_FEATURE_COLS,
                            (to - from) * AT_FEATURE_COLS * sizeof *flat);
        at_free(row);
        at_free(flat);
        at_free(speech);
    }
    at_free(r.x);
}

/* Loudness has gone: a voice three times as loud has the same shape of energy, and columns lie
 * about zero with deviation one. */
static void rows_are_normalised(void **state)
{
    (void)state;
    rows r = make_rows(ROWS, NULL, NULL, 0, 1);
    const float *x = r.x; /* SPOKEN */
    int n = r.lengths[SPOKEN], even = 0;
    for (int c = 0; c < AT_MEL_BANDS; c++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < n; i++) {
            double v = x[i * AT_FEATURE_COLS + c];
            assert_true(fabs(v) <= AT_NORMAL_LIMIT);
            sum += v;
            squares += v * v;
        }
        even += fabs(sum / n) < 0.5 && squares / n > 0.5 && squares / n < 2;
    }
    assert_true(even > AT_MEL_BANDS * 3 / 4);
    at_free(r.x);
}

/* Without augmentation a long voice keeps its middle. */
static void long_voices_are_cut(void **state)
{
    enum { FEW = 60 };
    (void)state;
    rows whole = make_rows(ROWS, NULL, NULL, 0, 1), cut = make_rows(FEW, NULL, NULL, 5, 1);
    const at_features_options options = {.denoise = 1};
    at_feature_row *row = NULL;
    size_t n = 0, from, to;
    assert_int_equal(cut.lengths[SPOKEN], FEW);
    assert_int_equal(cut.lengths[SILENT], FEW);
    assert_int_equal(at_features_extract(voices.list[SPOKEN].pcm, LENGTH, &options, &row, &n, NULL),
                     ATTUNE_OK);
    float *flat = at_alloc(n * AT_FEATURE_COLS, sizeof *flat);
    unsigned char *speech = at_alloc(n, 1);
    assert_true(flat && speech);
    at_features_flatten(row, n, flat, speech);
    at_features_trim(speech, n, &from, &to);
    from += (to - from - FEW) / 2;
    at_features_normalise(flat + from * AT_FEATURE_COLS, FEW, speech + from);
    assert_memory_equal(cut.x, flat + from * AT_FEATURE_COLS, FEW * AT_FEATURE_COLS * sizeof *flat);
    at_free(row);
    at_free(flat);
    at_free(speech);
    at_free(whole.x);
    at_free(cut.x);
}

/* ---- augmentation --------------------------------------------------------------------------- */

static const at_voice_augment wild = {.speed_p = 0.7f,
                                      .speed_min = 0.9f,
                                      .speed_max = 1.1f,
                                      .pitch_p = 0.5f,
                                      .pitch_max = 2,
                                      .band_p = 0.3f,
                                      .gain_p = 0.7f,
                                      .gain_max = 9,
                                      .noise_p = 0.8f,
                                      .snr_min = 0,
                                      .snr_max = 20};
static const at_spec_masks masks = {2, 8, 2, 20, 0.2f, 0.3f};

static void same_bits_for_any_threads(void **state)
{
    const size_t bytes = (size_t)VOICES * ROWS * AT_FEATURE_COLS * sizeof(float);
    (void)state;
    rows r[4];
    for (int t = 1; t <= 3; t++)
        r[t] = make_rows(ROWS, &wild, &masks, 21, t);
    for (int t = 2; t <= 3; t++) {
        assert_memory_equal(r[1].x, r[t].x, bytes);
        assert_memory_equal(r[1].lengths, r[t].lengths, sizeof r[1].lengths);
    }
    for (int t = 1; t <= 3; t++)
        at_free(r[t].x);
}

static void seeds_differ(void **state)
{
    const size_t bytes = (size_t)ROWS * AT_FEATURE_COLS * sizeof(float);
    (void)state;
    rows a = make_rows(ROWS, &wild, NULL, 1, 1), b = make_rows(ROWS, &wild, NULL, 2, 1),
         plain = make_rows(ROWS, NULL, NULL, 1, 1);
    assert_memory_not_equal(a.x, b.x, bytes);
    assert_memory_not_equal(a.x, plain.x, bytes);
    at_free(a.x);
    at_free(b.x);
    at_free(plain.x);
}

/* Noise comes from the recordings: without them it is another, white one. */
static void noise_is_the_recorded(void **state)
{
    const at_voice_augment loud = {.noise_p = 1, .snr_min = 0, .snr_max = 1};
    const size_t bytes = (size_t)ROWS * AT_FEATURE_COLS * sizeof(float);
    at_voices all = voices;
    (void)state;
    rows recorded = make_rows(ROWS, &loud, NULL, 6, 1);
    voices.noise = NULL;
    voices.noise_n = 0;
    rows white = make_rows(ROWS, &loud, NULL, 6, 1), plain = make_rows(ROWS, NULL, NULL, 6, 1);
    voices = all;
    assert_memory_not_equal(recorded.x, plain.x, bytes);
    assert_memory_not_equal(recorded.x, white.x, bytes);
    at_free(recorded.x);
    at_free(white.x);
    at_free(plain.x);
}

/* Masks clear columns of the rows that there are. */
static void masks_are_applied(void **state)
{
    const at_spec_masks all = {8, AT_MEL_BANDS, 0, 0, 0, 1};
    int cleared = 0;
    (void)state;
    rows r = make_rows(ROWS, NULL, &all, 3, 1), plain = make_rows(ROWS, NULL, NULL, 3, 1);
    for (int i = 0; i < r.lengths[SPOKEN]; i++)
        for (int c = 0; c < AT_COL_ZCR; c++) {
            const float *got = r.x + (size_t)i * AT_FEATURE_COLS + c;
            const float *was = plain.x + (size_t)i * AT_FEATURE_COLS + c;
            assert_true(*got == 0 || *got == *was);
            cleared += *got == 0 && *was != 0;
        }
    assert_true(cleared > r.lengths[SPOKEN] * AT_MFCCS * 3 / 2); /* the MFCC at least */
    at_free(r.x);
    at_free(plain.x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(sounds_and_labels_are_loaded),
        one_thread_case(noise_is_the_training_part),
        one_thread_case(empty_noise_folder_is_an_error),
        one_thread_case(pauses_are_trimmed),
        one_thread_case(rest_is_zero),
        one_thread_case(rows_are_the_run_times),
        one_thread_case(rows_are_normalised),
        one_thread_case(long_voices_are_cut),
        cmocka_unit_test(same_bits_for_any_threads),
        one_thread_case(seeds_differ),
        one_thread_case(noise_is_the_recorded),
        one_thread_case(masks_are_applied),
    };
    return cmocka_run_group_tests_name("voices", tests, set_up, tear_down);
}
