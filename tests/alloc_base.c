/* The base services with each of their allocations failing in turn. */
#include "temp_folder.h"
#include "wrap_alloc.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void pool_survives(void **state)
{
    (void)state;
    int failures = 0;
    long before = wrap_alloc_live();
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_pool *pool = NULL;
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int status = at_pool_create(&pool, 2, &err);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(pool == NULL, wrap_alloc_failed());
        at_pool_free(&pool);
        failures += wrap_alloc_failed();
    }
    assert_true(failures >= 2);
    assert_int_equal(wrap_alloc_live(), before);
}

static void arena_survives(void **state)
{
    (void)state;
    at_arena a = {.block_bytes = 256};
    long before = wrap_alloc_live();
    assert_non_null(at_arena_alloc(&a, 200, 1));
    wrap_alloc_fail_at(0);
    assert_null(at_arena_alloc(&a, 200, 1));
    assert_non_null(at_arena_alloc(&a, 200, 1));
    wrap_alloc_fail_at(0);
    at_arena_reset(&a); /* cannot get its one large block, */
    wrap_alloc_off();
    assert_true(wrap_alloc_failed());
    assert_non_null(at_arena_alloc(&a, 200, 1)); /* and goes on with small ones */
    at_arena_free(&a);
    assert_int_equal(wrap_alloc_live(), before);
}

static void file_read_survives(void **state)
{
    (void)state;
    int failures = 0;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        unsigned char *data = NULL;
        size_t size = 0;
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int status = at_file_read("/proc/self/status", 1 << 20, &data, &size, &err);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(data == NULL, wrap_alloc_failed());
        at_free(data);
        failures += wrap_alloc_failed();
    }
    assert_true(failures >= 1);
}

static void outfile_survives(void **state)
{
    (void)state;
    const char *path = in_folder("out");
    int failures = 0;
    long before = wrap_alloc_live();
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_outfile o;
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int status = at_outfile_open(&o, path, &err);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(o.f == NULL, wrap_alloc_failed());
        at_outfile_abandon(&o);
        failures += wrap_alloc_failed();
    }
    assert_true(failures >= 2);
    assert_int_equal(wrap_alloc_live(), before);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* jansson's allocations are its own: made to fail here. */
static int left;

static void *scarce(size_t size)
{
    if (left-- > 0)
        return malloc(size);
    errno = ENOMEM;
    return NULL;
}

static void json_is_read_where_there_is_room(void **state)
{
    (void)state;
    json_t *tree;
    wrap_alloc_fail_at(0);
    assert_int_equal(at_json_read(&tree, "[1]", 3, 0, NULL), ATTUNE_E_NOMEM);
    wrap_alloc_off();
    assert_null(tree);
    assert_int_equal(at_json_read(&tree, "[1", 2, 0, NULL), ATTUNE_E_FORMAT);
    assert_null(tree);
}

/* What comes out is all of it, or nothing. */
static void json_writing_survives(void **state)
{
    (void)state;
    static const char whole[] = "{\"first\":[1,2.5],\"second\":\"three\"}";
    json_t *tree;
    char *text = NULL;
    int failures = -1;
    assert_int_equal(at_json_read(&tree, whole, strlen(whole), 0, NULL), ATTUNE_OK);
    for (int n = 0; !text; n++, failures++) {
        left = n;
        json_set_alloc_funcs(scarce, free);
        text = at_json_write(tree, JSON_COMPACT);
        json_set_alloc_funcs(malloc, free);
    }
    assert_string_equal(text, whole);
    assert_true(failures >= 3);
    free(text);
    json_decref(tree);
}

static void a_json_whole_is_whole(void **state)
{
    (void)state;
    for (int n = 0; n < 3; n++) {
        json_t *list = json_array(), *object = json_object();
        left = n; /* of the parts */
        json_set_alloc_funcs(scarce, free);
        for (int i = 0; i < 3; i++) {
            at_json_append(&list, json_integer(i));
            at_json_put(&object, "name", json_null());
        }
        json_set_alloc_funcs(malloc, free);
        assert_null(list);
        json_decref(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_survives),
        cmocka_unit_test(arena_survives),
        cmocka_unit_test(file_read_survives),
        cmocka_unit_test_setup_teardown(outfile_survives, make_folder, remove_folder),
        cmocka_unit_test(json_is_read_where_there_is_room),
        cmocka_unit_test(json_writing_survives),
        cmocka_unit_test(a_json_whole_is_whole),
    };
    return cmocka_run_group_tests_name("alloc_base", tests, NULL, NULL);
}
