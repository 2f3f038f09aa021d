#include "runtime/portraits.h"

#include <math.h>
#include <string.h>

void at_portraits_free(at_portraits *p)
{
    for (int i = 0; i < p->n; i++)
        at_image_free(&p->list[i].picture);
    p->n = 0;
}

static at_portrait *find(at_portraits *p, uint32_t person)
{
    for (int i = 0; i < p->n; i++)
        if (p->list[i].person == person)
            return &p->list[i];
    return NULL;
}

/* Of those without a number, whoever was not seen for the longest; NULL: all have one. */
static at_portrait *stalest(at_portraits *p)
{
    at_portrait *found = NULL;

    for (int i = 0; i < p->n; i++)
        if (!p->list[i].number && (!found || p->list[i].seen_us < found->seen_us))
            found = &p->list[i];
    return found;
}

/* NULL: there is no room for one more. */
static at_portrait *make_room(at_portraits *p, uint32_t person)
{
    at_portrait *room;
    at_image kept = {0};

    if (p->n < AT_PORTRAITS) {
        room = &p->list[p->n++];
    } else {
        room = stalest(p);
        if (!room)
            return NULL;
        kept = room->picture;
    }
    *room = (at_portrait){.person = person, .picture = kept};
    return room;
}

/* How well a moment shows somebody to a reader: clear, near and from the front. */
static float worth_of(const at_sighting *s, int side)
{
    const float radian = 0.017453293F;

    return fmaxf(at_sighting_quality(s), 0.01F) * s->measured.detector_score *
           fminf(s->box[2] / (float)side, 1) * fmaxf(cosf(s->pose.yaw * radian), 0.1F) *
           fmaxf(cosf(s->pose.pitch * radian), 0.1F);
}

/* Upright, with hair and chin. */
static int take(at_portrait *to, int side, at_picture_work *work, const attune_picture *picture,
                const at_face *f)
{
    const float middle[2] = {56, 62}; /* of the aligned face, pixels */
    const float k = 0.6F * (float)side / AT_FACE_SIDE;
    float m[6];
    int rc = at_align_matrix(f, m);

    for (int i = 0; i < 6; i++)
        m[i] *= k;
    m[2] += 0.5F * (float)side - k * middle[0];
    m[5] += 0.52F * (float)side - k * middle[1];
    return rc < 0 ? rc : at_picture_warp(&to->picture, work, picture, m, side, side);
}

int at_portraits_look(at_portraits *p, at_picture_work *work, const attune_picture *picture,
                      const at_face *f, const at_sighting *s)
{
    const float clearly = 1.05F;
    float worth = worth_of(s, p->side);
    at_portrait *to = find(p, s->person);
    int rc;

    to = to ? to : make_room(p, s->person);
    if (!to)
        return ATTUNE_OK;
    to->seen_us = s->t_us;
    if (worth <= to->worth * clearly)
        return ATTUNE_OK;
    rc = take(to, p->side, work, picture, f);
    if (rc < 0)
        return rc == ATTUNE_E_ARG ? ATTUNE_OK : rc;
    to->worth = worth;
    to->t_us = s->t_us;
    return ATTUNE_OK;
}

static void swap_pictures(at_portrait *a, at_portrait *b)
{
    at_portrait was = *a;

    a->picture = b->picture;
    a->worth = b->worth;
    a->t_us = b->t_us;
    b->picture = was.picture;
    b->worth = was.worth;
    b->t_us = was.t_us;
}

void at_portraits_become(at_portraits *p, uint32_t person, uint32_t known)
{
    at_portrait *from = find(p, person), *to = find(p, known);

    if (!from)
        return;
    if (!to) {
        from->person = known;
        return;
    }
    if (from->worth > to->worth)
        swap_pictures(from, to);
    at_image_free(&from->picture);
    *from = p->list[--p->n];
}

void at_portraits_number(at_portraits *p, uint32_t person, uint32_t number)
{
    at_portrait *to = find(p, person);

    if (to)
        to->number = number;
}

int at_portraits_get(const at_portraits *p, int i, attune_thumbnail *out)
{
    const at_portrait *next = NULL;
    uint32_t after = 0;

    if (i < 0)
        return 0;
    for (; i >= 0; i--) {
        next = NULL;
        for (int k = 0; k < p->n; k++) {
            const at_portrait *one = &p->list[k];
            if (one->number > after && one->worth > 0 && (!next || one->number < next->number))
                next = one;
        }
        if (!next)
            return 0;
        after = next->number;
    }
    *out = (attune_thumbnail){
        .track = next->number, .side = p->side, .rgb = next->picture.data, .t_us = next->t_us};
    return 1;
}

static void keep_picture(at_keep *k, at_image *im, int side)
{
    int there = im->w > 0;

    at_keep_int(k, &there, 0, 1);
    if (k->reads && there && at_image_reserve(im, side, side, 3) < 0)
        k->status = ATTUNE_E_NOMEM;
    for (int y = 0; there && k->status == ATTUNE_OK && y < side; y++)
        at_keep_bytes(k, at_image_at(im, 0, y), (size_t)side * 3);
}

void at_portraits_keep(at_keep *k, at_portraits *p)
{
    at_keep_int(k, &p->n, 0, AT_PORTRAITS);
    for (int i = 0; i < p->n; i++) {
        at_portrait *one = &p->list[i];
        at_keep_number(k, &one->person);
        at_keep_number(k, &one->number);
        at_keep_floats(k, &one->worth, 1);
        at_keep_time(k, &one->t_us);
        at_keep_time(k, &one->seen_us);
        keep_picture(k, &one->picture, p->side);
    }
}
