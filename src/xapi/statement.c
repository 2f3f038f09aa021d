#include "xapi/statement.h"

#include "base/error.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Names, not addresses: under .invalid nothing can ever be registered (RFC 2606). */
#define PROFILE   "https://attune.invalid/xapi/1"
#define EXTENSION PROFILE "/extensions/"
#define VERBS     "http://adlnet.gov/expapi/verbs/"

static const char what_it_is[] =
    "What an onlooker would say a face and a voice showed, as estimated by a program: shares of the "
    "time and mean levels, with 95 % intervals. Not what a person felt, attended to or understood. "
    "Not for grading, proctoring, or any decision about a person.";

static int fail_number(attune_error *err)
{
    return at_fail(err, ATTUNE_E_FORMAT, "a consent in the store holds what no attune wrote");
}

static int named(char out[AT_UUID_BYTES], const at_speaker *by, const char *kind, int64_t session,
                 attune_error *err)
{
    char name[64];

    snprintf(name, sizeof name, "%s/%lld", kind, (long long)session);
    return at_uuid_named(out, by->token, name) ? ATTUNE_OK : fail_number(err);
}

int at_statement_id(char out[AT_UUID_BYTES], const at_speaker *by, int64_t session,
                    attune_error *err)
{
    return named(out, by, "statement", session, err);
}

/* Steals root. */
static int finish(char **out, json_t *root, attune_error *err)
{
    *out = at_json_write(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(root);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}

/* ---- parts; NULL: out of memory ------------------------------------------------------------------ */

static json_t *actor(const at_speaker *by)
{
    return json_pack("{s:s, s:{s:s, s:s}}", "objectType", "Agent", "account", "homePage",
                     by->consent.home, "name", by->consent.account);
}

static json_t *verb(const char *id, const char *word)
{
    return json_pack("{s:s, s:{s:s}}", "id", id, "display", "en", word);
}

static json_t *object(const char *id)
{
    char urn[AT_UUID_BYTES + 16];

    snprintf(urn, sizeof urn, "urn:uuid:%s", id);
    return json_pack("{s:s, s:s, s:{s:s, s:{s:s}, s:{s:s}}}", "objectType", "Activity", "id", urn,
                     "definition", "type", PROFILE "/activities/session", "name", "en",
                     "A session of perceived expression", "description", "en", what_it_is);
}

static void put_part(json_t **extensions, const char *name, json_t *figures, const char *member)
{
    char key[128];
    json_t *part = json_object_get(figures, member);

    snprintf(key, sizeof key, EXTENSION "%s", name);
    at_json_put(extensions, key, part ? json_incref(part) : json_null());
}

/* Only what the consent names. */
static json_t *extensions(const at_speaker *by, json_t *figures)
{
    json_t *out = json_object();
    const unsigned what = by->consent.what;

    put_part(&out, "withheld", figures, "withheld");
    put_part(&out, "seconds-with-evidence", figures, "seconds");
    if (what & ATTUNE_XAPI_EXPRESSION)
        put_part(&out, "perceived-expression", figures, "expression");
    if (what & ATTUNE_XAPI_ENGAGEMENT)
        put_part(&out, "perceived-engagement", figures, "engagement");
    if (what & ATTUNE_XAPI_STATES)
        put_part(&out, "perceived-states", figures, "states");
    return out;
}

static json_t *result(const at_speaker *by, json_t *record, json_t *figures)
{
    char duration[48];

    /* xAPI: hundredths of a second */
    snprintf(duration, sizeof duration, "PT%.2fS",
             json_number_value(json_object_get(record, "seconds")));
    return json_pack("{s:s, s:o}", "duration", duration, "extensions", extensions(by, figures));
}

/* What a signal or a chat has said of the person is in such estimates, and no consent speaks of it. */
static int rests_on_more(const json_t *figures)
{
    const json_t *rests = json_object_get(json_object_get(figures, "beside"), "rests");

    return json_number_value(json_object_get(rests, "signal")) > 0 ||
           json_number_value(json_object_get(rests, "chat")) > 0;
}

static json_t *context(json_t *record)
{
    char platform[ATTUNE_LABEL_BYTES + 8];
    json_t *model = json_object_get(record, "model");
    const char *version = json_string_value(json_object_get(record, "attune"));

    snprintf(platform, sizeof platform, "attune %s", version ? version : "");
    return json_pack("{s:s, s:{s:[{s:s, s:s}]}, s:{s:O}}", "platform", platform,
                     "contextActivities", "category", "objectType", "Activity", "id", PROFILE,
                     "extensions", EXTENSION "model", model);
}

/* ---- statements ---------------------------------------------------------------------------------- */

int at_statement_make(char **out, const char *id, const at_speaker *by, const char *session_json,
                      attune_error *err)
{
    char activity[AT_UUID_BYTES];
    json_t *session = NULL, *record, *figures, *ended;
    int rc = at_json_read(&session, session_json, strlen(session_json), 0, NULL);

    *out = NULL;
    record = json_object_get(session, "session");
    figures = json_object_get(session, "figures");
    ended = json_object_get(record, "ended");
    if (rc == ATTUNE_OK && !(figures && json_is_string(ended)))
        rc = ATTUNE_E_FORMAT;
    if (rc < 0)
        rc = rc == ATTUNE_E_NOMEM ? at_fail_nomem(err)
                                  : at_fail(err, ATTUNE_E_FORMAT, "the session has no end");
    else if (rests_on_more(figures))
        rc = at_fail(err, ATTUNE_E_STATE,
                     "its estimates rest on a signal or a chat, which no consent speaks of");
    else
        rc = named(activity, by, "session", json_integer_value(json_object_get(record, "id")), err);
    if (rc == ATTUNE_OK)
        rc = finish(out,
                    json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:O, s:s}", "id", id, "actor",
                              actor(by), "verb", verb(VERBS "shared", "shared"), "object",
                              object(activity), "result", result(by, record, figures), "context",
                              context(record), "timestamp", ended, "version", "1.0.0"),
                    err);
    json_decref(session);
    return rc;
}

int at_statement_void(char **out, char id[AT_UUID_BYTES], const at_speaker *by, const char *voided,
                      attune_error *err)
{
    char name[AT_UUID_BYTES + 8];

    *out = NULL;
    snprintf(name, sizeof name, "void/%s", voided);
    if (!at_uuid_named(id, by->token, name))
        return fail_number(err);
    return finish(out,
                  json_pack("{s:s, s:o, s:o, s:{s:s, s:s}, s:s}", "id", id, "actor", actor(by),
                            "verb", verb(VERBS "voided", "voided"), "object", "objectType",
                            "StatementRef", "id", voided, "version", "1.0.0"),
                  err);
}
