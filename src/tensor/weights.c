/* weights.c - reading safetensors. Writing is in weights_write.c.
 *
 * All of the file is read at load, each tensor to where it stays: tensors end up aligned, f16 is widened once, and
 * nobody who shortens the file later can hurt us.
 */
#include "tensor/weights.h"
#include "tensor/weights_digest.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "kernels/kernels.h"

#include <endian.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_MAX = 16 << 20, /* the format allows 100 MB; a model of ours has some 50 kB */
    NAME_MAX_BYTES = 255,
};

typedef struct entry {
    at_weight weight;
    size_t begin, end; /* in the data part of the file */
    int f16;
} entry;

struct at_weights {
    json_t *header; /* owns names and metadata */
    json_t *meta;   /* borrowed from header; nullable */
    entry *entries; /* in the header's order */
    int count;
    entry **by_name;
    at_arena arena; /* the tensors */
    size_t bytes;   /* of the file */
};

/* What a function that reads or checks needs at hand. */
typedef struct reader {
    const at_infile *file;
    const char *header;
    size_t header_size;
    size_t size; /* of the data part; where the file cannot tell, the most that it may be */
    at_digest *digest;
    attune_error *err;
} reader;

static int bad(const reader *r, const char *name, const char *why)
{
    return at_fail(r->err, ATTUNE_E_FORMAT, "%s: tensor \"%.80s\": %s", r->file->path, name, why);
}

/* A JSON integer in [0, limit] as a size. */
static int get_size(const json_t *v, size_t limit, size_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0 ||
        (unsigned long long)json_integer_value(v) > limit)
        return 0;
    *out = (size_t)json_integer_value(v);
    return 1;
}

static int read_shape(const reader *r, const char *name, const json_t *shape, at_weight *w)
{
    const size_t max_rank = sizeof w->dim / sizeof w->dim[0];

    if (!json_is_array(shape) || json_array_size(shape) > max_rank)
        return bad(r, name, "shape is not a list of at most 8 sizes");
    w->rank = (int)json_array_size(shape);
    w->count = 1;
    for (int i = 0; i < w->rank; i++) {
        size_t d;
        if (!get_size(json_array_get(shape, (size_t)i), INT_MAX, &d))
            return bad(r, name, "a size is out of range");
        if (d != 0 && w->count > SIZE_MAX / sizeof(float) / d)
            return bad(r, name, "shape overflows");
        w->dim[i] = (int)d;
        w->count *= d;
    }
    return ATTUNE_OK;
}

static int read_entry(const reader *r, const char *name, const json_t *v, entry *e)
{
    const json_t *offsets = json_object_get(v, "data_offsets");
    const char *type = json_string_value(json_object_get(v, "dtype"));

    if (!json_is_object(v))
        return bad(r, name, "not an object");
    if (strlen(name) > NAME_MAX_BYTES)
        return bad(r, name, "name too long");
    if (!type)
        return bad(r, name, "dtype missing");
    e->f16 = strcmp(type, "F16") == 0;
    if (!e->f16 && strcmp(type, "F32") != 0)
        return at_fail(r->err, ATTUNE_E_UNSUPPORTED,
                       "%s: tensor \"%.80s\" is %.16s, not F32 or F16", r->file->path, name, type);
    int status = read_shape(r, name, json_object_get(v, "shape"), &e->weight);
    if (status != ATTUNE_OK)
        return status;
    if (json_array_size(offsets) != 2 ||
        !get_size(json_array_get(offsets, 0), r->size, &e->begin) ||
        !get_size(json_array_get(offsets, 1), r->size, &e->end) || e->begin > e->end)
        return bad(r, name,
                   r->file->size < SIZE_MAX
                       ? "data_offsets reach outside the file, which may be cut short"
                       : "data_offsets reach further than is read");
    if (e->end - e->begin != e->weight.count * (e->f16 ? 2 : 4))
        return bad(r, name, "data_offsets do not fit shape and dtype");
    e->weight.name = name;
    return ATTUNE_OK;
}

static int by_begin(const void *a, const void *b)
{
    const entry *x = *(const entry *const *)a, *y = *(const entry *const *)b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end; /* empty tensors go first */
}

static int by_name(const void *a, const void *b)
{
    const entry *x = *(const entry *const *)a, *y = *(const entry *const *)b;
    return strcmp(x->weight.name, y->weight.name);
}

/* The format allows neither holes nor overlaps: tensors tile the data part. Without this a small
 * file could name the same bytes many times and ask for any amount of memory. Of a pipe it is room within the limit that
 * can be asked for; its pages come with its bytes. */
static int check_tiling(const reader *r, at_weights *w)
{
    size_t at = 0;

    qsort(w->by_name, (size_t)w->count, sizeof *w->by_name, by_begin);
    for (int i = 0; i < w->count; i++) {
        const entry *e = w->by_name[i];
        if (e->begin != at)
            return bad(r, e->weight.name, "overlaps another or leaves a hole");
        at = e->end;
    }
    w->bytes = sizeof(uint64_t) + r->header_size + at;
    return ATTUNE_OK;
}

/* The file's order of bytes is the little one. */
static void order_f32(float *x, size_t n)
{
    uint32_t bits;

    if (le32toh(1) == 1)
        return;
    for (size_t i = 0; i < n; i++) {
        memcpy(&bits, x + i, sizeof bits);
        bits = le32toh(bits);
        memcpy(x + i, &bits, sizeof bits);
    }
}

/* p may be the last half of out's bytes: what was written never reaches what is still to be read. */
static void widen_f16(const unsigned char *p, size_t n, float *out)
{
    const at_kernels *kn = at_kernels_best();
    uint16_t part[1024];

    for (size_t from = 0; from < n; from += 1024) {
        const size_t len = n - from < 1024 ? n - from : 1024;
        memcpy(part, p + 2 * from, 2 * len);
        for (size_t i = 0; i < len; i++)
            part[i] = le16toh(part[i]);
        kn->f16_to_f32(len, part, out + from);
    }
}

/* Its bytes are read to where its numbers will lie, those of f16 into the last half, from where they are widened to the
 * front. */
static int read_tensor(const reader *r, const entry *e, float *out)
{
    const size_t n = e->weight.count, bytes = e->end - e->begin;
    unsigned char *p = (unsigned char *)out + (n * sizeof *out - bytes);
    size_t got;

    int status = at_infile_read(r->file, p, bytes, &got, r->err);
    if (status != ATTUNE_OK)
        return status;
    if (got < bytes)
        return bad(r, e->weight.name, "cut short");
    at_digest_add(r->digest, p, bytes);
    if (e->f16)
        widen_f16(p, n, out);
    else
        order_f32(out, n);
    return ATTUNE_OK;
}

/* All tensors lie in one block: a large one is made of huge pages, which cost less to get. They are read in the file's
 * order, in which check_tiling has left by_name. */
static int read_data(const reader *r, at_weights *w)
{
    unsigned char more;
    size_t got;

    w->arena.block_bytes = (size_t)w->count * AT_ALIGN;
    for (int i = 0; i < w->count; i++)
        w->arena.block_bytes += w->entries[i].weight.count * sizeof(float);
    for (int i = 0; i < w->count; i++) {
        entry *e = w->by_name[i];
        float *out = at_arena_alloc(&w->arena, e->weight.count, sizeof *out);
        int status = out ? read_tensor(r, e, out) : at_fail_nomem(r->err);
        if (status != ATTUNE_OK)
            return status;
        e->weight.data = out;
    }
    int status = at_infile_read(r->file, &more, 1, &got, r->err);
    return status == ATTUNE_OK && got > 0
               ? at_fail(r->err, ATTUNE_E_FORMAT, "%s: it goes on after the last tensor",
                         r->file->path)
               : status;
}

static int read_meta(const reader *r, at_weights *w)
{
    const char *key;
    json_t *v;

    w->meta = json_object_get(w->header, "__metadata__");
    if (w->meta && !json_is_object(w->meta))
        return at_fail(r->err, ATTUNE_E_FORMAT, "%s: __metadata__ is not an object", r->file->path);
    json_object_foreach(w->meta, key, v)
    {
        if (!json_is_string(v))
            return at_fail(r->err, ATTUNE_E_FORMAT, "%s: metadata \"%.80s\" is not a string",
                           r->file->path, key);
    }
    return ATTUNE_OK;
}

static int read_entries(const reader *r, at_weights *w)
{
    const size_t n = json_object_size(w->header) - (w->meta != NULL);
    const char *key;
    json_t *v;

    if (n > INT_MAX)
        return at_fail(r->err, ATTUNE_E_FORMAT, "%s: too many tensors", r->file->path);
    w->entries = at_calloc(n, sizeof *w->entries);
    w->by_name = at_calloc(n, sizeof *w->by_name);
    if (!w->entries || !w->by_name)
        return at_fail_nomem(r->err);
    json_object_foreach(w->header, key, v)
    {
        if (v == w->meta)
            continue;
        entry *e = &w->entries[w->count];
        const int status = read_entry(r, key, v, e);
        if (status != ATTUNE_OK)
            return status;
        w->by_name[w->count++] = e;
    }
    return ATTUNE_OK;
}

/* ---- the digest: a file without one is taken as it is ---------------------------------------- */

static void begin_digest(const reader *r)
{
    const char *digits = at_weights_digits(r->header, r->header_size);

    if (digits)
        at_weights_digest_header(r->digest, r->header, r->header_size, digits);
    else
        at_digest_begin(r->digest); /* it will not be asked for */
}

static int check_digest(const reader *r, const at_weights *w)
{
    const char *said = at_weights_meta(w, AT_WEIGHTS_DIGEST);
    char text[AT_WEIGHTS_DIGITS + 1] = "";

    if (!said)
        return ATTUNE_OK;
    if (at_weights_digits(r->header, r->header_size))
        at_weights_digest_text(r->digest, text);
    if (strcmp(said, text) != 0)
        return at_fail(r->err, ATTUNE_E_FORMAT,
                       "%s: damaged, or changed by hand: what it holds does not fit its digest "
                       "(\"" AT_WEIGHTS_DIGEST "\" in its metadata)",
                       r->file->path);
    return ATTUNE_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Its length, of eight bytes, and then its text, which is at_alloc'ed. */
static int read_header(reader *r, size_t most, char **text)
{
    const size_t size = r->file->size < SIZE_MAX ? r->file->size : most;
    uint64_t length;
    size_t got;

    int status = at_infile_read(r->file, &length, sizeof length, &got, r->err);
    if (status != ATTUNE_OK)
        return status;
    if (got < sizeof length || size < sizeof length)
        return at_fail(r->err, ATTUNE_E_FORMAT, "%s: too short for a safetensors file",
                       r->file->path);
    length = le64toh(length);
    if (length > HEADER_MAX || length > size - sizeof length)
        return at_fail(r->err, ATTUNE_E_FORMAT, "%s: not a safetensors file, or cut short",
                       r->file->path);
    r->header_size = (size_t)length;
    r->size = size - sizeof length - r->header_size;
    r->header = *text = at_alloc(r->header_size, 1);
    if (!*text)
        return at_fail_nomem(r->err);
    status = at_infile_read(r->file, *text, r->header_size, &got, r->err);
    return status == ATTUNE_OK && got < r->header_size
               ? at_fail(r->err, ATTUNE_E_FORMAT, "%s: not a safetensors file, or cut short",
                         r->file->path)
               : status;
}

static int parse_header(const reader *r, at_weights *w)
{
    json_error_t why;

    int status = at_json_read(&w->header, r->header, r->header_size, JSON_REJECT_DUPLICATES, &why);
    if (status == ATTUNE_E_NOMEM)
        return at_fail_nomem(r->err);
    if (status < 0)
        return at_fail(r->err, ATTUNE_E_FORMAT, "%s: header is not JSON: %s", r->file->path,
                       why.text);
    if (!json_is_object(w->header))
        return at_fail(r->err, ATTUNE_E_FORMAT, "%s: header is not a JSON object", r->file->path);
    if ((status = read_meta(r, w)) != ATTUNE_OK || (status = read_entries(r, w)) != ATTUNE_OK)
        return status;
    return check_tiling(r, w);
}

static int read_file(at_weights *w, const at_infile *f, size_t most, attune_error *err)
{
    at_digest digest;
    char *header = NULL;
    reader r = {.file = f, .digest = &digest, .err = err};

    int status = read_header(&r, most, &header);
    status = status ? status : parse_header(&r, w);
    if (status == ATTUNE_OK) {
        begin_digest(&r);
        status = read_data(&r, w);
    }
    status = status ? status : check_digest(&r, w);
    at_free(header);
    if (status == ATTUNE_OK)
        qsort(w->by_name, (size_t)w->count, sizeof *w->by_name, by_name);
    return status;
}

int at_weights_load_within(at_weights **out, const char *path, size_t most, attune_error *err)
{
    at_infile f;

    *out = NULL;
    int status = at_infile_open(&f, path, most, err);
    if (status != ATTUNE_OK)
        return status;
    at_weights *w = at_calloc(1, sizeof *w);
    status = w ? read_file(w, &f, most, err) : at_fail_nomem(err);
    at_infile_close(&f);
    if (status != ATTUNE_OK)
        at_weights_free(&w);
    *out = w;
    return status;
}

int at_weights_load(at_weights **out, const char *path, attune_error *err)
{
    int status = at_weights_load_within(out, path, AT_WEIGHTS_LIMIT, err);
    if (status == ATTUNE_OK)
        status = at_weights_check(*out, path, "", -AT_WEIGHTS_MOST, AT_WEIGHTS_MOST, err);
    if (status != ATTUNE_OK)
        at_weights_free(out);
    return status;
}

/* NaN is neither. Without a way out, so that vectors may do it. */
static int all_within(const at_weight *a, float least, float most)
{
    const float *x = a->data;
    const size_t n = a->count;
    int within = 1;

    for (size_t i = 0; i < n; i++)
        within &= (x[i] >= least) & (x[i] <= most);
    return within;
}

static int check_values(const at_weight *a, const char *path, float least, float most,
                        attune_error *err)
{
    if (all_within(a, least, most))
        return ATTUNE_OK;
    for (size_t i = 0; i < a->count; i++)
        if (!(a->data[i] >= least && a->data[i] <= most))
            return at_fail(err, ATTUNE_E_FORMAT, "%s: %.80s[%zu] is %g, must be from %g to %g",
                           path, a->name, i, (double)a->data[i], (double)least, (double)most);
    return ATTUNE_OK;
}

int at_weights_check(const at_weights *w, const char *path, const char *beginning, float least,
                     float most, attune_error *err)
{
    int status = ATTUNE_OK;

    for (int i = 0; i < w->count && status == ATTUNE_OK; i++)
        if (strncmp(w->entries[i].weight.name, beginning, strlen(beginning)) == 0)
            status = check_values(&w->entries[i].weight, path, least, most, err);
    return status;
}

void at_weights_free(at_weights **w)
{
    if (!w || !*w)
        return;
    json_decref((*w)->header);
    at_free((*w)->entries);
    at_free((*w)->by_name);
    at_arena_free(&(*w)->arena);
    at_free(*w);
    *w = NULL;
}

size_t at_weights_bytes(const at_weights *w)
{
    return w->bytes;
}

int at_weights_count(const at_weights *w)
{
    return w->count;
}

const at_weight *at_weights_at(const at_weights *w, int i)
{
    return &w->entries[i].weight;
}

int at_weight_is(const at_weight *w, int rows, int cols)
{
    const int rank = rows ? 2 : 1;

    return w && w->rank == rank && w->dim[rank - 1] == cols && (!rows || w->dim[0] == rows);
}

const at_weight *at_weights_find(const at_weights *w, const char *name)
{
    int lo = 0, hi = w ? w->count : 0;

    while (lo < hi) {
        const int mid = lo + (hi - lo) / 2;
        const int order = strcmp(name, w->by_name[mid]->weight.name);
        if (order == 0)
            return &w->by_name[mid]->weight;
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

const char *at_weights_meta(const at_weights *w, const char *key)
{
    return w ? json_string_value(json_object_get(w->meta, key)) : NULL;
}

const char *at_weights_meta_at(const at_weights *w, int i, const char **key)
{
    void *it = json_object_iter(w->meta);

    while (it && i-- > 0)
        it = json_object_iter_next(w->meta, it);
    if (!it)
        return NULL;
    *key = json_object_iter_key(it);
    return json_string_value(json_object_iter_value(it));
}

static int find_in_file(const void *user, const char *name, at_weight *out)
{
    const at_weight *w = at_weights_find(user, name);
    if (!w)
        return 0;
    *out = *w;
    return 1;
}

at_weight_source at_weights_source(const at_weights *w)
{
    return (at_weight_source){find_in_file, w};
}

static int find_in_pair(const void *user, const char *name, at_weight *out)
{
    const at_weights_pair *p = user;
    return find_in_file(p->first, name, out) || (p->second && find_in_file(p->second, name, out));
}

at_weight_source at_weights_pair_source(const at_weights_pair *p)
{
    return (at_weight_source){find_in_pair, p};
}
