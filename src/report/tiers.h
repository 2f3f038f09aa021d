/* tiers.h - a recording as annotation tools have it: tiers of labelled stretches of time.
 *
 * A window says something of its last hop: its likeliest expression, the likeliest class of engagement,
 * the likeliest level of each learning state, or that nothing is said. Hops in a row that say the same are
 * one stretch. Unlike other sums this grows with the recording, by some 24 bytes each time that
 * something changes.
 */
#ifndef AT_REPORT_TIERS_H
#define AT_REPORT_TIERS_H

#include "report/hops.h"

#include <attune/attune.h>
#include <stddef.h>

typedef enum at_tier {
    AT_TIER_EXPRESSION,
    AT_TIER_ENGAGEMENT,
    AT_TIER_STATE, /* four tiers, one a learning state; labels are its levels */
    AT_TIER_WITHHELD = AT_TIER_STATE + ATTUNE_STATES,
    AT_TIERS
} at_tier;

enum { AT_TIER_SUBJECTS = 65 }; /* faces by number and the voice; later ones are left out */

typedef struct at_span {
    int64_t start_us, end_us; /* both 0: none */
    uint8_t subject, tier, label;
} at_span;

/* Zero-initialised is empty. */
typedef struct at_tiers {
    at_hops hops;
    int64_t start_us, end_us; /* of all windows */
    uint32_t track[AT_TIER_SUBJECTS];
    int subjects;
    at_span running[AT_TIER_SUBJECTS][AT_TIERS];
    at_span *span; /* (spans) after close in order of subject, tier and time */
    size_t spans, room;
} at_tiers;

/* Windows in the session's order. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_tiers_add(at_tiers *t, const attune_window *w);
/* After the last: faces by number, what is heard without a face last. */
int at_tiers_close(at_tiers *t);
void at_tiers_free(at_tiers *t);

/* After close: the spans of one tier, n of them. */
const at_span *at_tier_spans(const at_tiers *t, int subject, at_tier tier, size_t *n);

/* "face 1", "voice": who a tier is of. */
enum { AT_SUBJECT_NAME_SIZE = 24 };
const char *at_tier_subject(char name[AT_SUBJECT_NAME_SIZE], const at_tiers *t, int subject);
const char *at_tier_name(at_tier tier); /* "expression", "boredom level", ...; static storage */
/* What a tier's labels are taken from: "expression", "engagement", "level", "withheld". */
const char *at_tier_vocabulary(at_tier tier);
const char *at_tier_label(at_tier tier, int label); /* NULL past the last */

#endif
