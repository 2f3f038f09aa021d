#include "annotate/marks.h"

#include <string.h>

/* A face that was found in less of the time than this is away. */
static const float seen_least = 0.1f;

static int read_ahead(at_marks *m, attune_error *err)
{
    int rc = at_timeline_next(m->timeline, &m->ahead, err);

    m->has_ahead = rc > 0;
    return rc < 0 ? rc : ATTUNE_OK;
}

/* The next windows that end together become now. */
static int move_on(at_marks *m, attune_error *err)
{
    int rc = ATTUNE_OK;

    m->before = m->now;
    m->now.n = 0;
    m->now.end_us = m->ahead.end_us;
    while (rc == ATTUNE_OK && m->has_ahead && m->ahead.end_us == m->now.end_us) {
        if (m->now.n < AT_MARKS_MAX)
            m->now.w[m->now.n++] = m->ahead;
        rc = read_ahead(m, err);
    }
    return rc;
}

int at_marks_go_to(at_marks *m, int64_t t_us, attune_error *err)
{
    int rc = ATTUNE_OK;

    if (!at_timeline_rows(m->timeline))
        rc = read_ahead(m, err);
    while (rc == ATTUNE_OK && m->has_ahead && (!m->now.n || m->now.end_us <= t_us))
        rc = move_on(m, err);
    if (m->now.n && m->now.end_us <= t_us)
        m->now.n = 0; /* the last ones are over */
    return rc;
}

static const attune_window *earlier(const at_marks *m, uint32_t track)
{
    for (int i = 0; i < m->before.n; i++)
        if (m->before.w[i].track == track)
            return &m->before.w[i];
    return NULL;
}

int at_marks_box(const at_marks *m, int i, int64_t t_us, float box[4])
{
    const attune_window *w = &m->now.w[i], *from = earlier(m, w->track);
    const double span = (double)(m->now.end_us - m->before.end_us);
    double at = 1;

    if (!w->track || w->box[2] <= 0 || w->seen[ATTUNE_FACE] < seen_least)
        return 0;
    if (from && from->box[2] > 0 && span > 0)
        at = (double)(t_us - m->before.end_us) / span;
    for (int k = 0; k < 4; k++)
        box[k] = at < 1 ? (float)((1 - at) * (double)from->box[k] + at * (double)w->box[k])
                        : w->box[k];
    return 1;
}
