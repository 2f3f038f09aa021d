/* session_fake.h - a session whose eyes and ears a test dictates.
 *
 * The session's own sources, with the detector, the networks and the fusion replaced: what is
 * tested is time, bookkeeping and bounds. A picture says itself which faces are in it.
 */
#ifndef AT_TEST_SESSION_FAKE_H
#define AT_TEST_SESSION_FAKE_H

#include <attune/attune.h>

enum { FAKE_W = 320, FAKE_H = 240, FAKE_FACES = 4 };

typedef struct fake_face {
    int x, y, side; /* of the box; side 0: none */
    int expression; /* native class that the face network will see */
} fake_face;

/* Paints a picture (FAKE_W * FAKE_H * 3) that shows these faces. */
void fake_picture(unsigned char *rgb, const fake_face faces[FAKE_FACES]);

struct at_fusion;

/* From now on class 0 of faces is usual, and all else is an offset of whom it is seen in. */
void fake_use_baseline(int on);

/* From now on the session weighs its evidence with f, not with the fake (which does, for NULL). */
void fake_use_fusion(const struct at_fusion *f);

/* Number and times of the face's tokens that the fake fusion was last given. */
enum { FAKE_TOKENS = 64 };
extern int fake_tokens;
extern int64_t fake_token_us[FAKE_TOKENS];
extern unsigned fake_beside; /* which streams beside pictures and sound it then heard, a bit each */

/* Whether the fusion looks at logits alone; 1. */
extern int fake_answers_again;

/* A model for attune_session_open; static storage, never freed. */
const attune_model *fake_model(void);

/* How often the face network ran, how often of these on a face in the mirror, and the voice's. */
extern float fake_jaw[]; /* how wide the mouth is open that makes each expression; zeros */
extern float
    fake_over_time; /* what is seen over time adds to class 1 of the mean, a second of it; 0 */
extern int fake_looks, fake_mirrored, fake_listens;

#endif
