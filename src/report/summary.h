/* summary.h - what an analysis came to, as JSON and as a few lines of text. */
#ifndef AT_REPORT_SUMMARY_H
#define AT_REPORT_SUMMARY_H

#include "report/report.h"
#include "report/stats.h"

/* Everything that the summaries and the page are made from. All borrowed. */
typedef struct at_outcome {
    const at_report_setup *setup;
    const at_stats *stats; /* closed */
    const attune_input_info *info;
    int interrupted;
} at_outcome;

/* What every result says of itself. */
extern const char at_notice_meaning[];
extern const char at_notice_law[];

/* Options with the defaults filled in. */
attune_options at_options_filled(const attune_options *o);
double at_realtime_factor(const attune_input_info *info); /* 0: unknown */

/* A JSON text (free), or NULL when memory is out. */
char *at_summary_json(const at_outcome *o);
void at_summary_print(const at_outcome *o, FILE *f);

/* Classes of a head by falling share; those under least are left out. Returns how many. */
int at_ranked(const at_head_stats *h, int classes, double least, int order[AT_CLASSES_MAX]);

#endif
