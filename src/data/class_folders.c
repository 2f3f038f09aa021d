/* class_folders.c - a walk over class-named folders. */
#include "data/readers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct class_walk {
    at_corpus *out;
    size_t base_length;
    const char *const *const *parts;
    int wanted; /* part, -1: all */
    int (*class_of)(const char *folder);
    int in_parts; /* files that lie in a named part */
} class_walk;

static int part_of(const class_walk *w, const char *folder)
{
    for (int p = 0; w->parts && w->parts[p]; p++)
        for (const char *const *name = w->parts[p]; *name; name++)
            if (strcasecmp(folder, *name) == 0)
                return p;
    return -1;
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
        int p = part_of(w, folder), k = class_named(w, folder);
        part = p >= 0 ? p : part;
        label = k >= 0 ? k : label;
        if (p < 0)
            snprintf(why, sizeof why, "no class: %s", folder);
    }
    w->in_parts += part >= 0;
    if (w->wanted >= 0 && part != w->wanted)
        return 0;
    if (label < 0)
        return at_corpus_exclude(w->out, AT_UNKNOWN_CLASS, path, why);
    at_sample *s = at_corpus_add(w->out, path);
    if (!s)
        return ATTUNE_E_NOMEM;
    s->expression = label;
    return 0;
}

int at_corpus_walk(at_corpus *out, const char *root, const char *const *const *parts, int part,
                   int (*class_of)(const char *folder))
{
    class_walk w = {out, strlen(root), parts, part, class_of, 0};
    int status = at_each_file(root, add_in_class, &w);
    return status < 0 ? status : w.in_parts;
}
