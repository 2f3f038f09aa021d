/* class_folders.c - a walk over class-named folders. */
#include "data/readers.h"
#include "data/split.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct class_walk {
    at_corpus *out;
    size_t base_length;
    const char *split;
    int (*class_of)(const char *folder);
    int in_parts; /* files that lie in a named part */
} class_walk;

/* What a part's folder is called; the first name is the split's. */
static const char *const parts[][4] = {
    {"train", "training"},
    {"valid", "validation", "val", "publictest"},
    {"test", "testing", "privatetest"},
};
enum { PARTS = sizeof parts / sizeof *parts, NAMES = sizeof *parts / sizeof **parts };

static int part_of(const char *folder)
{
    for (int p = 0; p < PARTS; p++)
        for (int i = 0; i < NAMES && parts[p][i]; i++)
            if (strcasecmp(folder, parts[p][i]) == 0)
                return p;
    return -1;
}

static int is_wanted(const class_walk *w, int part)
{
    return part < 0 ? at_split_is_whole(w->split) : at_split_takes(w->split, parts[part][0]);
}

static int class_named(const class_walk *w, const char *folder)
{
    int label = w->class_of ? w->class_of(folder) : -1;
    return label >= 0 ? label : at_class_by_name(w->out->head, folder);
}

static int add_in_class(void *user, const char *path, const char *name)
{
    class_walk *w = user;
    char folders[AT_PATH], why[AT_PATH + 32] = "in no folder of a class", *rest = folders;
    int part = -1, label = -1;
    if (!at_is_media(name))
        return 0;
    snprintf(folders, sizeof folders, "%s", path + w->base_length);
    *strrchr(folders, '/') = '\0'; /* there is one: path is base/... */
    for (char *folder; (folder = strtok_r(rest, "/", &rest));) {
        int p = part_of(folder), k = class_named(w, folder);
        part = p >= 0 ? p : part;
        label = k >= 0 ? k : label;
        if (p < 0)
            snprintf(why, sizeof why, "no class: %s", folder);
    }
    w->in_parts += part >= 0;
    if (!is_wanted(w, part))
        return 0;
    if (label < 0)
        return at_corpus_exclude(w->out, AT_UNKNOWN_CLASS, path, why);
    at_sample *s = at_corpus_add(w->out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->expression = label;
    return 0;
}

int at_corpus_walk(at_corpus *out, const char *root, const char *split,
                   int (*class_of)(const char *folder))
{
    class_walk w = {out, strlen(root), split, class_of, 0};
    int status = at_each_file(root, add_in_class, &w);
    return status < 0 ? status : w.in_parts;
}
