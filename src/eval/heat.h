/* heat.h - a map laid over a face, to look at. */
#ifndef AT_EVAL_HEAT_H
#define AT_EVAL_HEAT_H

#include "eval/face_regions.h"
#include "vision/image.h"

/* dst becomes side x side RGB: the face in grey, the map over it from clear (0) to bright yellow (its
 * peak), and the borders of the regions in white. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_heat_draw(at_image *dst, int side, const at_image *face, const at_cam_map *map,
                 const at_regions *regions);

#endif
