#include "data/pairs.h"

#include "base/error.h"
#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

int at_labelled_emotion(const at_sample *s, at_head head)
{
    const int *emotion = at_heads[head].emotion;
    if (s->expression < 0)
        return -1;
    if (head == AT_HEAD_EMOTION7)
        return s->expression;
    return emotion ? emotion[s->expression] : -1;
}

/* ---- balance -------------------------------------------------------------------------------- */

/* Of the most samples, an emotion's: the first ones get what does not divide by all. */
static int part_of(int most, int emotion)
{
    return most / ATTUNE_EMOTIONS + (emotion < most % ATTUNE_EMOTIONS);
}

int at_corpus_balance(at_corpus *c, int most, uint64_t seed)
{
    int taken[ATTUNE_EMOTIONS] = {0}, kept = 0,
        *order = malloc(((size_t)c->count + 1) * sizeof *order);
    unsigned char *keep = calloc((size_t)c->count + 1, 1);
    at_rng rng;
    for (int i = 0; order && i < c->count; i++)
        order[i] = i;
    at_rng_seed(&rng, seed, 0);
    if (order && keep)
        at_rng_shuffle(&rng, order, c->count);
    for (int i = 0; order && keep && i < c->count; i++) {
        const int e = at_labelled_emotion(&c->list[order[i]], c->head);
        keep[order[i]] = e >= 0 && taken[e]++ < (most ? part_of(most, e) : c->count);
    }
    const int done = order && keep;
    for (int i = 0; done && i < c->count; i++)
        if (keep[i])
            c->list[kept++] = c->list[i];
        else
            at_sample_free(&c->list[i]);
    c->count = done ? kept : c->count;
    free(order);
    free(keep);
    return done ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

/* ---- matching ------------------------------------------------------------------------------- */

/* The samples of one emotion, in an order that is drawn anew each time round. */
typedef struct hat {
    int *sample, n, drawn;
} hat;

typedef struct side {
    hat hat[ATTUNE_EMOTIONS];
    int *room;
} side;

static int fill(side *s, const int *emotion, int n)
{
    int at = 0;
    s->room = malloc(((size_t)n + 1) * sizeof *s->room);
    if (!s->room)
        return ATTUNE_E_NOMEM;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++) {
        s->hat[e] = (hat){.sample = s->room + at};
        for (int i = 0; i < n; i++)
            if (emotion[i] == e)
                s->hat[e].sample[s->hat[e].n++] = i;
        at += s->hat[e].n;
    }
    return ATTUNE_OK;
}

static int draw(hat *h, at_rng *rng)
{
    if (h->drawn % h->n == 0)
        at_rng_shuffle(rng, h->sample, h->n);
    return h->sample[h->drawn++ % h->n];
}

int at_pairs_match(at_pair *out, int count, const int *face_emotion, int faces,
                   const int *voice_emotion, int voices, uint64_t seed, attune_error *err)
{
    side face = {0}, voice = {0};
    int both[ATTUNE_EMOTIONS], emotions = 0;
    at_rng rng;
    int status = fill(&face, face_emotion, faces) || fill(&voice, voice_emotion, voices)
                     ? at_fail_nomem(err)
                     : ATTUNE_OK;
    for (int e = 0; e < ATTUNE_EMOTIONS && !status; e++)
        if (face.hat[e].n && voice.hat[e].n)
            both[emotions++] = e;
    if (!status && !emotions)
        status = at_fail(err, ATTUNE_E_ARG, "no emotion has both a face and a voice");
    at_rng_seed(&rng, seed, 0);
    for (int i = 0; i < count && !status; i++) {
        const int e = both[i % emotions];
        out[i].face = draw(&face.hat[e], &rng);
        out[i].voice = draw(&voice.hat[e], &rng);
        out[i].emotion = e;
    }
    free(face.room);
    free(voice.room);
    return status;
}

/* ---- apart ---------------------------------------------------------------------------------- */

static const char *path_of(const at_sample *s)
{
    return s->path;
}

static const char *person_of(const at_sample *s)
{
    return s->person;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **texts(const at_corpus *c, const char *(*of)(const at_sample *))
{
    const char **list = malloc(((size_t)c->count + 1) * sizeof *list);
    for (int i = 0; list && i < c->count; i++)
        list[i] = of(&c->list[i]);
    if (list)
        qsort(list, (size_t)c->count, sizeof *list, by_text);
    return list;
}

/* The first text, other than "", that both have; *status: whether memory was out. */
static const char *shared(const at_corpus *a, const at_corpus *b,
                          const char *(*of)(const at_sample *), int *status)
{
    const char **x = texts(a, of), **y = texts(b, of), *found = NULL;
    *status = x && y ? ATTUNE_OK : ATTUNE_E_NOMEM;
    for (int i = 0, k = 0; !*status && !found && i < a->count && k < b->count;) {
        const int order = strcmp(x[i], y[k]);
        if (order == 0 && *x[i])
            found = x[i];
        i += order <= 0;
        k += order > 0;
    }
    free(x);
    free(y);
    return found;
}

/* A published set names the same people wherever it lies, a list of one's own its own alone. */
static int same_people(const at_corpus *a, const at_corpus *b, int one_folder)
{
    return strcmp(a->dataset, b->dataset) == 0 &&
           (one_folder || strcmp(a->dataset, "manifest") != 0);
}

int at_parts_apart(const at_corpus *train, const at_corpus *valid, int one_folder,
                   attune_error *err)
{
    int status;
    const char *file = shared(train, valid, path_of, &status), *person = NULL;
    if (!status && same_people(train, valid, one_folder))
        person = shared(train, valid, person_of, &status);
    if (status)
        return at_fail_nomem(err);
    if (file || person)
        return at_fail(err, ATTUNE_E_ARG,
                       "%s: %s is in the part to learn from and in the one to judge by",
                       train->dataset, file ? file : person);
    return ATTUNE_OK;
}
