/* survive_calls.h - the loop of wrap_alloc.h around a function that fails as a whole. */
#ifndef AT_TESTS_SURVIVE_CALLS_H
#define AT_TESTS_SURVIVE_CALLS_H

#include "wrap_alloc.h"

#include <attune/attune.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Calls use until no allocation fails in it any more: it is done, or memory was out, at least so many times. */
static inline void survive_calls(int (*use)(attune_error *err), int least)
{
    int failures = 0;

    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int rc = use(&err);
        wrap_alloc_off();
        assert_true(rc == ATTUNE_OK || (wrap_alloc_failed() && rc == ATTUNE_E_NOMEM));
        assert_true(rc == ATTUNE_OK || err.status == ATTUNE_E_NOMEM);
        failures += rc != ATTUNE_OK;
    }
    assert_true(failures >= least);
}

#endif
