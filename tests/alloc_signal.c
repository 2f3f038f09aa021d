/* Logs opened and read with each allocation failing in turn; and that a row asks for none. */
#include "temp_folder.h"
#include "wrap_alloc.h"

#include <attune/log.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 50 };

static int make_logs(void **state)
{
    assert_int_equal(make_folder(state), 0);
    FILE *s = create_in_folder("signal"), *c = create_in_folder("chat");

    fputs("time,hr,clicks\n", s);
    fputs("time;from;text\n", c);
    for (int i = 0; i < ROWS; i++) {
        fprintf(s, "%d.5,%d,%d\n", i, 60 + i, i % 3);
        fprintf(c, "%d;%s;\"so; \"\"good\"\"\"\n", i, i % 2 ? "ann" : "bob");
    }
    fclose(s);
    fclose(c);
    return 0;
}

static int read_all(attune_log *l)
{
    float value[ATTUNE_MAX_SIGNALS];
    const char *text;
    attune_error err;
    int64_t t_us;
    size_t n;
    int rows = 0;

    while (attune_log_next(l, &t_us, value, &text, &n, &err) == 1)
        rows++;
    assert_int_equal(attune_log_rewind(l, &err), ATTUNE_OK);
    return rows;
}

/* Opens it with each allocation failing, and reads it with none to be had. Returns how many there are. */
static int survive(const char *path, const attune_log_options *o, int rows)
{
    const long before = wrap_alloc_live();
    int n = 0;

    for (; n == 0 || wrap_alloc_failed(); n++) {
        attune_log *l;
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        const int rc = attune_log_open(&l, path, o, &err);
        wrap_alloc_off();
        assert_int_equal(rc, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(l == NULL, rc < 0);
        assert_int_equal(err.status, rc);
        if (l) {
            wrap_alloc_fail_at(0);
            assert_int_equal(read_all(l), rows);
            assert_false(wrap_alloc_failed());
            wrap_alloc_off();
            attune_log_free(&l);
            assert_int_equal(wrap_alloc_live(), before);
            return n;
        }
        assert_int_equal(wrap_alloc_live(), before);
    }
    fail();
    return 0;
}

static void signals(void **state)
{
    (void)state;
    /* it, its path, a row, a line, and a column each */
    assert_int_equal(survive(in_folder("signal"), &(attune_log_options){.events = "clicks"}, ROWS),
                     4 + 2);
    assert_int_equal(survive(in_folder("signal"), &(attune_log_options){.columns = "hr"}, ROWS),
                     4 + 1);
}

static void chats(void **state)
{
    (void)state;
    assert_int_equal(survive(in_folder("chat"), &(attune_log_options){.chat = 1}, ROWS), 4);
    assert_int_equal(
        survive(in_folder("chat"), &(attune_log_options){.chat = 1, .from = "Ann"}, ROWS / 2),
        4 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signals), cmocka_unit_test(chats)};

    return cmocka_run_group_tests(tests, make_logs, remove_folder);
}
