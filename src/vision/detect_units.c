/* detect_units.c - what the detector's units are called in a model's file. */
#include "vision/detect_net.h"

const char *const at_detect_unit_names[AT_DETECT_UNITS] = {
    "backbone.model0.conv2",
    "backbone.model1.conv1",
    "backbone.model1.conv2",
    "backbone.model2.conv1",
    "backbone.model2.conv2",
    "backbone.model3.conv1",
    "backbone.model3.conv2",
    "backbone.model4.conv1",
    "backbone.model4.conv2",
    "backbone.model5.conv1",
    "backbone.model5.conv2",
    "neck.lateral_convs.0",
    "neck.lateral_convs.1",
    "neck.lateral_convs.2",
    "bbox_head.multi_level_share_convs.0.0",
    "bbox_head.multi_level_share_convs.1.0",
    "bbox_head.multi_level_share_convs.2.0",
    "bbox_head.0",
    "bbox_head.1",
    "bbox_head.2",
};
