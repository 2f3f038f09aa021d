/* The table of degradations: every line is whole, levels do what their line says, sound and codecs
 * as well as pictures (whose filters unit_vision holds to figures). */
#include "degrade/harms.h"
#include "degrade/sound.h"
#include "sounds.h"
#include "vision/align.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 2 * SECOND, SIDE = 64 };

static void every_line_is_whole(void **state)
{
    (void)state;
    for (int k = 0; k < AT_DEGRADE_KINDS; k++) {
        const at_degradation *d = &at_degradations[k];
        assert_true(d->name && d->unit && d->about);
        assert_true(d->none != d->most);
        assert_true(d->levels > 0 && d->levels <= AT_DEGRADE_LEVELS);
        for (int i = 0; i < d->levels; i++) { /* from mild to hard, within the range */
            const float before = i ? d->listed[i - 1] : d->none;
            assert_true((d->listed[i] - before) * (d->most - d->none) > 0);
            assert_true((d->most - d->listed[i]) * (d->most - d->none) >= 0);
        }
        assert_int_equal(d->picture != NULL, k < AT_DEGRADE_PICTURES);
        assert_int_equal(d->sound != NULL, k >= AT_DEGRADE_PICTURES);
        assert_int_equal(at_degrade_find(d->name), k);
    }
    assert_int_equal(at_degrade_find("no such thing"), AT_DEGRADE_KINDS);
}

static float *voice(void)
{
    float *pcm = calloc(N, sizeof *pcm);
    assert_non_null(pcm);
    for (int i = 0; i < 2; i++)
        add_burst(pcm + i * SECOND, BURST, 120 + 30 * i, 0.1f);
    return pcm;
}

/* Energy of what was changed over that of the voice, dB. */
static double change_db(const float *a, const float *b)
{
    double change = 0, all = 0;
    for (int i = 0; i < N; i++) {
        change += (double)(a[i] - b[i]) * (double)(a[i] - b[i]);
        all += (double)a[i] * (double)a[i];
    }
    return 10 * log10(change / all + 1e-20);
}

/* Stands for a recorded noise: a tone. */
static float tone[SECOND];
static const at_sound_sources recorded = {.noise = tone, .noise_n = SECOND};

static int make_tone(void **state)
{
    (void)state;
    add_tone(tone, SECOND, 1000, 0.3);
    return 0;
}

static float *degraded(at_degrade_kind kind, float level)
{
    float *pcm = voice();
    at_rng rng;
    at_rng_seed(&rng, 5, 5);
    assert_int_equal(at_degrade_sound(pcm, N, kind, level, &recorded, &rng), ATTUNE_OK);
    for (int i = 0; i < N; i++)
        assert_true(pcm[i] >= -1 && pcm[i] <= 1);
    return pcm;
}

static void sound_gets_worse_with_the_level(void **state)
{
    static const struct {
        at_degrade_kind kind;
        float level[2];
    } cases[] = {
        {AT_DEGRADE_HISS, {20, 0}},     {AT_DEGRADE_PINK, {20, 0}},
        {AT_DEGRADE_NOISES, {20, 0}},   {AT_DEGRADE_BABBLE, {20, 0}},
        {AT_DEGRADE_MUSIC, {20, 0}},    {AT_DEGRADE_REVERBERATION, {0.2F, 2}},
        {AT_DEGRADE_QUIET, {6, 40}},    {AT_DEGRADE_CLIPPING, {6, 30}},
        {AT_DEGRADE_TELEPHONE, {0, 1}}, {AT_DEGRADE_OPUS, {32, 6}},
        {AT_DEGRADE_LOSS, {5, 40}},     {AT_DEGRADE_SILENCE, {0, 1}},
    };
    float *clean = voice();

    (void)state;
    assert_int_equal(sizeof cases / sizeof *cases, AT_DEGRADE_KINDS - AT_DEGRADE_PICTURES);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const at_degradation *d = &at_degradations[cases[c].kind];
        float *mild = degraded(cases[c].kind, cases[c].level[0]);
        float *hard = degraded(cases[c].kind, cases[c].level[1]);
        float *again = degraded(cases[c].kind, cases[c].level[1]);
        float *none = degraded(cases[c].kind, d->none);
        float *most = degraded(cases[c].kind, d->most + (d->most - d->none)); /* as the most */
        float *worst = degraded(cases[c].kind, d->most);
        if (change_db(clean, hard) <= change_db(clean, mild))
            fail_msg("%s: no worse at %g than at %g", d->name, cases[c].level[1],
                     cases[c].level[0]);
        assert_memory_equal(hard, again, N * sizeof *hard);
        assert_memory_equal(none, clean, N * sizeof *none);
        assert_memory_equal(most, worst, N * sizeof *most);
        free(mild), free(hard), free(again), free(none), free(most), free(worst);
    }
    free(clean);
}

/* A level means what its unit says. */
static void levels_mean_what_they_say(void **state)
{
    float *clean = voice(), *hiss = degraded(AT_DEGRADE_HISS, 10);
    float *quiet = degraded(AT_DEGRADE_QUIET, 20), *lost = degraded(AT_DEGRADE_LOSS, 30);
    double loud = 0, soft = 0, silent = 0, voiced = 0;

    (void)state;
    assert_true(fabs(change_db(clean, hiss) + 10) < 2);
    for (int i = 0; i < N; i++) {
        loud += (double)clean[i] * (double)clean[i];
        soft += (double)quiet[i] * (double)quiet[i];
        silent += clean[i] != 0 && lost[i] == 0;
        voiced += clean[i] != 0;
    }
    assert_true(fabs(10 * log10(loud / soft) - 20) < 0.1);
    assert_true(silent / voiced > 0.1 && silent / voiced < 0.5); /* 100 packets: chance is large */
    free(clean), free(hiss), free(quiet), free(lost);
}

/* ---- made truth ------------------------------------------------------------------------------ */

static double power(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / (double)n;
}

/* The voice's power, pauses left out, over that of what was added. */
static double snr_of(const float *clean, const float *noisy)
{
    double voiced = 0, added = 0;
    for (int i = 0; i < 2; i++)
        voiced += power(clean + i * SECOND, BURST) / 2;
    for (int i = 0; i < N; i++)
        added += (double)(noisy[i] - clean[i]) * (double)(noisy[i] - clean[i]) / N;
    return 10 * log10(voiced / added);
}

static void the_ratio_is_the_one_asked(void **state)
{
    static const at_degrade_kind kinds[] = {AT_DEGRADE_HISS, AT_DEGRADE_PINK, AT_DEGRADE_NOISES,
                                            AT_DEGRADE_BABBLE, AT_DEGRADE_MUSIC};
    float *clean = voice();
    at_rng rng;
    (void)state;
    for (int i = 0; i < N; i++)
        clean[i] *= 0.1F; /* far from the limit with all that is added */
    at_rng_seed(&rng, 5, 5);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (float db = 20; db >= -5; db -= 12.5F) {
            float *noisy = malloc(N * sizeof *noisy);
            assert_non_null(noisy);
            memcpy(noisy, clean, N * sizeof *noisy);
            assert_int_equal(at_degrade_sound(noisy, N, kinds[k], db, &recorded, &rng), ATTUNE_OK);
            if (fabs(snr_of(clean, noisy) - (double)db) > 0.5)
                fail_msg("%s=%g: %.2f dB", at_degradations[kinds[k]].name, (double)db,
                         snr_of(clean, noisy));
            free(noisy);
        }
    free(clean);
}

/* What would leave [-1, 1] is made quieter as a whole: the ratio stays, nothing is cut off. */
static void a_loud_mixture_keeps_its_ratio(void **state)
{
    float *clean = voice(), *noisy = voice();
    double both = 0, self = 0;
    at_rng rng;
    (void)state;
    for (int i = 0; i < N; i++)
        noisy[i] = clean[i] *= 2.5F;
    at_rng_seed(&rng, 5, 5);
    assert_int_equal(at_degrade_sound(noisy, N, AT_DEGRADE_HISS, -5, NULL, &rng), ATTUNE_OK);
    for (int i = 0; i < N; i++) {
        assert_true(fabsf(noisy[i]) <= 1);
        both += (double)noisy[i] * (double)clean[i];
        self += (double)clean[i] * (double)clean[i];
    }
    assert_true(both / self < 0.9); /* of the voice that is left */
    for (int i = 0; i < N; i++)
        clean[i] *= (float)(both / self);
    assert_true(fabs(snr_of(clean, noisy) + 5) < 0.5);
    free(clean), free(noisy);
}

static void a_level_is_exact(void **state)
{
    float *clean = voice(), *quiet = degraded(AT_DEGRADE_QUIET, 20);
    float *silent = degraded(AT_DEGRADE_SILENCE, 1), *clipped = degraded(AT_DEGRADE_CLIPPING, 20);
    int at_limit = 0, beyond = 0;
    float peak = 0;
    (void)state;
    for (int i = 0; i < N; i++)
        peak = fmaxf(peak, fabsf(clean[i]));
    for (int i = 0; i < N; i++) {
        assert_true(fabsf(quiet[i] - 0.1F * clean[i]) <= 0.51F / 32768);
        assert_true(silent[i] == 0);
        at_limit += fabsf(clipped[i]) == 1;
        beyond += fabsf(clean[i]) * 10 >= peak; /* 20 dB under the peak */
    }
    assert_true(at_limit == beyond && beyond > N / 20);
    free(clean), free(quiet), free(silent), free(clipped);
}

/* Of a long run of packets, where chance is small. */
static double lost_at(float percent)
{
    enum { PACKETS = 20000, PACKET = SECOND / 50 };
    float *pcm = malloc((size_t)PACKETS * PACKET * sizeof *pcm);
    int lost = 0;
    at_rng rng;
    assert_non_null(pcm);
    for (int i = 0; i < PACKETS * PACKET; i++)
        pcm[i] = 0.5F;
    at_rng_seed(&rng, 1, 2);
    assert_int_equal(
        at_degrade_sound(pcm, (size_t)PACKETS * PACKET, AT_DEGRADE_LOSS, percent, NULL, &rng),
        ATTUNE_OK);
    for (int p = 0; p < PACKETS; p++) {
        for (int i = 1; i < PACKET; i++) /* whole packets */
            assert_true(pcm[p * PACKET + i] == pcm[p * PACKET]);
        lost += pcm[p * PACKET] == 0;
    }
    free(pcm);
    return 100.0 * lost / PACKETS;
}

static void the_lost_share_is_the_one_asked(void **state)
{
    static const float asked[] = {0, 20, 75, 76, 90, 100};
    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        assert_float_equal(lost_at(asked[i]), asked[i], 2);
}

/* Seconds in which what comes back of a click falls by 60 dB, from its fall between -5 and -25 dB
 * (Schroeder 1965: the energy still to come). */
static double decay_s(float seconds)
{
    enum { LENGTH = 3 * SECOND };
    float *pcm = calloc(LENGTH, sizeof *pcm);
    double *left = calloc(LENGTH + 1, sizeof *left);
    int first = 0, last = 0;
    at_rng rng;
    assert_true(pcm && left);
    pcm[0] = 0.5F;
    at_rng_seed(&rng, 7, 7);
    assert_int_equal(at_degrade_sound(pcm, LENGTH, AT_DEGRADE_REVERBERATION, seconds, NULL, &rng),
                     ATTUNE_OK);
    assert_true(pcm[0] == 0.5F); /* what comes straight is as it was */
    for (int i = LENGTH - 1; i > 0; i--)
        left[i] = left[i + 1] + (double)pcm[i] * (double)pcm[i];
    left[0] = left[1];
    while (left[first] > left[1] * pow(10, -0.5))
        first++;
    while (left[last] > left[1] * pow(10, -2.5))
        last++;
    /* energy of the walls over that of the voice: (distance / critical distance)^2 */
    const double wanted = seconds / (0.057 * 0.057 * 100);
    assert_true(fabs(left[1] / 0.25 / wanted - 1) < 0.05);
    free(pcm);
    free(left);
    return 3.0 * (last - first) / SECOND;
}

static void a_room_rings_as_long_as_asked(void **state)
{
    (void)state;
    for (float seconds = 0.4F; seconds < 1.7F; seconds *= 2)
        if (fabs(decay_s(seconds) / (double)seconds - 1) > 0.15)
            fail_msg("%g s: %.2f s", (double)seconds, decay_s(seconds));
}

/* As much power in each octave: 3 dB less for each in a band of the same width. */
static double power_above(const float *x, double hz)
{
    float *y = malloc(N * sizeof *y);
    assert_non_null(y);
    memcpy(y, x, N * sizeof *y);
    assert_int_equal(at_augment_band(y, N, hz, 2 * hz), ATTUNE_OK);
    const double p = power(y, N);
    free(y);
    return p;
}

static void pink_has_its_octaves_alike(void **state)
{
    float *clean = voice(), *noisy = degraded(AT_DEGRADE_PINK, 0);
    (void)state;
    for (int i = 0; i < N; i++)
        noisy[i] -= clean[i];
    for (double hz = 250; hz <= 2000; hz *= 2)
        assert_true(fabs(10 * log10(power_above(noisy, hz) / power_above(noisy, 500))) < 2);
    free(clean), free(noisy);
}

/* Recorded voices are taken where there are enough of them, else some are made up. */
static void babble_is_of_the_voices_given(void **state)
{
    const float *const voice_of[] = {tone, tone, tone};
    const size_t n_of[] = {SECOND, SECOND, SECOND};
    const at_sound_sources tones = {.voice = voice_of, .voice_n = n_of, .voices = 3};
    float *clean = voice(), *made = degraded(AT_DEGRADE_BABBLE, 0), *mixed = voice();
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 5, 5);
    assert_int_equal(at_degrade_sound(mixed, N, AT_DEGRADE_BABBLE, 0, &tones, &rng), ATTUNE_OK);
    for (int i = 0; i < N; i++) {
        made[i] -= clean[i];
        mixed[i] -= clean[i];
    }
    assert_true(power_above(mixed, 700) > 0.8 * power(mixed, N));
    assert_true(power_above(made, 700) < 0.5 * power(made, N));
    free(clean), free(made), free(mixed);
}

/* An encoder's delay is taken out: the voice is where it was. */
static void opus_keeps_the_time(void **state)
{
    float *clean = voice(), *coded = degraded(AT_DEGRADE_OPUS, 24);
    int best = 0;
    double most = -1;
    (void)state;
    for (int lag = -200; lag <= 200; lag++) {
        double sum = 0;
        for (int i = 200; i < N - 200; i++)
            sum += (double)clean[i] * (double)coded[i + lag];
        if (sum > most) {
            most = sum;
            best = lag;
        }
    }
    assert_in_range(best + 2, 0, 4);
    assert_true(most > 0.8 * N * sqrt(power(clean, N) * power(coded, N)));
    free(clean), free(coded);
}

/* ---- several of them ------------------------------------------------------------------------- */

static void names_and_ranges_are_checked(void **state)
{
    at_harm h;
    attune_error err;
    (void)state;
    assert_int_equal(at_harm_parse(&h, "hiss=-5", &err), ATTUNE_OK);
    assert_true(h.kind == AT_DEGRADE_HISS && h.level == -5);
    for (int k = 0; k < AT_DEGRADE_KINDS; k++) { /* all kinds are in the message */
        assert_int_equal(at_harm_parse(&h, "foo=1", &err), ATTUNE_E_ARG);
        assert_non_null(strstr(err.text, at_degradations[k].name));
    }
    assert_non_null(strstr(err.text, "foo=1"));
    static const char *const wrong[] = {"blur",      "blur=",    "blur=x",   "blur=1x",
                                        "blur=-0.1", "blur=101", "blur=nan", "blur=inf"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(at_harm_parse(&h, wrong[i], &err), ATTUNE_E_ARG);
        assert_non_null(strstr(err.text, "0 to 100 (pixels)"));
    }
    assert_int_equal(at_harm_parse(&h, "hiss=101", &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "-40 to 100 (dB)"));
    at_harms all = {0};
    for (int i = 0; i < AT_MOST_HARMS; i++)
        assert_int_equal(at_harms_add(&all, "blur=1", &err), ATTUNE_OK);
    assert_int_equal(at_harms_add(&all, "blur=1", &err), ATTUNE_E_ARG);
    assert_true(at_harms_pictures(&all) && !at_harms_sounds(&all) && !at_harms_cover(&all));
}

static at_harms harms_of(const char *first, const char *second)
{
    at_harms h = {.seed = 3};
    assert_int_equal(at_harms_add(&h, first, NULL), ATTUNE_OK);
    assert_int_equal(at_harms_add(&h, second, NULL), ATTUNE_OK);
    return h;
}

static void they_are_done_in_order(void **state)
{
    const at_harms a = harms_of("clipping=20", "quiet=20"), b = harms_of("quiet=20", "clipping=20");
    float *first = voice(), *other = voice(), *again = voice(), *elsewhere = voice();
    const at_harms noisy = harms_of("hiss=10", "loss=20");
    float peak = 0, peak_b = 0;
    (void)state;
    assert_int_equal(at_harms_sound(&a, 1, NULL, first, N, NULL), ATTUNE_OK);
    assert_int_equal(at_harms_sound(&b, 1, NULL, other, N, NULL), ATTUNE_OK);
    for (int i = 0; i < N; i++) {
        peak = fmaxf(peak, fabsf(first[i]));
        peak_b = fmaxf(peak_b, fabsf(other[i]));
    }
    assert_true(fabsf(peak - 0.1F) < 1e-4F && peak_b == 1);
    /* drawn by seed and sample, whatever was drawn before */
    free(first), free(other);
    first = voice(), other = voice();
    assert_int_equal(at_harms_sound(&noisy, 1, NULL, first, N, NULL), ATTUNE_OK);
    assert_int_equal(at_harms_sound(&noisy, 1, NULL, again, N, NULL), ATTUNE_OK);
    assert_int_equal(at_harms_sound(&noisy, 2, NULL, elsewhere, N, NULL), ATTUNE_OK);
    assert_memory_equal(first, again, N * sizeof *first);
    assert_memory_not_equal(first, elsewhere, N * sizeof *first);
    free(first), free(other), free(again), free(elsewhere);
}

static void draw_frame(at_image *im, const at_harms *h, int64_t t_us, const at_face *face, int n)
{
    assert_int_equal(at_image_reserve(im, 160, 160, 3), ATTUNE_OK);
    memset(im->data, 128, (size_t)im->stride * 160);
    assert_int_equal(at_harms_frame(h, 1, t_us, im, face, n), ATTUNE_OK);
}

/* A cover stays as it is from frame to frame; noise does not. Without a face nothing is covered. */
static void frames_of_a_clip_belong_together(void **state)
{
    at_harms patch = {.seed = 3}, noise = {.seed = 3};
    at_image a = {0}, b = {0}, plain = {0};
    const at_harms none = {0};
    const at_face face = at_align_reference();
    (void)state;
    assert_int_equal(at_harms_add(&patch, "patch=40", NULL), ATTUNE_OK);
    assert_int_equal(at_harms_add(&noise, "noise=20", NULL), ATTUNE_OK);
    draw_frame(&plain, &none, 0, NULL, 0);
    const size_t bytes = (size_t)plain.stride * 160;
    draw_frame(&a, &patch, 0, &face, 1);
    draw_frame(&b, &patch, 40000, &face, 1);
    assert_memory_equal(a.data, b.data, bytes);
    assert_memory_not_equal(a.data, plain.data, bytes);
    draw_frame(&b, &patch, 40000, NULL, 0);
    assert_memory_equal(b.data, plain.data, bytes);
    draw_frame(&a, &noise, 40000, NULL, 0);
    draw_frame(&b, &noise, 40000, NULL, 0);
    assert_memory_equal(a.data, b.data, bytes);
    draw_frame(&b, &noise, 80000, NULL, 0);
    assert_memory_not_equal(a.data, b.data, bytes);
    at_image_free(&a), at_image_free(&b), at_image_free(&plain);
}

static void wrong_levels_are_refused(void **state)
{
    float *pcm = voice(), *clean = voice();
    at_image im = {0};
    at_rng rng;

    (void)state;
    at_rng_seed(&rng, 1, 1);
    assert_int_equal(at_image_reserve(&im, SIDE, SIDE, 3), ATTUNE_OK);
    memset(im.data, 90, (size_t)im.stride * SIDE);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_QUIET, -1, NULL, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_HISS, 101, NULL, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_LOSS, NAN, NULL, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_BLUR, 1, NULL, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_KINDS, 1, NULL, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade(&im, AT_DEGRADE_HISS, 1, NULL, &rng, NULL), ATTUNE_E_ARG);
    assert_int_equal(at_degrade(&im, AT_DEGRADE_JPEG, -1, NULL, &rng, NULL), ATTUNE_E_ARG);
    /* nothing was recorded */
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_NOISES, 1, NULL, &rng), ATTUNE_E_ARG);
    assert_memory_equal(pcm, clean, N * sizeof *pcm);
    at_image_free(&im);
    free(pcm);
    free(clean);
}

static double picture_change(const at_image *a, const at_image *b)
{
    double sum = 0;
    for (int y = 0; y < SIDE; y++)
        for (int i = 0; i < 3 * SIDE; i++)
            sum += abs(at_image_at(a, 0, y)[i] - at_image_at(b, 0, y)[i]);
    return sum;
}

static void encoders_take_more_at_higher_levels(void **state)
{
    static const at_degrade_kind kinds[] = {AT_DEGRADE_JPEG, AT_DEGRADE_H264};
    at_image clean = {0}, im = {0};
    at_rng rng;

    (void)state;
    at_rng_seed(&rng, 3, 3);
    assert_int_equal(at_image_reserve(&clean, SIDE, SIDE, 3), ATTUNE_OK);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            memset(at_image_at(&clean, x, y), 128 + (int)(100 * sin(0.3 * x) * cos(0.2 * y)), 3);
    for (size_t k = 0; k < 2; k++) {
        double last = 0;
        for (float level = 0; level <= 100; level += 50) {
            assert_int_equal(at_image_copy(&im, &clean), ATTUNE_OK);
            assert_int_equal(at_degrade(&im, kinds[k], level, NULL, &rng, NULL), ATTUNE_OK);
            const double now = picture_change(&im, &clean);
            assert_true(level == 0 ? now == 0 : now > last);
            last = now;
        }
    }
    at_image_free(&clean);
    at_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_whole),
        cmocka_unit_test(sound_gets_worse_with_the_level),
        cmocka_unit_test(levels_mean_what_they_say),
        cmocka_unit_test(the_ratio_is_the_one_asked),
        cmocka_unit_test(a_loud_mixture_keeps_its_ratio),
        cmocka_unit_test(a_level_is_exact),
        cmocka_unit_test(the_lost_share_is_the_one_asked),
        cmocka_unit_test(a_room_rings_as_long_as_asked),
        cmocka_unit_test(pink_has_its_octaves_alike),
        cmocka_unit_test(babble_is_of_the_voices_given),
        cmocka_unit_test(opus_keeps_the_time),
        cmocka_unit_test(names_and_ranges_are_checked),
        cmocka_unit_test(they_are_done_in_order),
        cmocka_unit_test(frames_of_a_clip_belong_together),
        cmocka_unit_test(wrong_levels_are_refused),
        cmocka_unit_test(encoders_take_more_at_higher_levels),
    };
    return cmocka_run_group_tests(tests, make_tone, NULL);
}
