/* textures.h - made-up surfaces that show no face: what a detector must stay silent on.
 *
 * Clouds, grain, checks, cells, camouflage, noise, lines of text, rings, tiles and round spots, in
 * two colours (often those of skin and hair), some with sensor noise and ellipses on top.
 */
#ifndef AT_DATA_TEXTURES_H
#define AT_DATA_TEXTURES_H

#include "base/rng.h"
#include "vision/image.h"

enum { AT_TEXTURES = 10 };

/* Fills the whole of dst (RGB, reserved) with a texture of that kind, 0..AT_TEXTURES-1. */
void at_texture_draw(at_image *dst, int kind, at_rng *rng);

#endif
