#include "xapi/post.h"

#include "base/endpoint.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/curl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_S 30.0

struct at_post {
    at_curl curl;
    CURL *handle;
    struct curl_slist *headers;
    const attune_xapi_sending *o;
};

/* 200 is what a hotel's login page says; a store answers a PUT with 204 and nothing else. What asks for another
 * time (408, 425, 429) is no refusal. */
attune_xapi_state at_post_state(long status)
{
    if (status == 204)
        return ATTUNE_XAPI_SENT;
    if (status == 409)
        return ATTUNE_XAPI_CONFLICT;
    if (status == 408 || status == 425 || status == 429)
        return ATTUNE_XAPI_WAITING;
    return status >= 300 && status < 500 ? ATTUNE_XAPI_REFUSED : ATTUNE_XAPI_WAITING;
}

/* ---- the connection ------------------------------------------------------------------------------ */

static size_t hang_up(char *data, size_t size, size_t n, void *user)
{
    (void)data, (void)size, (void)n, (void)user;
    return 0;
}

static int watch(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const at_post *p = user;

    (void)a, (void)b, (void)c, (void)d;
    return p->o->stop && p->o->stop(p->o->user_data);
}

static int add_header(at_post *p, const char *line)
{
    struct curl_slist *longer = p->curl.slist_append(p->headers, line);

    if (longer)
        p->headers = longer;
    return longer != NULL;
}

static int add_headers(at_post *p)
{
    return add_header(p, "Content-Type: application/json") &&
           add_header(p, "X-Experience-API-Version: 1.0.3") && add_header(p, "Accept:") &&
           add_header(p, "Expect:"); /* no waiting for a hundred */
}

static int set_up(at_post *p)
{
    const attune_xapi_sending *o = p->o;
    const double timeout_s = o->timeout_s > 0 ? o->timeout_s : DEFAULT_TIMEOUT_S;
    int bad = at_curl_set_safe(&p->curl, p->handle, at_endpoint_is_plain(o->store), timeout_s);

#define SET(option, value) (bad = bad || p->curl.easy_setopt(p->handle, option, value))
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    SET(CURLOPT_USERNAME, o->user);
    SET(CURLOPT_PASSWORD, o->secret);
    SET(CURLOPT_WRITEFUNCTION, hang_up);
    SET(CURLOPT_XFERINFOFUNCTION, watch);
    SET(CURLOPT_XFERINFODATA, (void *)p);
    SET(CURLOPT_HTTPHEADER, p->headers);
    SET(CURLOPT_CUSTOMREQUEST, "PUT");
    if (o->ca)
        SET(CURLOPT_CAINFO, o->ca);
#undef SET
    return !bad;
}

static int has_control(const char *text)
{
    while ((unsigned char)*text >= 0x20 && *text != 0x7f)
        text++;
    return *text != 0;
}

static int check(const attune_xapi_sending *o, attune_error *err)
{
    if (!o->user || !*o->user || !o->secret || !*o->secret)
        return at_fail(err, ATTUNE_E_ARG, "sending needs the store's key: a user and a secret");
    if (has_control(o->user) || has_control(o->secret))
        return at_fail(err, ATTUNE_E_ARG, "the store's key has control characters");
    if (o->timeout_s < 0 || o->timeout_s > 600)
        return at_fail(err, ATTUNE_E_ARG, "a statement is waited for 1 to 600 seconds");
    if (o->ca && access(o->ca, R_OK) != 0)
        return at_fail(err, ATTUNE_E_ARG, "%s: cannot be read", o->ca);
    return ATTUNE_OK;
}

int at_post_open(at_post **out, const attune_xapi_sending *o, attune_error *err)
{
    at_post *p;
    int rc = check(o, err);

    *out = NULL;
    if (rc < 0)
        return rc;
    if (!(p = at_calloc(1, sizeof *p)))
        return at_fail_nomem(err);
    p->o = o;
    rc = at_curl_load(&p->curl, err);
    if (rc == ATTUNE_OK) {
        p->handle = p->curl.easy_init();
        if (!p->handle || !add_headers(p) || !set_up(p))
            rc = at_fail(err, ATTUNE_E_UNSUPPORTED,
                         "libcurl cannot be set up: memory is out, or it is too old");
    }
    if (rc < 0)
        at_post_free(&p);
    *out = p;
    return rc;
}

void at_post_free(at_post **p)
{
    at_post *q = *p;

    if (!q)
        return;
    if (q->handle)
        q->curl.easy_cleanup(q->handle);
    if (q->headers)
        q->curl.slist_free_all(q->headers);
    at_free(q);
    *p = NULL;
}

/* ---- a statement --------------------------------------------------------------------------------- */

static void take_answer(at_post *p, CURLcode code, at_answer *out)
{
    long status = 0;
    curl_off_t asked = 0;

    p->curl.easy_getinfo(p->handle, CURLINFO_RESPONSE_CODE, &status);
    p->curl.easy_getinfo(p->handle, CURLINFO_RETRY_AFTER, &asked);
    out->asked_s = asked > 0 ? asked : 0;
    if (status >= 200 && (code == CURLE_OK || code == CURLE_WRITE_ERROR)) {
        out->state = at_post_state(status);
        snprintf(out->text, sizeof out->text, "%ld", status);
    } else {
        out->state = ATTUNE_XAPI_WAITING;
        snprintf(out->text, sizeof out->text, "%s", at_curl_words(code));
    }
}

int at_post_put(at_post *p, const char *id, const char *body, at_answer *out, attune_error *err)
{
    char url[ATTUNE_XAPI_ADDRESS_BYTES + 96];
    CURLcode code;

    snprintf(url, sizeof url, "%s/statements?statementId=%s", p->o->store, id);
    if (p->curl.easy_setopt(p->handle, CURLOPT_URL, url) ||
        p->curl.easy_setopt(p->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body)) ||
        p->curl.easy_setopt(p->handle, CURLOPT_POSTFIELDS, body))
        return at_fail_nomem(err);
    code = p->curl.easy_perform(p->handle);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return at_fail(err, ATTUNE_E_INTERRUPTED, "stopped");
    take_answer(p, code, out);
    return ATTUNE_OK;
}
