#include "model/spatial.h"
#include <math.h>
#include <string.h>

const at_encoder_kind at_spatial = {"visual.spatial.", "place", AT_SPATIAL_PLACE};

void at_spatial_places(int h, int w, float *place)
{
    const double pi = 3.14159265358979323846;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int j = 0; j < AT_SPATIAL_WAVES; j++)
                for (int i = 0; i < AT_SPATIAL_WAVES; i++)
                    *place++ = (float)(cos(pi * i * (x + 0.5) / w) * cos(pi * j * (y + 0.5) / h));
}

/* (b, h * w, AT_SPATIAL_PLACE) */
static at_tensor *places(at_graph *g, int b, int h, int w)
{
    at_tensor *t = at_tensor_new(g, 3, (int[]){b, h * w, AT_SPATIAL_PLACE}, 0);
    if (!t)
        return NULL;
    const size_t one = (size_t)h * w * AT_SPATIAL_PLACE;
    at_spatial_places(h, w, t->data);
    for (int i = 1; i < b; i++)
        memcpy(t->data + (size_t)i * one, t->data, one * sizeof(float));
    return t;
}

void at_spatial_forward(at_graph *g, const at_params *p, at_tensor *features, float dropout,
                        at_tensor **expression, at_tensor **basic)
{
    at_encoder_tokens tokens = {0};
    if (features) {
        const int *d = features->dim;
        tokens.features = at_reshape(g, features, 3, (int[]){d[0], d[1] * d[2], d[3]});
        tokens.where = places(g, d[0], d[1], d[2]);
    }
    at_encoder_forward(&at_spatial, g, p, &tokens, dropout, expression, basic);
}

void at_spatial_run(const at_encoder_net *s, at_pool *pool, const at_kernels *kn, const float *map,
                    int h, int w, float *workspace, float *expression, float *basic)
{
    at_spatial_places(h, w, at_encoder_where(s, kn, h * w, workspace));
    at_encoder_run(s, pool, kn, map, h * w, workspace, expression, basic);
}
