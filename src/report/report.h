/* report.h - windows in; timeline.csv, timeline.jsonl, summary.json and report.html out.
 *
 * Everything is written to temporary files beside its final name and appears, whole, at
 * at_report_finish. Memory does not grow with the number of windows. One thread at a time.
 */
#ifndef AT_REPORT_REPORT_H
#define AT_REPORT_REPORT_H

#include <attune/attune.h>
#include <stdio.h>

/* A line of "how this was made": of the model's metadata. */
typedef struct at_report_fact {
    const char *key, *value;
} at_report_fact;

/* Borrowed until at_report_free. */
typedef struct at_report_setup {
    const char *dir;        /* made if it is not there */
    const char *input;      /* as the user named it */
    const char *model_path; /* nullable */
    const at_report_fact *facts;
    int n_facts;
    attune_options options; /* as the session was opened; zeros are the defaults */
} at_report_setup;

typedef struct at_report at_report;

int at_report_open(at_report **out, const at_report_setup *setup, attune_error *err);
/* Removes what was not finished, and the folder if it was made for this and is empty. */
void at_report_free(at_report **r);

/* Windows in the order of the session. */
int at_report_window(at_report *r, const attune_window *w, attune_error *err);

/* Writes what is left and makes all files appear. interrupted: the analysis was stopped; what
 * there is up to then is marked and kept. Afterwards only the calls below and free. */
int at_report_finish(at_report *r, const attune_input_info *info, int interrupted,
                     attune_error *err);

/* summary.json as text; lives with r. After finish. */
const char *at_report_json(const at_report *r);
/* A summary for a person, a few lines. After finish. */
void at_report_print(const at_report *r, FILE *f);

/* ---- several inputs ------------------------------------------------------------------------ */

/* index.html in dir: a line for each input. */
typedef struct at_index at_index;
int at_index_open(at_index **out, const char *dir, attune_error *err);
void at_index_free(at_index **x);
/* folder: of the input's report, relative to the index. After at_report_finish(r). */
int at_index_add(at_index *x, const char *folder, const at_report *r);
int at_index_add_failed(at_index *x, const char *input, const char *reason);
int at_index_finish(at_index *x, attune_error *err);

/* The columns of timeline.csv and timeline.jsonl as a Markdown table. */
void at_report_columns(FILE *f);

#endif
