/* weights_write.c - writing safetensors: collect, then one pass over all for the digest, which stands
 * in front, and one that writes (where to may be a pipe). */
#include "tensor/weights.h"
#include "tensor/weights_digest.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "kernels/kernels.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct pending {
    char *name;
    int rank, dim[8];
    size_t count;
    const float *data;
    int f16;
} pending;

struct at_weights_writer {
    pending *list;
    int count, capacity;
    json_t *meta;
};

int at_weights_writer_create(at_weights_writer **out, attune_error *err)
{
    at_weights_writer *w = at_calloc(1, sizeof *w);

    *out = NULL;
    if (!w)
        return at_fail_nomem(err);
    w->meta = json_object();
    if (!w->meta) {
        at_free(w);
        return at_fail_nomem(err);
    }
    *out = w;
    return ATTUNE_OK;
}

void at_weights_writer_free(at_weights_writer **w)
{
    if (!w || !*w)
        return;
    for (int i = 0; i < (*w)->count; i++)
        at_free((*w)->list[i].name);
    at_free((*w)->list);
    json_decref((*w)->meta);
    at_free(*w);
    *w = NULL;
}

static int grow(at_weights_writer *w)
{
    if (w->count < w->capacity)
        return 1;
    const int capacity = w->capacity ? 2 * w->capacity : 64;
    pending *list = at_alloc((size_t)capacity, sizeof *list);
    if (!list)
        return 0;
    if (w->count > 0)
        memcpy(list, w->list, (size_t)w->count * sizeof *list);
    at_free(w->list);
    w->list = list;
    w->capacity = capacity;
    return 1;
}

/* f16 ends at 65504; a tensor that does not fit is kept in f32 rather than made infinite. */
static int fits_f16(size_t n, const float *x)
{
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]) && fabsf(x[i]) > 65504.0F)
            return 0;
    return 1;
}

int at_weights_put(at_weights_writer *w, const char *name, int rank, const int *dim,
                   const float *data, int as_f16)
{
    pending p = {.rank = rank, .count = 1, .data = data};

    if (rank < 0 || rank > 8 || strlen(name) > 255 || strcmp(name, "__metadata__") == 0)
        return ATTUNE_E_ARG;
    for (int i = 0; i < w->count; i++)
        if (strcmp(w->list[i].name, name) == 0)
            return ATTUNE_E_ARG;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 0 || (dim[i] > 0 && p.count > SIZE_MAX / sizeof(float) / (size_t)dim[i]))
            return ATTUNE_E_ARG;
        p.dim[i] = dim[i];
        p.count *= (size_t)dim[i];
    }
    p.f16 = as_f16 && fits_f16(p.count, data);
    if (!grow(w))
        return ATTUNE_E_NOMEM;
    p.name = at_alloc(strlen(name) + 1, 1);
    if (!p.name)
        return ATTUNE_E_NOMEM;
    memcpy(p.name, name, strlen(name) + 1);
    w->list[w->count++] = p;
    return ATTUNE_OK;
}

int at_weights_put_meta(at_weights_writer *w, const char *key, const char *value)
{
    json_t *v = json_string(value);

    if (!v) /* not UTF-8, most likely */
        return ATTUNE_E_ARG;
    return json_object_set_new(w->meta, key, v) == 0 ? ATTUNE_OK : ATTUNE_E_ARG;
}

static json_t *describe(const pending *p, size_t begin, size_t end)
{
    json_t *shape = json_array();

    for (int i = 0; shape && i < p->rank; i++) {
        if (json_array_append_new(shape, json_integer(p->dim[i])) != 0) {
            json_decref(shape);
            shape = NULL;
        }
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", p->f16 ? "F16" : "F32", "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

/* The header as text; offsets follow the order of writing: f32 first, so that all of it stays
 * aligned in the file, then f16. */
static char *make_header(const at_weights_writer *w)
{
    json_t *header = json_object();
    size_t at = 0;
    char *text = NULL;

    if (!header ||
        (json_object_size(w->meta) > 0 && json_object_set(header, "__metadata__", w->meta) != 0))
        goto done;
    for (int f16 = 0; f16 <= 1; f16++) {
        for (int i = 0; i < w->count; i++) {
            const pending *p = &w->list[i];
            if (p->f16 != f16)
                continue;
            const size_t end = at + p->count * (f16 ? 2 : 4);
            if (json_object_set_new(header, p->name, describe(p, at, end)) != 0)
                goto done;
            at = end;
        }
    }
    text = at_json_write(header, JSON_COMPACT);
done:
    json_decref(header);
    return text;
}

/* A tensor's bytes as the file has them: to f, or into d where f is NULL. */
static void put_tensor(const pending *p, at_digest *d, FILE *f)
{
    const at_kernels *kn = at_kernels_best();
    const size_t size = p->f16 ? 2 : 4;
    uint32_t whole[1024];
    uint16_t half[1024];
    const void *bytes = p->f16 ? (const void *)half : whole;

    for (size_t from = 0; from < p->count; from += 1024) {
        const size_t len = p->count - from < 1024 ? p->count - from : 1024;
        if (p->f16) {
            kn->f32_to_f16(len, p->data + from, half);
            for (size_t i = 0; i < len; i++)
                half[i] = htole16(half[i]);
        } else {
            memcpy(whole, p->data + from, size * len);
            for (size_t i = 0; i < len; i++)
                whole[i] = htole32(whole[i]);
        }
        if (f)
            fwrite(bytes, size, len, f); /* errors come out at commit */
        else
            at_digest_add(d, bytes, size * len);
    }
}

/* In make_header's order. */
static void put_tensors(const at_weights_writer *w, at_digest *d, FILE *f)
{
    for (int f16 = 0; f16 <= 1; f16++)
        for (int i = 0; i < w->count; i++)
            if (w->list[i].f16 == f16)
                put_tensor(&w->list[i], d, f);
}

/* The header with its padding and its digest, and its length. */
static char *make_front(at_weights_writer *w, size_t *length)
{
    char *header, *front = NULL, *digits, text[AT_WEIGHTS_DIGITS + 1];
    at_digest d;

    if (at_weights_put_meta(w, AT_WEIGHTS_DIGEST, "0000000000000000") != ATTUNE_OK ||
        !(header = make_header(w)))
        return NULL;
    const size_t used = strlen(header);
    *length = (8 + used + AT_ALIGN - 1) / AT_ALIGN * AT_ALIGN - 8;
    front = realloc(header, *length);
    if (!front) {
        free(header);
        return NULL;
    }
    memset(front + used, ' ', *length - used);
    digits = front + (at_weights_digits(front, *length) - front);
    at_weights_digest_header(&d, front, *length, digits);
    put_tensors(w, &d, NULL);
    at_weights_digest_text(&d, text);
    memcpy(digits, text, AT_WEIGHTS_DIGITS);
    return front;
}

int at_weights_save(at_weights_writer *w, const char *path, attune_error *err)
{
    at_outfile out = {0};
    size_t size = 0;
    errno = 0;
    char *front = make_front(w, &size);

    if (!front)
        return errno == ENOMEM
                   ? at_fail_nomem(err)
                   : at_fail(err, ATTUNE_E_ARG, "%s: a tensor's name is not UTF-8", path);
    const int status = at_outfile_open(&out, path, err);
    if (status != ATTUNE_OK) {
        free(front);
        return status;
    }
    const uint64_t length = htole64(size);
    fwrite(&length, sizeof length, 1, out.f);
    fwrite(front, 1, size, out.f);
    free(front);
    put_tensors(w, NULL, out.f);
    return at_outfile_commit(&out, err);
}
