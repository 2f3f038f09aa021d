/* id_token.h - whether a platform's word is its word, and about this launch (OpenID Connect Core 1.0, 3.1.3.7;
 * 1EdTech Security Framework 1.0, 5.1.3; LTI Core 1.3).
 *
 * Nothing of whom it is about is read: no subject, name, mail address, role.
 */
#ifndef AT_LTI_ID_TOKEN_H
#define AT_LTI_ID_TOKEN_H

#include "lti/platforms.h"

enum { AT_ID_TOKEN_MOST = 16384, AT_CLOCKS_S = 60, AT_ID_TOKEN_AGE_S = 3600 };

/* keys: a JWK set. now_s: seconds since 1970; clocks may differ by AT_CLOCKS_S. NULL: it is good. Else why it is not, for a
 * person: static storage. */
const char *at_id_token_judge(const char *token, const at_platform *p, const json_t *keys,
                              const char *nonce, int64_t now_s);

#endif
