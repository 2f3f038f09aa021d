/* A long loop does each thing once; who waits may end it on the way. */
#include "base/each.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <string.h>
#include <cmocka.h>

enum { MANY = 1000, THREADS = 3 };

static atomic_int done[MANY];
static int asked; /* how often who waits was */

static void count(void *arg, int i, int thread)
{
    atomic_int *of = arg;
    atomic_fetch_add(&of[i], thread >= 0 && thread < THREADS ? 1 : MANY);
}

static int leaves_at(void *user)
{
    return ++asked == *(const int *)user;
}

/* How many were done, each of them once and from the first on. */
static int run(int n, int times, int expected)
{
    const at_watcher watcher = {1, leaves_at, &times};
    attune_error err = {0};
    at_pool *pool;
    int ran = 0;

    memset(done, 0, sizeof done);
    asked = 0;
    assert_int_equal(at_pool_create(&pool, THREADS, NULL), ATTUNE_OK);
    assert_int_equal(at_each(pool, "things", n, count, done, times ? &watcher : NULL, &err),
                     expected);
    at_pool_free(&pool);
    while (ran < MANY && done[ran])
        assert_int_equal(done[ran++], 1);
    for (int i = ran; i < MANY; i++)
        assert_int_equal(done[i], 0);
    assert_string_equal(err.text, expected ? "interrupted" : "");
    return ran;
}

static void each_once(void **state)
{
    (void)state;
    assert_int_equal(run(MANY, 0, ATTUNE_OK), MANY);
    assert_int_equal(run(1, 0, ATTUNE_OK), 1);
    assert_int_equal(run(0, 0, ATTUNE_OK), 0);
    assert_int_equal(run(MANY, -1, ATTUNE_OK), MANY); /* who is asked, and stays */
    assert_true(asked > 1);
}

static void who_waits_ends_it(void **state)
{
    (void)state;
    assert_int_equal(run(MANY, 1, ATTUNE_E_INTERRUPTED), 0);
    const int ran = run(MANY, 3, ATTUNE_E_INTERRUPTED);
    assert_in_range(ran, 2, MANY / 2);
    assert_int_equal(asked, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once),
        cmocka_unit_test(who_waits_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
