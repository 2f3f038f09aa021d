/* What is kept of a session: the same windows come of it, and of a damaged one none that break anything. */
#include "session_scene.h"

#include "base/rng.h"
#include "runtime/hindsight.h"
#include "sanitized.h"
#include "signal/column.h"
#include "vision/track.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    BREAK_MS = 9080,
    END_MS = 14000,
    EARLY_MS = 1480,
    ORIGIN_MS = 2000,
    AHEAD_MS = 3000, /* rows, before pictures and sound of their time */
    DAMAGED = SANITIZED ? 100 : 600,
    WORDS = 16
};

/* ---- the parts that it is made of ----------------------------------------------------------- */

static void test_numbers_have_ranges(void **state)
{
    int three = 3, x = 0;
    int64_t late = INT64_C(9000000000000001), t = 0;
    at_keep k = {0};

    (void)state;
    at_keep_int(&k, &three, 0, 3);
    at_keep_time(&k, &late);
    assert_int_equal(k.status, ATTUNE_OK);
    at_keep whole = {.data = k.data, .size = k.size, .reads = 1}, short_by_one = whole,
            narrow = whole;
    at_keep_int(&whole, &x, 0, 3);
    assert_int_equal(x, 3);
    assert_false(at_keep_is_read(&whole)); /* not all of it */
    at_keep_time(&whole, &t);
    assert_int_equal(whole.status, ATTUNE_E_FORMAT);
    at_keep_int(&narrow, &x, 0, 2);
    assert_int_equal(narrow.status, ATTUNE_E_FORMAT);
    assert_int_equal(x, 0);
    short_by_one.size = sizeof x - 1;
    x = 7;
    at_keep_int(&short_by_one, &x, 0, 3);
    assert_int_equal(short_by_one.status, ATTUNE_E_FORMAT);
    assert_int_equal(x, 0);
    x = 7;
    short_by_one.size = k.size;
    at_keep_int(&short_by_one, &x, 0, 3); /* once bad, all is zeros */
    assert_int_equal(x, 0);
    at_keep_free(&k);
}

/* What times are counted with has room; before all is only where nobody counts. */
static void test_times_have_ranges(void **state)
{
    static const int64_t most = INT64_C(9000000000000000);
    static const struct {
        int64_t us;
        int is_time, is_start;
    } list[] = {{0, 1, 1},         {most, 1, 1},      {-most, 1, 1},     {most + 1, 0, 0},
                {-most - 1, 0, 0}, {INT64_MAX, 0, 0}, {INT64_MIN, 0, 1}, {INT64_MIN + 1, 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        int64_t us = list[i].us, read = 7;
        at_keep k = {.data = (unsigned char *)&us, .size = sizeof us, .reads = 1}, start = k;
        at_keep_time(&k, &read);
        assert_int_equal(at_keep_is_read(&k), list[i].is_time);
        assert_int_equal(read, list[i].is_time ? us : 0);
        at_keep_start(&start, &read);
        assert_int_equal(at_keep_is_read(&start), list[i].is_start);
        assert_int_equal(read, list[i].is_start ? us : 0);
    }
}

/* One that is none makes all of them zeros. */
static void test_places_are_numbers(void **state)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, 1.1e8F, -1.1e8F};
    float place[3] = {-1e8F, 0.5F, 1e8F}, read[3];
    at_keep k = {.data = (unsigned char *)place, .size = sizeof place, .reads = 1}, whole = k;

    (void)state;
    at_keep_places(&whole, read, 3);
    assert_true(at_keep_is_read(&whole));
    assert_memory_equal(read, place, sizeof place);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        at_keep in = k;
        place[1] = odd[i];
        at_keep_places(&in, read, 3);
        assert_int_equal(in.status, ATTUNE_E_FORMAT);
        assert_memory_equal(read, ((const float[3]){0, 0, 0}), sizeof read);
    }
}

/* Or they would be looked for where they went in the time since, backwards. */
static void test_nobody_was_seen_later_than_now(void **state)
{
    const at_face face = {.x = 10, .y = 10, .w = 50, .h = 50, .score = 1};
    at_tracker t, again;

    (void)state;
    at_tracker_init(&t, NULL);
    at_tracker_update(&t, 1000000, &face, 1, NULL);
    for (int late = 0; late < 2; late++) {
        at_keep out = {0};
        t.track[0].last_us += late;
        at_tracker_keep(&out, &t);
        at_keep in = {.data = out.data, .size = out.size, .reads = 1};
        at_tracker_init(&again, NULL);
        at_tracker_keep(&in, &again);
        assert_int_equal(at_keep_is_read(&in), !late);
        at_keep_free(&out);
    }
}

static const at_clock started = {.window_us = 3000000, .hop_us = 500000, .lag_us = 1000000};

/* Whether it is read again. */
static int is_believed(at_clock c)
{
    at_clock read = started;
    at_keep out = {0};

    read.input[AT_SOUND].absent = c.input[AT_SOUND].absent;
    at_clock_keep(&out, &c);
    at_keep in = {.data = out.data, .size = out.size, .reads = 1};
    at_clock_keep(&in, &read);
    at_keep_free(&out);
    return at_keep_is_read(&in);
}

/* Of any other there might be windows without end, or none. */
static void test_a_clock_is_one_that_something_moved(void **state)
{
    at_clock fine = started, c;
    int64_t start, end;

    (void)state;
    assert_true(is_believed(fine));
    fine.input[AT_SOUND].absent = 1;
    for (int64_t t = 0; t < 2000000; t += 40000) {
        at_clock_move(&fine, AT_PICTURES, t, t, t + 40000);
        while (at_clock_due(&fine, &start, &end))
            at_clock_made(&fine, end);
    }
    assert_true(is_believed(fine));
    at_input_clock *in = &c.input[AT_PICTURES];
#define REFUSED(change) (c = fine, change, assert_false(is_believed(c)))
    REFUSED(in->end_us = 9000000000000000);
    REFUSED(in->end_us = in->head_us + 70000000);
    REFUSED(in->end_us = -1);
    REFUSED(in->head_us = in->end_us + 70000000);
    REFUSED(in->head_us = -1);
    REFUSED(in->head_us = INT64_MIN);
    REFUSED(in->first_us = -1);
    REFUSED(in->first_us = 1);
    REFUSED(in->gaps = 0);
    REFUSED(in->gap[0].to_us = in->end_us + 1);
    REFUSED(in->started = 0);
    REFUSED(in[AT_SOUND - AT_PICTURES].started = 1);
    REFUSED(c.origin_us = -500000);
    REFUSED(c.origin_us = c.next_end_us + 500000);
    REFUSED(c.next_end_us = INT64_MIN);
    REFUSED(c.next_end_us++);
    REFUSED(c.next_end_us -= 500000); /* that one would be due */
#undef REFUSED
}

/* ---- sessions ------------------------------------------------------------------------------- */

/* Wherever it points: a file is no place for one. */
static void test_no_pointer_is_read(void **state)
{
    attune_beside beside = {.messages = -1};
    attune_window w = {.end_us = 1, .beside = &beside}, read = {0};
    attune_beside said;
    at_keep k = {0}, in;

    (void)state;
    at_window_keep(&k, &w, &beside);
    in = (at_keep){.data = k.data, .size = k.size, .reads = 1};
    at_window_keep(&in, &read, &said);
    assert_true(at_keep_is_read(&in));
    assert_ptr_equal(read.beside, &said);
    assert_memory_equal(&said, &beside, sizeof said);
    memcpy(k.data + offsetof(attune_window, beside), &w.beside, sizeof w.beside);
    in = (at_keep){.data = k.data, .size = k.size, .reads = 1};
    at_window_keep(&in, &read, &said);
    assert_int_equal(in.status, ATTUNE_E_FORMAT);
    assert_ptr_equal(read.beside, &said);
    in = (at_keep){.data = k.data, .size = k.size, .reads = 1};
    at_window_keep(&in, &read, NULL); /* of a session that tells of nothing */
    assert_false(at_keep_is_read(&in));
    assert_null(read.beside);
    at_keep_free(&k);
}

static const attune_beside said_once = {
    .signals = 2,
    .signal = {{.mean = 70, .slope = NAN, .deviation = 2, .coverage = 1, .z = NAN},
               {.mean = -1e30F, .slope = 0, .deviation = 0, .coverage = 0, .z = INFINITY}},
    .messages = 3,
    .unread = 3,
    .chat_emotion7 = {1},
    .chat_state4 = {0, 0.5F}};

static int is_said(attune_beside said)
{
    attune_window w = {.end_us = 1, .beside = &said}, read = {0};
    attune_beside again;
    at_keep k = {0};

    at_window_keep(&k, &w, &said);
    at_keep in = {.data = k.data, .size = k.size, .reads = 1};
    at_window_keep(&in, &read, &again);
    at_keep_free(&k);
    return at_keep_is_read(&in);
}

static void test_what_is_said_beside_has_ranges(void **state)
{
    attune_beside x;

    (void)state;
    assert_true(is_said(said_once));
#define REFUSED(change) (x = said_once, change, assert_false(is_said(x)))
    REFUSED(x.signals = ATTUNE_MAX_SIGNALS + 1);
    REFUSED(x.signals = -1);
    REFUSED(x.messages = -2);
    REFUSED(x.messages = 2); /* of which 3 could not be read */
    REFUSED(x.unread = -1);
    REFUSED(x.signal[7].coverage = NAN);
    REFUSED(x.signal[0].coverage = 1.5F);
    REFUSED(x.chat_emotion7[6] = INFINITY);
    REFUSED(x.chat_state4[3] = -1);
#undef REFUSED
    x = said_once;
    x.messages = -1; /* no chat */
    x.unread = 0;
    assert_true(is_said(x));
}

/* ---- columns of a signal ---------------------------------------------------------------------- */

enum { COLUMN_S = 1, COLUMN_CELLS = COLUMN_S * 1000 + 16 };

/* Events or values, a few a millisecond: cells become longer and some are forgotten. */
static at_column column_of(int events, int rows)
{
    at_column c;

    assert_int_equal(at_column_open(&c, events, COLUMN_S), ATTUNE_OK);
    for (int i = 0; i < rows; i++) {
        at_column_push(&c, i * 700, (float)(i % 7));
        if (i % 100 == 0)
            at_column_forget_before(&c, (i - 4000) * 700);
    }
    return c;
}

static int is_column(at_column *c, at_column *again)
{
    at_keep k = {0};

    assert_int_equal(at_column_open(again, c->events, COLUMN_S), ATTUNE_OK);
    at_column_keep(&k, c);
    at_keep in = {.data = k.data, .size = k.size, .reads = 1};
    at_column_keep(&in, again);
    at_keep_free(&k);
    return at_keep_is_read(&in);
}

static void assert_same_column(const at_column *a, const at_column *b, int64_t end_us)
{
    attune_signal of_a, of_b;

    at_column_window(a, end_us - 500000, end_us, NULL, &of_a);
    at_column_window(b, end_us - 500000, end_us, NULL, &of_b);
    assert_memory_equal(&of_a, &of_b, sizeof of_a);
    assert_true(of_a.coverage > 0);
}

static void test_a_column_goes_on(void **state)
{
    (void)state;
    for (int events = 0; events < 2; events++)
        for (int rows = 1; rows < 100000; rows *= 9) {
            at_column c = column_of(events, rows), again;
            assert_true(is_column(&c, &again));
            assert_int_equal(again.cell_us, c.cell_us);
            assert_same_column(&c, &again, rows * 700);
            for (int i = rows; i < rows + 3000; i++) {
                at_column_push(&c, i * 700, (float)(i % 5));
                at_column_push(&again, i * 700, (float)(i % 5));
                at_column_forget_before(&c, (i - 1000) * 700);
                at_column_forget_before(&again, (i - 1000) * 700);
            }
            assert_same_column(&c, &again, (rows + 3000) * 700);
            at_column_free(&c);
            at_column_free(&again);
        }
}

static void test_a_column_is_one_that_rows_made(void **state)
{
    at_column fine = column_of(0, 9000), c, again;
    at_value first = fine.value[fine.first];

    (void)state;
    assert_true(fine.count > 10 && fine.has_before && fine.cell_us > 1000);
#define REFUSED(change) \
    (c = fine, change, assert_false(is_column(&c, &again)), at_column_free(&again))
    REFUSED(c.cell_us = INT64_C(1) << 55);
    REFUSED(c.count = COLUMN_CELLS + 1);
    REFUSED(c.has_before = 2);
    REFUSED(c.before.t_us = INT64_MAX);
    REFUSED(c.counted_us = -1);
    REFUSED(c.gap_us[AT_COLUMN_GAPS - 1] = INT64_MAX);
    REFUSED(c.gaps = -1);
    REFUSED(c.gaps = INT_MAX); /* the next would be before all others */
    REFUSED(fine.value[c.first].t_us = INT64_C(9000000000000000)); /* after the next */
    fine.value[fine.first] = first;
#undef REFUSED
    assert_true(is_column(&fine, &again));
    at_column_free(&again);
    at_column_free(&fine);
}

typedef struct kept {
    scene *c;
    at_hindsight h;
} kept;

static const char *const columns[] = {"hr", "clicks", NULL};
static const attune_beside_setup beside_setup = {.signals = columns, .events = 2, .chat = 1};
static const attune_options options = {.max_tracks = 2, .thumbnails = 32, .beside = &beside_setup};

static int row_ms = 70;

static kept begin(void)
{
    return (kept){.c = scene_open(&options)};
}

static void end(kept *x)
{
    scene_close(x->c);
    at_hindsight_free(&x->h);
}

static void keep(at_keep *k, kept *x)
{
    at_session_keep(k, x->c->s);
    at_hindsight_keep(k, &x->h, x->c->s);
}

static void hold_all(kept *x, int from)
{
    attune_window w;

    for (int i = from; i < x->c->n; i++) {
        w = x->c->w[i];
        assert_int_equal(at_hindsight_hold(&x->h, x->c->s, &w), ATTUNE_OK);
    }
}

static void write(kept *x, int64_t t_ms)
{
    static const char *const says[] = {"I am so confused", "great :)", "je ne sais pas"};
    const char *text = says[t_ms / 400 % 3];

    assert_int_equal(attune_session_push_text(x->c->s, t_ms * MS, text, strlen(text)), ATTUNE_OK);
}

/* Rows and messages that are ahead of pictures and sound. */
static void push_beside(kept *x, int64_t from_ms, int64_t to_ms)
{
    for (int64_t t = from_ms; t < to_ms; t++) {
        const float row[2] = {60 + (float)(t % 13), (float)(t % 3)};
        if (t % row_ms == 0)
            assert_int_equal(attune_session_push_signal(x->c->s, t * MS, row), ATTUNE_OK);
        if (t % 400 == 0)
            write(x, t);
    }
}

/* Two people, of whom one moves and the other talks; as both() pushes them. */
static void push(kept *x, int64_t from_ms, int64_t to_ms)
{
    for (int64_t t = from_ms; t < to_ms; t += 40) {
        const fake_face face[FAKE_FACES] = {{100 + (int)(t / 40 % 100), 60, 100, 3},
                                            {20, 100, 60, t % 600 < 240 ? 1 : 2}};
        fake_picture(x->c->rgb, face);
        push_beside(x, t + AHEAD_MS, t + AHEAD_MS + 40);
        both(x->c, t, t + 40);
    }
}

static void hear_again(kept *x, int64_t from_ms, int64_t to_ms)
{
    for (int64_t t = from_ms; t < to_ms; t += 40)
        assert_int_equal(at_session_hear_again(x->c->s, t * MS, voice_at(t), 640), ATTUNE_OK);
}

/* What a run wrote that ended there. */
static at_keep keep_first_part(kept *x, int64_t from_ms, int64_t to_ms)
{
    at_keep k = {0};

    push(x, from_ms, to_ms);
    hold_all(x, x->c->n - 2);
    keep(&k, x);
    assert_int_equal(k.status, ATTUNE_OK);
    return k;
}

static void assert_same_window(const attune_window *a, const attune_window *b)
{
    attune_window bare[2] = {*a, *b};

    assert_memory_equal(a->beside, b->beside, sizeof *a->beside);
    bare[0].beside = bare[1].beside = NULL;
    assert_memory_equal(&bare[0], &bare[1], sizeof *bare);
}

static void assert_same_held(kept *a, kept *b)
{
    attune_window one, other;

    while (at_hindsight_next(&a->h, 1, &one)) {
        assert_int_equal(at_hindsight_next(&b->h, 1, &other), 1);
        assert_same_window(&one, &other);
    }
    assert_int_equal(at_hindsight_next(&b->h, 1, &other), 0);
}

static void check_same(int64_t from_ms, int64_t break_ms)
{
    kept unbroken = begin(), resumed = begin();
    const int64_t row_us = (break_ms + AHEAD_MS - 80) * MS; /* before the latest */
    static const float row[2];
    attune_counts all[2];
    attune_thumbnail one, other;
    at_keep k = keep_first_part(&unbroken, from_ms, break_ms);
    const int before = unbroken.c->n;

    at_keep in = {.data = k.data, .size = k.size, .reads = 1};
    keep(&in, &resumed);
    assert_true(at_keep_is_read(&in));
    assert_int_equal(resumed.h.count, unbroken.h.count);
    assert_int_equal(attune_session_push_signal(resumed.c->s, row_us, row), ATTUNE_E_ARG);
    hear_again(&resumed, from_ms, break_ms);
    push(&unbroken, break_ms, END_MS);
    push(&resumed, break_ms, END_MS);
    finish(unbroken.c);
    finish(resumed.c);
    assert_int_equal(resumed.c->n, unbroken.c->n - before);
    assert_true(resumed.c->n > 8);
    for (int i = 0; i < resumed.c->n; i++)
        assert_same_window(&resumed.c->w[i], &unbroken.c->w[before + i]);
    assert_same_held(&resumed, &unbroken);
    attune_session_counts(unbroken.c->s, &all[0]);
    attune_session_counts(resumed.c->s, &all[1]);
    assert_memory_equal(&all[0], &all[1], sizeof *all);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(attune_session_thumbnail(unbroken.c->s, i, &one), 1);
        assert_int_equal(attune_session_thumbnail(resumed.c->s, i, &other), 1);
        assert_memory_equal(one.rgb, other.rgb, 32 * 32 * 3);
    }
    at_keep_free(&k);
    end(&unbroken);
    end(&resumed);
}

static void test_the_same_windows_come_of_it(void **state)
{
    (void)state;
    fake_jaw[1] = 0.6F;
    row_ms = 1; /* more than there is room for */
    check_same(0, BREAK_MS);
    row_ms = 70;
    check_same(ORIGIN_MS, ORIGIN_MS + EARLY_MS); /* no window reaches back before its beginning */
    fake_jaw[1] = 0;
}

/* Words that counts, places and times must not be. */
static void damage(unsigned char *data, size_t size, at_rng *rng)
{
    static const uint32_t hostile[] = {0,       1,          0xffffffff, INT_MAX,   0x80000000,
                                       1 << 20, 0x7fc00000, 33,         0x7f7fffff};

    for (int i = 0; i < WORDS; i++) {
        const size_t at = at_rng_below(rng, (uint32_t)(size / 4)) * 4;
        memcpy(data + at, &hostile[at_rng_below(rng, sizeof hostile / sizeof *hostile)], 4);
    }
}

static void test_damaged_ones_break_nothing(void **state)
{
    kept whole = begin();
    at_keep k = keep_first_part(&whole, 0, BREAK_MS);
    unsigned char *copy = malloc(k.size);
    int refused = 0;
    at_rng rng;

    (void)state;
    at_rng_seed(&rng, 1, 0);
    for (int i = 0; i < DAMAGED; i++) {
        kept x = begin();
        memcpy(copy, k.data, k.size);
        damage(copy, k.size, &rng);
        at_keep in = {.data = copy,
                      .size = i % 10 ? k.size : at_rng_below(&rng, (uint32_t)k.size),
                      .reads = 1};
        keep(&in, &x);
        refused += !at_keep_is_read(&in);
        if (at_keep_is_read(&in)) {
            attune_window w;
            for (int64_t t = BREAK_MS; t < BREAK_MS + 600; t += 40)
                if (attune_session_push_video(x.c->s, t * MS, x.c->rgb, FAKE_W, FAKE_H,
                                              3 * FAKE_W) < 0 ||
                    attune_session_next(x.c->s, &w) < 0)
                    break;
            while (at_hindsight_next(&x.h, 1, &w))
                continue;
        }
        end(&x);
    }
    assert_in_range(refused, DAMAGED / 10, DAMAGED - 1);
    free(copy);
    at_keep_free(&k);
    end(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_have_ranges),
        cmocka_unit_test(test_times_have_ranges),
        cmocka_unit_test(test_places_are_numbers),
        cmocka_unit_test(test_nobody_was_seen_later_than_now),
        cmocka_unit_test(test_a_clock_is_one_that_something_moved),
        cmocka_unit_test(test_no_pointer_is_read),
        cmocka_unit_test(test_what_is_said_beside_has_ranges),
        cmocka_unit_test(test_a_column_goes_on),
        cmocka_unit_test(test_a_column_is_one_that_rows_made),
        cmocka_unit_test(test_the_same_windows_come_of_it),
        cmocka_unit_test(test_damaged_ones_break_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
