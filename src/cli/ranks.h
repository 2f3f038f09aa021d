/* ranks.h - the processes that mpirun started this one among, if it did. */
#ifndef AT_CLI_RANKS_H
#define AT_CLI_RANKS_H

#include <attune/train.h>

/* Loads what speaks to them, for o->ranks: NULL where this process was started alone, which needs nothing loaded. Among
 * others o->threads, if it is 0, becomes this one's share of the cores. */
int at_ranks_join(attune_train_options *o, attune_error *err);
/* With what attune_train returned; may end the process (mpi/attune_mpi.h). Does nothing where none were joined. */
void at_ranks_leave(int status);

#endif
