/* The parts of the server that know no network: who may ask, what messages say, what waits and what is lost,
 * what is hinted at, where a token is kept. */
#include "serve/access.h"
#include "report/hints.h"
#include "serve/mailbox.h"
#include "serve/options.h"
#include "serve/outbox.h"
#include "serve/rate.h"
#include "serve/token.h"
#include "temp_folder.h"

#include "base/mem.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

/* ---- access -------------------------------------------------------------------------------- */

static at_access served(const char *address, int tls)
{
    at_access a = {.token = TOKEN};
    at_access_serve(&a, address, 8765, tls);
    return a;
}

static void hosts_are_ours(void **state)
{
    static const char *const right[] = {"127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765",
                                        "[::1]:8765"};
    static const char *const wrong[] = {
        "",         "127.0.0.1",  "127.0.0.1:87650", "example.org:8765", "localhost",
        "::1:8765", "[::1]:8766", "127.0.0.1:8765 ", "localhost.",       "127.0.0.2:8765"};
    at_access a = served("127.0.0.1", 0);
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(at_access_judge(&a, &(at_request){.host = right[i], .token = TOKEN}),
                         AT_ALLOWED);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(at_access_judge(&a, &(at_request){.host = wrong[i], .token = TOKEN}),
                         AT_WRONG_HOST);
    assert_int_equal(at_access_judge(&a, &(at_request){.token = TOKEN}), AT_WRONG_HOST);
    /* another address has no such names, but those that it was given */
    a = served("192.0.2.1", 1);
    assert_int_equal(at_access_judge(&a, &(at_request){.host = "localhost:8765", .token = TOKEN}),
                     AT_WRONG_HOST);
    assert_int_equal(at_access_judge(&a, &(at_request){.host = "lab.example:8765", .token = TOKEN}),
                     AT_WRONG_HOST);
    assert_true(at_access_add_host(&a, "lab.example", 8765));
    assert_int_equal(at_access_judge(&a, &(at_request){.host = "lab.example:8765", .token = TOKEN}),
                     AT_ALLOWED);
}

static at_verdict judged(const at_access *a, const char *host, const char *origin)
{
    return at_access_judge(a, &(at_request){.host = host, .origin = origin, .token = TOKEN});
}

/* Browsers leave out a scheme's own port, programs may not; another scheme's is none of ours. */
static void a_schemes_own_port_goes_without_saying(void **state)
{
    at_access a = {.token = TOKEN}, plain = {.token = TOKEN};
    (void)state;
    at_access_serve(&a, "192.0.2.7", 443, 1);
    assert_true(at_access_add_host(&a, "lab.example.org", 443));
    assert_true(at_access_add_host(&a, "2001:db8::443", 443));
    const char *ours[] = {"lab.example.org", "lab.example.org:443", "192.0.2.7", "[2001:db8::443]"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_int_equal(judged(&a, ours[i], NULL), AT_ALLOWED);
    assert_string_equal(a.host[1], "lab.example.org");
    assert_int_equal(judged(&a, "lab.example.org", "https://lab.example.org"), AT_ALLOWED);
    assert_int_equal(judged(&a, "lab.example.org", "https://lab.example.org:443"), AT_ALLOWED);
    assert_int_equal(judged(&a, "lab.example.org", "http://lab.example.org"), AT_WRONG_ORIGIN);
    assert_int_equal(judged(&a, "lab.example.org:80", NULL), AT_WRONG_HOST);
    assert_int_equal(judged(&a, "lab.example.or", NULL), AT_WRONG_HOST);
    at_access_serve(&plain, "127.0.0.1", 80, 0);
    assert_int_equal(judged(&plain, "localhost", "http://localhost"), AT_ALLOWED);
    assert_int_equal(judged(&plain, "localhost:443", NULL), AT_WRONG_HOST);
}

static void origins_are_the_same_or_none(void **state)
{
    at_access a = served("127.0.0.1", 0), s = served("127.0.0.1", 1);
    at_request r = {.host = "127.0.0.1:8765", .token = TOKEN};
    (void)state;
    assert_int_equal(at_access_judge(&a, &r), AT_ALLOWED);
    r.origin = "http://127.0.0.1:8765";
    assert_int_equal(at_access_judge(&a, &r), AT_ALLOWED);
    assert_int_equal(at_access_judge(&s, &r), AT_WRONG_ORIGIN);
    r.origin = "https://127.0.0.1:8765";
    assert_int_equal(at_access_judge(&a, &r), AT_WRONG_ORIGIN);
    assert_int_equal(at_access_judge(&s, &r), AT_ALLOWED);
    static const char *const wrong[] = {"",
                                        "null",
                                        "http://localhost:8765",
                                        "http://127.0.0.1",
                                        "http://127.0.0.1:8765/",
                                        "http://127.0.0.1:8765.example.org"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        r.origin = wrong[i];
        assert_int_equal(at_access_judge(&a, &r), AT_WRONG_ORIGIN);
    }
}

static void the_token_comes_in_three_ways(void **state)
{
    at_access a = served("127.0.0.1", 0);
    (void)state;
    const struct {
        const char *authorization, *cookie, *token;
        at_verdict verdict;
    } cases[] = {
        {NULL, NULL, NULL, AT_WRONG_TOKEN},
        {NULL, NULL, TOKEN, AT_ALLOWED},
        {NULL, NULL, "", AT_WRONG_TOKEN},
        {NULL, NULL, TOKEN "0", AT_WRONG_TOKEN},
        {NULL, NULL, TOKEN TOKEN, AT_WRONG_TOKEN},
        {NULL, NULL, "0123456789abcdef0123456789abcde", AT_WRONG_TOKEN},
        {NULL, NULL, "0123456789abcdef0123456789abcdeF", AT_WRONG_TOKEN},
        {"Bearer " TOKEN, NULL, NULL, AT_ALLOWED},
        {"bearer " TOKEN, NULL, NULL, AT_ALLOWED},
        {"Bearer  " TOKEN, NULL, NULL, AT_WRONG_TOKEN},
        {"Basic " TOKEN, NULL, NULL, AT_WRONG_TOKEN},
        {TOKEN, NULL, NULL, AT_WRONG_TOKEN},
        {NULL, "attune_8765=" TOKEN, NULL, AT_ALLOWED},
        {NULL, "a=1; attune_8765=" TOKEN "; b=2", NULL, AT_ALLOWED},
        {NULL, "attune_8765=old; attune_8765=" TOKEN, NULL, AT_ALLOWED},
        {NULL, "attune_8765=" TOKEN "0", NULL, AT_WRONG_TOKEN},
        {NULL, "attune_8766=" TOKEN, NULL, AT_WRONG_TOKEN},
        {NULL, "xattune_8765=" TOKEN, NULL, AT_WRONG_TOKEN},
        {NULL, "attune_8765", NULL, AT_WRONG_TOKEN},
        {NULL, "attune_8765=", NULL, AT_WRONG_TOKEN},
        {NULL, "; ; ,", NULL, AT_WRONG_TOKEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        at_request r = {.host = "localhost:8765",
                        .authorization = cases[i].authorization,
                        .cookie = cases[i].cookie,
                        .token = cases[i].token};
        assert_int_equal(at_access_judge(&a, &r), cases[i].verdict);
    }
    a.token[0] = 0; /* a server without a token lets nobody in */
    assert_int_equal(at_access_judge(&a, &(at_request){.host = "localhost:8765", .token = ""}),
                     AT_WRONG_TOKEN);
}

/* ---- token --------------------------------------------------------------------------------- */

static void a_token_is_kept_and_forgotten(void **state)
{
    char first[AT_TOKEN_MOST + 1], second[AT_TOKEN_MOST + 1];
    at_token_file file = {0};
    attune_error err = {0};
    struct stat st;
    (void)state;
    made_in_folder("attune");
    setenv("XDG_RUNTIME_DIR", temp_folder, 1);
    assert_int_equal(at_token_keep(first, 1, &file, &err), ATTUNE_OK);
    assert_int_equal(strlen(first), 32);
    assert_int_equal(stat(file.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(at_token_keep(second, 1, &file, &err), ATTUNE_OK);
    assert_string_equal(first, second);
    /* what others could read or put there is not gone on with */
    assert_int_equal(chmod(file.path, 0644), 0);
    assert_int_equal(at_token_keep(second, 1, &file, &err), ATTUNE_OK);
    assert_string_not_equal(first, second);
    unlink(file.path);
    assert_int_equal(symlink("/etc/hostname", file.path), 0);
    assert_int_equal(at_token_keep(first, 1, &file, &err), ATTUNE_OK);
    assert_int_equal(lstat(file.path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    at_token_forget(&file);
    assert_int_equal(access(file.path, F_OK), -1);
    /* nowhere to keep it: there is one all the same */
    setenv("XDG_RUNTIME_DIR", "/proc", 1);
    setenv("HOME", "/proc", 1);
    assert_int_equal(at_token_keep(first, 1, &file, &err), ATTUNE_OK);
    assert_string_equal(file.path, "");
    assert_int_equal(strlen(first), 32);
}

/* ---- messages ------------------------------------------------------------------------------ */

static const char *read_said(const char *text, at_said *out)
{
    return at_wire_read_text(text, strlen(text), out);
}

static void texts_say_what_they_say(void **state)
{
    at_said s;
    (void)state;
    assert_null(read_said("{\"type\":\"hello\",\"version\":1.0}", &s));
    assert_int_equal(s.version, AT_WIRE_VERSION);
    assert_null(read_said("{\"type\":\"hello\",\"version\":1,\"more\":[1,{}]}", &s));
    assert_true(s.kind == AT_SAID_HELLO && s.version == 1 && s.on[0] && s.on[1] && !s.resume[0] &&
                !s.never_keep);
    assert_null(read_said(
        "{\"type\":\"hello\",\"version\":1,\"video\":false,\"keep\":false,\"resume\":\"" TOKEN
        "\"}",
        &s));
    assert_true(!s.on[AT_STREAM_VIDEO] && s.on[AT_STREAM_AUDIO] && s.never_keep);
    assert_string_equal(s.resume, TOKEN);
    assert_null(read_said("{\"type\":\"hello\",\"version\":2}", &s));
    assert_int_equal(s.version, 0);
    assert_null(read_said("{\"type\":\"stream\",\"stream\":\"audio\",\"on\":false}", &s));
    assert_true(s.kind == AT_SAID_STREAM && s.stream == AT_STREAM_AUDIO && !s.there);
    assert_null(read_said("{\"type\":\"keep\",\"consent\":\"1\"}", &s));
    assert_true(s.kind == AT_SAID_KEEP && strcmp(s.consent, "1") == 0);
    assert_null(read_said("{\"type\":\"forget\"}", &s));
    assert_null(read_said("{\"type\":\"end\"}", &s));
    assert_int_equal(s.kind, AT_SAID_END);
    static const char *const wrong[] = {"",
                                        "{",
                                        "[]",
                                        "1",
                                        "{}",
                                        "{\"type\":1}",
                                        "{\"type\":\"x\"}",
                                        "{\"type\":\"hello\"}",
                                        "{\"type\":\"hello\",\"version\":\"1\"}",
                                        "{\"type\":\"hello\",\"version\":1,\"video\":1}",
                                        "{\"type\":\"hello\",\"version\":1,\"resume\":\"../x\"}",
                                        "{\"type\":\"hello\",\"version\":1,\"resume\":\"" TOKEN
                                        "0\"}",
                                        "{\"type\":\"hello\",\"version\":1,\"resume\":7}",
                                        "{\"type\":\"end\",\"type\":\"hello\"}",
                                        "{\"type\":\"stream\",\"stream\":\"video\"}",
                                        "{\"type\":\"stream\",\"on\":true}",
                                        "{\"type\":\"keep\"}",
                                        "{\"type\":\"keep\",\"consent\":\"\"}",
                                        "{\"type\":\"keep\",\"consent\":\"<b>\"}",
                                        "{\"type\":\"keep\",\"consent\":\"a\\u0000b\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_non_null(read_said(wrong[i], &s));
}

static void rows_and_messages_are_read(void **state)
{
    at_said s;
    char many[4096], *at = many;
    (void)state;
    assert_null(read_said(
        "{\"type\":\"signal\",\"rows\":[[0,72.5,null],[0,-1e9,1],[9000000000000000,0,3]]}", &s));
    assert_true(s.kind == AT_SAID_SIGNAL && s.rows == 3 && s.columns == 2);
    assert_true(s.row[0].value[0] == 72.5f && isnan(s.row[0].value[1]));
    assert_true(s.row[1].t_us == 0 && s.row[1].value[0] == -1e9f &&
                s.row[2].t_us == AT_WIRE_TIME_MOST);
    assert_null(read_said("{\"type\":\"signal\",\"rows\":[[5,1,2,3,4,5,6,7,8]]}", &s));
    assert_int_equal(s.columns, ATTUNE_MAX_SIGNALS);
    assert_null(read_said("{\"type\":\"signal\",\"rows\":[[1e6,1],[1000001.0,2]]}", &s));
    assert_int_equal(s.row[1].t_us, 1000001);
    assert_null(read_said("{\"type\":\"chat\",\"t\":7,\"text\":\"h\\u00e4?\"}", &s));
    assert_true(s.kind == AT_SAID_CHAT && s.t_us == 7);
    assert_string_equal(s.text, "h\xc3\xa4?");
    static const char *const wrong[] = {"{\"type\":\"signal\"}",
                                        "{\"type\":\"signal\",\"rows\":[]}",
                                        "{\"type\":\"signal\",\"rows\":{}}",
                                        "{\"type\":\"signal\",\"rows\":[7]}",
                                        "{\"type\":\"signal\",\"rows\":[[7]]}",
                                        "{\"type\":\"signal\",\"rows\":[[7,1,2,3,4,5,6,7,8,9]]}",
                                        "{\"type\":\"signal\",\"rows\":[[7,1],[8,1,2]]}",
                                        "{\"type\":\"signal\",\"rows\":[[7,1],[6,1]]}",
                                        "{\"type\":\"signal\",\"rows\":[[-1,1]]}",
                                        "{\"type\":\"signal\",\"rows\":[[1.5,1]]}",
                                        "{\"type\":\"signal\",\"rows\":[[9000000000000001,1]]}",
                                        "{\"type\":\"signal\",\"rows\":[[99999999999999999999,1]]}",
                                        "{\"type\":\"signal\",\"rows\":[[1,\"1\"]]}",
                                        "{\"type\":\"signal\",\"rows\":[[1,true]]}",
                                        "{\"type\":\"signal\",\"rows\":[[1,1.1e9]]}",
                                        "{\"type\":\"signal\",\"rows\":[[1,-1e300]]}",
                                        "{\"type\":\"signal\",\"rows\":[[1,1e999]]}",
                                        "{\"type\":\"signal\",\"rows\":[[1,NaN]]}",
                                        "{\"type\":\"chat\",\"text\":\"x\"}",
                                        "{\"type\":\"chat\",\"t\":-1,\"text\":\"x\"}",
                                        "{\"type\":\"chat\",\"t\":0.5,\"text\":\"x\"}",
                                        "{\"type\":\"chat\",\"t\":1e30,\"text\":\"x\"}",
                                        "{\"type\":\"chat\",\"t\":1}",
                                        "{\"type\":\"chat\",\"t\":1,\"text\":\"\"}",
                                        "{\"type\":\"chat\",\"t\":1,\"text\":[\"x\"]}",
                                        "{\"type\":\"chat\",\"t\":1,\"text\":\"a\\u0000b\"}",
                                        "{\"type\":\"chat\",\"t\":1,\"text\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (!read_said(wrong[i], &s))
            fail_msg("%s", wrong[i]);
    at += sprintf(at, "{\"type\":\"signal\",\"rows\":[[0,1]");
    for (int i = 1; i < AT_WIRE_ROWS; i++)
        at += sprintf(at, ",[%d,1]", i);
    strcpy(at, "]}");
    assert_null(read_said(many, &s));
    assert_int_equal(s.rows, AT_WIRE_ROWS);
    strcpy(at, ",[64,1]]}");
    assert_non_null(read_said(many, &s));
}

static void bytes_say_what_they_say(void **state)
{
    uint8_t m[AT_WIRE_HEADER + 4] = {1,    2, 0, 0, 7, 1, 0, 0, 0x40, 0x42,
                                     0x0f, 0, 0, 0, 0, 0, 1, 2, 3,    4};
    at_sent s;
    int large;
    (void)state;
    assert_null(at_wire_read_binary(m, sizeof m, &s, &large));
    assert_true(s.stream == AT_STREAM_AUDIO && s.sequence == 263 && s.t_us == 1000000 &&
                s.size == 4);
    assert_ptr_equal(s.data, m + 16);
    assert_non_null(at_wire_read_binary(m, sizeof m - 1, &s, &large)); /* half a sample */
    m[1] = 1;
    assert_null(at_wire_read_binary(m, sizeof m - 1, &s, &large));
    assert_int_equal(s.stream, AT_STREAM_VIDEO);
    for (size_t n = 0; n <= AT_WIRE_HEADER; n++)
        assert_non_null(at_wire_read_binary(m, n, &s, &large));
    for (int i = 0; i < 4; i++) { /* version, kind, and what has to be 0 */
        m[i] += 2;
        assert_non_null(at_wire_read_binary(m, sizeof m, &s, &large));
        m[i] -= 2;
    }
    m[15] = 0x80; /* before 0 */
    assert_non_null(at_wire_read_binary(m, sizeof m, &s, &large));
    m[15] = 1; /* in the year 4000 */
    assert_non_null(at_wire_read_binary(m, sizeof m, &s, &large));
    assert_false(large);
    uint8_t *big = calloc(1, AT_WIRE_BINARY_MOST + 1);
    assert_non_null(big);
    big[0] = 1;
    big[1] = 1;
    assert_null(at_wire_read_binary(big, AT_WIRE_BINARY_MOST, &s, &large));
    assert_non_null(at_wire_read_binary(big, AT_WIRE_BINARY_MOST + 1, &s, &large));
    assert_true(large);
    big[1] = 2;
    assert_null(at_wire_read_binary(big, AT_WIRE_HEADER + AT_WIRE_SOUND_MOST, &s, &large));
    assert_non_null(at_wire_read_binary(big, AT_WIRE_HEADER + AT_WIRE_SOUND_MOST + 2, &s, &large));
    assert_true(large);
    free(big);
}

static json_t *parsed(char *text)
{
    json_t *o = text ? json_loads(text, 0, NULL) : NULL;
    assert_non_null(o);
    free(text);
    return o;
}

static const char *member(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static void answers_are_json(void **state)
{
    static const char *const columns[] = {"heart_rate", "clicks", NULL};
    const attune_beside_setup beside = {.signals = columns, .events = 2, .chat = 1};
    const attune_options options = {.rate = 8, .window_s = 3, .hop_s = 0.5},
                         with_beside = {.rate = 8, .window_s = 3, .hop_s = 0.5, .beside = &beside};
    at_standing standing = {.t_us = 5,
                            .lag_us = 12345,
                            .queued = 2,
                            .hints = 1u << AT_HINT_NOISE,
                            .dropped_beside = -1};
    json_t *o, *list;
    (void)state;
    o = parsed(at_wire_welcome(
        &(at_welcome){.session = TOKEN, .options = &options, .model = "m", .precision = "int8"}));
    assert_string_equal(json_string_value(json_object_get(o, "precision")), "int8");
    assert_string_equal(member(o, "type"), "welcome");
    assert_int_equal(json_array_size(json_object_get(o, "emotions")), ATTUNE_EMOTIONS);
    assert_null(json_object_get(o, "signals"));
    json_decref(o);
    o = parsed(
        at_wire_welcome(&(at_welcome){.session = TOKEN, .options = &with_beside, .model = "m"}));
    list = json_object_get(o, "signals");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(member(json_array_get(list, 1), "name"), "clicks");
    assert_true(json_is_true(json_object_get(json_array_get(list, 1), "events")));
    assert_true(json_is_false(json_object_get(json_array_get(list, 0), "events")));
    assert_true(json_is_true(json_object_get(o, "chat")));
    json_decref(o);
    o = parsed(at_wire_window("{\"end_s\":1.5}\n", 14));
    assert_string_equal(member(o, "type"), "window");
    assert_true(json_real_value(json_object_get(o, "end_s")) == 1.5);
    json_decref(o);
    assert_null(at_wire_window("", 0));
    o = parsed(at_wire_state(&standing));
    assert_int_equal(json_integer_value(json_object_get(o, "lag_ms")), 12);
    assert_string_equal(json_string_value(json_array_get(json_object_get(o, "hints"), 0)), "noise");
    assert_null(json_object_get(o, "dropped_beside"));
    json_decref(o);
    standing.dropped_beside = 0;
    o = parsed(at_wire_state(&standing));
    assert_int_equal(json_integer_value(json_object_get(o, "dropped_beside")), 0);
    assert_non_null(json_object_get(o, "dropped_beside"));
    json_decref(o);
    o = parsed(at_wire_error(AT_REFUSED_TOO_FAST, "a \"text\""));
    assert_string_equal(member(o, "code"), "too_fast");
    assert_string_equal(member(o, "text"), "a \"text\"");
    json_decref(o);
    o = parsed(at_wire_ended("{\"a\": 1}", 1));
    assert_true(json_is_object(json_object_get(o, "summary")));
    json_decref(o);
    assert_int_equal(at_wire_close_code(AT_REFUSED_BUSY), 1013);
}

/* ---- what waits ---------------------------------------------------------------------------- */

static void put(at_mailbox *m, at_stream stream, int64_t t, size_t size)
{
    at_mailbox_put(
        m, &(at_item){.stream = stream, .t_us = t, .data = at_alloc(size, 1), .size = size});
}

static void a_mailbox_loses_what_is_least_missed(void **state)
{
    at_mailbox m = {0};
    at_item item;
    (void)state;
    put(&m, AT_STREAM_AUDIO, 0, 3200);
    for (int i = 0; i < 10; i++)
        put(&m, AT_STREAM_VIDEO, i, 10);
    assert_int_equal(m.n, 9);
    assert_int_equal(m.dropped_pictures, 2);
    assert_true(at_mailbox_take(&m, &item));
    assert_int_equal(item.stream, AT_STREAM_AUDIO);
    at_free(item.data);
    static const int left[] = {0, 2, 4, 5,
                               6, 7, 8, 9}; /* thinned out, and the oldest still there */
    for (int i = 0; i < 8; i++)
        assert_int_equal(m.item[i].t_us, left[i]);
    assert_true(at_mailbox_take(&m, &item));
    assert_int_equal(item.t_us, 0);
    at_free(item.data);
    for (int i = 0; i < 25; i++)
        put(&m, AT_STREAM_AUDIO, i, 3200);
    assert_int_equal(m.sound_us, 2000000);
    assert_int_equal(m.dropped_sound_us, 500000);
    assert_int_equal(m.pictures, 7);
    for (int i = 0; i < 100; i++)
        put(&m, AT_STREAM_AUDIO, i, 2);
    assert_int_equal(m.n - m.pictures, AT_MAILBOX_SOUNDS);
    at_mailbox_clear(&m);
    /* one that is behind for good still gets pictures to their turn, with all sound before them */
    int seen = 0;
    for (int i = 0; i < 1000; i++) {
        put(&m, AT_STREAM_VIDEO, i * 125000, 10);
        put(&m, AT_STREAM_AUDIO, i * 125000, 4000);
        if (i > 14 && at_mailbox_take(&m, &item)) {
            seen += item.stream == AT_STREAM_VIDEO;
            at_free(item.data);
        }
    }
    assert_true(seen > 300);
    at_mailbox_clear(&m);
    assert_int_equal(m.n + m.pictures, 0);
    assert_int_equal(m.sound_us, 0);
    assert_false(at_mailbox_take(&m, &item));
}

/* What lies beside is thinned by itself, the oldest first, and counted by rows. */
static void a_mailbox_holds_so_much_beside(void **state)
{
    at_mailbox m = {0};
    at_item item;
    (void)state;
    put(&m, AT_STREAM_SIGNAL, 0, 3 * sizeof(at_row));
    put(&m, AT_STREAM_VIDEO, 0, 10);
    put(&m, AT_STREAM_CHAT, 0, 10);
    for (int i = 2; i < AT_MAILBOX_BESIDES; i++)
        put(&m, AT_STREAM_SIGNAL, i, sizeof(at_row));
    assert_int_equal(m.dropped_beside, 0);
    put(&m, AT_STREAM_CHAT, 100, 10);
    assert_int_equal(m.dropped_beside, 3);
    put(&m, AT_STREAM_SIGNAL, 101, sizeof(at_row));
    assert_int_equal(m.dropped_beside, 4);
    assert_int_equal(m.besides, AT_MAILBOX_BESIDES);
    for (int i = 0; i < 2 * AT_MAILBOX_SOUNDS; i++)
        put(&m, AT_STREAM_AUDIO, i, 2);
    assert_int_equal(m.n, AT_MAILBOX_BESIDES + AT_MAILBOX_SOUNDS + 1);
    assert_true(at_mailbox_take(&m, &item));
    assert_int_equal(item.stream, AT_STREAM_VIDEO);
    at_free(item.data);
    at_mailbox_clear(&m);
    assert_int_equal(m.besides, 0);
}

static void an_outbox_loses_windows_only(void **state)
{
    at_outbox o = {0};
    char text[16], *first;
    (void)state;
    at_outbox_put(&o, strdup("kept"), 0);
    for (int i = 0; i < 70; i++) {
        snprintf(text, sizeof text, "%d", i);
        at_outbox_put(&o, strdup(text), 1);
    }
    at_outbox_put(&o, strdup("ended"), 0);
    at_outbox_put(&o, NULL, 1);
    assert_int_equal(o.lost_windows, 7);
    first = at_outbox_take(&o);
    assert_string_equal(first, "kept");
    free(first);
    for (int i = 6; i < 70; i++) {
        first = at_outbox_take(&o);
        assert_int_equal(atoi(first), i);
        free(first);
    }
    first = at_outbox_take(&o);
    assert_string_equal(first, "ended");
    free(first);
    assert_null(at_outbox_take(&o));
    for (int i = 0; i < 100; i++)
        at_outbox_put(&o, strdup("x"), 0);
    assert_int_equal(o.n, AT_OUTBOX_OTHERS);
    at_outbox_clear(&o);
}

static void a_rate_allows_a_burst_and_then_its_rate(void **state)
{
    at_rate r = {.per_s = 10, .burst = 20};
    int allowed = 0;
    (void)state;
    for (int i = 0; i < 100; i++)
        allowed += at_rate_allows(&r, 1000);
    assert_int_equal(allowed, 20);
    for (int64_t t = 0; t < 10000000; t += 10000)
        allowed += at_rate_allows(&r, 1000 + t);
    assert_in_range(allowed, 118, 121);
    assert_true(at_rate_allows(&r, INT64_C(1000000000000)));
}

/* ---- hints --------------------------------------------------------------------------------- */

static attune_window good_window(void)
{
    return (attune_window){.track = 1,
                           .condition = {0.9F, 0.9F},
                           .quality = {.sharpness = 0.8F,
                                       .brightness = 0.5F,
                                       .face_size = 50,
                                       .face_share = 1,
                                       .snr_db = 20,
                                       .speech_share = 0.6F}};
}

static void hints_are_of_what_is_wrong(void **state)
{
    attune_window w = good_window();
    (void)state;
    assert_int_equal(at_hints_of(&w, 1, 1), 0);
#define HINTS(member, value, hint)                           \
    do {                                                     \
        w = good_window();                                   \
        w.member = value;                                    \
        assert_int_equal(at_hints_of(&w, 1, 1), 1u << hint); \
    } while (0)
    HINTS(quality.brightness, 0.1F, AT_HINT_FACE_DARK);
    HINTS(quality.brightness, 0.95F, AT_HINT_FACE_BRIGHT);
    HINTS(quality.coverage, 0.6F, AT_HINT_FACE_COVERED);
    HINTS(quality.face_size, 8, AT_HINT_SMALL_FACE);
    HINTS(quality.sharpness, 0.1F, AT_HINT_BLURRED);
    HINTS(quality.yaw, -60, AT_HINT_TURNED);
    HINTS(quality.pitch, 60, AT_HINT_TURNED);
    HINTS(quality.face_share, 0.1F, AT_HINT_NO_FACE);
    HINTS(quality.face_share, NAN, AT_HINT_NO_FACE);
    HINTS(track, 0, AT_HINT_NO_FACE);
    HINTS(quality.speech_share, 0, AT_HINT_NO_VOICE);
    HINTS(quality.speech_share, NAN, AT_HINT_NO_VOICE);
    HINTS(quality.snr_db, 2, AT_HINT_NOISE);
    HINTS(condition[ATTUNE_VOICE], 0, AT_HINT_NOISE);
#undef HINTS
    w = (attune_window){0};
    assert_int_equal(at_hints_of(&w, 0, 0), 0);
    assert_int_equal(at_hints_of(&w, 1, 0), 1u << AT_HINT_NO_FACE);
    w = good_window();
    w.quality.brightness = 0.1F; /* of a face that is not there any more */
    w.quality.speech_share = 0;
    assert_int_equal(at_hints_without_face(at_hints_of(&w, 1, 1)),
                     1u << AT_HINT_NO_FACE | 1u << AT_HINT_NO_VOICE);
    assert_string_equal(at_hint_name(AT_HINT_NO_FACE), "no_face");
    assert_null(at_hint_name(AT_HINTS));
}

/* ---- options ------------------------------------------------------------------------------- */

static void options_are_checked(void **state)
{
    attune_serve_options o;
    attune_error err = {0};
    (void)state;
    assert_int_equal(at_serve_options_fill(&o, NULL, &err), ATTUNE_OK);
    assert_string_equal(o.bind, "127.0.0.1");
    assert_int_equal(o.port, 8765);
    assert_int_equal(o.max_sessions, 12);
    assert_int_equal(o.session.threads, 1);
    assert_true(o.session.rate == 8 && o.session.hop_s == 0.5);
    const char *lab = "lab.example";
    const attune_serve_options right[] = {
        {.bind = "::1"},
        {.port = -1},
        {.bind = "192.0.2.1", .cert = "c", .key = "k", .token_file = "t"},
        {.bind = "0.0.0.0",
         .cert = "c",
         .key = "k",
         .token_file = "t",
         .hosts = &lab,
         .n_hosts = 1}};
    const attune_serve_options wrong[] = {
        {.bind = "localhost"},
        {.bind = "0.0.0.0"},
        {.bind = "192.0.2.1"},
        {.port = 65536},
        {.max_sessions = 1001},
        {.max_sessions = -1},
        {.cert = "c"},
        {.key = "k"},
        {.threads = -1},
        {.n_hosts = 5},
        {.bind = "192.0.2.1", .cert = "c", .key = "k"},
        {.bind = "192.0.2.1", .token_file = "t"},
        {.bind = "::", .cert = "c", .key = "k", .token_file = "t"}};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(at_serve_options_fill(&o, &right[i], &err), ATTUNE_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(at_serve_options_fill(&o, &wrong[i], &err), ATTUNE_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_ours),
        cmocka_unit_test(a_schemes_own_port_goes_without_saying),
        cmocka_unit_test(origins_are_the_same_or_none),
        cmocka_unit_test(the_token_comes_in_three_ways),
        cmocka_unit_test_setup_teardown(a_token_is_kept_and_forgotten, make_folder, remove_folder),
        cmocka_unit_test(texts_say_what_they_say),
        cmocka_unit_test(rows_and_messages_are_read),
        cmocka_unit_test(bytes_say_what_they_say),
        cmocka_unit_test(answers_are_json),
        cmocka_unit_test(a_mailbox_loses_what_is_least_missed),
        cmocka_unit_test(a_mailbox_holds_so_much_beside),
        cmocka_unit_test(an_outbox_loses_windows_only),
        cmocka_unit_test(a_rate_allows_a_burst_and_then_its_rate),
        cmocka_unit_test(hints_are_of_what_is_wrong),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
