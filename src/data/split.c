#include "data/split.h"

#include "base/error.h"
#include "base/rng.h"
#include "data/readers.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN, VALID, TEST, PARTS };
static const double part_shares[PARTS] = {0.70, 0.15, 0.15};

static const char by_sample[] = "random:", by_person[] = "people:";
enum { PREFIX = sizeof by_sample - 1 };

/* ---- words ---------------------------------------------------------------------------------- */

int at_split_is_whole(const char *split)
{
    return strcmp(split, "all") == 0 || strcmp(split, "notest") == 0;
}

int at_split_takes(const char *split, const char *part)
{
    if (strcmp(split, "notest") == 0)
        return strcmp(part, "test") != 0;
    return strcmp(split, "all") == 0 || strcmp(split, part) == 0;
}

const char at_test_parts[] = "test,testing,privatetest";

/* One of what is joined by +, which is cut up: "test", or "COLUMN=test" of a column of parts. */
static int names_test(char *condition)
{
    static const char columns[] = "split,part,usage"; /* as in a manifest */
    char *values = strchr(condition, '='), *rest;
    if (values) {
        *values++ = '\0';
        if (!at_word_in_list(columns, sizeof columns - 1, condition))
            return 0;
    }
    for (char *value = strtok_r(values ? values : condition, ",", &rest); value;
         value = strtok_r(NULL, ",", &rest))
        if (at_word_in_list(at_test_parts, strlen(at_test_parts), value))
            return 1;
    return 0;
}

int at_split_names_test(const char *split)
{
    char text[AT_SPLIT_TEXT], *rest;
    snprintf(text, sizeof text, "%s", split);
    for (char *part = strtok_r(text, "+", &rest); part; part = strtok_r(NULL, "+", &rest))
        if (names_test(part))
            return 1;
    return strcmp(split, "all") == 0;
}

static int is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

/* Digits alone, below 1e9. Returns their number; 0: there are none. */
static size_t parse_number(const char *text, size_t length, uint64_t *out)
{
    size_t n = 0;
    *out = 0;
    for (; n < length && n < 9 && isdigit((unsigned char)text[n]); n++)
        *out = 10 * *out + (uint64_t)(text[n] - '0');
    return n;
}

/* "fold" and a number; what follows, and its length. NULL: it is none. */
static const char *parse_fold(const char *word, size_t *length, uint64_t *fold, int *inverted)
{
    static const char name[] = "fold";
    const size_t named = sizeof name - 1;
    *inverted = *length > 2 && strncmp(word, "no", 2) == 0;
    const size_t skip = *inverted ? 2 : 0;
    if (*length < skip + named || strncmp(word + skip, name, named) != 0)
        return NULL;
    const size_t digits = parse_number(word + skip + named, *length - skip - named, fold);
    *length -= skip + named + digits;
    return digits ? word + skip + named + digits : NULL;
}

int at_split_fold(const char *word, size_t length, int folds, int *fold, int *inverted)
{
    uint64_t k;
    if (!parse_fold(word, &length, &k, inverted) || length || k >= (uint64_t)folds)
        return 0;
    *fold = (int)k;
    return 1;
}

/* ---- a drawn part --------------------------------------------------------------------------- */

static int part_named(const char *text, size_t length)
{
    return is_word(text, length, "train")                                   ? TRAIN
           : is_word(text, length, "valid") || is_word(text, length, "val") ? VALID
           : is_word(text, length, "test")                                  ? TEST
                                                                            : -1;
}

static int parse_parts(at_split *s, const char *text, size_t length)
{
    for (const char *end = text + length;; text++) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma ? comma : end;
        const int part = part_named(text, (size_t)(stop - text));
        if (part < 0)
            return 0;
        s->wanted |= 1u << part;
        if (!comma)
            return 1;
        text = comma;
    }
}

/* "fold0/5" */
static int parse_fold_of(at_split *s, const char *text, size_t length)
{
    uint64_t fold, folds;
    int inverted;
    const char *rest = parse_fold(text, &length, &fold, &inverted);
    if (!rest || length < 2 || *rest != '/' ||
        parse_number(rest + 1, length - 1, &folds) != length - 1)
        return 0;
    if (folds < 2 || folds > AT_MOST_FOLDS || fold >= folds)
        return 0;
    s->folds = (int)folds;
    s->wanted = inverted ? ((1u << folds) - 1) & ~(1u << fold) : 1u << fold;
    return 1;
}

/* What follows the part: "quality", or the seed. */
static int parse_setting(at_split *s, const char *text, size_t length)
{
    if (is_word(text, length, "quality"))
        return s->quality = 1;
    return length && parse_number(text, length, &s->seed) == length;
}

/* word (length): what follows its prefix. */
static int parse_drawn(at_split *s, const char *word, size_t length)
{
    const char *end = word + length;
    for (int i = 0;; i++) {
        const char *colon = memchr(word, ':', (size_t)(end - word));
        const size_t n = (size_t)((colon ? colon : end) - word);
        const int fine = i ? parse_setting(s, word, n)
                           : parse_parts(s, word, n) || parse_fold_of(s, word, n);
        if (!fine || !colon)
            return fine;
        word = colon + 1;
    }
}

/* The word that says it is drawn, NULL: none. */
static const char *find_drawn(const char *text, size_t *length)
{
    for (; *text; text += *length + (text[*length] == '+')) {
        *length = strcspn(text, "+");
        if (strncmp(text, by_sample, PREFIX) == 0 || strncmp(text, by_person, PREFIX) == 0)
            return text;
    }
    return NULL;
}

int at_split_parse(at_split *out, const char *text, attune_error *err)
{
    size_t length = 0;
    const char *word = find_drawn(text, &length);
    memset(out, 0, sizeof *out);
    if (!word)
        return ATTUNE_OK;
    if (strlen(text) >= AT_SPLIT_TEXT)
        return at_fail(err, ATTUNE_E_ARG, "split '%.40s...': too long", text);
    const char *after = word + length + (word[length] == '+');
    out->drawn = 1;
    out->people = *word == *by_person;
    snprintf(out->of, sizeof out->of, "%.*s%s", (int)(word - text), text, after);
    if (*out->of && !*after) /* the + before the word */
        out->of[strlen(out->of) - 1] = '\0';
    if (!parse_drawn(out, word + PREFIX, length - PREFIX) || find_drawn(after, &length))
        return at_fail(err, ATTUNE_E_ARG,
                       "split '%s': random: and people: take train, valid, test, foldK/N or "
                       "nofoldK/N of 2 to %d, then :quality and a seed as :7",
                       text, AT_MOST_FOLDS);
    return ATTUNE_OK;
}

int at_split_twin(char *out, const char *text)
{
    size_t length;
    const char *word = find_drawn(text, &length);
    const int part = word ? -1 : part_named(text, strlen(text));
    static const char *const names[PARTS] = {"train", "valid", "test"};
    if (word && *word == *by_sample)
        return snprintf(out, AT_SPLIT_TEXT, "%.*s%s%s", (int)(word - text), text, by_person,
                        word + PREFIX) < AT_SPLIT_TEXT;
    return part >= 0 && snprintf(out, AT_SPLIT_TEXT, "%s%s", by_person, names[part]) > 0;
}

/* ---- drawing -------------------------------------------------------------------------------- */

/* Strata: a label, or none, by a quality; and one of all. */
enum { LABELS = AT_MOST_CLASSES + 1, STRATA = LABELS * AT_GRADES + 1, ALL = STRATA - 1 };

/* What goes to one part whole: a sample, or a person's. */
typedef struct unit {
    int first, n; /* of order[] */
    int place;    /* drawn */
} unit;

typedef struct draw {
    const at_corpus *corpus;
    const at_split *split;
    int *order; /* (corpus->count) samples, those of a unit one after the other */
    unit *unit; /* (units) */
    int units;
    int *part; /* (corpus->count) */
    int total[STRATA], count[AT_MOST_FOLDS][STRATA];
} draw;

static int stratum_of(const draw *d, int sample)
{
    const at_sample *s = &d->corpus->list[sample];
    const int label = at_label_of(s, d->corpus->head) + 1;
    return label * AT_GRADES + (d->split->quality ? (int)s->grade : 0);
}

/* Samples by person, those of nobody known and those of one person as they are listed. */
static int compare_people(const at_sample *a, const at_sample *b)
{
    const int order = strcmp(a->person, b->person);
    return order ? order : (a > b) - (a < b);
}

static int by_person_and_place(const void *a, const void *b)
{
    return compare_people(*(const at_sample *const *)a, *(const at_sample *const *)b);
}

static int sort_by_person(draw *d)
{
    const at_corpus *c = d->corpus;
    const at_sample **sorted = malloc(((size_t)c->count + 1) * sizeof *sorted);
    if (!sorted)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < c->count; i++)
        sorted[i] = &c->list[i];
    qsort(sorted, (size_t)c->count, sizeof *sorted, by_person_and_place);
    for (int i = 0; i < c->count; i++)
        d->order[i] = (int)(sorted[i] - c->list);
    free(sorted);
    return ATTUNE_OK;
}

/* A sample of nobody known is by itself. */
static int same_unit(const draw *d, int a, int b)
{
    const at_sample *x = &d->corpus->list[a], *y = &d->corpus->list[b];
    return d->split->people && *x->person && strcmp(x->person, y->person) == 0;
}

/* The larger first, since the small ones even out what the large ones leave; else as drawn. */
static int by_size_and_place(const void *a, const void *b)
{
    const unit *x = a, *y = b;
    return x->n != y->n ? y->n - x->n : x->place - y->place;
}

/* Fills unit in the order in which they are given out. */
static int make_units(draw *d)
{
    at_rng r;
    int *place = malloc(((size_t)d->corpus->count + 1) * sizeof *place);
    if (!place)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < d->corpus->count; i++) {
        if (i == 0 || !same_unit(d, d->order[i - 1], d->order[i]))
            d->unit[d->units++] = (unit){.first = i};
        d->unit[d->units - 1].n++;
    }
    for (int i = 0; i < d->units; i++)
        place[i] = i;
    at_rng_seed(&r, d->split->seed, 0);
    at_rng_shuffle(&r, place, d->units);
    for (int i = 0; i < d->units; i++)
        d->unit[i].place = place[i];
    qsort(d->unit, (size_t)d->units, sizeof *d->unit, by_size_and_place);
    free(place);
    return ATTUNE_OK;
}

/* What chi-square grows by when x of a stratum come to n of it, but for what is the same everywhere. */
static double growth(int n, int x, double share, int total)
{
    return x ? (2.0 * n * x + (double)x * x) / (share * total) : 0;
}

static void give_out(draw *d, const unit *u)
{
    const int parts = d->split->folds ? d->split->folds : PARTS;
    int strata[STRATA] = {0}, best = 0;
    double least = 0;
    for (int i = 0; i < u->n; i++)
        strata[stratum_of(d, d->order[u->first + i])]++;
    strata[ALL] = u->n;
    for (int p = 0; p < parts; p++) {
        const double share = d->split->folds ? 1.0 / parts : part_shares[p];
        double cost = 0;
        for (int k = 0; k < STRATA; k++)
            cost += growth(d->count[p][k], strata[k], share, d->total[k]);
        if (p == 0 || cost < least) {
            best = p;
            least = cost;
        }
    }
    for (int k = 0; k < STRATA; k++)
        d->count[best][k] += strata[k];
    for (int i = 0; i < u->n; i++)
        d->part[d->order[u->first + i]] = best;
}

static int make_draw(draw *d)
{
    const int n = d->corpus->count;
    d->order = malloc(((size_t)n + 1) * sizeof *d->order);
    d->unit = malloc(((size_t)n + 1) * sizeof *d->unit);
    d->part = malloc(((size_t)n + 1) * sizeof *d->part);
    if (!d->order || !d->unit || !d->part)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < n; i++) {
        d->order[i] = i;
        d->total[stratum_of(d, i)]++;
    }
    d->total[ALL] = n;
    if ((d->split->people && sort_by_person(d) < 0) || make_units(d) < 0)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < d->units; i++)
        give_out(d, &d->unit[i]);
    return ATTUNE_OK;
}

/* ---- the call ------------------------------------------------------------------------------- */

static int has_strata(const at_corpus *c, const at_split *s, attune_error *err)
{
    int people = 0, ungraded = 0;
    for (int i = 0; i < c->count; i++) {
        people += *c->list[i].person != 0;
        ungraded += c->list[i].grade == AT_UNGRADED;
    }
    if (s->people && !people)
        return at_fail(err, ATTUNE_E_ARG, "%s names nobody, so people cannot be kept apart",
                       c->dataset);
    if (s->quality && ungraded)
        return at_fail(err, ATTUNE_E_ARG,
                       "the quality of %d of %d samples is not known: attune eval MODEL ... "
                       "--split notest --qualities ROOT/" AT_QUALITIES " measures it",
                       ungraded, c->count);
    return ATTUNE_OK;
}

int at_split_keep(at_corpus *c, const at_split *s, attune_error *err)
{
    draw d = {.corpus = c, .split = s};
    int kept = 0, status = has_strata(c, s, err);
    if (status < 0)
        return status;
    if (make_draw(&d) < 0)
        status = at_fail_nomem(err);
    for (int i = 0; i < c->count && !status; i++)
        if (s->wanted & 1u << d.part[i])
            c->list[kept++] = c->list[i];
        else
            at_sample_free(&c->list[i]);
    c->count = status ? c->count : kept;
    free(d.order);
    free(d.unit);
    free(d.part);
    return status;
}
