/* endpoint.h - addresses of servers that something secret may go to: over TLS, or to this computer.
 *
 * Narrower than what a URL may be, so that no two readers of it can disagree on the host.
 */
#ifndef AT_BASE_ENDPOINT_H
#define AT_BASE_ENDPOINT_H

#include <attune/attune.h>

enum { AT_ENDPOINT_BYTES = 512 }; /* with the NUL */

/* https://HOST[:PORT][/PATH], or http:// where HOST is localhost, 127.0.0.1 or [::1]. Neither a
 * segment that is empty, '.' or '..', nor a host that some read as a number. out: without slashes at its end, the host in
 * small letters, and without the port that is meant anyway. ATTUNE_E_ARG, with the reason: it is none that is fit. */
int at_endpoint_take(char out[AT_ENDPOINT_BYTES], const char *address, attune_error *err);
/* Of one that was taken: whether it is http, and so on this computer. */
int at_endpoint_is_plain(const char *endpoint);

#endif
