/* identity.h - which of the recording's people a face is: numbers 1, 2, 3 in order of first sight.
 *
 * A face whose track breaks off and which comes back gets its number again when it looks like one
 * person remembered and clearly less like the others; in doubt it gets a new one, since two people
 * under one number harm more than one under two. What is remembered of a person is the mean looks
 * of their latest sightings, in memory only, of AT_PEOPLE people at most; of more, those not seen
 * for the longest are forgotten.
 *
 * How sure: of a second's looks of one person and a picture of another, 0 of 14,096 pairs of 17
 * students at webcams, and 4 of 1,438,800 pairs of single pictures of 1,200 people, are taken for
 * one person (28 % of the 881 pairs of one student are, across whole lessons).
 */
#ifndef AT_VISION_IDENTITY_H
#define AT_VISION_IDENTITY_H

#include "vision/looks.h"

enum { AT_PEOPLE = 32 };

typedef struct at_person {
    uint32_t number;
    int seen;        /* sightings that the looks are a mean of, at most 8: then older ones fade */
    int64_t last_us; /* latest sighting */
    at_looks looks;
} at_person;

/* Zero-initialised is ready for use. */
typedef struct at_identity {
    at_person person[AT_PEOPLE];
    int count;
    uint32_t numbers; /* given so far */
} at_identity;

/* The number of a face that nobody follows yet: a remembered person's, or a new one. in_view
 * (n_in_view, nullable): numbers of the faces seen beside it, who it cannot be. */
uint32_t at_identity_meet(at_identity *t, const at_looks *looks, const uint32_t *in_view,
                          int n_in_view, int64_t now_us);
/* Another sighting of that person; usable: it shows what they look like. */
void at_identity_see(at_identity *t, uint32_t number, const at_looks *looks, int usable,
                     int64_t now_us);
/* How unlike that person a face looks, [0, sqrt(2)]; 0 if nothing is remembered of them. */
float at_identity_distance(const at_identity *t, uint32_t number, const at_looks *looks);

#endif
