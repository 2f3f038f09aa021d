/* summary.h - what an analysis came to, as JSON (docs/outputs.md explains the keys). */
#ifndef AT_REPORT_SUMMARY_H
#define AT_REPORT_SUMMARY_H

#include "report/outcome.h"

/* A JSON text (free), or NULL when memory is out. */
char *at_summary_json(const at_outcome *o);

#endif
