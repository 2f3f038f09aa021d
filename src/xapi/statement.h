/* statement.h - what is said of a session, in xAPI's words (docs/xapi.md). Private to xapi. */
#ifndef AT_XAPI_STATEMENT_H
#define AT_XAPI_STATEMENT_H

#include "xapi/uuid.h"

#include <attune/xapi.h>

/* Under which consent it is said; token is the UUID that all numbers of the consent are made of. */
typedef struct at_speaker {
    attune_xapi_consent consent;
    char token[AT_UUID_BYTES];
} at_speaker;

/* The same for the same session under the same consent. */
int at_statement_id(char out[AT_UUID_BYTES], const at_speaker *by, int64_t session,
                    attune_error *err);
/* session_json: of attune_store_session_json. *out: free. */
int at_statement_make(char **out, const char *id, const at_speaker *by, const char *session_json,
                      attune_error *err);
/* The one that declares statement voided void, and its number. */
int at_statement_void(char **out, char id[AT_UUID_BYTES], const at_speaker *by, const char *voided,
                      attune_error *err);

#endif
