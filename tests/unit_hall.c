/* The hall: learners who come, go and come back, and workers who serve them in turn. With the default model;
 * skipped without it. */
#include "made_live.h"
#include "report/hints.h"
#include "serve/hall.h"
#include "serve/now.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 300, SOON_S = 60 };
static const int64_t minute = 60000000;
static const int both[AT_STREAMS] = {1, 1};

static atomic_int woken;

static void wake(void *user)
{
    (void)user;
    atomic_fetch_add(&woken, 1);
}

static const char *const columns[] = {"heart_rate", "clicks", NULL};
static const attune_beside_setup beside = {.signals = columns, .events = 2, .chat = 1};

static at_hall *opened_beside(attune_store *store, const attune_beside_setup *setup, int seats,
                              int workers)
{
    at_hall *h;
    attune_error err;
    attune_options session = options;
    session.beside = setup;
    const at_hall_options o = {.model = model,
                               .store = store,
                               .session = session,
                               .width_max = 64,
                               .height_max = 64,
                               .seats = seats,
                               .workers = workers,
                               .away_us = 2 * minute,
                               .wake = wake};
    assert_int_equal(at_hall_open(&h, &o, &err), ATTUNE_OK);
    return h;
}

static at_hall *opened_with(attune_store *store, int seats, int workers)
{
    return opened_beside(store, NULL, seats, workers);
}

static at_hall *opened(int seats, int workers)
{
    return opened_with(NULL, seats, workers);
}

static at_seat *entered(at_hall *h, void *guest, int64_t now)
{
    at_seat *s;
    void *before;
    assert_int_equal(at_hall_enter(h, "", both, guest, now, &s, &before), AT_ENTERED);
    assert_null(before);
    return s;
}

static void places_are_taken_left_and_taken_again(void **state)
{
    int a, b, c, d;
    at_seat *sa, *sb, *sc, *back;
    void *before;
    char name[AT_WIRE_ID_SIZE];
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened(2, 1);
    sa = entered(h, &a, 1000);
    sb = entered(h, &b, 2000);
    assert_string_not_equal(at_seat_name(sa), at_seat_name(sb));
    assert_int_equal(at_hall_enter(h, "", both, &c, 3000, &sc, &before), AT_NO_SEAT);
    /* who comes back while the old connection still stands takes its place */
    strcpy(name, at_seat_name(sa));
    assert_int_equal(at_hall_enter(h, name, both, &c, 4000, &back, &before), AT_RESUMED);
    assert_ptr_equal(back, sa);
    assert_ptr_equal(before, &a);
    assert_ptr_equal(at_seat_guest(sa), &c);
    /* a minute away is not too long */
    at_hall_leave(h, sa, minute);
    at_hall_tidy(h, 2 * minute);
    assert_int_equal(at_hall_enter(h, name, both, &a, 2 * minute, &back, &before), AT_RESUMED);
    assert_null(before);
    /* who has been away longest makes room */
    at_hall_leave(h, sb, 2 * minute);
    at_hall_leave(h, sa, 2 * minute + 1);
    strcpy(name, at_seat_name(sb));
    sc = entered(h, &c, 2 * minute + 2);
    assert_int_equal(at_hall_seated(h), 2);
    assert_int_equal(at_hall_enter(h, name, both, &d, 2 * minute + 3, &back, &before), AT_ENTERED);
    assert_int_equal(at_hall_seated(h), 2);
    /* and a place is given up after two minutes */
    at_hall_leave(h, back, 3 * minute);
    at_hall_tidy(h, 5 * minute - 1);
    assert_int_equal(at_hall_seated(h), 2);
    at_hall_tidy(h, 5 * minute);
    assert_int_equal(at_hall_seated(h), 1);
    assert_ptr_equal(at_seat_guest(sc), &c);
    at_hall_free(&h);
    assert_null(h);
}

static const char *put(at_hall *h, at_seat *s, at_stream stream, int64_t t, int64_t now,
                       at_refusal *why)
{
    static uint8_t jpeg[256];
    static size_t size;
    size = size ? size : make_jpeg(jpeg);
    const at_sent picture = {.stream = AT_STREAM_VIDEO, .t_us = t, .data = jpeg, .size = size};
    const at_sent sound = {
        .stream = AT_STREAM_AUDIO,
        .t_us = t,
        .data = (const uint8_t *)(samples + t * 16 / 1000 % (SECONDS * SECOND - PIECE)),
        .size = 2 * PIECE};
    return at_seat_put(h, s, stream == AT_STREAM_VIDEO ? &picture : &sound, now, why);
}

/* Of whoever is away and has nothing to be done. */
static void a_place_is_found_though_somebody_is_served(void **state)
{
    int a, b, c;
    at_seat *s;
    at_refusal why;
    void *before;
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened(2, 1);
    at_seat *busy = entered(h, &a, 0), *idle = entered(h, &b, 0);
    for (int t = 0; t < 20; t++)
        assert_null(put(h, busy, AT_STREAM_AUDIO, t * 100000, 0, &why));
    at_hall_leave(h, busy, 1);
    at_hall_leave(h, idle, 2);
    usleep(1000); /* the worker has begun */
    assert_int_equal(at_hall_enter(h, "", both, &c, 3, &s, &before), AT_ENTERED);
    assert_int_equal(at_hall_seated(h), 2);
    at_hall_free(&h);
}

static void what_comes_at_the_wrong_time_is_refused(void **state)
{
    at_refusal why;
    int a;
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened(1, 1);
    at_seat *s = entered(h, &a, minute);
    assert_null(put(h, s, AT_STREAM_VIDEO, 5 * minute, minute, &why));
    assert_null(put(h, s, AT_STREAM_AUDIO, 5 * minute - 1000, minute,
                    &why)); /* another kind may be earlier */
    assert_non_null(put(h, s, AT_STREAM_VIDEO, 5 * minute - 1, minute, &why));
    assert_int_equal(why, AT_REFUSED_PROTOCOL);
    assert_null(put(h, s, AT_STREAM_AUDIO, 7 * minute, minute, &why));
    assert_non_null(put(h, s, AT_STREAM_AUDIO, 7 * minute + 1, minute, &why));
    assert_int_equal(why, AT_REFUSED_PROTOCOL);
    assert_null(put(h, s, AT_STREAM_AUDIO, 7 * minute + 1, minute + 1, &why));
    int n = 0;
    while (n < 1000 && !put(h, s, AT_STREAM_VIDEO, 5 * minute, minute + 2, &why))
        n++;
    assert_in_range(n, 297, 300);
    assert_int_equal(why, AT_REFUSED_TOO_FAST);
    at_hall_free(&h);
}

static at_said row(int64_t t_us, float heart_rate, float clicks)
{
    return (at_said){.kind = AT_SAID_SIGNAL,
                     .rows = 1,
                     .columns = 2,
                     .row = {{.t_us = t_us, .value = {heart_rate, clicks}}}};
}

static void assert_not_taken(at_hall *h, at_seat *s, const at_said *said, int64_t now,
                             at_refusal expected, const char *words)
{
    at_refusal why;
    const char *fault = at_seat_put_beside(h, s, said, now, &why);
    assert_non_null(fault);
    assert_non_null(strstr(fault, words));
    assert_int_equal(why, expected);
}

static void what_comes_beside_is_bounded(void **state)
{
    at_said r = row(minute, 70, 1),
            chat = {.kind = AT_SAID_CHAT, .t_us = minute, .text = "I am lost"};
    at_standing standing;
    at_refusal why;
    int a, n;
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened_beside(NULL, &beside, 1, 1);
    at_seat *s = entered(h, &a, minute);
    assert_null(at_seat_put_beside(h, s, &r, minute, &why)); /* dropped: no time is counted yet */
    assert_null(put(h, s, AT_STREAM_AUDIO, 5 * minute, minute, &why));
    r.row[0].t_us = 5 * minute;
    assert_null(at_seat_put_beside(h, s, &r, minute, &why));
    assert_null(at_seat_put_beside(h, s, &chat, minute, &why)); /* each by itself */
    r.row[0].t_us--;
    assert_not_taken(h, s, &r, minute, AT_REFUSED_PROTOCOL, "before that of what was sent");
    r.row[0].t_us = 7 * minute + 1;
    assert_not_taken(h, s, &r, minute, AT_REFUSED_PROTOCOL, "ahead of the time");
    r = row(6 * minute, -70, -1); /* clicks are counted no more */
    assert_null(at_seat_put_beside(h, s, &r, minute, &why));
    r.columns = 1;
    assert_not_taken(h, s, &r, minute, AT_REFUSED_PROTOCOL, "not the columns");
    r.columns = 2;
    for (n = 0; n < 100 && !at_seat_put_beside(h, s, &r, minute, &why); n++)
        ;
    assert_int_equal(n, 40 - 5);
    assert_int_equal(why, AT_REFUSED_TOO_FAST);
    for (n = 0; n < 100 && !at_seat_put_beside(h, s, &chat, minute, &why); n++)
        ;
    assert_int_equal(n, 20 - 1);
    assert_int_equal(why, AT_REFUSED_TOO_FAST);
    at_seat_standing(h, s, &standing);
    assert_true(standing.dropped_beside >= 0);
    at_hall_free(&h);
    /* nor where none is taken */
    h = opened(1, 1);
    s = entered(h, &a, minute);
    assert_not_taken(h, s, &r, minute, AT_REFUSED_PROTOCOL, "no signal is taken here");
    assert_not_taken(h, s, &chat, minute, AT_REFUSED_PROTOCOL, "no chat is taken here");
    at_seat_standing(h, s, &standing);
    assert_int_equal(standing.dropped_beside, -1);
    at_hall_free(&h);
}

/* Takes what is said to a seat until it is over; counts windows. */
static int windows_until_over(at_hall *h, at_seat *s, at_refusal *why)
{
    const int64_t end = at_now_us() + (int64_t)PATIENCE_S * 1000000;
    const char *fault;
    int n = 0, over = 0;
    while (!over && at_now_us() < end) {
        char *text = at_seat_say(h, s);
        n += text && strstr(text, "\"type\":\"window\"") != NULL;
        free(text);
        if (!text) {
            over = at_seat_is_over(h, s, why, &fault);
            usleep(1000);
        }
    }
    assert_int_not_equal(over, 0);
    return over > 0 ? n : -1;
}

static void a_flood_is_the_loss_of_who_sends_it(void **state)
{
    enum { SEATS = 4 };
    int guest[SEATS];
    at_seat *s[SEATS];
    at_refusal why;
    at_standing standing;
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened(SEATS, 2);
    for (int i = 0; i < SEATS; i++)
        s[i] = entered(h, &guest[i], 0);
    for (int t = 0; t < SECONDS * 10; t++)
        for (int i = 0; i < SEATS; i++) {
            assert_null(put(h, s[i], AT_STREAM_AUDIO, t * 100000, 0, &why));
            /* the first sends all that it has at once; the others wait as their windows come */
            for (int64_t end = at_now_us() + (int64_t)PATIENCE_S * 1000000;
                 i > 0 && at_now_us() < end;) {
                at_seat_standing(h, s[i], &standing);
                if (standing.t_us >= t * 100000 - 500000 || t < 6)
                    break;
                usleep(1000);
            }
        }
    for (int t = 0; t < 150; t++)
        assert_null(put(h, s[0], AT_STREAM_AUDIO, (SECONDS * 10 + t) * 100000, t * 100000, &why));
    for (int i = 0; i < SEATS; i++)
        at_seat_end(h, s[i]);
    for (int i = 1; i < SEATS; i++) {
        assert_int_equal(windows_until_over(h, s[i], &why), 2 * SECONDS);
        at_seat_standing(h, s[i], &standing);
        assert_int_equal(standing.dropped_sound_us, 0);
        assert_int_equal(standing.lost_windows, 0);
    }
    windows_until_over(h, s[0], &why);
    assert_true(atomic_load(&woken) > 0);
    at_hall_free(&h);
}

/* Seconds pass, as far as the hall can tell. */
static int64_t let_pass(at_hall *h, int64_t now, int seconds)
{
    for (int i = 0; i < seconds; i++)
        at_hall_tidy(h, now += 1000000);
    return now;
}

static void nobody_new_is_let_in_where_work_piles_up(void **state)
{
    enum { SEATS = 3 };
    int guest[SEATS + 1];
    at_seat *s[SEATS], *late;
    at_refusal why;
    void *before;
    int64_t now = 1000;
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened(SEATS + 1, 1);
    for (int i = 0; i < SEATS; i++)
        s[i] = entered(h, &guest[i], now);
    for (int t = 0; t < 20; t++)
        for (int i = 0; i < SEATS; i++)
            assert_null(put(h, s[i], AT_STREAM_AUDIO, t * 100000, now, &why));
    now = let_pass(h, now, 30);
    assert_int_equal(at_hall_enter(h, "", both, &guest[SEATS], now, &late, &before), AT_OVERTAXED);
    for (int i = 0; i < SEATS; i++)
        at_seat_end(h, s[i]);
    for (int i = 0; i < SEATS; i++)
        assert_true(windows_until_over(h, s[i], &why) > 0);
    now = let_pass(h, now, 30);
    late = entered(h, &guest[SEATS], now);
    at_hall_free(&h);
}

static void who_does_not_listen_loses_the_oldest_windows(void **state)
{
    int a;
    at_refusal why;
    at_standing standing;
    const char *fault;
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened(1, 1);
    at_seat *s = entered(h, &a, 0);
    for (int i = 0; i < 20; i++) /* 114 windows; what is more than a window apart would be fewer */
        assert_null(put(h, s, AT_STREAM_AUDIO, i * minute / 20, 0, &why));
    at_seat_end(h, s);
    int64_t end = at_now_us() + (int64_t)PATIENCE_S * 1000000;
    do {
        usleep(1000);
        at_seat_standing(h, s, &standing);
    } while (standing.lost_windows < 50 && at_now_us() < end);
    assert_in_range(windows_until_over(h, s, &why), 1, 64);
    at_seat_standing(h, s, &standing);
    assert_in_range(standing.lost_windows, 50, 52);
    assert_int_equal(at_seat_is_over(h, s, &why, &fault), 1);
    /* who is through gives up the place by leaving */
    at_hall_leave(h, s, 0);
    at_hall_tidy(h, 1);
    assert_int_equal(at_hall_seated(h), 0);
    at_hall_free(&h);
}

static void a_picture_that_is_none_ends_its_session(void **state)
{
    int a, b;
    at_refusal why;
    const at_sent junk = {.stream = AT_STREAM_VIDEO, .data = (const uint8_t *)"junk", .size = 4};
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened(2, 1);
    at_seat *s = entered(h, &a, 0), *other = entered(h, &b, 0);
    assert_null(at_seat_put(h, s, &junk, 0, &why));
    assert_int_equal(windows_until_over(h, s, &why), -1);
    assert_int_equal(why, AT_REFUSED_PROTOCOL);
    assert_null(put(h, other, AT_STREAM_VIDEO, 0, 0, &why));
    at_seat_end(h, other);
    assert_int_equal(windows_until_over(h, other, &why), 1);
    at_hall_free(&h);
}

static int message_comes(at_hall *h, at_seat *s, const char *type)
{
    const int64_t end = at_now_us() + (int64_t)SOON_S * 1000000;
    int came = 0;
    while (!came && at_now_us() < end) {
        char *text = at_seat_say(h, s);
        came = text && strstr(text, type);
        free(text);
        if (!text)
            usleep(1000);
    }
    return came;
}

/* Wishes to forget reach the store when the session is over, and when its place is given up. */
static void a_wish_to_forget_is_not_lost(void **state)
{
    int a, b;
    at_refusal why;
    (void)state;
    if (!model || !can_keep)
        skip();
    attune_store *store = opened_store();
    at_hall *h = opened_with(store, 2, 1);
    at_seat *s = entered(h, &a, 0), *other = entered(h, &b, 0);
    at_seat_keep(h, s, "1");
    assert_true(message_comes(h, s, "\"kept\""));
    for (int t = 0; t < 10; t++)
        assert_null(put(h, s, AT_STREAM_AUDIO, t * 100000, 0, &why));
    at_seat_end(h, s);
    assert_true(windows_until_over(h, s, &why) > 0);
    assert_true(is_kept(store));
    at_seat_keep(h, s, NULL);
    assert_true(message_comes(h, s, "\"forgotten\""));
    assert_false(is_kept(store));
    /* somebody else's sound is before it when everything ends */
    at_seat_keep(h, other, "1");
    assert_true(message_comes(h, other, "\"kept\""));
    assert_true(is_kept(store));
    at_hall_leave(h, s, 0);
    s = entered(h, &a, 2 * minute);
    for (int t = 0; t < 20; t++)
        assert_null(put(h, s, AT_STREAM_AUDIO, t * 100000, 2 * minute, &why));
    at_seat_keep(h, other, NULL);
    at_hall_free(&h);
    assert_false(is_kept(store));
    attune_store_free(&store);
}

/* One to keep that follows closely is of what comes from then on. */
static void a_wish_to_forget_is_not_undone(void **state)
{
    int a;
    at_refusal why;
    (void)state;
    if (!model || !can_keep)
        skip();
    attune_store *store = opened_store();
    at_hall *h = opened_with(store, 1, 1);
    at_seat *s = entered(h, &a, 0);
    at_seat_keep(h, s, "1");
    assert_true(message_comes(h, s, "\"kept\""));
    for (int t = 0; t < 10; t++)
        assert_null(put(h, s, AT_STREAM_AUDIO, t * 100000, 0, &why));
    at_seat_keep(h, s, NULL);
    at_seat_keep(h, s, "1");
    assert_true(message_comes(h, s, "\"forgotten\""));
    assert_true(message_comes(h, s, "\"kept\""));
    assert_true(is_kept(store));
    for (int t = 10; t < 20; t++)
        assert_null(put(h, s, AT_STREAM_AUDIO, t * 100000, 0, &why));
    at_seat_keep(h, s, NULL);
    at_seat_keep(h, s, "1");
    at_hall_free(&h);
    assert_false(is_kept(store));
    attune_store_free(&store);
}

static void what_is_never_to_be_kept_is_not(void **state)
{
    int a;
    (void)state;
    if (!model || !can_keep)
        skip();
    attune_store *store = opened_store();
    at_hall *h = opened_with(store, 1, 1);
    at_seat *s = entered(h, &a, 0);
    at_seat_keep(h, s, "1");
    assert_true(message_comes(h, s, "\"kept\""));
    at_seat_never_keep(h, s);
    assert_true(message_comes(h, s, "\"forgotten\""));
    assert_false(is_kept(store));
    at_seat_keep(h, s, "1");
    assert_true(message_comes(h, s, "\"forgotten\""));
    assert_false(is_kept(store));
    at_hall_free(&h);
    attune_store_free(&store);
}

static void nobody_in_the_picture_is_hinted_at(void **state)
{
    const int64_t end = at_now_us() + (int64_t)PATIENCE_S * 1000000;
    at_standing standing;
    at_refusal why;
    int a;
    (void)state;
    if (!model)
        skip();
    at_hall *h = opened(1, 1);
    at_seat *s = entered(h, &a, 0);
    for (int i = 0; i < 6; i++)
        assert_null(put(h, s, AT_STREAM_VIDEO, i * 125000, 0, &why));
    do {
        usleep(1000);
        at_seat_standing(h, s, &standing);
    } while (standing.t_us < 5 * 125000 && at_now_us() < end);
    assert_int_equal(standing.hints, 1u << AT_HINT_NO_FACE); /* before any window */
    at_seat_stream(h, s, AT_STREAM_VIDEO, 0);
    at_seat_standing(h, s, &standing);
    assert_int_equal(standing.hints, 0);
    at_hall_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wish_to_forget_is_not_lost),
        cmocka_unit_test(a_wish_to_forget_is_not_undone),
        cmocka_unit_test(what_is_never_to_be_kept_is_not),
        cmocka_unit_test(nobody_in_the_picture_is_hinted_at),
        cmocka_unit_test(places_are_taken_left_and_taken_again),
        cmocka_unit_test(a_place_is_found_though_somebody_is_served),
        cmocka_unit_test(what_comes_at_the_wrong_time_is_refused),
        cmocka_unit_test(what_comes_beside_is_bounded),
        cmocka_unit_test(a_flood_is_the_loss_of_who_sends_it),
        cmocka_unit_test(nobody_new_is_let_in_where_work_piles_up),
        cmocka_unit_test(who_does_not_listen_loses_the_oldest_windows),
        cmocka_unit_test(a_picture_that_is_none_ends_its_session),
    };
    return cmocka_run_group_tests(tests, make_live, remove_live);
}
