/* What comes of an input again: passed over while it is what it was, decoded whole once where it is not, refused then. The
 * pictures are made up, and "decoded" as a reader does that may begin at a key. */
#include "runtime/analyze_taken.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { W = 16, H = 16, KEY = 4, N = 10, STEP = 125000 }; /* a key every so many pictures */

/* Picture i, or piece of sound, which is of i, but in the ninth row, or in all samples, of x. */
static at_taken_is take(at_taken *t, at_media_kind kind, int i, int x)
{
    static uint8_t pixels[3 * W * H];
    static float pcm[160];
    at_media_packet p = {.kind = kind, .t_us = (int64_t)i * STEP};
    const at_media_info info = {
        .has_video = 1, .restart = i / KEY * 1000, .restart_us = (int64_t)(i / KEY) * KEY * STEP};

    memset(pixels, i, sizeof pixels);
    memset(pixels + 8 * 3 * W, x, 3 * W);
    for (size_t k = 0; k < sizeof pcm / sizeof *pcm; k++)
        pcm[k] = (float)x;
    if (kind == AT_MEDIA_VIDEO)
        p.picture = (attune_picture){
            .format = ATTUNE_RGB, .w = W, .h = H, .plane = {pixels}, .stride = {3 * W}};
    else
        p.pcm = pcm, p.n = sizeof pcm / sizeof *pcm;
    return at_taken_take(t, &p, &info);
}

/* What a run kept that was killed behind N pictures and as many pieces of sound, as another run reads it. */
static at_taken kept(void)
{
    at_taken t, again;
    at_keep out = {0};

    at_taken_begin(&t);
    for (int i = 0; i < N; i++) {
        assert_int_equal(take(&t, AT_MEDIA_VIDEO, i, i), AT_TAKEN_NEW);
        assert_int_equal(take(&t, AT_MEDIA_AUDIO, i, i), AT_TAKEN_NEW);
    }
    assert_int_equal(t.reached_us, (N - 1) * STEP);
    at_taken_keep(&out, &t);
    at_keep in = {.data = out.data, .size = out.size, .reads = 1};
    at_taken_begin(&again);
    at_taken_keep(&in, &again);
    assert_true(at_keep_is_read(&in));
    at_keep_free(&out);
    assert_true(again.catches_up);
    return again;
}

/* All again, from the picture at which decoding may begin; one of each kind is other than it was (-1: none). */
static at_taken_is again(at_taken *t, int other_picture, int other_piece, int pieces)
{
    at_media_options o = {0};
    at_taken_is is = AT_TAKEN_BEFORE;

    at_taken_restart(t, &o);
    for (int i = 0; i < N && is == AT_TAKEN_BEFORE; i++) {
        if ((int64_t)i * STEP >= o.restart_us)
            is = take(t, AT_MEDIA_VIDEO, i, i == other_picture ? 99 : i);
        if (i < pieces && is == AT_TAKEN_BEFORE)
            is = take(t, AT_MEDIA_AUDIO, i, i == other_piece ? 99 : i);
    }
    return is;
}

static void what_was_taken_is_passed_over(void **state)
{
    at_taken t = kept();
    at_media_options o = {0};

    (void)state;
    at_taken_restart(&t, &o);
    assert_int_equal(o.restart, 1000); /* of the oldest that is known, picture 6 */
    assert_int_equal(o.restart_us, KEY * STEP);
    assert_int_equal(again(&t, -1, -1, N), AT_TAKEN_BEFORE);
    assert_true(t.catches_up);
    assert_int_equal(take(&t, AT_MEDIA_VIDEO, N, N), AT_TAKEN_NEW);
    assert_false(t.catches_up);
    o = (at_media_options){0};
    at_taken_restart(&t, &o);
    assert_int_equal(o.restart, 0);
}

static void what_is_not_what_it_was_is_decoded_whole_once(void **state)
{
    static const struct {
        int picture, piece, pieces;
    } list[] = {{N - 1, -1, N}, {N - 4, -1, N}, {-1, 3, N}, {-1, -1, N - 1}};

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        at_taken t = kept();
        at_media_options o = {0};
        at_taken_is is = again(&t, list[i].picture, list[i].piece, list[i].pieces);
        if (is == AT_TAKEN_BEFORE) /* it ends too early */
            is = at_taken_take(&t, NULL, &(at_media_info){0});
        assert_int_equal(is, AT_TAKEN_ANEW);
        at_taken_restart(&t, &o);
        assert_int_equal(o.restart, 0);
        is = again(&t, list[i].picture, list[i].piece, list[i].pieces);
        if (is == AT_TAKEN_BEFORE)
            is = at_taken_take(&t, NULL, &(at_media_info){0});
        assert_int_equal(is, AT_TAKEN_ANOTHER);
    }
}

/* Behind a key a decoder may lack what came before it; from the beginning it does not. */
static void decoded_whole_it_may_be_what_it_was(void **state)
{
    at_taken t = kept();

    (void)state;
    assert_int_equal(again(&t, N - 2, -1, N), AT_TAKEN_ANEW);
    assert_int_equal(again(&t, -1, -1, N), AT_TAKEN_BEFORE);
    assert_int_equal(take(&t, AT_MEDIA_AUDIO, N, N), AT_TAKEN_NEW);
    assert_int_equal(t.pieces, N + 1);
}

/* Where the latest pictures do not come, nothing proves that it is the same. */
static void errors_and_lacking_pictures_are_no_proof(void **state)
{
    at_taken t = kept();
    const at_media_info broken = {.errors = 1};

    (void)state;
    assert_int_equal(again(&t, -1, -1, N), AT_TAKEN_BEFORE);
    assert_int_equal(at_taken_take(&t, NULL, &broken), AT_TAKEN_ANEW);
    assert_int_equal(again(&t, -1, -1, N), AT_TAKEN_BEFORE);
    assert_int_equal(at_taken_take(&t, NULL, &broken), AT_TAKEN_NEW); /* so it was the first time */
    t = kept();
    for (int i = 0; i < N; i++) {
        assert_int_equal(take(&t, AT_MEDIA_AUDIO, i, i), AT_TAKEN_BEFORE);
        if (i < N - 1)
            assert_int_equal(take(&t, AT_MEDIA_VIDEO, i, i), AT_TAKEN_BEFORE);
    }
    assert_int_equal(take(&t, AT_MEDIA_VIDEO, N, N), AT_TAKEN_ANEW);
}

/* What had come before it was decoded anew has to come again. */
static void nothing_is_proven_by_what_came_before(void **state)
{
    at_taken t = kept();

    (void)state;
    assert_int_equal(again(&t, -1, N - 1, N), AT_TAKEN_ANEW);
    assert_true(t.whole);
    for (int i = 0; i < N; i++)
        assert_int_equal(take(&t, AT_MEDIA_AUDIO, i, i), AT_TAKEN_BEFORE);
    assert_int_equal(at_taken_take(&t, NULL, &(at_media_info){0}), AT_TAKEN_ANOTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_taken_is_passed_over),
        cmocka_unit_test(what_is_not_what_it_was_is_decoded_whole_once),
        cmocka_unit_test(decoded_whole_it_may_be_what_it_was),
        cmocka_unit_test(errors_and_lacking_pictures_are_no_proof),
        cmocka_unit_test(nothing_is_proven_by_what_came_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
