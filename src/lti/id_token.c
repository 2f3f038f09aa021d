#include "lti/id_token.h"

#include "base/json.h"
#include "base/mem.h"

#include <jose/b64.h>
#include <jose/cfg.h>
#include <jose/jws.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define CLAIM "https://purl.imsglobal.org/spec/lti/claim/"
enum { MODULUS_LEAST = 256 /* bytes: RSA of 2048 bits */ };

static const char malformed[] = "it is no signed token";
static const char no_memory[] = "memory is out";

/* ---- parts ---------------------------------------------------------------------------------------- */

/* A token's three parts, as JSON would have it (RFC 7515, 7.2.2). NULL: it has not three, or memory is out. */
static json_t *split(const char *token)
{
    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;

    if (!second || strchr(second + 1, '.') || !second[1])
        return NULL;
    return json_pack("{s:s%, s:s%, s:s}", "protected", token, (size_t)(first - token), "payload",
                     first + 1, (size_t)(second - first - 1), "signature", second + 1);
}

/* An object in base64url. NULL: it is none. */
static json_t *open_part(const json_t *jws, const char *part)
{
    const json_t *text = json_object_get(jws, part);
    size_t n = jose_b64_dec(text, NULL, 0);
    json_t *object = NULL;
    char *bytes;

    if (n == SIZE_MAX || n > AT_ID_TOKEN_MOST || !(bytes = at_alloc(n + 1, 1)))
        return NULL;
    n = jose_b64_dec(text, bytes, n);
    if (n != SIZE_MAX)
        at_json_read(&object, bytes, n, JSON_REJECT_DUPLICATES, NULL);
    at_free(bytes);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

static int is_text(const json_t *object, const char *key, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text && !strcmp(text, expected);
}

/* ---- the signature -------------------------------------------------------------------------------- */

/* Keys that a token brings along (jwk, jku, x5c, x5u) are not looked at. */
static const char *judge_header(const json_t *header)
{
    if (!is_text(header, "alg", "RS256"))
        return "it is not signed with RS256";
    if (json_object_get(header, "crit"))
        return "its header asks for what is not known";
    if (!json_is_string(json_object_get(header, "kid")))
        return "it does not say by which key it is signed";
    return NULL;
}

/* Whether a key of the platform's may sign: for that and nothing else, and long enough. */
static int may_sign(const json_t *key)
{
    const json_t *use = json_object_get(key, "use"), *alg = json_object_get(key, "alg");
    const size_t modulus = jose_b64_dec(json_object_get(key, "n"), NULL, 0);

    return is_text(key, "kty", "RSA") && (!use || is_text(key, "use", "sig")) &&
           (!alg || is_text(key, "alg", "RS256")) && modulus != SIZE_MAX &&
           modulus >= MODULUS_LEAST;
}

/* The public key of that number and nothing else of it. NULL: there is none, or there are two. */
static json_t *find_key(const json_t *keys, const char *kid)
{
    const json_t *set = json_object_get(keys, "keys"), *found = NULL;

    for (size_t i = 0; i < json_array_size(set); i++) {
        const json_t *key = json_array_get(set, i);
        if (!is_text(key, "kid", kid) || !may_sign(key))
            continue;
        if (found)
            return NULL;
        found = key;
    }
    return found ? json_pack("{s:s, s:s, s:O, s:O}", "kty", "RSA", "alg", "RS256", "n",
                             json_object_get(found, "n"), "e", json_object_get(found, "e"))
                 : NULL;
}

/* It would print. */
static void say_nothing(void *misc, const char *file, int line, uint64_t code, const char *fmt,
                        va_list args)
{
    (void)misc, (void)file, (void)line, (void)code, (void)fmt, (void)args;
}

static const char *judge_signature(const json_t *jws, const json_t *header, const json_t *keys)
{
    json_t *key = find_key(keys, json_string_value(json_object_get(header, "kid")));
    jose_cfg_t *quiet;
    const char *why = NULL;

    if (!key)
        return "it is signed by no key of the platform's";
    quiet = jose_cfg();
    if (!quiet) {
        why = no_memory;
    } else {
        jose_cfg_set_err_func(quiet, say_nothing, NULL);
        if (!jose_jws_ver(quiet, jws, NULL, key, false))
            why = "its signature is wrong";
        jose_cfg_decref(quiet);
    }
    json_decref(key);
    return why;
}

/* ---- claims --------------------------------------------------------------------------------------- */

/* One audience, or among several with us as the party that it is for (azp). */
static const char *judge_audience(const json_t *claims, const char *client)
{
    const json_t *aud = json_object_get(claims, "aud");
    int for_us = is_text(claims, "aud", client);

    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        for_us |= one && !strcmp(one, client);
    }
    if (!for_us)
        return "it is for another tool";
    if ((json_array_size(aud) > 1 || json_object_get(claims, "azp")) &&
        !is_text(claims, "azp", client))
        return "it is for another party";
    return NULL;
}

static double seconds(const json_t *claims, const char *key)
{
    const json_t *value = json_object_get(claims, key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* NaN is within nothing. */
static const char *judge_time(const json_t *claims, int64_t now_s)
{
    const double now = (double)now_s, exp = seconds(claims, "exp"), iat = seconds(claims, "iat");

    if (!(exp > now - AT_CLOCKS_S))
        return "it is expired, or does not say when it is";
    if (!(iat <= now + AT_CLOCKS_S))
        return "it is of the future, or does not say of when it is";
    if (!(iat > now - AT_ID_TOKEN_AGE_S))
        return "it is too old";
    if (json_object_get(claims, "nbf") && !(seconds(claims, "nbf") <= now + AT_CLOCKS_S))
        return "it is not valid yet";
    return NULL;
}

/* A string of 1 to most bytes. */
static int is_word(const json_t *value, size_t most)
{
    const size_t n = json_string_length(value);

    return n > 0 && n <= most;
}

/* What a launch has to say, and nothing of it is kept (LTI 1.3, 5.3; without a subject it is of nobody in particular, 5.3.6.1). */
static const char *judge_message(const json_t *claims)
{
    enum { ID = 255, URL = AT_ID_TOKEN_MOST };
    const json_t *subject = json_object_get(claims, "sub");
    const json_t *resource = json_object_get(claims, CLAIM "resource_link");

    if (!is_word(json_object_get(resource, "id"), ID))
        return "it does not say which resource it is of";
    if (!json_is_array(json_object_get(claims, CLAIM "roles")))
        return "it does not say in which roles its person is";
    if (!is_word(json_object_get(claims, CLAIM "target_link_uri"), URL))
        return "it does not say where it leads";
    if (subject && !is_word(subject, ID))
        return "its subject is none";
    return NULL;
}

static const char *judge_launch(const json_t *claims, const at_platform *p)
{
    const char *deployment = json_string_value(json_object_get(claims, CLAIM "deployment_id"));

    if (!is_text(claims, CLAIM "message_type", "LtiResourceLinkRequest"))
        return "it is no launch of a resource";
    if (!is_text(claims, CLAIM "version", "1.3.0"))
        return "it is of another version of LTI than 1.3.0";
    if (!deployment || !at_platform_has_deployment(p, deployment))
        return "it is of a deployment that is not let in here";
    return judge_message(claims);
}

static const char *judge_claims(const json_t *claims, const at_platform *p, const char *nonce,
                                int64_t now_s)
{
    const char *why = judge_audience(claims, p->client_id);

    if (!is_text(claims, "iss", p->issuer))
        return "it is of another platform";
    why = why ? why : judge_time(claims, now_s);
    if (!why && !is_text(claims, "nonce", nonce))
        why = "it is not the answer to this login";
    return why ? why : judge_launch(claims, p);
}

int at_late_signatures(attune_error *err); /* made by base/late.py */

const char *at_id_token_judge(const char *token, const at_platform *p, const json_t *keys,
                              const char *nonce, int64_t now_s)
{
    if (at_late_signatures(NULL) < 0)
        return "signatures cannot be checked here: libjose cannot be loaded";
    json_t *jws = strlen(token) <= AT_ID_TOKEN_MOST ? split(token) : NULL;
    json_t *header = open_part(jws, "protected"), *claims = open_part(jws, "payload");
    const char *why = jws && header && claims ? judge_header(header) : malformed;

    why = why ? why : judge_signature(jws, header, keys);
    why = why ? why : judge_claims(claims, p, nonce, now_s);
    json_decref(claims);
    json_decref(header);
    json_decref(jws);
    return why;
}
