#include "base/file.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_errno(attune_error *err, const char *path)
{
    if (errno == ENOMEM)
        return at_fail_nomem(err);
    char text[128] = "";
    const char *why = strerror_r(errno, text, sizeof text);
    return at_fail(err, ATTUNE_E_IO, "%s: %s", path, why);
}

static int fail_too_large(attune_error *err, const char *path, size_t limit)
{
    return at_fail(err, ATTUNE_E_FORMAT, "%s: larger than %zu bytes", path, limit);
}

int at_infile_open(at_infile *f, const char *path, size_t limit, attune_error *err)
{
    int status = ATTUNE_OK;
    struct stat st;
    *f = (at_infile){open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), path, SIZE_MAX};
    if (f->fd < 0)
        return fail_errno(err, path);
    if (fstat(f->fd, &st) != 0) /* of what was opened, not of what the name meant a moment ago */
        status = fail_errno(err, path);
    else if (S_ISDIR(st.st_mode))
        status = at_fail(err, ATTUNE_E_IO, "%s: is a directory", path);
    else if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size > limit)
        status = fail_too_large(err, path, limit);
    else if (S_ISREG(st.st_mode) && st.st_size > 0)
        f->size = (size_t)st.st_size;
    if (status != ATTUNE_OK)
        at_infile_close(f);
    return status;
}

int at_infile_read(const at_infile *f, void *to, size_t size, size_t *got, attune_error *err)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = read(f->fd, (unsigned char *)to + *got, size - *got);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, f->path);
        *got += (size_t)n;
    }
    return ATTUNE_OK;
}

void at_infile_close(at_infile *f)
{
    close(f->fd);
}

int at_file_read(const char *path, size_t limit, unsigned char **out, size_t *size,
                 attune_error *err)
{
    unsigned char *data = NULL;
    size_t used = 0;
    at_infile f;
    *out = NULL;
    *size = 0;
    int status = at_infile_open(&f, path, limit, err);
    if (status != ATTUNE_OK)
        return status;

    /* Without a size the buffer grows. It is a hint in any case, since the file may change under us. One byte more than
     * the hint tells the end. */
    size_t room = f.size < SIZE_MAX ? f.size + 1 : 4096;
    for (;;) {
        unsigned char *bigger = at_alloc(room, 1);
        size_t got;
        if (bigger == NULL) {
            status = at_fail_nomem(err);
            goto fail;
        }
        if (used > 0)
            memcpy(bigger, data, used);
        at_free(data);
        data = bigger;
        status = at_infile_read(&f, data + used, room - used, &got, err);
        if (status != ATTUNE_OK)
            goto fail;
        used += got;
        if (used > limit) {
            status = fail_too_large(err, path, limit);
            goto fail;
        }
        if (used < room)
            break;
        room = room > SIZE_MAX / 2 ? SIZE_MAX : room * 2; /* too much fails in at_alloc */
    }
    at_infile_close(&f);
    data[used] = 0;
    *out = data;
    *size = used;
    return ATTUNE_OK;

fail:
    at_infile_close(&f);
    at_free(data);
    return status;
}

int at_file_hash(const char *path, uint64_t *hash, attune_error *err)
{
    unsigned char piece[65536];
    size_t n = sizeof piece;
    at_infile f;
    at_digest d;
    int status = at_infile_open(&f, path, SIZE_MAX, err);
    if (status != ATTUNE_OK)
        return status;
    at_digest_begin(&d);
    while (status == ATTUNE_OK && n == sizeof piece) {
        status = at_infile_read(&f, piece, sizeof piece, &n, err);
        at_digest_add(&d, piece, n);
    }
    at_infile_close(&f);
    if (status != ATTUNE_OK)
        return status;
    *hash = at_hash_number(*hash, at_digest_of(&d));
    return ATTUNE_OK;
}

/* ---- files that appear whole or not at all ------------------------------------------------ */

static void close_out(at_outfile *o, int remove_temp)
{
    if (o->f != NULL)
        fclose(o->f);
    if (remove_temp && o->temp != NULL)
        unlink(o->temp);
    free(o->path);
    free(o->temp);
    *o = (at_outfile){0};
}

static const char temp_suffix[] = ".tmp-XXXXXX";

/* Length of the name that is followed by a suffix of that kind; 0: none is. */
static size_t named_by(const char *temp)
{
    const size_t n = strlen(temp), suffix = sizeof temp_suffix - 1;

    return n > suffix && strncmp(temp + n - suffix, temp_suffix, suffix - 6) == 0 ? n - suffix : 0;
}

static void remove_if_dead(int dir, const char *name)
{
    const int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(dir, name, 0);
    if (fd >= 0)
        close(fd);
}

/* Of file, or, where it is NULL, of what is ours. */
static void sweep_folder(const char *folder, const char *file,
                         int (*is_ours)(const char *name, size_t n))
{
    DIR *list = opendir(folder);
    const struct dirent *entry;

    while (list != NULL && (entry = readdir(list)) != NULL) {
        const char *name = entry->d_name;
        const size_t n = named_by(name);
        if (n > 0 && (file ? strlen(file) == n && strncmp(name, file, n) == 0 : is_ours(name, n)))
            remove_if_dead(dirfd(list), name);
    }
    if (list != NULL)
        closedir(list);
}

void at_outfile_sweep(const char *folder, int (*is_ours)(const char *name, size_t n))
{
    sweep_folder(folder, NULL, is_ours);
}

/* What is left of path by runs that are gone. */
static void sweep_dead(const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t n = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char folder[PATH_MAX] = ".";

    if (n >= sizeof folder)
        return;
    memcpy(folder, path, n);
    sweep_folder(folder, path + n, NULL);
}

/* Another run may have taken it for a dead one's before it was locked. */
static int lock_temp(int fd)
{
    struct stat st;

    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return 1; /* there are no locks here, for nobody */
    return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

/* A new file PATH.tmp-XXXXXX, with the rights of the file that it will replace, or those that the
 * umask leaves (mkostemp would give 0600 whatever the umask). */
static int open_temp(at_outfile *o, mode_t mode)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    size_t n = strlen(o->path);
    o->temp = malloc(n + sizeof temp_suffix);
    if (o->temp == NULL)
        return -1;
    memcpy(o->temp, o->path, n);
    memcpy(o->temp + n, temp_suffix, sizeof temp_suffix);
    char *random = o->temp + n + sizeof temp_suffix - 7;
    for (int tries = 0; tries < 100; tries++) {
        unsigned char bytes[6];
        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            break;
        for (size_t i = 0; i < sizeof bytes; i++)
            random[i] = letters[bytes[i] % 32];
        int fd = open(o->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0 ? errno != EEXIST : lock_temp(fd))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

/* A pipe that nobody reads is not waited for. */
static int open_at_once(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const int flags = fd < 0 ? 0 : fcntl(fd, F_GETFL);

    if (fd >= 0)
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    return fd;
}

int at_outfile_open(at_outfile *o, const char *path, attune_error *err)
{
    struct stat st;
    int fd, status;
    *o = (at_outfile){0};
    o->path = strdup(path);
    if (o->path == NULL)
        return at_fail_nomem(err);

    int exists = stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) {
        status = at_fail(err, ATTUNE_E_IO, "%s: is a directory", path);
        goto fail;
    }
    /* A pipe, a terminal or /dev/full is written to: renaming would put a file in its place. */
    if (exists && !S_ISREG(st.st_mode)) {
        fd = open_at_once(path);
    } else {
        sweep_dead(path);
        fd = open_temp(o, exists ? st.st_mode & 0777 : 0666);
    }
    if (fd < 0) {
        status = errno == ENXIO ? at_fail(err, ATTUNE_E_IO, "%s: nobody reads this pipe", path)
                                : fail_errno(err, path);
        free(o->temp); /* there is nothing to remove */
        o->temp = NULL;
        goto fail;
    }
    o->f = fdopen(fd, "wb");
    if (o->f == NULL) {
        status = fail_errno(err, path);
        close(fd);
        goto fail;
    }
    return ATTUNE_OK;

fail:
    close_out(o, 1);
    return status;
}

int at_outfile_check(const char *path, attune_error *err)
{
    struct stat st;
    at_outfile o;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return ATTUNE_OK; /* a reader of a pipe would take that for the end */
    const int status = at_outfile_open(&o, path, err);
    at_outfile_abandon(&o);
    return status;
}

/* After the rename, its directory entry has to reach the disk too. Failure is not an error: some
 * file systems cannot sync a directory, and the file itself is safe. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int fd = dir == NULL ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(dir);
}

/* Why an earlier write failed is forgotten: the next one fails for the same reason. */
int at_stream_failed(FILE *f)
{
    if (!ferror(f))
        return fflush(f) != 0;
    clearerr(f);
    errno = 0;
    if (fputc(0, f) != EOF)
        fflush(f);
    errno = errno ? errno : EIO;
    return 1;
}

int at_stream_close(FILE *f)
{
    const int failed = ferror(f);

    return fclose(f) != 0 || failed;
}

static int take_name_first(const char *temp, const char *path)
{
    if (link(temp, path) == 0 || errno == EEXIST)
        return unlink(temp);
    return errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS ? rename(temp, path) : -1;
}

static int commit(at_outfile *o, int (*take)(const char *temp, const char *path), attune_error *err)
{
    int status;
    if (o->f == NULL)
        return at_fail(err, ATTUNE_E_ARG, "the output file is not open");
    int failed = at_stream_failed(o->f);
    if (!failed && o->temp != NULL)
        failed = fsync(fileno(o->f)) != 0;
    if (failed) {
        status = fail_errno(err, o->path);
        goto fail;
    }
    FILE *f = o->f;
    o->f = NULL;
    const int lock = dup(fileno(f)); /* which would end before it has its name */
    failed = fclose(f) != 0 || (o->temp != NULL && take(o->temp, o->path) != 0);
    if (failed)
        status = fail_errno(err, o->path);
    if (lock >= 0)
        close(lock);
    if (failed)
        goto fail;
    if (o->temp != NULL)
        sync_directory(o->path);
    close_out(o, 0);
    return ATTUNE_OK;

fail:
    close_out(o, 1);
    return status;
}

int at_outfile_commit(at_outfile *o, attune_error *err)
{
    return commit(o, rename, err);
}

int at_outfile_commit_first(at_outfile *o, attune_error *err)
{
    return commit(o, take_name_first, err);
}

void at_outfile_abandon(at_outfile *o)
{
    close_out(o, 1);
}

int at_mkdirs(const char *path, attune_error *err)
{
    struct stat st;
    int status = ATTUNE_OK;
    char *p = strdup(path);
    if (p == NULL)
        return at_fail_nomem(err);
    for (char *s = p; status == ATTUNE_OK && *s != 0;) {
        s += strspn(s, "/");
        s += strcspn(s, "/");
        char rest = *s;
        *s = 0;
        if (mkdir(p, 0777) != 0 && errno != EEXIST)
            status = fail_errno(err, p);
        *s = rest;
    }
    if (status == ATTUNE_OK && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
        status = at_fail(err, ATTUNE_E_IO, "%s: is not a directory", path);
    free(p);
    return status;
}
