#include "report/subject.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

_Static_assert((int)ATTUNE_EMOTIONS <= (int)AT_CLASSES_MAX, "classes of a topic");

static const double voice_share_min = 0.2;

/* Speech has pauses, and a stretch goes on over them. */
static const int64_t pause_us = 1000000;

/* ---- topics -------------------------------------------------------------------------------- */

const char *at_topic_name(at_topic t)
{
    switch (t) {
    case AT_TOPIC_EXPRESSION: return "expression";
    case AT_TOPIC_ENGAGEMENT: return "engagement";
    default: return attune_state_names[t - AT_TOPIC_STATE];
    }
}

int at_topic_classes(at_topic t)
{
    switch (t) {
    case AT_TOPIC_EXPRESSION: return ATTUNE_EMOTIONS;
    case AT_TOPIC_ENGAGEMENT: return ATTUNE_ENGAGEMENTS;
    default: return ATTUNE_LEVELS;
    }
}

const char *at_topic_class(at_topic t, int class)
{
    switch (t) {
    case AT_TOPIC_EXPRESSION: return attune_emotion_names[class];
    case AT_TOPIC_ENGAGEMENT: return attune_engagement_names[class];
    default: return attune_level_names[class];
    }
}

static const float *probabilities(const attune_window *w, int topic)
{
    switch (topic) {
    case AT_TOPIC_EXPRESSION: return w->emotion7;
    case AT_TOPIC_ENGAGEMENT: return w->engagement3;
    default: return w->state4[topic - AT_TOPIC_STATE];
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
    for (int t = 0; t < AT_TOPICS; t++)
        s->topic[t].running = -1;
}

static void end_run(at_topic_stats *tally)
{
    at_stretch *longest;

    if (tally->running < 0)
        return;
    longest = &tally->longest[tally->running];
    if (tally->run.end_us - tally->run.start_us > longest->end_us - longest->start_us)
        *longest = tally->run;
    tally->running = -1;
}

static int largest(const float *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        if (p[i] > p[best])
            best = i;
    return best;
}

static void add_topic(at_subject *s, int topic, const attune_window *w, int64_t start_us,
                      double seconds)
{
    at_topic_stats *tally = &s->topic[topic];
    const float *p = probabilities(w, topic);
    int n = at_topic_classes((at_topic)topic), class = largest(p, n);

    if (tally->running != class || start_us > tally->run.end_us + pause_us) {
        end_run(tally);
        tally->running = class;
        tally->run.start_us = start_us;
    }
    tally->run.end_us = w->end_us;
    tally->seconds += seconds;
    tally->likeliest[class] += seconds;
    for (int i = 0; i < n; i++)
        tally->mean[i] += (double)p[i] * seconds;
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

    while ((i = (int)(s->topic[AT_TOPIC_EXPRESSION].seconds / s->batch_s + 1e-9)) >= AT_BATCHES)
        merge_batches(s);
    return &s->batch[i];
}

static void add_states(at_subject *s, at_batch *b, const attune_window *w, int64_t start_us,
                       double seconds)
{
    b->state_seconds += seconds;
    b->engagement[largest(w->engagement3, ATTUNE_ENGAGEMENTS)] += seconds;
    for (int t = AT_TOPIC_ENGAGEMENT; t < AT_TOPICS; t++)
        add_topic(s, t, w, start_us, seconds);
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
    add_topic(s, AT_TOPIC_EXPRESSION, w, start_us, told);
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
    if (face)
        at_place_add(&s->place, w->box, face_share(w) * seconds);
    if (w->track == s->track)
        at_habit_add(&s->habit, w);
    if (s->track)
        at_movements_add(&s->movements, w);
    if (at_evident(w) && (face || !s->track))
        add_evidence(s, w, start_us, seconds);
    else if (w->abstain)
        at_subject_close(s);
}

void at_subject_close(at_subject *s)
{
    for (int t = 0; t < AT_TOPICS; t++)
        end_run(&s->topic[t]);
    for (int i = 0; i < ATTUNE_STATES; i++)
        end_departure(s, i);
}

/* ---- reading ------------------------------------------------------------------------------- */

int at_subject_enough(const at_subject *s, at_topic t)
{
    return s->topic[t].seconds > 0 && s->topic[t].seconds >= s->enough_s;
}

double at_topic_mean(const at_topic_stats *tally, int class)
{
    return tally->seconds > 0 ? tally->mean[class] / tally->seconds : 0;
}

int at_topic_most(const at_topic_stats *tally)
{
    int best = 0;

    if (tally->seconds <= 0)
        return -1;
    for (int i = 1; i < AT_CLASSES_MAX; i++)
        if (tally->likeliest[i] > tally->likeliest[best] ||
            (tally->likeliest[i] == tally->likeliest[best] && tally->mean[i] > tally->mean[best]))
            best = i;
    return best;
}

int at_topic_ranked(const at_topic_stats *tally, int classes, double least,
                    int order[AT_CLASSES_MAX])
{
    int n = 0;

    for (int c = 0; c < classes; c++) {
        int i = n;
        if (tally->likeliest[c] <= 0 || tally->likeliest[c] < least * tally->seconds)
            continue;
        for (; i > 0 && tally->likeliest[c] > tally->likeliest[order[i - 1]]; i--)
            order[i] = order[i - 1];
        order[i] = c;
        n++;
    }
    return n;
}

double at_ratio_variance(const double *part, const double *whole, int n)
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

at_interval at_wilson(double p, double n)
{
    const double z = AT_INTERVAL_Z, scale = 1 / (1 + z * z / n);
    const double centre = scale * (p + z * z / (2 * n));
    const double half = scale * z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));

    return (at_interval){p, fmax(centre - half, 0), fmin(centre + half, 1)};
}

/* The batches of a topic, or of a state's level (class ignored); returns how many hold any. */
static int batches_of(const at_subject *s, at_topic t, int class, double *part, double *whole)
{
    int n = 0;

    for (int i = 0; i < AT_BATCHES; i++) {
        const at_batch *b = &s->batch[i];
        whole[n] = t == AT_TOPIC_EXPRESSION ? b->seconds : b->state_seconds;
        part[n] = t == AT_TOPIC_EXPRESSION   ? b->emotion[class]
                  : t == AT_TOPIC_ENGAGEMENT ? b->engagement[class]
                                             : b->level[t - AT_TOPIC_STATE];
        n += whole[n] > 0;
    }
    return n;
}

/* As many independent windows as there are without overlap, or fewer. At least one. */
static double effective_windows(const at_subject *s, const at_topic_stats *tally,
                                double one_variance, double variance)
{
    double n = fmax(tally->seconds / s->window_s, 1);

    return variance > 0 ? fmax(fmin(n, one_variance / variance), 1) : n;
}

at_interval at_subject_share(const at_subject *s, at_topic t, int class)
{
    const at_topic_stats *topic = &s->topic[t];
    double part[AT_BATCHES], whole[AT_BATCHES], p, n;

    if (topic->seconds <= 0)
        return (at_interval){NAN, NAN, NAN};
    p = topic->likeliest[class] / topic->seconds;
    if (t >= AT_TOPIC_STATE || s->enough_s <= 0)
        return (at_interval){p, NAN, NAN};
    n = effective_windows(s, topic, p * (1 - p),
                          at_ratio_variance(part, whole, batches_of(s, t, class, part, whole)));
    return at_wilson(p, n);
}

at_interval at_subject_level(const at_subject *s, int state)
{
    const at_topic_stats *topic = &s->topic[AT_TOPIC_STATE + state];
    double part[AT_BATCHES], whole[AT_BATCHES], mean = 0, squares = 0, one, n, half;

    if (topic->seconds <= 0)
        return (at_interval){NAN, NAN, NAN};
    for (int k = 1; k < ATTUNE_LEVELS; k++) {
        mean += k * at_topic_mean(topic, k);
        squares += k * k * at_topic_mean(topic, k);
    }
    if (s->enough_s <= 0)
        return (at_interval){mean, NAN, NAN};
    one = fmax(squares - mean * mean, 0);
    n = effective_windows(
        s, topic, one,
        at_ratio_variance(part, whole,
                          batches_of(s, (at_topic)(AT_TOPIC_STATE + state), 0, part, whole)));
    half = AT_INTERVAL_Z * sqrt(one / n);
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
