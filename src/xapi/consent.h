/* consent.h - rows of the table consents. Private to xapi. */
#ifndef AT_XAPI_CONSENT_H
#define AT_XAPI_CONSENT_H

#include "xapi/statement.h"

#include <sqlite3.h>

/* ATTUNE_E_STATE: there is none of that number. */
int at_consent_find(sqlite3 *db, int64_t id, at_speaker *out, attune_error *err);
/* Whether sessions may be sent under it at now_s. ATTUNE_E_STATE, with the reason: not any longer. */
int at_consent_holds(const attune_xapi_consent *c, int64_t now_s, attune_error *err);

#endif
