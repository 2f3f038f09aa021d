/* identity.c - see identity.h. */
#include "vision/identity.h"

enum { SEEN_MAX = 8 };

/* Nearer than this to a person remembered, and nearer than to anyone else by the margin, a face is
 * theirs. */
static const float known = 0.40F, margin = 0.02F;

static int index_of(const at_identity *t, uint32_t number)
{
    for (int i = 0; i < t->count; i++)
        if (t->person[i].number == number)
            return i;
    return -1;
}

static int listed(uint32_t number, const uint32_t *list, int n)
{
    for (int i = 0; i < n; i++)
        if (list[i] == number)
            return 1;
    return 0;
}

/* The person remembered that a face surely is, or -1. */
static int recognise(const at_identity *t, const at_looks *looks, const uint32_t *in_view,
                     int n_in_view)
{
    float best = 2, second = 2;
    int found = -1;

    for (int i = 0; i < t->count; i++) {
        const float d = at_looks_distance(&t->person[i].looks, looks);
        if (d < best) {
            second = best;
            best = d;
            found = i;
        } else if (d < second) {
            second = d;
        }
    }
    if (best > known || second < best + margin ||
        listed(t->person[found].number, in_view, n_in_view))
        return -1;
    return found;
}

/* A place for one more person: the one not seen for the longest is forgotten. */
static int make_room(at_identity *t)
{
    int oldest = 0;

    if (t->count < AT_PEOPLE)
        return t->count++;
    for (int i = 1; i < AT_PEOPLE; i++)
        if (t->person[i].last_us < t->person[oldest].last_us)
            oldest = i;
    return oldest;
}

uint32_t at_identity_meet(at_identity *t, const at_looks *looks, const uint32_t *in_view,
                          int n_in_view, int64_t now_us)
{
    int i = recognise(t, looks, in_view, n_in_view);

    if (i < 0) {
        i = make_room(t);
        t->person[i] = (at_person){.number = ++t->numbers};
    }
    t->person[i].last_us = now_us;
    return t->person[i].number;
}

void at_identity_see(at_identity *t, uint32_t number, const at_looks *looks, int usable,
                     int64_t now_us)
{
    const int i = index_of(t, number);

    if (i < 0)
        return;
    at_person *p = &t->person[i];
    p->last_us = now_us;
    if (!usable && p->seen)
        return;
    p->seen += p->seen < SEEN_MAX;
    at_looks_mix(&p->looks, looks, p->seen);
}

float at_identity_distance(const at_identity *t, uint32_t number, const at_looks *looks)
{
    const int i = index_of(t, number);

    return i < 0 || !t->person[i].seen ? 0 : at_looks_distance(&t->person[i].looks, looks);
}
