#include "experiments/experiment.h"
#include "experiments/rows.h"

#include <stddef.h>

#define FIGURES at_figure_columns, AT_FIGURE_COLUMNS

const at_experiment at_experiments[] = {
    {"table1", "Table 1: histograms of gradients and logistic regression, with the face covered",
     "daisee_frames, ferplus; yunet_n.safetensors",
     "The paper has 84.75, 86.00, 84.38 and 80.25 % on 800 samples of DAiSEE, with macro F1 of 0.23 to "
     "0.25.",
     FIGURES, at_table1, NULL, 0},
};

int at_experiment_count(void)
{
    return sizeof at_experiments / sizeof *at_experiments;
}

const char *attune_experiment_name(int i, const char **title, const char **needs)
{
    if (i < 0 || i >= at_experiment_count())
        return NULL;
    if (title)
        *title = at_experiments[i].title;
    if (needs)
        *needs = at_experiments[i].needs;
    return at_experiments[i].name;
}
