/* usual.c - what is usual of a learning state. */
#include "runtime/model.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

/* Training clips of DAiSEE (Gupta et al. 2016) with each level 0..3, of 5,358. Mean levels are
 * 0.80, 2.41, 0.43 and 0.27, deviations 0.86, 0.60, 0.69 and 0.56. */
static const int daisee_train[ATTUNE_STATES][ATTUNE_LEVELS] = {
    [ATTUNE_BOREDOM] = {2433, 1696, 1073, 156},
    [ATTUNE_ENGAGEMENT] = {34, 213, 2617, 2494},
    [ATTUNE_CONFUSION] = {3616, 1245, 431, 66},
    [ATTUNE_FRUSTRATION] = {4183, 941, 191, 43},
};

static void usual_of_counts(const int count[ATTUNE_LEVELS], float *mean, float *deviation)
{
    double n = 0, sum = 0, squares = 0;

    for (int k = 0; k < ATTUNE_LEVELS; k++) {
        n += count[k];
        sum += (double)k * count[k];
        squares += (double)k * k * count[k];
    }
    *mean = (float)(sum / n);
    *deviation = (float)sqrt(squares / n - sum / n * (sum / n));
}

/* n numbers in [lo, hi] under key. */
static int read_row(const json_t *root, const char *key, double lo, double hi,
                    float out[ATTUNE_STATES])
{
    const json_t *row = json_object_get(root, key);

    if (json_array_size(row) != ATTUNE_STATES)
        return 0;
    for (size_t i = 0; i < ATTUNE_STATES; i++) {
        const json_t *v = json_array_get(row, i);
        double x = json_is_number(v) ? json_number_value(v) : NAN;
        if (!(x >= lo && x <= hi))
            return 0;
        out[i] = (float)x;
    }
    return 1;
}

/* {"mean": [4 numbers], "deviation": [4 numbers]} in the order of attune_state_names. */
static int usual_of_root(const json_t *root, attune_state_usual *out)
{
    return read_row(root, "mean", 0, ATTUNE_LEVELS - 1, out->mean) &&
           read_row(root, "deviation", 1e-3, ATTUNE_LEVELS, out->deviation);
}

int at_usual_read(const char *text, attune_state_usual *out)
{
    json_t *root = NULL;

    if (text && at_json_read(&root, text, strlen(text), 0, NULL) == ATTUNE_E_NOMEM)
        return ATTUNE_E_NOMEM;
    if (!usual_of_root(root, out))
        attune_model_state_usual(NULL, out);
    json_decref(root);
    return ATTUNE_OK;
}

void attune_model_state_usual(const attune_model *m, attune_state_usual *out)
{
    if (m) {
        *out = m->usual;
        return;
    }
    for (int i = 0; i < ATTUNE_STATES; i++)
        usual_of_counts(daisee_train[i], &out->mean[i], &out->deviation[i]);
}
