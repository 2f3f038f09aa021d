/* ranks.h - the processes that mpirun started this one among, if it did. */
#ifndef AT_CLI_RANKS_H
#define AT_CLI_RANKS_H

#include <attune/train.h>

/* Loads what speaks to them. *out: NULL where this process was started alone, which needs nothing loaded. */
int at_ranks_join(const attune_ranks **out, attune_error *err);
/* With what attune_train returned; may end the process (mpi/attune_mpi.h). Does nothing where none were joined. */
void at_ranks_leave(int status);

#endif
