/* face_stream.h - what the files of the face modality share: face.c, the modality; face_look.c, what is seen in a picture, and who it
 * is; face_window.c, what a window makes of it; face_pictures.c, what is told of each picture. Private to these.
 *
 * A ring holds the frames that windows to come may need, with the sightings in them.
 */
#ifndef AT_RUNTIME_FACE_STREAM_H
#define AT_RUNTIME_FACE_STREAM_H

#include "runtime/face_evidence.h"
#include "runtime/modality.h"
#include "runtime/portraits.h"
#include "vision/cut.h"
#include "vision/identity.h"
#include "vision/search.h"
#include "vision/track.h"

/* An analysed frame. Its sightings are at_face_stream.sighting[slot * max_tracks ...]. */
typedef struct at_frame {
    int64_t t_us;
    int faces;
} at_frame;

/* The frames of a window. */
typedef struct at_span {
    int from, to; /* of the ring */
    float cover;  /* share of the window that frames were there for, [0,1] */
} at_span;

/* One face over the window that is collected. */
typedef struct at_found_face {
    uint32_t person;
    at_face_evidence evidence;
    float share;    /* of the window's frames that it is in */
    float *token;   /* (window_frames x AT_VISUAL_EMBED) */
    int64_t *times; /* (window_frames) */
    float *motion;  /* (window_frames) of the mouth, since the sighting before */
    int tokens;
} at_found_face;

typedef struct at_face_stream {
    at_setting setting;
    int max_tracks;
    at_search *search; /* NULL: the model has no detector */
    at_tracker tracker;
    at_picture_work picture_work;
    at_cut cut;
    at_identity *people;
    at_image aligned, native;
    at_portraits *portraits; /* NULL: nobody asked for thumbnails */
    at_watch watch;
    float *work;      /* of the network */
    float *over_time; /* of its temporal encoder */
    int64_t looked;   /* frames so far */
    int64_t told;     /* of them, by the options' on_sighting */

    at_frame *frame; /* ring */
    at_sighting *sighting;
    int frames_max, frame_first, frames;

    at_span span;
    at_found_face *found;     /* (max_tracks) */
    const at_sighting **seen; /* (window_frames) of the face that is gathered */
    int window_frames;
} at_face_stream;

/* ---- the ring; i: of its frames ------------------------------------------------------------ */

static inline int at_face_slot(const at_face_stream *f, int i)
{
    return (f->frame_first + i) % f->frames_max;
}

static inline const at_frame *at_face_frame(const at_face_stream *f, int i)
{
    return &f->frame[at_face_slot(f, i)];
}

static inline at_sighting *at_face_sightings(const at_face_stream *f, int i)
{
    return &f->sighting[(size_t)at_face_slot(f, i) * (size_t)f->max_tracks];
}

/* Of the person in the i-th frame. NULL: none. */
static inline const at_sighting *at_face_sighting_of(const at_face_stream *f, int i,
                                                     uint32_t person)
{
    const at_sighting *s = at_face_sightings(f, i);
    for (int k = 0; k < at_face_frame(f, i)->faces; k++)
        if (s[k].person == person)
            return &s[k];
    return NULL;
}

/* ---- members of at_face_modality ----------------------------------------------------------- */

int at_face_push(void *self, int64_t t_us, const attune_picture *p);
int at_face_collect(void *self, int64_t start_us, int64_t end_us, at_finding *out);
void at_face_describe(const void *self, int i, attune_window *w);
void at_face_tell(void *self, int64_t end_us);

#endif
