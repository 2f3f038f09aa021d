/* A live session at work: its windows are those of a session that is pushed the same; what is kept of it, and
 * what becomes of that. With the default model; skipped without it. */
#include "base/tree.h"
#include "made_live.h"
#include "report/hints.h"
#include "runtime/model.h"
#include "serve/analysis.h"
#include "serve/load_clip.h"

#include "base/mem.h"
#include "media/media.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

/* ---- windows --------------------------------------------------------------------------- */

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
    const at_media_jpegs_options wide = {32, 16, 1 << 16, 1}, narrow = {31, 16, 1 << 16, 0};
    at_media_jpegs *here;
    assert_int_equal(at_media_jpegs_open(&here, &wide, &err), ATTUNE_OK);
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
        assert_int_equal(at_media_jpegs_decode(here, jpeg, size, &picture, &err), ATTUNE_OK);
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
    at_media_jpegs_free(&here);
    assert_int_equal(at_media_jpegs_open(&here, &narrow, &err), ATTUNE_OK);
    assert_int_equal(at_media_jpegs_decode(here, jpeg, size, &picture, &err), ATTUNE_E_UNSUPPORTED);
    assert_string_equal(err.text, "the picture has 32x16 pixels; the most is 31x16");
    at_media_let_go(&picture);
    at_media_jpegs_free(&here);
    attune_session_free(&s);
    at_analysis_free(&a);
}

/* Rows and messages are in the windows of their time, and in what is kept; estimates are as without. */
/* As of a recording. */
static void a_column_that_the_fusion_learned_with_is_missed(void **state)
{
    static const char *const columns[] = {"heart_rate", NULL};
    const attune_beside_setup beside = {.signals = columns};
    static const char *const learned[] = {"heart_rate", "eda"};
    attune_error err = {0};

    (void)state;
    if (!model)
        skip();
    for (int k = 0; k < 2; k++) {
        attune_model m = *model;
        const at_analysis_setup o = {.model = &m,
                                     .options = {.beside = &beside, .no_video = 1, .threads = 1},
                                     .window = note,
                                     .user = NULL};
        at_analysis *a;
        char *ended;
        m.signal = (at_signal_scale){.columns = 1, .scale = {1}};
        snprintf(m.signal.name[0], sizeof m.signal.name[0], "%s", learned[k]);
        assert_int_equal(at_analysis_open(&a, &o, &err), ATTUNE_OK);
        assert_int_equal(at_analysis_finish(a, &ended, &err), ATTUNE_OK);
        assert_int_equal(strstr(ended, "trained with a column eda, which the signal lacks") != NULL,
                         k);
        free(ended);
        at_analysis_free(&a);
    }
}

static void what_lies_beside_is_told(void **state)
{
    static const char *const columns[] = {"heart_rate", "clicks", NULL};
    const attune_beside_setup beside = {.signals = columns, .events = 2, .chat = 1};
    told with = {0}, without = {0}, *const both[] = {&with, &without};
    attune_store *store = can_keep ? opened_store() : NULL;
    attune_error err = {0};
    (void)state;
    if (!model)
        skip();
    for (int k = 0; k < 2; k++) {
        at_analysis_setup o = {
            .model = model, .store = store, .options = options, .window = note, .user = both[k]};
        at_analysis *a;
        char *ended;
        o.options.no_video = 1;
        o.options.beside = k ? NULL : &beside;
        assert_int_equal(at_analysis_open(&a, &o, &err), ATTUNE_OK);
        if (store && !k) {
            assert_int_equal(at_analysis_keep(a, "1", &err), ATTUNE_E_ARG);
            assert_int_equal(at_analysis_keep(a, ATTUNE_CONSENT_VERSION, &err), ATTUNE_OK);
        }
        for (int i = 0; i < SECONDS * 10; i++) {
            at_row rows[2] = {{.t_us = i * 100000, .value = {60 + (float)i, 1}},
                              {.t_us = i * 100000 + 50000, .value = {NAN, 2}}};
            const at_item signal = {.stream = AT_STREAM_SIGNAL,
                                    .t_us = rows[0].t_us,
                                    .data = (uint8_t *)rows,
                                    .size = sizeof rows};
            char text[] = "I am so confused";
            const at_item chat = {.stream = AT_STREAM_CHAT,
                                  .t_us = i * 100000,
                                  .data = (uint8_t *)text,
                                  .size = strlen(text)};
            const at_item sound = {.stream = AT_STREAM_AUDIO,
                                   .t_us = i * 100000,
                                   .data = (uint8_t *)(samples + i * PIECE),
                                   .size = 2 * PIECE};
            if (!k) {
                assert_int_equal(at_analysis_take(a, &signal, &err), ATTUNE_OK);
                if (i == 12)
                    assert_int_equal(at_analysis_take(a, &chat, &err), ATTUNE_OK);
            }
            assert_int_equal(at_analysis_take(a, &sound, &err), ATTUNE_OK);
        }
        assert_int_equal(at_analysis_finish(a, &ended, &err), ATTUNE_OK);
        assert_int_equal(strstr(ended, "\"heart_rate\"") != NULL, !k);
        assert_int_equal(strstr(ended, "\"messages\":1") != NULL, !k);
        free(ended);
        at_analysis_free(&a);
    }
    assert_int_equal(with.n, without.n);
    for (int i = 0; i < with.n; i++) {
        json_t *line = json_loads(with.message[i], 0, NULL);
        const double end_s = 0.5 * (i + 1);
        assert_memory_equal(with.w[i].emotion7, without.w[i].emotion7, sizeof with.w[i].emotion7);
        assert_float_equal(json_number_value(json_object_get(line, "signal_mean_clicks")), 30, 0.2);
        /* of 0 s to the end */
        assert_float_equal(json_number_value(json_object_get(line, "signal_mean_heart_rate")),
                           60 + 5 * end_s - 0.5, 0.01);
        assert_int_equal(json_integer_value(json_object_get(line, "chat_messages")), i >= 2);
        assert_int_equal(json_number_value(json_object_get(line, "chat_confusion")) > 0.5, i >= 2);
        assert_null(strstr(without.message[i], "signal"));
        json_decref(line);
        free(with.message[i]);
        free(without.message[i]);
    }
    if (store) {
        json_t *kept = latest_kept(store);
        assert_true(json_is_true(json_object_get(json_object_get(kept, "beside"), "chat")));
        json_decref(kept);
        assert_int_equal(attune_store_delete_all(store, NULL, NULL), ATTUNE_OK);
    }
    attune_store_free(&store);
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

/* Pictures that come late to a session of sound are of moments that were told without them. */
static void no_moment_is_told_again(void **state)
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
    o.options.no_video = 1;
    assert_int_equal(at_analysis_open(&a, &o, &err), ATTUNE_OK);
    hear(a, 0, 2);
    for (int i = 0; i <= 8 * SECONDS; i++)
        show(a, i, jpeg, size);
    hear(a, 2, SECONDS);
    assert_int_equal(at_analysis_finish(a, &ended, &err), ATTUNE_OK);
    assert_int_equal(t.n, 2 * SECONDS);
    for (int i = 0; i < t.n; i++) {
        assert_int_equal(t.w[i].end_us, (i + 1) * 500000);
        free(t.message[i]);
    }
    free(ended);
    at_analysis_free(&a);
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
    char demo[4096];
    int faces = 0;
    (void)state;
    if (!model)
        skip();
    o.options.no_audio = 1;
    assert_int_equal(at_tree_find(demo, sizeof demo, "demo/talking_head.mp4"), 1);
    assert_int_equal(at_load_clip_read(&clip, demo, options.rate, NULL), ATTUNE_OK);
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

/* No file may grow: what is written fails as on a full disk. */
static void fill_disk(int full)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = full ? 1 : limit.rlim_max;
    signal(SIGXFSZ, full ? SIG_IGN : SIG_DFL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void drop_message(void *user, const attune_window *w, char *message)
{
    (void)user;
    (void)w;
    free(message);
}

static at_analysis *keeping_with(attune_store *store, attune_options session)
{
    at_analysis *a;
    const at_analysis_setup o = {.model = model,
                                 .store = store,
                                 .options = session,
                                 .width_max = 32,
                                 .height_max = 16,
                                 .window = drop_message};
    assert_int_equal(at_analysis_open(&a, &o, NULL), ATTUNE_OK);
    assert_int_equal(at_analysis_keeping(a), AT_NOT_KEPT);
    assert_int_equal(at_analysis_keep(a, ATTUNE_CONSENT_VERSION, NULL), ATTUNE_OK);
    assert_int_equal(at_analysis_keeping(a), AT_IS_KEPT);
    return a;
}

static at_analysis *keeping(attune_store *store)
{
    attune_options session = options;
    session.no_video = 1;
    return keeping_with(store, session);
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

static attune_record latest_record(attune_store *store)
{
    json_t *one = latest_kept(store);
    attune_record r;
    assert_int_equal(
        attune_store_record(store, json_integer_value(json_object_get(one, "id")), &r, NULL),
        ATTUNE_OK);
    json_decref(one);
    return r;
}

static void what_is_left_says_what_it_was_of(void **state)
{
    static const attune_beside_setup beside = {.chat = 1};
    char text[] = "I am so confused";
    const at_item chat = {
        .stream = AT_STREAM_CHAT, .t_us = 500000, .data = (uint8_t *)text, .size = strlen(text)};
    attune_options session = options;
    attune_store *store;
    at_analysis *a;
    attune_record r;
    uint8_t jpeg[256];
    const size_t size = make_jpeg(jpeg);
    (void)state;
    if (!model || !can_keep)
        skip();
    store = opened_store();
    session.no_audio = 1;
    session.beside = &beside;
    a = keeping_with(store, session);
    assert_int_equal(at_analysis_take(a, &chat, NULL), ATTUNE_OK);
    for (int i = 4; i <= 12; i++)
        show(a, i, jpeg, size);
    at_analysis_free(&a);
    r = latest_record(store);
    assert_true(r.ended_s && r.interrupted);
    assert_true(r.has_video && !r.has_audio);
    assert_int_equal(r.width, 32);
    assert_int_equal(r.height, 16);
    assert_int_equal(r.counts.frames, 9);
    assert_int_equal(r.counts.messages, 1);
    assert_float_equal(r.duration_s, 9 * 0.125, 1e-6);
    assert_int_equal(attune_store_delete_all(store, NULL, NULL), ATTUNE_OK);
    attune_store_free(&store);
}

/* The camera comes to a session of sound, with a picture of long before. */
static void a_duration_is_of_all_that_came(void **state)
{
    attune_store *store;
    at_analysis *a;
    uint8_t jpeg[256];
    const size_t size = make_jpeg(jpeg);
    (void)state;
    if (!model || !can_keep)
        skip();
    store = opened_store();
    for (int left = 0; left < 2; left++) {
        a = keeping(store);
        hear(a, 100, 101);
        assert_false(latest_record(store).has_video); /* as yet */
        show(a, 0, jpeg, size);
        if (!left)
            assert_true(finished(a));
        at_analysis_free(&a);
        assert_float_equal(latest_record(store).duration_s, 101, 1e-6);
        assert_true(latest_record(store).has_video && latest_record(store).has_audio);
    }
    assert_int_equal(attune_store_delete_all(store, NULL, NULL), ATTUNE_OK);
    attune_store_free(&store);
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
    a = keeping(store); /* no window comes, and its end alone is not stored */
    fill_disk(1);
    assert_false(finished(a));
    fill_disk(0);
    at_analysis_free(&a);
    one = latest_kept(store);
    assert_true(json_is_true(json_object_get(one, "interrupted")));
    assert_true(json_is_string(json_object_get(one, "ended")));
    json_decref(one);
    assert_int_equal(attune_store_delete_all(store, NULL, NULL), ATTUNE_OK);
    attune_store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_those_of_a_session),
        cmocka_unit_test(a_column_that_the_fusion_learned_with_is_missed),
        cmocka_unit_test(what_lies_beside_is_told),
        cmocka_unit_test(a_stream_that_was_not_expected_is_taken),
        cmocka_unit_test(no_moment_is_told_again),
        cmocka_unit_test(a_face_that_left_is_missed_at_once),
        cmocka_unit_test(what_is_left_says_what_it_was_of),
        cmocka_unit_test(a_duration_is_of_all_that_came),
        cmocka_unit_test(what_is_forgotten_is_gone),
        cmocka_unit_test(what_is_deleted_elsewhere_is_not_kept),
        cmocka_unit_test(an_end_that_is_not_stored_is_told),
    };
    return cmocka_run_group_tests(tests, make_live, remove_live);
}
