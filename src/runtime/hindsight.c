#include "runtime/hindsight.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static const float known_s = 30; /* chosen on recordings of strangers: docs/decisions.md */
static const int64_t patience_us = 120000000;

enum { MOST_HELD = 1 << 20 };

typedef struct at_held {
    attune_window window;
    attune_beside beside;
    at_testimony testimony;
    int settled;
} at_held;

static at_held *held_at(const at_hindsight *h, size_t i)
{
    return &h->held[(h->first + i) % h->capacity];
}

void at_hindsight_free(at_hindsight *h)
{
    at_free(h->held);
    *h = (at_hindsight){0};
}

int at_hindsight_helps(const attune_session *s)
{
    int followed = 0;

    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        followed += at_fusion_usual(s->m->fusion, m)->classes;
    return followed && !s->o.no_baseline && at_fusion_answers_again(s->m->fusion);
}

static int grow(at_hindsight *h)
{
    size_t capacity = h->capacity ? 2 * h->capacity : 64;
    at_held *larger = at_alloc(capacity, sizeof *larger);

    if (!larger)
        return ATTUNE_E_NOMEM;
    for (size_t i = 0; i < h->count; i++)
        larger[i] = *held_at(h, i);
    at_free(h->held);
    h->held = larger;
    h->first = 0;
    h->capacity = capacity;
    return ATTUNE_OK;
}

/* The person is known now: what was told of them before is told again. */
static void settle(at_hindsight *h, const attune_session *s, uint32_t person)
{
    for (size_t i = 0; i < h->count; i++) {
        at_held *held = held_at(h, i);
        if (held->settled || held->window.track != person)
            continue;
        at_session_tell_again(s, &held->testimony, &held->window);
        held->settled = 1;
    }
}

int at_hindsight_hold(at_hindsight *h, const attune_session *s, const attune_window *w)
{
    const int known = at_session_known_s(s, w->track) >= known_s;
    at_held *held;

    if (h->count == h->capacity && grow(h) < 0)
        return ATTUNE_E_NOMEM;
    if (known)
        settle(h, s, w->track);
    held = held_at(h, h->count++);
    *held = (at_held){
        .window = *w, .testimony = *at_session_testimony(s), .settled = known || !w->used};
    if (w->beside)
        held->beside = *w->beside;
    return ATTUNE_OK;
}

int at_hindsight_next(at_hindsight *h, int all, attune_window *out)
{
    const at_held *held;

    if (!h->count)
        return 0;
    held = held_at(h, 0);
    if (!all && !held->settled &&
        held_at(h, h->count - 1)->window.end_us - held->window.end_us < patience_us)
        return 0;
    *out = held->window;
    if (out->beside) {
        h->beside = held->beside;
        out->beside = &h->beside;
    }
    h->first = (h->first + 1) % h->capacity;
    h->count--;
    return 1;
}

/* ---- keeping ---------------------------------------------------------------------------------- */

static void keep_testimony(at_keep *k, at_testimony *t)
{
    at_estimate *e = &t->estimate;

    at_keep_bytes(k, t, sizeof *t);
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        if (t->present[m] != 0 && t->present[m] != 1)
            k->status = ATTUNE_E_FORMAT;
    if (e->used >= 1u << ATTUNE_MODALITIES)
        k->status = ATTUNE_E_FORMAT;
}

void at_hindsight_keep(at_keep *k, at_hindsight *h, const attune_session *s)
{
    int count = (int)h->count;

    at_keep_int(k, &count, 0, MOST_HELD);
    for (int i = 0; i < count && k->status == ATTUNE_OK; i++) {
        if (k->reads && h->count == h->capacity && grow(h) < 0)
            k->status = ATTUNE_E_NOMEM;
        if (k->status < 0)
            return;
        if (k->reads)
            h->count++;
        at_held *held = held_at(h, (size_t)i);
        at_window_keep(k, &held->window, at_session_has_beside(s) ? &held->beside : NULL);
        keep_testimony(k, &held->testimony);
        at_keep_int(k, &held->settled, 0, 1);
    }
}
