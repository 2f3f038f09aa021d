#include "lti/logins.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int at_secret_make(char out[AT_SECRET_BYTES], attune_error *err)
{
    unsigned char bytes[(AT_SECRET_BYTES - 1) / 2];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return at_fail(err, ATTUNE_E_IO, "there are no random numbers");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return ATTUNE_OK;
}

int at_secret_equal(const char a[AT_SECRET_BYTES], const char *given)
{
    unsigned differ = 0;

    if (strlen(given) != AT_SECRET_BYTES - 1)
        return 0;
    for (int i = 0; i < AT_SECRET_BYTES - 1; i++)
        differ |= (unsigned char)a[i] ^ (unsigned char)given[i];
    return !differ;
}

static at_login *free_place(at_logins *l)
{
    at_login *oldest = l->login;

    for (int i = 0; i < AT_LOGINS_MOST; i++) {
        at_login *this = &l->login[i];
        if (!this->platform)
            return this;
        if (this->began_us < oldest->began_us)
            oldest = this;
    }
    return oldest;
}

int at_logins_begin(at_logins *l, const at_platform *p, int64_t now_us, at_login *out,
                    attune_error *err)
{
    at_login login = {.platform = p, .began_us = now_us};
    int rc = at_secret_make(login.state, err);

    rc = rc < 0 ? rc : at_secret_make(login.nonce, err);
    rc = rc < 0 ? rc : at_secret_make(login.bond, err);
    if (rc < 0)
        return rc;
    *free_place(l) = *out = login;
    return ATTUNE_OK;
}

int at_logins_take(at_logins *l, const char *state, int64_t now_us, at_login *out)
{
    for (int i = 0; i < AT_LOGINS_MOST; i++) {
        at_login *this = &l->login[i];
        if (!this->platform || !at_secret_equal(this->state, state))
            continue;
        *out = *this;
        *this = (at_login){0};
        return now_us - out->began_us <= AT_LOGIN_US;
    }
    return 0;
}
