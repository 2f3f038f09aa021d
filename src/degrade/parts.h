/* degrade_parts.h - the larger degradations, for degrade.c alone. */
#ifndef AT_DEGRADE_PARTS_H
#define AT_DEGRADE_PARTS_H

#include "degrade/degrade.h"

int at_degrade_blocks(at_image *im, float level);
void at_degrade_cover(at_image *im, at_degrade_kind kind, float percent, const at_face *face,
                      at_rng *rng, uint8_t *covered);

#endif
