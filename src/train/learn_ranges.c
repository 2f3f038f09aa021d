/* How far a model's activations go on training pictures: what its network in eight bits is scaled by
 * (model/ranges.h). The f32 network is run and watched; nothing is learned. */
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/ranges.h"
#include "model/visual.h"
#include "train/checkpoint.h"
#include "train/face_set.h"
#include <stdio.h>

enum { BATCH = 16 };

typedef struct task {
    const at_job *job;
    const at_ranges_settings *s;
    at_weights *model;
    at_params detector, network; /* of it */
    at_face_set set;
    at_mb_observer *seen;
    at_ranges ranges;
} task;

static int watch_batch(task *t, at_graph *g, int first, float *x, attune_error *err)
{
    const at_visual_options o = {.observer = t->seen};
    int index[BATCH], n = 0;
    at_visual_out out;

    for (; n < BATCH && first + n < t->set.faces.count; n++)
        index[n] = first + n;
    int status =
        at_faces_render(&t->set.faces, index, n, AT_FACE_SIZE, NULL, 0, t->job->pool, x, NULL);
    if (status)
        return at_fail(err, (attune_status)status, "rendering faces failed");
    at_graph_begin(g, AT_INFER, 0);
    at_visual_forward(g, &t->network, at_visual_input(g, x, n, AT_FACE_SIZE), &o, &out);
    return at_graph_status(g) ? at_fail_nomem(err) : ATTUNE_OK;
}

static int watch(task *t, attune_error *err)
{
    float *x = at_alloc((size_t)BATCH * AT_FACE_SIZE * AT_FACE_SIZE * 3, sizeof *x);
    at_graph *g = NULL;
    int status = x ? at_mb_observer_create(&t->seen, err) : at_fail_nomem(err);

    status = status ? status : at_graph_create(&g, t->job->pool, at_kernels_best(), err);
    for (int i = 0; i < t->set.faces.count && !status; i += BATCH) {
        status = watch_batch(t, g, i, x, err);
        if (!status && t->job->options->stop && t->job->options->stop(t->job->options->user))
            status = at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
    }
    if (!status)
        t->ranges.visual = *at_mb_observer_ranges(t->seen);
    at_graph_free(&g);
    at_free(x);
    return status;
}

static int write_ranges(const task *t, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    int status = at_job_path(t->job, ".safetensors", path, err);
    status = status ? status : at_job_will_write(t->job, err);
    status = status ? status : at_ranges_save(&t->ranges, t->model, path, err);
    return status ? status : at_job_wrote(t->job, ".safetensors", err);
}

static int measure(task *t, attune_error *err)
{
    char line[96];
    int status = at_mkdirs(t->job->options->out_dir ? t->job->options->out_dir : ".", err);
    status = status ? status : at_job_detector(t->job, t->s->model, &t->detector, &t->model, err);
    status = status ? status : at_visual_fold(&t->network, t->model, err);
    const int limit = t->job->options->limit ? t->job->options->limit : t->s->pictures;
    status = status ? status
                    : at_face_set_load(&t->set, t->job, &t->s->data, AT_PART_TRAIN, limit,
                                       &t->detector, NULL, err);
    status = status ? status : watch(t, err);
    snprintf(line, sizeof line, "%d pictures seen", t->set.faces.count);
    if (!status)
        at_job_tell(t->job, line);
    return status ? status : write_ranges(t, err);
}

int at_learn_ranges(const at_job *job, attune_error *err)
{
    task t = {.job = job, .s = job->settings};
    const int status = measure(&t, err);
    at_mb_observer_free(&t.seen);
    at_face_set_free(&t.set);
    at_params_free(&t.detector);
    at_params_free(&t.network);
    at_weights_free(&t.model);
    return status;
}
