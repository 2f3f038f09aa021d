/* What windows add up to: evidence and its uncertainty, gaps, the unusual; faces, lanes, bins. */
#include "made_windows.h"
#include "report/outcome.h"
#include "report/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t hop = MADE_HOP_US;

static void add(at_stats *s, attune_window w)
{
    assert_int_equal(at_stats_add(s, &w), ATTUNE_OK);
}

static void assert_stretch(const at_stretch *s, int from, int to)
{
    assert_int_equal(s->start_us, from * hop);
    assert_int_equal(s->end_us, to * hop);
}

static at_stats *open_stats(int lanes)
{
    attune_state_usual usual;
    at_stats *s = calloc(1, sizeof *s);
    assert_non_null(s);
    attune_model_state_usual(NULL, &usual);
    at_stats_init(s, hop, 3, lanes, &usual);
    return s;
}

static void close_stats(at_stats *s)
{
    at_stats_free(s);
    free(s);
}

/* ---- evidence ------------------------------------------------------------------------------ */

static void shares_and_stretches(void **state)
{
    static const int seen[] = {0, 0, 1, 1, 1, 0, -1, 1, 1, 1}; /* -1: nothing to go on */
    at_stats *s = open_stats(1);
    const at_topic_stats *h = &s->all.topic[AT_TOPIC_EXPRESSION];
    (void)state;
    for (int i = 0; i < 10; i++)
        add(s, seen[i] < 0 ? made_nothing(i + 1) : made_window(i + 1, seen[i], 9));
    at_stats_close(s);
    assert_int_equal(s->windows, 10);
    assert_int_equal(s->abstained, 1);
    assert_int_equal(s->there[ATTUNE_FACE], 9);
    assert_true(fabs(h->seconds - 4.5) < 1e-9);
    assert_true(fabs(at_subject_share(&s->all, AT_TOPIC_EXPRESSION, ATTUNE_HAPPY).value - 6.0 / 9) <
                1e-9);
    assert_true(fabs(at_topic_mean(h, ATTUNE_HAPPY) - (6 * 0.7 + 3 * 0.05) / 9) < 1e-6);
    assert_int_equal(at_topic_most(h), ATTUNE_HAPPY);
    assert_stretch(&h->longest[ATTUNE_NEUTRAL], 0, 2);
    assert_stretch(&h->longest[ATTUNE_HAPPY], 2, 5); /* the first of two equally long */
    assert_stretch(&s->presence[ATTUNE_FACE].longest, 6, 7);
    assert_true(fabs(at_subject_level(&s->all, ATTUNE_ENGAGEMENT).value - 2.5) < 1e-6);
    assert_true(fabs(at_stats_measure(s, 0) - 0.5) < 1e-6);
    assert_true(isnan(at_stats_measure(s, 7)));
    assert_int_equal(s->lanes, 1);
    close_stats(s);
}

static void nothing_is_said_of_nothing(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    add(s, made_nothing(1));
    at_stats_close(s);
    assert_int_equal(at_topic_most(&s->all.topic[AT_TOPIC_EXPRESSION]), -1);
    assert_true(isnan(at_subject_share(&s->all, AT_TOPIC_EXPRESSION, 0).value));
    assert_true(isnan(at_subject_level(&s->all, 0).value));
    assert_false(at_subject_enough(&s->all, AT_TOPIC_EXPRESSION));
    close_stats(s);
}

/* One sighting is in all windows that reach back to it, and says no more for that. */
static void one_sighting_is_too_little(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= 60; i++) {
        attune_window w = i >= 30 && i < 36 ? made_window(i, ATTUNE_NEUTRAL, 9) : made_nothing(i);
        w.used &= 1u << ATTUNE_FACE;
        w.seen[ATTUNE_FACE] = w.any_face = i == 30 ? 0.25f : 0;
        add(s, w);
    }
    at_stats_close(s);
    assert_true(s->all.topic[AT_TOPIC_EXPRESSION].seconds == 0);
    assert_true(fabs(s->presence[ATTUNE_FACE].there_s - 0.125) < 1e-9);
    assert_false(at_subject_enough(&s->all, AT_TOPIC_EXPRESSION));
    close_stats(s);
}

/* A window over a time without any input speaks for all of it, not for its last hop. */
static void a_window_of_a_gap_counts_whole(void **state)
{
    at_stats *s = open_stats(1);
    attune_window gap = made_nothing(40);
    (void)state;
    for (int i = 1; i <= 10; i++)
        add(s, made_window(i, 0, 9));
    gap.start_us = 5 * hop;
    add(s, gap);
    add(s, made_window(41, 0, 9));
    at_stats_close(s);
    assert_stretch(&s->estimate.longest, 10, 40);
    assert_true(fabs(s->estimate.there_s - 5.5) < 1e-9);
    assert_true(fabs(s->estimate.total_s - 20.5) < 1e-9);
    close_stats(s);
}

/* The windows reach 3 s back, but the face was away from 5 s to 8 s. */
static void gaps_are_true_times(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= 20; i++) {
        attune_window w = made_window(i, 0, i == 16 ? 0 : 9);
        w.seen[ATTUNE_FACE] = w.any_face = i > 10 && i <= 16 ? 0 : 1;
        add(s, w);
    }
    at_stats_close(s);
    assert_stretch(&s->presence[ATTUNE_FACE].longest, 10, 16);
    assert_true(fabs(s->presence[ATTUNE_FACE].there_s - 7) < 1e-9);
    assert_true(fabs(s->presence[ATTUNE_FACE].total_s - 10) < 1e-9);
    close_stats(s);
}

static at_interval happy_interval(int windows, int period)
{
    at_stats *s = open_stats(1);
    at_interval i;
    for (int n = 1; n <= windows; n++)
        add(s, made_window(n, n / period % 2 ? ATTUNE_HAPPY : ATTUNE_SAD, 9));
    at_stats_close(s);
    i = at_subject_share(&s->all, AT_TOPIC_EXPRESSION, ATTUNE_HAPPY);
    close_stats(s);
    return i;
}

/* More time makes surer; long moods make less sure than short ones; all of one kind is no proof. */
static void intervals_know_how_much_there_was(void **state)
{
    at_interval brief = happy_interval(24, 6), hour = happy_interval(7200, 6),
                moody = happy_interval(7200, 1800), none = happy_interval(6, 7200);
    (void)state;
    /* Wilson's interval of 2 of 4 independent windows. */
    assert_true(fabs(brief.value - 0.5) < 0.05 && fabs(brief.low - 0.15) < 0.03);
    assert_true(hour.high - hour.low < 0.1 && hour.low < hour.value && hour.value < hour.high);
    assert_true(moody.high - moody.low > 0.3);
    /* 0 of 1. */
    assert_true(none.value == 0 && none.low == 0 && fabs(none.high - 0.793) < 0.001);
}

static void the_usual_of_a_state_is_daisees(void **state)
{
    attune_state_usual usual;
    (void)state;
    attune_model_state_usual(NULL, &usual);
    assert_true(fabsf(usual.mean[ATTUNE_BOREDOM] - 0.804f) < 1e-3f);
    assert_true(fabsf(usual.mean[ATTUNE_ENGAGEMENT] - 2.413f) < 1e-3f);
    assert_true(fabsf(usual.mean[ATTUNE_CONFUSION] - 0.430f) < 1e-3f);
    assert_true(fabsf(usual.mean[ATTUNE_FRUSTRATION] - 0.271f) < 1e-3f);
    assert_true(fabsf(usual.deviation[ATTUNE_ENGAGEMENT] - 0.600f) < 1e-3f);
}

/* A face that is found in every second frame was seen for half the time, and is no gap. */
static void a_flickering_face_counts_in_part(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= 20; i++) {
        attune_window w = made_window(i, ATTUNE_NEUTRAL, 9);
        w.used = 1u << ATTUNE_FACE;
        w.seen[ATTUNE_FACE] = w.any_face = 0.5f;
        w.seen[ATTUNE_VOICE] = 0;
        add(s, w);
    }
    at_stats_close(s);
    assert_true(fabs(at_presence_share(&s->presence[ATTUNE_FACE]) - 0.5) < 1e-9);
    assert_int_equal(s->presence[ATTUNE_FACE].longest.end_us, 0);
    assert_true(fabs(s->all.topic[AT_TOPIC_EXPRESSION].seconds - 5) < 1e-9);
    close_stats(s);
}

static void the_unusual_is_against_the_usual(void **state)
{
    at_stats *s = open_stats(1);
    const at_departure *d;
    (void)state;
    for (int i = 1; i <= 80; i++) {
        attune_window w = made_window(i, 0, 9);
        int bored = i > 40 && i <= 60;
        w.state4[ATTUNE_BOREDOM][0] = (float)!bored;
        w.state4[ATTUNE_BOREDOM][2] = (float)bored;
        add(s, w);
    }
    at_stats_close(s);
    d = at_subject_unusual(&s->all, ATTUNE_BOREDOM);
    assert_non_null(d);
    assert_stretch(&d->when, 40, 60);
    assert_true(fabs(at_departure_levels(d) - (2 - 0.8044)) < 1e-3);
    /* Engagement is the highest level of all, and usual. */
    assert_null(at_subject_unusual(&s->all, ATTUNE_ENGAGEMENT));
    assert_null(at_subject_unusual(&s->all, ATTUNE_FRUSTRATION));
    close_stats(s);
}

static void speech_may_pause(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= 12; i++) {
        attune_window w = made_voice(i, ATTUNE_SAD);
        w.seen[ATTUNE_VOICE] = i % 3 ? 0.8f : 0.1f;
        add(s, w);
    }
    at_stats_close(s);
    assert_true(fabs(s->all.topic[AT_TOPIC_EXPRESSION].seconds - 4) < 1e-9);
    assert_stretch(&s->all.topic[AT_TOPIC_EXPRESSION].longest[ATTUNE_SAD], 0, 11);
    assert_true(s->all.topic[AT_TOPIC_ENGAGEMENT].seconds == 0); /* states need a face */
    close_stats(s);
}

static void a_missing_stretch_ends_a_stretch(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= 12; i++)
        if (i < 4 || i > 6)
            add(s, made_window(i, 0, 9));
    at_stats_close(s);
    assert_stretch(&s->all.topic[AT_TOPIC_EXPRESSION].longest[0], 6, 12);
    close_stats(s);
}

/* ---- faces and lanes ------------------------------------------------------------------------ */

static void each_face_has_its_own_sums(void **state)
{
    at_stats *s = open_stats(2);
    (void)state;
    for (int i = 1; i <= 20; i++) {
        add(s, made_window(i, ATTUNE_HAPPY, 1));
        if (i > 10)
            add(s, made_window(i, ATTUNE_SAD, 2));
    }
    at_stats_close(s);
    assert_int_equal(s->faces, 2);
    assert_true(s->several);
    assert_true(fabs(s->face[0]->seen_s - 10) < 1e-9 && fabs(s->face[1]->seen_s - 5) < 1e-9);
    assert_int_equal(at_topic_most(&s->face[0]->topic[AT_TOPIC_EXPRESSION]), ATTUNE_HAPPY);
    assert_int_equal(at_topic_most(&s->face[1]->topic[AT_TOPIC_EXPRESSION]), ATTUNE_SAD);
    assert_int_equal(s->face[1]->first_us, 10 * hop);
    /* Of the whole, a moment is shared between those in it. */
    assert_true(fabs(s->all.topic[AT_TOPIC_EXPRESSION].seconds - 10) < 1e-9);
    assert_true(fabs(at_subject_share(&s->all, AT_TOPIC_EXPRESSION, ATTUNE_SAD).value - 0.25) <
                1e-9);
    close_stats(s);
}

static void a_voice_of_no_face_has_a_lane_beside_faces(void **state)
{
    at_stats *s = open_stats(2);
    (void)state;
    for (int i = 1; i <= 10; i++) {
        add(s, made_window(i, ATTUNE_HAPPY, 1));
        add(s, made_window(i, ATTUNE_SAD, 2));
        add(s, made_voice(i, ATTUNE_ANGRY));
    }
    at_stats_close(s);
    assert_int_equal(s->lanes, 3);
    assert_false(at_lane_is_faceless(s, 0));
    assert_true(at_lane_is_faceless(s, 2));
    assert_true(fabs(s->voice.topic[AT_TOPIC_EXPRESSION].seconds - 5) < 1e-9);
    assert_true(s->lane[2]->bin[3].emotion[ATTUNE_ANGRY] > 0.5f);
    close_stats(s);
}

/* Where one face at most is in view, the time without it is a gap in its lane. */
static void a_voice_fills_the_gap_of_the_only_face(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= 10; i++)
        add(s, i < 6 ? made_window(i, ATTUNE_HAPPY, 1) : made_voice(i, ATTUNE_ANGRY));
    at_stats_close(s);
    assert_int_equal(s->lanes, 1);
    assert_int_equal(s->lane[0]->windows, 10);
    assert_true(s->lane[0]->bin[8].emotion[ATTUNE_ANGRY] > 0.5f);
    close_stats(s);
}

/* A window still has the face that left; what is heard meanwhile is not of the face. */
static void a_voice_without_its_face_is_the_voices(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= 20; i++) {
        attune_window w = made_window(i, i <= 10 ? ATTUNE_HAPPY : ATTUNE_SAD, 2);
        w.seen[ATTUNE_FACE] = w.any_face = i <= 10;
        add(s, w);
    }
    add(s, made_window(21, ATTUNE_HAPPY, 1));
    at_stats_close(s);
    assert_int_equal(s->face[0]->track, 1);
    assert_true(fabs(s->face[1]->topic[AT_TOPIC_EXPRESSION].seconds - 5) < 1e-9);
    assert_true(fabs(s->voice.topic[AT_TOPIC_EXPRESSION].seconds - 5) < 1e-9);
    assert_true(fabs(s->all.topic[AT_TOPIC_EXPRESSION].seconds - 10.5) < 1e-9);
    close_stats(s);
}

static void too_many_faces_are_counted(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= AT_FACES + 5; i++)
        add(s, made_window(i, ATTUNE_HAPPY, (uint32_t)i));
    at_stats_close(s);
    assert_int_equal(s->faces, AT_FACES);
    assert_int_equal(s->more_faces, 5);
    assert_true(fabs(s->all.seen_s - (AT_FACES + 5) * 0.5) < 1e-9);
    close_stats(s);
}

/* However long the input, no more than AT_BINS bins, and no window is lost from them. */
static void bins_merge(void **state)
{
    enum { HOURS = 5, N = HOURS * 7200 };
    at_stats *s = open_stats(1);
    int windows = 0;
    double happy = 0;
    (void)state;
    for (int i = 1; i <= N; i++)
        add(s, made_window(i, i <= N / 2 ? ATTUNE_NEUTRAL : ATTUNE_HAPPY, 9));
    at_stats_close(s);
    assert_true(at_stats_bins(s) <= AT_BINS && at_stats_bins(s) > AT_BINS / 2);
    assert_int_equal(s->bin_us % hop, 0);
    for (int i = 0; i < at_stats_bins(s); i++) {
        const at_bin *b = &s->lane[0]->bin[i];
        windows += b->windows;
        happy += (double)b->emotion[ATTUNE_HAPPY];
    }
    assert_int_equal(windows, N);
    assert_true(fabs(happy / N - (0.7 + 0.05) / 2) < 1e-4);
    assert_true(s->lane[0]->bin[1].emotion[ATTUNE_HAPPY] <
                0.1f * (float)s->lane[0]->bin[1].windows);
    close_stats(s);
}

/* Of a clock that counts from 1970 as of one that begins at 0. */
static void bins_begin_where_the_input_does(void **state)
{
    const int64_t begin = INT64_C(1700000000000000);
    at_stats *plain = open_stats(1), *late = open_stats(1);
    (void)state;
    for (int i = 1; i <= 2 * AT_BINS; i++) {
        attune_window w = made_window(i, i % 3, 9);
        add(plain, w);
        w.start_us += begin + (w.start_us ? 0 : 40000);
        w.end_us += begin;
        add(late, w);
    }
    at_stats_close(plain);
    at_stats_close(late);
    assert_int_equal(plain->begin_us, 0);
    assert_int_equal(late->begin_us, begin);
    assert_int_equal(late->bin_us, 2 * hop);
    assert_int_equal(at_stats_bins(late), AT_BINS);
    assert_int_equal(at_stats_length_us(late), at_stats_length_us(plain));
    assert_memory_equal(late->lane[0]->bin, plain->lane[0]->bin, sizeof plain->lane[0]->bin);
    close_stats(plain);
    close_stats(late);
}

/* Nobody is seen for long in a short input. */
static void a_late_clock_makes_no_glimpses(void **state)
{
    at_stats *s = open_stats(1);
    attune_window w = made_window(1, ATTUNE_HAPPY, 9);
    (void)state;
    w.start_us += 1000 * hop;
    w.end_us += 1000 * hop;
    add(s, w);
    at_stats_close(s);
    assert_false(at_is_glimpse(s, s->face[0]));
    close_stats(s);
}

/* Of one moment, whatever its clock. */
static void one_picture_is_a_still(void **state)
{
    const attune_input_info one = {.has_video = 1, .counts = {.frames = 1}};
    (void)state;
    for (int moments = 1; moments <= 2; moments++) {
        at_stats *s = open_stats(1);
        for (int i = 1; i <= moments; i++) {
            attune_window w = made_window(i, ATTUNE_HAPPY, 9);
            w.start_us += 1000 * hop;
            w.end_us += 1000 * hop;
            add(s, w);
        }
        at_stats_close(s);
        at_stats_take_input(s, &one);
        assert_int_equal(s->still, moments == 1);
        close_stats(s);
    }
}

static void faces_keep_their_lanes(void **state)
{
    at_stats *s = open_stats(2);
    (void)state;
    add(s, made_window(1, 0, 11));
    add(s, made_window(2, 0, 11));
    add(s, made_window(2, 1, 22));
    add(s, made_window(3, 1, 22)); /* 11 has gone */
    add(s, made_window(4, 1, 22));
    add(s, made_window(4, 2, 33)); /* takes 11's lane */
    add(s, made_nothing(5));
    add(s, made_window(6, 1, 44));
    at_stats_close(s);
    assert_int_equal(s->lanes, 2);
    assert_int_equal(s->lane[1]->bin[2].windows, 1);
    assert_true(s->lane[1]->bin[2].emotion[1] > 0.5f);
    assert_true(s->lane[0]->bin[3].emotion[2] > 0.5f);
    close_stats(s);
}

/* One face at a time takes one lane, even where one directly follows another. */
static void one_face_at_a_time_is_one_lane(void **state)
{
    at_stats *s = open_stats(1);
    (void)state;
    for (int i = 1; i <= 20; i++)
        add(s, i % 5 ? made_window(i, 0, (uint32_t)(i / 3 + 1)) : made_nothing(i));
    at_stats_close(s);
    assert_int_equal(s->lanes, 1);
    assert_int_equal(s->lane[0]->windows, 20);
    close_stats(s);
}

/* The largest three that are worth a word. */
static void what_is_usual_is_said(void **state)
{
    char text[AT_HABIT_SIZE];
    float offset[ATTUNE_EMOTIONS] = {0};
    (void)state;
    assert_null(at_habit_words(text, offset));
    offset[ATTUNE_HAPPY] = 0.4f;
    offset[ATTUNE_ANGRY] = NAN;
    assert_null(at_habit_words(text, offset));
    offset[ATTUNE_ANGRY] = 0.51f;
    offset[ATTUNE_SURPRISED] = 1.26f;
    offset[ATTUNE_SAD] = -0.9f;
    offset[ATTUNE_NEUTRAL] = -0.55f;
    assert_string_equal(at_habit_words(text, offset),
                        "more surprised (1.3), less sad (0.9), less neutral (0.6)");
}

/* Of the answers of one person: a last window that has one stream alone is no more than one of many. */
static void what_is_usual_is_a_mean(void **state)
{
    attune_window w = {.track = 2, .used = 3, .end_us = 500000};
    attune_state_usual usual = {0};
    at_subject s;
    (void)state;
    at_subject_init(&s, 2, 3, &usual);
    at_subject_add(&s, &w, 0, 1); /* nothing is known yet */
    for (int i = 1; i <= 4; i++) {
        w.baseline_s = (float)i;
        w.offset[ATTUNE_SAD] = i < 4 ? 0.5f : 1.5f;
        at_subject_add(&s, &w, 0, 1);
    }
    w.used = 0; /* no answer */
    w.offset[ATTUNE_SAD] = 0;
    at_subject_add(&s, &w, 0, 1);
    w.used = 3;
    w.track = 0; /* a voice */
    at_subject_add(&s, &w, 0, 1);
    assert_float_equal(s.habit.offset[ATTUNE_SAD], 0.75, 1e-6);
    assert_float_equal(s.habit.seconds, 4, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_and_stretches),
        cmocka_unit_test(what_is_usual_is_said),
        cmocka_unit_test(what_is_usual_is_a_mean),
        cmocka_unit_test(nothing_is_said_of_nothing),
        cmocka_unit_test(one_sighting_is_too_little),
        cmocka_unit_test(a_window_of_a_gap_counts_whole),
        cmocka_unit_test(gaps_are_true_times),
        cmocka_unit_test(intervals_know_how_much_there_was),
        cmocka_unit_test(the_usual_of_a_state_is_daisees),
        cmocka_unit_test(a_flickering_face_counts_in_part),
        cmocka_unit_test(the_unusual_is_against_the_usual),
        cmocka_unit_test(speech_may_pause),
        cmocka_unit_test(a_missing_stretch_ends_a_stretch),
        cmocka_unit_test(each_face_has_its_own_sums),
        cmocka_unit_test(a_voice_of_no_face_has_a_lane_beside_faces),
        cmocka_unit_test(a_voice_fills_the_gap_of_the_only_face),
        cmocka_unit_test(a_voice_without_its_face_is_the_voices),
        cmocka_unit_test(too_many_faces_are_counted),
        cmocka_unit_test(bins_merge),
        cmocka_unit_test(bins_begin_where_the_input_does),
        cmocka_unit_test(a_late_clock_makes_no_glimpses),
        cmocka_unit_test(one_picture_is_a_still),
        cmocka_unit_test(faces_keep_their_lanes),
        cmocka_unit_test(one_face_at_a_time_is_one_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
