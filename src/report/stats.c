#include "report/stats.h"

#include "base/mem.h"
#include "report/hops.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

void at_stats_init(at_stats *s, int64_t hop_us, double window_s, int max_lanes,
                   const attune_state_usual *usual)
{
    memset(s, 0, sizeof *s);
    s->hop_us = hop_us;
    s->bin_us = hop_us;
    s->window_s = window_s;
    s->max_lanes = max_lanes;
    s->usual = *usual;
    at_subject_init(&s->all, 0, window_s, usual);
    at_subject_init(&s->voice, 0, window_s, usual);
}

void at_stats_free(at_stats *s)
{
    for (int i = 0; i < s->lanes; i++)
        at_free(s->lane[i]);
    for (int i = 0; i < s->faces; i++)
        at_free(s->face[i]);
    at_free(s->faceless);
    s->faceless = NULL;
    s->lanes = s->faces = 0;
}

/* ---- lanes and bins --------------------------------------------------------------------- */

static at_lane *new_lane(at_stats *s)
{
    at_lane *lane = at_calloc(1, sizeof *lane);

    if (lane)
        s->lane[s->lanes++] = lane;
    return lane;
}

static at_lane *faceless_lane(at_stats *s)
{
    if (!s->faceless)
        s->faceless = at_calloc(1, sizeof *s->faceless);
    return s->faceless;
}

static void enter_lane(at_lane *lane, uint32_t track)
{
    int i = 0;

    lane->track = track;
    while (i < lane->faces && lane->face[i] != track)
        i++;
    if (i == lane->faces && i < AT_LANE_FACES)
        lane->face[lane->faces++] = track;
}

/* The lane that w's face is in; else one whose face has gone; else a new one; else, the lanes
 * being as many as the faces that are followed, one whose face w's has replaced. NULL when
 * memory is out. A lane is taken once it has a window that ends when w does. */
static at_lane *find_lane(at_stats *s, const attune_window *w)
{
    at_lane *gone = NULL, *replaced = NULL, *lane;

    if (!w->track)
        return faceless_lane(s);
    for (int i = s->lanes - 1; i >= 0; i--) {
        lane = s->lane[i];
        if (lane->end_us >= w->end_us)
            continue;
        if (lane->track == w->track)
            return lane;
        replaced = lane;
        if (lane->end_us < w->end_us - s->hop_us)
            gone = lane;
    }
    lane = gone ? gone : s->lanes < s->max_lanes ? new_lane(s) : replaced;
    if (lane)
        enter_lane(lane, w->track);
    return lane;
}

static void merge_bin(at_bin *to, const at_bin *b)
{
    to->windows += b->windows;
    to->abstained += b->abstained;
    to->with_estimate += b->with_estimate;
    to->with_state += b->with_state;
    to->with_usual += b->with_usual;
    to->with_movements += b->with_movements;
    to->usual += b->usual;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        to->there[m] += b->there[m];
        to->reliability[m] += b->reliability[m];
        to->seen[m] += b->seen[m];
    }
    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        to->judged[m] += b->judged[m];
        to->condition[m] += b->condition[m];
        to->weight[m] += b->weight[m];
    }
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        to->emotion[i] += b->emotion[i];
    for (int i = 0; i < ATTUNE_STATES; i++)
        to->level[i] += b->level[i];
    for (int i = 0; i < ATTUNE_ENGAGEMENTS; i++)
        to->engagement[i] += b->engagement[i];
    for (int i = 0; i < AT_MOVEMENTS; i++)
        to->movement[i] += b->movement[i];
    for (int i = 0; i < AT_MEASURES; i++) {
        to->quality[i] += b->quality[i];
        to->qualities[i] += b->qualities[i];
    }
    for (int i = 0; i < ATTUNE_MAX_SIGNALS; i++) {
        to->signal[i] += b->signal[i];
        to->signals[i] += b->signals[i];
    }
    to->with_chat += b->with_chat;
    to->messages += b->messages;
    for (int i = 0; i < AT_CHAT_CLASSES; i++)
        to->chat[i] += b->chat[i];
}

static void halve_bins(at_lane *lane)
{
    at_bin *bin = lane->bin;

    for (int i = 0; i < AT_BINS / 2; i++) {
        at_bin sum = bin[2 * i];
        merge_bin(&sum, &bin[2 * i + 1]);
        bin[i] = sum;
    }
    memset(bin + AT_BINS / 2, 0, (AT_BINS - AT_BINS / 2) * sizeof *bin);
}

static void widen_bins(at_stats *s)
{
    for (int l = 0; l < s->lanes; l++)
        halve_bins(s->lane[l]);
    if (s->faceless)
        halve_bins(s->faceless);
    s->bin_us *= 2;
}

static float expected_level(const float *level)
{
    float sum = 0;

    for (int k = 1; k < ATTUNE_LEVELS; k++)
        sum += (float)k * level[k];
    return sum;
}

static float largest_offset(const attune_window *w)
{
    float most = 0;

    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        most = fmaxf(most, fabsf(w->offset[k]));
    return most;
}

static void bin_movements(at_bin *b, const attune_window *w)
{
    b->with_movements = at_movements_known(w);
    for (int i = 0; i < AT_MOVEMENTS && b->with_movements; i++)
        b->movement[i] = (float)at_movement_of(w, i);
}

const char *at_chat_class(int i)
{
    return i < ATTUNE_EMOTIONS ? attune_emotion_names[i] : attune_state_names[i - ATTUNE_EMOTIONS];
}

static void take_chat(const attune_beside *x, float out[AT_CHAT_CLASSES])
{
    memcpy(out, x->chat_emotion7, sizeof x->chat_emotion7);
    memcpy(out + ATTUNE_EMOTIONS, x->chat_state4, sizeof x->chat_state4);
}

static void bin_beside(at_bin *b, const attune_beside *x)
{
    for (int i = 0; i < x->signals; i++)
        if (isfinite(x->signal[i].mean)) {
            b->signal[i] = x->signal[i].mean;
            b->signals[i] = 1;
        }
    if (x->messages < 0)
        return;
    b->with_chat = 1;
    b->messages = (float)x->messages;
    take_chat(x, b->chat);
}

/* A window as a bin of its own. */
static void window_bin(at_bin *b, const attune_window *w)
{
    float quality[AT_MEASURES];

    memset(b, 0, sizeof *b);
    b->windows = 1;
    b->abstained = w->abstain != 0;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        b->there[m] = w->reliability[m] > 0;
        b->reliability[m] = w->reliability[m];
        b->seen[m] = w->seen[m];
    }
    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        b->judged[m] = w->condition[m] > 0;
        b->condition[m] = w->condition[m];
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
    if (w->baseline_s > 0) {
        b->with_usual = 1;
        b->usual = largest_offset(w);
    }
    bin_movements(b, w);
    if (w->beside)
        bin_beside(b, w->beside);
    memcpy(quality, &w->quality, sizeof quality);
    for (int i = 0; i < AT_MEASURES; i++) {
        if (isfinite(quality[i])) {
            b->quality[i] = quality[i];
            b->qualities[i] = 1;
        }
    }
}

static void add_bin(at_stats *s, at_lane *lane, const at_bin *b, int64_t end_us)
{
    const int64_t last_us = end_us > s->begin_us ? end_us - s->begin_us - 1 : 0;

    while (last_us / s->bin_us >= AT_BINS)
        widen_bins(s);
    merge_bin(&lane->bin[last_us / s->bin_us], b);
}

int64_t at_stats_length_us(const at_stats *s)
{
    return s->end_us - s->begin_us;
}

int at_stats_bins(const at_stats *s)
{
    int64_t n = (at_stats_length_us(s) + s->bin_us - 1) / s->bin_us;

    return n < 1 ? 1 : (int)n;
}

int at_stats_streams(const at_stats *s, int stream[ATTUNE_STREAMS])
{
    int n = 0;

    while (n < ATTUNE_MODALITIES) {
        stream[n] = n;
        n++;
    }
    for (int m = ATTUNE_MODALITIES; m < ATTUNE_STREAMS; m++)
        if (at_stats_weight(s, m) > 0)
            stream[n++] = m;
    return n;
}

int at_lane_is_faceless(const at_stats *s, int l)
{
    return s->lane[l]->track == 0 && s->several;
}

/* ---- moments ------------------------------------------------------------------------------ */

static void count_window(at_stats *s, const at_bin *b)
{
    s->windows++;
    s->abstained += b->abstained;
    s->estimated += b->with_estimate;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        s->there[m] += b->there[m];
        s->reliability[m] += (double)b->reliability[m];
    }
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        s->weight[m] += (double)b->weight[m];
    for (int i = 0; i < AT_MEASURES; i++) {
        s->quality[i] += (double)b->quality[i];
        s->qualities[i] += b->qualities[i];
    }
}

static int add_to_lane(at_stats *s, const attune_window *w)
{
    at_lane *lane = find_lane(s, w);
    at_bin b;

    if (!lane)
        return ATTUNE_E_NOMEM;
    window_bin(&b, w);
    count_window(s, &b);
    at_movements_add(&lane->movements, w);
    add_bin(s, lane, &b, w->end_us);
    lane->windows++;
    lane->end_us = w->end_us;
    return ATTUNE_OK;
}

/* share: of the time; there: whether that is enough to end a gap. */
static void note_presence(at_presence *p, double share, int there, int64_t start_us, int64_t end_us)
{
    double seconds = (double)(end_us - start_us) / 1e6;

    p->total_s += seconds;
    p->there_s += share * seconds;
    if (there)
        return;
    if (p->gap.end_us != start_us)
        p->gap.start_us = start_us;
    p->gap.end_us = end_us;
    if (p->gap.end_us - p->gap.start_us > p->longest.end_us - p->longest.start_us)
        p->longest = p->gap;
}

static at_subject *find_face(const at_stats *s, uint32_t track)
{
    int i = 0;

    while (i < s->faces && s->face[i]->track != track)
        i++;
    return i < s->faces ? s->face[i] : NULL;
}

const at_subject *at_stats_face(const at_stats *s, uint32_t track)
{
    return find_face(s, track);
}

static at_subject *new_face(at_stats *s, uint32_t track)
{
    at_subject *face = at_alloc(1, sizeof *face);

    if (face) {
        at_subject_init(face, track, s->window_s, &s->usual);
        s->face[s->faces++] = face;
    }
    return face;
}

static int add_to_subject(at_stats *s, const attune_window *w, int64_t start_us)
{
    at_subject *subject = w->track ? find_face(s, w->track) : &s->voice;

    if (!subject && s->faces == AT_FACES) {
        s->more_faces++;
        return ATTUNE_OK;
    }
    if (!subject)
        subject = new_face(s, w->track);
    if (!subject)
        return ATTUNE_E_NOMEM;
    at_subject_add(subject, w, start_us, 1);
    if (w->track && !at_face_there(w) && (w->used >> ATTUNE_VOICE & 1u))
        at_subject_add(&s->voice, w, start_us, 1);
    return ATTUNE_OK;
}

/* Rows that tell something share the moment between them; where none does, they all do. */
static void add_to_all(at_stats *s, int64_t start_us)
{
    int telling = 0;

    for (int i = 0; i < s->rows; i++)
        telling += at_evident(&s->moment[i]);
    for (int i = 0; i < s->rows; i++)
        if (!telling || at_evident(&s->moment[i]))
            at_subject_add(&s->all, &s->moment[i], start_us, 1.0 / (telling ? telling : s->rows));
}

/* What was recorded beside is the same for all of a moment. */
static void add_beside(at_stats *s, const attune_beside *x)
{
    float chat[AT_CHAT_CLASSES];

    s->moments++;
    for (int i = 0; i < x->signals; i++) {
        at_signal_sums *to = &s->signal[i];
        const float mean = x->signal[i].mean;
        const double step = (double)mean - to->mean;
        to->coverage += (double)x->signal[i].coverage;
        if (!isfinite(mean))
            continue;
        to->low = to->moments ? fminf(to->low, mean) : mean;
        to->high = to->moments ? fmaxf(to->high, mean) : mean;
        to->mean += step / (double)++to->moments;
        to->m2 += step * ((double)mean - to->mean);
    }
    take_chat(x, chat);
    for (int i = 0; i < AT_CHAT_CLASSES; i++)
        s->chat[i] = fmaxf(s->chat[i], chat[i]);
}

/* All windows that end together are there. */
static int close_moment(at_stats *s)
{
    int voice = 0, given = 0, rc = ATTUNE_OK;
    double share = 0;
    int64_t end_us, start_us;

    if (!s->rows)
        return ATTUNE_OK;
    end_us = s->moment[0].end_us;
    start_us = at_is_gap(&s->moment[0], s->window_s) ? s->end_us : end_us - s->hop_us;
    start_us = start_us < s->end_us ? s->end_us : start_us;
    start_us = start_us < s->moment[0].start_us ? s->moment[0].start_us : start_us;
    for (int i = 0; i < s->rows && rc == ATTUNE_OK; i++) {
        const attune_window *w = &s->moment[i];
        share = fmax(share, (double)w->any_face);
        voice |= at_voice_there(w);
        given |= !w->abstain;
        rc = add_to_lane(s, w);
        rc = rc < 0 ? rc : add_to_subject(s, w, start_us);
    }
    add_to_all(s, start_us);
    if (s->moment[0].beside)
        add_beside(s, s->moment[0].beside);
    note_presence(&s->presence[ATTUNE_FACE], share, share >= AT_FACE_SHARE_MIN, start_us, end_us);
    note_presence(&s->presence[ATTUNE_VOICE], voice, voice, start_us, end_us);
    note_presence(&s->estimate, given, given, start_us, end_us);
    s->several |= s->rows > 1;
    s->goes_on |= s->end_us > s->begin_us;
    s->end_us = end_us;
    s->rows = 0;
    return rc;
}

int at_stats_add(at_stats *s, const attune_window *w)
{
    int rc = ATTUNE_OK;

    if (!s->rows) /* the first of all */
        s->begin_us = s->end_us = w->start_us / s->hop_us * s->hop_us;
    if (s->rows && (s->moment[0].end_us != w->end_us || s->rows == AT_LANES))
        rc = close_moment(s);
    s->moment[s->rows] = *w;
    if (w->beside) {
        s->beside = *w->beside;
        s->moment[s->rows].beside = &s->beside;
    }
    s->rows++;
    return rc;
}

/* Windows without a face: part of the only lane, or a lane if a voice is in it. */
static void place_faceless(at_stats *s)
{
    at_lane *lane = s->faceless;

    if (!lane)
        return;
    if (!s->lanes || (s->several && s->voice.heard_s > 0)) {
        s->lane[s->lanes++] = lane;
        s->faceless = NULL;
    } else if (!s->several) {
        for (int i = 0; i < AT_BINS; i++)
            merge_bin(&s->lane[0]->bin[i], &lane->bin[i]);
        s->lane[0]->windows += lane->windows;
    }
}

/* By number: who is larger may have had a window before who came earlier. */
static void sort_faces(at_stats *s)
{
    for (int i = 1; i < s->faces; i++) {
        at_subject *moved = s->face[i];
        int k = i;
        for (; k > 0 && moved->track < s->face[k - 1]->track; k--)
            s->face[k] = s->face[k - 1];
        s->face[k] = moved;
    }
}

int at_stats_close(at_stats *s)
{
    int rc = close_moment(s);

    at_subject_close(&s->all);
    at_subject_close(&s->voice);
    for (int i = 0; i < s->faces; i++)
        at_subject_close(s->face[i]);
    sort_faces(s);
    place_faceless(s);
    return rc;
}

void at_stats_take_input(at_stats *s, const attune_input_info *info)
{
    s->still = info->counts.frames == 1 && !info->has_audio && !s->goes_on;
    if (!s->still)
        return;
    s->all.enough_s = s->voice.enough_s = 0;
    for (int i = 0; i < s->faces; i++)
        s->face[i]->enough_s = 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

static double mean_of(double sum, int64_t n)
{
    return n > 0 ? sum / (double)n : NAN;
}

double at_stats_reliability(const at_stats *s, int modality)
{
    return mean_of(s->reliability[modality], s->there[modality]);
}

double at_stats_weight(const at_stats *s, int modality)
{
    return mean_of(s->weight[modality], s->estimated);
}

double at_stats_measure(const at_stats *s, int measure)
{
    return mean_of(s->quality[measure], s->qualities[measure]);
}

double at_presence_share(const at_presence *p)
{
    return p->total_s > 0 ? p->there_s / p->total_s : 0;
}
