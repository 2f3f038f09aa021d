/* rows.h - judgements as rows of a sheet, beside the paper's figures.
 */
#ifndef AT_EXPERIMENTS_ROWS_H
#define AT_EXPERIMENTS_ROWS_H

#include "experiments/lab.h"

/* What most tables are made of. */
enum {
    AT_OF_PART,
    AT_OF_WHAT,
    AT_OF_CONDITION,
    AT_OF_SAMPLES,
    AT_OF_PEOPLE,
    AT_OF_WITHHELD,
    AT_OF_ACCURACY,
    AT_OF_PRECISION,
    AT_OF_RECALL,
    AT_OF_F1,
    AT_OF_CONSTANT, /* what it is; then what it gets */
    AT_OF_CONSTANT_ACCURACY,
    AT_OF_CONSTANT_RECALL,
    AT_OF_CONSTANT_F1,
    AT_OF_PAPER,
    AT_OF_PAPER_PRECISION,
    AT_OF_PAPER_RECALL,
    AT_OF_PAPER_F1,
    AT_OF_REMARK,
    AT_OF_PROTOCOL,
    AT_OF_SEED,
    AT_OF_COMMAND,
    AT_FIGURE_COLUMNS
};
extern const at_column at_figure_columns[AT_FIGURE_COLUMNS];

/* What the paper has; NaN: nothing. */
typedef struct at_paper {
    double accuracy, f1;      /* of 1 */
    const char *why;          /* what a difference may come from; nullable */
    double precision, recall; /* means over the classes; 0: nothing */
} at_paper;
extern const at_paper at_paper_is_silent;

typedef struct at_row_words {
    const char *part, *people; /* heading, who is in it */
    const char *what, *condition;
    const at_paper *paper;
    const char *command; /* that prints it */
} at_row_words;

/* A row of the result. */
void at_row_put(at_sheet *s, const at_lab *lab, const at_row_words *w, const json_t *result);
/* A row that says what a constant answer gets where the last row was judged; none after none. */
void at_row_constant(at_sheet *s);
/* Judges and puts the row; condition: in words. */
int at_row_judge(at_lab *lab, at_sheet *s, const at_question *q, const char *condition,
                 const at_paper *paper, attune_error *err);
/* The same with each share of the face covered that the paper has; papers (AT_COVERS), nullable. */
enum { AT_COVERS = 4 };
extern const int at_covers[AT_COVERS]; /* percent */
int at_row_covered(at_lab *lab, at_sheet *s, const at_question *q, const at_paper *papers,
                   attune_error *err);
/* "as it is", "20 % covered" */
const char *at_cover_words(char out[32], int percent);

/* A figure of a result, "accuracy" or "constant.accuracy"; NaN: it has none. */
double at_result_figure(const json_t *result, const char *name);
/* The interval of a figure; NaN: none. */
void at_result_interval(const json_t *result, const char *name, double *lo, double *hi);
int at_result_count(const json_t *result, const char *name);
/* How ours differs from the paper's, in a sentence; out is "" where the paper has nothing. */
const char *at_difference(char out[400], const at_paper *paper, double ours, double lo, double hi);

#endif
