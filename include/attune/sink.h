/* sink.h - windows as files to read: a timeline, a summary, a page, subtitles. May change.
 *
 * A sink turns the windows of one recording into one output. Which sinks there are is a table
 * (attune_sink_at); a report runs some of them side by side over the same windows:
 *
 *     attune_report_options o = {.dir = "out", .input = "clip.mp4", .model = m};
 *     attune_report_open(&r, &o, &err);
 *     attune_report_window(r, &w, &err);             for every window, in the session's order
 *     attune_report_finish(r, &info, 0, &err);       now the files are there
 *     attune_report_free(&r);
 *
 * Files grow in a folder of their own in dir, attune-unfinished, and appear together, whole, at
 * attune_report_finish, or not at all. Files of an earlier run that this one does not write stay where they are; text, summary and
 * page name them. Memory does not grow with the number of windows (but for eaf and textgrid, by a few
 * bytes for each change). Names, errors and owning as in attune.h; a
 * report and an index: one thread at a time.
 */
#ifndef ATTUNE_SINK_H
#define ATTUNE_SINK_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct attune_sink_info {
    const char *name; /* "csv"; a few share theirs: what is written together */
    const char *file; /* "timeline.csv" */
    const char *what; /* one line */
    int extra;        /* an export: written only where it is named */
    int sightings;    /* made of attune_report_sighting: in attune_analyze_file, and not later */
} attune_sink_info;

/* The i-th sink; NULL past the end. Static storage. */
const attune_sink_info *attune_sink_at(int i);
/* Names of sinks are given with commas between; "default" stands for all that are not extra, and so does
 * NULL. Whether there are sinks of these names. ATTUNE_E_ARG: no. */
int attune_sinks_check(const char *names /* nullable */, attune_error *err);
/* Whether this file is among theirs. */
int attune_sinks_have(const char *names /* nullable */, const char *file);

/* Files of sinks that stand in dir, of those sinks that are not named in except (as in
 * attune_report_options; "": none is): names with ", " between, cut to size. Returns how many. */
int attune_outputs_in(const char *dir, const char *except, char *out, size_t size);

/* ---- a report ------------------------------------------------------------------------------ */

typedef struct attune_report attune_report;

/* Zero is the default for every field but dir (or write) and input. All pointers [kept]. */
typedef struct attune_report_options {
    const char *dir;           /* made if it is not there */
    const char *sinks;         /* names; NULL: "default" */
    const char *input;         /* as a reader shall see it named */
    const attune_model *model; /* nullable; what is told of the model, and what is usual */
    const char *model_path;    /* nullable */
    attune_options session;    /* as the session was opened */
    /* Without a model, nullable: what is told of it: key, value, ..., NULL; and what is usual */
    const char *const *facts;
    const attune_state_usual *usual;
    const char *file; /* nullable: the name in dir of the one file that sinks make */
    /* Instead of a folder: takes each sink's text as it comes; what a window adds is there when
     * attune_report_window returns. Non-zero: it failed. */
    int (*write)(void *user, const attune_sink_info *sink, const char *text, size_t size);
    void *user;
    int sightings; /* attune_report_sighting will be called: sinks that are made of it can be */
    /* Nullable: what tells session.beside's rows from others (attune_log_digest), for attune_report_stands */
    const char *logs;
} attune_report_options;

int attune_report_open(attune_report **out, const attune_report_options *o, attune_error *err);
/* Removes what was not finished, and the folder if it was made for this and is empty. */
void attune_report_free(attune_report **r);

/* Whether dir holds a report of these options already, whole and not interrupted, as its summary.json says: 1 or 0. Its
 * input may have changed since. */
int attune_report_stands(const attune_report_options *o, attune_error *err);

/* Windows in the order of the session. */
int attune_report_window(attune_report *r, const attune_window *w, attune_error *err);

/* As attune_options.on_sighting gives them; before the window that tells of them. */
int attune_report_sighting(attune_report *r, const attune_sighting *s, attune_error *err);

/* Before finish: a picture of a face, to stand in report.html beside what is said of it. Copied; of
 * the first 64 faces. */
int attune_report_thumbnail(attune_report *r, const attune_thumbnail *t, attune_error *err);

/* Writes what is left and makes all files appear. interrupted: the analysis was stopped; what
 * there is up to then is marked and kept. Afterwards only the calls below and free. */
int attune_report_finish(attune_report *r, const attune_input_info *info, int interrupted,
                         attune_error *err);

/* After finish, whatever the sinks; they live with r: the summary as JSON, and as a few lines for
 * a person. */
const char *attune_report_json(const attune_report *r);
const char *attune_report_text(const attune_report *r);

/* ---- a report read back ------------------------------------------------------------------ */

/* A line of timeline.jsonl as a window again, with as many digits as stand there. n: its bytes. Every
 * value is checked: ATTUNE_E_FORMAT. */
int attune_window_read(attune_window *out, const char *line, size_t n, attune_error *err);

typedef struct attune_export_options {
    const char *to;    /* names of sinks, extra or not */
    const char *dir;   /* nullable: the report's own folder */
    const char *file;  /* nullable: instead of dir, for sinks of one file: its path */
    const char *input; /* nullable: where the clip lies now, if not where it lay */
    uint64_t reserved[4];
} attune_export_options;

/* Gives the windows in a report's folder (timeline.jsonl and summary.json) to more sinks. What they write
 * is what they would have written at once, but for pages and figures, whose numbers may be off by what
 * the timeline rounds. A folder that is damaged, or not whole, is an error, and nothing is written. */
int attune_export(const char *report, const attune_export_options *o, attune_error *err);

/* ---- several inputs ------------------------------------------------------------------------ */

/* index.html in dir: a line for each input, with a link to its report.html. */
typedef struct attune_index attune_index;
int attune_index_open(attune_index **out, const char *dir, attune_error *err);
void attune_index_free(attune_index **x);
/* folder: of the input's report, relative to the index. After attune_report_finish(r). */
int attune_index_add(attune_index *x, const char *folder, const attune_report *r);
int attune_index_add_failed(attune_index *x, const char *input, const char *reason);
int attune_index_finish(attune_index *x, attune_error *err);

/* ---- columns ------------------------------------------------------------------------------- */

/* A column of timeline.csv, and a key of timeline.jsonl. */
typedef struct attune_column {
    char name[40];
    char what[112]; /* meaning, unit and range */
} attune_column;

/* Fills *out with the i-th column; 0: there is none. New ones are only ever added at the end. beside: nullable, as in
 * attune_options: what is recorded beside comes last. */
int attune_column_at(const attune_beside_setup *beside, int i, attune_column *out);
/* What the first n columns say of w; NaN where the timeline has an empty cell. Returns how many columns
 * there are. */
int attune_window_values(const attune_beside_setup *beside /* nullable */, const attune_window *w,
                         double *out, int n);

#ifdef __cplusplus
}
#endif
#endif
