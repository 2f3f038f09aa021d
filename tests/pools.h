/* pools.h - thread pools of 2 to POOLS threads, for what must not depend on their number; pools[0] is none. */
#ifndef AT_TESTS_POOLS_H
#define AT_TESTS_POOLS_H

#include "base/pool.h"

enum { POOLS = 3 };
static at_pool *pools[POOLS];

/* cmocka's, for the group. */
static int open_pools(void **state)
{
    (void)state;
    for (int t = 1; t < POOLS; t++)
        if (at_pool_create(&pools[t], t + 1, NULL) < 0)
            return -1;
    return 0;
}

static int close_pools(void **state)
{
    (void)state;
    for (int t = 1; t < POOLS; t++)
        at_pool_free(&pools[t]);
    return 0;
}

#endif
