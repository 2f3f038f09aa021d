#include "data/cache.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernels/kernels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, LARGEST = 64 << 20 };

struct at_cache {
    char dir[PATH_SIZE - 64];
    atomic_int found, made, unwritten;
};

/* What an entry begins with. */
typedef struct header {
    char magic[8];
    uint64_t key[2], bytes, digest;
} header;

static const char magic[8] = "attune1";

/* Of what entry_path names. */
static int is_entry(const char *name, size_t n)
{
    return n == 32 && strspn(name, "0123456789abcdef") == n;
}

int at_cache_open(at_cache **out, const char *dir, attune_error *err)
{
    at_cache *c = *out = at_calloc(1, sizeof *c);
    if (!c)
        return at_fail_nomem(err);
    const int n = snprintf(c->dir, sizeof c->dir, "%s", dir);
    int status = n > 0 && n < (int)sizeof c->dir
                     ? ATTUNE_OK
                     : at_fail(err, ATTUNE_E_ARG, "%.100s: no name of a folder", dir);
    if (status == ATTUNE_OK && mkdir(dir, 0700) != 0) { /* below others, or there already */
        const int is_new = errno == ENOENT;
        status = at_mkdirs(dir, err);
        if (status == ATTUNE_OK && is_new && chmod(dir, 0700) != 0)
            status = at_fail(err, ATTUNE_E_IO, "%s: %s", dir, strerror(errno));
    }
    if (status == ATTUNE_OK && access(dir, W_OK) != 0)
        status = at_fail(err, ATTUNE_E_IO, "%s: %s", dir, strerror(errno));
    if (status == ATTUNE_OK)
        at_outfile_sweep(dir, is_entry);
    if (status < 0)
        at_cache_free(out);
    return status;
}

void at_cache_free(at_cache **c)
{
    at_free(*c);
    *c = NULL;
}

at_cache_counts at_cache_count(at_cache *c)
{
    return (at_cache_counts){atomic_load(&c->found), atomic_load(&c->made),
                             atomic_load(&c->unwritten)};
}

/* ---- keys ----------------------------------------------------------------------------------- */

void at_cache_key_begin(at_cache_key *k, const char *kind)
{
    const char *kernels = at_kernels_best()->name;
    at_digest_begin(&k->a);
    at_digest_begin(&k->b);
    at_digest_add(&k->b, magic, sizeof magic); /* so that the two differ */
    at_cache_key_add(k, at_code_digest, strlen(at_code_digest));
    at_cache_key_add(k, kernels, strlen(kernels) + 1);
    at_cache_key_add(k, kind, strlen(kind) + 1);
}

void at_cache_key_add(at_cache_key *k, const void *bytes, size_t n)
{
    const uint64_t length = n; /* so that what is added does not run into another */
    at_digest_add(&k->a, &length, sizeof length);
    at_digest_add(&k->b, &length, sizeof length);
    at_digest_add(&k->a, bytes, n);
    at_digest_add(&k->b, bytes, n);
}

static void entry_path(char out[PATH_SIZE], const at_cache *c, const at_cache_key *k)
{
    snprintf(out, PATH_SIZE, "%s/%016" PRIx64 "%016" PRIx64, c->dir, at_digest_of(&k->a),
             at_digest_of(&k->b));
}

static header header_of(const at_cache_key *k)
{
    header h = {.key = {at_digest_of(&k->a), at_digest_of(&k->b)}};
    memcpy(h.magic, magic, sizeof magic);
    return h;
}

/* ---- entries -------------------------------------------------------------------------------- */

static int is_whole(const unsigned char *entry, size_t size, const at_cache_key *k)
{
    const header wanted = header_of(k);
    header h;
    at_digest d;
    if (size < sizeof h)
        return 0;
    memcpy(&h, entry, sizeof h);
    at_digest_begin(&d);
    at_digest_add(&d, entry + sizeof h, size - sizeof h);
    return memcmp(h.magic, wanted.magic, sizeof h.magic) == 0 && h.key[0] == wanted.key[0] &&
           h.key[1] == wanted.key[1] && h.bytes == size - sizeof h && h.digest == at_digest_of(&d);
}

int at_cache_get(at_cache *c, const at_cache_key *k, unsigned char **data, size_t *n)
{
    char path[PATH_SIZE];
    unsigned char *entry;
    size_t size;
    entry_path(path, c, k);
    const int status = at_file_read(path, LARGEST, &entry, &size, NULL);
    if (status < 0)
        return status == ATTUNE_E_NOMEM ? status : 0;
    if (!is_whole(entry, size, k)) {
        at_free(entry);
        return 0;
    }
    *n = size - sizeof(header);
    memmove(entry, entry + sizeof(header), *n);
    *data = entry;
    atomic_fetch_add(&c->found, 1);
    return 1;
}

static int write_entry(int fd, const header *h, const void *head, size_t head_n, const void *body,
                       size_t body_n)
{
    FILE *f = fdopen(fd, "wb");
    if (!f) {
        close(fd);
        return 0;
    }
    int ok = fwrite(h, sizeof *h, 1, f) == 1;
    ok = ok && fwrite(head, 1, head_n, f) == head_n;
    ok = ok && (body_n == 0 || fwrite(body, 1, body_n, f) == body_n);
    return (fclose(f) == 0) & ok;
}

/* Beside its place and then renamed. Not synced to the disk, as other files are: after a power cut an entry
 * may be damaged, which is noticed. */
void at_cache_put(at_cache *c, const at_cache_key *k, const void *head, size_t head_n,
                  const void *body, size_t body_n)
{
    char path[PATH_SIZE], temp[PATH_SIZE + 16];
    header h = header_of(k);
    at_digest d;
    at_digest_begin(&d);
    at_digest_add(&d, head, head_n);
    at_digest_add(&d, body, body_n);
    h.bytes = head_n + body_n;
    h.digest = at_digest_of(&d);
    entry_path(path, c, k);
    snprintf(temp, sizeof temp, "%s.tmp-XXXXXX", path);
    const int fd = mkstemp(temp);
    if (fd >= 0)
        flock(fd, LOCK_EX); /* it is no dead run's */
    const int ok = fd >= 0 && write_entry(fd, &h, head, head_n, body, body_n) &&
                   rename(temp, path) == 0;
    if (!ok && fd >= 0)
        unlink(temp);
    atomic_fetch_add(&c->made, 1);
    if (!ok)
        atomic_fetch_add(&c->unwritten, 1);
}
