/* attune_mpi.h - ranks (attune/train.h) over Open MPI: a shared object of its own, so that nobody who does not train
 * over it needs Open MPI or loads it. The program looks these two calls up by name (cli/ranks.c).
 */
#ifndef AT_MPI_ATTUNE_MPI_H
#define AT_MPI_ATTUNE_MPI_H

#include <attune/train.h>

#define AT_MPI_FILE  "attune-mpi.so"
#define AT_MPI_OPEN  "at_mpi_open"
#define AT_MPI_CLOSE "at_mpi_close"

/* Joins the processes that mpirun started. Where stop is not 0 a call waits no longer than a moment for others, who
 * may be gone: then it is ATTUNE_E_INTERRUPTED. *cores: those that this one may use, shared out among those on this
 * machine that may use the same. */
typedef int at_mpi_open_fn(attune_ranks *out, int *cores, int (*stop)(void *user), void *user,
                           attune_error *err);
/* Leaves them, with what attune_train returned. Who is waited for in vain is ended, and the process with them. */
typedef void at_mpi_close_fn(attune_ranks *r, int status);

#endif
