/* figures.h - what recordings.csv says of a recording, behind the manifest's columns. */
#ifndef AT_STUDY_FIGURES_H
#define AT_STUDY_FIGURES_H

#include <jansson.h>
#include <stdio.h>

/* Each behind a comma. root: of a summary.json; NULL: there is none. */
void at_figures_put_names(FILE *f);
void at_figures_put(FILE *f, const json_t *root);

/* Whether the table has a column of that name of its own; -1: out of memory. */
int at_figures_have(const char *name);

#endif
