/* stats.h - what a stream of windows adds up to: shares, longest episodes, and a plot's worth of
 * averages, in memory that does not grow with the length of the input.
 *
 * A window speaks for the stretch since the window before it (its last hop). Windows of one
 * moment go to lanes: a face keeps its lane while it is there, and a new one takes a free lane,
 * so there are no more lanes than faces followed at once, however many come and go.
 *
 * For the plots each lane keeps at most AT_BINS bins of equal width; when the input outgrows
 * them, neighbours are merged and the width doubles.
 */
#ifndef AT_REPORT_STATS_H
#define AT_REPORT_STATS_H

#include <stddef.h>
#include <attune/attune.h>

enum {
    AT_BINS = 600,
    AT_LANES = 16,
    AT_CLASSES_MAX = 7,
    AT_QUALITIES = offsetof(attune_quality, reserved) / sizeof(float),
};

/* Everything that is counted and timed has the same form: one of a few classes at a time. */
typedef enum at_head {
    AT_HEAD_EMOTION,
    AT_HEAD_ENGAGEMENT,
    AT_HEAD_STATE, /* four heads, one a learning state; classes are its levels */
    AT_HEAD_FACE = AT_HEAD_STATE + ATTUNE_STATES, /* 0 missing, 1 there */
    AT_HEAD_VOICE,
    AT_HEAD_ESTIMATE, /* 0 withheld, 1 given */
    AT_HEADS
} at_head;

typedef struct at_stretch {
    int64_t start_us, end_us; /* both 0: none */
    int lane;
} at_stretch;

typedef struct at_head_stats {
    int64_t windows;               /* that this head had something to say about */
    int64_t count[AT_CLASSES_MAX]; /* windows in which the class was the likeliest */
    double mean[AT_CLASSES_MAX];   /* sum of probabilities over these windows; see at_head_mean */
    at_stretch longest[AT_CLASSES_MAX];
} at_head_stats;

/* Sums over the windows of a bin. */
typedef struct at_bin {
    int windows, abstained;
    int used[ATTUNE_MODALITIES];
    int with_estimate; /* windows with anything used: what emotion[] was summed over */
    int with_state;
    float emotion[ATTUNE_EMOTIONS];
    float reliability[ATTUNE_MODALITIES];
    float weight[ATTUNE_MODALITIES];
    float level[ATTUNE_STATES]; /* expected level, 0..3 */
    float engagement[ATTUNE_ENGAGEMENTS];
    float quality[AT_QUALITIES];
    int qualities[AT_QUALITIES]; /* windows in which it was measured */
} at_bin;

typedef struct at_lane {
    uint32_t track; /* now, or lately, in this lane */
    int64_t end_us; /* of the lane's latest window */
    int64_t windows;
    int faces;             /* times that a new face came into this lane */
    int running[AT_HEADS]; /* class of the stretch that is going on, -1 none */
    at_stretch run[AT_HEADS];
    at_bin bin[AT_BINS];
} at_lane;

typedef struct at_stats {
    int64_t hop_us;
    int64_t bin_us; /* width of a bin: hop_us times a power of two */
    int64_t windows, abstained;
    int64_t with[ATTUNE_MODALITIES];       /* windows in which the stream was there */
    int64_t used[ATTUNE_MODALITIES];       /* ... and counted */
    int64_t end_us;                        /* of the latest window */
    double weight[ATTUNE_MODALITIES];      /* sum over the windows with an estimate */
    double reliability[ATTUNE_MODALITIES]; /* sum over all windows */
    double quality[AT_QUALITIES];          /* sums */
    int64_t qualities[AT_QUALITIES];       /* windows in which it was measured */
    at_head_stats head[AT_HEADS];
    at_lane *lane[AT_LANES]; /* NULL from lanes on */
    int lanes, max_lanes;
} at_stats;

/* hop_us > 0; max_lanes: faces followed at once, 1..AT_LANES. */
void at_stats_init(at_stats *s, int64_t hop_us, int max_lanes);
void at_stats_free(at_stats *s);
/* In order of end_us, and of first sighting where that is equal; at most max_lanes windows end
 * together. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_stats_add(at_stats *s, const attune_window *w);
/* Closes the stretches that are still going on. More windows may follow. */
void at_stats_close(at_stats *s);

const char *at_head_name(at_head h);
int at_head_classes(at_head h);
/* Of at_head_classes. Static storage. */
const char *at_head_class(at_head h, int class);
/* The class that was most often the likeliest (the higher mean decides a tie); -1: none. */
int at_head_dominant(const at_head_stats *h);
double at_head_share(const at_head_stats *h, int class); /* of the windows, 0..1 */
double at_head_mean(const at_head_stats *h, int class);  /* mean probability */
/* The learning state whose mean level is highest; -1: none. */
int at_stats_dominant_state(const at_stats *s);
double at_stats_mean_level(const at_stats *s, int state);
double at_stats_quality(const at_stats *s, int quality); /* mean; NaN if never measured */
/* Of attune_quality, in the order of its members. Static storage. */
const char *at_quality_name(int quality);

/* Bins that the plot of a lane has: up to the end of the input. */
int at_stats_bins(const at_stats *s);

#endif
