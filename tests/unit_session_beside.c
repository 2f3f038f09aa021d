/* What comes beside pictures and sound: what may be pushed and when, and that windows are the same however early it came. */
#include "session_scene.h"

#include "runtime/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { END_MS = 40000, STEP_MS = 40, ROW_MS = 70, MOST = 100 };

#define LATEST_US INT64_C(9000000000000000)

static const char *const names[] = {"hr", "clicks", NULL};
static const attune_beside_setup both_setup = {.signals = names, .events = 2, .chat = 1};

/* A scene, and what was said beside of each of its windows. */
typedef struct heard {
    scene *c;
    attune_beside said[MOST];
    int64_t next_ms; /* of rows and messages to come */
} heard;

static scene *opened(const attune_beside_setup *setup)
{
    return scene_open(&(attune_options){.beside = setup, .no_audio = 1});
}

static void refused(attune_session *s, int rc, attune_status want, const char *why)
{
    assert_int_equal(rc, want);
    assert_non_null(strstr(attune_session_error(s), why));
}

/* ---- what may be pushed ----------------------------------------------------------------------- */

static void nothing_goes_where_nothing_was_announced(void **state)
{
    static const attune_beside_setup signal = {.signals = names}, chat = {.chat = 1}, none = {0};
    static const float row[2];
    scene *c = opened(NULL), *s = opened(&signal), *t = opened(&chat), *n = opened(&none);

    (void)state;
    refused(c->s, attune_session_push_signal(c->s, 0, row), ATTUNE_E_ARG,
            "signal: the session was opened without one");
    refused(c->s, attune_session_push_text(c->s, 0, "a", 1), ATTUNE_E_ARG,
            "chat: the session was opened without one");
    refused(s->s, attune_session_push_text(s->s, 0, "a", 1), ATTUNE_E_ARG, "chat: ");
    refused(t->s, attune_session_push_signal(t->s, 0, row), ATTUNE_E_ARG, "signal: ");
    refused(n->s, attune_session_push_signal(n->s, 0, row), ATTUNE_E_ARG, "signal: ");
    assert_int_equal(attune_session_push_signal(s->s, 0, row), ATTUNE_OK);
    assert_int_equal(attune_session_push_text(t->s, 0, "a", 1), ATTUNE_OK);
    scene_close(c);
    scene_close(s);
    scene_close(t);
    scene_close(n);
}

static void what_is_refused_changes_nothing(void **state)
{
    static char text[ATTUNE_MAX_MESSAGE + 1];
    static const float row[2] = {60, 1};
    scene *x = opened(&both_setup);
    attune_session *s = x->s;
    attune_counts n;

    (void)state;
    refused(s, attune_session_push_signal(s, 0, NULL), ATTUNE_E_ARG, "there is no value");
    refused(s, attune_session_push_text(s, 0, NULL, 1), ATTUNE_E_ARG, "there is no text");
    refused(s, attune_session_push_text(s, 0, text, sizeof text), ATTUNE_E_ARG, "longer than");
    for (int i = 0; i < 2; i++) {
        refused(s, attune_session_push_signal(s, i ? INT64_MAX : -1, row), ATTUNE_E_ARG, "time");
        refused(s, attune_session_push_text(s, i ? LATEST_US + 1 : INT64_MIN, "a", 1), ATTUNE_E_ARG,
                "time");
    }
    assert_int_equal(attune_session_push_signal(s, 5, row), ATTUNE_OK);
    refused(s, attune_session_push_signal(s, 4, row), ATTUNE_E_ARG, "before that of the one");
    assert_int_equal(attune_session_push_signal(s, 5, row), ATTUNE_OK);
    assert_int_equal(attune_session_push_text(s, 1, "a", 1), ATTUNE_OK); /* times of its own */
    refused(s, attune_session_push_text(s, 0, "a", 1), ATTUNE_E_ARG, "before that of the one");
    assert_int_equal(attune_session_push_text(s, 1, NULL, 0), ATTUNE_OK);
    assert_int_equal(attune_session_push_text(s, 1, text, ATTUNE_MAX_MESSAGE), ATTUNE_OK);
    attune_session_counts(s, &n);
    assert_int_equal(n.signal_rows, 2);
    assert_int_equal(n.messages, 3);
    finish(x);
    assert_int_equal(x->n, 0); /* nobody waited for it, and it is no input to speak of */
    refused(s, attune_session_push_signal(s, 9, row), ATTUNE_E_STATE, "finished");
    refused(s, attune_session_push_text(s, 9, "a", 1), ATTUNE_E_STATE, "finished");
    attune_session_counts(s, &n);
    assert_int_equal(n.signal_rows + n.messages, 5);
    scene_close(x);
}

static int open_with(const char *const *signals)
{
    const attune_beside_setup setup = {.signals = signals};
    attune_session *s;
    attune_error err = {0};
    const int rc = attune_session_open(&s, fake_model(),
                                       &(attune_options){.beside = &setup, .threads = 1}, &err);

    assert_int_equal(s == NULL, rc < 0);
    assert_int_equal(rc < 0, err.text[0] != 0);
    attune_session_free(&s);
    return rc;
}

static void columns_have_names(void **state)
{
    static const char *const bad[][3] = {{NULL},
                                         {"", NULL},
                                         {"a b", NULL},
                                         {"a", "a", NULL},
                                         {"\xc3\xa4"},
                                         {"a23456789012345678901234", NULL},
                                         {"<b>", "c", NULL}};
    static const char *const nine[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(open_with(bad[i]), ATTUNE_E_ARG);
    assert_int_equal(open_with(nine), ATTUNE_E_ARG);
    assert_int_equal(open_with(nine + 1), ATTUNE_OK);
    assert_int_equal(open_with((const char *const[]){"a234567890123456789012", NULL}), ATTUNE_OK);
}

/* ---- what windows say of it -------------------------------------------------------------------- */

static void take(heard *x)
{
    attune_window w;

    while (attune_session_next(x->c->s, &w) == 1) {
        assert_true(x->c->n < MOST);
        x->said[x->c->n] = *w.beside;
        w.beside = NULL;
        x->c->w[x->c->n++] = w;
    }
}

static void push_beside(heard *x, int64_t t_ms)
{
    static const char *const says[] = {"I don't understand this :(", "great, thanks!", "ok"};
    const float row[2] = {70 + (float)sin((double)t_ms / 900) * 9, t_ms % (5 * ROW_MS) ? 0 : 1};

    assert_int_equal(attune_session_push_signal(x->c->s, t_ms * MS, row), ATTUNE_OK);
    if (t_ms % (20 * ROW_MS) == 0) {
        const char *text = says[t_ms / (20 * ROW_MS) % 3];
        assert_int_equal(attune_session_push_text(x->c->s, t_ms * MS, text, strlen(text)),
                         ATTUNE_OK);
    }
}

static void push_until(heard *x, int64_t t_ms)
{
    for (; x->next_ms <= t_ms && x->next_ms < END_MS; x->next_ms += ROW_MS)
        push_beside(x, x->next_ms);
}

/* Pictures from 0 to END_MS, and rows and messages that are ahead of them by so much. */
static heard watched(int64_t ahead_ms)
{
    heard x = {.c = opened(&both_setup)};

    for (int64_t t = 0; t < END_MS; t += STEP_MS) {
        push_until(&x, t + ahead_ms);
        assert_int_equal(
            attune_session_push_video(x.c->s, t * MS, x.c->rgb, FAKE_W, FAKE_H, 3 * FAKE_W),
            ATTUNE_OK);
        take(&x);
    }
    push_until(&x, END_MS);
    assert_int_equal(attune_session_finish(x.c->s), ATTUNE_OK);
    take(&x);
    return x;
}

static void windows_are_the_same_however_early_it_came(void **state)
{
    static const int64_t ahead_ms[] = {40, 300, 1000, 3000};
    heard just = watched(0);
    const attune_beside *last = &just.said[just.c->n - 1];

    (void)state;
    assert_int_equal(just.c->n, END_MS / 500);
    assert_true(isfinite(last->signal[0].z) && isfinite(last->signal[1].z)); /* long known */
    assert_true(last->messages > 0);
    for (size_t i = 0; i < sizeof ahead_ms / sizeof *ahead_ms; i++) {
        heard early = watched(ahead_ms[i]);
        assert_int_equal(early.c->n, just.c->n);
        assert_memory_equal(early.c->w, just.c->w, (size_t)just.c->n * sizeof *just.c->w);
        assert_memory_equal(early.said, just.said, (size_t)just.c->n * sizeof *just.said);
        scene_close(early.c);
    }
    scene_close(just.c);
}

static void look(heard *x, int64_t t_us)
{
    assert_int_equal(
        attune_session_push_video(x->c->s, t_us, x->c->rgb, FAKE_W, FAKE_H, 3 * FAKE_W), ATTUNE_OK);
    take(x);
}

static void what_is_no_number_is_no_value(void **state)
{
    static const float odd[][2] = {{NAN, INFINITY}, {-INFINITY, NAN}, {60, NAN}, {INFINITY, 1}};
    heard x = {.c = opened(&both_setup)};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(attune_session_push_signal(x.c->s, i * INT64_C(100000), odd[i]),
                         ATTUNE_OK);
    for (int64_t t = 0; t <= 1000; t += STEP_MS)
        look(&x, t * MS);
    assert_true(x.c->n > 0);
    assert_float_equal(x.said[0].signal[0].mean, 60, 0);
    assert_float_equal(x.said[0].signal[0].coverage, 0.6, 1e-6);
    assert_float_equal(x.said[0].signal[1].mean, 2, 1e-6); /* one, in half a second */
    assert_float_equal(x.said[0].signal[1].coverage, 0.4, 1e-6);
    scene_close(x.c);
}

static void gaps_may_be_as_long_as_time_is(void **state)
{
    static const float row[2] = {60, 1};
    heard x = {.c = opened(&both_setup)};
    const int64_t times[] = {0, 1, LATEST_US - 2000000, LATEST_US};

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_int_equal(attune_session_push_signal(x.c->s, times[i], row), ATTUNE_OK);
        assert_int_equal(attune_session_push_text(x.c->s, times[i], "ok", 2), ATTUNE_OK);
        look(&x, times[i]);
    }
    assert_int_equal(attune_session_finish(x.c->s), ATTUNE_OK);
    take(&x);
    assert_in_range(x.c->n, 3, 12);
    for (int i = 0; i < x.c->n; i++) {
        assert_true(x.said[i].signal[0].coverage >= 0 && x.said[i].signal[0].coverage <= 1);
        assert_true(isnan(x.said[i].signal[0].mean) || x.said[i].signal[0].mean == 60);
        assert_in_range(x.said[i].messages, 0, 4);
    }
    scene_close(x.c);
}

static void what_comes_late_is_counted_and_not_heard(void **state)
{
    static const float row[2] = {60, 0};
    heard x = {.c = opened(&both_setup)};
    attune_counts n;

    (void)state;
    for (int64_t t = 0; t <= 1200; t += STEP_MS)
        look(&x, t * MS);
    assert_int_equal(x.c->n, 2);
    for (int64_t t = 900; t <= 1100; t += 200) { /* before and after the end of what is made */
        assert_int_equal(attune_session_push_signal(x.c->s, t * MS, row), ATTUNE_OK);
        assert_int_equal(attune_session_push_text(x.c->s, t * MS, "ok", 2), ATTUNE_OK);
    }
    attune_session_counts(x.c->s, &n);
    assert_int_equal(n.late_signal_rows, 1);
    assert_int_equal(n.late_messages, 1);
    look(&x, 1600 * MS);
    assert_int_equal(x.c->n, 3);
    assert_int_equal(x.said[1].messages, 0);
    assert_int_equal(x.said[2].messages, 2);
    assert_true(isnan(x.said[1].signal[0].mean) && x.said[2].signal[0].mean == 60);
    scene_close(x.c);
}

/* Nor what no window to come reaches back to. */
static void what_comes_far_too_late_is_in_no_window(void **state)
{
    static const float row[2] = {60, 1};
    heard x = {.c = opened(&both_setup)};

    (void)state;
    for (int64_t t = 0; t <= 6000; t += STEP_MS)
        look(&x, t * MS);
    const int before = x.c->n;
    assert_int_equal(attune_session_push_signal(x.c->s, 100 * MS, row), ATTUNE_OK);
    assert_int_equal(attune_session_push_text(x.c->s, 100 * MS, "ok", 2), ATTUNE_OK);
    look(&x, 6600 * MS);
    assert_true(x.c->n > before);
    assert_int_equal(x.said[before].messages, 0);
    assert_float_equal(x.said[before].signal[0].coverage, 0, 0);
    assert_float_equal(x.said[before].signal[1].mean, 0, 0);
    scene_close(x.c);
}

/* A thousand rows a second, of which each counts, for longer than there is room. */
static void fast_rows_are_not_kept_coarser(void **state)
{
    heard x = {.c = opened(&both_setup)};

    (void)state;
    for (int64_t t = 0; t <= 9000; t++) {
        const float row[2] = {(float)(t % 2), 1};
        assert_int_equal(attune_session_push_signal(x.c->s, t * MS, row), ATTUNE_OK);
        if (t % STEP_MS == 0)
            look(&x, t * MS);
    }
    const attune_beside *last = &x.said[x.c->n - 1];
    assert_float_equal(last->signal[0].mean, 0.5, 1e-3);
    assert_float_equal(last->signal[0].deviation, 0.5, 1e-3);
    assert_float_equal(last->signal[1].mean, 1000, 1);
    scene_close(x.c);
}

/* A window has room for twenty messages a second and some; of more the latest are heard. */
static void a_flood_of_messages_leaves_the_latest(void **state)
{
    heard x = {.c = opened(&both_setup)};

    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(attune_session_push_text(x.c->s, i * 500, "ok", 2), ATTUNE_OK);
    look(&x, 0);
    look(&x, 500 * MS);
    assert_int_equal(x.c->n, 1);
    assert_in_range(x.said[0].messages, 3 * 20, 3 * 20 + 2 * 64);
    scene_close(x.c);
}

/* ---- and what the fusion hears ------------------------------------------------------------------ */

static unsigned heard_by(const at_signal_scale *wants)
{
    attune_model m = *fake_model();
    attune_session *s;
    attune_window w;
    static const float row[2] = {60, 1};
    static unsigned char rgb[FAKE_W * FAKE_H * 3];

    m.signal = *wants;
    fake_picture(rgb, one_face);
    assert_int_equal(
        attune_session_open(
            &s, &m, &(attune_options){.beside = &both_setup, .no_audio = 1, .threads = 1}, NULL),
        ATTUNE_OK);
    for (int64_t t = 0; t <= 600; t += 100) {
        assert_int_equal(attune_session_push_signal(s, t * MS, row), ATTUNE_OK);
        assert_int_equal(attune_session_push_video(s, t * MS, rgb, FAKE_W, FAKE_H, 3 * FAKE_W),
                         ATTUNE_OK);
    }
    assert_int_equal(attune_session_next(s, &w), 1);
    assert_float_equal(w.beside->signal[0].mean, 60, 0); /* it is told, whoever hears it */
    attune_session_free(&s);
    return fake_beside;
}

static void a_model_hears_the_columns_that_it_learned_with(void **state)
{
    const unsigned signal = 1u << ATTUNE_SIGNAL;
    at_signal_scale wants = {.columns = 1, .name = {"clicks"}, .events = 1, .scale = {1}};

    (void)state;
    assert_int_equal(heard_by(&wants), signal);
    wants.events = 0; /* a column of that name that counts is another */
    assert_int_equal(heard_by(&wants), 0);
    wants = (at_signal_scale){.columns = 2, .name = {"hr", "gsr"}, .scale = {1, 1}};
    assert_int_equal(heard_by(&wants), 0); /* one is unknown */
    wants.columns = 1;
    assert_int_equal(heard_by(&wants), signal);
    wants.columns = 0;
    assert_int_equal(heard_by(&wants), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_where_nothing_was_announced),
        cmocka_unit_test(what_is_refused_changes_nothing),
        cmocka_unit_test(columns_have_names),
        cmocka_unit_test(windows_are_the_same_however_early_it_came),
        cmocka_unit_test(what_is_no_number_is_no_value),
        cmocka_unit_test(gaps_may_be_as_long_as_time_is),
        cmocka_unit_test(what_comes_late_is_counted_and_not_heard),
        cmocka_unit_test(what_comes_far_too_late_is_in_no_window),
        cmocka_unit_test(fast_rows_are_not_kept_coarser),
        cmocka_unit_test(a_flood_of_messages_leaves_the_latest),
        cmocka_unit_test(a_model_hears_the_columns_that_it_learned_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
