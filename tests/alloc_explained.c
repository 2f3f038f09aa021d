/* An explanation with each of its allocations failing in turn: nothing appears. */
#include "made_overlays.h"
#include "made_windows.h"
#include "temp_folder.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

static int write_explanation(const char *dir)
{
    const attune_explanation_options setup = {.dir = dir, .input = "clip.mp4"};
    const attune_input_info info = {.duration_s = 1, .has_video = 1, .counts = {.frames = 8}};
    attune_window w = made_window(1, ATTUNE_SAD, 1);
    const attune_overlay o = made_overlay(ATTUNE_MOST_CONFIDENT, &w, 1);
    attune_error err = {0};
    attune_explanation *x;
    w.unit[2] = 0.9f;
    int rc = attune_explanation_open(&x, &setup, &err);
    rc = rc ? rc : attune_explanation_window(x, &w, &err);
    rc = rc ? rc : attune_explanation_overlay(x, &o, &err);
    rc = rc ? rc : attune_explanation_finish(x, &info, 0, &err);
    assert_int_equal(err.status, rc);
    attune_explanation_free(&x);
    return rc;
}

static void explanation_survives(void **state)
{
    static const char *const names[] = {"out/explain.html", "out/explain.json",
                                        "out/overlay-01.png"};
    const char *dir = in_folder("out");
    int failures = 0;
    (void)state;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        wrap_alloc_fail_at(n);
        int rc = write_explanation(dir);
        wrap_alloc_off();
        /* Committing syncs the folder, which may do without memory. */
        assert_true(rc == ATTUNE_OK || (wrap_alloc_failed() && rc == ATTUNE_E_NOMEM));
        failures += rc != ATTUNE_OK;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            assert_true(unlink(in_folder(names[i])) != 0 || rc == ATTUNE_OK);
        assert_true(rmdir(dir) == 0 || access(dir, F_OK) != 0); /* no temporary files either */
    }
    assert_true(failures >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(explanation_survives)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
