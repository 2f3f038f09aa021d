#include "lti/platforms.h"

#include "base/endpoint.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MOST = 1 << 20, PLATFORMS_MOST = 64, TEXT_MOST = 255 };

static int fail(attune_error *err, const char *path, int i, const char *why)
{
    return at_fail(err, ATTUNE_E_FORMAT, "%s: platform %d: %s", path, i + 1, why);
}

/* NULL: there is none, or it is none that may be sent and compared. */
static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    const size_t n = text ? strlen(text) : 0;

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f)
            return NULL;
    return n > 0 && n <= TEXT_MOST ? text : NULL;
}

static int are_texts(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!json_is_string(json_array_get(array, i)))
            return 0;
    return json_array_size(array) > 0;
}

/* A member that nobody knows; NULL: there is none. What is misspelt would be as if it were not there. */
static const char *find_unknown(json_t *object, const char *const known[])
{
    for (void *m = json_object_iter(object); m; m = json_object_iter_next(object, m)) {
        int i = 0;
        while (known[i] && strcmp(known[i], json_object_iter_key(m)) != 0)
            i++;
        if (!known[i])
            return json_object_iter_key(m);
    }
    return NULL;
}

static int is_fit(const char *address)
{
    char out[AT_ENDPOINT_BYTES];

    return address && at_endpoint_take(out, address, NULL) == ATTUNE_OK;
}

/* Beside the file that names it. */
static int read_keys(at_platform *p, const char *file, const char *path, attune_error *err)
{
    const char *slash = strrchr(path, '/');
    char whole[4096];
    const int folder = *file == '/' || !slash ? 0 : (int)(slash - path) + 1;
    int rc;

    if (snprintf(whole, sizeof whole, "%.*s%s", folder, path, file) >= (int)sizeof whole)
        return at_fail(err, ATTUNE_E_ARG, "%s: too long a path", path);
    rc = at_json_read_file(&p->keys, whole, FILE_MOST, JSON_REJECT_DUPLICATES, err);
    if (rc == ATTUNE_OK && !json_array_size(json_object_get(p->keys, "keys")))
        rc = at_fail(err, ATTUNE_E_FORMAT, "%s: is no set of keys (JWK set)", whole);
    return rc;
}

static int read_platform(at_platform *p, json_t *from, const char *path, int i, attune_error *err)
{
    static const char *const members[] = {"issuer",   "client_id",   "login", "keys",
                                          "keys_url", "deployments", NULL};
    const char *unknown = find_unknown(from, members), *keys = text_of(from, "keys");
    const int has_file = json_object_get(from, "keys") != NULL,
              has_address = json_object_get(from, "keys_url") != NULL;

    if (unknown)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: platform %d: there is no '%.100s'", path, i + 1,
                       unknown);
    p->issuer = text_of(from, "issuer");
    p->client_id = text_of(from, "client_id");
    p->login = text_of(from, "login");
    p->deployments = json_object_get(from, "deployments");
    if (!is_fit(p->issuer))
        return fail(err, path, i, "issuer: its https:// address");
    if (!p->client_id)
        return fail(err, path, i, "client_id: what the platform calls this tool");
    if (!is_fit(p->login))
        return fail(err, path, i, "login: the https:// address of its OIDC authorisation");
    if (!are_texts(p->deployments))
        return fail(err, path, i, "deployments: a list of texts, at least one");
    if (has_file == has_address)
        return fail(err, path, i, "keys or keys_url: one of the two");
    p->keys_url = text_of(from, "keys_url");
    if (has_address && !is_fit(p->keys_url))
        return fail(err, path, i, "keys_url: the https:// address of its public keys (JWK set)");
    if (has_file && !keys)
        return fail(err, path, i, "keys: the file of its public keys (JWK set)");
    return has_file ? read_keys(p, keys, path, err) : ATTUNE_OK;
}

static int read_all(at_platforms *p, const char *path, attune_error *err)
{
    static const char *const members[] = {"platforms", NULL};
    const json_t *list = json_object_get(p->root, "platforms");
    const char *unknown = find_unknown(p->root, members);
    const size_t n = json_array_size(list);
    int rc = ATTUNE_OK;

    if (unknown)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: there is no '%.100s'", path, unknown);
    if (n == 0 || n > PLATFORMS_MOST)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: platforms: a list of 1 to %d", path,
                       (int)PLATFORMS_MOST);
    p->platform = at_calloc(n, sizeof *p->platform);
    if (!p->platform)
        return at_fail_nomem(err);
    for (; rc == ATTUNE_OK && p->n < (int)n; p->n++) {
        json_t *from = json_array_get(list, (size_t)p->n);
        rc = read_platform(&p->platform[p->n], from, path, p->n, err);
        for (int k = 0; rc == ATTUNE_OK && k < p->n; k++)
            if (!strcmp(p->platform[k].issuer, p->platform[p->n].issuer) &&
                !strcmp(p->platform[k].client_id, p->platform[p->n].client_id))
                rc = fail(err, path, p->n, "is there twice");
    }
    return rc;
}

int at_platforms_read(at_platforms *out, const char *path, attune_error *err)
{
    int rc;

    *out = (at_platforms){0};
    rc = at_json_read_file(&out->root, path, FILE_MOST, JSON_REJECT_DUPLICATES, err);
    rc = rc < 0 ? rc : read_all(out, path, err);
    if (rc < 0)
        at_platforms_free(out);
    return rc;
}

void at_platforms_free(at_platforms *p)
{
    for (int i = 0; i < p->n; i++)
        json_decref(p->platform[i].keys);
    at_free(p->platform);
    json_decref(p->root);
    *p = (at_platforms){0};
}

const at_platform *at_platforms_find(const at_platforms *p, const char *issuer,
                                     const char *client_id)
{
    const at_platform *found = NULL;

    for (int i = 0; i < p->n; i++) {
        const at_platform *this = &p->platform[i];
        if (strcmp(this->issuer, issuer) != 0 ||
            (client_id && strcmp(this->client_id, client_id) != 0))
            continue;
        if (found)
            return NULL;
        found = this;
    }
    return found;
}

int at_platform_has_deployment(const at_platform *p, const char *deployment)
{
    for (size_t i = 0; i < json_array_size(p->deployments); i++)
        if (!strcmp(json_string_value(json_array_get(p->deployments, i)), deployment))
            return 1;
    return 0;
}
