/* spatial.h - a Transformer encoder (encoder.h) over the places of the face network's last map.
 *
 * The paper's face stream (sections 2.2 and 3.1): the map's places are tokens that look at each other, so
 * that what one place shows can be read by what others do, and places that show nothing lose weight.
 *
 * Where places lie is learned as weights of the cosines cos(pi i x) cos(pi j y), i and j under
 * AT_SPATIAL_WAVES, at the middle of each place: on a 4 x 4 map all that a table of vectors could say, and
 * on any other map what lies between. Arrays: visual.spatial.*, with visual.spatial.place (16, w).
 */
#ifndef AT_MODEL_SPATIAL_H
#define AT_MODEL_SPATIAL_H

#include "model/encoder.h"

enum {
    AT_SPATIAL_WAVES = 4, /* along each axis */
    AT_SPATIAL_PLACE = AT_SPATIAL_WAVES * AT_SPATIAL_WAVES,
};

extern const at_encoder_kind at_spatial;

/* place (h * w, AT_SPATIAL_PLACE): the cosines. */
void at_spatial_places(int h, int w, float *place);
/* at_encoder_forward of the map features (b, h, w, 1280). */
void at_spatial_forward(at_graph *g, const at_params *p, at_tensor *features, float dropout,
                        at_tensor **expression, at_tensor **basic);
/* at_encoder_run of map (h, w, 1280), with at_encoder_workspace floats for its places. */
void at_spatial_run(const at_encoder_net *s, at_pool *pool, const at_kernels *kn, const float *map,
                    int h, int w, float *workspace, float *expression, float *basic);

#endif
