/* outcome.h - everything that an analysis came to: what summaries and the page are made from. */
#ifndef AT_REPORT_OUTCOME_H
#define AT_REPORT_OUTCOME_H

#include "report/thumbnails.h"

#include <attune/sink.h>

/* All borrowed. */
typedef struct at_outcome {
    const attune_report_options *setup; /* with the session's defaults filled in */
    const at_stats *stats;              /* closed */
    const attune_input_info *info;
    int interrupted;
    const char *json;                /* summary.json's text; NULL while it is made */
    const char *text;                /* the same as a few lines for a person; NULL likewise */
    const at_thumbnails *thumbnails; /* NULL: there is no page to show them */
    const char *written;             /* files of this run, with commas between */
    const char *earlier; /* files of an earlier run in the folder, with commas between; "": none */
} at_outcome;

/* What the parts of this module may know of a report. */
at_outcome at_report_outcome(const attune_report *r);
/* It is made of an earlier one's files, which are no other run's. */
void at_report_is_read_back(attune_report *r);

/* What every result says of itself. */
extern const char at_notice_meaning[];
extern const char at_notice_law[];

double at_realtime_factor(const attune_input_info *info); /* 0: unknown */
/* The i-th fact of the model's card that a report tells, and its key; NULL past the end: of setup's model,
 * or else of its facts. */
const char *at_fact(const attune_report_options *setup, int i, const char **key);
/* Nobody was in view beside somebody else: what is said of the whole is said of whoever was there,
 * who need not be the same all the time. */
int at_one_at_a_time(const at_stats *s);
int at_one_person(const at_stats *s); /* and it was the same */
/* Whether a face was seen for a moment only, of a recording that has more; and how many were. */
#define AT_GLIMPSE_S 1.0
int at_is_glimpse(const at_stats *s, const at_subject *face);
int at_glimpses(const at_stats *s);
/* The picture of a face that the page shows; NULL: none. */
const at_thumbnail *at_shown_thumbnail(const at_outcome *o, const at_subject *face);
/* Whether any face has one. */
int at_shows_thumbnails(const at_outcome *o);

#endif
