/* faces.h - training and evaluation pictures of faces, through the run-time path.
 *
 * Each picture is decoded once and searched by the detector, as the session would; found
 * landmarks give the same similarity alignment. Where nothing is found the data set's own crop is
 * taken (at_align_whole). A batch is rendered from the source pictures by one warp each, so that
 * the random shift, turn, zoom and flip of training cost no second resampling.
 *
 * Threads: at_faces is immutable once loaded; rendering uses the pool, deterministic for a
 * (seed, sample) pair whatever the number of threads.
 */
#ifndef AT_DATA_FACES_H
#define AT_DATA_FACES_H

#include "base/pool.h"
#include "data/corpus.h"
#include "vision/align.h"
#include "vision/detect.h"
#include "vision/image.h"

typedef struct at_face_sample {
    at_sample label; /* path borrowed from the corpus's copy kept here */
    int corpus;      /* which of the corpora given to at_faces_load */
    int found;       /* the detector fired */
    at_image image;  /* source picture, RGB, owned */
    at_warp warp;    /* source -> 112 x 112 alignment, or the whole crop */
    float score;     /* detector's, 0 if not found */
} at_face_sample;

typedef struct at_faces {
    at_face_sample *list;
    int count;
    int found, unreadable;
} at_faces;

/* Loads all pictures of n corpora (at most max_side pixels kept of each; 0: as they are). quiet:
 * no progress. The corpora may be freed afterwards. */
int at_faces_load(at_faces *out, const at_corpus *corpora, int n, const at_detector *detector,
                  at_pool *pool, int quiet, attune_error *err);
void at_faces_free(at_faces *f);

/* Probabilities and strengths of training augmentation (paper 2.5.1, 3.2). Zero: none. */
typedef struct at_face_augment {
    float flip;              /* probability of mirroring */
    float shift, turn, zoom; /* largest: share of the face, degrees, log-factor */
    float occlude, blur, small, compress, dark; /* probabilities of each degradation */
    float light;                                /* brightness and contrast jitter, 0..1 */
    float grey;                                 /* probability of dropping colour */
    float strength;                             /* largest level of a degradation, 0..1 */
} at_face_augment;

/* Renders samples index[0..n) to x (n, side, side, 3), (v - 127.5) / 127.5. augment nullable (none).
 * Sample index[i] is drawn with randomness (seed, index[i]) alone. */
void at_faces_render(const at_faces *f, const int *index, int n, int side,
                     const at_face_augment *augment, uint64_t seed, at_pool *pool, float *x);

/* The same as u8 RGB (side x side x 3), for the frozen path. */
int at_faces_render_u8(const at_face_sample *s, int side, const at_face_augment *augment,
                       uint64_t seed, uint64_t index, uint8_t *rgb);

#endif
