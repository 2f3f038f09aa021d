/* curl.h - libcurl's calls, loaded when something is first sent or fetched.
 *
 * Linked in, it would bring thirty libraries with it, and binding them is most of what a short run takes. Its
 * binary interface has been the same since 2006.
 */
#ifndef AT_NET_CURL_H
#define AT_NET_CURL_H

#include <attune/attune.h>
#include <curl/curl.h>

typedef struct at_curl {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_perform)(CURL *);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    void (*easy_cleanup)(CURL *);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
} at_curl;

/* What every request here is: verified, to the named server alone. No redirection is followed, no proxy gets plain
 * text (plain: http), no file of passwords or cookies is opened. Non-zero: it could not be set. */
int at_curl_set_safe(const at_curl *curl, CURL *handle, int plain, double timeout_s);
/* Of what failed, in our own words: libcurl's may hold a host's. Static storage. */
const char *at_curl_words(CURLcode code);

/* ATTUNE_E_UNSUPPORTED: it is not to be had. Never unloaded: what TLS it uses keeps what it registers. */
int at_curl_load(at_curl *out, attune_error *err);

#endif
