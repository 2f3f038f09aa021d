/* readback.h - a report's folder, gone through again: what was told, and every window. */
#ifndef AT_REPORT_READBACK_H
#define AT_REPORT_READBACK_H

#include "report/result.h"

typedef struct at_readback at_readback;

/* Sees to it that the folder's files are of one set, and reads summary.json. */
int at_readback_open(at_readback **out, const char *dir, attune_error *err);
void at_readback_close(at_readback **r);

at_result *at_readback_result(at_readback *r);

/* Gives report every window of timeline.jsonl. ATTUNE_E_FORMAT where the folder is damaged, or not whole. Once. */
int at_readback_windows(at_readback *r, attune_report *report, attune_error *err);

#endif
