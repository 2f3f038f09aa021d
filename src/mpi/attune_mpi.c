/* A wait asks every now and then rather than spin, as Open MPI's own do: a rank that waits for an evaluation, or for
 * one that is slower, leaves its core to others. */
#include "mpi/attune_mpi.h"

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

at_mpi_open_fn at_mpi_open;
at_mpi_close_fn at_mpi_close;

enum {
    YIELDS = 100,      /* before a wait begins to sleep */
    NAP_NS = 200000,   /* between two questions then */
    MOMENT_MS = 100,   /* that others are waited for once this one has been stopped */
    FAREWELL_MS = 3000 /* and at the end, where not all went well */
};

typedef struct ranks {
    int (*stop)(void *user);
    void *user;
    MPI_Comm work, farewell; /* apart: who left in the middle of work can still say so */
    int count;
    int *send, *send_at, *recv, *recv_at; /* (count) bytes, as MPI wants them */
} ranks;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int fail(attune_error *err, attune_status status, const char *text)
{
    if (err) {
        err->status = status;
        snprintf(err->text, sizeof err->text, "%s", text);
    }
    return (int)status;
}

/* deadline: of now_ms, or -1. Returns whether it came: not if one of those it is of is gone. */
static int came(const ranks *r, MPI_Request *request, int64_t deadline)
{
    int done = 0;
    for (int64_t asked = 0; MPI_Test(request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done;
         asked++) {
        if (deadline < 0 && r->stop && r->stop(r->user))
            deadline = now_ms() + MOMENT_MS;
        if (deadline >= 0 && now_ms() > deadline)
            return 0;
        if (asked < YIELDS)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
    return done;
}

static int wait_for(const ranks *r, int begun, MPI_Request *request, attune_error *err)
{
    return begun == MPI_SUCCESS && came(r, request, -1)
               ? ATTUNE_OK
               : fail(err, ATTUNE_E_INTERRUPTED, "a rank did not come, or is gone");
}

/* Sizes and where they begin, as MPI counts; 0: more than it can count. */
static int lay_out(int count, const size_t *sizes, int *counts, int *at)
{
    size_t sum = 0;
    for (int i = 0; i < count; i++) {
        if (sizes[i] > INT_MAX - sum)
            return 0;
        counts[i] = (int)sizes[i];
        at[i] = (int)sum;
        sum += sizes[i];
    }
    return 1;
}

static int too_much(attune_error *err)
{
    return fail(err, ATTUNE_E_ARG, "more than 2 GiB at once between ranks");
}

static int gather(void *user, const void *mine, void *all, const size_t *sizes, attune_error *err)
{
    ranks *r = user;
    int rank;
    MPI_Request request = MPI_REQUEST_NULL;
    if (!lay_out(r->count, sizes, r->recv, r->recv_at))
        return too_much(err);
    MPI_Comm_rank(r->work, &rank);
    /* what is in its place already, or nothing, is not sent to itself */
    const void *from = mine == all || !mine ? MPI_IN_PLACE : mine;
    const int begun = MPI_Iallgatherv(from, r->recv[rank], MPI_BYTE, all, r->recv, r->recv_at,
                                      MPI_BYTE, r->work, &request);
    return wait_for(r, begun, &request, err);
}

static int exchange(void *user, const void *send, const size_t *send_sizes, void *recv,
                    const size_t *recv_sizes, attune_error *err)
{
    ranks *r = user;
    MPI_Request request;
    if (!lay_out(r->count, send_sizes, r->send, r->send_at) ||
        !lay_out(r->count, recv_sizes, r->recv, r->recv_at))
        return too_much(err);
    const int begun = MPI_Ialltoallv(send, r->send, r->send_at, MPI_BYTE, recv, r->recv, r->recv_at,
                                     MPI_BYTE, r->work, &request);
    return wait_for(r, begun, &request, err);
}

/* mpirun binds each of two ranks to a core, and more of them to a memory's cores or to none. */
static int own_cores(void)
{
    MPI_Comm here;
    int count, rank, same = 0;
    cpu_set_t mine;
    CPU_ZERO(&mine);
    sched_getaffinity(0, sizeof mine, &mine);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
    MPI_Comm_size(here, &count);
    MPI_Comm_rank(here, &rank);
    for (int i = 0; i < count; i++) {
        cpu_set_t his = mine;
        MPI_Bcast(&his, sizeof his, MPI_BYTE, i, here);
        same += CPU_EQUAL(&his, &mine);
    }
    MPI_Comm_free(&here);
    return CPU_COUNT(&mine) > same ? CPU_COUNT(&mine) / same : 1;
}

int at_mpi_open(attune_ranks *out, int *cores, int (*stop)(void *user), void *user,
                attune_error *err)
{
    int given, count, rank;
    /* Threads of ours prepare batches; they do not call MPI. */
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS)
        return fail(err, ATTUNE_E_IO, "Open MPI cannot be started");
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    ranks *r = calloc(1, sizeof *r);
    int *room = calloc((size_t)count, 4 * sizeof *room);
    if (!r || !room) {
        free(r);
        free(room);
        return fail(err, ATTUNE_E_NOMEM, "out of memory");
    }
    *r = (ranks){.stop = stop,
                 .user = user,
                 .count = count,
                 .send = room,
                 .send_at = room + count,
                 .recv = room + 2 * count,
                 .recv_at = room + 3 * count};
    MPI_Comm_dup(MPI_COMM_WORLD, &r->work);
    MPI_Comm_dup(MPI_COMM_WORLD, &r->farewell);
    /* a rank that is gone is no reason to go down with it before the rest is saved */
    MPI_Comm_set_errhandler(r->work, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(r->farewell, MPI_ERRORS_RETURN);
    *cores = own_cores();
    *out = (attune_ranks){
        .rank = rank, .count = count, .user = r, .gather = gather, .exchange = exchange};
    return ATTUNE_OK;
}

void at_mpi_close(attune_ranks *out, int status)
{
    ranks *r = out->user;
    MPI_Request request;
    r->stop = NULL;
    MPI_Ibarrier(r->farewell, &request);
    if (!came(r, &request, status ? now_ms() + FAREWELL_MS : -1))
        MPI_Abort(MPI_COMM_WORLD, status == ATTUNE_E_INTERRUPTED ? 130 : 1);
    MPI_Finalize();
    free(r->send);
    free(r);
    out->user = NULL;
}
