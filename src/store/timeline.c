/* timeline.c - a kept session over time, for a plot: at most AT_TIMELINE_BINS moments, each the mean of
 * the windows that end in it.
 */
#include "base/error.h"
#include "base/mem.h"
#include "store/json.h"
#include "store/store.h"

#include <math.h>

enum { BINS = 600, CHAT_CLASSES = ATTUNE_EMOTIONS + ATTUNE_STATES };

typedef struct at_bin {
    double windows, withheld;
    double weight[ATTUNE_MODALITIES], reliability[ATTUNE_MODALITIES];
    double estimates, emotion[ATTUNE_EMOTIONS];
    double states, level[ATTUNE_STATES];
    double signals[ATTUNE_MAX_SIGNALS], signal[ATTUNE_MAX_SIGNALS]; /* windows with it, its means */
    double chats, messages, chat[CHAT_CLASSES];
} at_bin;

typedef struct at_timeline {
    const attune_record *record;
    uint32_t track; /* 0: every window */
    double hop_s, end_s, start_s, bin_s;
    int n; /* bins up to the latest window */
    at_bin bin[BINS];
} at_timeline;

static double seconds(int64_t us)
{
    return (double)us / 1e6;
}

/* Bins of whole hops, as few as hold the session. */
static void lay_out(at_timeline *t, const attune_window *first)
{
    const double hops = (t->end_s - seconds(first->start_us)) / t->hop_s;

    t->start_s = seconds(first->start_us);
    t->bin_s = t->hop_s * fmax(ceil(hops / BINS - 1e-9), 1);
}

static void add_estimate(at_bin *b, const attune_window *w)
{
    b->estimates++;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        b->emotion[e] += (double)w->emotion7[e];
    if (!w->has_state)
        return;
    b->states++;
    for (int i = 0; i < ATTUNE_STATES; i++)
        for (int k = 1; k < ATTUNE_LEVELS; k++)
            b->level[i] += k * (double)w->state4[i][k];
}

static void add_beside(at_bin *b, const attune_beside *x)
{
    for (int i = 0; i < x->signals; i++)
        if (isfinite(x->signal[i].mean)) {
            b->signals[i]++;
            b->signal[i] += (double)x->signal[i].mean;
        }
    if (x->messages < 0)
        return;
    b->chats++;
    b->messages += x->messages;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        b->chat[e] += (double)x->chat_emotion7[e];
    for (int i = 0; i < ATTUNE_STATES; i++)
        b->chat[ATTUNE_EMOTIONS + i] += (double)x->chat_state4[i];
}

static int add_window(void *user, const attune_window *w)
{
    at_timeline *t = user;
    double place;
    at_bin *b;

    if (t->track && w->track != t->track)
        return 0;
    if (t->bin_s <= 0)
        lay_out(t, w);
    place = ceil((seconds(w->end_us) - t->start_s) / t->bin_s - 1e-6) - 1;
    place = fmin(fmax(place, 0), BINS - 1);
    b = &t->bin[(int)place];
    t->n = (int)fmax(t->n, place + 1);
    b->windows++;
    b->withheld += w->abstain != 0;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        b->weight[m] += (double)w->weight[m];
        b->reliability[m] += (double)w->reliability[m];
    }
    if (!w->abstain)
        add_estimate(b, w);
    if (w->beside)
        add_beside(b, w->beside);
    return 0;
}

/* A column: sums of one member over those of another; null where there is none. */
static json_t *column(const at_timeline *t, size_t sum, size_t n)
{
    json_t *list = json_array();

    for (int i = 0; list && i < t->n; i++) {
        const char *b = (const char *)&t->bin[i];
        const double of = *(const double *)(const void *)(b + n);
        const double value = *(const double *)(const void *)(b + sum) / of;
        if (json_array_append_new(list, at_json_real(of > 0 ? round(value * 1e4) / 1e4 : NAN)) !=
            0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

#define COLUMN(sum, n) column(t, offsetof(at_bin, sum), offsetof(at_bin, n))

static json_t *times(const at_timeline *t)
{
    json_t *list = json_array();

    for (int i = 0; list && i < t->n; i++)
        if (json_array_append_new(list, at_json_real((i + 1) * t->bin_s)) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

/* columns: of names with values beside one another in a bin. */
static json_t *group(const at_timeline *t, const char *const *names, int count, size_t sum,
                     size_t n)
{
    json_t *o = json_object();

    for (int i = 0; i < count; i++)
        at_json_put(&o, names[i], column(t, sum + (size_t)i * sizeof(double), n));
    return o;
}

static json_t *signals(const at_timeline *t)
{
    json_t *o = json_object();

    for (int i = 0; i < t->record->signals; i++)
        at_json_put(&o, t->record->signal[i],
                    column(t, offsetof(at_bin, signal) + (size_t)i * sizeof(double),
                           offsetof(at_bin, signals) + (size_t)i * sizeof(double)));
    return o;
}

static int is_spoken_of(const at_timeline *t, int class)
{
    for (int i = 0; i < t->n; i++)
        if (t->bin[i].chat[class] > 0)
            return 1;
    return 0;
}

/* Of the classes those that some message speaks of. */
static json_t *chat(const at_timeline *t)
{
    json_t *o = json_object();

    at_json_put(&o, "messages", COLUMN(messages, chats));
    for (int k = 0; k < CHAT_CLASSES; k++)
        if (is_spoken_of(t, k))
            at_json_put(&o,
                        k < ATTUNE_EMOTIONS ? attune_emotion_names[k]
                                            : attune_state_names[k - ATTUNE_EMOTIONS],
                        column(t, offsetof(at_bin, chat) + (size_t)k * sizeof(double),
                               offsetof(at_bin, chats)));
    return o;
}

static json_t *timeline(const at_timeline *t)
{
    const char *modality[ATTUNE_MODALITIES];
    json_t *all;

    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        modality[m] = attune_modality_name(m);
    all = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "step_s", at_json_real(t->bin_s), "t", times(t),
        "withheld", COLUMN(withheld, windows), "weight",
        group(t, modality, ATTUNE_MODALITIES, offsetof(at_bin, weight), offsetof(at_bin, windows)),
        "reliability",
        group(t, modality, ATTUNE_MODALITIES, offsetof(at_bin, reliability),
              offsetof(at_bin, windows)),
        "expression",
        group(t, attune_emotion_names, ATTUNE_EMOTIONS, offsetof(at_bin, emotion),
              offsetof(at_bin, estimates)),
        "states",
        group(t, attune_state_names, ATTUNE_STATES, offsetof(at_bin, level),
              offsetof(at_bin, states)));
    if (t->record->signals)
        at_json_put(&all, "signals", signals(t));
    if (t->record->chat)
        at_json_put(&all, "chat", chat(t));
    return all;
}

int at_json_timeline(sqlite3 *db, const attune_record *r, uint32_t track, json_t **out,
                     attune_error *err)
{
    at_timeline *t = at_calloc(1, sizeof *t);
    int rc;

    *out = NULL;
    if (!t)
        return at_fail_nomem(err);
    t->record = r;
    t->track = track;
    t->hop_s = r->session.hop_s;
    t->end_s = seconds(r->counts.end_us);
    rc = at_store_each_window(db, r, add_window, t, err);
    if (rc == ATTUNE_OK && !(*out = timeline(t)))
        rc = at_fail_nomem(err);
    at_free(t);
    return rc;
}
