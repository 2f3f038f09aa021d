#include "report/tiers.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_LABEL = -1, FIRST_ROOM = 64 };

/* ---- names ---------------------------------------------------------------------------------- */

const char *at_tier_name(at_tier tier)
{
    static const char *const levels[ATTUNE_STATES] = {"boredom level", "engagement level",
                                                      "confusion level", "frustration level"};

    switch (tier) {
    case AT_TIER_EXPRESSION: return "expression";
    case AT_TIER_ENGAGEMENT: return "engagement";
    case AT_TIER_WITHHELD: return "withheld";
    default: return levels[tier - AT_TIER_STATE];
    }
}

const char *at_tier_vocabulary(at_tier tier)
{
    return tier < AT_TIER_STATE || tier == AT_TIER_WITHHELD ? at_tier_name(tier) : "level";
}

const char *at_tier_label(at_tier tier, int label)
{
    switch (tier) {
    case AT_TIER_EXPRESSION: return label < ATTUNE_EMOTIONS ? attune_emotion_names[label] : NULL;
    case AT_TIER_ENGAGEMENT:
        return label < ATTUNE_ENGAGEMENTS ? attune_engagement_names[label] : NULL;
    case AT_TIER_WITHHELD: return label < 1 ? "withheld" : NULL;
    default: return label < ATTUNE_LEVELS ? attune_level_names[label] : NULL;
    }
}

const char *at_tier_subject(char name[AT_SUBJECT_NAME_SIZE], const at_tiers *t, int subject)
{
    if (t->track[subject])
        snprintf(name, AT_SUBJECT_NAME_SIZE, "face %u", (unsigned)t->track[subject]);
    else
        snprintf(name, AT_SUBJECT_NAME_SIZE, "voice");
    return name;
}

/* ---- windows -------------------------------------------------------------------------------- */

static int likeliest(const float *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    return best;
}

static int label_of(const attune_window *w, at_tier tier)
{
    if (tier == AT_TIER_WITHHELD)
        return w->abstain ? 0 : NO_LABEL;
    if (w->abstain || (tier != AT_TIER_EXPRESSION && !w->has_state))
        return NO_LABEL;
    switch (tier) {
    case AT_TIER_EXPRESSION: return likeliest(w->emotion7, ATTUNE_EMOTIONS);
    case AT_TIER_ENGAGEMENT: return likeliest(w->engagement3, ATTUNE_ENGAGEMENTS);
    default: return likeliest(w->state4[tier - AT_TIER_STATE], ATTUNE_LEVELS);
    }
}

static int grow(at_tiers *t)
{
    size_t room = t->room ? 2 * t->room : FIRST_ROOM;
    at_span *more = at_alloc(room, sizeof *more);

    if (!more)
        return ATTUNE_E_NOMEM;
    if (t->spans)
        memcpy(more, t->span, t->spans * sizeof *more);
    at_free(t->span);
    t->span = more;
    t->room = room;
    return ATTUNE_OK;
}

static int runs(const at_span *s)
{
    return s->end_us > s->start_us;
}

/* What ran on is over. */
static int end_span(at_tiers *t, at_span *running)
{
    if (!runs(running))
        return ATTUNE_OK;
    if (t->spans == t->room && grow(t) < 0)
        return ATTUNE_E_NOMEM;
    t->span[t->spans++] = *running;
    *running = (at_span){0};
    return ATTUNE_OK;
}

/* -1: one too many. */
static int find_subject(at_tiers *t, uint32_t track)
{
    int i = 0;

    while (i < t->subjects && t->track[i] != track)
        i++;
    if (i == AT_TIER_SUBJECTS)
        return -1;
    if (i == t->subjects)
        t->track[t->subjects++] = track;
    return i;
}

static int add_label(at_tiers *t, int subject, at_tier tier, int label, int64_t start_us,
                     int64_t end_us)
{
    at_span *running = &t->running[subject][tier];
    int rc = ATTUNE_OK;

    if (label == NO_LABEL)
        return end_span(t, running);
    if (runs(running) && running->end_us == start_us && running->label == label) {
        running->end_us = end_us;
        return ATTUNE_OK;
    }
    rc = end_span(t, running);
    if (rc == ATTUNE_OK)
        *running = (at_span){start_us, end_us, (uint8_t)subject, (uint8_t)tier, (uint8_t)label};
    return rc;
}

int at_tiers_add(at_tiers *t, const attune_window *w)
{
    int64_t start_us;
    int subject, rc = ATTUNE_OK;

    if (!t->hops.begun)
        t->start_us = w->start_us;
    start_us = at_hop_start(&t->hops, w);
    t->end_us = w->end_us;
    subject = find_subject(t, w->track);
    for (int tier = 0; tier < AT_TIERS && subject >= 0 && rc == ATTUNE_OK; tier++)
        rc = add_label(t, subject, (at_tier)tier, label_of(w, (at_tier)tier), start_us, w->end_us);
    return rc;
}

/* ---- the end -------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const at_span *x = a, *y = b;

    if (x->subject != y->subject)
        return x->subject < y->subject ? -1 : 1;
    if (x->tier != y->tier)
        return x->tier < y->tier ? -1 : 1;
    return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

/* Faces by number; 0, the voice, after them. */
static void order_subjects(at_tiers *t)
{
    uint8_t place[AT_TIER_SUBJECTS];
    uint32_t sorted[AT_TIER_SUBJECTS];

    for (int i = 0; i < t->subjects; i++) {
        place[i] = 0;
        for (int k = 0; k < t->subjects; k++)
            place[i] += t->track[k] - 1 < t->track[i] - 1; /* 0 - 1 is the largest */
        sorted[place[i]] = t->track[i];
    }
    memcpy(t->track, sorted, (size_t)t->subjects * sizeof *sorted);
    for (size_t i = 0; i < t->spans; i++)
        t->span[i].subject = place[t->span[i].subject];
}

int at_tiers_close(at_tiers *t)
{
    int rc = ATTUNE_OK;

    for (int s = 0; s < t->subjects; s++)
        for (int tier = 0; tier < AT_TIERS && rc == ATTUNE_OK; tier++)
            rc = end_span(t, &t->running[s][tier]);
    if (rc < 0)
        return rc;
    order_subjects(t);
    if (t->spans)
        qsort(t->span, t->spans, sizeof *t->span, by_place);
    return ATTUNE_OK;
}

void at_tiers_free(at_tiers *t)
{
    at_free(t->span);
    t->span = NULL;
    t->spans = t->room = 0;
}

const at_span *at_tier_spans(const at_tiers *t, int subject, at_tier tier, size_t *n)
{
    const at_span first = {INT64_MIN, 0, (uint8_t)subject, (uint8_t)tier, 0};
    size_t lo = 0, hi = t->spans, end;

    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (by_place(&t->span[middle], &first) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    for (end = lo; end < t->spans && t->span[end].subject == subject; end++)
        if (t->span[end].tier != tier)
            break;
    *n = end - lo;
    return *n ? t->span + lo : NULL;
}
