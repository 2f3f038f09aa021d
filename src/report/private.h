/* private.h - what the parts of this module share. */
#ifndef AT_REPORT_PRIVATE_H
#define AT_REPORT_PRIVATE_H

#include "report/summary.h"

/* Everything that a report came to; lives with r. */
at_outcome at_report_outcome(const at_report *r);

#endif
