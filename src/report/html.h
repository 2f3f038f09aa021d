/* html.h - report.html: one self-contained page that opens without a network. */
#ifndef AT_REPORT_HTML_H
#define AT_REPORT_HTML_H

#include "report/outcome.h"
#include "report/text.h"

#include <stdio.h>

/* html_frame.c: <!DOCTYPE> up to <main>, and what closes it. script, pictures:
 * whether the script, and pictures as data URIs, will follow; nothing else may. */
void at_html_open(FILE *f, const char *title, int script, int pictures);
void at_html_close(FILE *f);

/* html_head.c: the title, key figures and what they mean in words. */
void at_html_head(const at_outcome *o, FILE *f);
void at_html_input(const at_outcome *o, FILE *f);    /* "22.5 s, 640 x 480 pixels, ..." */
void at_html_warnings(const at_outcome *o, FILE *f); /* what is odd about the input */
/* html.c: parts of a page that others share. */
void at_html_lane_title(const at_stats *s, int l, const char *title, FILE *f);
void at_html_definition(FILE *f, const char *key, const char *value); /* in a <dl> */
void at_html_model(const at_outcome *o, FILE *f);
/* html_faces.c: which face is which, and each in a line. */
void at_html_faces(const at_outcome *o, FILE *f);
/* html_still.c: a single picture's figures. */
void at_html_still(const at_outcome *o, FILE *f);
/* html_tables.c: shares, states and gaps in numbers. */
void at_html_tables(const at_outcome *o, FILE *f);

/* ---- html_words.c: numbers that stay on one line, and findings ---------------------------------- */

enum {
    AT_NUMBER_SIZE = 6 * AT_CLOCK_SIZE,
    AT_SUBJECTS_TABLED = 4, /* faces whose shares have tables of their own */
};

const char *at_html_percent(char out[AT_NUMBER_SIZE], double share);
const char *at_html_duration(char out[AT_NUMBER_SIZE], double seconds);
/* "40-79 %", "1.9-2.4" */
const char *at_html_interval(char out[AT_NUMBER_SIZE], const at_interval *i);
const char *at_html_levels(char out[AT_NUMBER_SIZE], const at_interval *i);
/* "3 s (0:18-0:21)" */
void at_html_stretch(FILE *f, const at_stretch *s);
/* "face 2"; "the voice" */
const char *at_html_subject(char out[32], const at_subject *s);
/* "boredom higher than usual (+0.8 levels, 0:41-1:02)" for every state that was; "nothing
 * unusual". */
void at_html_unusual(FILE *f, const at_subject *s);
/* The same, or the levels of a single picture: "boredom very low, engagement high, ...". */
void at_html_states(FILE *f, const at_subject *s);
/* A cell with a bar of that length, [0,1]. class: -1 for a colour that is not one of several. */
void at_html_bar(FILE *f, const char *colour, int class, double share);

#endif
