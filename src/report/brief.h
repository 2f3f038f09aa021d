/* brief.h - what an analysis came to, as a few lines for a terminal. */
#ifndef AT_REPORT_BRIEF_H
#define AT_REPORT_BRIEF_H

#include "report/outcome.h"

/* A text (free), or NULL when memory is out. */
char *at_brief_text(const at_outcome *o);

#endif
