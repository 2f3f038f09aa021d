/* xAPI's parts that know no store: numbers, pauses, answers, addresses. */
#include "base/endpoint.h"
#include "base/sha1.h"
#include "xapi/backoff.h"
#include "xapi/post.h"
#include "xapi/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- numbers ------------------------------------------------------------------------------------ */

static void assert_sha1(const char *head, const char *body, const char *expected)
{
    unsigned char digest[AT_SHA1_BYTES];
    char text[2 * AT_SHA1_BYTES + 1];
    at_sha1(digest, head, strlen(head), body, strlen(body));
    for (int i = 0; i < AT_SHA1_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(text, expected);
}

/* FIPS 180-4's examples; the lengths at which a block more is needed, by Python's hashlib. */
static void sha1_is_the_standards(void **state)
{
    char *million = malloc(1000001);
    (void)state;
    assert_non_null(million);
    memset(million, 'a', 1000000);
    million[1000000] = 0;
    assert_sha1("", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_sha1("a", "bc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_sha1("abcdbcdecdefdefgefghfghighij", "hijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    assert_sha1(million, "", "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    million[64] = 0;
    assert_sha1(million, "", "0098ba824b5c16427bd7a1122a5a442a25ec644d");
    million[55] = 0;
    assert_sha1(million, "", "c1c8bbdc22796e28c0e15163d20899b65621d65a");
    free(million);
}

/* RFC 9562, A.4 (RFC 4122 has no example of its own for version 5); Python's uuid for the others. */
static void named_uuids_are_the_standards(void **state)
{
    static const char dns[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    char id[AT_UUID_BYTES];
    (void)state;
    assert_true(at_uuid_named(id, dns, "www.example.com"));
    assert_string_equal(id, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    assert_true(at_uuid_named(id, "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "python.org"));
    assert_string_equal(id, "886313e1-3b8a-5372-9b90-0c9aee199e5d");
    assert_true(at_uuid_named(id, "6ba7b811-9dad-11d1-80b4-00c04fd430c8", ""));
    assert_string_equal(id, "1b4db7eb-4057-5ddf-91e0-36dec72071f5");
    assert_false(at_uuid_named(id, "", "x"));
    assert_false(at_uuid_named(id, "6ba7b810-9dad-11d1-80b4-00c04fd430c", "x"));
    assert_false(at_uuid_named(id, "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "x"));
    assert_false(at_uuid_named(id, "6ba7b810x9dad-11d1-80b4-00c04fd430c8", "x"));
}

static void random_uuids_say_so(void **state)
{
    char a[AT_UUID_BYTES], b[AT_UUID_BYTES], of[AT_UUID_BYTES];
    (void)state;
    assert_int_equal(at_uuid_random(a, NULL), ATTUNE_OK);
    assert_int_equal(at_uuid_random(b, NULL), ATTUNE_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_true(at_uuid_named(of, a, ""));
}

/* ---- pauses, answers, addresses ------------------------------------------------------------------ */

static void pauses_double_up_to_an_end(void **state)
{
    (void)state;
    assert_int_equal(at_backoff_s(1, 0, 0), 60);
    assert_int_equal(at_backoff_s(2, 0, 0), 120);
    assert_int_equal(at_backoff_s(5, 0, 0), 960);
    assert_int_equal(at_backoff_s(9, 0, 0), 15360);
    assert_int_equal(at_backoff_s(10, 0, 0), 21600);
    assert_int_equal(at_backoff_s(2000000000, 0, 0), 21600);
    /* drawn, up to a quarter more */
    assert_int_equal(at_backoff_s(1, 0, 15), 75);
    assert_int_equal(at_backoff_s(1, 0, 16), 60);
    for (uint64_t draw = 0; draw < 100000; draw += 7)
        assert_in_range(at_backoff_s(30, 0, draw * draw), 21600, 27000);
    /* as the store asked, but no longer than a day */
    assert_int_equal(at_backoff_s(1, 1000, 0), 1000);
    assert_int_equal(at_backoff_s(10, 1000, 0), 21600);
    assert_int_equal(at_backoff_s(1, INT64_MAX, 0), 86400);
    assert_int_equal(at_backoff_s(1, -5, 0), 60);
}

static void only_204_is_a_yes(void **state)
{
    (void)state;
    for (long status = 100; status < 600; status++) {
        const attune_xapi_state s = at_post_state(status);
        if (status == 204)
            assert_int_equal(s, ATTUNE_XAPI_SENT);
        else if (status == 409)
            assert_int_equal(s, ATTUNE_XAPI_CONFLICT);
        else if (status < 300 || status >= 500 || status == 408 || status == 425 || status == 429)
            assert_int_equal(s, ATTUNE_XAPI_WAITING);
        else
            assert_int_equal(s, ATTUNE_XAPI_REFUSED);
    }
}

static void addresses_are_plain_to_read(void **state)
{
    static const char *const fit[] = {
        "https://lrs.example",      "https://lrs.example:8443/a/b.c_d~e/%7Ef+g",
        "http://127.0.0.1:81/xapi", "http://localhost",
        "http://[::1]:3000/xAPI",   "https://192.0.2.7/x",
        "https://7.lrs.example",    "https://lrs.example:65535/...",
        "https://lrs.example:44",   "http://127.0.0.1:8/x",
        "https://0.0.0.255/.a/..b", "https://0x.example/%20%41",
    };
    static const char *const unfit[] = {
        "",
        "https://",
        "https:///x",
        "ftp://lrs.example",
        "HTTPS://lrs.example",
        "lrs.example",
        "http://lrs.example/xapi",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.2/",
        "http://localhost.evil.example",
        "http://[::1].evil.example/",
        "http://localhost\\@evil.example",
        "https://u:geheim@lrs.example",
        "https://lrs.example@evil.example",
        "https://lrs.example:/x",
        "https://lrs.example:123456",
        "https://lrs.example:80:81",
        "https://lrs.example?x=geheim",
        "https://lrs.example/#geheim",
        "x?geheim",
        "https://lrs.example/x?x=1",
        "https://lrs.example/#x",
        "https://lrs.example/ x",
        "https://lrs.example/\n",
        "https://lrs\xc3\xa4.example",
        "https://-x/",
        "https://[2001:db8::1]/",
        "https://lrs.example/a/../b",
        "https://lrs.example/..",
        "https://lrs.example/./b",
        "https://lrs.example/a/.",
        "https://lrs.example/%2e%2E/b",
        "https://lrs.example/.%2e/b",
        "https://lrs.example//b",
        "https://lrs.example/a//b",
        "https://lrs.example/a%2Fb",
        "https://lrs.example/a%5cb",
        "https://lrs.example/a%00",
        "https://lrs.example/a%0d%0ab",
        "https://lrs.example/a%7f",
        "https://lrs.example/a%",
        "https://lrs.example/a%4",
        "https://lrs.example/a%4g",
        "https://lrs.example:0/x",
        "https://lrs.example:00080/x",
        "https://lrs.example:65536/x",
        "https://lrs.example:99999/x",
        "https://0x7f.1/x",
        "https://0X7F000001/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://192.0.2.007/x",
        "https://192.0.2.256/x",
        "https://192.0.2/x",
        "https://1.192.0.2.7/x",
        "https://lrs.example.0x1/x",
        "https://lrs..example/x",
        "https://lrs.example./x",
    };
    char out[ATTUNE_XAPI_ADDRESS_BYTES], text[600];
    attune_error err;
    (void)state;
    for (size_t i = 0; i < sizeof fit / sizeof *fit; i++) {
        if (at_endpoint_take(out, fit[i], &err) < 0)
            fail_msg("%s", err.text);
        assert_string_equal(out, fit[i]);
        assert_int_equal(at_endpoint_is_plain(out), fit[i][4] == ':');
    }
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        if (at_endpoint_take(out, unfit[i], &err) != ATTUNE_E_ARG)
            fail_msg("%s was taken", unfit[i]);
        assert_null(strstr(err.text, "geheim"));
    }
    assert_int_equal(at_endpoint_take(out, "https://lrs.example/x//", NULL), ATTUNE_OK);
    assert_string_equal(out, "https://lrs.example/x");
    assert_int_equal(at_endpoint_take(out, "https://LRS.Example:443/XAPI", NULL), ATTUNE_OK);
    assert_string_equal(out,
                        "https://lrs.example/XAPI"); /* one store is one, however it is written */
    assert_int_equal(at_endpoint_take(out, "http://127.0.0.1:80//", NULL), ATTUNE_OK);
    assert_string_equal(out, "http://127.0.0.1");
    assert_int_equal(at_endpoint_take(out, "http://127.0.0.1:443", NULL), ATTUNE_OK);
    assert_string_equal(out, "http://127.0.0.1:443");
    snprintf(text, sizeof text, "https://lrs.example/%0*d", ATTUNE_XAPI_ADDRESS_BYTES - 20, 0);
    assert_int_equal(at_endpoint_take(out, text, NULL), ATTUNE_E_ARG);
    text[ATTUNE_XAPI_ADDRESS_BYTES - 1] = 0;
    assert_int_equal(at_endpoint_take(out, text, NULL), ATTUNE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_is_the_standards), cmocka_unit_test(named_uuids_are_the_standards),
        cmocka_unit_test(random_uuids_say_so),   cmocka_unit_test(pauses_double_up_to_an_end),
        cmocka_unit_test(only_204_is_a_yes),     cmocka_unit_test(addresses_are_plain_to_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
