/* Live sessions with each of our allocations failing in turn, as far as they need no connection: an
 * analysis, the hall, the archive. What fails is said, everything else goes on. (What libraries allocate is
 * not seen here; leaks are for the sanitizer to find.) */
#include "base/tree.h"
#include "made_weights.h"
#include "serve/analysis.h"
#include "serve/archive.h"
#include "serve/hall.h"
#include "serve/now.h"
#include "session_fake.h"
#include "sounds.h"
#include "temp_folder.h"
#include "wrap_alloc.h"

#include "base/mem.h"
#include "media/media.h"
#include "runtime/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PIECE = 1600, PIECES = 12, PATIENCE_S = 60 };

static const attune_options options = {.rate = 8,
                                       .window_s = 1,
                                       .hop_s = 0.5,
                                       .lag_s = 1,
                                       .max_tracks = 1,
                                       .min_face = 24,
                                       .threads = 1};
static const int both[AT_STREAMS] = {1, 1};
static attune_model model;
static attune_store *store; /* NULL: a build without SQLite */
static uint8_t *jpeg;
static size_t jpeg_size;
static int16_t samples[PIECES * PIECE];

/* The demo clip's first picture. */
static void make_jpeg(void)
{
    at_media *m;
    at_media_packet p;
    const at_media_options o = {.no_audio = 1, .threads = 1};
    char demo[4096];
    assert_int_equal(at_tree_find(demo, sizeof demo, "demo/talking_head.mp4"), 1);
    assert_int_equal(at_media_open(&m, demo, &o, NULL), ATTUNE_OK);
    assert_int_equal(at_media_next(m, &p, NULL), 1);
    assert_int_equal(at_media_make_jpeg(&p, 4, &jpeg, &jpeg_size, NULL), ATTUNE_OK);
    at_media_free(&m);
}

/* The fake one, with a file that its facts are read of. */
static void make_model(void)
{
    const int dim = 1;
    const float value = 0;
    at_weights_writer *w = begin_weights();
    assert_int_equal(at_weights_put(w, "x", 1, &dim, &value, 0), ATTUNE_OK);
    model = *fake_model();
    model.weights = end_weights(w);
}

static int setup(void **state)
{
    static float voice[LONG];
    assert_int_equal(make_folder(state), 0);
    assert_true(attune_store_open(&store, made_in_folder("s.db"), 0, NULL) != ATTUNE_E_IO);
    make_bursts(voice);
    for (int i = 0; i < PIECES * PIECE; i++)
        samples[i] = (int16_t)(20000 * voice[i]);
    make_jpeg();
    make_model();
    return 0;
}

static int teardown(void **state)
{
    at_free(jpeg);
    at_weights_free(&model.weights);
    attune_store_free(&store);
    return remove_folder(state);
}

/* ---- an analysis --------------------------------------------------------------------------- */

static void drop(void *user, const attune_window *w, char *message)
{
    (void)w;
    *(int *)user += message == NULL;
    free(message);
}

static int analyse(at_analysis *a, attune_error *err)
{
    char *ended = NULL;
    int rc = ATTUNE_OK;
    if (store)
        at_analysis_keep(a, "1", NULL);
    for (int i = 0; rc == ATTUNE_OK && i < PIECES; i++) {
        const at_item sound = {.stream = AT_STREAM_AUDIO,
                               .t_us = i * 100000,
                               .data = (uint8_t *)(samples + i * PIECE),
                               .size = 2 * PIECE};
        const at_item frame = {
            .stream = AT_STREAM_VIDEO, .t_us = i * 100000, .data = jpeg, .size = jpeg_size};
        if (i % 4 == 0)
            rc = at_analysis_take(a, &frame, err);
        rc = rc < 0 ? rc : at_analysis_take(a, &sound, err);
    }
    rc = rc < 0 ? rc : at_analysis_finish(a, &ended, err);
    assert_int_equal(ended == NULL, rc < 0);
    free(ended);
    return rc;
}

static void an_analysis_survives(void **state)
{
    int failures = 0, lost = 0;
    at_analysis_setup o = {.model = &model,
                           .store = store,
                           .options = options,
                           .width_max = 1920,
                           .height_max = 1080,
                           .window = drop,
                           .user = &lost};
    (void)state;
    o.options.no_audio = 1; /* it comes all the same: another session takes the first one's place */
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        attune_error err = {0};
        at_analysis *a;
        wrap_alloc_fail_at(n);
        int rc = at_analysis_open(&a, &o, &err);
        assert_int_equal(a == NULL, rc < 0);
        rc = rc < 0 ? rc : analyse(a, &err);
        wrap_alloc_off();
        if (rc != ATTUNE_OK && (!wrap_alloc_failed() || rc != ATTUNE_E_NOMEM))
            fail_msg("allocation %d: %d %s", n, rc, err.text);
        assert_int_equal(err.status, rc);
        at_analysis_free(&a);
        assert_null(a);
        failures += rc < 0;
    }
    assert_true(failures >= 20);
}

/* ---- the hall ------------------------------------------------------------------------------ */

static void wake(void *user)
{
    (void)user;
}

static void put(at_hall *h, at_seat *s, at_stream stream, int i)
{
    const at_sent picture = {
        .stream = AT_STREAM_VIDEO, .t_us = i * 100000, .data = jpeg, .size = jpeg_size};
    const at_sent sound = {.stream = AT_STREAM_AUDIO,
                           .t_us = i * 100000,
                           .data = (const uint8_t *)(samples + i * PIECE),
                           .size = 2 * PIECE};
    at_refusal why;
    assert_null(at_seat_put(h, s, stream == AT_STREAM_VIDEO ? &picture : &sound, 0, &why));
}

static const char *const columns[] = {"clicks", NULL};
static const attune_beside_setup beside = {.signals = columns, .events = 1, .chat = 1};

static void put_beside(at_hall *h, at_seat *s)
{
    const at_said row = {.kind = AT_SAID_SIGNAL, .rows = 1, .columns = 1, .row = {{.value = {1}}}},
                  chat = {.kind = AT_SAID_CHAT, .text = "I am lost"};
    at_refusal why;
    assert_null(at_seat_put_beside(h, s, &row, 0, &why));
    assert_null(at_seat_put_beside(h, s, &chat, 0, &why));
}

/* Takes all that is said until it is over. */
static int listen_to(at_hall *h, at_seat *s, at_refusal *why)
{
    const int64_t end = at_now_us() + (int64_t)PATIENCE_S * 1000000;
    const char *fault;
    int over = 0;
    while (!over && at_now_us() < end) {
        char *text = at_seat_say(h, s);
        free(text);
        if (!text) {
            at_seat_not_stored(h, s);
            over = at_seat_is_over(h, s, why, &fault);
            usleep(100);
        }
    }
    return over;
}

/* 1: the session came to its end; 0: memory was out, and said to be. */
static int sit(at_hall *h)
{
    int guest, over;
    void *before;
    at_refusal why;
    at_seat *s;
    at_entry entry = at_hall_enter(h, "", both, &guest, 0, &s, &before);
    assert_true(entry == AT_ENTERED || (entry == AT_NO_ENTRY && wrap_alloc_failed()));
    assert_int_equal(s == NULL, entry != AT_ENTERED);
    assert_int_equal(at_hall_seated(h), s != NULL);
    if (!s)
        return 0;
    if (store)
        at_seat_keep(h, s, ATTUNE_CONSENT_VERSION);
    for (int i = 0; i < PIECES; i++) {
        put(h, s, AT_STREAM_AUDIO, i);
        if (i % 4 == 0)
            put(h, s, AT_STREAM_VIDEO, i);
        if (i == 1)
            put_beside(h, s);
    }
    if (store)
        at_seat_keep(h, s, NULL);
    at_seat_end(h, s);
    over = listen_to(h, s, &why);
    assert_true(over == 1 || (over == -1 && why == AT_REFUSED_FULL && wrap_alloc_failed()));
    at_hall_leave(h, s, 0);
    for (int i = 1; i < 10000 && at_hall_seated(h); i++) { /* the worker may not have left it yet */
        at_hall_tidy(h, i);
        usleep(100);
    }
    assert_int_equal(at_hall_seated(h), 0);
    return over == 1;
}

static attune_options with_beside(void)
{
    attune_options o = options;
    o.beside = &beside;
    return o;
}

/* Whoever had no memory, the next one sits down as ever. */
static void a_hall_survives(void **state)
{
    const at_hall_options o = {.model = &model,
                               .store = store,
                               .session = with_beside(),
                               .width_max = 1920,
                               .height_max = 1080,
                               .seats = 1,
                               .workers = 1,
                               .away_us = 1000000,
                               .wake = wake};
    int failures = 0;
    (void)state;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        attune_error err = {0};
        at_hall *h;
        wrap_alloc_fail_at(n);
        int rc = at_hall_open(&h, &o, &err);
        assert_int_equal(rc, h ? ATTUNE_OK : ATTUNE_E_NOMEM);
        assert_int_equal(err.status, rc);
        int sat = h && sit(h);
        wrap_alloc_off();
        failures += !sat;
        assert_true(sat || wrap_alloc_failed());
        int failed = wrap_alloc_failed();
        if (h && n % 16 == 0)
            assert_true(sit(h));
        at_hall_free(&h);
        assert_null(h);
        assert_int_equal(wrap_alloc_failed(), failed);
    }
    assert_true(failures >= 20);
}

/* ---- the archive --------------------------------------------------------------------------- */

static const attune_sink_info *sink_of(const char *name)
{
    const attune_sink_info *sink;
    for (int i = 0; (sink = attune_sink_at(i)); i++)
        if (!strcmp(sink->name, name))
            return sink;
    return NULL;
}

/* What HTTP calls the answer; 503 where it could not be asked. */
static unsigned asked(at_archive *a, at_wish wish, int64_t id)
{
    const int64_t end = at_now_us() + (int64_t)PATIENCE_S * 1000000;
    const at_asking asking = {.wish = wish, .id = id, .sink = sink_of("csv")};
    at_question *q = at_archive_ask(a, &asking);
    at_answer answer = {0};
    while (q && !at_archive_answer(a, q, &answer) && at_now_us() < end)
        usleep(100);
    assert_true(!q || answer.code);
    assert_true(answer.code != 200 || answer.size > 0 || wish == AT_WISH_DELETE);
    free(answer.body);
    return q ? answer.code : 503;
}

static int64_t kept(void)
{
    const attune_keep k = {.consent = "1", .source = "live"};
    int64_t id;
    assert_int_equal(attune_store_begin(store, &id, &k, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_end(store, id, NULL, 0, NULL, NULL), ATTUNE_OK);
    return id;
}

static void an_archive_survives(void **state)
{
    static const at_wish wishes[] = {AT_WISH_SESSIONS, AT_WISH_SESSION, AT_WISH_FILE,
                                     AT_WISH_FILES,    AT_WISH_TRENDS,  AT_WISH_DELETE};
    int failures = 0;
    (void)state;
    if (!store)
        skip();
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        const int64_t id = kept();
        int refused = 0;
        at_archive *a;
        wrap_alloc_fail_at(n);
        int rc = at_archive_open(&a, store, wake, NULL, NULL);
        assert_int_equal(rc, a ? ATTUNE_OK : ATTUNE_E_NOMEM);
        for (size_t i = 0; a && i < sizeof wishes / sizeof *wishes; i++) {
            unsigned code = asked(a, wishes[i], id);
            assert_true(code == 200 || code == 503);
            refused += code == 503;
        }
        wrap_alloc_off();
        assert_true(refused <= wrap_alloc_failed());
        failures += refused;
        at_archive_free(&a);
        assert_null(a);
    }
    assert_true(failures >= 6);
}

/* Who waits for an answer while the archive goes learns of it. */
static void a_freed_archive_has_answered(void **state)
{
    enum { QUESTIONS = 5 };
    at_question *q[QUESTIONS];
    at_archive *a;
    (void)state;
    if (!store)
        skip();
    assert_int_equal(at_archive_open(&a, store, wake, NULL, NULL), ATTUNE_OK);
    for (int i = 0; i < QUESTIONS; i++)
        assert_non_null(q[i] = at_archive_ask(a, &(at_asking){.wish = AT_WISH_SESSIONS}));
    at_archive_drop(a, q[QUESTIONS - 1]);
    at_archive_free(&a);
    for (int i = 0; i < QUESTIONS - 2; i++) {
        at_answer answer;
        assert_int_equal(at_archive_answer(a, q[i], &answer), 1);
        assert_true(answer.code == 200 || answer.code == 503);
        free(answer.body);
    }
    at_archive_drop(a, q[QUESTIONS - 2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_analysis_survives),
        cmocka_unit_test(a_hall_survives),
        cmocka_unit_test(an_archive_survives),
        cmocka_unit_test(a_freed_archive_has_answered),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
