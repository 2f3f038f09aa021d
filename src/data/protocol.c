#include "data/protocol.h"

#include "base/error.h"
#include "data/readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the part was chosen, by the words that ask for it. */
static void describe(char *out, size_t size, const char *split, const at_split *s)
{
    char parts[24] = "70/15/15";
    int fold, inverted;
    if (s->folds)
        snprintf(parts, sizeof parts, "%d folds", s->folds);
    if (s->drawn)
        snprintf(out, size, "%s %s by label%s", s->people ? "people" : "random", parts,
                 s->quality ? " and quality" : "");
    else if (strcmp(split, "all") == 0)
        snprintf(out, size, "whole set");
    else if (strcmp(split, "notest") == 0)
        snprintf(out, size, "all but the test part");
    else if (at_split_fold(split, strlen(split), AT_MOST_FOLDS, &fold, &inverted))
        snprintf(out, size, "own fold");
    else
        snprintf(out, size, "%s", strchr(split, '=') ? "part by column" : "own part");
}

/* ---- whose samples are elsewhere too -------------------------------------------------------- */

/* A person's name, or what says which take a sample is. */
typedef struct key {
    const char *text;
    size_t length;
} key;

static int by_text(const void *a, const void *b)
{
    const key *x = a, *y = b;
    const int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static key person_of(const at_sample *s)
{
    return (key){s->person, strlen(s->person)};
}

static key take_of(const at_corpus *c, const at_sample *s)
{
    key k;
    k.text = at_corpus_identify(c, s, &k.length);
    return k;
}

/* The sorted takes of c, or its people: (count) borrowed; NULL: memory is out. */
static key *sorted(const at_corpus *c, int people)
{
    key *list = malloc(((size_t)c->count + 1) * sizeof *list);
    for (int i = 0; i < c->count && list; i++)
        list[i] = people ? person_of(&c->list[i]) : take_of(c, &c->list[i]);
    if (list)
        qsort(list, (size_t)c->count, sizeof *list, by_text);
    return list;
}

static int is_in(key k, const key *list, int n)
{
    return bsearch(&k, list, (size_t)n, sizeof *list, by_text) != NULL;
}

/* Distinct names of part (parts, sorted) that are in rest (rests, sorted). */
static int count_shared(const key *part, int parts, const key *rest, int rests)
{
    int shared = 0;
    for (int i = 0; i < parts; i++)
        shared += part[i].length && (i == 0 || by_text(&part[i], &part[i - 1]) != 0) &&
                  is_in(part[i], rest, rests);
    return shared;
}

/* The people of the samples of whole that are none of the takes, into rest. Returns their number. */
static int people_outside(const at_corpus *whole, const key *takes, int count, key *rest)
{
    int n = 0;
    for (int i = 0; i < whole->count; i++)
        if (!is_in(take_of(whole, &whole->list[i]), takes, count))
            rest[n++] = person_of(&whole->list[i]);
    qsort(rest, (size_t)n, sizeof *rest, by_text);
    return n;
}

static int compare(at_protocol *out, const at_corpus *c, const at_corpus *whole, attune_error *err)
{
    key *people = sorted(c, 1), *takes = sorted(c, 0);
    key *rest = malloc(((size_t)whole->count + 1) * sizeof *rest);
    const int status = people && takes && rest ? ATTUNE_OK : at_fail_nomem(err);
    if (status == ATTUNE_OK)
        out->shared =
            count_shared(people, c->count, rest, people_outside(whole, takes, c->count, rest));
    free(people);
    free(takes);
    free(rest);
    return status;
}

/* What has the rest of it: all there is; of a drawn part without the official test part, unless it was drawn
 * of that. */
static const char *rest_of(const at_split *s)
{
    return s->drawn && !at_split_names_test(s->of) ? "notest" : "all";
}

/* ---- the call ------------------------------------------------------------------------------- */

int at_protocol_of(at_protocol *out, const at_corpus *c, const char *root, const char *split,
                   attune_error *err)
{
    at_split s;
    at_corpus whole;
    memset(out, 0, sizeof *out);
    int status = at_split_parse(&s, split, err);
    if (status < 0)
        return status;
    describe(out->text, sizeof out->text, split, &s);
    const size_t used = strlen(out->text);
    out->shared = -1;
    if (c->people) {
        out->shared = 0;
        status = at_corpus_read(&whole, c->dataset, root, rest_of(&s), NULL);
        if (status == ATTUNE_OK)
            status = compare(out, c, &whole, err);
        else if (status != ATTUNE_E_NOMEM) { /* there is no rest in these words */
            status = ATTUNE_OK;
            out->shared = -1;
        }
        at_corpus_free(&whole);
    }
    snprintf(out->text + used, sizeof out->text - used, ", %s",
             out->shared < 0   ? "people not known"
             : out->shared > 0 ? "shares people"
                               : "people apart");
    if (out->shared > 0 && !at_split_twin(out->twin, split))
        *out->twin = '\0';
    return status < 0 ? at_fail(err, (attune_status)status, "%s: out of memory", root) : ATTUNE_OK;
}
