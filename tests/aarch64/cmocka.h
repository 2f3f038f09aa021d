/* cmocka.h - the part of cmocka that the kernels' tests use, for aarch64 under an emulator, where
 * the distribution's cmocka is of the wrong architecture. A failed assertion ends the program.
 * Only tools/test.sh has this folder on its include path.
 */
#ifndef AT_TESTS_AARCH64_CMOCKA_H
#define AT_TESTS_AARCH64_CMOCKA_H

#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state);
    int (*teardown)(void **state);
};

static jmp_buf cm_skip;

#define cm_fail(...)                                                               \
    (fprintf(stderr, "%s:%d: ", __FILE__, __LINE__), fprintf(stderr, __VA_ARGS__), \
     fputc('\n', stderr), exit(1))
#define fail_msg(...)      cm_fail(__VA_ARGS__)
#define fail()             cm_fail("failed")
#define skip()             longjmp(cm_skip, 1)
#define print_message(...) printf(__VA_ARGS__)
#define print_error(...)   fprintf(stderr, __VA_ARGS__)

#define assert_true(c)                ((c) ? (void)0 : cm_fail("not true: %s", #c))
#define assert_false(c)               assert_true(!(c))
#define assert_non_null(p)            assert_true((p) != NULL)
#define assert_null(p)                assert_true((p) == NULL)
#define assert_ptr_equal(a, b)        assert_true((const void *)(a) == (const void *)(b))
#define assert_int_equal(a, b)        assert_true((intmax_t)(a) == (intmax_t)(b))
#define assert_int_not_equal(a, b)    assert_true((intmax_t)(a) != (intmax_t)(b))
#define assert_in_range(v, lo, hi)    assert_true((v) >= (lo) && (v) <= (hi))
#define assert_float_equal(a, b, eps) assert_true(fabs((double)(a) - (double)(b)) <= (double)(eps))
#define assert_memory_equal(a, b, n)  assert_true(memcmp(a, b, n) == 0)
#define assert_string_equal(a, b)     assert_true(strcmp(a, b) == 0)

#define cmocka_unit_test(f) \
    {                       \
#f, f, NULL, NULL   \
    }
#define cmocka_unit_test_setup_teardown(f, before, after) \
    {                                                     \
#f, f, before, after                              \
    }

/* 0 when it ran, 1 when it skipped itself. A function of its own: nothing here outlives longjmp. */
static inline int cm_run_one(void (*test)(void **state), void **state)
{
    if (setjmp(cm_skip) != 0)
        return 1;
    test(state);
    return 0;
}

static inline int cm_run(const struct CMUnitTest *tests, size_t count, int (*setup)(void **state),
                         int (*teardown)(void **state))
{
    void *group = NULL;
    int skipped = 0;
    if (setup != NULL && setup(&group) != 0)
        cm_fail("the group's setup failed");
    for (size_t i = 0; i < count; i++) {
        void *state = group;
        printf("[ RUN      ] %s\n", tests[i].name);
        if (tests[i].setup != NULL && tests[i].setup(&state) != 0)
            cm_fail("the setup of %s failed", tests[i].name);
        skipped += cm_run_one(tests[i].test, &state);
        if (tests[i].teardown != NULL && tests[i].teardown(&state) != 0)
            cm_fail("the teardown of %s failed", tests[i].name);
    }
    if (teardown != NULL && teardown(&group) != 0)
        cm_fail("the group's teardown failed");
    printf("[  PASSED  ] %zu test(s).\n", count - (size_t)skipped);
    if (skipped > 0)
        printf("[  SKIPPED ] %d test(s).\n", skipped);
    return 0;
}

#define cmocka_run_group_tests(tests, setup, teardown) \
    cm_run(tests, sizeof(tests) / sizeof *(tests), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown) \
    cmocka_run_group_tests(tests, setup, teardown)

#endif
