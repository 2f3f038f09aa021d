#include "fusion/baseline.h"

#include "base/error.h"
#include "fusion/arrays.h"

#include <math.h>
#include <string.h>

/* Chosen on sessions of people who took no part in training: docs/decisions.md. */
static const float prior_s = 2;      /* seconds that speak for no offset */
static const float sharpness = 0.2f; /* b: of which class a moment belongs to */
static const float reach = 2;        /* farthest that one moment pulls */
static const float most = 2;         /* of an offset, in any class: a factor of 7 in its odds */

static int check(const at_usual *u, const char *of, attune_error *err)
{
    float sum = 0;
    for (int k = 0; k < u->classes; k++)
        sum += u->share[k];
    return fabsf(sum - 1) < 1e-3f
               ? ATTUNE_OK
               : at_fail(err, ATTUNE_E_FORMAT, "model: %s.usual.share does not sum to 1", of);
}

int at_usual_load(at_usual *u, const at_weights *w, const char *of, int classes, float temperature,
                  attune_error *err)
{
    float answer[AT_MOST_CLASSES * AT_MOST_CLASSES];
    memset(u, 0, sizeof *u);
    int answers = at_fusion_take_part(w, of, "usual.answer", classes * classes, answer, err);
    int shares = answers < 0 ? answers
                             : at_fusion_take_part(w, of, "usual.share", classes, u->share, err);
    if (answers < 0 || shares < 0)
        return ATTUNE_E_FORMAT;
    if (!answers || !shares)
        return ATTUNE_OK;
    u->classes = classes;
    u->temperature = temperature;
    for (int k = 0; k < classes; k++)
        memcpy(u->answer[k], answer + k * classes, (size_t)classes * sizeof *answer);
    return check(u, of, err);
}

void at_baseline_remove(const at_usual *u, const at_baseline *b, const float *logit, float *out)
{
    for (int k = 0; k < u->classes; k++)
        out[k] = logit[k] - u->temperature * b->offset[k];
}

/* z: scaled, with a mean of 0. */
static void scale(const at_usual *u, const float *logit, float *z)
{
    float mean = 0;
    for (int k = 0; k < u->classes; k++)
        mean += logit[k] / (float)u->classes;
    for (int k = 0; k < u->classes; k++)
        z[k] = (logit[k] - mean) / u->temperature;
}

/* d: what is left of z when the classes' usual answers are taken away. */
static void leave(const at_usual *u, const at_baseline *b, const float *z, float *d)
{
    float x[AT_MOST_CLASSES], q[AT_MOST_CLASSES];
    for (int k = 0; k < u->classes; k++)
        x[k] = sharpness * (z[k] - b->offset[k]) + logf(fmaxf(u->share[k], 1e-9f));
    at_probabilities(x, u->classes, 1, q);
    for (int i = 0; i < u->classes; i++) {
        d[i] = z[i];
        for (int k = 0; k < u->classes; k++)
            d[i] -= q[k] * u->answer[k][i];
    }
}

static void limit(const at_usual *u, at_baseline *b)
{
    float largest = 0;
    for (int k = 0; k < u->classes; k++)
        largest = fmaxf(largest, fabsf(b->offset[k]));
    for (int k = 0; k < u->classes && largest > most; k++)
        b->offset[k] *= most / largest;
}

void at_baseline_follow(const at_usual *u, at_baseline *b, const float *logit, float seconds)
{
    float z[AT_MOST_CLASSES], d[AT_MOST_CLASSES], away = 0;
    if (!u->classes || !(seconds > 0))
        return;
    scale(u, logit, z);
    leave(u, b, z, d);
    for (int k = 0; k < u->classes; k++)
        away += (d[k] - b->offset[k]) * (d[k] - b->offset[k]);
    float pull = fminf(1, reach / fmaxf(sqrtf(away), 1e-6f));
    /* m = sum of what each moment says / (seconds + prior), kept as a running mean */
    float known = b->seconds + prior_s, all = known + seconds;
    for (int k = 0; k < u->classes; k++) {
        float says = b->offset[k] + pull * (d[k] - b->offset[k]);
        b->offset[k] = (b->offset[k] * known + says * seconds) / all;
    }
    b->seconds += seconds;
    limit(u, b);
}
