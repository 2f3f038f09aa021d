#include "serve/launch.h"

#include "base/error.h"
#include "base/mem.h"
#include "lti/form.h"
#include "lti/id_token.h"
#include "lti/keyring.h"
#include "lti/logins.h"
#include "serve/now.h"

#include <stdio.h>
#include <string.h>

enum { VALUE = 1024, HINT = 4096, NAME = 48 };

typedef struct at_pass {
    char secret[AT_SECRET_BYTES];
    int64_t until_us; /* 0: a free place */
} at_pass;

struct at_launch {
    at_platforms platforms;
    at_keyring *keyring;
    at_logins logins;
    at_pass pass[AT_PASSES_MOST];
    char back[320];    /* where a launch comes to: redirect_uri */
    char cookie[NAME]; /* a pass's name */
    int port, tls;
};

int at_launch_open(at_launch **out, const attune_serve_options *o, const char *base, int port,
                   attune_error *err)
{
    const at_worry worry = {o->worried, o->user};
    at_launch *l = at_calloc(1, sizeof *l);
    int rc = l ? ATTUNE_OK : at_fail_nomem(err);

    rc = rc < 0 ? rc : at_platforms_read(&l->platforms, o->lti, err);
    rc = rc < 0 ? rc : at_keyring_open(&l->keyring, &l->platforms, worry, at_now_us(), err);
    if (rc == ATTUNE_OK) {
        l->port = port;
        l->tls = strncmp(base, "https://", 8) == 0;
        snprintf(l->back, sizeof l->back, "%s/lti/launch", base);
        snprintf(l->cookie, sizeof l->cookie, "attune_pass_%d", port);
    } else {
        at_launch_free(&l);
    }
    *out = l;
    return rc;
}

void at_launch_free(at_launch **l)
{
    if (!*l)
        return;
    at_keyring_free(&(*l)->keyring);
    at_platforms_free(&(*l)->platforms);
    at_free(*l);
    *l = NULL;
}

static void refuse(at_launch_reply *out, unsigned code, const char *why)
{
    *out = (at_launch_reply){.code = code};
    snprintf(out->text, sizeof out->text, "%u: %s.\n", code, why);
}

/* ---- the login ------------------------------------------------------------------------------------ */

/* A login's cookie has some of its state in its name, so that two at once do not meet. */
static void bond_name(const at_launch *l, const char *state, char out[NAME])
{
    snprintf(out, NAME, "attune_lti_%d_%.8s", l->port, state);
}

/* It comes back in a form that another site's page sends, so that no stricter SameSite would let it. */
static void set_bond(const at_launch *l, const at_login *login, at_launch_reply *out)
{
    char name[NAME];

    bond_name(l, login->state, name);
    snprintf(out->cookie, sizeof out->cookie,
             "%s=%s; HttpOnly; Secure; SameSite=None; Path=/lti; Max-Age=600", name, login->bond);
}

static int make_way(const at_launch *l, const at_login *login, const char *login_hint,
                    const char *message_hint, at_launch_reply *out)
{
    char *way = out->location;
    const size_t size = sizeof out->location;

    snprintf(way, size,
             "%s?scope=openid&response_type=id_token&response_mode=form_post&prompt=none",
             login->platform->login);
    return at_form_add(way, size, "client_id", login->platform->client_id) &&
           at_form_add(way, size, "redirect_uri", l->back) &&
           at_form_add(way, size, "state", login->state) &&
           at_form_add(way, size, "nonce", login->nonce) &&
           at_form_add(way, size, "login_hint", login_hint) &&
           (!*message_hint || at_form_add(way, size, "lti_message_hint", message_hint));
}

static const at_platform *find_platform(const at_launch *l, const char *form, size_t n,
                                        at_launch_reply *out)
{
    char issuer[VALUE], client[VALUE], deployment[VALUE];
    const int has_issuer = at_form_value(form, n, "iss", issuer, sizeof issuer);
    const int has_client = at_form_value(form, n, "client_id", client, sizeof client);
    const int has_deployment =
        at_form_value(form, n, "lti_deployment_id", deployment, sizeof deployment);
    const at_platform *p;

    if (has_issuer != 1 || has_client < 0 || has_deployment < 0) {
        refuse(out, 400, "this is no login from a learning platform");
        return NULL;
    }
    p = at_platforms_find(&l->platforms, issuer, has_client ? client : NULL);
    if (!p || (has_deployment && !at_platform_has_deployment(p, deployment))) {
        refuse(out, 403, "that platform, or that deployment of it, is not let in here");
        return NULL;
    }
    return p;
}

void at_launch_login(at_launch *l, const char *form, size_t n, int64_t now_us, at_launch_reply *out)
{
    char login_hint[HINT], message_hint[HINT];
    const at_platform *p = find_platform(l, form, n, out);
    at_login login;

    if (!p)
        return;
    at_keyring_want(l->keyring, p, now_us);
    *out = (at_launch_reply){.code = 302};
    if (at_form_value(form, n, "login_hint", login_hint, sizeof login_hint) != 1 ||
        at_form_value(form, n, "lti_message_hint", message_hint, sizeof message_hint) < 0)
        refuse(out, 400, "this is no login from a learning platform");
    else if (at_logins_begin(&l->logins, p, now_us, &login, NULL) < 0)
        refuse(out, 503, "not now");
    else if (!make_way(l, &login, login_hint, message_hint, out))
        refuse(out, 400, "too long");
    else
        set_bond(l, &login, out);
}

/* ---- the launch ----------------------------------------------------------------------------------- */

/* The oldest goes when there are too many. */
static int give_pass(at_launch *l, int64_t now_us, at_launch_reply *out)
{
    at_pass *place = l->pass, made = {.until_us = now_us + AT_PASS_US};

    if (at_secret_make(made.secret, NULL) < 0)
        return 0;
    for (int i = 1; i < AT_PASSES_MOST; i++)
        if (l->pass[i].until_us < place->until_us)
            place = &l->pass[i];
    *place = made;
    *out = (at_launch_reply){.code = 303, .location = "/"};
    snprintf(out->cookie, sizeof out->cookie, "%s=%s; HttpOnly; SameSite=Lax; Path=/; Max-Age=%d%s",
             l->cookie, made.secret, (int)(AT_PASS_US / 1000000), l->tls ? "; Secure" : "");
    return 1;
}

/* The login that the form answers, in the browser that began it. */
static int take_login(at_launch *l, const char *form, size_t n, const char *cookies, int64_t now_us,
                      at_login *out)
{
    char state[AT_SECRET_BYTES], name[NAME];

    if (at_form_value(form, n, "state", state, sizeof state) != 1 ||
        !at_logins_take(&l->logins, state, now_us, out))
        return 0;
    bond_name(l, out->state, name);
    return at_cookies_hold(cookies, name, out->bond);
}

/* NULL: let in. */
static const char *judge(at_launch *l, const char *token, const at_login *login, int64_t now_us,
                         int64_t now_s)
{
    json_t *keys = at_keyring_get(l->keyring, login->platform, now_us);
    const char *why = keys ? at_id_token_judge(token, login->platform, keys, login->nonce, now_s)
                           : "the platform's keys could not be fetched";

    json_decref(keys);
    return why;
}

void at_launch_enter(at_launch *l, const char *form, size_t n, const char *cookies, int64_t now_us,
                     int64_t now_s, at_launch_reply *out)
{
    char *token = at_alloc(AT_ID_TOKEN_MOST + 1, 1);
    const char *why;
    at_login login;
    int found;

    if (!token) {
        refuse(out, 503, "not now");
    } else if (!take_login(l, form, n, cookies, now_us, &login)) {
        refuse(
            out, 403,
            "no login waits for this launch: it was begun too long ago or in another browser, or has "
            "come before; start it again from the course");
    } else if ((found = at_form_value(form, n, "id_token", token, AT_ID_TOKEN_MOST + 1)) < 0 &&
               n > AT_ID_TOKEN_MOST) {
        refuse(out, 413, "the platform's word is too long");
    } else if (found != 1) {
        refuse(out, 403, "the platform let nobody in");
    } else if ((why = judge(l, token, &login, now_us, now_s)) != NULL) {
        refuse(out, 403, why);
    } else if (!give_pass(l, now_us, out)) {
        refuse(out, 503, "not now");
    }
    at_free(token);
}

int at_launch_has_pass(const at_launch *l, const char *cookies, int64_t now_us)
{
    int found = 0;

    for (int i = 0; l && cookies && i < AT_PASSES_MOST; i++)
        if (l->pass[i].until_us > now_us)
            found |= at_cookies_hold(cookies, l->cookie, l->pass[i].secret);
    return found;
}
