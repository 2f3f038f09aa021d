/* lane.h - the figures that a lane's plots show. Private to what draws them.
 *
 * A bin holds sums over windows; what is shown of it is a sum and how many windows it is over.
 */
#ifndef AT_REPORT_LANE_H
#define AT_REPORT_LANE_H

#include "report/stats.h"

#include <math.h>
#include <stdio.h>

/* A lane that is being written. */
typedef struct at_rows {
    const at_stats *s;
    const at_lane *lane;
    int bins;
    double length_us;                            /* from border to border */
    int movement[AT_MOVEMENTS_SHOWN], movements; /* that have curves: those that vary most */
    int judged[ATTUNE_STREAMS], judgeds;         /* streams beside, that the fusion judged */
    int signal[ATTUNE_MAX_SIGNALS], signals;     /* likewise: columns with a value in some window */
    int chat[AT_CHAT_CLASSES], chats;            /* likewise: those that some message speaks of */
    FILE *f;
} at_rows;

at_rows at_rows_of(const at_stats *s, int l, FILE *f);

typedef struct at_ratio {
    double sum;
    int n;
} at_ratio;

typedef at_ratio (*at_bin_value)(const at_bin *b, int i);

/* NaN: there is none */
static inline double at_ratio_value(at_ratio r)
{
    return r.n > 0 ? r.sum / r.n : NAN;
}
/* Of the lane's bins; 0: none is higher. */
static inline double at_rows_highest(const at_rows *r, at_bin_value value, int i)
{
    double most = 0;

    for (int k = 0; k < r->bins; k++)
        most = fmax(most, at_ratio_value(value(&r->lane->bin[k], i)));
    return most;
}
at_ratio at_emotion_of(const at_bin *b, int i);
at_ratio at_engagement_of(const at_bin *b, int i);
at_ratio at_weight_of(const at_bin *b, int m);
at_ratio at_condition_of(const at_bin *b, int m);
int at_withheld(const at_bin *b); /* mostly */

typedef enum at_curve_group {
    AT_CURVES_TRUST,
    AT_CURVES_QUALITY,
    AT_CURVES_STATE,
    AT_CURVES_MOVEMENT,
    AT_CURVES_SIGNAL,
    AT_CURVES_CHAT,
} at_curve_group;

/* One value over time, shown from least to most (cut to that). */
typedef struct at_curve {
    at_curve_group group;
    const char *label, *what; /* of a movement what is NULL: at_curve_what says it */
    const char *class;        /* of its colour */
    at_bin_value value;
    int index;
    double most;
    const char *unit; /* "%": a share; else as printed behind the value */
    double least;     /* 0 but of a signal */
} at_curve;

/* The k-th of the lane into *out; 0: there is none. */
int at_curve_at(const at_rows *r, int k, at_curve *out);
void at_curve_what(const at_curve *c, FILE *f);            /* what it shows, in words */
double at_curve_value(const at_curve *c, const at_bin *b); /* NaN: there is none */
double at_curve_height(const at_curve *c,
                       double value); /* [0,1] between least and most; NaN: none */
double at_curve_mean(const at_curve *c, const at_rows *r); /* over windows; NaN: none */
/* The value that is usual, a dotted line; NaN: none is known. */
double at_curve_usual(const at_curve *c, const at_rows *r);
enum { AT_CURVE_SIZE = 32 };
/* Without the unit. Returns text. */
const char *at_curve_text(const at_curve *c, double value, char text[AT_CURVE_SIZE]);
void at_curve_print(const at_curve *c, double value, FILE *f);

/* lane_beside.c: the curves of what was recorded beside. */
int at_curves_beside(const at_rows *r); /* how many there are */
at_curve at_curve_beside(const at_rows *r, int i);
void at_rows_find_beside(at_rows *r);
/* "Signal (no estimate rests on it)" of the group's curves. */
const char *at_beside_title(const at_rows *r, at_curve_group group);

enum { AT_AXIS_NAME_SIZE = 64 };
/* plain; where the input's clock does not begin at 0 "time after 1:40", from which all of the lane counts. */
const char *at_axis_name(char text[AT_AXIS_NAME_SIZE], const at_rows *r, const char *plain);
/* Seconds between marks of a time axis: gives four to eight of them. */
double at_tick_step(double seconds);

/* Whether lane l is drawn: it is among the first few, and more than a glimpse. */
int at_lane_is_drawn(const at_stats *s, int l);
enum { AT_LANE_NAME_SIZE = 128 };
/* "face 1", "faces 1, 4" (one after the other), "a voice that belongs to no face in view"; "" where there
 * is nobody to tell it from. Returns name. */
const char *at_lane_name(char name[AT_LANE_NAME_SIZE], const at_stats *s, int l);

/* All of a lane in at most a screen of rows, for those who do not see the plots. */
void at_lane_table(const at_rows *r);

#endif
