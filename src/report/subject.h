/* subject.h - what the windows about one face, about a voice without a face, or about the whole
 * recording add up to: how long, what was likeliest, how sure that is, and what was unusual.
 *
 * Evidence is counted in seconds, not in windows: a window reaches back over what the windows
 * before it have said already, and speaks here for its last hop alone, and only if something was
 * seen or heard in that hop.
 *
 * Uncertainty: neighbouring windows share their input, and moods last. So the time with evidence is
 * cut into batches no shorter than a window, and the spread of the batches' means gives the
 * variance of the whole one's (batch means: Schmeiser 1982, "Batch size effects in the analysis of
 * simulation output"). The variance counts as that of n independent windows, where n is never more
 * than there are windows without overlap; the interval of a share is Wilson's (1927) for that n.
 */
#ifndef AT_REPORT_SUBJECT_H
#define AT_REPORT_SUBJECT_H

#include "report/habit.h"
#include "report/movements.h"
#include "report/place.h"

#include <attune/attune.h>

enum {
    AT_CLASSES_MAX = 7,
    AT_BATCHES = 32, /* merged in pairs when there are more */
};

/* What is estimated: one of a few classes at a time. */
typedef enum at_topic {
    AT_TOPIC_EXPRESSION,
    AT_TOPIC_ENGAGEMENT,
    AT_TOPIC_STATE, /* four topics, one a learning state; classes are its levels */
    AT_TOPICS = AT_TOPIC_STATE + ATTUNE_STATES
} at_topic;

typedef struct at_stretch {
    int64_t start_us, end_us; /* both 0: none */
} at_stretch;

typedef struct at_topic_stats {
    double seconds;                   /* with evidence for this topic */
    double likeliest[AT_CLASSES_MAX]; /* seconds in which the class was the likeliest */
    double mean[AT_CLASSES_MAX];      /* probability x seconds */
    at_stretch longest[AT_CLASSES_MAX];
    int running; /* class of the stretch that is going on, -1: none */
    at_stretch run;
} at_topic_stats;

typedef struct at_batch {
    double seconds, state_seconds;
    double emotion[ATTUNE_EMOTIONS]; /* seconds in which it was the likeliest */
    double engagement[ATTUNE_ENGAGEMENTS];
    double level[ATTUNE_STATES]; /* level x seconds */
} at_batch;

/* A stretch in which the level of a state is more than a deviation from the usual. */
typedef struct at_departure {
    at_stretch when;
    double seconds, sum; /* sum: difference x seconds */
} at_departure;

typedef struct at_subject {
    uint32_t track;            /* 0: a voice alone, or the whole recording */
    int64_t first_us, last_us; /* first and last sight (or sound) */
    double seen_s, heard_s;
    at_place place;             /* of a face */
    at_habit habit;             /* of one person */
    at_movement_sums movements; /* of a face */
    at_topic_stats topic[AT_TOPICS];
    at_departure departing[ATTUNE_STATES], departure[ATTUNE_STATES];
    attune_state_usual usual;
    double enough_s; /* AT_ENOUGH_S; 0 of a still picture, which has no time */
    double window_s, batch_s;
    at_batch batch[AT_BATCHES];
} at_subject;

void at_subject_init(at_subject *s, uint32_t track, double window_s,
                     const attune_state_usual *usual);
/* w speaks for [start_us, w->end_us). Of a face only what was seen of it is evidence: what is heard
 * while it is away is the voice's. weight: 1, or less where others share that time. */
void at_subject_add(at_subject *s, const attune_window *w, int64_t start_us, double weight);
/* Ends the stretches that are going on. */
void at_subject_close(at_subject *s);

#define AT_FACE_SHARE_MIN 0.5 /* of a hop: a face in less of it is away */

/* Whether, in a window's last hop, its face was there; a usable voice was heard (in at least a fifth
 * of it: speech has pauses); and whether an estimate rests on either. */
int at_face_there(const attune_window *w);
int at_voice_there(const attune_window *w);
int at_evident(const attune_window *w);

/* Under this much evidence nothing is said of the whole. */
#define AT_ENOUGH_S 2.0
int at_subject_enough(const at_subject *s, at_topic t);

/* 95 % interval. */
typedef struct at_interval {
    double value, low, high;
} at_interval;

#define AT_INTERVAL_Z 1.96

/* Variance of the ratio of two sums over n parts of a sample, each with its part and its whole (Cochran
 * 1977, chapter 6); 0 of fewer than two. */
double at_ratio_variance(const double *part, const double *whole, int n);
/* Wilson's interval of the share p of n independent windows. */
at_interval at_wilson(double p, double n);

/* Share of the time in which the class was the likeliest. Of AT_TOPIC_EXPRESSION and
 * AT_TOPIC_ENGAGEMENT; of other topics, and of a still picture, the value alone means something. */
at_interval at_subject_share(const at_subject *s, at_topic t, int class);
at_interval at_subject_level(const at_subject *s, int state); /* mean level, 0..3 */
double at_topic_mean(const at_topic_stats *tally, int class); /* mean probability */
/* The class that was the likeliest for longest (the higher mean decides a tie); -1: none. */
int at_topic_most(const at_topic_stats *tally);
/* Classes by falling share; those under least are left out. Returns how many. */
int at_topic_ranked(const at_topic_stats *tally, int classes, double least,
                    int order[AT_CLASSES_MAX]);

/* The longest stretch in which a state differed from the usual by more than a deviation, if it
 * rests on at least as many seconds as two windows; else NULL. */
const at_departure *at_subject_unusual(const at_subject *s, int state);
double at_departure_levels(const at_departure *d); /* mean difference */

const char *at_topic_name(at_topic t);
int at_topic_classes(at_topic t);
const char *at_topic_class(at_topic t, int class); /* static storage */

#endif
