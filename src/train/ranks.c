#include "train/ranks.h"
#include "base/error.h"
#include "base/mem.h"
#include <string.h>

int at_ranks_lead(const at_ranks *r)
{
    return !r || r->rank == 0;
}

/* A call that failed cannot be followed by another: where the others are is not known. */
static int made(at_ranks *r, int status)
{
    r->over = r->over || status != ATTUNE_OK;
    return status;
}

int at_ranks_gather(at_ranks *r, const void *mine, void *all, const size_t *sizes,
                    attune_error *err)
{
    return made(r, r->calls->gather(r->calls->user, mine, all, sizes, err));
}

int at_ranks_exchange(at_ranks *r, const void *send, const size_t *send_sizes, void *recv,
                      const size_t *recv_sizes, attune_error *err)
{
    return made(r, r->calls->exchange(r->calls->user, send, send_sizes, recv, recv_sizes, err));
}

/* `size` bytes of each to all; *all: at_free. */
static int gather_alike(at_ranks *r, const void *mine, size_t size, char **all, attune_error *err)
{
    size_t *sizes = at_alloc((size_t)r->count, sizeof *sizes);
    *all = at_alloc((size_t)r->count, size);
    int status = sizes && *all ? ATTUNE_OK : made(r, at_fail_nomem(err));
    for (int i = 0; !status && i < r->count; i++)
        sizes[i] = size;
    status = status ? status : at_ranks_gather(r, mine, *all, sizes, err);
    at_free(sizes);
    return status;
}

typedef struct report {
    int status;
    attune_error err;
} report;

/* The first that is bad. */
static int worst_of(const char *all, int count, attune_error *err)
{
    for (int i = 0; i < count; i++) {
        report his;
        memcpy(&his, all + (size_t)i * sizeof his, sizeof his);
        if (his.status && i == 0)
            *err = his.err;
        else if (his.status)
            at_fail(err, (attune_status)his.status, "rank %d: %s", i, his.err.text);
        if (his.status)
            return his.status;
    }
    return ATTUNE_OK;
}

int at_ranks_agree(at_ranks *r, int status, attune_error *err)
{
    char *all = NULL;
    report mine = {.status = status};
    if (!r || r->over)
        return status;
    if (status == ATTUNE_E_INTERRUPTED)
        return made(r, status);
    if (status)
        mine.err = *err;
    status = gather_alike(r, &mine, sizeof mine, &all, err);
    status = status ? status : made(r, worst_of(all, r->count, err));
    at_free(all);
    return status;
}

int at_ranks_share(at_ranks *r, void *data, size_t size, attune_error *err)
{
    if (!r)
        return ATTUNE_OK;
    size_t *sizes = at_calloc((size_t)r->count, sizeof *sizes);
    if (!sizes)
        return made(r, at_fail_nomem(err));
    sizes[0] = size;
    const int status = at_ranks_gather(r, r->rank ? NULL : data, data, sizes, err);
    at_free(sizes);
    return status;
}

int at_ranks_same(at_ranks *r, const char *what, const void *data, size_t size, attune_error *err)
{
    char *all = NULL;
    if (!r)
        return ATTUNE_OK;
    int status = gather_alike(r, data, size, &all, err);
    for (int i = 1; !status && i < r->count; i++)
        if (memcmp(all, all + (size_t)i * size, size) != 0)
            status =
                made(r, at_fail(err, ATTUNE_E_ARG, "rank %d has another %s than rank 0", i, what));
    at_free(all);
    return status;
}
