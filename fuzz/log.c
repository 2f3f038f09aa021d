/* Hostile logs of signals and chats: an error that names file and line, or rows in order that fit what was said of them,
 * and windows within their ranges that are the same however early rows are pushed. The first bytes say how it is to be
 * read (see options_of); the rest is the file, after a byte 0x1e the .json beside it. */
#include "folder.h"
#include "fuzz.h"

#include "../tests/session_fake.h"
#include "runtime/analyze_beside.h"
#include "runtime/model.h"

#include <attune/log.h>
#include <math.h>
#include <string.h>

enum { OPTIONS = 3, STEP_US = 250000, END_US = 6000000, AHEAD_US = 2000000, WINDOWS = 32 };

typedef struct seen {
    attune_window window[WINDOWS];
    attune_beside beside[WINDOWS];
    int n;
} seen;

static attune_log_options options_of(const uint8_t *data)
{
    static const char *const lists[] = {NULL, "hr", "clicks", "hr,clicks", "no such", ",,"};
    static const char *const zeros[] = {NULL, NULL, "2026-05-04 10:15", "1969-12-31T23:59:59-14:00",
                                        "now"};
    static const double offsets[] = {0, 0, 0, -2.5, 1, 1e8, -1e8, NAN};

    return (attune_log_options){.chat = data[0] & 1,
                                .time = (attune_log_time)(data[2] % ATTUNE_LOG_TIMES),
                                .columns = lists[data[0] / 16 % 6],
                                .events = lists[data[1] % 6],
                                .from = data[1] & 8 ? "Ann" : NULL,
                                .zero = zeros[data[1] / 16 % 5],
                                .offset_s = offsets[data[1] / 32 % 8]};
}

/* ---- what is promised of a log ------------------------------------------------------------------ */

static void check_names(const attune_log *l)
{
    const char *const *names = attune_log_signals(l);
    int n = 0;

    for (; names && names[n]; n++)
        FUZZ_CHECK(
            *names[n] && strlen(names[n]) < ATTUNE_SIGNAL_BYTES &&
            strspn(names[n], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
                strlen(names[n]));
    FUZZ_CHECK(n <= ATTUNE_MAX_SIGNALS && attune_log_events(l) < 1u << n);
}

static void check_row(const attune_log *l, const float *value, const char *text, size_t n)
{
    const char *const *names = attune_log_signals(l);

    for (int k = 0; names && names[k]; k++)
        FUZZ_CHECK(isnan(value[k]) || fabsf(value[k]) <= 1.0001e30f);
    if (!names) {
        FUZZ_CHECK(n > 0 && n <= ATTUNE_MAX_MESSAGE && !text[n]);
        FUZZ_CHECK(strlen(text) == n);
    }
}

static void check_rows(attune_log *l)
{
    float value[ATTUNE_MAX_SIGNALS];
    int64_t t_us, last_us = INT64_MIN, end_us, rows = 0;
    const char *text;
    attune_error err = {0};
    size_t n;

    while (attune_log_next(l, &t_us, value, &text, &n, &err) == 1) {
        FUZZ_CHECK(t_us >= last_us);
        last_us = t_us;
        check_row(l, value, text, n);
        rows++;
    }
    FUZZ_CHECK(!err.text[0]); /* each was looked at before */
    FUZZ_CHECK(attune_log_rows(l, &end_us) == rows && end_us == (rows ? last_us : 0));
}

/* ---- and of windows ----------------------------------------------------------------------------- */

static void check_signal(const attune_signal *s, int counts)
{
    FUZZ_CHECK(s->coverage >= 0 && s->coverage <= 1 && isnan(s->mean) == (s->coverage == 0));
    FUZZ_CHECK(isnan(s->deviation) || (s->deviation >= 0 && !counts));
    FUZZ_CHECK(s->coverage > 0 || (isnan(s->slope) && isnan(s->z)));
}

static void check_beside(const attune_beside *b, const attune_beside_setup *setup)
{
    int n = 0;

    while (setup->signals && setup->signals[n])
        n++;
    FUZZ_CHECK(b->signals == n);
    for (int k = 0; k < n; k++)
        check_signal(&b->signal[k], setup->events >> k & 1);
    FUZZ_CHECK(setup->chat ? b->messages >= 0 : b->messages == -1);
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        FUZZ_CHECK(b->chat_emotion7[e] >= 0 && b->chat_emotion7[e] <= 1);
    for (int s = 0; s < ATTUNE_STATES; s++)
        FUZZ_CHECK(b->chat_state4[s] >= 0 && b->chat_state4[s] <= 1);
}

static void take(seen *x, attune_session *s, const attune_beside_setup *setup)
{
    attune_window w;

    while (attune_session_next(s, &w) == 1) {
        FUZZ_CHECK(x->n < WINDOWS && w.beside);
        check_beside(w.beside, setup);
        x->beside[x->n] = *w.beside;
        w.beside = NULL;
        x->window[x->n++] = w;
    }
}

/* A model whose fusion learned with the first column. */
static attune_model model_for(const attune_log *l)
{
    attune_model m = *fake_model();

    if (attune_log_signals(l)) {
        m.signal =
            (at_signal_scale){.columns = 1, .scale = {1}, .events = attune_log_events(l) & 1};
        snprintf(m.signal.name[0], sizeof m.signal.name[0], "%s", attune_log_signals(l)[0]);
    }
    return m;
}

/* Pictures without a face, and the log's rows so far ahead of them. */
static void watch(seen *x, attune_log *l, const attune_beside_setup *logs, int causal,
                  int64_t ahead_us)
{
    static const uint8_t rgb[FAKE_W * FAKE_H * 3];
    const attune_model m = model_for(l);
    attune_options o = {
        .beside = logs, .no_audio = 1, .threads = 1, .causal = causal, .no_baseline = 1};
    attune_session *s;
    attune_error err = {0};
    at_beside b;

    x->n = 0;
    FUZZ_CHECK(at_beside_open(&b, &o, &err) == ATTUNE_OK);
    o.beside = &b.setup;
    FUZZ_CHECK(attune_session_open(&s, &m, &o, &err) == ATTUNE_OK);
    for (int64_t t = 0; t < END_US; t += STEP_US) {
        FUZZ_CHECK(at_beside_push(&b, s, t + ahead_us, &err) == ATTUNE_OK);
        FUZZ_CHECK(attune_session_push_video(s, t, rgb, FAKE_W, FAKE_H, 3 * FAKE_W) == ATTUNE_OK);
        take(x, s, &b.setup);
    }
    /* the last window goes on for as long as the last picture */
    FUZZ_CHECK(at_beside_push(&b, s, END_US + AHEAD_US, &err) == ATTUNE_OK);
    FUZZ_CHECK(attune_session_finish(s) == ATTUNE_OK);
    take(x, s, &b.setup);
    attune_session_free(&s);
}

static void analyze(attune_log *l, int is_chat, int causal)
{
    static seen one, other;
    const attune_beside_setup logs = {.signal_log = is_chat ? NULL : l,
                                      .chat_log = is_chat ? l : NULL};

    watch(&one, l, &logs, causal, 0);
    FUZZ_CHECK(one.n == END_US / 500000);
    if (is_chat) /* of which the latest count where there are too many */
        return;
    watch(&other, l, &logs, causal, AHEAD_US);
    FUZZ_CHECK(other.n == one.n);
    FUZZ_CHECK(!memcmp(one.beside, other.beside, (size_t)one.n * sizeof *one.beside));
    FUZZ_CHECK(!memcmp(one.window, other.window, (size_t)one.n * sizeof *one.window));
}

/* The file, and what may lie beside it. */
static const char *put_files(const uint8_t *data, size_t size)
{
    static char path[FUZZ_PATH];
    const uint8_t *beside = memchr(data, 0x1e, size);
    const size_t n = beside ? (size_t)(beside - data) : size;

    fuzz_folder();
    fuzz_folder_empty();
    FUZZ_CHECK(fuzz_folder_put("log.tsv", data, n));
    if (beside)
        FUZZ_CHECK(fuzz_folder_put("log.json", beside + 1, size - n - 1));
    snprintf(path, sizeof path, "%s/log.tsv", fuzz_folder());
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < OPTIONS)
        return 0;
    const attune_log_options o = options_of(data);
    const char *path = put_files(data + OPTIONS, size - OPTIONS);
    attune_log *l;
    attune_error err = {0};
    const int rc = attune_log_open(&l, path, &o, &err);

    FUZZ_CHECK((rc == ATTUNE_OK) == (l != NULL));
    if (!l) {
        FUZZ_CHECK(rc == (int)err.status && strstr(err.text, fuzz_folder()));
        FUZZ_CHECK(rc == ATTUNE_E_FORMAT || rc == ATTUNE_E_ARG);
        return 0;
    }
    check_names(l);
    check_rows(l);
    analyze(l, o.chat, data[0] & 8);
    attune_log_free(&l);
    return 0;
}
