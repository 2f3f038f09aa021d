#include "runtime/analyze_told.h"

#include "base/error.h"
#include "base/file.h"
#include "runtime/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { MOST = sizeof(attune_window) + sizeof(attune_beside) + 64 }; /* bytes of one that was told */

static int fail_io(const at_told *t, attune_error *err)
{
    return at_fail(err, ATTUNE_E_IO, "%s: %s", t->path, strerror(errno ? errno : EIO));
}

/* ---- the file ------------------------------------------------------------------------------- */

void at_told_begin(at_told *t, const char *folder, const char *path)
{
    *t = (at_told){.folder = folder, .path = path};
    at_digest_begin(&t->digest);
}

int at_told_open(at_told *t, attune_error *err)
{
    int rc = at_mkdirs(t->folder, err);
    if (rc < 0)
        return rc;
    const int fd =
        open(t->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, AT_RESUME_MODE);

    t->f = fd < 0 ? NULL : fdopen(fd, "r+b");
    if (!t->f) {
        rc = fail_io(t, err);
        if (fd >= 0)
            close(fd);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        rc = at_fail(err, ATTUNE_E_IO, "%s: another run is at it", t->path);
    }
    return rc;
}

void at_told_close(at_told *t)
{
    if (t->f)
        fclose(t->f);
    t->f = NULL;
}

void at_told_keep(at_keep *k, at_told *t)
{
    at_keep_count(k, &t->bytes);
    at_keep_bytes(k, &t->digest, sizeof t->digest);
}

/* What a killed run wrote behind that is cut off. */
static int go_to_end(const at_told *t, attune_error *err)
{
    errno = 0;
    return ftruncate(fileno(t->f), t->bytes) == 0 && fseeko(t->f, 0, SEEK_END) == 0
               ? ATTUNE_OK
               : fail_io(t, err);
}

static int open_to_add(at_told *t, attune_error *err)
{
    const int rc = at_told_open(t, err);

    return rc < 0 ? rc : go_to_end(t, err);
}

int at_told_flush(at_told *t, attune_error *err)
{
    const int rc = t->f ? ATTUNE_OK : open_to_add(t, err);

    errno = 0;
    return rc < 0 ? rc : fflush(t->f) == 0 ? ATTUNE_OK : fail_io(t, err);
}

/* ---- telling -------------------------------------------------------------------------------- */

static int put(at_told *t, const void *bytes, size_t n)
{
    errno = 0;
    if (fwrite(bytes, 1, n, t->f) != n)
        return fail_io(t, &t->failure);
    at_digest_add(&t->digest, bytes, n);
    t->bytes += (int64_t)n;
    return ATTUNE_OK;
}

/* What is kept in k. */
static void add(at_told *t, char kind, at_keep *k)
{
    const uint32_t n = (uint32_t)k->size;
    int rc = k->status < 0 ? at_fail_nomem(&t->failure) : ATTUNE_OK;

    if (rc == ATTUNE_OK && !t->f)
        rc = open_to_add(t, &t->failure);
    rc = rc < 0 ? rc : put(t, &kind, sizeof kind);
    rc = rc < 0 ? rc : put(t, &n, sizeof n);
    if (rc == ATTUNE_OK)
        put(t, k->data, n);
    at_keep_free(k);
}

void at_told_add_window(at_told *t, const attune_window *w)
{
    attune_beside beside = w->beside ? *w->beside : (attune_beside){0};
    attune_window told = *w;
    at_keep k = {0};

    if (t->failure.status < 0)
        return;
    at_window_keep(&k, &told, w->beside ? &beside : NULL);
    add(t, 'w', &k);
}

void at_told_add_sighting(at_told *t, const attune_sighting *x)
{
    attune_sighting told = *x;
    at_keep k = {0};

    if (t->failure.status < 0)
        return;
    at_keep_bytes(&k, &told, sizeof told);
    add(t, 's', &k);
}

/* ---- telling again -------------------------------------------------------------------------- */

/* Before any of it is believed. */
static int check(const at_told *t)
{
    unsigned char part[1 << 14];
    int64_t left = t->bytes;
    at_digest d;
    size_t n = 1;

    for (at_digest_begin(&d); left > 0 && n > 0; left -= (int64_t)n) {
        n = fread(part, 1, left < (int64_t)sizeof part ? (size_t)left : sizeof part, t->f);
        at_digest_add(&d, part, n);
    }
    rewind(t->f);
    return left == 0 && at_digest_of(&d) == at_digest_of(&t->digest) ? ATTUNE_OK : ATTUNE_E_FORMAT;
}

static int read_window(at_keep k, const attune_sink *sink, int has_beside)
{
    attune_beside beside;
    attune_window w = {0};

    at_window_keep(&k, &w, has_beside ? &beside : NULL);
    if (!at_keep_is_read(&k))
        return ATTUNE_E_FORMAT;
    return sink->window && sink->window(sink->user, &w) ? ATTUNE_E_INTERRUPTED : ATTUNE_OK;
}

static int read_sighting(at_keep k, const attune_options *o)
{
    attune_sighting x;

    at_keep_bytes(&k, &x, sizeof x);
    if (!o->on_sighting || !at_keep_is_read(&k))
        return ATTUNE_E_FORMAT;
    o->on_sighting(o->on_sighting_user, &x);
    return ATTUNE_OK;
}

/* One of them. */
static int tell_next(const at_told *t, const attune_sink *sink, const attune_options *o,
                     int has_beside)
{
    unsigned char data[MOST];
    const int kind = fgetc(t->f);
    uint32_t n;

    if (fread(&n, sizeof n, 1, t->f) != 1 || n > sizeof data || fread(data, 1, n, t->f) != n)
        return ATTUNE_E_FORMAT;
    const at_keep k = {.data = data, .size = n, .reads = 1};
    return kind == 'w'   ? read_window(k, sink, has_beside)
           : kind == 's' ? read_sighting(k, o)
                         : ATTUNE_E_FORMAT;
}

int at_told_again(at_told *t, const attune_sink *sink, const attune_options *o, int has_beside,
                  attune_error *err)
{
    int rc = check(t);

    while (rc == ATTUNE_OK && ftello(t->f) < t->bytes)
        rc = tell_next(t, sink, o, has_beside);
    return rc < 0 ? rc : go_to_end(t, err);
}
