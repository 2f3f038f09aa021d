#include "base/outset.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char unfinished[] = "attune-unfinished", finished[] = "attune-finished";
static const char old_suffix[] = ".old"; /* beside a new file: the one that it replaces */

enum { NAME_SIZE = 128 };

/* What of the file that was there before can be had back. */
enum { NONE_BEFORE, KEPT_BEFORE, LOST_BEFORE };

typedef struct member {
    const char *name;
    FILE *f;
    int before;
} member;

struct at_outset {
    char *path;
    int dir, stage; /* descriptors; -1: none */
    int made_dir, committed;
    member file[AT_OUTSET_MOST];
    int n;
};

static int fail_errno(attune_error *err, const char *dir, const char *name)
{
    char text[128] = "";
    if (errno == ENOMEM)
        return at_fail_nomem(err);
    const char *why = strerror_r(errno, text, sizeof text);

    return at_fail(err, ATTUNE_E_IO, "%s%s%s: %s", dir, name ? "/" : "", name ? name : "", why);
}

/* Some file systems cannot sync a folder: that is no error. */
static int sync_folder(int dir)
{
    return fsync(dir) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : -1;
}

/* ---- what a dead run left -------------------------------------------------------------------- */

static int is_old(const char *name)
{
    const size_t n = strlen(name), suffix = sizeof old_suffix - 1;

    return n > suffix && strcmp(name + n - suffix, old_suffix) == 0;
}

/* Calls each for every file of the folder; the first non-zero that it returns. */
static int for_each_file(int folder, int (*each)(int folder, const char *name, int dir), int dir)
{
    const int again = dup(folder);
    DIR *list = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    int rc = list ? 0 : -1;

    if (!list && again >= 0)
        close(again);
    if (list)
        rewinddir(list); /* the two descriptors share a place */
    while (rc == 0 && (entry = readdir(list)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = each(folder, entry->d_name, dir);
    if (list)
        closedir(list);
    return rc;
}

static int move_new(int folder, const char *name, int dir)
{
    return is_old(name) ? 0 : renameat(folder, name, dir, name);
}

static int remove_file(int folder, const char *name, int dir)
{
    (void)dir;
    unlinkat(folder, name, 0);
    return 0;
}

static int open_stage(int dir, const char *name)
{
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void sweep(int dir, const char *name)
{
    const int folder = open_stage(dir, name);

    if (folder < 0)
        return;
    for_each_file(folder, remove_file, dir);
    close(folder);
    unlinkat(dir, name, AT_REMOVEDIR);
}

static int settle(int dir, const char *path, attune_error *err)
{
    const int folder = open_stage(dir, finished);
    int rc = folder < 0 && errno != ENOENT ? -1 : 0;

    if (folder >= 0)
        rc = for_each_file(folder, move_new, dir) != 0 ? -1 : sync_folder(dir);
    if (rc != 0)
        rc = fail_errno(err, path, finished);
    if (folder >= 0)
        close(folder);
    if (rc == ATTUNE_OK)
        sweep(dir, finished);
    return rc;
}

/* Network file systems may know no locks; then there are none. Returns the folder's descriptor. */
int at_folder_lock(const char *path, attune_error *err)
{
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return fail_errno(err, path, NULL);
    if (flock(dir, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return dir;
    close(dir);
    return at_fail(err, ATTUNE_E_STATE, "%s: another run is writing into this folder", path);
}

static void unlock(at_outset *s)
{
    if (s->dir >= 0)
        close(s->dir);
    s->dir = -1;
}

int at_outset_settle(const char *path, attune_error *err)
{
    struct stat st;
    const int looked = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int there = looked >= 0 && fstatat(looked, finished, &st, AT_SYMLINK_NOFOLLOW) == 0;

    if (looked >= 0)
        close(looked);
    if (!there)
        return ATTUNE_OK;
    const int dir = at_folder_lock(path, err);
    if (dir < 0)
        return dir;
    const int rc = settle(dir, path, err);
    close(dir);
    return rc;
}

/* ---- a set ----------------------------------------------------------------------------------- */

static int open_folder(at_outset *s, attune_error *err)
{
    struct stat st;

    s->made_dir = stat(s->path, &st) != 0;
    int rc = at_mkdirs(s->path, err);
    if (rc < 0)
        return rc;
    s->dir = at_folder_lock(s->path, err);
    if (s->dir < 0)
        return s->dir;
    rc = settle(s->dir, s->path, err);
    if (rc < 0)
        return rc;
    sweep(s->dir, unfinished);
    if (mkdirat(s->dir, unfinished, 0777) == 0)
        s->stage = open_stage(s->dir, unfinished);
    return s->stage < 0 ? fail_errno(err, s->path, unfinished) : ATTUNE_OK;
}

int at_outset_open(at_outset **out, const char *dir, attune_error *err)
{
    at_outset *s = at_calloc(1, sizeof *s);

    *out = NULL;
    if (!s)
        return at_fail_nomem(err);
    s->dir = s->stage = -1;
    s->path = strdup(dir);
    const int rc = s->path ? open_folder(s, err) : at_fail_nomem(err);
    if (rc < 0)
        at_outset_free(&s);
    *out = s;
    return rc;
}

/* The rights of the file that it will replace, or those that the umask leaves. */
static int rights(const at_outset *s, const char *name, mode_t *mode, attune_error *err)
{
    struct stat st;

    *mode = 0666;
    if (fstatat(s->dir, name, &st, 0) != 0)
        return ATTUNE_OK;
    if (!S_ISREG(st.st_mode))
        return at_fail(err, ATTUNE_E_IO, "%s/%s: %s", s->path, name,
                       S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
    *mode = st.st_mode & 0777;
    return ATTUNE_OK;
}

int at_outset_add(at_outset *s, const char *name, FILE **f, attune_error *err)
{
    mode_t mode;
    int rc = rights(s, name, &mode, err);

    *f = NULL;
    if (rc < 0)
        return rc;
    if (s->n == AT_OUTSET_MOST || strlen(name) + sizeof old_suffix > NAME_SIZE)
        return at_fail(err, ATTUNE_E_ARG, "%s: one file too many, or its name is too long", name);
    const int fd = openat(s->stage, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    *f = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!*f) {
        rc = fail_errno(err, s->path, name);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    s->file[s->n++] = (member){.name = name, .f = *f};
    return ATTUNE_OK;
}

/* ---- commit ---------------------------------------------------------------------------------- */

static int bring_to_disk(at_outset *s, member *m, attune_error *err)
{
    FILE *f = m->f;

    const int failed = at_stream_failed(f) || fsync(fileno(f)) != 0, why = errno;
    m->f = NULL;
    if (fclose(f) != 0 || failed) {
        errno = failed ? why : errno;
        return fail_errno(err, s->path, m->name);
    }
    return ATTUNE_OK;
}

static const char *old_name(char out[NAME_SIZE], const member *m)
{
    snprintf(out, NAME_SIZE, "%s%s", m->name, old_suffix);
    return out;
}

static void keep_before(const at_outset *s, member *m)
{
    char old[NAME_SIZE];

    if (linkat(s->dir, m->name, s->stage, old_name(old, m), 0) == 0)
        m->before = KEPT_BEFORE;
    else
        m->before = errno == ENOENT ? NONE_BEFORE : LOST_BEFORE;
}

/* The new file goes back beside the others, so that whatever fails next they can still be had together. */
static int take_back(const at_outset *s, const member *m)
{
    char old[NAME_SIZE];

    if (m->before == NONE_BEFORE)
        return renameat(s->dir, m->name, s->stage, m->name);
    if (m->before == LOST_BEFORE || linkat(s->dir, m->name, s->stage, m->name, 0) != 0)
        return -1;
    return renameat(s->stage, old_name(old, m), s->dir, m->name);
}

static int take_all_back(const at_outset *s, int moved)
{
    while (moved > 0)
        if (take_back(s, &s->file[--moved]) != 0)
            return -1;
    return renameat(s->dir, finished, s->dir, unfinished);
}

/* Of a set that is decided for. What went wrong is in err. */
static int withdraw(at_outset *s, int moved, attune_error *err)
{
    attune_error why = err ? *err : (attune_error){0};

    if (take_all_back(s, moved) == 0)
        return ATTUNE_E_IO;
    s->committed = 1; /* must stay */
    return at_fail(
        err, ATTUNE_E_IO,
        "%.300s; the new files are whole, but some still lie in %s/%s: the next run moves them",
        why.text, s->path, finished);
}

static int decide(const at_outset *s, attune_error *err)
{
    if (sync_folder(s->stage) != 0 || renameat(s->dir, unfinished, s->dir, finished) != 0)
        return fail_errno(err, s->path, unfinished);
    return ATTUNE_OK;
}

/* Into the places where they belong. */
static int move_all(at_outset *s, attune_error *err)
{
    int moved = 0, rc = sync_folder(s->dir) == 0 ? ATTUNE_OK : fail_errno(err, s->path, NULL);

    for (; rc == ATTUNE_OK && moved < s->n; moved += rc == ATTUNE_OK)
        if (renameat(s->stage, s->file[moved].name, s->dir, s->file[moved].name) != 0)
            rc = fail_errno(err, s->path, s->file[moved].name);
    if (rc == ATTUNE_OK && sync_folder(s->dir) != 0)
        rc = fail_errno(err, s->path, NULL);
    return rc < 0 ? withdraw(s, moved, err) : ATTUNE_OK;
}

int at_outset_commit(at_outset *s, attune_error *err)
{
    int rc = ATTUNE_OK;

    for (int i = 0; rc == ATTUNE_OK && i < s->n; i++)
        rc = bring_to_disk(s, &s->file[i], err);
    for (int i = 0; rc == ATTUNE_OK && i < s->n; i++)
        keep_before(s, &s->file[i]);
    rc = rc < 0 ? rc : decide(s, err);
    rc = rc < 0 ? rc : move_all(s, err);
    if (rc == ATTUNE_OK) {
        s->committed = 1;
        sweep(s->dir, finished);
        unlock(s);
    }
    return rc;
}

void at_outset_free(at_outset **s)
{
    at_outset *p = *s;

    if (!p)
        return;
    for (int i = 0; i < p->n; i++)
        if (p->file[i].f)
            fclose(p->file[i].f);
    if (p->stage >= 0) {
        close(p->stage);
        if (!p->committed)
            sweep(p->dir, unfinished);
    }
    if (p->made_dir && !p->committed)
        rmdir(p->path); /* stays if something is in it */
    unlock(p);
    free(p->path);
    at_free(p);
    *s = NULL;
}
