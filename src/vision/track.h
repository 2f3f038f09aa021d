/* track.h - follows each face from frame to frame and through short losses, by its place.
 *
 * Tracks move with constant velocity; detections go to the track they overlap most (greedy, best
 * pair first; a face that moved fast may match by distance instead). A track unseen for longer
 * than bridge_us ends. Landmarks are smoothed lightly, less the faster the face moves.
 *
 * After a cut a place says little: the caller tells of it and, where another face took the place,
 * has the track begin anew.
 */
#ifndef AT_VISION_TRACK_H
#define AT_VISION_TRACK_H

#include "base/keep.h"
#include "vision/detect.h"

enum { AT_TRACKS_MAX = 16 };

/* Zero is the default for every field. */
typedef struct at_track_options {
    int max_tracks;    /* 1..AT_TRACKS_MAX; 0: 1, the largest and longest seen */
    int64_t bridge_us; /* 0: 1 s */
    float iou;         /* least overlap of a match; 0: 0.2 */
} at_track_options;

typedef struct at_track {
    uint32_t id;      /* of the track: 1, 2, 3 in order of first sight, never given twice */
    uint32_t person;  /* the caller's name for whom it follows; 0 in a new track */
    float changed;    /* the largest at_tracker_changed since the caller last set it to 0: since it
                       * last judged whom the track follows */
    int seen;         /* a detection matched in the latest frame */
    int hits;         /* frames with a match so far */
    int64_t first_us; /* first and latest sighting */
    int64_t last_us;
    at_face face; /* smoothed; while unseen: predicted */
    float vx, vy; /* of the box's centre, pixels a second */
} at_track;

typedef struct at_tracker {
    at_track_options o;
    at_track track[AT_TRACKS_MAX];
    int count;
    uint32_t ids; /* given so far */
    int64_t now_us;
} at_tracker;

void at_tracker_init(at_tracker *t, const at_track_options *o /* nullable */);

/* The faces of a frame at now_us (times must not decrease). Afterwards track[0..count) are the
 * live tracks, in order of first sighting. match (n) nullable: for each face the index of its
 * track or -1. With all tracks in use, a new face that is much larger than an unseen or much
 * smaller track takes its place. */
void at_tracker_update(at_tracker *t, int64_t now_us, const at_face *faces, int n, int *match);
/* Before an update: the picture is another by so much (at_cut_see). No track is seen or moves any
 * more; the next face in its place is taken as it is, and a face elsewhere may take its room. */
void at_tracker_changed(at_tracker *t, float change);
/* Another face took the place of track[i], which is a new one from now on. */
void at_tracker_renew(at_tracker *t, int i);
/* All but the options (base/keep.h). */
void at_tracker_keep(at_keep *k, at_tracker *t);

#endif
