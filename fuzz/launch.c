/* Hostile launches: a form's value is what it encodes, without control characters; a word is taken only as it was signed, and
 * only if its claims are right, by whichever keys; platforms are read whole or refused in words. The first byte says which. */
#include "fuzz.h"

#include "base/json.h"
#include "lti/form.h"
#include "lti/id_token.h"
#include "made_word.h"

#include <jose/b64.h>
#include <jose/jwk.h>
#include <jose/jws.h>
#include <string.h>

/* ---- forms ------------------------------------------------------------------------------------ */

/* A line with a name, then a form. */
static void read_form(const char *data, size_t size)
{
    const char *end = memchr(data, '\n', size);
    char name[32] = "", value[256], again[256], written[1024] = "";
    const size_t n = end ? (size_t)(end - data) : 0;
    int found;

    if (!end || n >= sizeof name)
        return;
    memcpy(name, data, n);
    found = at_form_value(end + 1, size - n - 1, name, value, sizeof value);
    FUZZ_CHECK(found >= -1 && found <= 1);
    if (found < 1)
        return;
    for (const char *p = value; *p; p++)
        FUZZ_CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
    FUZZ_CHECK(at_form_add(written, sizeof written, "v", value));
    FUZZ_CHECK(at_form_value(written, strlen(written), "v", again, sizeof again) == 1);
    FUZZ_CHECK(!strcmp(value, again));
}

/* ---- words ------------------------------------------------------------------------------------ */

static json_t *parse(const char *text, size_t size)
{
    json_t *v = NULL;

    at_json_read(&v, text, size, JSON_REJECT_DUPLICATES, NULL);
    return v;
}

static const char *judge(const char *token, const json_t *keys)
{
    static json_t *deployments;
    at_platform p = {.issuer = "https://lms.example", .client_id = "tool-17"};
    const char *why;

    if (!deployments)
        deployments = json_pack("[s]", "1");
    p.deployments = deployments;
    why = at_id_token_judge(token, &p, keys, WORD_NONCE, WORD_FROM_S);
    FUZZ_CHECK(!why || *why);
    return why;
}

/* Any text for a token: the one that was signed is the only one that is taken. */
static void read_word(const char *data, size_t size)
{
    static json_t *keys;
    char token[2048];

    if (!keys)
        keys = parse(word_keys, sizeof word_keys - 1);
    if (size >= sizeof token)
        return;
    memcpy(token, data, size);
    token[size] = 0;
    if (!judge(token, keys)) /* the last character has bits that mean nothing */
        FUZZ_CHECK(!strncmp(token, word, sizeof word - 2));
}

/* Any keys: they take it only with its own among them. */
static void read_keys(const char *data, size_t size)
{
    json_t *keys = parse(data, size);

    if (keys && !judge(word, keys)) {
        json_t *own = parse(word_keys, sizeof word_keys - 1);
        const char *n = json_string_value(
            json_object_get(json_array_get(json_object_get(own, "keys"), 0), "n"));
        int there = 0;
        for (size_t i = 0; i < json_array_size(json_object_get(keys, "keys")); i++) {
            json_t *key = json_array_get(json_object_get(keys, "keys"), i);
            const char *its = json_string_value(json_object_get(key, "n"));
            there |= its && !strncmp(its, n, strlen(n) - 1);
        }
        FUZZ_CHECK(there);
        json_decref(own);
    }
    json_decref(keys);
}

/* ---- claims ----------------------------------------------------------------------------------- */

static char *sign(const char *claims, size_t size, const json_t *key)
{
    json_t *jws = json_pack("{s:o}", "payload", jose_b64_enc(claims, size));
    json_t *header = json_pack("{s:{s:s, s:s}}", "protected", "alg", "RS256", "kid", "own");
    char *token = NULL;

    if (jose_jws_sig(NULL, jws, header, key)) {
        const char *part[3] = {json_string_value(json_object_get(jws, "protected")),
                               json_string_value(json_object_get(jws, "payload")),
                               json_string_value(json_object_get(jws, "signature"))};
        const size_t room = strlen(part[0]) + strlen(part[1]) + strlen(part[2]) + 3;
        token = malloc(room);
        FUZZ_CHECK(token);
        snprintf(token, room, "%s.%s.%s", part[0], part[1], part[2]);
    }
    json_decref(header);
    json_decref(jws);
    return token;
}

static int says(const json_t *claims, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(claims, key));

    return value && !strcmp(value, text);
}

/* Any claims, signed as they should be by a platform that is taken over, as it were. */
static void read_claims(const char *data, size_t size)
{
    static json_t *key, *keys;
    char *token;

    if (!key) {
        key = json_pack("{s:s, s:s, s:i}", "alg", "RS256", "kid", "own", "bits", 2048);
        FUZZ_CHECK(jose_jwk_gen(NULL, key));
        keys = json_pack("{s:[O]}", "keys", key);
    }
    if (size > 4096 || !(token = sign(data, size, key)))
        return;
    if (!judge(token, keys)) {
        json_t *claims = parse(data, size);
        FUZZ_CHECK(says(claims, "iss", "https://lms.example") && says(claims, "nonce", WORD_NONCE));
        FUZZ_CHECK(says(claims, "https://purl.imsglobal.org/spec/lti/claim/deployment_id", "1"));
        FUZZ_CHECK(
            json_object_get(claims, "https://purl.imsglobal.org/spec/lti/claim/resource_link"));
        FUZZ_CHECK(json_number_value(json_object_get(claims, "exp")) > WORD_FROM_S - AT_CLOCKS_S);
        json_decref(claims);
    }
    free(token);
}

/* ---- platforms -------------------------------------------------------------------------------- */

static void read_platforms(const uint8_t *data, size_t size)
{
    attune_error err = {0};
    at_platforms p;

    if (at_platforms_read(&p, fuzz_file(data, size), &err) < 0) {
        FUZZ_CHECK(err.text[0] && !p.root && !p.n);
        return;
    }
    FUZZ_CHECK(p.n >= 1);
    for (int i = 0; i < p.n; i++) {
        const at_platform *one = &p.platform[i];
        FUZZ_CHECK(*one->issuer && *one->client_id && *one->login && !one->keys != !one->keys_url);
        FUZZ_CHECK(at_platforms_find(&p, one->issuer, one->client_id) == one);
        FUZZ_CHECK(at_platform_has_deployment(
            one, json_string_value(json_array_get(one->deployments, 0))));
    }
    at_platforms_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;

    if (size == 0)
        return 0;
    switch (data[0] % 5) {
    case 0: read_form(text, size - 1); break;
    case 1: read_word(text, size - 1); break;
    case 2: read_keys(text, size - 1); break;
    case 3: read_claims(text, size - 1); break;
    default: read_platforms(data + 1, size - 1); break;
    }
    return 0;
}
