/* A store with each of our allocations failing in turn: an error, and the file stays whole. (SQLite's and
 * jansson's own are not seen here; leaks are for the sanitizer to find.) */
#include "made_windows.h"
#include "survive_calls.h"
#include "temp_folder.h"
#include "wrap_alloc.h"

#include <attune/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path;

static int drop(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    (void)user;
    (void)sink;
    (void)text;
    (void)size;
    return 0;
}

static int write_some(attune_store *s, attune_error *err)
{
    const attune_keep k = {.consent = "1", .source = "live", .person = "ada"};
    const attune_window w = made_window(1, ATTUNE_SAD, 1);
    int64_t id;
    int rc = attune_store_begin(s, &id, &k, err);
    rc = rc < 0 ? rc : attune_store_window(s, id, &w, err);
    return rc < 0 ? rc : attune_store_end(s, id, NULL, 0, "{\"a\": 1}", err);
}

static int read_all(attune_store *s, attune_error *err)
{
    const attune_report_options o = {.sinks = "jsonl", .write = drop};
    char *text = NULL;
    int rc = attune_store_sessions_json(s, &text, err);
    free(text);
    rc = rc < 0 ? rc : attune_store_session_json(s, 1, &text, err);
    free(rc < 0 ? NULL : text);
    rc = rc < 0 ? rc : attune_store_trends_json(s, "ada", &text, err);
    free(rc < 0 ? NULL : text);
    return rc < 0 ? rc : attune_store_report(s, 1, &o, NULL, err);
}

static int use(attune_error *err)
{
    const attune_group_query all = {.since_s = 0};
    attune_store *s;
    char *text;
    int rc = attune_store_open(&s, path, 0, err);
    if (rc < 0) {
        assert_null(s);
        return rc;
    }
    rc = write_some(s, err);
    rc = rc < 0 ? rc : read_all(s, err);
    if (rc == ATTUNE_OK) {
        rc = attune_store_group_json(s, &all, &text, err);
        assert_int_not_equal(rc, ATTUNE_OK); /* of one person nothing is told */
        assert_null(text);
        rc = rc == ATTUNE_E_STATE ? ATTUNE_OK : rc;
    }
    attune_store_free(&s);
    assert_null(s);
    return rc;
}

static void store_survives(void **state)
{
    (void)state;
    path = in_folder("s.db");
    survive_calls(use, 10);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(store_survives)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
