#include "report/stats.h"

#include "base/mem.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* attune_quality is read as an array of floats. */
_Static_assert(AT_QUALITIES == 9, "name the new quality measure in quality_names");
_Static_assert(sizeof(attune_quality) % sizeof(float) == 0, "floats only");
_Static_assert((int)ATTUNE_EMOTIONS <= (int)AT_CLASSES_MAX, "classes of a head");

static const char *const quality_names[AT_QUALITIES] = {
    "sharpness", "brightness", "contrast", "face_size",    "detector_score",
    "coverage",  "face_share", "snr_db",   "speech_share",
};
static const char *const level_names[ATTUNE_LEVELS] = {"0", "1", "2", "3"};
static const char *const presence_names[2] = {"missing", "present"};
static const char *const estimate_names[2] = {"withheld", "given"};

const char *at_quality_name(int quality)
{
    return quality_names[quality];
}

const char *at_head_name(at_head h)
{
    switch (h) {
    case AT_HEAD_EMOTION: return "emotion7";
    case AT_HEAD_ENGAGEMENT: return "engagement3";
    case AT_HEAD_FACE: return "face";
    case AT_HEAD_VOICE: return "voice";
    case AT_HEAD_ESTIMATE: return "estimate";
    default: return attune_state_names[h - AT_HEAD_STATE];
    }
}

int at_head_classes(at_head h)
{
    switch (h) {
    case AT_HEAD_EMOTION: return ATTUNE_EMOTIONS;
    case AT_HEAD_ENGAGEMENT: return ATTUNE_ENGAGEMENTS;
    case AT_HEAD_FACE:
    case AT_HEAD_VOICE:
    case AT_HEAD_ESTIMATE: return 2;
    default: return ATTUNE_LEVELS;
    }
}

const char *at_head_class(at_head h, int class)
{
    switch (h) {
    case AT_HEAD_EMOTION: return attune_emotion_names[class];
    case AT_HEAD_ENGAGEMENT: return attune_engagement_names[class];
    case AT_HEAD_FACE:
    case AT_HEAD_VOICE: return presence_names[class];
    case AT_HEAD_ESTIMATE: return estimate_names[class];
    default: return level_names[class];
    }
}

void at_stats_init(at_stats *s, int64_t hop_us, int max_lanes)
{
    memset(s, 0, sizeof *s);
    s->hop_us = hop_us;
    s->bin_us = hop_us;
    s->max_lanes = max_lanes;
}

void at_stats_free(at_stats *s)
{
    for (int i = 0; i < s->lanes; i++) {
        at_free(s->lane[i]);
        s->lane[i] = NULL;
    }
    s->lanes = 0;
}

/* ---- lanes and bins --------------------------------------------------------------------- */

static at_lane *new_lane(at_stats *s)
{
    at_lane *lane = at_calloc(1, sizeof *lane);

    if (lane) {
        for (int h = 0; h < AT_HEADS; h++)
            lane->running[h] = -1;
        s->lane[s->lanes++] = lane;
    }
    return lane;
}

/* The lane that w's face is in; else one whose face has gone; else a new one; else, the lanes
 * being as many as the faces that are followed, one whose face w's has replaced. NULL when
 * memory is out. A lane is taken once it has a window that ends when w does. */
static at_lane *find_lane(at_stats *s, const attune_window *w)
{
    at_lane *gone = NULL, *replaced = NULL, *lane;

    for (int i = s->lanes - 1; i >= 0; i--) {
        lane = s->lane[i];
        if (lane->end_us >= w->end_us)
            continue;
        if (lane->track == w->track)
            return lane;
        replaced = lane;
        if (!w->track || !lane->track || lane->end_us < w->end_us - s->hop_us)
            gone = lane;
    }
    lane = gone ? gone : s->lanes < s->max_lanes ? new_lane(s) : replaced;
    if (lane) {
        lane->faces += w->track != 0;
        lane->track = w->track;
    }
    return lane;
}

static void merge_bin(at_bin *to, const at_bin *b)
{
    to->windows += b->windows;
    to->abstained += b->abstained;
    to->with_estimate += b->with_estimate;
    to->with_state += b->with_state;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        to->used[m] += b->used[m];
        to->reliability[m] += b->reliability[m];
        to->weight[m] += b->weight[m];
    }
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        to->emotion[i] += b->emotion[i];
    for (int i = 0; i < ATTUNE_STATES; i++)
        to->level[i] += b->level[i];
    for (int i = 0; i < ATTUNE_ENGAGEMENTS; i++)
        to->engagement[i] += b->engagement[i];
    for (int i = 0; i < AT_QUALITIES; i++) {
        to->quality[i] += b->quality[i];
        to->qualities[i] += b->qualities[i];
    }
}

static void halve_bins(at_stats *s)
{
    for (int l = 0; l < s->lanes; l++) {
        at_bin *bin = s->lane[l]->bin;
        for (int i = 0; i < AT_BINS / 2; i++) {
            at_bin sum = bin[2 * i];
            merge_bin(&sum, &bin[2 * i + 1]);
            bin[i] = sum;
        }
        memset(bin + AT_BINS / 2, 0, (AT_BINS - AT_BINS / 2) * sizeof *bin);
    }
    s->bin_us *= 2;
}

static float expected_level(const float *level)
{
    float sum = 0;

    for (int k = 1; k < ATTUNE_LEVELS; k++)
        sum += (float)k * level[k];
    return sum;
}

/* A window as a bin of its own. */
static void window_bin(at_bin *b, const attune_window *w)
{
    float quality[AT_QUALITIES];

    memset(b, 0, sizeof *b);
    b->windows = 1;
    b->abstained = w->abstain != 0;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        b->used[m] = (int)((w->used >> m) & 1u);
        b->reliability[m] = w->reliability[m];
        b->weight[m] = w->weight[m];
    }
    if (w->used) {
        b->with_estimate = 1;
        memcpy(b->emotion, w->emotion7, sizeof b->emotion);
    }
    if (w->has_state) {
        b->with_state = 1;
        memcpy(b->engagement, w->engagement3, sizeof b->engagement);
        for (int i = 0; i < ATTUNE_STATES; i++)
            b->level[i] = expected_level(w->state4[i]);
    }
    memcpy(quality, &w->quality, sizeof quality);
    for (int i = 0; i < AT_QUALITIES; i++) {
        if (isfinite(quality[i])) {
            b->quality[i] = quality[i];
            b->qualities[i] = 1;
        }
    }
}

static void add_bin(at_stats *s, at_lane *lane, const at_bin *b, int64_t end_us)
{
    int64_t i = end_us > 0 ? (end_us - 1) / s->bin_us : 0;

    while (i >= AT_BINS) {
        halve_bins(s);
        i = (end_us - 1) / s->bin_us;
    }
    merge_bin(&lane->bin[i], b);
}

int at_stats_bins(const at_stats *s)
{
    int64_t n = (s->end_us + s->bin_us - 1) / s->bin_us;

    return n < 1 ? 1 : (int)n;
}

/* ---- shares and stretches ----------------------------------------------------------------- */

static void end_stretch(at_stats *s, at_lane *lane, int head)
{
    int class = lane->running[head];
    at_stretch *longest;

    if (class < 0)
        return;
    longest = &s->head[head].longest[class];
    if (lane->run[head].end_us - lane->run[head].start_us > longest->end_us - longest->start_us)
        *longest = lane->run[head];
    lane->running[head] = -1;
}

/* class < 0: the head is silent in this window. */
static void note_class(at_stats *s, int l, int head, int class, const attune_window *w)
{
    at_lane *lane = s->lane[l];
    at_stretch *run = &lane->run[head];
    int64_t start = w->end_us - s->hop_us;

    if (start < w->start_us)
        start = w->start_us;
    /* The last window may end off the grid: a stretch goes on as long as no hop is missing. */
    if (class >= 0 && lane->running[head] == class && start <= run->end_us) {
        run->end_us = w->end_us;
    } else {
        end_stretch(s, lane, head);
        lane->running[head] = class;
        *run = (at_stretch){start, w->end_us, l};
    }
    if (class >= 0) {
        s->head[head].windows++;
        s->head[head].count[class]++;
    }
}

static int largest(const float *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        if (p[i] > p[best])
            best = i;
    return best;
}

static void note_probabilities(at_stats *s, int l, int head, int given, const float *p,
                               const attune_window *w)
{
    int n = at_head_classes((at_head)head);

    note_class(s, l, head, given ? largest(p, n) : -1, w);
    for (int i = 0; i < n && given; i++)
        s->head[head].mean[i] += p[i];
}

static int lane_index(const at_stats *s, const at_lane *lane)
{
    int l = 0;

    while (s->lane[l] != lane)
        l++;
    return l;
}

static void count_window(at_stats *s, const attune_window *w, const at_bin *b)
{
    s->windows++;
    s->abstained += b->abstained;
    if (w->end_us > s->end_us)
        s->end_us = w->end_us;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        s->used[m] += b->used[m];
        s->with[m] += w->reliability[m] > 0;
        s->reliability[m] += w->reliability[m];
        s->weight[m] += w->weight[m];
    }
    for (int i = 0; i < AT_QUALITIES; i++) {
        s->quality[i] += b->quality[i];
        s->qualities[i] += b->qualities[i];
    }
}

int at_stats_add(at_stats *s, const attune_window *w)
{
    int given = !w->abstain;
    at_lane *lane = find_lane(s, w);
    at_bin b;
    int l;

    if (!lane)
        return ATTUNE_E_NOMEM;
    window_bin(&b, w);
    count_window(s, w, &b);
    l = lane_index(s, lane);
    add_bin(s, lane, &b, w->end_us);
    note_probabilities(s, l, AT_HEAD_EMOTION, given, w->emotion7, w);
    note_probabilities(s, l, AT_HEAD_ENGAGEMENT, given && w->has_state, w->engagement3, w);
    for (int i = 0; i < ATTUNE_STATES; i++)
        note_probabilities(s, l, AT_HEAD_STATE + i, given && w->has_state, w->state4[i], w);
    note_class(s, l, AT_HEAD_FACE, w->track != 0, w);
    note_class(s, l, AT_HEAD_VOICE, w->reliability[ATTUNE_VOICE] > 0, w);
    note_class(s, l, AT_HEAD_ESTIMATE, given, w);
    lane->windows++;
    lane->end_us = w->end_us;
    return ATTUNE_OK;
}

void at_stats_close(at_stats *s)
{
    for (int l = 0; l < s->lanes; l++)
        for (int h = 0; h < AT_HEADS; h++)
            end_stretch(s, s->lane[l], h);
}

/* ---- reading ------------------------------------------------------------------------------ */

double at_head_share(const at_head_stats *h, int class)
{
    return h->windows ? (double)h->count[class] / (double)h->windows : 0;
}

double at_head_mean(const at_head_stats *h, int class)
{
    return h->windows ? h->mean[class] / (double)h->windows : 0;
}

int at_head_dominant(const at_head_stats *h)
{
    int best = 0;

    if (!h->windows)
        return -1;
    for (int i = 1; i < AT_CLASSES_MAX; i++)
        if (h->count[i] > h->count[best] ||
            (h->count[i] == h->count[best] && h->mean[i] > h->mean[best]))
            best = i;
    return best;
}

double at_stats_mean_level(const at_stats *s, int state)
{
    const at_head_stats *h = &s->head[AT_HEAD_STATE + state];
    double sum = 0;

    for (int k = 1; k < ATTUNE_LEVELS; k++)
        sum += k * at_head_mean(h, k);
    return sum;
}

int at_stats_dominant_state(const at_stats *s)
{
    int best = 0;

    if (!s->head[AT_HEAD_STATE].windows)
        return -1;
    for (int i = 1; i < ATTUNE_STATES; i++)
        if (at_stats_mean_level(s, i) > at_stats_mean_level(s, best))
            best = i;
    return best;
}

double at_stats_quality(const at_stats *s, int quality)
{
    return s->qualities[quality] ? s->quality[quality] / (double)s->qualities[quality] : NAN;
}
