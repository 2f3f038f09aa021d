#include "eval/face_encoders.h"
#include "base/error.h"
#include "base/mem.h"
#include "eval/onnx_face.h"
#include "model/hog_net.h"
#include "model/ranges.h"
#include "vision/hog.h"
#include <math.h>
#include <string.h>

/* ---- MobileNetV2 ----------------------------------------------------------------------------- */

static int open_visual(void **state, const at_face_source *from, attune_error *err)
{
    at_visual_net *net = NULL;
    at_mb_ranges r;
    int status = at_visual_freeze(&net, from->weights, at_kernels_best(), err);
    *state = net;
    if (status || !from->ranges)
        return status;
    status = at_mb_ranges_read(&r, from->ranges, err);
    return status ? status : at_visual_quantise(net, from->weights, &r, err);
}

static void close_visual(void **state)
{
    at_visual_net *net = *state;
    at_visual_free(&net);
    *state = NULL;
}

static int visual_knows(const void *state, at_head head)
{
    (void)state;
    (void)head; /* one that was not taught it tells the dominant state by its levels */
    return 1;
}

static size_t visual_workspace(const void *state)
{
    return at_visual_workspace(state, NULL, AT_FACE_SIZE);
}

static void visual_look(const void *state, const at_image *face, float *workspace,
                        at_visual_result *out)
{
    at_visual_run(state, NULL, face->data, AT_FACE_SIZE, AT_BOTH_WAYS, workspace, out);
}

/* ---- histograms of oriented gradients --------------------------------------------------------- */

static int open_hog(void **state, const at_face_source *from, attune_error *err)
{
    at_hog_net *net = at_calloc(1, sizeof *net);
    *state = net;
    return net ? at_hog_net_open(net, from->weights, at_hog_values(AT_FACE_SIZE, AT_FACE_SIZE), err)
               : at_fail_nomem(err);
}

static void close_hog(void **state)
{
    at_free(*state);
    *state = NULL;
}

static int hog_knows(const void *state, at_head head)
{
    const at_hog_net *net = state;
    return net->weight[head == AT_HEAD_EMOTION7 ? AT_HEAD_FACE8 : head] != NULL;
}

static size_t hog_workspace(const void *state)
{
    (void)state;
    return (size_t)at_hog_workspace(AT_FACE_SIZE, AT_FACE_SIZE) +
           (size_t)at_hog_values(AT_FACE_SIZE, AT_FACE_SIZE);
}

static void hog_look(const void *state, const at_image *face, float *workspace,
                     at_visual_result *out)
{
    float *values = workspace + at_hog_workspace(face->w, face->h);
    at_visual_result_none(out);
    at_hog(face, workspace, values);
    at_hog_net_run(state, AT_HEAD_FACE8, values, out->expression);
    at_hog_net_run(state, AT_HEAD_FACE7, values, out->basic);
    at_hog_net_run(state, AT_HEAD_DOMINANT4, values, out->dominant);
    at_hog_net_run(state, AT_HEAD_ENGAGEMENT3, values, out->engagement);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const at_face_encoder encoders[] = {
    {"visual.", open_visual, close_visual, visual_knows, visual_workspace, visual_look},
    {AT_HOG_PREFIX, open_hog, close_hog, hog_knows, hog_workspace, hog_look},
};
enum { ENCODERS = sizeof encoders / sizeof *encoders };

const at_face_encoder *at_face_encoder_of(const at_face_source *from)
{
    const at_weights *w = from->weights;
    if (from->onnx)
        return &at_onnx_face;
    for (int e = 0; e < ENCODERS; e++)
        for (int i = 0; i < at_weights_count(w); i++)
            if (strncmp(at_weights_at(w, i)->name, encoders[e].prefix,
                        strlen(encoders[e].prefix)) == 0)
                return &encoders[e];
    return &encoders[0];
}
