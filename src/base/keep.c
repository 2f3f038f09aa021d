#include "base/keep.h"

#include "base/mem.h"

#include <string.h>

static const int64_t latest_us = INT64_C(9000000000000000), most_counted = INT64_C(1) << 53;
static const float farthest = 1e8F;

static int reserve(at_keep *k, size_t n)
{
    if (k->capacity - k->size >= n)
        return 1;
    const size_t capacity = 2 * k->capacity + n;
    unsigned char *larger = at_alloc(capacity, 1);

    if (!larger) {
        k->status = ATTUNE_E_NOMEM;
        return 0;
    }
    if (k->size)
        memcpy(larger, k->data, k->size);
    at_free(k->data);
    k->data = larger;
    k->capacity = capacity;
    return 1;
}

static void refuse(at_keep *k, void *p, size_t n)
{
    k->status = ATTUNE_E_FORMAT;
    memset(p, 0, n);
}

void at_keep_bytes(at_keep *k, void *p, size_t n)
{
    if (k->reads && (k->status < 0 || n > k->size - k->at)) {
        refuse(k, p, n);
    } else if (k->reads) {
        memcpy(p, k->data + k->at, n);
        k->at += n;
    } else if (k->status == ATTUNE_OK && reserve(k, n)) {
        memcpy(k->data + k->size, p, n);
        k->size += n;
    }
}

void at_keep_floats(at_keep *k, float *x, size_t n)
{
    at_keep_bytes(k, x, n * sizeof *x);
}

static void keep_within(at_keep *k, float *x, size_t n, float least, float most)
{
    at_keep_floats(k, x, n);
    for (size_t i = 0; k->reads && i < n; i++)
        if (!(x[i] >= least && x[i] <= most)) {
            refuse(k, x, n * sizeof *x);
            return;
        }
}

void at_keep_places(at_keep *k, float *x, size_t n)
{
    keep_within(k, x, n, -farthest, farthest);
}

void at_keep_shares(at_keep *k, float *x, size_t n)
{
    keep_within(k, x, n, 0, 1);
}

void at_keep_int(at_keep *k, int *x, int least, int most)
{
    at_keep_bytes(k, x, sizeof *x);
    if (k->reads && (*x < least || *x > most))
        refuse(k, x, sizeof *x);
}

void at_keep_number(at_keep *k, uint32_t *x)
{
    at_keep_bytes(k, x, sizeof *x);
}

void at_keep_count(at_keep *k, int64_t *x)
{
    at_keep_bytes(k, x, sizeof *x);
    if (k->reads && (*x < 0 || *x > most_counted))
        refuse(k, x, sizeof *x);
}

static int is_time(int64_t t)
{
    return t >= -latest_us && t <= latest_us;
}

void at_keep_time(at_keep *k, int64_t *t)
{
    at_keep_bytes(k, t, sizeof *t);
    if (k->reads && !is_time(*t))
        refuse(k, t, sizeof *t);
}

void at_keep_start(at_keep *k, int64_t *t)
{
    at_keep_bytes(k, t, sizeof *t);
    if (k->reads && !is_time(*t) && *t != INT64_MIN)
        refuse(k, t, sizeof *t);
}

int at_keep_is_read(const at_keep *k)
{
    return k->status == ATTUNE_OK && k->at == k->size;
}

void at_keep_free(at_keep *k)
{
    at_free(k->data);
    *k = (at_keep){0};
}
