/* grad_cam.h - where in a face the network sees what it answers: Grad-CAM (Selvaraju 2017, eqs. 1-2).
 *
 * The weight of a channel is the mean over positions of d logit / d feature, the map
 * ReLU(sum of weights times channels). Gradients come from the tape and not from the head's columns,
 * though with a linear head on the mean they say the same but for the number of positions (class
 * activation mapping, Zhou 2016): so it stays true for whatever comes between map and head.
 */
#ifndef AT_EVAL_GRAD_CAM_H
#define AT_EVAL_GRAD_CAM_H

#include "model/visual.h"

enum {
    AT_CAM_MOST = 8, /* cells of a map in a row, at most: of pictures up to 256 pixels */
};

/* side x side cells over a square picture. The centre of cell i lies at pixel first + i step: each
 * strided layer pads on the right first (TF SAME), so that the cells of 112 pixels have their centres
 * at 15, 47, 79 and 111, and are not spread evenly. */
typedef struct at_cam_map {
    int side;
    float first, step;
    float cell[AT_CAM_MOST * AT_CAM_MOST]; /* >= 0, rows top to bottom */
} at_cam_map;

/* The face network with a tape. One thread at a time. */
typedef struct at_grad_cam at_grad_cam;

/* w is not needed after the call. pool: nullable [kept]. */
int at_grad_cam_create(at_grad_cam **out, const at_weights *w, at_pool *pool, attune_error *err);
void at_grad_cam_free(at_grad_cam **c);

/* face: side x side RGB, dense, side from 32 to 256. class: of the head FACE8. logit: (8), nullable.
 * Nothing in it may speak for the class: then all cells are 0. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_grad_cam_run(at_grad_cam *c, const uint8_t *face, int side, int class, at_cam_map *map,
                    float *logit);

/* The map at a pixel, a fraction perhaps: bilinear between centres, and as the nearest cell beyond
 * the outermost. */
float at_cam_at(const at_cam_map *map, float x, float y);
/* The largest cell; 0: there is nothing. */
float at_cam_peak(const at_cam_map *map);

#endif
