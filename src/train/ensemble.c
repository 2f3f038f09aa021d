#include "train/ensemble.h"

#include "base/error.h"
#include "base/mem.h"
#include "fusion/calibration.h"
#include "train/face_pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct asking {
    at_ensemble *e;
    float weight;
} asking;

static void add(float *row, const float *logit, int classes, float weight)
{
    float p[AT_MOST_CLASSES];
    at_probabilities(logit, classes, 1, p);
    for (int k = 0; k < classes; k++)
        row[k] += weight * p[k];
}

static void take(void *user, int face, const at_visual_result *said)
{
    const asking *a = user;
    add(a->e->votes + (size_t)face * AT_FACE_CLASSES, said->expression, AT_FACE_CLASSES, a->weight);
    add(a->e->basic + (size_t)face * AT_BASIC_CLASSES, said->basic, AT_BASIC_CLASSES, a->weight);
}

static int ask_one(at_ensemble *e, const at_job *job, const char *file, int models,
                   const at_faces *faces, attune_error *err)
{
    at_weights *w = NULL;
    at_visual_net *net = NULL;
    char *path = NULL;
    asking a = {e, 1.0f / (float)models};
    int status = at_job_find(job, file, &path, err);
    status = status ? status : at_weights_load(&w, path, err);
    status = status ? status : at_visual_freeze(&net, w, at_kernels_best(), err);
    status = status ? status : at_face_pass(net, faces, job, take, &a, err);
    at_visual_free(&net);
    at_weights_free(&w);
    free(path);
    return status;
}

/* Weights from a file may be anything; what they make must be numbers. */
static int check(const at_ensemble *e, int faces, attune_error *err)
{
    for (int i = 0; i < faces; i++)
        if (!isfinite(e->votes[(size_t)i * AT_FACE_CLASSES]) ||
            !isfinite(e->basic[(size_t)i * AT_BASIC_CLASSES]))
            return at_fail(
                err, ATTUNE_E_FORMAT,
                "a network of the ensemble answers with what is no number: broken weights");
    return ATTUNE_OK;
}

int at_ensemble_ask(at_ensemble *out, const at_job *job, const at_model_settings *model, int models,
                    const at_faces *faces, attune_error *err)
{
    int status = ATTUNE_OK;
    memset(out, 0, sizeof *out);
    if (!models)
        return ATTUNE_OK;
    out->votes = at_calloc((size_t)faces->count * AT_FACE_CLASSES + 1, sizeof(float));
    out->basic = at_calloc((size_t)faces->count * AT_BASIC_CLASSES + 1, sizeof(float));
    if (!out->votes || !out->basic)
        status = at_fail_nomem(err);
    for (int i = 0; i < models && !status; i++)
        status = ask_one(out, job, model[i].model, models, faces, err);
    status = status ? status : check(out, faces->count, err);
    if (status)
        at_ensemble_free(out);
    return status;
}

void at_ensemble_free(at_ensemble *e)
{
    at_free(e->votes);
    at_free(e->basic);
    memset(e, 0, sizeof *e);
}
