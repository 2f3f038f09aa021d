#include "train/settings_shared.h"

#define ENCODER(m, def, least, most, help) \
    AT_NUMBER(at_encoder_shape, m, #m, def, least, most, help)
static const at_field spatial_encoder_list[] = {
    ENCODER(layers, 0, 0, AT_ENCODER_LAYERS, "of attention and feed-forward; 0: no encoder"),
    ENCODER(width, 96, 1, AT_ENCODER_WIDTH, "of a place's token, a multiple of `heads`"),
    ENCODER(heads, 4, 1, AT_ENCODER_HEADS, "looks that each place has at the others"),
    AT_FIELDS_END,
};

static const char *wrong_encoder(const void *value)
{
    const at_encoder_shape *s = value;
    return s->width % s->heads ? "width is no multiple of heads" : NULL;
}
const at_fields at_spatial_encoder_fields = {spatial_encoder_list, sizeof(at_encoder_shape),
                                             wrong_encoder};

static const at_field temporal_encoder_list[] = {
    ENCODER(layers, 1, 1, AT_ENCODER_LAYERS, "of attention and feed-forward"),
    ENCODER(width, 64, 1, AT_ENCODER_WIDTH, "of a frame's token, a multiple of `heads`"),
    ENCODER(heads, 4, 1, AT_ENCODER_HEADS, "looks that each frame has at the others"),
    AT_FIELDS_END,
};
const at_fields at_temporal_encoder_fields = {temporal_encoder_list, sizeof(at_encoder_shape),
                                              wrong_encoder};
