/* plot.h - the time plots of one lane, as rows of a page: label with its scale, plot, value.
 *
 * Every plot is an SVG stretched to the width that there is, all over the same span of time, so
 * that they line up; letters are HTML beside it and keep their size on a small screen. Heights
 * are pixels. Stretches without a value, and withheld estimates, are hatched. For those who do not
 * see the plots each has a sentence, and all together a table.
 */
#ifndef AT_REPORT_PLOT_H
#define AT_REPORT_PLOT_H

#include "report/stats.h"

#include <stdio.h>

/* Marks a page needs once, before its first plot (the hatching). */
void at_plot_defs(FILE *f);
/* All rows of lane l, with the time axis, the slider and the table. */
void at_plot_lane(const at_stats *s, int l, FILE *f);
/* A moment that a plot points at. */
typedef struct at_mark {
    int64_t t_us;
    int number;
} at_mark;
/* Only what the estimate of lane l rests on and how its face moves, with n moments marked, in order
 * of time. */
void at_plot_rests(const at_stats *s, int l, const at_mark *mark, int n, FILE *f);
/* A small strip of the likeliest expression over time (lane 0), without letters. */
void at_plot_strip(const at_stats *s, FILE *f);
/* The averages behind the plots for the page's script: one JSON object. */
void at_plot_data(const at_stats *s, int l, FILE *f);

/* Expressions in the order of their bands, from below; class "e<i>" has the i-th's colour. */
extern const int at_plot_emotion_order[ATTUNE_EMOTIONS];

#endif
