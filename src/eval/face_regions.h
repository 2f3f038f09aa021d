/* face_regions.h - the parts of an aligned face, by its landmarks, and how a map is shared out among
 * them.
 *
 * Lengths are in units of u, the mean of the distance between the eyes and the distance from the eyes'
 * middle to the mouth's (38 pixels in a face that fits the template), along the face's own axes:
 *   eyes    an ellipse round each, 0.42 u wide and 0.38 u high to each side, raised by 0.1 u: lids and
 *           brows
 *   mouth   an ellipse round the middle of its corners, 0.55 u by 0.32 u
 *   face    an ellipse from hairline to chin, 1.12 u by 1.4 u, its middle a third of the way from eyes
 *           to mouth
 *   outside the rest
 * What lies in two belongs to the first.
 */
#ifndef AT_EVAL_FACE_REGIONS_H
#define AT_EVAL_FACE_REGIONS_H

#include "eval/grad_cam.h"
#include "vision/align.h"

#include <attune/explain.h>

typedef struct at_regions {
    float eye[2][2], mouth[2], middle[2]; /* pixels of the aligned face */
    float across[2];                      /* unit vector from eye to eye */
    float unit;                           /* u, pixels */
} at_regions;

/* landmark: in the aligned face, in the order of at_face. */
void at_regions_of(at_regions *r, const float landmark[AT_LANDMARKS][2]);
/* ATTUNE_REGION_EYES, ... */
int at_region_at(const at_regions *r, float x, float y);
/* Over all pixels of a side x side face. share: of the map's sum, NaN where it is 0; area: of the
 * pixels, which is the share that an even map would have. */
void at_region_shares(const at_regions *r, const at_cam_map *map, int side,
                      float share[ATTUNE_REGIONS], float area[ATTUNE_REGIONS]);

#endif
