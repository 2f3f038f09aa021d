#include "xapi/curl.h"

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
                       "sending needs libcurl.so.4, which cannot be loaded");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!(*(void **)calls[i].call = dlsym(library, calls[i].name)))
            return at_fail(err, ATTUNE_E_UNSUPPORTED, "this libcurl has no %s", calls[i].name);
    return out->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? ATTUNE_OK : at_fail_nomem(err);
}
