#include "train/face_pass.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdatomic.h>

typedef struct pass {
    const at_faces *faces;
    const at_visual_net *net;
    float *work; /* a thread's share: work_floats */
    size_t work_floats;
    void (*take)(void *user, int face, const at_visual_result *said);
    void *user;
    atomic_int status;
} pass;

static void look(void *arg, int task, int thread)
{
    pass *p = arg;
    at_image im = {0};
    int status = at_face_render(&p->faces->list[task], AT_FACE_SIZE, NULL, 0, 0, &im, NULL);
    if (status < 0) {
        atomic_store(&p->status, status);
    } else {
        at_visual_result said;
        at_visual_run(p->net, NULL, im.data, AT_FACE_SIZE, AT_BOTH_WAYS,
                      p->work + (size_t)thread * p->work_floats, &said);
        p->take(p->user, task, &said);
    }
    at_image_free(&im);
}

int at_face_pass(const at_visual_net *net, const at_faces *faces, at_pool *pool,
                 void (*take)(void *user, int face, const at_visual_result *said), void *user,
                 attune_error *err)
{
    pass p = {.faces = faces, .net = net, .take = take, .user = user};
    p.work_floats = at_visual_workspace(net, NULL, AT_FACE_SIZE);
    p.work = at_alloc((size_t)at_pool_threads(pool) * p.work_floats, sizeof(float));
    if (!p.work)
        return at_fail_nomem(err);
    at_pool_run(pool, faces->count, look, &p);
    at_free(p.work);
    const int status = atomic_load(&p.status);
    return status < 0 ? at_fail(err, (attune_status)status, "rendering faces failed") : ATTUNE_OK;
}
