/* lbfgs.h - a smooth function's minimum by limited-memory BFGS (Nocedal & Wright 2006, algorithm 7.5),
 * with steps shortened until they descend enough (Armijo; algorithm 3.1). For convex functions that is
 * all that it takes.
 */
#ifndef AT_TRAIN_LBFGS_H
#define AT_TRAIN_LBFGS_H

#include <attune/attune.h>
#include <stddef.h>

/* Zero is the default for every number. */
typedef struct at_lbfgs {
    int memory;       /* pairs of steps and changes of the gradient that are kept; 10 */
    int iterations;   /* most; 1000 */
    double tolerance; /* of the gradient's largest component; 1e-5 */
    /* The function at x (n), its gradient into g (n). */
    double (*value)(void *user, const double *x, double *g);
    /* nullable; told of each iteration, non-zero ends with ATTUNE_E_INTERRUPTED */
    int (*step)(void *user, int iteration, double value, double largest);
    void *user;
} at_lbfgs;

/* x (n): from where, and what was found. Returns the number of iterations, less than o->iterations where
 * the tolerance was met or nothing could be bettered; or ATTUNE_E_NOMEM, ATTUNE_E_INTERRUPTED. */
int at_lbfgs_minimise(const at_lbfgs *o, size_t n, double *x);

#endif
