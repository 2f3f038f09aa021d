/* chart.h - the plots of the page, drawn with cairo: for figures and for printed reports. */
#ifndef AT_REPORT_CHART_H
#define AT_REPORT_CHART_H

#include "report/lane.h"
#include "report/outcome.h"
#include "report/paint.h"

enum { AT_CHART_LABEL = 118, AT_CHART_VALUE = 44 }; /* beside the plot, at its left and right */

/* A lane that is being drawn, from y on downwards; all plots lie over the same span of time. */
typedef struct at_chart {
    cairo_t *cr;
    at_rows r;
    double x, y, w; /* of the plots, without what stands beside them */
    int means;      /* values stand beside them */
} at_chart;

/* left, width: of everything. */
at_chart at_chart_of(cairo_t *cr, const at_stats *s, int l, double left, double y, double width);

/* Each leaves y below what it drew. */
void at_chart_expression(at_chart *c, double height);
void at_chart_weights(at_chart *c, double height);
void at_chart_engagement(at_chart *c, double height); /* nothing where none was estimated */
void at_chart_curves(at_chart *c, at_curve_group group, double height /* of each */);
void at_chart_axis(at_chart *c);
void at_chart_heading(at_chart *c, const char *text);
/* What heading, curves of the group and an axis below them take; 0: there are none. */
double at_chart_room(const at_chart *c, at_curve_group group, double height /* of each */);
int at_chart_has_states(const at_chart *c);

#endif
