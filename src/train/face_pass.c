#include "train/face_pass.h"

#include "base/error.h"
#include "base/mem.h"

typedef struct pass {
    const at_visual_net *net;
    float *work; /* a thread's share: work_floats */
    size_t work_floats;
    void (*take)(void *user, int face, const at_visual_result *said);
    void *user;
} pass;

static int look(void *arg, int face, int thread, const at_image *aligned)
{
    const pass *p = arg;
    at_visual_result said;
    at_visual_run(p->net, NULL, aligned->data, AT_FACE_SIDE, AT_BOTH_WAYS,
                  p->work + (size_t)thread * p->work_floats, &said);
    p->take(p->user, face, &said);
    return ATTUNE_OK;
}

int at_face_pass(const at_visual_net *net, const at_faces *faces, const at_job *job,
                 void (*take)(void *user, int face, const at_visual_result *said), void *user,
                 attune_error *err)
{
    const at_watcher watcher = at_job_watcher(job);
    pass p = {.net = net, .take = take, .user = user};
    p.work_floats = at_visual_workspace(net, NULL, AT_FACE_SIDE);
    p.work = at_alloc((size_t)at_pool_threads(job->pool) * p.work_floats, sizeof(float));
    if (!p.work)
        return at_fail_nomem(err);
    const int status = at_faces_each(faces, "answers", job->pool, look, &p, &watcher, err);
    at_free(p.work);
    return status;
}
