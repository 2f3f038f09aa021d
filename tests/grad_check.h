/* grad_check.h - hold an op's gradients against central differences of its forward pass. */
#ifndef AT_TESTS_GRAD_CHECK_H
#define AT_TESTS_GRAD_CHECK_H

#include "tensor/ops.h"

enum { GRAD_INPUTS = 6 };

/* Values are uniform in [lo, hi); both 0: [-1, 1). */
typedef struct grad_input {
    int rank, dim[AT_MAX_RANK];
    float lo, hi;
} grad_input;

/* in a grad_case: GRAD_IN(2, 13, 7) is a 13 x 7 matrix */
#define GRAD_IN(n, ...)                     \
    {                                       \
        .rank = (n), .dim = { __VA_ARGS__ } \
    }
#define GRAD_RANGE(low, high, n, ...)                                \
    {                                                                \
        .rank = (n), .dim = {__VA_ARGS__}, .lo = (low), .hi = (high) \
    }

typedef struct grad_case {
    const char *name;
    at_tensor *(*build)(at_graph *g, at_tensor *const *in, const struct grad_case *c);
    grad_input in[GRAD_INPUTS]; /* those of rank 0 end the list */
    const void *arg;            /* for build */
    at_mode mode;               /* AT_INFER (0) means AT_TRAIN */
    double tolerance;           /* relative; 0: 2e-3 */
} grad_case;

/* For the portable table and the best one: the gradients of a random weighting of the outputs by
 * every input, with inputs that are leaves, results of another op, and used twice; all bit for
 * bit the same for one and for three threads. Fails the running test otherwise. */
void grad_check(const grad_case *c);

/* Uniform floats of a stream of their own. */
void grad_fill(float *x, size_t n, float lo, float hi, uint64_t stream);

#endif
