/* stats.h - what a stream of windows adds up to: subjects, gaps, and a plot's worth of averages, in
 * memory that does not grow with the length of the input.
 *
 * Windows that end together are a moment. A moment speaks for the time since the moment before.
 *
 * For the plots, windows go to lanes: a face keeps its lane while it is there, and a new one takes
 * a free lane, so there are no more lanes than faces in view at once, however many come and go.
 * Windows without a face have a lane of their own if ever they come beside those of faces (a voice
 * that belongs to none of several faces); else they fill the gaps of the only lane.
 *
 * Each lane keeps at most AT_BINS bins of equal width; when the input outgrows them, neighbours are
 * merged and the width doubles.
 */
#ifndef AT_REPORT_STATS_H
#define AT_REPORT_STATS_H

#include "report/measures.h"
#include "report/movements.h"
#include "report/subject.h"

enum {
    AT_BINS = 600,
    AT_LANES = ATTUNE_MAX_TRACKS + 1, /* the last is that of windows without a face */
    AT_FACES = 64,                    /* with sums of their own; later ones count in the whole */
    AT_LANE_FACES = 8,
};

/* What a message may speak of: the expressions, then the states. */
enum { AT_CHAT_CLASSES = ATTUNE_EMOTIONS + ATTUNE_STATES };

const char *at_chat_class(int i);

/* A column of a signal over all moments in which it had a value. */
typedef struct at_signal_sums {
    int64_t moments;           /* NaN below without any */
    double mean, m2, coverage; /* coverage: a sum, over all moments */
    float low, high;           /* of windows' means */
} at_signal_sums;

/* Sums over the windows of a bin. */
typedef struct at_bin {
    int windows, abstained;
    int there[ATTUNE_MODALITIES]; /* windows in which the stream was of any use */
    int judged[ATTUNE_STREAMS];   /* windows in which its input was at all fit to be judged */
    int with_estimate;            /* windows with anything used: what emotion[] was summed over */
    int with_state;
    int with_usual;     /* windows whose answers had something usual taken out */
    int with_movements; /* windows in which a face was fit to be judged, and its movements are known */
    float emotion[ATTUNE_EMOTIONS];
    float reliability[ATTUNE_MODALITIES];
    float condition[ATTUNE_STREAMS];
    float weight[ATTUNE_STREAMS];
    float level[ATTUNE_STATES]; /* expected level, 0..3 */
    float engagement[ATTUNE_ENGAGEMENTS];
    float seen[ATTUNE_MODALITIES];
    float usual; /* the largest of what was taken out */
    float movement[AT_MOVEMENTS];
    float quality[AT_MEASURES];
    int qualities[AT_MEASURES]; /* windows in which it was measured */
    float signal[ATTUNE_MAX_SIGNALS];
    int signals[ATTUNE_MAX_SIGNALS]; /* windows in which it had a value */
    int with_chat;                   /* windows of a recording that has one */
    float messages, chat[AT_CHAT_CLASSES];
} at_bin;

typedef struct at_lane {
    uint32_t track; /* now, or lately, in this lane; 0: none yet, or the lane is of no face */
    uint32_t face[AT_LANE_FACES]; /* that were in it, in order; later ones are not noted */
    int faces;
    int64_t end_us; /* of the lane's latest window */
    int64_t windows;
    at_movement_sums movements;
    at_bin bin[AT_BINS];
} at_lane;

/* How long something was there, and the longest time that it was not. */
typedef struct at_presence {
    double there_s, total_s;
    at_stretch gap, longest;
} at_presence;

typedef struct at_stats {
    int64_t hop_us;
    double window_s;
    int64_t bin_us;   /* width of a bin: hop_us times a power of two */
    int64_t begin_us; /* of the first bin: the whole hop in which the first window begins */
    attune_state_usual usual;
    int64_t windows, abstained;
    int64_t there[ATTUNE_MODALITIES]; /* windows in which the stream was of any use */
    int64_t estimated;                /* windows with anything used */
    int64_t end_us;                   /* of the latest moment */
    double weight[ATTUNE_STREAMS], reliability[ATTUNE_MODALITIES]; /* sums */
    double quality[AT_MEASURES];
    int64_t qualities[AT_MEASURES]; /* windows in which it was measured */

    const attune_beside_setup *setup; /* nullable: what was recorded beside, [kept] */
    attune_beside beside;             /* of the moment */
    int64_t moments;
    at_signal_sums signal[ATTUNE_MAX_SIGNALS];
    float chat[AT_CHAT_CLASSES]; /* the most that any message spoke of it */

    at_presence presence[ATTUNE_MODALITIES]; /* of any face; of a usable voice */
    at_presence estimate;                    /* of one that was not withheld */
    at_subject all, voice;                   /* voice: windows without a face, but with a voice */
    at_subject *face[AT_FACES];              /* by number, after close */
    int faces;
    int64_t more_faces; /* windows of faces on top of these */
    int still, goes_on; /* a picture; more than one moment */
    int several; /* windows with and without faces, or of several faces, have come together */

    at_lane *lane[AT_LANES]; /* NULL from lanes on */
    at_lane *faceless;       /* becomes a lane, or part of the first, at close */
    int lanes, max_lanes;

    attune_window moment[AT_LANES]; /* that wait for the moment to be whole */
    int rows;
} at_stats;

/* hop_us > 0; max_lanes: faces followed at once, 1..ATTUNE_MAX_TRACKS. */
void at_stats_init(at_stats *s, int64_t hop_us, double window_s, int max_lanes,
                   const attune_state_usual *usual);
void at_stats_free(at_stats *s);
/* In order of end_us, and of first sighting where that is equal. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_stats_add(at_stats *s, const attune_window *w);
/* After the last window. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_stats_close(at_stats *s);

/* After close. Where the input was one picture, little time says nothing against it; a clip of which one picture was looked at
 * goes on after it. */
void at_stats_take_input(at_stats *s, const attune_input_info *info);

/* That of a face, after close; NULL: there is none of that number among the first AT_FACES. */
const at_subject *at_stats_face(const at_stats *s, uint32_t track);

/* Means over the windows in which the stream was of use (weight: anything was used); NaN: none. */
double at_stats_reliability(const at_stats *s, int modality);
double at_stats_weight(const at_stats *s, int modality);
double at_stats_measure(const at_stats *s, int measure); /* mean; NaN if never measured */
double at_presence_share(const at_presence *p);

/* Whether lane l (after close) is that of windows without a face beside those of faces. */
int at_lane_is_faceless(const at_stats *s, int l);
/* Face, voice, and of what was recorded beside that on which any estimate rests. Returns how many. */
int at_stats_streams(const at_stats *s, int stream[ATTUNE_STREAMS]);
/* Bins that the plot of a lane has: up to the end of the input. */
int at_stats_bins(const at_stats *s);
int64_t at_stats_length_us(const at_stats *s); /* from the first bin to there */

#endif
