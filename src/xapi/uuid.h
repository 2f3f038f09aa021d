/* uuid.h - numbers of statements and learners (RFC 4122). Private to xapi. */
#ifndef AT_XAPI_UUID_H
#define AT_XAPI_UUID_H

#include <attune/attune.h>

enum { AT_UUID_BYTES = 37 }; /* as text, lower case, with the NUL */

/* Version 4: random. ATTUNE_E_IO: there are no random numbers. */
int at_uuid_random(char out[AT_UUID_BYTES], attune_error *err);
/* Whether text is one, of whichever version. */
int at_uuid_is(const char *text);
/* Version 5: the same of the same name in the same space. space is a UUID as text; 0: it is none. */
int at_uuid_named(char out[AT_UUID_BYTES], const char *space, const char *name);

#endif
