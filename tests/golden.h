/* golden.h - what tests/oracle/ wrote into tests/golden/. */
#ifndef AT_TESTS_GOLDEN_H
#define AT_TESTS_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* That file, behind its line of comment (fclose). */
static inline FILE *open_golden(const char *name)
{
    char path[4096], comment[256];
    const char *root = getenv("ATTUNE_SRC");
    snprintf(path, sizeof path, "%s/tests/golden/%s", root ? root : ".", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(comment, sizeof comment, f));
    return f;
}

#endif
