/* upright.h - how a picture as it is stored is to be seen: turned by right angles, in a mirror, and
 * with pixels that are not square. Here and nowhere else.
 */
#ifndef AT_BASE_UPRIGHT_H
#define AT_BASE_UPRIGHT_H

/* upright(x, y) = stored(u, v) with (u, v) = (x, y) or, transposed, (y, x), counted from the other
 * end where flipped. */
typedef struct at_turn {
    int transpose, flip_u, flip_v;
} at_turn;

/* orientation: as EXIF numbers them, 1..8; anything else is 1, upright as it is. */
at_turn at_turn_of(int orientation);
int at_orientation_of(at_turn turn);

/* Size as seen, in square pixels, of w x h stored ones that are num/den as wide as high (0: as they
 * are). Pixels at least a fifth wider than high, or higher than wide, are made square by making the
 * picture larger; milder oblongs (PAL and NTSC at 4:3) are what every face model has seen, and
 * resampling costs sharpness. */
void at_upright_size(int w, int h, int orientation, int num, int den, int *out_w, int *out_h);

#endif
