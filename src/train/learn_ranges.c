/* How far a model's activations go on training pictures: what its networks in eight bits are scaled by
 * (model/ranges.h). The f32 networks are run and watched, the face's on faces and the detector on scenes
 * made of them; nothing is learned. */
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "data/scenes.h"
#include "model/ranges.h"
#include "model/visual.h"
#include "train/face_set.h"
#include "vision/detect.h"
#include <stdio.h>
#include <string.h>

enum { BATCH = 16 };

typedef struct task {
    const at_job *job;
    const at_ranges_settings *s;
    at_weights *model;
    at_params detector, network; /* of it */
    at_face_set set;
    at_mb_observer *seen;
    at_detector_ranges detected;
    at_image clean, harmed; /* a scene */
    at_graph *g;
    float *x; /* a batch of faces, or a scene */
} task;

static int stopped(const task *t, attune_error *err)
{
    const at_watcher watcher = at_job_watcher(t->job);
    return at_watcher_stays(&watcher, err);
}

/* ---- faces --------------------------------------------------------------------------------------- */

static int watch_faces(task *t, int first, attune_error *err)
{
    const at_visual_options o = {.observer = t->seen};
    int index[BATCH], n = 0;
    at_visual_out out;

    for (; n < BATCH && first + n < t->set.faces.count; n++)
        index[n] = first + n;
    int status =
        at_faces_render(&t->set.faces, index, n, AT_FACE_SIZE, NULL, 0, t->job->pool, t->x, NULL);
    if (status)
        return at_fail(err, (attune_status)status, "rendering faces failed");
    at_graph_begin(t->g, AT_INFER, 0);
    at_visual_forward(t->g, &t->network, at_visual_input(t->g, t->x, n, AT_FACE_SIZE), &o, &out);
    return at_graph_status(t->g) ? at_fail_nomem(err) : stopped(t, err);
}

/* ---- scenes -------------------------------------------------------------------------------------- */

static int watch_scene(task *t, const at_image *scene)
{
    const int side = t->s->side;
    const size_t pixels = (size_t)side * (size_t)side;

    at_graph_begin(t->g, AT_INFER, 0);
    at_tensor *x = at_tensor_new(t->g, 4, (int[]){1, side, side, 3}, 0);
    for (size_t i = 0; x && i < 3 * pixels; i++) /* the detector reads BGR */
        x->data[i] = scene->data[i / 3 * 3 + 2 - i % 3];
    return x ? at_detector_watch(t->g, &t->detector, x, &t->detected) : ATTUNE_E_NOMEM;
}

/* As a camera would show it, and as a bad one. */
static int watch_scenes(task *t, attune_error *err)
{
    int status = ATTUNE_OK;

    for (int i = 0; i < t->s->scenes && !status; i++) {
        const uint64_t seed = at_step_seed(t->s->seed, i);
        const int index = (int)((int64_t)i * t->set.faces.count / t->s->scenes);
        at_rng r;
        at_rng_seed(&r, seed, 1);
        status = at_scene_draw(&t->set.faces, index, t->s->side, seed, 0, &t->clean, NULL);
        status = status ? status : at_image_copy(&t->harmed, &t->clean);
        status = status ? status : at_scene_harm_randomly(&t->harmed, NULL, 0, &r);
        status = status ? status : watch_scene(t, &t->clean);
        status = status ? status : watch_scene(t, &t->harmed);
        if (status)
            return at_fail(err, (attune_status)status, "drawing scenes failed");
        status = stopped(t, err);
    }
    return status;
}

/* ---- the run ------------------------------------------------------------------------------------- */

static int watch(task *t, attune_error *err)
{
    t->x = at_alloc((size_t)BATCH * AT_FACE_SIZE * AT_FACE_SIZE * 3, sizeof *t->x);
    int status = t->x ? at_mb_observer_create(&t->seen, err) : at_fail_nomem(err);

    status = status ? status : at_graph_create(&t->g, t->job->pool, at_kernels_best(), err);
    for (int i = 0; i < t->set.faces.count && !status; i += BATCH)
        status = watch_faces(t, i, err);
    return status ? status : watch_scenes(t, err);
}

static int write_ranges(const task *t, attune_error *err)
{
    at_range_array list[AT_MB_RANGE_ARRAYS + 3];
    const at_detector_ranges *d = &t->detected;
    char path[AT_TRAIN_PATH];
    int n = AT_MB_RANGE_ARRAYS, status = at_job_path(t->job, ".safetensors", path, err);

    at_mb_range_arrays(at_mb_observer_ranges(t->seen), list);
    list[n++] = (at_range_array){"detector.range.stem", 1, &d->stem};
    list[n++] = (at_range_array){"detector.range.wide", AT_DETECTOR_UNITS, d->wide};
    list[n++] = (at_range_array){"detector.range.out", AT_DETECTOR_UNITS, d->out};
    status = status ? status : at_job_will_write(t->job, err);
    status = status ? status : at_ranges_save(list, n, t->model, path, err);
    return status ? status : at_job_wrote(t->job, ".safetensors", err);
}

static int measure(task *t, attune_error *err)
{
    const char *dir = t->job->options->out_dir;
    const int limit = t->job->options->limit ? t->job->options->limit : t->s->pictures;
    char line[96];
    int status = at_mkdirs(dir ? dir : ".", err);

    status = status ? status : at_job_detector(t->job, t->s->model, &t->detector, &t->model, err);
    status = status ? status : at_visual_fold(&t->network, t->model, err);
    status = status ? status
                    : at_face_set_load(&t->set, t->job, &t->s->data, AT_PART_TRAIN, limit,
                                       &t->detector, NULL, err);
    status = status ? status : watch(t, err);
    if (status)
        return status;
    snprintf(line, sizeof line, "%d faces and %d scenes of them seen", t->set.faces.count,
             t->s->scenes);
    at_job_tell(t->job, line);
    return write_ranges(t, err);
}

int at_learn_ranges(const at_job *job, attune_error *err)
{
    task t = {.job = job, .s = job->settings};
    const int status = measure(&t, err);
    at_graph_free(&t.g);
    at_free(t.x);
    at_mb_observer_free(&t.seen);
    at_image_free(&t.clean);
    at_image_free(&t.harmed);
    at_face_set_free(&t.set);
    at_params_free(&t.detector);
    at_params_free(&t.network);
    at_weights_free(&t.model);
    return status;
}
