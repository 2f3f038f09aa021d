/* logins.h - logins that have begun and not come back: each may come back once.
 *
 * A state is the login's number on its way through the platform, a nonce what its answer must hold, a bond what
 * the browser that began it must still have (a cookie): so nobody can be made to come in as somebody else.
 */
#ifndef AT_LTI_LOGINS_H
#define AT_LTI_LOGINS_H

#include "lti/platforms.h"

enum { AT_SECRET_BYTES = 33, AT_LOGINS_MOST = 512 }; /* of 128 random bits as text, with the NUL */
#define AT_LOGIN_US INT64_C(600000000)               /* that a person has to log in */

typedef struct at_login {
    const at_platform *platform; /* NULL: a free place */
    int64_t began_us;
    char state[AT_SECRET_BYTES], nonce[AT_SECRET_BYTES], bond[AT_SECRET_BYTES];
} at_login;

typedef struct at_logins {
    at_login login[AT_LOGINS_MOST];
} at_logins;

/* When all places are taken the oldest goes. ATTUNE_E_IO: there are no random numbers. */
int at_logins_begin(at_logins *l, const at_platform *p, int64_t now_us, at_login *out,
                    attune_error *err);
/* 1: *out is the login of that state, which is gone now, whatever comes of it. 0: there is none, or it is too old. */
int at_logins_take(at_logins *l, const char *state, int64_t now_us, at_login *out);

/* 128 random bits as hexadecimal digits. */
int at_secret_make(char out[AT_SECRET_BYTES], attune_error *err);
/* In a time that does not tell where they differ. */
int at_secret_equal(const char a[AT_SECRET_BYTES], const char *given);

#endif
