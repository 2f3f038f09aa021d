/* keyring.h - the platforms' public keys: those of files as they were read, those of addresses fetched, on a thread of
 * their own, and kept for a while.
 *
 * They are fetched at the start, and again when somebody logs in and they are AT_KEYS_FRESH_US old: so they are there when the
 * platform's word comes, and new keys of a platform's are soon known. Strangers who log in make no more than one request every
 * AT_KEYS_PAUSE_US. Threads: any.
 */
#ifndef AT_LTI_KEYRING_H
#define AT_LTI_KEYRING_H

#include "lti/platforms.h"

#define AT_KEYS_FRESH_US INT64_C(300000000) /* five minutes */
#define AT_KEYS_PAUSE_US INT64_C(30000000)  /* between two tries, if the first failed */
#define AT_KEYS_OLD_US \
    INT64_C(86400000000) /* a day: what could not be fetched again is not believed any longer */

typedef struct at_keyring at_keyring;

/* Whom to tell of keys that cannot be had, with address and reason: when it begins, and when the reason is another. On the
 * thread that fetches. */
typedef struct at_worry {
    void (*tell)(void *user, const char *text); /* nullable */
    void *user;
} at_worry;

/* p [kept] */
int at_keyring_open(at_keyring **out, const at_platforms *p, at_worry worry, int64_t now_us,
                    attune_error *err);
void at_keyring_free(at_keyring **k); /* what is being fetched is given up */

/* Somebody logs in: fetches them if they are not fresh. Returns at once. */
void at_keyring_want(at_keyring *k, const at_platform *p, int64_t now_us);
/* A new reference to a set; NULL: there is none (yet), or memory is out. */
json_t *at_keyring_get(at_keyring *k, const at_platform *p, int64_t now_us);

#endif
