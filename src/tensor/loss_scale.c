#include "tensor/loss_scale.h"

#include <math.h>

float at_loss_scale_factor(const at_loss_scale *s)
{
    return s->scale > 0 ? s->scale : 1;
}

void at_loss_scale_update(at_loss_scale *s, int finite)
{
    if (!finite) {
        s->scale = s->scale > AT_LOSS_SCALE_LEAST ? s->scale / 2 : s->scale;
        s->good = 0;
    } else if (s->scale > 0 && ++s->good == AT_LOSS_SCALE_GROWTH) {
        s->scale = s->scale < AT_LOSS_SCALE_MOST ? s->scale * 2 : s->scale;
        s->good = 0;
    }
}

int at_loss_scale_valid(const at_loss_scale *s)
{
    int exponent;
    if (s->scale == 0)
        return s->good == 0;
    return s->scale >= AT_LOSS_SCALE_LEAST && s->scale <= AT_LOSS_SCALE_MOST &&
           frexpf(s->scale, &exponent) == 0.5f && s->good >= 0 && s->good < AT_LOSS_SCALE_GROWTH;
}
