/* corpus.c - a list of samples, and of what was left out of it. */
#include "data/corpus.h"

#include "data/readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const at_exclusion_names[AT_EXCLUSIONS] = {
    "missing", "unreadable", "lfs_pointer", "unlabelled", "unknown_class", "duplicate",
};

const char *const at_grade_names[AT_GRADES] = {"", "normal", "low-quality", "occluded"};

at_grade at_grade_by_name(const char *name)
{
    int grade = AT_GRADES - 1;
    while (grade > 0 && strcasecmp(name, at_grade_names[grade]) != 0)
        grade--;
    return (at_grade)grade;
}

/* Room for one more of *count things of size bytes; the place of it, or NULL. */
static void *grow(void *list, int count, int *capacity, size_t size)
{
    if (count < *capacity)
        return list;
    int more = *capacity ? 2 * *capacity : 256;
    void *grown = realloc(list, (size_t)more * size);
    if (grown)
        *capacity = more;
    return grown;
}

at_sample *at_corpus_add(at_corpus *c, const char *path)
{
    at_sample *list = grow(c->list, c->count, &c->capacity, sizeof *list);
    if (!list)
        return NULL;
    c->list = list;
    at_sample *s = &list[c->count];
    memset(s, 0, sizeof *s);
    s->path = strdup(path);
    if (!s->path)
        return NULL;
    s->expression = s->engagement = -1;
    for (int i = 0; i < ATTUNE_STATES; i++)
        s->state[i] = -1;
    c->count++;
    return s;
}

enum { LISTED_BYTES = AT_LISTED_SIDE * AT_LISTED_SIDE };

at_sample *at_corpus_add_listed(at_corpus *c, const char *path, const unsigned char *grey)
{
    unsigned char *listed = grow(c->listed, c->listed_count, &c->listed_capacity, LISTED_BYTES);
    if (!listed)
        return NULL;
    c->listed = listed;
    memcpy(listed + (size_t)c->listed_count * LISTED_BYTES, grey, LISTED_BYTES);
    at_sample *s = at_corpus_add(c, path);
    if (s)
        s->listed = ++c->listed_count;
    return s;
}

int at_corpus_exclude(at_corpus *c, at_exclusion kind, const char *path, const char *detail)
{
    at_excluded *list = grow(c->excluded, c->excluded_count, &c->excluded_capacity, sizeof *list);
    if (!list)
        return ATTUNE_E_NOMEM;
    c->excluded = list;
    at_excluded *e = &list[c->excluded_count];
    *e = (at_excluded){kind, strdup(path), strdup(detail)};
    if (!e->path || !e->detail) {
        free(e->path);
        free(e->detail);
        return ATTUNE_E_NOMEM;
    }
    c->excluded_count++;
    return ATTUNE_OK;
}

int at_corpus_exclude_row(at_corpus *c, const at_csv *csv)
{
    char where[AT_PATH + 16];
    snprintf(where, sizeof where, "%.*s:%d", AT_PATH, csv->path, csv->line);
    return at_corpus_exclude(c, AT_MISSING, where, "the row names no file");
}

void at_sample_free(at_sample *s)
{
    free(s->path);
    free(s->signal);
    free(s->chat);
    s->path = s->signal = s->chat = NULL;
}

void at_corpus_free(at_corpus *c)
{
    for (int i = 0; i < c->count; i++)
        at_sample_free(&c->list[i]);
    for (int i = 0; i < c->excluded_count; i++) {
        free(c->excluded[i].path);
        free(c->excluded[i].detail);
    }
    free(c->list);
    free(c->excluded);
    free(c->listed);
    memset(c, 0, sizeof *c);
}

int at_corpus_excluded(const at_corpus *c, at_exclusion kind)
{
    int n = 0;
    for (int i = 0; i < c->excluded_count; i++)
        n += c->excluded[i].kind == kind;
    return n;
}

const unsigned char *at_corpus_picture(const at_corpus *c, const at_sample *s)
{
    return s->listed ? c->listed + (size_t)(s->listed - 1) * LISTED_BYTES : NULL;
}

int at_sample_has_votes(const at_sample *s)
{
    float sum = 0;
    for (int k = 0; k < AT_VOTES; k++)
        sum += s->votes[k];
    return sum > 0;
}

at_sample_kind at_sample_kind_of(const at_sample *s)
{
    if (s->listed || at_has_extension(s->path, at_picture_extensions))
        return AT_PICTURE;
    return at_has_extension(s->path, at_sound_extensions) ? AT_SOUND : AT_CLIP;
}
