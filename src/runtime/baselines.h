/* baselines.h - what is usual for each person of a session, of each modality. Private to runtime.
 *
 * Session state: fusion/baseline.h says what one is. People are known by their number, 0 whoever is
 * there; of more than AT_BASELINES the one not met for longest is forgotten.
 */
#ifndef AT_RUNTIME_BASELINES_H
#define AT_RUNTIME_BASELINES_H

#include "base/keep.h"
#include "fusion/fusion.h"

enum { AT_BASELINES = 64 };

typedef struct at_acquaintance {
    uint32_t subject;
    int64_t met_us; /* last */
    at_baseline of[ATTUNE_MODALITIES];
} at_acquaintance;

/* Zero at first. */
typedef struct at_baselines {
    at_acquaintance list[AT_BASELINES];
    int n;
} at_baselines;

/* The person of that number; NULL: not met, or forgotten. */
const at_acquaintance *at_baselines_find(const at_baselines *b, uint32_t subject);
/* The person of that number, now met. */
at_acquaintance *at_baselines_meet(at_baselines *b, uint32_t subject, int64_t now_us);
void at_baselines_keep(at_keep *k, at_baselines *b); /* base/keep.h */

#endif
