#include "report/place.h"

#include <math.h>

void at_place_add(at_place *p, const float box[4], double seconds)
{
    double x = (double)box[0] + (double)box[2] / 2, y = (double)box[1] + (double)box[3] / 2;

    p->seconds += seconds;
    p->x += x * seconds;
    p->y += y * seconds;
    p->xx += x * x * seconds;
    p->yy += y * y * seconds;
    p->width += (double)box[2] * seconds;
}

static double clamped(double share)
{
    return fmin(fmax(share, 0), 1);
}

/* Of a face that goes to and fro its mean place says nothing. */
static int moves(double mean, double square, double side)
{
    return sqrt(fmax(square - mean * mean, 0)) > 0.15 * side;
}

/* As who looks at the picture sees it. */
static const char *words_for(double x, double y)
{
    static const char *const words[3][5] = {
        {"top far left", "top left", "top centre", "top right", "top far right"},
        {"far left", "left", "centre", "right", "far right"},
        {"bottom far left", "bottom left", "bottom centre", "bottom right", "bottom far right"},
    };

    return words[(int)fmin(3 * y, 2)][(int)fmin(5 * x, 4)];
}

int at_place_mean(const at_place *p, int w, int h, at_position *out)
{
    double x, y;

    if (!(p->seconds > 0) || w <= 0 || h <= 0)
        return 0;
    x = p->x / p->seconds;
    y = p->y / p->seconds;
    out->x = clamped(x / w);
    out->y = clamped(y / h);
    out->width = p->width / p->seconds;
    out->words = moves(x, p->xx / p->seconds, w) || moves(y, p->yy / p->seconds, h)
                     ? "moving about"
                     : words_for(out->x, out->y);
    return 1;
}
