/* fetch.h - a small file from a server that was named: its keys. */
#ifndef AT_NET_FETCH_H
#define AT_NET_FETCH_H

#include <attune/attune.h>

enum { AT_FETCH_MOST = 256 << 10, AT_FETCH_S = 10 };

/* address: one that at_endpoint_take takes. Within AT_FETCH_S, of at most AT_FETCH_MOST bytes, over verified TLS or
 * from this computer; no redirection is followed. *out: free with at_free; a NUL follows the bytes. stop (nullable): asked
 * meanwhile; non-zero ends it with ATTUNE_E_INTERRUPTED. ATTUNE_E_IO: it is not to be had, with the reason. */
int at_fetch(const char *address, unsigned char **out, size_t *size, int (*stop)(void *user),
             void *user, attune_error *err);

#endif
