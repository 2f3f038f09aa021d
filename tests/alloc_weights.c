/* Model files written and read with each allocation failing in turn, the JSON library's too. */
#include "temp_folder.h"
#include "wrap_alloc.h"

#include "tensor/weights.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { TENSORS = 71 };

static const float data[6] = {1, -2, 3, 0.5f, 5, 6};
static const char *path;

static void *seen_malloc(size_t n)
{
    return malloc(n);
}

static void seen_free(void *p)
{
    free(p);
}

static int set_up(void **state)
{
    json_set_alloc_funcs(seen_malloc, seen_free);
    const int status = make_folder(state);
    path = made_in_folder("w.safetensors");
    return status;
}

/* The first status that is not ATTUNE_OK. */
static int write_file(attune_error *err)
{
    at_weights_writer *w = NULL;
    int status = at_weights_writer_create(&w, err);
    if (status == ATTUNE_OK)
        status = at_weights_put(w, "first", 2, (int[]){2, 3}, data, 0);
    for (int i = 0; status == ATTUNE_OK && i < TENSORS - 1;
         i++) { /* so that the list has to grow */
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        status = at_weights_put(w, name, 1, (int[]){3}, data + i % 4, 1);
    }
    if (status == ATTUNE_OK)
        status = at_weights_put_meta(w, "licence", "none");
    if (status == ATTUNE_OK)
        status = at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    return status;
}

/* A file is written whole or not at all; only the one allocation that is for syncing the folder
 * may fail at no cost. */
static void writing_survives(void **state)
{
    int failures = 0, harmless = 0;
    long before = wrap_alloc_live();
    (void)state;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        attune_error err = {0};
        unlink(path);
        wrap_alloc_fail_at(n);
        int status = write_file(&err);
        wrap_alloc_off();
        assert_int_equal(status == ATTUNE_OK, access(path, F_OK) == 0);
        assert_true(status == ATTUNE_OK || wrap_alloc_failed());
        assert_int_equal(wrap_alloc_live(), before);
        harmless += status == ATTUNE_OK && wrap_alloc_failed();
        if (status == ATTUNE_OK) {
            at_weights *w = NULL;
            assert_int_equal(at_weights_load(&w, path, NULL), ATTUNE_OK);
            assert_int_equal(at_weights_count(w), TENSORS);
            at_weights_free(&w);
        }
        failures += wrap_alloc_failed();
    }
    assert_true(failures > 200);
    assert_in_range(harmless, 0, 1);
}

static void reading_survives(void **state)
{
    int failures = 0, ours = 0;
    long before = wrap_alloc_live();
    (void)state;
    assert_int_equal(write_file(NULL), ATTUNE_OK);
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_weights *w = NULL;
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int status = at_weights_load(&w, path, &err);
        wrap_alloc_off();
        /* The JSON library does not always say that it was for want of memory. */
        if (wrap_alloc_failed()) {
            assert_true(status == ATTUNE_E_NOMEM || status == ATTUNE_E_FORMAT);
            assert_int_equal(err.status, status);
            assert_null(w);
            ours += status == ATTUNE_E_NOMEM;
        } else {
            assert_int_equal(status, ATTUNE_OK);
            assert_int_equal(at_weights_count(w), TENSORS);
            const at_weight *t = at_weights_find(w, "t3");
            assert_non_null(t);
            assert_true(t->data[0] == data[3]);
        }
        at_weights_free(&w);
        assert_int_equal(wrap_alloc_live(), before);
        failures += wrap_alloc_failed();
    }
    assert_true(failures > 200);
    assert_true(ours >= 4); /* the object, two lists, the tensors */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_survives),
        cmocka_unit_test(reading_survives),
    };
    return cmocka_run_group_tests_name("alloc_weights", tests, set_up, remove_folder);
}
