/* Launches from a learning platform: forms, logins that wait, words that were signed and when they hold, keys that are
 * fetched. (What a browser and attackers make of it: cli_lti.py.) */
#include "base/json.h"
#include "lti/form.h"
#include "lti/id_token.h"
#include "lti/keyring.h"
#include "lti/logins.h"
#include "made_word.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- forms --------------------------------------------------------------------------------------- */

static void assert_value(const char *form, const char *name, int found, const char *value)
{
    char out[16];
    assert_int_equal(at_form_value(form, strlen(form), name, out, sizeof out), found);
    if (found == 1)
        assert_string_equal(out, value);
}

static void forms_are_read(void **state)
{
    (void)state;
    assert_value("a=1&b=2", "a", 1, "1");
    assert_value("a=1&b=2", "b", 1, "2");
    assert_value("a=1&b=2", "c", 0, NULL);
    assert_value("ab=1", "a", 0, NULL);
    assert_value("", "a", 0, NULL);
    assert_value("a", "a", 1, "");
    assert_value("a=", "a", 1, "");
    assert_value("&&a==&", "a", 1, "=");
    assert_value("a=x+y%20z%2b%C3%A4", "a", 1, "x y z+\xc3\xa4");
    assert_value("a=123456789012345", "a", 1, "123456789012345");
    assert_value("a=1234567890123456", "a", -1, NULL);
    assert_value("a=1&b=2&a=1", "a", -1, NULL);
    assert_value("a=%", "a", -1, NULL);
    assert_value("a=%4", "a", -1, NULL);
    assert_value("a=%4g", "a", -1, NULL);
    assert_value("a=%4&b=1", "a", -1, NULL);
    assert_value("a=%00", "a", -1, NULL);
    assert_value("a=x%0d%0ay", "a", -1, NULL);
    assert_value("a=\x7f", "a", -1, NULL);
}

static void forms_are_written(void **state)
{
    char way[64] = "https://x?a=b", out[32];
    (void)state;
    assert_true(at_form_add(way, sizeof way, "c", "1 &=\xc3\xa4~-_."));
    assert_string_equal(way, "https://x?a=b&c=1%20%26%3D%C3%A4~-_.");
    assert_int_equal(at_form_value(way, strlen(way), "c", out, sizeof out), 1);
    assert_string_equal(out, "1 &=\xc3\xa4~-_.");
    assert_false(at_form_add(way, sizeof way, "d", "0123456789"));
    assert_string_equal(way, "https://x?a=b&c=1%20%26%3D%C3%A4~-_.");
}

/* ---- logins -------------------------------------------------------------------------------------- */

static const at_platform lms = {.issuer = "https://lms.example", .client_id = "tool-17"};

static void a_login_comes_back_once(void **state)
{
    at_logins *l = calloc(1, sizeof *l);
    at_login a, b, got;
    (void)state;
    assert_non_null(l);
    assert_int_equal(at_logins_begin(l, &lms, 1000, &a, NULL), ATTUNE_OK);
    assert_int_equal(at_logins_begin(l, &lms, 2000, &b, NULL), ATTUNE_OK);
    assert_string_not_equal(a.state, b.state);
    assert_string_not_equal(a.state, a.nonce);
    assert_string_not_equal(a.nonce, a.bond);
    assert_false(at_logins_take(l, "", 3000, &got));
    assert_false(at_logins_take(l, a.nonce, 3000, &got));
    assert_true(at_logins_take(l, a.state, 3000, &got));
    assert_string_equal(got.bond, a.bond);
    assert_ptr_equal(got.platform, &lms);
    assert_false(at_logins_take(l, a.state, 3000, &got));
    assert_true(at_logins_take(l, b.state, 2000 + AT_LOGIN_US, &got));
    free(l);
}

static void logins_do_not_wait_for_ever(void **state)
{
    at_logins *l = calloc(1, sizeof *l);
    at_login first, second, got;
    (void)state;
    assert_non_null(l);
    assert_int_equal(at_logins_begin(l, &lms, 1000, &first, NULL), ATTUNE_OK);
    assert_false(at_logins_take(l, first.state, 1001 + AT_LOGIN_US, &got));
    /* nor more of them than there are places: the oldest goes */
    assert_int_equal(at_logins_begin(l, &lms, 1001, &first, NULL), ATTUNE_OK);
    assert_int_equal(at_logins_begin(l, &lms, 1000, &second, NULL), ATTUNE_OK);
    for (int i = 2; i <= AT_LOGINS_MOST; i++)
        assert_int_equal(at_logins_begin(l, &lms, 1000 + i, &got, NULL), ATTUNE_OK);
    assert_false(at_logins_take(l, second.state, 5000, &got));
    assert_true(at_logins_take(l, first.state, 5000, &got));
    free(l);
}

/* ---- words --------------------------------------------------------------------------------------- */

static json_t *parse(const char *text)
{
    json_t *v;
    assert_int_equal(at_json_read(&v, text, strlen(text), 0, NULL), ATTUNE_OK);
    return v;
}

static const char *judge(const char *client, const char *deployment, const char *nonce,
                         int64_t now_s)
{
    json_t *keys = parse(word_keys), *deployments = json_pack("[s]", deployment);
    const at_platform p = {
        .issuer = "https://lms.example", .client_id = client, .deployments = deployments};
    const char *why = at_id_token_judge(word, &p, keys, nonce, now_s);
    json_decref(keys);
    json_decref(deployments);
    return why;
}

static void assert_word(int64_t now_s, const char *expected)
{
    const char *why = judge("tool-17", "1", WORD_NONCE, now_s);
    if (expected)
        assert_string_equal(why, expected);
    else
        assert_null(why);
}

/* Clocks may differ by a minute, and not by a second more. */
static void a_word_holds_for_a_while(void **state)
{
    (void)state;
    assert_word(WORD_FROM_S - 61, "it is of the future, or does not say of when it is");
    assert_word(WORD_FROM_S - 60, NULL);
    assert_word(WORD_FROM_S, NULL);
    assert_word(WORD_UNTIL_S + 59, NULL);
    assert_word(WORD_UNTIL_S + 60, "it is expired, or does not say when it is");
    assert_string_equal(judge("tool-18", "1", WORD_NONCE, WORD_FROM_S), "it is for another tool");
    assert_string_equal(judge("tool-17", "2", WORD_NONCE, WORD_FROM_S),
                        "it is of a deployment that is not let in here");
    assert_string_equal(judge("tool-17", "1", "0", WORD_FROM_S),
                        "it is not the answer to this login");
}

/* Whatever byte of it is another, it is not its word any more. */
static void no_word_can_be_bent(void **state)
{
    json_t *keys = parse(word_keys), *deployments = json_pack("[s]", "1");
    const at_platform p = {
        .issuer = "https://lms.example", .client_id = "tool-17", .deployments = deployments};
    char bent[sizeof word];
    (void)state;
    for (size_t i = 0; i < sizeof word - 1; i += 7) {
        memcpy(bent, word, sizeof word);
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        if (!at_id_token_judge(bent, &p, keys, WORD_NONCE, WORD_FROM_S))
            fail_msg("bent at %zu", i);
    }
    json_decref(keys);
    json_decref(deployments);
}

/* ---- keys that are fetched ----------------------------------------------------------------------- */

/* A server of one file, which is answered[asked] each time; the last one from then on. */
static struct {
    int listener, asked;
    const char *answers[5];
    pthread_mutex_t lock;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int times_asked(void)
{
    int n;
    pthread_mutex_lock(&server.lock);
    n = server.asked;
    pthread_mutex_unlock(&server.lock);
    return n;
}

static void *serve(void *user)
{
    int client;
    (void)user;
    while ((client = accept(server.listener, NULL, NULL)) >= 0) {
        char request[4096], reply[2048];
        const char *body;
        if (read(client, request, sizeof request) > 0) {
            pthread_mutex_lock(&server.lock);
            body = server.answers[server.asked < 4 ? server.asked : 4];
            server.asked++;
            pthread_mutex_unlock(&server.lock);
            snprintf(reply, sizeof reply,
                     "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     *body ? 200 : 500, strlen(body), body);
            if (write(client, reply, strlen(reply)) < 0)
                break;
        }
        close(client);
    }
    return NULL;
}

static pthread_t begin_server(char *address, size_t size)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    pthread_t thread;
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(server.listener, 8), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&a, &n), 0);
    snprintf(address, size, "http://127.0.0.1:%d/keys", ntohs(a.sin_port));
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    return thread;
}

static void end_server(pthread_t thread)
{
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(server.listener);
}

/* The key that is there once the server was asked so often; "" for none. */
static void assert_key(at_keyring *k, const at_platform *p, int64_t now_us, int asked,
                       const char *expected)
{
    const char *kid = "";
    for (int i = 0; i < 1000; i++) {
        json_t *keys = at_keyring_get(k, p, now_us);
        json_t *first = json_array_get(json_object_get(keys, "keys"), 0);
        kid = first ? json_string_value(json_object_get(first, "kid")) : "";
        const int equal = !strcmp(kid, expected) && times_asked() >= asked;
        json_decref(keys);
        if (equal) {
            assert_int_equal(times_asked(), asked);
            return;
        }
        usleep(10000);
    }
    fail_msg("'%s' after %d requests, not '%s' after %d", kid, times_asked(), expected, asked);
}

/* What the keys' thread said; read when it rests. */
static struct {
    int times;
    char last[256];
} said;

static void note(void *user, const char *text)
{
    (void)user;
    said.times++;
    snprintf(said.last, sizeof said.last, "%s", text);
}

static void keys_are_fetched_and_kept_for_a_while(void **state)
{
    static const int64_t s = 1000000;
    char address[64];
    const pthread_t thread = begin_server(address, sizeof address);
    at_platform p = {.keys_url = address};
    const at_platforms all = {.platform = &p, .n = 1};
    at_keyring *k;
    (void)state;
    server.answers[0] = ""; /* an error */
    server.answers[1] = "{\"keys\":[{\"kid\":\"one\"}]}";
    server.answers[2] = "{\"keys\":[]}"; /* no keys: those before stay */
    server.answers[3] = "{\"keys\":[]}"; /* which is said once */
    server.answers[4] = "{\"keys\":[{\"kid\":\"two\"}]}";
    assert_int_equal(at_keyring_open(&k, &all, (at_worry){note, NULL}, 1 * s, NULL), ATTUNE_OK);
    assert_key(k, &p, 1 * s, 1, "");
    usleep(50000);                  /* for its answer to be taken in */
    at_keyring_want(k, &p, 30 * s); /* a pause after the failure */
    assert_key(k, &p, 30 * s, 1, "");
    at_keyring_want(k, &p, 31 * s);
    assert_key(k, &p, 31 * s, 2, "one");
    at_keyring_want(k, &p, 330 * s); /* fresh */
    usleep(50000);
    assert_key(k, &p, 330 * s, 2, "one");
    at_keyring_want(k, &p, 331 * s);
    assert_key(k, &p, 331 * s, 3, "one");
    usleep(50000);
    at_keyring_want(k, &p, 361 * s);
    assert_key(k, &p, 361 * s, 4, "one");
    usleep(50000);
    at_keyring_want(k, &p, 391 * s);
    assert_key(k, &p, 391 * s, 5, "two");
    assert_key(k, &p, 390 * s + AT_KEYS_OLD_US, 5, "two");
    assert_key(k, &p, 391 * s + AT_KEYS_OLD_US, 5, "");
    at_keyring_free(&k);
    assert_null(k);
    assert_int_equal(said.times, 2); /* the error, and later what were no keys */
    assert_non_null(strstr(said.last, "is no set of keys"));
    assert_non_null(strstr(said.last, address));
    end_server(thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_read),
        cmocka_unit_test(forms_are_written),
        cmocka_unit_test(a_login_comes_back_once),
        cmocka_unit_test(logins_do_not_wait_for_ever),
        cmocka_unit_test(a_word_holds_for_a_while),
        cmocka_unit_test(no_word_can_be_bent),
        cmocka_unit_test(keys_are_fetched_and_kept_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
