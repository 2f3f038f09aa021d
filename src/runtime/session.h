/* session.h - what a session keeps between calls. Private to runtime.
 *
 * Two rings hold what windows to come may need: frames with their sightings, and feature rows.
 * Their sizes follow from the options alone. Windows are made when they are asked for.
 */
#ifndef AT_RUNTIME_SESSION_H
#define AT_RUNTIME_SESSION_H

#include "base/pool.h"
#include "runtime/evidence.h"
#include "runtime/model.h"
#include "vision/align.h"
#include "vision/detect.h"
#include "vision/track.h"

/* An analysed frame. Its sightings are at_session.sighting[slot * max_tracks ...]. */
typedef struct at_frame {
    int64_t t_us;
    int faces;
} at_frame;

/* How far a stream has come. */
typedef struct at_stream {
    int absent; /* by the caller's word */
    int started;
    int64_t first_us;
    int64_t head_us; /* everything before this is there */
    int64_t end_us;  /* of the latest input */
} at_stream;

struct attune_session {
    const attune_model *m;
    attune_options o; /* defaults filled in */
    int64_t window_us, hop_us, lag_us;
    int max_tracks;

    at_pool *pool;
    at_detector *detector; /* NULL: the model has none */
    at_tracker tracker;
    at_image aligned;
    float *visual_work;
    at_features *features;
    at_graph *graph; /* of the voice network */

    at_stream video, audio;
    int64_t last_period; /* of the latest analysed frame, in units of 1/rate; -1: none */
    int64_t searched_us; /* when the whole picture was last searched */
    attune_counts counts;
    int finished;

    at_frame *frame; /* ring */
    at_sighting *sighting;
    int frames_max, frame_first, frames;
    at_feature_row *row; /* ring */
    size_t rows_max, row_first, rows;

    /* Windows: ready[next_ready..n_ready) end together and wait to be taken. */
    int64_t origin_us; /* no window starts before this; set when the first one is made */
    int64_t next_end_us;
    int last_made;
    attune_window ready[ATTUNE_MAX_TRACKS];
    int n_ready, next_ready;
    at_feature_row *window_rows; /* (rows of a window) in order */
    float *window_x;
    unsigned char *window_speech;
};

static inline const at_frame *at_session_frame(const attune_session *s, int i)
{
    return &s->frame[(s->frame_first + i) % s->frames_max];
}

static inline at_sighting *at_session_sightings(const attune_session *s, int i)
{
    return &s->sighting[(size_t)((s->frame_first + i) % s->frames_max) * (size_t)s->max_tracks];
}

static inline const at_feature_row *at_session_row(const attune_session *s, size_t i)
{
    return &s->row[(s->row_first + i) % s->rows_max];
}

/* Looks at one frame: finds, follows and reads the faces in it. see.c */
int at_session_see(attune_session *s, int64_t t_us, const at_image *rgb);

/* Fills ready[] with the windows over [start_us, end_us). window.c */
int at_session_make_windows(attune_session *s, int64_t start_us, int64_t end_us);

#endif
