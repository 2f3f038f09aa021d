/* identity.h - which of the recording's people a face is.
 *
 * A face whose track breaks off and which comes back is who it was when it looks like one person
 * remembered and clearly less like the others; in doubt it is somebody new, since two people
 * under one number harm more than one under two. What is remembered of a person is the mean looks
 * of their latest sightings, in memory only, of AT_PEOPLE people at most; of more, those not seen
 * for the longest are forgotten.
 *
 * Looks say who somebody is only where the picture shows them (at_identity_shown): blur, darkness
 * and a hand before the face make one face look like another to itself. What shows nothing is
 * neither judged nor remembered.
 *
 * People have an id from when they are met, and a number once they are reported: 1, 2, 3 without
 * gaps, though some who are met turn out to be somebody known, or are never reported.
 *
 * How sure: of the mean looks of 24 pictures of one of 85 students at webcams and a well-shown picture of
 * another, 9 of 44,156 pairs are taken for one person, 934 if they come within a second of each other;
 * 70 and 90 % of the pictures of the same student are, from other lessons.
 */
#ifndef AT_VISION_IDENTITY_H
#define AT_VISION_IDENTITY_H

#include "base/keep.h"
#include "vision/looks.h"
#include "vision/pose.h"
#include "vision/quality.h"

enum { AT_PEOPLE = 32 };

typedef struct at_person {
    uint32_t id;      /* 1, 2, 3 as they are met */
    uint32_t number;  /* 0: none yet */
    int seen;         /* sightings that the looks are a mean of, at most 64: then older ones fade */
    int64_t last_us;  /* latest sighting */
    int64_t shown_us; /* and latest that the looks know of */
    at_looks looks;
} at_person;

/* Zero-initialised is ready for use. */
typedef struct at_identity {
    at_person person[AT_PEOPLE];
    int count;
    uint32_t met, numbers; /* so far */
} at_identity;

/* Whether a picture of a face shows what it looks like. covered: [0,1] share of it that is hidden. */
int at_identity_shown(const at_face_quality *q, float covered, const at_pose *pose);

/* Somebody nobody knows yet: a new id. */
uint32_t at_identity_meet(at_identity *t, int64_t now_us);
/* The id of the person remembered that the looks surely are, other than self (0: nobody), or 0. */
uint32_t at_identity_find(const at_identity *t, const at_looks *looks, uint32_t self,
                          int64_t now_us);
/* Another sighting of that person. looks: what it shows of them; NULL: nothing. They are remembered
 * if the person was seen from about as near before. */
void at_identity_see(at_identity *t, uint32_t id, const at_looks *looks, int64_t now_us);
/* Whether looks can say if a face is that person's: they are remembered, from about as near. */
int at_identity_can_tell(const at_identity *t, uint32_t id, const at_looks *looks);
/* How unlike that person a face looks, [0, sqrt(2)]; 0 where the looks cannot tell. */
float at_identity_distance(const at_identity *t, uint32_t id, const at_looks *looks);
/* Time since the latest sighting that showed that person; 0 if nothing is remembered of them. */
int64_t at_identity_hidden_us(const at_identity *t, uint32_t id, int64_t now_us);
/* Whether that person may turn out to be somebody known: not reported yet, or never shown. */
int at_identity_open(const at_identity *t, uint32_t id);
/* That person was somebody known. */
void at_identity_forget(at_identity *t, uint32_t id);
/* The number to report that person by, given now if there is none; 0 if they are forgotten. */
uint32_t at_identity_number(at_identity *t, uint32_t id);
/* The same, but 0 where there is none yet. */
uint32_t at_identity_numbered(const at_identity *t, uint32_t id);
void at_identity_keep(at_keep *k, at_identity *t); /* base/keep.h */

#endif
