/* states.c - Tables 1 and 2: what histograms of gradients and a deep network make of DAiSEE's dominant state,
 * and of expressions that can be seen. */
#include "experiments/experiment.h"
#include "experiments/rows.h"

#include <math.h>
#include <stdlib.h>

static const char other_samples[] =
    "the paper does not say which 800 samples its are, nor whether it knows their people";

/* Table 1 of the paper. */
static const at_paper hog_covered[AT_COVERS] = {{0.8475, 0.2338, other_samples, 0.2368, 0.2319},
                                                {0.8600, 0.2494, other_samples, 0.2487, 0.2540},
                                                {0.8438, 0.2332, other_samples, 0.2369, 0.2309},
                                                {0.8025, 0.2296, other_samples, 0.2381, 0.2262}};

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

/* ---- Table 2 ---------------------------------------------------------------------------------- */

static const at_paper hog_alone = {0.8475, 0.2338, other_samples, 0, 0};
static const at_paper deep_alone = {
    0.9388, 0.2421,
    "the paper's two figures are to the digit what one answer, engagement, gets where 751 of 800 samples "
    "are it, so they say what its samples were rather than what its network sees",
    0, 0};

/* model: nullable, then there is no row. */
static int put_alone(at_lab *lab, at_sheet *s, const at_part_of *part, const char *model,
                     const char *what, const at_paper *paper, attune_error *err)
{
    const at_question q = {.part = part, .model = model, .what = what};
    return model ? at_row_judge(lab, s, &q, "", paper, err) : ATTUNE_OK;
}

int at_table2(at_lab *lab, at_sheet *s, attune_error *err)
{
    static const char hog_name[] = "HOG + logistic regression";
    const at_paper *none = &at_paper_is_silent;
    const char *what = NULL;
    char *hog = NULL, *deep = NULL;
    int status = at_lab_model(lab, "hog", AT_LAST_EPOCH, s, &hog, err);
    status = status ? status : at_lab_deep(lab, 0, s, &deep, &what, err);
    if (!status && at_lab_part(lab, &at_daisee, s)) {
        status = put_alone(lab, s, &at_daisee, hog, hog_name, &hog_alone, err);
        status = status ? status : put_alone(lab, s, &at_daisee, deep, what, &deep_alone, err);
        at_row_constant(s);
    }
    if (!status && at_lab_part(lab, &at_fer2013, s)) {
        status = put_alone(lab, s, &at_fer2013, hog, hog_name, none, err);
        status = status ? status
                        : put_alone(lab, s, &at_fer2013, lab->whole,
                                    "MobileNetV2 of the default model", none, err);
        at_row_constant(s);
    }
    free(deep);
    free(hog);
    return status;
}
