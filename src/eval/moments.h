/* moments.h - the faces of the last few seconds as the network saw them, to be found again when their
 * window is made. In memory alone; a ring of as many as windows to come may ask for.
 */
#ifndef AT_EVAL_MOMENTS_H
#define AT_EVAL_MOMENTS_H

#include "runtime/watch.h"

typedef struct at_moment {
    uint32_t person;
    int64_t t_us;
    float box[4];      /* of the picture */
    float worth, open; /* how much it counts in its windows, how wide its mouth is open */
    float logit[AT_FACE_CLASSES];    /* of its expression, as the session saw it */
    float landmark[AT_LANDMARKS][2]; /* in the aligned face */
    uint8_t face[AT_FACE_SIDE * AT_FACE_SIDE * 3];
} at_moment;

typedef struct at_moments {
    at_moment *list; /* (capacity) ring */
    int capacity, next, n;
} at_moments;

/* o: of the session; zeros are its defaults. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_moments_open(at_moments *m, const attune_options *o);
void at_moments_free(at_moments *m);
/* As at_watch has them, sighted and recognised; user: an at_moments. */
void at_moments_see(void *user, const at_sighting *s, const at_face *f, const at_image *aligned);
void at_moments_recognise(void *user, uint32_t person, uint32_t known);
/* The moment that stands for w: in its middle, for as long as a hop, so that windows have moments of
 * their own, or where its face is not there in all of it, the one whose expression is nearest to what
 * the face's sightings come to together; of equals the latest. NULL: none is left. */
const at_moment *at_moments_of(const at_moments *m, const attune_window *w, int64_t hop_us);

#endif
