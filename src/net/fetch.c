#include "net/fetch.h"

#include "base/endpoint.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/curl.h"

#include <string.h>

typedef struct at_fetching {
    unsigned char *bytes; /* AT_FETCH_MOST and a NUL */
    size_t size;
    int (*stop)(void *user);
    void *user;
} at_fetching;

static size_t take(char *data, size_t size, size_t n, void *user)
{
    at_fetching *f = user;

    if (size * n > AT_FETCH_MOST - f->size)
        return 0;
    memcpy(f->bytes + f->size, data, size * n);
    f->size += size * n;
    return size * n;
}

static int watch(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const at_fetching *f = user;

    (void)a, (void)b, (void)c, (void)d;
    return f->stop && f->stop(f->user);
}

static int set_up(const at_curl *curl, CURL *handle, const char *address, at_fetching *f)
{
    int bad = at_curl_set_safe(curl, handle, at_endpoint_is_plain(address), AT_FETCH_S);

    bad = bad || curl->easy_setopt(handle, CURLOPT_URL, address);
    bad = bad || curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    bad = bad || curl->easy_setopt(handle, CURLOPT_WRITEDATA, (void *)f);
    bad = bad || curl->easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, watch);
    bad = bad || curl->easy_setopt(handle, CURLOPT_XFERINFODATA, (void *)f);
    return !bad;
}

static int perform(const at_curl *curl, CURL *handle, const char *address, attune_error *err)
{
    const CURLcode code = curl->easy_perform(handle);
    long status = 0;

    if (code == CURLE_ABORTED_BY_CALLBACK)
        return at_fail(err, ATTUNE_E_INTERRUPTED, "stopped");
    curl->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", address, at_curl_words(code));
    return status == 200 ? ATTUNE_OK
                         : at_fail(err, ATTUNE_E_IO, "%s: answers %ld", address, status);
}

int at_fetch(const char *address, unsigned char **out, size_t *size, int (*stop)(void *user),
             void *user, attune_error *err)
{
    at_fetching f = {.stop = stop, .user = user};
    at_curl curl;
    CURL *handle;
    int rc = at_curl_load(&curl, err);

    *out = NULL;
    *size = 0;
    if (rc < 0)
        return rc;
    handle = curl.easy_init();
    f.bytes = at_alloc(AT_FETCH_MOST + 1, 1);
    if (!handle || !f.bytes || !set_up(&curl, handle, address, &f))
        rc = at_fail_nomem(err);
    rc = rc < 0 ? rc : perform(&curl, handle, address, err);
    if (handle)
        curl.easy_cleanup(handle);
    if (rc < 0) {
        at_free(f.bytes);
        return rc;
    }
    f.bytes[f.size] = 0;
    *out = f.bytes;
    *size = f.size;
    return ATTUNE_OK;
}
