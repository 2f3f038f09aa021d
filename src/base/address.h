/* address.h - addresses as people may read them. */
#ifndef AT_BASE_ADDRESS_H
#define AT_BASE_ADDRESS_H

#include <stddef.h>

/* path as messages and reports name it: of an address (scheme://...) without who logs in, and without
 * what follows a '?', which is where passwords and keys stand. Cut to size. Returns out. */
char *at_address_name(char *out, size_t size, const char *path);

/* Whether path reads scheme://... */
int at_address_is(const char *path);

#endif
