#include "base/upright.h"

#include <math.h>

enum { MOST_SIDE = 16384 };
static const double oblong = 1.2, absurd = 8;

/* Exif 2.3, tag 274: what is done to the stored picture to make it upright. */
static const at_turn turns[9] = {
    [2] = {.flip_u = 1},
    [3] = {.flip_u = 1, .flip_v = 1},
    [4] = {.flip_v = 1},
    [5] = {.transpose = 1},
    [6] = {.transpose = 1, .flip_v = 1},
    [7] = {.transpose = 1, .flip_u = 1, .flip_v = 1},
    [8] = {.transpose = 1, .flip_u = 1},
};

at_turn at_turn_of(int orientation)
{
    return turns[orientation >= 1 && orientation <= 8 ? orientation : 1];
}

int at_orientation_of(at_turn t)
{
    for (int i = 2; i <= 8; i++)
        if (turns[i].transpose == t.transpose && turns[i].flip_u == t.flip_u &&
            turns[i].flip_v == t.flip_v)
            return i;
    return 1;
}

void at_upright_size(int w, int h, int orientation, int num, int den, int *out_w, int *out_h)
{
    const double ratio = num > 0 && den > 0 ? (double)num / den : 1;
    const int transpose = at_turn_of(orientation).transpose;

    if (ratio > oblong && ratio < absurd && w * ratio <= MOST_SIDE)
        w = (int)lround(w * ratio);
    else if (ratio < 1 / oblong && ratio > 1 / absurd && h / ratio <= MOST_SIDE)
        h = (int)lround(h / ratio);
    *out_w = transpose ? h : w;
    *out_h = transpose ? w : h;
}
