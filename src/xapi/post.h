/* post.h - one statement to a store, and the bare answer. Private to xapi.
 *
 * Of a reply nothing is read but its status and Retry-After: the transfer ends at the first byte of a body.
 */
#ifndef AT_XAPI_POST_H
#define AT_XAPI_POST_H

#include <attune/xapi.h>

typedef struct at_post at_post;

typedef struct at_answer {
    attune_xapi_state state; /* waiting: the store failed, another time may do */
    char text[64];           /* "204", "503", "timed out" */
    int64_t asked_s;         /* the pause that the store asked for; 0: none */
} at_answer;

/* o [kept]: its store was taken by at_endpoint_take. ATTUNE_E_ARG of its files, ATTUNE_E_UNSUPPORTED without libcurl. */
int at_post_open(at_post **out, const attune_xapi_sending *o, attune_error *err);
void at_post_free(at_post **p);

/* PUT STORE/statements?statementId=id. ATTUNE_E_INTERRUPTED: it was stopped, and may have arrived. */
int at_post_put(at_post *p, const char *id, const char *body, at_answer *out, attune_error *err);

/* What an HTTP status says of a statement: 204 alone says that the store has it. */
attune_xapi_state at_post_state(long status);

#endif
