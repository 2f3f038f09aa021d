/* faces.h - training and evaluation pictures of faces, through the run-time path.
 *
 * Each picture is decoded once and searched by the detector, as the session would; found
 * landmarks give the same similarity alignment. A corpus's cache keeps pictures of up to half a
 * thousand pixels square with what was found in them, of larger ones what was found alone. Where nothing is found the data set's own crop is
 * taken (at_align_whole_matrix). A batch is rendered from the source pictures by one warp each, so that
 * the random shift, turn, zoom and flip of training cost no second resampling.
 *
 * Threads: at_faces is immutable once loaded; rendering uses the pool and is deterministic for a
 * (seed, sample) pair whatever the number of threads.
 */
#ifndef AT_DATA_FACES_H
#define AT_DATA_FACES_H

#include "base/each.h"
#include "data/corpus.h"
#include "tensor/weights.h"
#include "vision/align.h"
#include "vision/image.h"

typedef struct at_face_sample {
    at_sample label;  /* with a path of its own */
    int corpus, slot; /* which of the corpora given to at_faces_load, and which of its samples */
    int found;        /* the detector fired */
    at_image image;   /* source picture, RGB, owned; empty if it could not be read */
    float m[6];       /* source pixels -> aligned face, from landmarks or of the whole crop */
    at_face face;     /* detection in source pixels; zeros if not found */
} at_face_sample;

typedef struct at_faces {
    at_face_sample *list;
    int count;             /* readable pictures only */
    int found, unreadable; /* unreadable ones are left out of list */
} at_faces;

/* Loads all pictures of n corpora, which may be freed afterwards. detector: weights of one; NULL: no
 * search, all pictures count as whole crops. watcher: nullable. */
int at_faces_load(at_faces *out, const at_corpus *corpora, int n, const at_weight_source *detector,
                  at_pool *pool, const at_watcher *watcher, attune_error *err);
void at_faces_free(at_faces *f);

/* Training augmentation (paper 2.5.1, 3.2). Zero: none. */
typedef struct at_face_augment {
    float flip;              /* probability of mirroring */
    float shift, turn, zoom; /* largest: share of the side, degrees, log of the factor */
    float light;             /* largest relative change of contrast and brightness */
    float grey;              /* probability of dropping colour */
    float occlude, blur, small, compress, dark; /* probability of each degradation */
    float strength;                             /* largest level of a degradation, [0,1] */
    float covers; /* [0,1] largest share of the face that occlude hides at strength 1; 0: a half */
} at_face_augment;

/* How an aligned face is moved about its middle, and then, perhaps, mirrored. Zeros: not at all. */
typedef struct at_face_move {
    float x, y; /* pixels of AT_FACE_SIDE */
    float turn; /* degrees clockwise */
    float zoom; /* log of the factor */
    int mirrored;
} at_face_move;
/* m, from a picture to the aligned face, becomes that to the moved one. */
void at_face_moved(float m[6], const at_face_move *move);
/* Contrast about mid-grey times gain, half of lift (grey levels) brighter, and perhaps no colour. */
void at_face_lit(at_image *im, float gain, float lift, int grey);

/* What augment made of a face, as far as labels depend on it. */
typedef struct at_face_drawn {
    float covered; /* [0,1] share of the face that an occlusion hides */
    float turned;  /* degrees clockwise, before it was mirrored */
    int mirrored;
} at_face_drawn;

/* Sample s as a side x side aligned face into dst, with randomness (seed, stream) if augment is
 * given. drawn: nullable. */
int at_face_render(const at_face_sample *s, int side, const at_face_augment *augment, uint64_t seed,
                   uint64_t stream, at_image *dst, at_face_drawn *drawn);

/* What is made of the i-th sample, as it is shown at run time: AT_FACE_SIDE square. thread: the pool's.
 * Returns a status. */
typedef int (*at_face_fn)(void *user, int i, int thread, const at_image *aligned);
/* Each sample once, on the pool's threads, in any order. The status of one that failed, if one did. watcher: nullable. */
int at_faces_each(const at_faces *f, const char *label, at_pool *pool, at_face_fn see, void *user,
                  const at_watcher *watcher, attune_error *err);

/* Samples index[0..n) to x (n, side, side, 3), (v - 127.5) / 127.5; sample i is drawn with
 * randomness (seed, index[i]). drawn: (n), nullable. */
int at_faces_render(const at_faces *f, const int *index, int n, int side,
                    const at_face_augment *augment /* nullable */, uint64_t seed, at_pool *pool,
                    float *x, at_face_drawn *drawn);

#endif
