#include "train/teachers.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/visual.h"
#include "tensor/ops.h"
#include <stdlib.h>

enum { MAX_TEACHERS = 4 };

struct at_teachers {
    int count;
    at_params params[MAX_TEACHERS]; /* batch norm folded in */
    float share;
    at_graph *graph;
};

static int load_one(at_teachers *t, const at_recipe *r, const attune_train_options *o,
                    const char *file, attune_error *err)
{
    at_weights *w = NULL;
    int status = at_recipe_weights(r, file, o, &w, err);
    status = status ? status : at_visual_fold(&t->params[t->count++], w, err);
    at_weights_free(&w);
    return status;
}

int at_teachers_load(at_teachers **out, const at_recipe *r, const attune_train_options *o,
                     at_pool *pool, attune_error *err)
{
    static const char *const known[] = {"comment", "models", "share", NULL};
    const json_t *object = json_object_get(r->root, "teachers");
    const json_t *models = json_object_get(object, "models");
    size_t count = json_array_size(models);
    *out = NULL;
    if (!object)
        return ATTUNE_OK;
    int status = at_recipe_check(r, object, "teachers", known, err);
    if (status)
        return status;
    at_teachers *t = at_calloc(1, sizeof *t);
    if (!t)
        return at_fail_nomem(err);
    t->share = (float)at_recipe_number(object, "share", 0.5);
    if (count < 1 || count > MAX_TEACHERS || !(t->share > 0 && t->share <= 1))
        status = at_fail(err, ATTUNE_E_FORMAT,
                         "%s: teachers need 1 to %d models and a share over 0, at most 1", r->path,
                         MAX_TEACHERS);
    for (size_t i = 0; i < count && !status; i++) {
        const char *file = json_string_value(json_array_get(models, i));
        status =
            file ? load_one(t, r, o, file, err)
                 : at_fail(err, ATTUNE_E_FORMAT, "%s: teachers' models are file names", r->path);
    }
    status = status ? status : at_graph_create(&t->graph, pool, at_kernels_best(), err);
    if (status)
        at_teachers_free(&t);
    *out = t;
    return status;
}

void at_teachers_free(at_teachers **t)
{
    if (!t || !*t)
        return;
    for (int i = 0; i < MAX_TEACHERS; i++)
        at_params_free(&(*t)->params[i]);
    at_graph_free(&(*t)->graph);
    at_free(*t);
    *t = NULL;
}

/* target (n, classes) of the rows with a label: towards the teacher's answer by share. */
static void blend(float *target, const float *row, int n, int classes, const float *logits,
                  float share)
{
    float p[AT_FACE_CLASSES];
    for (int i = 0; i < n; i++) {
        if (row[i] <= 0)
            continue;
        at_probabilities(logits + (size_t)i * classes, classes, 1, p);
        for (int k = 0; k < classes; k++)
            target[(size_t)i * classes + k] += share * p[k];
    }
}

static void shrink(float *target, const float *row, int n, int classes, float by)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < classes && row[i] > 0; k++)
            target[(size_t)i * classes + k] *= by;
}

int at_teachers_soften(at_teachers *t, const float *x, int n, int side, at_face_labels *l)
{
    shrink(l->votes, l->votes_row, n, AT_FACE_CLASSES, 1 - t->share);
    shrink(l->basic, l->basic_row, n, AT_BASIC_CLASSES, 1 - t->share);
    for (int i = 0; i < t->count; i++) {
        at_visual_options o = {0};
        at_visual_out out;
        at_graph_begin(t->graph, AT_INFER, 0);
        at_visual_forward(t->graph, &t->params[i], at_visual_input(t->graph, x, n, side), &o, &out);
        int status = at_graph_status(t->graph);
        if (status)
            return status;
        float share = t->share / (float)t->count;
        blend(l->votes, l->votes_row, n, AT_FACE_CLASSES, out.expression->data, share);
        blend(l->basic, l->basic_row, n, AT_BASIC_CLASSES, out.basic->data, share);
    }
    return ATTUNE_OK;
}
