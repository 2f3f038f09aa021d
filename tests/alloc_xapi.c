/* Consents and statements with each of our allocations failing in turn: an error, and the outbox stays what it
 * was or becomes what it should. */
#include "made_windows.h"
#include "survive_calls.h"
#include "temp_folder.h"
#include "wrap_alloc.h"

#include <attune/xapi.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path;

static void keep_a_session(void)
{
    const attune_keep k = {.consent = "1", .source = "live"};
    const attune_window w = made_window(1, ATTUNE_SAD, 1);
    attune_store *s;
    int64_t id;
    assert_int_equal(attune_store_open(&s, path, 0, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_begin(s, &id, &k, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_window(s, id, &w, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_end(s, id, NULL, 0, NULL, NULL), ATTUNE_OK);
    attune_store_free(&s);
}

static int count(void *user, const attune_xapi_consent *c)
{
    *(int *)user += c->waiting;
    return 0;
}

/* Nobody listens there: the statement comes back to the outbox. */
static int send_to_nobody(attune_store *s, attune_error *err)
{
    const attune_xapi_sending o = {
        .store = "http://127.0.0.1:1/xapi", .user = "u", .secret = "s", .timeout_s = 2};
    attune_xapi_sum sum;
    int rc = attune_xapi_send(s, &o, &sum, err);
    assert_int_equal(sum.sent, 0);
    return rc;
}

static int use(attune_error *err)
{
    attune_xapi_consent c = {.store = "http://127.0.0.1:1/xapi",
                             .what = ATTUNE_XAPI_ALL,
                             .text = ATTUNE_XAPI_TEXT_VERSION,
                             .until_s = 4000000000};
    attune_store *s;
    int64_t id;
    int waiting = 0, rc = attune_store_open(&s, path, 0, err);
    if (rc < 0)
        return rc;
    rc = attune_xapi_agree(s, &c, &id, err);
    rc = rc < 0 ? rc : attune_xapi_queue(s, id, 1, err);
    rc = rc < 0 ? rc : attune_xapi_consents(s, count, &waiting, err);
    assert_true(rc < 0 || waiting > 0);
    rc = rc < 0 ? rc : send_to_nobody(s, err);
    rc = rc < 0 ? rc : attune_xapi_withdraw(s, id, err);
    attune_store_free(&s);
    return rc < 0 ? rc : ATTUNE_OK;
}

static void xapi_survives(void **state)
{
    (void)state;
    path = in_folder("s.db");
    keep_a_session();
    survive_calls(use, 6);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(xapi_survives)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
