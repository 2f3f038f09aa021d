/* The hall: learners who come, go and come back, workers who serve them in turn, and what each of them
 * gets: the windows of a session that is pushed the same. With the default model; skipped without it. */
#include "at_config.h"
#include "serve/analysis.h"
#include "serve/hall.h"
#include "report/hints.h"
#include "serve/load_clip.h"
#include "serve/now.h"
#include "sounds.h"

#include "base/mem.h"
#include "media/media.h"

#include <attune/sink.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECONDS = 3, PIECE = 1600, PATIENCE_S = 300 };
static const int64_t minute = 60000000;

static attune_model *model;
static int can_keep; /* the build has SQLite */
static char folder[] = "/tmp/attune-hall-XXXXXX", store_path[64];
static float voice[LONG];
static int16_t samples[SECONDS * SECOND];

static const attune_options options = {.rate = 8,
                                       .window_s = 3,
                                       .hop_s = 0.5,
                                       .lag_s = 1,
                                       .max_tracks = 1,
                                       .min_face = 24,
                                       .threads = 1};

static const int both[AT_STREAMS] = {1, 1};

/* A baseline JPEG of 32 x 16 grey pixels: one component, tables of two codes each (ITU-T T.81). */
static size_t make_jpeg(uint8_t *out)
{
    static const uint8_t frame[] = {0xff, 0xc0, 0, 11, 8, 0, 16, 0, 32, 1, 1, 0x11, 0};
    static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0, 0, 0xff, 0xd9};
    uint8_t *p = out;
    *p++ = 0xff, *p++ = 0xd8;
    *p++ = 0xff, *p++ = 0xdb, *p++ = 0, *p++ = 67, *p++ = 0;
    memset(p, 1, 64);
    p += 64;
    memcpy(p, frame, sizeof frame);
    p += sizeof frame;
    for (int table = 0; table < 2; table++) {
        *p++ = 0xff, *p++ = 0xc4, *p++ = 0, *p++ = 21, *p++ = table ? 0x10 : 0, *p++ = 1, *p++ = 1;
        memset(p, 0, 15);
        p += 15;
        *p++ = 1;
    }
    memcpy(p, scan, sizeof scan);
    return (size_t)(p + sizeof scan - out);
}

static int setup(void **state)
{
    attune_error err;
    attune_store *store;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(store_path, sizeof store_path, "%s/s.db", folder);
    can_keep = attune_store_open(&store, store_path, 0, &err) != ATTUNE_E_UNSUPPORTED;
    attune_store_free(&store);
    if (access(attune_default_model(), R_OK) != 0)
        return 0;
    assert_int_equal(attune_model_load(&model, NULL, &err), ATTUNE_OK);
    make_bursts(voice);
    add_white(voice, LONG, 1e-3F, 1);
    for (int i = 0; i < SECONDS * SECOND; i++)
        samples[i] = (int16_t)(32767 * (voice[i] < -1 ? -1 : voice[i] > 1 ? 1 : voice[i]));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    attune_model_free(&model);
    unlink(store_path);
    return rmdir(folder);
}

/* ---- an analysis --------------------------------------------------------------------------- */

typedef struct told {
    attune_window w[64];
    char *message[64];
    int n;
} told;

static void note(void *user, const attune_window *w, char *message)
{
    told *t = user;
    assert_true(t->n < 64);
    t->w[t->n] = *w;
    t->message[t->n++] = message;
}

static void drain(attune_session *s, told *t)
{
    attune_window w;
    while (attune_session_next(s, &w) == 1)
        note(t, &w, NULL);
}

static void windows_are_those_of_a_session(void **state)
{
    told live = {0}, plain = {0};
    at_analysis *a;
    attune_session *s;
    attune_error err = {0};
    at_media_kept picture = {0};
    uint8_t jpeg[256];
    const size_t size = make_jpeg(jpeg);
    char *ended;
    (void)state;
    if (!model)
        skip();
    const at_analysis_setup o = {.model = model,
                                 .options = options,
                                 .width_max = 32,
                                 .height_max = 16,
                                 .window = note,
                                 .user = &live};
    assert_int_equal(at_analysis_open(&a, &o, &err), ATTUNE_OK);
    assert_int_equal(attune_session_open(&s, model, &options, &err), ATTUNE_OK);
    for (int i = 0; i < SECONDS * 10; i++) {
        const at_item sound = {.stream = AT_STREAM_AUDIO,
                               .t_us = i * 100000,
                               .data = (uint8_t *)(samples + i * PIECE),
                               .size = 2 * PIECE};
        const at_item frame = {
            .stream = AT_STREAM_VIDEO, .t_us = i * 100000, .data = jpeg, .size = size};
        const attune_sound x = {ATTUNE_S16, 16000, 1, samples + i * PIECE, PIECE};
        assert_int_equal(at_analysis_take(a, &frame, &err), ATTUNE_OK);
        assert_int_equal(at_analysis_take(a, &sound, &err), ATTUNE_OK);
        assert_int_equal(at_media_load_jpeg(jpeg, size, 32, 16, &picture, &err), ATTUNE_OK);
        assert_int_equal(attune_session_push_picture(s, i * 100000, &picture.packet.picture),
                         ATTUNE_OK);
        drain(s, &plain);
        assert_int_equal(attune_session_push_sound(s, i * 100000, &x), ATTUNE_OK);
        drain(s, &plain);
    }
    assert_int_equal(at_analysis_finish(a, &ended, &err), ATTUNE_OK);
    assert_int_equal(attune_session_finish(s), ATTUNE_OK);
    drain(s, &plain);
    assert_int_equal(live.n, 2 * SECONDS);
    assert_int_equal(plain.n, live.n);
    for (int i = 0; i < live.n; i++) {
        assert_memory_equal(&live.w[i], &plain.w[i], sizeof live.w[i]);
        assert_non_null(strstr(live.message[i], "\"type\":\"window\""));
        free(live.message[i]);
    }
    assert_true(live.w[live.n - 1].used & 1U << ATTUNE_VOICE);
    json_t *o_ended = json_loads(ended, 0, NULL);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(o_ended, "summary"), "windows")),
        live.n);
    json_decref(o_ended);
    free(ended);
    /* a picture that is none is said to be none, and one that is too large, too large */
    const at_item none = {.data = jpeg, .size = 20};
    assert_int_equal(at_analysis_take(a, &none, &err), ATTUNE_E_FORMAT);
    assert_int_equal(at_media_load_jpeg(jpeg, size, 31, 16, &picture, &err), ATTUNE_E_UNSUPPORTED);
    at_media_let_go(&picture);
    attune_session_free(&s);
    at_analysis_free(&a);
}

/* Without a microphone windows come at once; should it come later, with both streams they go on. */
static void a_stream_that_was_not_expected_is_taken(void **state)
{
    told t = {0};
    at_analysis *a;
    attune_error err = {0};
    uint8_t jpeg[256];
    const size_t size = make_jpeg(jpeg);
    at_analysis_setup o = {.model = model,
                           .options = options,
                           .width_max = 32,
                           .height_max = 16,
                           .window = note,
                           .user = &t};
    char *ended;
    (void)state;
    if (!model)
        skip();
    o.options.no_audio = 1;
    assert_int_equal(at_analysis_open(&a, &o, &err), ATTUNE_OK);
    for (int i = 0; i <= 2 * SECONDS * 8; i++) {
        const at_item frame = {
            .stream = AT_STREAM_VIDEO, .t_us = i * 125000, .data = jpeg, .size = size};
        assert_int_equal(at_analysis_take(a, &frame, &err), ATTUNE_OK);
        if (i == SECONDS * 8) /* the window that ends now is there */
            assert_int_equal(t.n, 2 * SECONDS);
        for (int64_t k = (i - 1) * 125000 / 100000; i > SECONDS * 8 && k < i * 125000 / 100000;
             k++) {
            const at_item sound = {.stream = AT_STREAM_AUDIO,
                                   .t_us = k * 100000,
                                   .data = (uint8_t *)(samples + (k - SECONDS * 10) * PIECE),
                                   .size = 2 * PIECE};
            assert_int_equal(at_analysis_take(a, &sound, &err), ATTUNE_OK);
        }
    }
    assert_int_equal(at_analysis_finish(a, &ended, &err), ATTUNE_OK);
    assert_true(t.w[t.n - 1].used & 1U << ATTUNE_VOICE);
    for (int i = 0; i < t.n; i++) {
        assert_true(i == 0 || t.w[i].end_us > t.w[i - 1].end_us);
        free(t.message[i]);
    }
    json_t *summary = json_loads(ended, 0, NULL);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(summary, "summary"), "frames")),
        2 * SECONDS * 8 + 1);
    json_decref(summary);
    free(ended);
    at_analysis_free(&a);
}

static void show(at_analysis *a, int i, uint8_t *data, size_t size)
{
    const at_item frame = {
        .stream = AT_STREAM_VIDEO, .t_us = i * 125000, .data = data, .size = size};
    assert_int_equal(at_analysis_take(a, &frame, NULL), ATTUNE_OK);
}

/* Half a second after it, when the latest window still has it. */
static void a_face_that_left_is_missed_at_once(void **state)
{
    told t = {0};
    at_analysis *a;
    at_load_clip clip;
    uint8_t jpeg[256];
    const size_t size = make_jpeg(jpeg);
    at_analysis_setup o = {.model = model,
                           .options = options,
                           .width_max = 1920,
                           .height_max = 1080,
                           .window = note,
                           .user = &t};
    int faces = 0;
    (void)state;
    if (!model)
        skip();
    o.options.no_audio = 1;
    assert_int_equal(
        at_load_clip_read(&clip, AT_SOURCE_ROOT "/demo/talking_head.mp4", options.rate, NULL),
        ATTUNE_OK);
    assert_int_equal(at_analysis_open(&a, &o, NULL), ATTUNE_OK);
    assert_false(at_analysis_is_faceless(a));
    for (int i = 0; i < clip.n && faces < 16; i++)
        if (clip.item[i].stream == AT_STREAM_VIDEO)
            show(a, faces++, clip.item[i].data, clip.item[i].size);
    assert_false(at_analysis_is_faceless(a));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(at_analysis_is_faceless(a), i == 4); /* after four of them */
        show(a, faces + i, jpeg, size);
    }
    assert_true(at_analysis_is_faceless(a));
    assert_int_equal(at_hints_of(&t.w[t.n - 1], 1, 0) & 1u << AT_HINT_NO_FACE, 0);
    show(a, faces + 5, clip.item[0].data, clip.item[0].size);
    assert_false(at_analysis_is_faceless(a));
    for (int i = 0; i < t.n; i++)
        free(t.message[i]);
    at_analysis_free(&a);
    at_load_clip_free(&clip);
}

/* ---- what is kept -------------------------------------------------------------------------- */

static attune_store *opened_store(void)
{
    attune_store *s;
    assert_int_equal(attune_store_open(&s, store_path, 0, NULL), ATTUNE_OK);
    return s;
}

/* NULL: none is kept. */
static json_t *latest_kept(attune_store *s)
{
    char *text;
    assert_int_equal(attune_store_sessions_json(s, &text, NULL), ATTUNE_OK);
    json_t *all = json_loads(text, 0, NULL);
    json_t *one = json_incref(json_array_get(json_object_get(all, "sessions"), 0));
    json_decref(all);
    free(text);
    return one;
}

static int is_kept(attune_store *s)
{
    json_t *one = latest_kept(s);
    json_decref(one);
    return one != NULL;
}

/* No file may grow: what is written fails as on a full disk. */
static void fill_disk(int full)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = full ? 1 : limit.rlim_max;
    signal(SIGXFSZ, full ? SIG_IGN : SIG_DFL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void hear(at_analysis *a, int from_s, int to_s)
{
    for (int i = 10 * from_s; i < 10 * to_s; i++) {
        const at_item sound = {.stream = AT_STREAM_AUDIO,
                               .t_us = i * 100000,
                               .data = (uint8_t *)(samples + i % (SECONDS * 10) * PIECE),
                               .size = 2 * PIECE};
        assert_int_equal(at_analysis_take(a, &sound, NULL), ATTUNE_OK);
    }
}

static void drop_message(void *user, const attune_window *w, char *message)
{
    (void)user;
    (void)w;
    free(message);
}

static at_analysis *keeping(attune_store *store)
{
    at_analysis *a;
    at_analysis_setup o = {
        .model = model, .store = store, .options = options, .window = drop_message};
    o.options.no_video = 1;
    assert_int_equal(at_analysis_open(&a, &o, NULL), ATTUNE_OK);
    assert_int_equal(at_analysis_keeping(a), AT_NOT_KEPT);
    assert_int_equal(at_analysis_keep(a, "1", NULL), ATTUNE_OK);
    assert_int_equal(at_analysis_keeping(a), AT_IS_KEPT);
    return a;
}

/* Whether its last message says that it was kept. */
static int finished(at_analysis *a)
{
    char *ended;
    assert_int_equal(at_analysis_finish(a, &ended, NULL), ATTUNE_OK);
    json_t *said = json_loads(ended, 0, NULL);
    int kept = json_is_true(json_object_get(said, "kept"));
    assert_true(json_is_boolean(json_object_get(said, "kept")));
    json_decref(said);
    free(ended);
    return kept;
}

/* Whenever it is asked for, and though the store failed before. */
static void what_is_forgotten_is_gone(void **state)
{
    attune_store *store;
    at_analysis *a;
    (void)state;
    if (!model || !can_keep)
        skip();
    store = opened_store();
    a = keeping(store);
    hear(a, 0, 2);
    assert_true(is_kept(store));
    fill_disk(1);
    hear(a, 2, 3);
    assert_int_equal(at_analysis_keeping(a), AT_KEPT_IN_PART);
    assert_true(at_analysis_forget(a, NULL) < 0);
    assert_int_equal(at_analysis_keeping(a), AT_KEPT_IN_PART);
    fill_disk(0);
    assert_int_equal(at_analysis_forget(a, NULL), ATTUNE_OK);
    assert_int_equal(at_analysis_keeping(a), AT_NOT_KEPT);
    assert_false(is_kept(store));
    hear(a, 3, 4);
    assert_false(is_kept(store));
    assert_int_equal(at_analysis_keep(a, "1", NULL), ATTUNE_OK);
    hear(a, 4, 5);
    assert_true(finished(a));
    assert_true(is_kept(store));
    assert_int_equal(at_analysis_forget(a, NULL), ATTUNE_OK); /* after the end */
    assert_false(is_kept(store));
    at_analysis_free(&a);
    attune_store_free(&store);
}

static void what_is_deleted_elsewhere_is_not_kept(void **state)
{
    attune_store *store;
    at_analysis *a;
    (void)state;
    if (!model || !can_keep)
        skip();
    store = opened_store();
    a = keeping(store);
    hear(a, 0, 2);
    assert_int_equal(attune_store_delete_all(store, NULL, NULL), ATTUNE_OK);
    hear(a, 2, 3);
    assert_int_equal(at_analysis_keeping(a), AT_NOT_KEPT);
    assert_int_equal(at_analysis_forget(a, NULL), ATTUNE_OK);
    assert_int_equal(at_analysis_keep(a, "1", NULL), ATTUNE_OK);
    assert_int_equal(attune_store_delete_all(store, NULL, NULL), ATTUNE_OK);
    assert_int_equal(at_analysis_forget(a, NULL), ATTUNE_OK);
    assert_false(finished(a));
    assert_false(is_kept(store));
    at_analysis_free(&a);
    attune_store_free(&store);
}

/* The message of the end says so, and what is there is marked as interrupted. */
static void an_end_that_is_not_stored_is_told(void **state)
{
    attune_store *store;
    at_analysis *a;
    json_t *one;
    (void)state;
    if (!model || !can_keep)
        skip();
    store = opened_store();
    a = keeping(store);
    hear(a, 0, 2);
    fill_disk(1);
    assert_false(finished(a));
    fill_disk(0);
    assert_int_equal(at_analysis_keeping(a), AT_KEPT_IN_PART);
    at_analysis_free(&a);
    one = latest_kept(store);
    assert_true(json_is_true(json_object_get(one, "interrupted")));
    assert_true(json_is_string(json_object_get(one, "ended")));
    json_decref(one);
    assert_int_equal(attune_store_delete_all(store, NULL, NULL), ATTUNE_OK);
    attune_store_free(&store);
}

/* ---- the hall ------------------------------------------------------------------------------ */

static atomic_int woken;

static void wake(void *user)
{
    (void)user;
    atomic_fetch_add(&woken, 1);
}

static at_hall *opened_with(attune_store *store, int seats, int workers)
{
    at_hall *h;
    attune_error err;
    const at_hall_options o = {.model = model,
                               .store = store,
                               .session = options,
                               .width_max = 64,
                               .height_max = 64,
                               .seats = seats,
                               .workers = workers,
                               .away_us = 2 * minute,
                               .wake = wake};
    assert_int_equal(at_hall_open(&h, &o, &err), ATTUNE_OK);
    return h;
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
    assert_null(put(h, s, AT_STREAM_AUDIO, 0, 0, &why));
    assert_null(put(h, s, AT_STREAM_AUDIO, minute, 0, &why)); /* a gap of 120 windows */
    at_seat_end(h, s);
    int64_t end = at_now_us() + (int64_t)PATIENCE_S * 1000000;
    do {
        usleep(1000);
        at_seat_standing(h, s, &standing);
    } while (standing.lost_windows < 56 && at_now_us() < end);
    assert_in_range(windows_until_over(h, s, &why), 1, 64);
    at_seat_standing(h, s, &standing);
    assert_in_range(standing.lost_windows, 56, 58);
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
    const int64_t end = at_now_us() + (int64_t)PATIENCE_S * 1000000;
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
        cmocka_unit_test(windows_are_those_of_a_session),
        cmocka_unit_test(a_stream_that_was_not_expected_is_taken),
        cmocka_unit_test(a_face_that_left_is_missed_at_once),
        cmocka_unit_test(what_is_forgotten_is_gone),
        cmocka_unit_test(what_is_deleted_elsewhere_is_not_kept),
        cmocka_unit_test(an_end_that_is_not_stored_is_told),
        cmocka_unit_test(a_wish_to_forget_is_not_lost),
        cmocka_unit_test(nobody_in_the_picture_is_hinted_at),
        cmocka_unit_test(places_are_taken_left_and_taken_again),
        cmocka_unit_test(what_comes_at_the_wrong_time_is_refused),
        cmocka_unit_test(a_flood_is_the_loss_of_who_sends_it),
        cmocka_unit_test(nobody_new_is_let_in_where_work_piles_up),
        cmocka_unit_test(who_does_not_listen_loses_the_oldest_windows),
        cmocka_unit_test(a_picture_that_is_none_ends_its_session),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
