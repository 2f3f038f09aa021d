#include "report/subject.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

_Static_assert((int)ATTUNE_EMOTIONS <= (int)AT_CLASSES_MAX, "classes of a head");

static const double voice_share_min = 0.2;

/* Speech has pauses, and a stretch goes on over them. */
static const int64_t pause_us = 1000000;

/* ---- heads -------------------------------------------------------------------------------- */

const char *at_head_name(at_head h)
{
    switch (h) {
    case AT_HEAD_EMOTION: return "expression";
    case AT_HEAD_ENGAGEMENT: return "engagement";
    default: return attune_state_names[h - AT_HEAD_STATE];
    }
}

int at_head_classes(at_head h)
{
    switch (h) {
    case AT_HEAD_EMOTION: return ATTUNE_EMOTIONS;
    case AT_HEAD_ENGAGEMENT: return ATTUNE_ENGAGEMENTS;
    default: return ATTUNE_LEVELS;
    }
}

const char *at_head_class(at_head h, int class)
{
    switch (h) {
    case AT_HEAD_EMOTION: return attune_emotion_names[class];
    case AT_HEAD_ENGAGEMENT: return attune_engagement_names[class];
    default: return attune_level_names[class];
    }
}

static const float *probabilities(const attune_window *w, int head)
{
    switch (head) {
    case AT_HEAD_EMOTION: return w->emotion7;
    case AT_HEAD_ENGAGEMENT: return w->engagement3;
    default: return w->state4[head - AT_HEAD_STATE];
    }
}

/* ---- evidence ------------------------------------------------------------------------------ */

static double face_share(const attune_window *w)
{
    return w->track ? fmin((double)w->seen[ATTUNE_FACE], 1) : 0;
}

int at_face_there(const attune_window *w)
{
    return face_share(w) >= AT_FACE_SHARE_MIN;
}

int at_voice_there(const attune_window *w)
{
    return w->reliability[ATTUNE_VOICE] > 0 && (double)w->seen[ATTUNE_VOICE] >= voice_share_min;
}

int at_evident(const attune_window *w)
{
    return !w->abstain && (((w->used >> ATTUNE_FACE & 1u) && at_face_there(w)) ||
                           ((w->used >> ATTUNE_VOICE & 1u) && at_voice_there(w)));
}

/* ---- adding -------------------------------------------------------------------------------- */

void at_subject_init(at_subject *s, uint32_t track, double window_s,
                     const attune_state_usual *usual)
{
    memset(s, 0, sizeof *s);
    s->track = track;
    s->window_s = s->batch_s = window_s;
    s->enough_s = AT_ENOUGH_S;
    s->usual = *usual;
    for (int h = 0; h < AT_HEADS; h++)
        s->head[h].running = -1;
}

static void end_run(at_head_stats *h)
{
    at_stretch *longest;

    if (h->running < 0)
        return;
    longest = &h->longest[h->running];
    if (h->run.end_us - h->run.start_us > longest->end_us - longest->start_us)
        *longest = h->run;
    h->running = -1;
}

static int largest(const float *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        if (p[i] > p[best])
            best = i;
    return best;
}

static void add_head(at_subject *s, int head, const attune_window *w, int64_t start_us,
                     double seconds)
{
    at_head_stats *h = &s->head[head];
    const float *p = probabilities(w, head);
    int n = at_head_classes((at_head)head), class = largest(p, n);

    if (h->running != class || start_us > h->run.end_us + pause_us) {
        end_run(h);
        h->running = class;
        h->run.start_us = start_us;
    }
    h->run.end_us = w->end_us;
    h->seconds += seconds;
    h->likeliest[class] += seconds;
    for (int i = 0; i < n; i++)
        h->mean[i] += (double)p[i] * seconds;
}

static double expected_level(const float *p)
{
    double sum = 0;

    for (int k = 1; k < ATTUNE_LEVELS; k++)
        sum += k * (double)p[k];
    return sum;
}

static void end_departure(at_subject *s, int state)
{
    if (s->departing[state].seconds > s->departure[state].seconds)
        s->departure[state] = s->departing[state];
    memset(&s->departing[state], 0, sizeof s->departing[state]);
}

static void add_departure(at_subject *s, int state, double level, int64_t start_us, int64_t end_us,
                          double seconds)
{
    at_departure *d = &s->departing[state];
    double difference = level - (double)s->usual.mean[state];
    int apart = fabs(difference) > (double)s->usual.deviation[state];

    if (!apart || difference * d->sum < 0 || start_us > d->when.end_us + pause_us)
        end_departure(s, state);
    if (!apart)
        return;
    if (d->seconds == 0)
        d->when.start_us = start_us;
    d->when.end_us = end_us;
    d->seconds += seconds;
    d->sum += difference * seconds;
}

static void merge_batches(at_subject *s)
{
    for (int i = 0; i < AT_BATCHES / 2; i++) {
        const at_batch *a = &s->batch[2 * i], *b = a + 1;
        at_batch sum = *a;

        sum.seconds += b->seconds;
        sum.state_seconds += b->state_seconds;
        for (int k = 0; k < ATTUNE_EMOTIONS; k++)
            sum.emotion[k] += b->emotion[k];
        for (int k = 0; k < ATTUNE_ENGAGEMENTS; k++)
            sum.engagement[k] += b->engagement[k];
        for (int k = 0; k < ATTUNE_STATES; k++)
            sum.level[k] += b->level[k];
        s->batch[i] = sum;
    }
    memset(s->batch + AT_BATCHES / 2, 0, AT_BATCHES / 2 * sizeof *s->batch);
    s->batch_s *= 2;
}

/* The batch of the evidence that comes next. */
static at_batch *current_batch(at_subject *s)
{
    int i;

    while ((i = (int)(s->head[AT_HEAD_EMOTION].seconds / s->batch_s + 1e-9)) >= AT_BATCHES)
        merge_batches(s);
    return &s->batch[i];
}

static void add_states(at_subject *s, at_batch *b, const attune_window *w, int64_t start_us,
                       double seconds)
{
    b->state_seconds += seconds;
    b->engagement[largest(w->engagement3, ATTUNE_ENGAGEMENTS)] += seconds;
    for (int h = AT_HEAD_ENGAGEMENT; h < AT_HEADS; h++)
        add_head(s, h, w, start_us, seconds);
    for (int i = 0; i < ATTUNE_STATES; i++) {
        double level = expected_level(w->state4[i]);
        b->level[i] += level * seconds;
        add_departure(s, i, level, start_us, w->end_us, seconds);
    }
}

/* A voice tells of all the time around its words; a face of that in which it was found. */
static void add_evidence(at_subject *s, const attune_window *w, int64_t start_us, double seconds)
{
    int heard = (w->used >> ATTUNE_VOICE & 1u) && at_voice_there(w);
    double told = heard ? seconds : seconds * face_share(w);
    at_batch *b = current_batch(s);

    b->seconds += told;
    b->emotion[largest(w->emotion7, ATTUNE_EMOTIONS)] += told;
    add_head(s, AT_HEAD_EMOTION, w, start_us, told);
    if (w->has_state && at_face_there(w))
        add_states(s, b, w, start_us, seconds * face_share(w));
}

void at_subject_add(at_subject *s, const attune_window *w, int64_t start_us, double weight)
{
    double seconds = weight * (double)(w->end_us - start_us) / 1e6;
    int face = at_face_there(w), voice = at_voice_there(w);

    s->seen_s += face_share(w) * seconds;
    s->heard_s += voice ? seconds : 0;
    if (face || (voice && !s->track)) {
        s->first_us = s->last_us ? s->first_us : start_us;
        s->last_us = w->end_us;
    }
    if (at_evident(w) && (face || !s->track))
        add_evidence(s, w, start_us, seconds);
    else if (w->abstain)
        at_subject_close(s);
}

void at_subject_close(at_subject *s)
{
    for (int h = 0; h < AT_HEADS; h++)
        end_run(&s->head[h]);
    for (int i = 0; i < ATTUNE_STATES; i++)
        end_departure(s, i);
}

/* ---- reading ------------------------------------------------------------------------------- */

int at_subject_enough(const at_subject *s, at_head h)
{
    return s->head[h].seconds > 0 && s->head[h].seconds >= s->enough_s;
}

double at_head_mean(const at_head_stats *h, int class)
{
    return h->seconds > 0 ? h->mean[class] / h->seconds : 0;
}

int at_head_most(const at_head_stats *h)
{
    int best = 0;

    if (h->seconds <= 0)
        return -1;
    for (int i = 1; i < AT_CLASSES_MAX; i++)
        if (h->likeliest[i] > h->likeliest[best] ||
            (h->likeliest[i] == h->likeliest[best] && h->mean[i] > h->mean[best]))
            best = i;
    return best;
}

int at_head_ranked(const at_head_stats *h, int classes, double least, int order[AT_CLASSES_MAX])
{
    int n = 0;

    for (int c = 0; c < classes; c++) {
        int i = n;
        if (h->likeliest[c] <= 0 || h->likeliest[c] < least * h->seconds)
            continue;
        for (; i > 0 && h->likeliest[c] > h->likeliest[order[i - 1]]; i--)
            order[i] = order[i - 1];
        order[i] = c;
        n++;
    }
    return n;
}

/* Variance of the ratio of two sums over batches (Cochran 1977, chapter 6). */
static double ratio_variance(const double *part, const double *whole, int n)
{
    double parts = 0, wholes = 0, squares = 0, ratio;

    for (int i = 0; i < n; i++) {
        parts += part[i];
        wholes += whole[i];
    }
    if (n < 2 || wholes <= 0)
        return 0;
    ratio = parts / wholes;
    for (int i = 0; i < n; i++)
        squares += (part[i] - ratio * whole[i]) * (part[i] - ratio * whole[i]);
    return squares / (wholes * wholes) * n / (n - 1);
}

/* The batches of a head, or of a state's level (class ignored); returns how many hold any. */
static int batches_of(const at_subject *s, at_head h, int class, double *part, double *whole)
{
    int n = 0;

    for (int i = 0; i < AT_BATCHES; i++) {
        const at_batch *b = &s->batch[i];
        whole[n] = h == AT_HEAD_EMOTION ? b->seconds : b->state_seconds;
        part[n] = h == AT_HEAD_EMOTION      ? b->emotion[class]
                  : h == AT_HEAD_ENGAGEMENT ? b->engagement[class]
                                            : b->level[h - AT_HEAD_STATE];
        n += whole[n] > 0;
    }
    return n;
}

/* As many independent windows as there are without overlap, or fewer. At least one. */
static double effective_windows(const at_subject *s, const at_head_stats *h, double one_variance,
                                double variance)
{
    double n = fmax(h->seconds / s->window_s, 1);

    return variance > 0 ? fmax(fmin(n, one_variance / variance), 1) : n;
}

at_interval at_subject_share(const at_subject *s, at_head h, int class)
{
    const double z = 1.96;
    const at_head_stats *head = &s->head[h];
    double part[AT_BATCHES], whole[AT_BATCHES], p, n, scale, centre, half;

    if (head->seconds <= 0)
        return (at_interval){NAN, NAN, NAN};
    p = head->likeliest[class] / head->seconds;
    if (h >= AT_HEAD_STATE)
        return (at_interval){p, NAN, NAN};
    n = effective_windows(s, head, p * (1 - p),
                          ratio_variance(part, whole, batches_of(s, h, class, part, whole)));
    scale = 1 / (1 + z * z / n);
    centre = scale * (p + z * z / (2 * n));
    half = scale * z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (at_interval){p, fmax(centre - half, 0), fmin(centre + half, 1)};
}

at_interval at_subject_level(const at_subject *s, int state)
{
    const double z = 1.96;
    const at_head_stats *head = &s->head[AT_HEAD_STATE + state];
    double part[AT_BATCHES], whole[AT_BATCHES], mean = 0, squares = 0, one, n, half;

    if (head->seconds <= 0)
        return (at_interval){NAN, NAN, NAN};
    for (int k = 1; k < ATTUNE_LEVELS; k++) {
        mean += k * at_head_mean(head, k);
        squares += k * k * at_head_mean(head, k);
    }
    one = fmax(squares - mean * mean, 0);
    n = effective_windows(
        s, head, one,
        ratio_variance(part, whole,
                       batches_of(s, (at_head)(AT_HEAD_STATE + state), 0, part, whole)));
    half = z * sqrt(one / n);
    return (at_interval){mean, fmax(mean - half, 0), fmin(mean + half, ATTUNE_LEVELS - 1)};
}

const at_departure *at_subject_unusual(const at_subject *s, int state)
{
    const at_departure *d = &s->departure[state];

    return d->seconds >= 2 * s->window_s ? d : NULL;
}

double at_departure_levels(const at_departure *d)
{
    return d->seconds > 0 ? d->sum / d->seconds : 0;
}
