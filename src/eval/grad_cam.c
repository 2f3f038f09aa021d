#include "eval/grad_cam.h"

#include "base/error.h"
#include "base/mem.h"
#include "vision/face_input.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct at_grad_cam {
    at_params network; /* batch norm folded, frozen: gradients are of activations alone */
    at_graph *graph;
};

int at_grad_cam_create(at_grad_cam **out, const at_weights *w, at_pool *pool, attune_error *err)
{
    at_grad_cam *c = *out = at_calloc(1, sizeof *c);
    int status = c ? at_visual_fold(&c->network, w, err) : at_fail_nomem(err);
    if (status == ATTUNE_OK)
        status = at_graph_create(&c->graph, pool, at_kernels_best(), err);
    if (status < 0) {
        at_grad_cam_free(out);
        return status;
    }
    for (int i = 0; i < c->network.count; i++)
        c->network.list[i]->trainable = 0;
    return ATTUNE_OK;
}

void at_grad_cam_free(at_grad_cam **c)
{
    if (!*c)
        return;
    at_graph_free(&(*c)->graph);
    at_params_free(&(*c)->network);
    at_free(*c);
    *c = NULL;
}

/* ---- the network's geometry ------------------------------------------------------------------ */

/* Output j of a 3x3 layer is centred on its input stride j + 1 - pad. */
static void pass_layer(at_cam_map *map, int *size, int stride)
{
    const at_pad pad = at_pad_same(*size, *size, stride);
    map->first += map->step * (float)(1 - pad.left);
    map->step *= (float)stride;
    *size = (*size + stride - 1) / stride;
}

static void place_cells(at_cam_map *map, int side)
{
    map->first = 0;
    map->step = 1;
    map->side = side;
    pass_layer(map, &map->side, 2); /* the stem */
    for (int i = 0; i < AT_MB_BLOCKS; i++)
        pass_layer(map, &map->side, at_mb_blocks[i].stride);
}

/* ---- the map --------------------------------------------------------------------------------- */

/* Selvaraju 2017, eqs. 1 and 2. features (positions x channels) with gradients. */
static void weigh(const at_tensor *features, at_cam_map *map)
{
    const int positions = at_tensor_rows(features), channels = at_tensor_cols(features);
    double sum[AT_CAM_MOST * AT_CAM_MOST] = {0};
    for (int k = 0; k < channels; k++) {
        double weight = 0;
        for (int i = 0; i < positions; i++)
            weight += (double)features->grad[(size_t)i * (size_t)channels + (size_t)k] / positions;
        for (int i = 0; i < positions; i++)
            sum[i] += weight * (double)features->data[(size_t)i * (size_t)channels + (size_t)k];
    }
    for (int i = 0; i < positions; i++)
        map->cell[i] = (float)fmax(sum[i], 0);
}

/* A gradient is wanted of the picture, so that the tape is kept of all that comes of it. */
static at_tensor *input(at_graph *g, const uint8_t *face, int side)
{
    const at_image im = at_image_borrow(face, side, side, 3, 3 * (ptrdiff_t)side);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, side, side, 3}, 1);
    if (x)
        at_face_input_values(&im, x->data);
    return x;
}

int at_grad_cam_run(at_grad_cam *c, const uint8_t *face, int side, int class, at_cam_map *map,
                    float *logit)
{
    const at_visual_options plain = {0};
    at_visual_out out;
    assert(side >= 32 && side <= 32 * AT_CAM_MOST && class >= 0 && class < AT_FACE_CLASSES);
    memset(map, 0, sizeof *map);
    place_cells(map, side);
    at_graph_begin(c->graph, AT_TRACE, 0);
    at_visual_forward(c->graph, &c->network, input(c->graph, face, side), &plain, &out);
    at_keep_grad(c->graph, out.features);
    at_graph_backward(c->graph, at_slice(c->graph, out.expression, class, class + 1));
    if (at_graph_status(c->graph) < 0)
        return at_graph_status(c->graph);
    assert(out.features->dim[1] == map->side && out.features->dim[2] == map->side);
    weigh(out.features, map);
    if (logit)
        memcpy(logit, out.expression->data, AT_FACE_CLASSES * sizeof *logit);
    return ATTUNE_OK;
}

/* ---- at a pixel ------------------------------------------------------------------------------ */

/* Which two cells, and how far from the first to the second. */
static float between(const at_cam_map *map, float pixel, int *from, int *to)
{
    const float last = (float)(map->side - 1);
    const float at = fminf(fmaxf((pixel - map->first) / map->step, 0), last);
    *from = (int)at;
    *to = *from + 1 < map->side ? *from + 1 : *from;
    return at - (float)*from;
}

float at_cam_at(const at_cam_map *map, float x, float y)
{
    int left, right, up, down;
    const float across = between(map, x, &left, &right), below = between(map, y, &up, &down);
    const float *upper = map->cell + up * map->side, *lower = map->cell + down * map->side;
    const float a = upper[left] + across * (upper[right] - upper[left]);
    const float b = lower[left] + across * (lower[right] - lower[left]);
    return a + below * (b - a);
}

float at_cam_peak(const at_cam_map *map)
{
    float peak = 0;
    for (int i = 0; i < map->side * map->side; i++)
        peak = fmaxf(peak, map->cell[i]);
    return peak;
}
