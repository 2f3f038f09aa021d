#include "eval/moments.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int at_moments_open(at_moments *m, const attune_options *o)
{
    /* what is out of range is refused when the session is opened */
    const double rate = o->rate > 0 ? fmin(o->rate, 60) : ATTUNE_DEFAULT_RATE;
    const double window_s = o->window_s > 0 ? fmin(o->window_s, 30) : ATTUNE_DEFAULT_WINDOW_S;
    const double lag_s = fmin(fmax(o->lag_s, ATTUNE_DEFAULT_LAG_S), 30);
    const int most = o->max_tracks < ATTUNE_MAX_TRACKS ? o->max_tracks : ATTUNE_MAX_TRACKS;
    const int tracks = most > 0 ? most : 1;
    memset(m, 0, sizeof *m);
    m->capacity = ((int)((window_s + lag_s) * rate) + 4) * tracks;
    m->list = at_calloc((size_t)m->capacity, sizeof *m->list);
    return m->list ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

void at_moments_free(at_moments *m)
{
    at_free(m->list);
    memset(m, 0, sizeof *m);
}

static void align_landmarks(const at_face *f, float out[AT_LANDMARKS][2])
{
    float m[6];
    if (at_align_matrix(f, m) < 0)
        return; /* a face that was aligned has a matrix */
    for (int i = 0; i < AT_LANDMARKS; i++)
        for (int k = 0; k < 2; k++)
            out[i][k] = m[3 * k] * f->landmark[i][0] + m[3 * k + 1] * f->landmark[i][1] +
                        m[3 * k + 2];
}

void at_moments_see(void *user, const at_sighting *s, const at_face *f, const at_image *aligned)
{
    at_moments *m = user;
    at_moment *to = &m->list[m->next];
    const size_t row = 3 * (size_t)AT_FACE_SIDE;
    to->person = s->person;
    to->t_us = s->t_us;
    memcpy(to->box, s->box, sizeof to->box);
    to->worth = at_sighting_worth(s);
    to->open = s->visual.units[AT_UNIT_JAW_OPEN];
    memcpy(to->logit, s->visual.expression, sizeof to->logit);
    align_landmarks(f, to->landmark);
    for (int y = 0; y < AT_FACE_SIDE; y++)
        memcpy(to->face + (size_t)y * row, at_image_at(aligned, 0, y), row);
    m->next = (m->next + 1) % m->capacity;
    m->n += m->n < m->capacity;
}

void at_moments_recognise(void *user, uint32_t person, uint32_t known)
{
    at_moments *m = user;

    for (int i = 0; i < m->n; i++)
        if (m->list[i].person == person)
            m->list[i].person = known;
}

/* The i-th, from the latest back. */
static const at_moment *back(const at_moments *m, int i)
{
    return &m->list[(m->next - 1 - i + m->capacity) % m->capacity];
}

static int is_in(const at_moment *one, const attune_window *w)
{
    return one->t_us >= w->start_us && one->t_us < w->end_us;
}

/* Whose window it is: it bears the box of its latest sighting. NULL: none is left. */
static const at_moment *latest_of(const at_moments *m, const attune_window *w)
{
    for (int i = 0; i < m->n; i++) {
        const at_moment *one = back(m, i);
        if (is_in(one, w) && memcmp(one->box, w->box, sizeof one->box) == 0)
            return one;
    }
    return NULL;
}

/* By how much wider its mouth is open than at its least around it, as the session has it. */
static float opened(const at_moments *m, const attune_window *w, const at_moment *of)
{
    float least = of->open;
    for (int i = 0; i < m->n; i++) {
        const at_moment *one = back(m, i);
        if (one->person == of->person && is_in(one, w) && llabs(one->t_us - of->t_us) <= AT_REST_US)
            least = fminf(least, one->open);
    }
    return of->open - least;
}

static void mean_logits(const at_moments *m, const attune_window *w, uint32_t person,
                        float mean[AT_FACE_CLASSES])
{
    float sum = 0;
    memset(mean, 0, AT_FACE_CLASSES * sizeof *mean);
    for (int i = 0; i < m->n; i++) {
        const at_moment *one = back(m, i);
        if (one->person != person || !is_in(one, w))
            continue;
        const float worth = one->worth * at_rest(opened(m, w, one));
        sum += worth;
        for (int k = 0; k < AT_FACE_CLASSES; k++)
            mean[k] += worth * one->logit[k];
    }
    for (int k = 0; k < AT_FACE_CLASSES; k++)
        mean[k] /= sum;
}

static float distance(const float *a, const float *b)
{
    float sum = 0;
    for (int k = 0; k < AT_FACE_CLASSES; k++)
        sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

/* The nearest to mean from from_us on and before to_us. NULL: there is none. */
static const at_moment *nearest(const at_moments *m, uint32_t person, int64_t from_us,
                                int64_t to_us, const float mean[AT_FACE_CLASSES])
{
    const at_moment *best = NULL;
    for (int i = 0; i < m->n; i++) {
        const at_moment *one = back(m, i);
        if (one->person == person && one->t_us >= from_us && one->t_us < to_us &&
            (!best || distance(one->logit, mean) < distance(best->logit, mean)))
            best = one;
    }
    return best;
}

const at_moment *at_moments_of(const at_moments *m, const attune_window *w, int64_t hop_us)
{
    const at_moment *latest = latest_of(m, w), *middle;
    const int64_t from_us = w->start_us + (w->end_us - w->start_us - hop_us) / 2;
    float mean[AT_FACE_CLASSES];
    if (!latest)
        return NULL;
    mean_logits(m, w, latest->person, mean);
    middle = nearest(m, latest->person, from_us, from_us + hop_us, mean);
    return middle ? middle : nearest(m, latest->person, w->start_us, w->end_us, mean);
}
