/* experiment.h - one of the paper's tables or figures: a line of the table in experiments.c. Private to
 * experiments.
 */
#ifndef AT_EXPERIMENTS_EXPERIMENT_H
#define AT_EXPERIMENTS_EXPERIMENT_H

#include "experiments/lab.h"

typedef struct at_experiment {
    const char *name;  /* "table1": of its CSV, and on the command line */
    const char *title; /* on the page */
    const char *needs; /* for the help: data sets and files */
    const char *paper; /* what the paper says there, in a sentence or two */
    const at_column *column;
    int columns;
    /* Fills the sheet, which has begun. What is missing becomes a note of it. */
    int (*run)(at_lab *lab, at_sheet *s, attune_error *err);
    void (*draw)(const at_sheet *s, FILE *f); /* HTML above the table; nullable */
    int drawn_only;                           /* no table on the page beside it */
} at_experiment;

extern const at_experiment at_experiments[];
int at_experiment_count(void);

int at_table1(at_lab *lab, at_sheet *s, attune_error *err);
int at_table2(at_lab *lab, at_sheet *s, attune_error *err);
int at_table3(at_lab *lab, at_sheet *s, attune_error *err);
int at_table4(at_lab *lab, at_sheet *s, attune_error *err);
int at_table5(at_lab *lab, at_sheet *s, attune_error *err);
int at_fig3(at_lab *lab, at_sheet *s, attune_error *err);
int at_fig4(at_lab *lab, at_sheet *s, attune_error *err);
int at_fig5(at_lab *lab, at_sheet *s, attune_error *err);
int at_grid(at_lab *lab, at_sheet *s, attune_error *err);
int at_reliability(at_lab *lab, at_sheet *s, attune_error *err);

/* Columns of tables that are not of at_figure_columns. */
enum {
    AT_CLASS_COLUMNS = 15,
    AT_CONFUSION_COLUMNS = 9,
    AT_LATENCY_COLUMNS = 14,
    AT_ACTIVATION_COLUMNS = 9,
    AT_GRID_COLUMNS = 13,
    AT_RELIABILITY_COLUMNS = 14,
};
extern const at_column at_class_columns[AT_CLASS_COLUMNS],
    at_confusion_columns[AT_CONFUSION_COLUMNS], at_latency_columns[AT_LATENCY_COLUMNS],
    at_activation_columns[AT_ACTIVATION_COLUMNS], at_grid_columns[AT_GRID_COLUMNS],
    at_reliability_columns[AT_RELIABILITY_COLUMNS];

#endif
