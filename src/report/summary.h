/* summary.h - what an analysis came to, as JSON (docs/outputs.md explains the keys). */
#ifndef AT_REPORT_SUMMARY_H
#define AT_REPORT_SUMMARY_H

#include "report/outcome.h"

/* A JSON text (free), or NULL when memory is out. */
char *at_summary_json(const at_outcome *o);

/* Whether the summary.json at path is of a report of that setup, with the session's defaults filled in, that was not
 * interrupted. One that cannot be read is of none. */
int at_summary_is_of(const char *path, const attune_report_options *setup);

#endif
