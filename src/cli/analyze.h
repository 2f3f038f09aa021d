/* analyze.h - attune analyze: what was asked for, and one input of it. */
#ifndef AT_CLI_ANALYZE_H
#define AT_CLI_ANALYZE_H

#include "cli/cli.h"

#include <attune/log.h>
#include <attune/sink.h>
#include <attune/store.h>
#include <attune/study.h>

typedef struct at_job {
    char **inputs;
    int n_inputs;
    const char *dir, *sinks, *model_path;
    attune_precision precision;
    char all_sinks[2 * AT_KINDS_SIZE]; /* exports too */
    int overlay, anonymise;
    attune_options options;
    const char *sound;         /* of another file; NULL: the input's own */
    double offset_s;           /* NaN: to be found */
    const char *signal, *chat; /* files; NULL: none */
    attune_log_options signal_log, chat_log;
    attune_beside_setup beside; /* of both, once they are open */
    char logs[40];              /* what tells them from others */
    int quiet, json;
    int view, no_view;
    const char *store_path, *person; /* NULL: nothing is kept */

    const char *manifest; /* a study; NULL: the inputs are named */
    int shard, shards, resume, processes;

    attune_model *model;
    attune_store *store;
    attune_index *index; /* with several inputs */
    int printed;         /* JSON objects so far */
    char why[512];       /* of what failed last */
    int unwritten;       /* an attune_status, where what failed is what was to be written; else 0 */
} at_job;

/* Of the recording that job->signal and ->chat are of: what is wrong with a row is said before anything is analysed. */
int at_analyze_open_beside(at_job *job, attune_error *err);
void at_analyze_close_beside(at_job *job);

/* folder: of the report; link: the same as the index names it. Returns the exit code. */
int at_analyze_input(at_job *job, const char *input, const char *folder, const char *link);

/* Says why, and keeps it. AT_EXIT_FAILED. */
int at_analyze_complain(at_job *job, const char *input, const char *why);

/* Says so. AT_EXIT_INTERRUPTED. */
int at_analyze_interrupted(const at_job *job, const char *input, int kept);

/* Where nothing was written, what stands there could be taken for what was asked for. */
void at_analyze_name_earlier(const char *folder);

/* ---- analyze_resume.c ----------------------------------------------------------------------- */

/* What --resume finds, which it says: 1: analyse; 0: it is finished already; < 0: it is not to be gone on with. */
int at_analyze_resumes(at_job *job, const char *input, const attune_report_options *setup,
                       attune_error *err);

/* ---- analyze_study.c ------------------------------------------------------------------------ */

/* All recordings of a manifest, or of a shard. Returns the exit code. */
int at_analyze_study(at_job *job);

#endif
