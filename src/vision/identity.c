/* identity.c - see identity.h. */
#include "vision/identity.h"

#include <math.h>

enum { SEEN_MAX = 64 };

/* Nearer than this to a person remembered, and nearer than to anyone else by the margin, a face is
 * theirs. */
static const float known = 0.39F, margin = 0.02F;
/* Who was there a moment ago is likely to be there still. */
static const float known_lately = 0.44F;
static const int64_t lately_us = 1000000;

/* Where a picture shows less than this, blur and noise are most of what its patterns say. */
int at_identity_shown(const at_face_quality *q, float covered, const at_pose *pose)
{
    return q->sharpness >= 0.6F && q->brightness >= 0.15F && q->brightness <= 0.95F &&
           q->contrast >= 0.08F && q->face_size >= 30 && q->detector_score >= 0.7F &&
           covered <= 0.15F && fabsf(pose->yaw) <= 30 && fabsf(pose->pitch) <= 30;
}

static int index_of(const at_identity *t, uint32_t id)
{
    for (int i = 0; i < t->count; i++)
        if (t->person[i].id == id)
            return i;
    return -1;
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

uint32_t at_identity_meet(at_identity *t, int64_t now_us)
{
    at_person *p = &t->person[make_room(t)];

    *p = (at_person){.id = ++t->met, .last_us = now_us};
    return p->id;
}

uint32_t at_identity_find(const at_identity *t, const at_looks *looks, uint32_t self,
                          int64_t now_us)
{
    float best = 2, second = 2;
    const at_person *found = NULL;

    for (int i = 0; i < t->count; i++) {
        const at_person *p = &t->person[i];
        if (p->id == self || !p->seen || !at_looks_comparable(&p->looks, looks))
            continue;
        const float d = at_looks_distance(&p->looks, looks);
        if (d < best) {
            second = best;
            best = d;
            found = p;
        } else if (d < second) {
            second = d;
        }
    }
    if (!found || second < best + margin)
        return 0;
    return best <= (now_us - found->last_us <= lately_us ? known_lately : known) ? found->id : 0;
}

void at_identity_see(at_identity *t, uint32_t id, const at_looks *looks, int64_t now_us)
{
    const int i = index_of(t, id);

    if (i < 0)
        return;
    at_person *p = &t->person[i];
    p->last_us = now_us;
    if (!looks || (p->seen && !at_looks_comparable(&p->looks, looks)))
        return;
    p->shown_us = now_us;
    p->seen += p->seen < SEEN_MAX;
    at_looks_mix(&p->looks, looks, p->seen);
}

int at_identity_can_tell(const at_identity *t, uint32_t id, const at_looks *looks)
{
    const int i = index_of(t, id);

    return i >= 0 && t->person[i].seen && at_looks_comparable(&t->person[i].looks, looks);
}

float at_identity_distance(const at_identity *t, uint32_t id, const at_looks *looks)
{
    return at_identity_can_tell(t, id, looks)
               ? at_looks_distance(&t->person[index_of(t, id)].looks, looks)
               : 0;
}

int64_t at_identity_hidden_us(const at_identity *t, uint32_t id, int64_t now_us)
{
    const int i = index_of(t, id);

    return i < 0 || !t->person[i].seen ? 0 : now_us - t->person[i].shown_us;
}

int at_identity_open(const at_identity *t, uint32_t id)
{
    const int i = index_of(t, id);

    return i >= 0 && (!t->person[i].number || !t->person[i].seen);
}

void at_identity_forget(at_identity *t, uint32_t id)
{
    const int i = index_of(t, id);

    if (i >= 0)
        t->person[i] = t->person[--t->count];
}

uint32_t at_identity_numbered(const at_identity *t, uint32_t id)
{
    const int i = index_of(t, id);

    return i < 0 ? 0 : t->person[i].number;
}

uint32_t at_identity_number(at_identity *t, uint32_t id)
{
    const int i = index_of(t, id);

    if (i < 0)
        return 0;
    if (!t->person[i].number)
        t->person[i].number = ++t->numbers;
    return t->person[i].number;
}

static void keep_person(at_keep *k, at_person *p)
{
    at_keep_number(k, &p->id);
    at_keep_number(k, &p->number);
    at_keep_int(k, &p->seen, 0, SEEN_MAX);
    at_keep_time(k, &p->last_us);
    at_keep_time(k, &p->shown_us);
    at_keep_floats(k, p->looks.v, AT_LOOKS);
    at_keep_floats(k, &p->looks.size, 1);
}

void at_identity_keep(at_keep *k, at_identity *t)
{
    at_keep_int(k, &t->count, 0, AT_PEOPLE);
    for (int i = 0; i < t->count; i++)
        keep_person(k, &t->person[i]);
    at_keep_number(k, &t->met);
    at_keep_number(k, &t->numbers);
}
