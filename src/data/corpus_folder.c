/* corpus_folder.c - class-named folders: WACV engagement (Kamath 2016), and anybody's own. */
#include "base/error.h"
#include "data/readers.h"
#include "data/split.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct part_search {
    const char *name;
    char *out;
} part_search;

static int is_part(void *user, const char *path, const char *name)
{
    part_search *s = user;
    if (strcasecmp(name, s->name) != 0 || !at_path_is_dir(path))
        return 0;
    snprintf(s->out, AT_PATH, "%s", path);
    return 1;
}

static int walk(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    const int status = at_corpus_walk(out, root, split, NULL);
    return status < 0 ? at_fail_walk(status, root, err) : ATTUNE_OK;
}

int at_corpus_folder(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    char part[AT_PATH];
    part_search search = {split, part};
    if (at_split_is_whole(split))
        return walk(out, root, split, err);
    const int found = at_each_entry(root, is_part, &search);
    if (found < 0)
        return at_fail_walk(found, root, err);
    if (!found)
        return at_fail(err, ATTUNE_E_ARG, "%s: no folder '%s' in it for that split", root, split);
    return walk(out, part, "all", err);
}

/* ---- WACV: imgN_* is person or sitting N; fold k holds the people with N mod 4 == k ------------ */

enum { WACV_FOLDS = 4 };

typedef struct wacv_choice {
    at_corpus *out;
    int label;
    const char *list; /* comma list of people, NULL: by fold */
    int fold;         /* -1: all */
    int inverted;
} wacv_choice;

static int choose_people(wacv_choice *c, const char *split)
{
    c->fold = -1;
    if (at_split_is_whole(split))
        return 1;
    if (strncmp(split, "people=", 7) == 0) {
        c->list = split + 7;
        return 1;
    }
    return at_split_fold(split, strlen(split), WACV_FOLDS, &c->fold, &c->inverted);
}

static int person_wanted(const wacv_choice *c, int person)
{
    if (c->list)
        return at_in_list(c->list, person);
    if (c->fold < 0)
        return 1;
    return (person % WACV_FOLDS == c->fold) != c->inverted;
}

/* Of imgN_*: N, or -1 where that is none of up to six digits. */
static int person_of(const char *name)
{
    int person = 0, digits = 0;
    if (strncmp(name, "img", 3) != 0)
        return -1;
    for (name += 3; digits < 6 && isdigit((unsigned char)*name); digits++)
        person = 10 * person + *name++ - '0';
    return digits && *name == '_' ? person : -1;
}

static int add_wacv_picture(void *user, const char *path, const char *name)
{
    wacv_choice *c = user;
    const int person = person_of(name);
    if (!at_has_extension(name, at_picture_extensions) || person < 0 || !person_wanted(c, person))
        return 0;
    at_sample *s = at_corpus_add(c->out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->engagement = c->label;
    snprintf(s->person, sizeof s->person, "%d", person);
    return 0;
}

int at_corpus_wacv(at_corpus *out, const char *root, const char *split, attune_error *err)
{
    static const char *const folders[] = {"0_disengaged", "1_partial", "2_engaged"};
    char base[AT_PATH], folder[AT_PATH];
    wacv_choice c = {.out = out};
    if (!choose_people(&c, split))
        return at_fail(err, ATTUNE_E_ARG,
                       "wacv-engagement has no split '%s' (all, fold0..3, nofold0..3, "
                       "people=1,2,...)",
                       split);
    int status = ATTUNE_OK;
    for (c.label = 0; c.label < ATTUNE_ENGAGEMENTS && status >= 0; c.label++) {
        status = at_corpus_locate(base, root, folders[c.label]);
        if (status == 1 && at_path_join(folder, base, folders[c.label]))
            status = at_each_entry(folder, add_wacv_picture, &c);
    }
    return status < 0 ? at_fail_walk(status, root, err) : ATTUNE_OK;
}
