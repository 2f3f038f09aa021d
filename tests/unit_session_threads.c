/* The session's windows, and the threads that make them. */
#include "session_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void results_do_not_depend_on_threads(void **state)
{
    attune_options o = {.threads = 3};
    scene *a = scene_open(NULL), *b = scene_open(NULL);
    (void)state;
    attune_session_free(&b->s);
    assert_int_equal(attune_session_open(&b->s, fake_model(), &o, NULL), ATTUNE_OK);
    both(a, 0, 4000);
    both(b, 0, 4000);
    assert_true(a->n > 0 && a->n == b->n);
    assert_memory_equal(a->w, b->w, (size_t)a->n * sizeof *a->w);
    scene_close(a);
    scene_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(results_do_not_depend_on_threads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
