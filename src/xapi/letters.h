/* letters.h - rows of the table statements. Private to xapi. */
#ifndef AT_XAPI_LETTERS_H
#define AT_XAPI_LETTERS_H

#include "xapi/statement.h"

#include <sqlite3.h>

/* Of rows of statements, with consents AS c: what may be sent (of a session only while its consent holds; a voiding always,
 * for that is what a withdrawal asks for), what of that waits, and what the store has or may have taken before its answer
 * was lost. */
#define AT_HOLDS(now)  " (c.withdrawn_s IS NULL AND c.until_s > " now ")"
#define AT_MAY_GO(now) " (body IS NOT NULL AND (voids IS NOT NULL OR" AT_HOLDS(now) "))"
#define AT_GOES(now)   " (state = 'waiting' AND" AT_MAY_GO(now) ")"
#define AT_MAY_BE_THERE \
    " (state = 'sent' OR (state = 'waiting' AND tries > 0) OR (state = 'refused' AND tries > 1))"

/* A statement on its way. */
typedef struct at_letter {
    int64_t row, consent, session;
    int voids, failures; /* failures: of its consent's store, so far */
    char id[AT_UUID_BYTES];
    char *body; /* free */
} at_letter;

/* Of a session. 1: it was put there; 0: one of that number was there, or the session is there no more, or its consent holds
 * no more. */
int at_letters_put(sqlite3 *db, const char *id, int64_t consent, int64_t session, const char *body,
                   int64_t now_s, attune_error *err);

/* What may go to a store at a time: the first such statement behind row after is marked as tried, so that one whose answer
 * is never seen counts as perhaps sent. 1: *out; 0: none. */
typedef struct at_round {
    const char *store;
    int64_t now_s;
    int anyhow; /* also while the store's pause lasts */
} at_round;
int at_letters_next(sqlite3 *db, const at_round *round, int64_t after, at_letter *out,
                    attune_error *err);
void at_letter_free(at_letter *l);

/* What became of it. due_s: with ATTUNE_XAPI_WAITING, when its store is tried again. */
int at_letters_settle(sqlite3 *db, const at_letter *l, attune_xapi_state state, const char *answer,
                      int64_t now_s, int64_t due_s, attune_error *err);

/* What became of the statement of that number. 1: *out; 0: there is none. */
int at_letters_fate(sqlite3 *db, const char *id, attune_xapi_fate *out, attune_error *err);
/* How many statements wait for a store, and when the first is due. */
int at_letters_waiting(sqlite3 *db, const at_round *round, int *n, int64_t *due_s,
                       attune_error *err);
/* What the store refused, and may still be sent, waits again; of what it refused at the first try nothing is there. */
int at_letters_again(sqlite3 *db, const at_round *round, attune_error *err);

/* Nothing more is to be sent of a consent's: what was never tried goes, and all texts. */
int at_letters_drop(sqlite3 *db, int64_t consent, attune_error *err);
/* A consent is taken back: that, and what may be at the store is declared void.
 * Returns how many are to be voided. */
int at_letters_void(sqlite3 *db, const at_speaker *by, attune_error *err);

#endif
