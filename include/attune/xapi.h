/* xapi.h - summaries of kept sessions as xAPI 1.0.3 statements, to a learning record store that the learner
 * named. May change.
 *
 *     attune_xapi_consent c = {.store = "https://lrs.example/xapi", .what = ATTUNE_XAPI_EXPRESSION,
 *                              .text = ATTUNE_XAPI_TEXT_VERSION, .until_s = end_of_term};
 *     attune_xapi_agree(s, &c, &id, &err);            the learner has read attune_xapi_text
 *     attune_xapi_queue(s, id, session, &err);        into the outbox, which is a table of s
 *     attune_xapi_send(s, &o, &sum, &err);            what waits, as far as the consent goes
 *     attune_xapi_withdraw(s, id, &err);              nothing more; then send: what was sent is voided
 *
 * Nothing leaves the computer but by attune_xapi_send, and that sends to the store which its caller and the
 * statement's consent both name. docs/xapi.md has the statements, the outbox and its states.
 *
 * In the EU, inferring the emotions of people in education institutions is prohibited outside medical and
 * safety uses (Regulation (EU) 2024/1689, Art. 5(1)(f)): no store of such an institution is to be told of
 * its learners outside these.
 *
 * Names, errors and owning as in attune.h, the store s as in store.h; threads: any. A build without SQLite or
 * libcurl has ATTUNE_E_UNSUPPORTED of all but attune_xapi_text.
 */
#ifndef ATTUNE_XAPI_H
#define ATTUNE_XAPI_H

#include <attune/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- consent ----------------------------------------------------------------------------------- */

/* The text that a person agrees to before anything is sent, lines of UTF-8, and its version. Another text
 * has another version. Static storage. */
#define ATTUNE_XAPI_TEXT_VERSION "2"
const char *attune_xapi_text(void);

enum { /* what may be told of a session; how much was withheld always is */
       ATTUNE_XAPI_EXPRESSION = 1,
       ATTUNE_XAPI_ENGAGEMENT = 2,
       ATTUNE_XAPI_STATES = 4,
       ATTUNE_XAPI_ALL = 7
};
enum { ATTUNE_XAPI_ADDRESS_BYTES = 512 }; /* with the NUL */

/* A store's address as consents have it, so that one store is one text: without slashes at its end, its host in small
 * letters, no port that is meant anyway. ATTUNE_E_ARG, with the reason: it is none. */
int attune_xapi_address(char out[ATTUNE_XAPI_ADDRESS_BYTES], const char *address,
                        attune_error *err);

typedef struct attune_xapi_consent {
    int64_t id; /* given by attune_xapi_agree */
    /* The store's endpoint, to which "/statements" is added: https://HOST[:PORT][/PATH], or http:// where
     * HOST is localhost, 127.0.0.1 or [::1]. No login, query, fragment, nor what is squashed
     * on the way ('..', '//'). Kept as attune_xapi_address has it */
    char store[ATTUNE_XAPI_ADDRESS_BYTES];
    char person[ATTUNE_LABEL_BYTES]; /* whose sessions, by label; "": those without one */
    unsigned what;                   /* ATTUNE_XAPI_* */
    char text[ATTUNE_LABEL_BYTES];   /* version of the text that was agreed to */
    int64_t agreed_s;                /* 0: now */
    int64_t until_s;                 /* nothing is sent from then on */
    int64_t withdrawn_s;             /* 0: it holds */
    /* As whom the store knows the learner: a pseudonym, and the system that it is of. Both "": random, ours,
     * of this consent alone. Never a mail address, nor a label of s */
    char account[ATTUNE_LABEL_BYTES];
    char home[ATTUNE_XAPI_ADDRESS_BYTES];
    int64_t due_s; /* the store failed: it is not tried again before */
    int failures;  /* how often since it last answered */
    int waiting; /* statements, voiding ones too, that attune_xapi_send would send now or after the pause */
    int sent, refused, conflicts, voided; /* statements by state */
    int perhaps; /* tried, the answer unknown, and not to be sent again: may be at the store */
    int orphans; /* of those that are or may be there (and not void), how many of sessions that are deleted */
    int unvoided; /* withdrawn ones whose voiding the store refused, or has something else in the place of */
    uint64_t reserved[6];
} attune_xapi_consent;

/* c: id, withdrawn_s and what follows home are not looked at. *id: the new consent's number, from 1 on. There is one
 * in force for a store and a person: those before it end here (their until_s is now), and what waits under them is
 * deleted. What was sent under them stays until they are withdrawn.
 * ATTUNE_E_ARG: it names no fit store or account, nothing to tell, another text, or is over already. */
int attune_xapi_agree(attune_store *s, const attune_xapi_consent *c, int64_t *id,
                      attune_error *err);
/* Whether attune_xapi_agree would take c, to be asked before a person is. *ends: the latest that would end; its id is
 * 0: none. Nullable. */
int attune_xapi_check(attune_store *s, const attune_xapi_consent *c, attune_xapi_consent *ends,
                      attune_error *err);
/* In the order in which they were given. Non-zero from fn ends it with ATTUNE_E_INTERRUPTED. */
int attune_xapi_consents(attune_store *s, int (*fn)(void *user, const attune_xapi_consent *c),
                         void *user, attune_error *err);
/* From its return on nothing is sent under that consent but the voiding of what was, or may have been,
 * sent, which it puts into the outbox; statements that wait are deleted, texts overwritten. Returns how many are to be voided.
 * ATTUNE_E_STATE: there is no such consent, or it was withdrawn before. */
int attune_xapi_withdraw(attune_store *s, int64_t id, attune_error *err);

/* ---- statements -------------------------------------------------------------------------------- */

/* The statement of a session as that consent would have it, without sending or storing anything. *json:
 * free. */
int attune_xapi_statement(attune_store *s, int64_t consent, int64_t session, char **json,
                          attune_error *err);
/* Puts it into the outbox. 1: it waits there now; 0: it was there before, whatever became of it
 * (attune_xapi_look). * ATTUNE_E_STATE: no such session or consent, the consent is over, the session is another person's or has no end. */
int attune_xapi_queue(attune_store *s, int64_t consent, int64_t session, attune_error *err);

/* ---- sending ----------------------------------------------------------------------------------- */

typedef enum attune_xapi_state {
    ATTUNE_XAPI_WAITING, /* not sent, or the store failed: tried again once the store's pause is over */
    ATTUNE_XAPI_SENT,    /* the store has it */
    ATTUNE_XAPI_REFUSED, /* 4xx: waits until somebody asks for it again */
    ATTUNE_XAPI_CONFLICT, /* 409: the store has something else of that number. Kept, never sent again */
    ATTUNE_XAPI_VOIDED, /* sent, and declared void since */
    ATTUNE_XAPI_STATE_COUNT
} attune_xapi_state;
/* "waiting", ... Static storage. */
extern const char *const attune_xapi_state_names[ATTUNE_XAPI_STATE_COUNT];

/* What has become of a session's statement so far. */
typedef struct attune_xapi_fate {
    attune_xapi_state state;
    char answer[32]; /* the latest, as in the news; "": there was none */
    int64_t due_s;   /* the store's pause; 0: there is none */
    uint64_t reserved[4];
} attune_xapi_fate;
/* 1: *out; 0: none was put into the outbox. ATTUNE_E_STATE: there is no such consent. */
int attune_xapi_look(attune_store *s, int64_t consent, int64_t session, attune_xapi_fate *out,
                     attune_error *err);

/* What became of a statement just now. */
typedef struct attune_xapi_news {
    const char *id; /* UUID */
    int64_t session;
    int voids; /* it declares the session's statement void */
    attune_xapi_state state;
    const char *answer; /* "204", "503", "timed out": never a word of the store's */
    int64_t due_s;      /* if it waits: until when */
} attune_xapi_news;

/* Zero is the default for every field but store, user and secret. */
typedef struct attune_xapi_sending {
    const char *store;         /* as in the consent: what waits for another stays where it is */
    const char *user, *secret; /* HTTP basic; of this store. Never stored or told */
    const char *ca; /* nullable: a PEM file of the authorities to trust, instead of the system's */
    double timeout_s;             /* of one statement, 1..600; 0: 30 */
    int now;                      /* also while the store's pause is not over */
    int again;                    /* also what was refused */
    int (*stop)(void *user_data); /* nullable: non-zero ends it */
    void (*news)(void *user_data, const attune_xapi_news *n); /* nullable */
    void *user_data;
    uint64_t reserved[8];
} attune_xapi_sending;

typedef struct attune_xapi_sum {
    int sent, refused, conflicts; /* this time */
    int waiting;                  /* still: the store failed, or its pause is not over */
    int64_t due_s;                /* when they will be tried again; 0: none waits */
} attune_xapi_sum;

/* Sends what is due to o->store, one statement after another, the oldest first. Whatever the store answers is no error
 * of this call: *sum has it. ATTUNE_E_ARG: of the address, the key or the file of authorities. */
int attune_xapi_send(attune_store *s, const attune_xapi_sending *o, attune_xapi_sum *sum,
                     attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
