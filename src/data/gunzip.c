#include "data/gunzip.h"

#include "base/error.h"
#include "base/mem.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

int at_is_gzip(const unsigned char *data, size_t size)
{
    return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

typedef struct output {
    unsigned char *data;
    size_t used, room; /* one more byte is there for the NUL */
} output;

static int grow(output *o, size_t limit)
{
    size_t room = o->room > limit / 2 ? limit : 2 * o->room;
    unsigned char *bigger = at_alloc(room + 1, 1);
    if (!bigger)
        return ATTUNE_E_NOMEM;
    memcpy(bigger, o->data, o->used);
    at_free(o->data);
    o->data = bigger;
    o->room = room;
    return ATTUNE_OK;
}

/* One call of inflate; the next member is begun where one ends. ATTUNE_OK, 1 at the end of all. */
static int inflate_some(z_stream *z, output *o)
{
    size_t free_room = o->room - o->used;
    const uInt most = free_room < UINT_MAX ? (uInt)free_room : UINT_MAX;
    z->next_out = o->data + o->used;
    z->avail_out = most;
    int rc = inflate(z, Z_NO_FLUSH);
    o->used += most - z->avail_out;
    if (rc == Z_STREAM_END)
        return z->avail_in == 0 ? 1 : inflateReset(z) == Z_OK ? ATTUNE_OK : ATTUNE_E_FORMAT;
    if (rc == Z_MEM_ERROR)
        return ATTUNE_E_NOMEM;
    /* nothing more comes in: what stands still with room to spare was cut short */
    return rc == Z_OK || (rc == Z_BUF_ERROR && z->avail_out == 0) ? ATTUNE_OK : ATTUNE_E_FORMAT;
}

int at_gunzip(const char *name, const unsigned char *data, size_t size, size_t limit,
              unsigned char **out, size_t *out_size, attune_error *err)
{
    enum { GZIP = 16 }; /* added to the window's bits: gzip's header and checksum, no other */
    z_stream z = {.next_in = (unsigned char *)data, .avail_in = (uInt)size};
    output o = {.room = limit < 65536 ? limit : 65536};
    int status = ATTUNE_OK;
    *out = NULL;
    *out_size = 0;
    if (size > UINT_MAX)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: too large for gzip", name);
    o.data = at_alloc(o.room + 1, 1);
    if (!o.data || inflateInit2(&z, MAX_WBITS + GZIP) != Z_OK) {
        at_free(o.data);
        return at_fail_nomem(err);
    }
    while (status == ATTUNE_OK) {
        if (o.used == limit)
            status = ATTUNE_E_UNSUPPORTED;
        else if (o.used == o.room)
            status = grow(&o, limit);
        status = status ? status : inflate_some(&z, &o);
    }
    inflateEnd(&z);
    if (status == 1) {
        o.data[o.used] = '\0';
        *out = o.data;
        *out_size = o.used;
        return ATTUNE_OK;
    }
    at_free(o.data);
    return status == ATTUNE_E_NOMEM ? at_fail_nomem(err)
           : status == ATTUNE_E_UNSUPPORTED
               ? at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: unpacks to more than %zu bytes", name,
                         limit)
               : at_fail(err, ATTUNE_E_FORMAT, "%s: its gzip data are damaged or cut short", name);
}
