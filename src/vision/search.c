/* search.c - see search.h. */
#include "vision/search.h"

#include "base/error.h"
#include "base/mem.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    COARSE = 320,    /* the network's pixels, longer side of the whole picture */
    TILE = 384,      /* and of a tile of the thorough search */
    OVERLAP = 96,    /* of tiles: what is larger the coarse search finds */
    FINEST = 3520,   /* longer side of the picture that the tiles are cut from: 4K's */
    LEAST_FACE = 22, /* width that the network finds a face from */
    FACES = 32,      /* of one look, and of all */
    QUARTERS = 4,
    DOUBTS = 8, /* newcomers that wait to be believed */
    DOUBTS_A_PICTURE = 2,
    NEAR_SIDE = 192,
    SECOND_LOOKS = 4,  /* a picture; without a bound in the first */
    FIRST_STEPS = 108, /* of the thorough search in the first picture: all of 1080p's */
    QUICK_TILES = 32,  /* a step more a picture for so many tiles */
    IDLE_PICTURES = 4, /* with faces in view, the thorough search takes every such picture */
    WIDEST = 1 << 24,  /* picture */
};

static const int64_t coarse_every_us = 1000000;
static const int64_t doubt_for_us = 1000000; /* not seen again by then: forgotten */

static const float sure = 0.55F;   /* mean of both looks: a face */
static const float likely = 0.42F; /* a face if it stays so over likely_pictures */
/* The thorough search asks hundreds of times, and so must ask for more. */
static const float thorough_handicap = 0.2F;
static const int likely_pictures = 3;
static const float same_face = 0.3F;    /* overlap */
static const float turn_margin = 0.02F; /* a turned face must be that much surer than an upright */
static const float narrow = 0.85F;      /* a face's box is at least that share of its width */

/* A newcomer that is not believed yet. */
typedef struct doubt {
    at_face face;
    float sum;      /* of its trusts */
    float handicap; /* that they were lessened by */
    int pictures;
    int64_t seen_us;
} doubt;

/* The tiles of the thorough search over a w x h picture. */
typedef struct grid {
    int w, h;          /* of the picture */
    int columns, rows; /* 0: the coarse search is close enough */
    float scale;       /* source pixels a network pixel */
} grid;

struct at_search {
    at_search_options o;
    at_detector *detector;
    int64_t coarse_us; /* when the whole picture was last searched */
    int started;
    int64_t pictures;
    grid tiles;
    int step; /* of the thorough search */
    doubt doubt[DOUBTS];
    int doubts;
};

/* What a search gathers from one picture. */
typedef struct gathering {
    at_search *s;
    const attune_picture *picture;
    at_face *out;
    int n, max;
    int second_looks; /* left */
    float handicap;   /* taken off what second looks say */
} gathering;

int at_search_create(at_search **out, const at_weight_source *src, at_pool *pool,
                     const at_kernels *kn, const at_search_options *o, attune_error *err)
{
    at_search *s = at_calloc(1, sizeof *s);

    *out = s;
    if (!s)
        return at_fail_nomem(err);
    if (o)
        s->o = *o;
    s->o.min_face = s->o.min_face > 0 ? s->o.min_face : ATTUNE_DEFAULT_MIN_FACE;
    s->o.most = s->o.most > 0 ? s->o.most : 1;
    const int status = at_detector_create(&s->detector, src, pool, kn, NULL, err);
    if (status < 0)
        at_search_free(out);
    return status;
}

void at_search_free(at_search **s)
{
    if (!s || !*s)
        return;
    at_detector_free(&(*s)->detector);
    at_free(*s);
    *s = NULL;
}

/* ---- the thorough search's steps -------------------------------------------------------------- */

/* Source pixels a network pixel of the closest look: one that shows the smallest face large enough,
 * though not enlarged more than twice, and no larger a picture than the budget allows. */
static float finest_scale(int min_face, int w, int h)
{
    const float longer = (float)(w > h ? w : h);
    const float wanted = fmaxf((float)min_face / LEAST_FACE, 0.5F);

    return fmaxf(wanted, longer / FINEST);
}

float at_search_smallest(int min_face, int w, int h)
{
    min_face = min_face > 0 ? min_face : ATTUNE_DEFAULT_MIN_FACE;
    return fmaxf((float)min_face, LEAST_FACE * finest_scale(min_face, w, h));
}

static int tiles_along(float network_pixels)
{
    return (int)ceilf(fmaxf(network_pixels - OVERLAP, 1) / (TILE - OVERLAP));
}

static grid make_grid(const at_search *s, int w, int h)
{
    grid g = {.w = w, .h = h, .scale = finest_scale(s->o.min_face, w, h)};
    const float longer = (float)(w > h ? w : h) / g.scale;

    if (longer > 1.1F * COARSE) {
        g.columns = tiles_along((float)w / g.scale);
        g.rows = tiles_along((float)h / g.scale);
    }
    return g;
}

/* Tile i: tiles are as large as each other and spread evenly from edge to edge. */
static at_rect tile_rect(const grid *g, int i)
{
    const int side = (int)ceilf(TILE * g->scale);
    const int w = side < g->w ? side : g->w, h = side < g->h ? side : g->h;
    const int column = i % g->columns, row = i / g->columns;

    return (at_rect){g->columns > 1 ? (g->w - w) * column / (g->columns - 1) : 0,
                     g->rows > 1 ? (g->h - h) * row / (g->rows - 1) : 0, w, h};
}

/* Steps of one round: the whole picture at the three turns, then the tiles at one turn. */
static int steps_of_round(const grid *g)
{
    return QUARTERS - 1 + g->columns * g->rows;
}

static at_look step_look(const at_search *s, int step)
{
    const grid *g = &s->tiles;
    const int round = step / steps_of_round(g), in_round = step % steps_of_round(g);
    at_look look = {{0, 0, g->w, g->h}, COARSE, in_round + 1, AT_SEARCH_SCORE};

    if (in_round >= QUARTERS - 1) {
        look.part = tile_rect(g, in_round - (QUARTERS - 1));
        look.side =
            (int)((float)(look.part.w > look.part.h ? look.part.w : look.part.h) / g->scale);
        look.quarters = round;
    }
    return look;
}

/* ---- believing -------------------------------------------------------------------------------- */

static int overlaps(const at_face *f, const at_face *list, int n)
{
    for (int i = 0; i < n; i++)
        if (at_face_iou(f, &list[i]) > same_face)
            return 1;
    return 0;
}

/* What second looks say of a face at one of its turns. */
typedef struct opinion {
    at_face found; /* as the last of them saw it */
    float score;   /* summed */
} opinion;

/* Adds the answer that overlaps f most surely, if there is one. */
static void add_opinion(opinion *o, const at_face *f, const at_face *answer, int n)
{
    for (int i = 0; i < n; i++) { /* by falling score */
        if (at_face_iou(&answer[i], f) < same_face)
            continue;
        o->score += answer[i].score;
        o->found = answer[i];
        return;
    }
}

/* Looks at f at all turns, at one size. */
static int look_again(at_search *s, const attune_picture *p, const at_face *f, int side,
                      opinion turned[QUARTERS])
{
    at_look look = {.side = side, .threshold = 0.05F};
    at_face answer[FACES];
    int n = at_face_surroundings(f, 1, &look.part);

    if (n == ATTUNE_OK)
        n = at_detector_look(s->detector, p, &look, answer, FACES);
    for (int quarters = 0; n >= 0 && quarters < QUARTERS; quarters++) {
        if (quarters > 0)
            n = at_detector_turn(s->detector, quarters, answer, FACES);
        add_opinion(&turned[quarters], f, answer, n);
    }
    return n < 0 ? n : ATTUNE_OK;
}

/* Looks at f again at all turns. *f becomes the face at its best turn; *trust is the mean of its
 * scores, first and second. Small pictures tell the turns apart best: of 278 faces each was surest
 * upright at 96 pixels, all but 1 % at 256. */
static int second_look(at_search *s, const attune_picture *p, at_face *f, float *trust)
{
    enum { FAR = 96, NEAR = 128 };
    const int first = at_face_quarters(f);
    float best = -1;
    at_face best_face = *f;
    opinion turned[QUARTERS];

    for (int quarters = 0; quarters < QUARTERS; quarters++)
        turned[quarters] = (opinion){.found = *f};
    int rc = look_again(s, p, f, FAR, turned);
    if (rc == ATTUNE_OK)
        rc = look_again(s, p, f, NEAR, turned);
    for (int quarters = 0; rc == ATTUNE_OK && quarters < QUARTERS; quarters++) {
        const float score = 0.5F * turned[quarters].score;
        if (score - (quarters ? turn_margin : 0) > best) {
            best = score;
            best_face = turned[quarters].found;
        }
    }
    if (rc < 0)
        return rc;
    *trust = 0.5F * (f->score + best);
    if (at_face_quarters(&best_face) != first)
        *f = best_face;
    return ATTUNE_OK;
}

static int find_doubt(const at_search *s, const at_face *f)
{
    for (int i = 0; i < s->doubts; i++)
        if (at_face_iou(&s->doubt[i].face, f) > same_face)
            return i;
    return -1;
}

static void forget_doubt(at_search *s, int i)
{
    s->doubt[i] = s->doubt[--s->doubts];
}

/* Whether a newcomer is believed, now or because it was seen before. */
static int believe(at_search *s, int64_t t_us, const at_face *f, float trust, float handicap)
{
    int i = find_doubt(s, f);

    trust -= handicap;
    if (trust >= sure) {
        if (i >= 0)
            forget_doubt(s, i);
        return 1;
    }
    if (i < 0) {
        if (trust < likely || s->doubts == DOUBTS)
            return 0;
        i = s->doubts++;
        s->doubt[i] = (doubt){0};
    }
    doubt *d = &s->doubt[i];
    if (d->pictures > 0 && d->seen_us == t_us)
        return 0;
    d->face = *f;
    d->handicap = handicap;
    d->sum += trust;
    d->pictures++;
    d->seen_us = t_us;
    if (d->pictures < likely_pictures || d->sum < likely * (float)d->pictures)
        return 0;
    forget_doubt(s, i);
    return 1;
}

static void forget_old_doubts(at_search *s, int64_t t_us)
{
    for (int i = s->doubts - 1; i >= 0; i--)
        if (t_us - s->doubt[i].seen_us > doubt_for_us)
            forget_doubt(s, i);
}

/* ---- one picture ------------------------------------------------------------------------------ */

static void take(gathering *g, const at_face *f)
{
    if (g->n < g->max && !overlaps(f, g->out, g->n))
        g->out[g->n++] = *f;
}

/* Where a face was, as it lay. */
static int near_look(const at_face *f, at_look *out)
{
    *out =
        (at_look){.side = NEAR_SIDE, .quarters = at_face_quarters(f), .threshold = AT_SEARCH_SCORE};
    return at_face_surroundings(f, 1, &out->part);
}

/* Known faces where they were. */
static int look_near(gathering *g, const at_face *known, int n)
{
    for (int i = 0; i < n; i++) {
        at_face near[FACES];
        at_look look;
        if (overlaps(&known[i], g->out, g->n) || near_look(&known[i], &look) < 0)
            continue;
        const int found = at_detector_look(g->s->detector, g->picture, &look, near, FACES);
        if (found < 0)
            return found;
        for (int k = 0; k < found; k++)
            take(g, &near[k]);
    }
    return ATTUNE_OK;
}

/* Narrower than anybody asked for: a detector answers to such specks as well. */
static int is_too_small(const at_search *s, const at_face *f)
{
    return f->w < narrow * (float)s->o.min_face;
}

static int is_refused(const gathering *g, const at_face *f)
{
    const at_search_options *o = &g->s->o;
    return o->refuse && o->refuse(o->user, g->picture, f);
}

/* Adds what a look finds: what is known as it is, newcomers if they are believed. */
static int look_for(gathering *g, int64_t t_us, const at_look *look, const at_face *known, int n)
{
    at_face found[FACES];
    const int count = at_detector_look(g->s->detector, g->picture, look, found, FACES);

    for (int i = 0; i < count; i++) {
        float trust;
        if (overlaps(&found[i], g->out, g->n))
            continue;
        if (overlaps(&found[i], known, n)) {
            take(g, &found[i]);
            continue;
        }
        if (is_too_small(g->s, &found[i]))
            continue;
        if (g->second_looks == 0)
            break;
        g->second_looks--;
        const int rc = second_look(g->s, g->picture, &found[i], &trust);
        if (rc < 0)
            return rc;
        if (believe(g->s, t_us, &found[i], trust, g->handicap) && !is_refused(g, &found[i]))
            take(g, &found[i]);
    }
    return count < 0 ? count : ATTUNE_OK;
}

static int search_whole(gathering *g, int64_t t_us, const at_face *known, int n)
{
    const grid *tiles = &g->s->tiles;
    const at_look look = {{0, 0, tiles->w, tiles->h}, COARSE, 0, AT_SEARCH_SCORE};

    g->s->coarse_us = t_us;
    return look_for(g, t_us, &look, known, n);
}

/* What is nearly believed is looked for where it was. */
static int pursue_doubts(gathering *g, int64_t t_us, const at_face *known, int n)
{
    at_search *s = g->s;
    doubt old[DOUBTS_A_PICTURE];
    int count = 0;

    for (int i = 0; i < s->doubts && count < DOUBTS_A_PICTURE; i++)
        if (s->doubt[i].seen_us < t_us)
            old[count++] = s->doubt[i];
    for (int i = 0; i < count; i++) {
        at_look look;
        if (near_look(&old[i].face, &look) < 0)
            continue;
        g->handicap = old[i].handicap;
        const int rc = look_for(g, t_us, &look, known, n);
        if (rc < 0)
            return rc;
    }
    return ATTUNE_OK;
}

static int search_thoroughly(gathering *g, int64_t t_us, const at_face *known, int n)
{
    at_search *s = g->s;
    const int all = QUARTERS * steps_of_round(&s->tiles);
    const int usual = 1 + s->tiles.columns * s->tiles.rows / QUICK_TILES;
    const int first = all < FIRST_STEPS ? all : FIRST_STEPS;
    int steps = !s->started ? first : n == 0 ? usual : s->pictures % IDLE_PICTURES == 0;

    g->handicap = thorough_handicap;
    for (; steps > 0 && g->n < s->o.most; steps--) {
        const at_look look = step_look(s, s->step);
        const int rc = look_for(g, t_us, &look, known, n);
        if (rc < 0)
            return rc;
        s->step = (s->step + 1) % all;
    }
    return ATTUNE_OK;
}

static void meet_size(at_search *s, const attune_picture *p)
{
    int w, h;

    at_picture_size(p, &w, &h);
    if (w == s->tiles.w && h == s->tiles.h)
        return;
    s->tiles = make_grid(s, w, h);
    s->step = 0;
    s->doubts = 0;
}

int at_search_faces(at_search *s, int64_t t_us, const attune_picture *p, const at_face *known,
                    int n, at_face *out, int max)
{
    gathering g = {s, p, out, 0, max, s->started ? SECOND_LOOKS : INT_MAX, 0};
    const int alone = s->o.most == 1; /* its neighbourhood is searched first, the rest seldom */
    int rc = ATTUNE_OK;

    meet_size(s, p);
    forget_old_doubts(s, t_us);
    if (alone)
        rc = look_near(&g, known, n);
    if (rc == ATTUNE_OK && (!alone || g.n == 0 || t_us >= s->coarse_us + coarse_every_us))
        rc = search_whole(&g, t_us, known, n);
    if (rc == ATTUNE_OK && !alone)
        rc = look_near(&g, known, n);
    if (rc == ATTUNE_OK && g.n < s->o.most)
        rc = pursue_doubts(&g, t_us, known, n);
    if (rc == ATTUNE_OK && g.n < s->o.most)
        rc = search_thoroughly(&g, t_us, known, n);
    s->started = 1;
    s->pictures++;
    return rc < 0 ? rc : g.n;
}

/* ---- keeping -------------------------------------------------------------------------------- */

static void keep_doubt(at_keep *k, doubt *d)
{
    at_face_keep(k, &d->face);
    at_keep_floats(k, &d->sum, 1);
    at_keep_floats(k, &d->handicap, 1);
    at_keep_int(k, &d->pictures, 0, likely_pictures);
    at_keep_time(k, &d->seen_us);
}

static void keep_grid(at_keep *k, at_search *s)
{
    int w = s->tiles.w, h = s->tiles.h;

    at_keep_int(k, &w, 0, WIDEST);
    at_keep_int(k, &h, 0, WIDEST);
    if (k->reads)
        s->tiles = w > 0 && h > 0 ? make_grid(s, w, h) : (grid){0};
    at_keep_int(k, &s->step, 0, QUARTERS * steps_of_round(&s->tiles) - 1);
}

void at_search_keep(at_keep *k, at_search *s)
{
    at_keep_time(k, &s->coarse_us);
    at_keep_int(k, &s->started, 0, 1);
    at_keep_count(k, &s->pictures);
    keep_grid(k, s);
    at_keep_int(k, &s->doubts, 0, DOUBTS);
    for (int i = 0; i < s->doubts; i++)
        keep_doubt(k, &s->doubt[i]);
}
