/* page.h - report.html: all experiments on one page that asks for nothing from outside.
 */
#ifndef AT_EXPERIMENTS_PAGE_H
#define AT_EXPERIMENTS_PAGE_H

#include "experiments/experiment.h"

/* An experiment and what it came to. */
typedef struct at_outcome_of {
    const at_experiment *experiment;
    at_sheet sheet;
} at_outcome_of;

/* lab: what was asked for. */
void at_page_write(const at_lab *lab, const at_outcome_of *list, int n, FILE *f);

/* ---- drawings (draw.c) ---------------------------------------------------------------------- */

/* Figure 3: a matrix for each part and model. Figure 5: accuracy and macro F1 against cover. */
void at_draw_confusions(const at_sheet *s, FILE *f);
void at_draw_covered(const at_sheet *s, FILE *f);

#endif
