/* portraits.h - a small picture of each face, of the moment that shows it best: for callers that ask
 * for thumbnails, and in memory only. Private to runtime.
 *
 * At most AT_PORTRAITS people have one. Of more, those who were given a number keep theirs.
 */
#ifndef AT_RUNTIME_PORTRAITS_H
#define AT_RUNTIME_PORTRAITS_H

#include "runtime/face_evidence.h"
#include "vision/align.h"

enum { AT_PORTRAITS = 64 };

typedef struct at_portrait {
    uint32_t person, number; /* number 0: none yet */
    float worth;             /* of the moment that is shown */
    int64_t t_us;            /* of that moment */
    int64_t seen_us;         /* latest look */
    at_image picture;        /* (side x side) RGB */
} at_portrait;

/* Zero-initialised with a side is ready. */
typedef struct at_portraits {
    int side; /* pixels */
    at_portrait list[AT_PORTRAITS];
    int n;
} at_portraits;

void at_portraits_free(at_portraits *p);
/* s: a sighting of face f in the picture. Taken if it shows the person clearly better than the
 * moment that is there. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_portraits_look(at_portraits *p, at_picture_work *work, const attune_picture *picture,
                      const at_face *f, const at_sighting *s);
/* That person was somebody known all along. */
void at_portraits_become(at_portraits *p, uint32_t person, uint32_t known);
void at_portraits_number(at_portraits *p, uint32_t person, uint32_t number);
/* The i-th of those with a number, by number. 0: there is none. */
void at_portraits_keep(at_keep *k, at_portraits *p); /* base/keep.h */
int at_portraits_get(const at_portraits *p, int i, attune_thumbnail *out);

#endif
