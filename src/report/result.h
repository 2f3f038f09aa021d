/* result.h - a report's summary.json, read back as what the report was made of. */
#ifndef AT_REPORT_RESULT_H
#define AT_REPORT_RESULT_H

#include <attune/sink.h>
#include <jansson.h>

enum { AT_RESULT_FACTS = 16 };

/* Must not move while setup is used. */
typedef struct at_result {
    json_t *root;                /* what setup's texts lie in */
    attune_report_options setup; /* input, model, session, facts, usual */
    attune_input_info info;
    int interrupted;
    int64_t windows; /* that the timeline must have */
    attune_state_usual usual;
    const char *facts[2 * AT_RESULT_FACTS + 1];
    attune_beside_setup beside;
    const char *signals[ATTUNE_MAX_SIGNALS + 1];
} at_result;

/* path: of the summary.json. Every value is checked. */
int at_result_read(at_result *r, const char *path, attune_error *err);
void at_result_free(at_result *r);

#endif
