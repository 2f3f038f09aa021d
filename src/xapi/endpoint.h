/* endpoint.h - which addresses a statement may go to. Private to xapi.
 *
 * Narrower than what a URL may be, so that no two readers of it can disagree on the host.
 */
#ifndef AT_XAPI_ENDPOINT_H
#define AT_XAPI_ENDPOINT_H

#include <attune/xapi.h>

/* out: address without slashes at its end. ATTUNE_E_ARG, with the reason: it is none that is fit. */
int at_endpoint_take(char out[ATTUNE_XAPI_ADDRESS_BYTES], const char *address, attune_error *err);
/* Of one that was taken: whether it is http, and so on this computer. */
int at_endpoint_is_plain(const char *endpoint);

#endif
