#include "model/hog_net.h"
#include "base/error.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

at_head at_hog_head(int i)
{
    static const at_head heads[] = {AT_HEAD_FACE8, AT_HEAD_FACE7, AT_HEAD_DOMINANT4,
                                    AT_HEAD_ENGAGEMENT3};
    return i >= 0 && i < (int)(sizeof heads / sizeof *heads) ? heads[i] : AT_HEADS;
}

void at_hog_array(at_head head, const char *what, char name[80])
{
    snprintf(name, 80, AT_HOG_PREFIX "%s.%s", at_heads[head].name, what);
}

/* *out NULL: there is none. rows 0: a vector. */
static int take(const at_weights *w, at_head head, const char *what, int rows, const float **out,
                attune_error *err)
{
    char name[80];
    at_hog_array(head, what, name);
    const at_weight *a = at_weights_find(w, name);
    *out = a ? a->data : NULL;
    return !a || at_weight_is(a, rows, at_heads[head].outputs)
               ? ATTUNE_OK
               : at_fail(err, ATTUNE_E_FORMAT, "model: %s has another shape", name);
}

int at_hog_net_open(at_hog_net *out, const at_weights *w, int values, attune_error *err)
{
    int status = ATTUNE_OK;
    memset(out, 0, sizeof *out);
    out->values = values;
    for (int i = 0; at_hog_head(i) < AT_HEADS && !status; i++) {
        const at_head h = at_hog_head(i);
        status = take(w, h, "weight", values, &out->weight[h], err);
        status = status ? status : take(w, h, "bias", 0, &out->bias[h], err);
        if (!status && !out->weight[h] != !out->bias[h])
            status = at_fail(err, ATTUNE_E_FORMAT, "model: " AT_HOG_PREFIX "%s is not whole",
                             at_heads[h].name);
    }
    return status;
}

void at_hog_net_run(const at_hog_net *n, at_head head, const float *x, float *logit)
{
    const int outputs = at_heads[head].outputs;
    for (int k = 0; k < outputs; k++)
        logit[k] = n->weight[head] ? n->bias[head][k] : NAN;
    for (int i = 0; i < n->values && n->weight[head]; i++)
        for (int k = 0; k < outputs; k++)
            logit[k] += x[i] * n->weight[head][(size_t)i * (size_t)outputs + (size_t)k];
}
