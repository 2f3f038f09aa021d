/* paths.c - walking folders in a fixed order, so that lists are the same on every machine. */
#include "base/error.h"
#include "base/mem.h"
#include "data/readers.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

const char *const at_picture_extensions[] = {"png",  "jpg", "jpeg", "bmp",
                                             "webp", "pgm", "ppm",  NULL};
const char *const at_sound_extensions[] = {"wav", "flac", "mp3", "ogg", "opus", "m4a", NULL};
const char *const at_clip_extensions[] = {"mp4",  "avi",  "mkv", "mov", "mpg",
                                          "mpeg", "webm", "flv", NULL};

int at_path_join(char *out, const char *base, const char *name)
{
    int n = snprintf(out, AT_PATH, "%s/%s", base, name);
    return n > 0 && n < AT_PATH;
}

int at_path_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int at_path_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int at_path_is_pointer(const char *path)
{
    static const char first[] = "version https://git-lfs.github.com/spec/";
    enum { LARGEST = 1024 }; /* three short lines */
    char text[sizeof first];
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > LARGEST)
        return 0;
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    size_t n = fread(text, 1, sizeof first - 1, f);
    fclose(f);
    return n == sizeof first - 1 && memcmp(text, first, n) == 0;
}

const char *at_path_stem(const char *path, size_t *length)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    *length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    return name;
}

int at_has_extension(const char *name, const char *const *extensions)
{
    const char *dot = strrchr(name, '.');
    for (; dot && *extensions; extensions++)
        if (strcasecmp(dot + 1, *extensions) == 0)
            return 1;
    return 0;
}

typedef struct names {
    char **list;
    size_t count, capacity;
} names;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* errno says why, whatever was closed since. */
static int failed_by(int why)
{
    errno = why;
    return why == ENOMEM ? ATTUNE_E_NOMEM : ATTUNE_E_IO;
}

static int collect(names *n, const char *dir)
{
    DIR *d = opendir(dir);
    if (!d)
        return errno == ENOENT || errno == ENOTDIR ? 0 : failed_by(errno);
    for (struct dirent *e; errno = 0, (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        if (n->count == n->capacity) {
            size_t capacity = n->capacity ? 2 * n->capacity : 256;
            char **grown = realloc(n->list, capacity * sizeof *grown);
            if (!grown)
                goto fail;
            n->list = grown;
            n->capacity = capacity;
        }
        if (!(n->list[n->count] = strdup(e->d_name)))
            goto fail;
        n->count++;
    }
    const int why = errno;
    closedir(d);
    if (n->count)
        qsort(n->list, n->count, sizeof *n->list, by_name);
    return why ? failed_by(why) : 0;
fail:
    closedir(d);
    return ATTUNE_E_NOMEM;
}

int at_each_entry(const char *dir, int (*fn)(void *user, const char *path, const char *name),
                  void *user)
{
    names n = {0};
    char path[AT_PATH];
    int status = collect(&n, dir);
    for (size_t i = 0; i < n.count && !status; i++)
        if (at_path_join(path, dir, n.list[i]))
            status = fn(user, path, n.list[i]);
    for (size_t i = 0; i < n.count; i++)
        free(n.list[i]);
    free(n.list);
    return status;
}

int at_fail_walk(int status, const char *root, attune_error *err)
{
    return status == ATTUNE_E_NOMEM
               ? at_fail_nomem(err)
               : at_fail(err, ATTUNE_E_IO, "%s: a folder in it could not be read: %s", root,
                         strerror(errno));
}

/* Deep enough for any data set. */
enum { DEPTH = 8 };

/* Where archives made on a Mac keep what is not the files, and what a disk's root has, which nobody may read. */
static int is_no_part(const char *name)
{
    return strcmp(name, "__MACOSX") == 0 || strcmp(name, "lost+found") == 0;
}

typedef struct file_walk {
    int (*fn)(void *user, const char *path, const char *name);
    void *user;
    int depth;
    const struct file_walk *above; /* NULL: none */
    dev_t device;                  /* of the folder itself */
    ino_t number;
} file_walk;

/* Links that lead to a folder that they are in would count its files again. */
static int is_within_itself(const file_walk *w)
{
    for (const file_walk *a = w->above; a; a = a->above)
        if (a->device == w->device && a->number == w->number)
            return 1;
    return 0;
}

static file_walk walk_below(const file_walk *above, const char *dir)
{
    struct stat st = {0};
    file_walk w = {above->fn, above->user, above->depth + 1, above, 0, 0};

    if (stat(dir, &st) == 0) {
        w.device = st.st_dev;
        w.number = st.st_ino;
    }
    return w;
}

static int visit(void *user, const char *path, const char *name)
{
    file_walk *w = user;
    if (!at_path_is_dir(path))
        return w->fn(w->user, path, name);
    if (w->depth == DEPTH || is_no_part(name))
        return 0;
    file_walk below = walk_below(w, path);
    return is_within_itself(&below) ? 0 : at_each_entry(path, visit, &below);
}

int at_each_file(const char *dir, int (*fn)(void *user, const char *path, const char *name),
                 void *user)
{
    const file_walk outside = {.fn = fn, .user = user, .depth = -1};
    file_walk w = walk_below(&outside, dir);
    return at_each_entry(dir, visit, &w);
}

typedef struct search {
    char *out;
    const char *marker;
} search;

static int holds_marker(void *user, const char *path, const char *name)
{
    search *s = user;
    char probe[AT_PATH];
    (void)name;
    if (!at_path_join(probe, path, s->marker) || !at_path_exists(probe))
        return 0;
    strcpy(s->out, path);
    return 1;
}

int at_corpus_locate(char *out, const char *root, const char *marker)
{
    search s = {out, marker};
    if (strlen(root) >= AT_PATH)
        return 0;
    return holds_marker(&s, root, root) ? 1 : at_each_entry(root, holds_marker, &s);
}

int at_in_list(const char *list, int number)
{
    while (*list) {
        char *end;
        long v = strtol(list, &end, 10);
        if (end != list && v == number)
            return 1;
        list = *end ? end + 1 : end;
    }
    return 0;
}

int at_word_in_list(const char *list, size_t length, const char *word)
{
    size_t n = strlen(word);
    for (const char *end = list + length; list < end;) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        size_t one = (size_t)((comma ? comma : end) - list);
        if (one == n && strncasecmp(list, word, n) == 0)
            return 1;
        list += one + 1;
    }
    return 0;
}

int at_is_media(const char *name)
{
    return at_has_extension(name, at_picture_extensions) ||
           at_has_extension(name, at_sound_extensions) ||
           at_has_extension(name, at_clip_extensions);
}
