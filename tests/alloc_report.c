/* A report with each of its allocations failing in turn: nothing appears. (Leaks are for the
 * sanitizer to find: the JSON text is allocated in a library and freed by us.) */
#include "temp_folder.h"
#include "wrap_alloc.h"

#include <attune/sink.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* All that there are. */
static const char *all_sinks(void)
{
    static char names[512];
    const attune_sink_info *sink;
    names[0] = 0;
    for (int i = 0; (sink = attune_sink_at(i)); i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? "," : "",
                 sink->name);
    return names;
}

static int write_report(const char *dir)
{
    attune_report_options setup = {
        .dir = dir, .input = "clip.mp4", .sinks = all_sinks(), .sightings = 1};
    attune_input_info info = {.duration_s = 1, .has_audio = 1, .elapsed_s = 1};
    attune_window w = {.end_us = 500000, .abstain = 1};
    const attune_sighting s = {.picture = 1};
    attune_error err = {0};
    attune_report *r;
    attune_index *x = NULL;
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        w.emotion7[i] = 1.0f / ATTUNE_EMOTIONS;
    int rc = attune_report_open(&r, &setup, &err);
    rc = rc ? rc : attune_report_sighting(r, &s, &err);
    rc = rc ? rc : attune_report_window(r, &w, &err);
    rc = rc ? rc : attune_index_open(&x, temp_folder, &err);
    rc = rc ? rc : attune_report_finish(r, &info, 0, &err);
    rc = rc ? rc : attune_index_add(x, "x", r);
    rc = rc ? rc : attune_index_finish(x, &err);
    assert_int_equal(err.status, rc);
    attune_index_free(&x);
    attune_report_free(&r);
    return rc;
}

/* Takes the files of a report away, of which there are none unless it came to its end. */
static void remove_report(const char *dir, int rc)
{
    const attune_sink_info *sink;
    char name[64];
    for (int i = 0; (sink = attune_sink_at(i)); i++) {
        snprintf(name, sizeof name, "%s/%s", dir, sink->file);
        assert_true(unlink(in_folder(name)) != 0 || rc == ATTUNE_OK);
    }
    /* no temporary files either */
    assert_true(rmdir(in_folder(dir)) == 0 || access(in_folder(dir), F_OK) != 0);
}

static void report_survives(void **state)
{
    int failures = 0;
    (void)state;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        wrap_alloc_fail_at(n);
        int rc = write_report(in_folder("out"));
        wrap_alloc_off();
        /* Committing syncs the folder, which may do without memory. */
        assert_true(rc == ATTUNE_OK || (wrap_alloc_failed() && rc == ATTUNE_E_NOMEM));
        failures += rc != ATTUNE_OK;
        assert_true(unlink(in_folder("index.html")) != 0 || rc == ATTUNE_OK);
        remove_report("out", rc);
    }
    assert_true(failures >= 10);
}

/* What a report's folder is made into with each allocation failing in turn. */
static void export_survives(void **state)
{
    const char *dir = in_folder("out");
    int failures = 0;
    (void)state;
    assert_int_equal(write_report(dir), ATTUNE_OK);
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        const attune_export_options o = {.to = "openface-windows,eaf,table,srt",
                                         .dir = in_folder("later")};
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int rc = attune_export(dir, &o, &err);
        wrap_alloc_off();
        assert_int_equal(err.status, rc);
        assert_true(rc == ATTUNE_OK || wrap_alloc_failed());
        failures += rc != ATTUNE_OK;
        remove_report("later", rc);
    }
    assert_true(failures >= 10);
    remove_report("out", ATTUNE_OK);
    assert_int_equal(unlink(in_folder("index.html")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(report_survives),
                                       cmocka_unit_test(export_survives)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
