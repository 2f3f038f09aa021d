/* sinks.h - the table of sinks, and what a sink is: a file of its own that defines one
 * at_sink_kind, and a line of the table in sinks.c.
 *
 * A sink writes to f and leaves write errors to the stream's error flag, in the C locale (which a
 * program keeps unless it calls setlocale).
 */
#ifndef AT_REPORT_SINKS_H
#define AT_REPORT_SINKS_H

#include "report/outcome.h"

#include <attune/sink.h>
#include <stdio.h>

/* Calls give ATTUNE_OK or ATTUNE_E_NOMEM; all are nullable. An extra sink (info.extra) is given windows
 * with their values as the timeline has them, so that it writes the same now and later, from the
 * report's folder. */
typedef struct at_sink_kind {
    attune_sink_info info;
    int (*load)(attune_error *err); /* libraries that it is written with, before anything else */
    size_t state_size;              /* of what it keeps between calls; zeroed before open */
    int (*open)(FILE *f, void *state, const attune_report_options *setup);
    int (*window)(FILE *f, void *state, const attune_window *w);
    int (*sighting)(FILE *f, void *state, const attune_sighting *s); /* info.sightings */
    int (*close)(FILE *f, void *state, const at_outcome *o);         /* what all came to */
    void (*free)(void *state);                                       /* what the state holds */
} at_sink_kind;

extern const at_sink_kind at_sink_csv, at_sink_jsonl, at_sink_vtt, at_sink_html, at_sink_summary;
extern const at_sink_kind at_sink_openface, at_sink_openface_windows;
extern const at_sink_kind at_sink_eaf, at_sink_textgrid, at_sink_srt;
extern const at_sink_kind at_sink_vtt_metadata, at_sink_table, at_sink_table_columns;
/* In builds that have cairo. */
extern const at_sink_kind at_sink_pdf, at_sink_expression_svg, at_sink_states_svg;
extern const at_sink_kind at_sink_weights_svg, at_sink_expression_png, at_sink_states_png;
extern const at_sink_kind at_sink_weights_png;

enum { AT_SINKS_MAX = 32, AT_SINK_FILES_SIZE = 512 };

/* The i-th of the table; NULL past the end. */
const at_sink_kind *at_sink_kind_at(int i);
/* Bit i is set for the i-th sink. names: as in attune_report_options. */
int at_sinks_chosen(const char *names, unsigned *chosen, attune_error *err);
/* The files of the sinks that are chosen, with ", " between, cut to size. Returns how many. */
int at_sinks_files(unsigned chosen, char *out, size_t size);
int at_sink_is_chosen(const char *names, const at_sink_kind *kind);

#endif
