/* states.c - Tables 1 and 2: what histograms of gradients and a deep network make of DAiSEE's dominant state,
 * and of expressions that can be seen. */
#include "experiments/experiment.h"
#include "experiments/rows.h"

#include <math.h>
#include <stdlib.h>

static const char other_samples[] =
    "the paper does not say which 800 samples its are, nor whether it knows their people";

/* Table 1 of the paper. */
static const at_paper hog_covered[AT_COVERS] = {{0.8475, 0.2338, other_samples},
                                                {0.8600, 0.2494, other_samples},
                                                {0.8438, 0.2332, other_samples},
                                                {0.8025, 0.2296, other_samples}};

int at_table1(at_lab *lab, at_sheet *s, attune_error *err)
{
    at_question q = {.part = &at_daisee, .what = "HOG + logistic regression"};
    char *hog = NULL;
    int status = at_lab_model(lab, "hog", AT_LAST_EPOCH, s, &hog, err);
    q.model = hog;
    if (!status && hog && at_lab_part(lab, &at_daisee, s))
        status = at_row_covered(lab, s, &q, hog_covered, err);
    q.part = &at_fer2013;
    if (!status && hog && at_lab_part(lab, &at_fer2013, s))
        status = at_row_covered(lab, s, &q, NULL, err);
    at_sheet_note(s,
                  "Covered: a rectangle of that share of the aligned face, at a random place, in "
                  "pictures that the regression has not seen covered.");
    free(hog);
    return status;
}
