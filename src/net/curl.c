#include "net/curl.h"

#include "base/error.h"

#include <dlfcn.h>

/* The same interface over OpenSSL and over GnuTLS: whichever a system has. */
static void *open_library(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

    return library ? library : dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
}

int at_curl_load(at_curl *out, attune_error *err)
{
    void *library = open_library();
    const struct {
        const char *name;
        void *call; /* where its address goes */
    } calls[] = {
        {"curl_global_init", &out->global_init},   {"curl_easy_init", &out->easy_init},
        {"curl_easy_setopt", &out->easy_setopt},   {"curl_easy_perform", &out->easy_perform},
        {"curl_easy_getinfo", &out->easy_getinfo}, {"curl_easy_cleanup", &out->easy_cleanup},
        {"curl_slist_append", &out->slist_append}, {"curl_slist_free_all", &out->slist_free_all},
    };

    if (!library)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "this needs libcurl.so.4, which cannot be loaded");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!(*(void **)calls[i].call = dlsym(library, calls[i].name)))
            return at_fail(err, ATTUNE_E_UNSUPPORTED, "this libcurl has no %s", calls[i].name);
    return out->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? ATTUNE_OK : at_fail_nomem(err);
}

int at_curl_set_safe(const at_curl *curl, CURL *handle, int plain, double timeout_s)
{
    CURLcode bad = CURLE_OK;

#define SET(option, value) (bad = bad ? bad : curl->easy_setopt(handle, option, value))
    SET(CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USERAGENT, "attune");
    SET(CURLOPT_TIMEOUT_MS, (long)(timeout_s * 1000));
    SET(CURLOPT_NOPROGRESS, 0L);
    if (plain)
        SET(CURLOPT_PROXY, "");
#undef SET
    return bad != CURLE_OK;
}

const char *at_curl_words(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return "timed out";
    case CURLE_COULDNT_RESOLVE_HOST: return "no such host";
    case CURLE_COULDNT_RESOLVE_PROXY: return "no such proxy";
    case CURLE_COULDNT_CONNECT: return "no connection";
    case CURLE_PEER_FAILED_VERIFICATION: return "its certificate is not to be trusted";
    case CURLE_SSL_CACERT_BADFILE: return "the file of authorities cannot be used";
    case CURLE_SSL_CONNECT_ERROR: return "no TLS";
    default: return "the connection broke off";
    }
}
