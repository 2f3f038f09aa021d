/* detect_net.h - the detector's network, shared by its running and its training form. Private to
 * vision.
 *
 * Everything but the stem (3x3, stride 2, ReLU) is a unit: 1x1, then depthwise 3x3, then ReLU; the
 * heads go without. Backbone with 2x2 max pooling between its stages, the features at strides 8,
 * 16 and 32; a neck that adds the coarser feature, enlarged, to the finer one before its unit; per
 * level one unit that the heads share (YuNet-s has none) and one of the heads.
 */
#ifndef AT_VISION_DETECT_NET_H
#define AT_VISION_DETECT_NET_H

#include "vision/detect.h"

enum {
    AT_DETECT_STAGES = 6,
    AT_UNIT_STEM = 0,  /* backbone.model0.conv2 */
    AT_UNIT_STAGE = 1, /* two for each of backbone.model1 .. model5 */
    AT_UNIT_NECK = 11, /* by level */
    AT_UNIT_SHARE = 14,
    AT_UNIT_HEAD = 17,
    AT_DETECT_UNITS = AT_DETECTOR_UNITS
};

#define AT_DETECT_STEM "backbone.model0.conv1"
extern const char *const at_detect_unit_names[AT_DETECT_UNITS]; /* without "detector." */

/* Whether the stage's output is halved before the next one. */
static inline int at_detect_pooled(int stage)
{
    return stage != 1 && stage != AT_DETECT_STAGES - 1;
}

/* The unit whose output is the feature of a level. */
static inline int at_detect_feature(int level)
{
    return AT_UNIT_STAGE + 2 * (level + AT_DETECT_STAGES - AT_DETECT_LEVELS - 1) + 1;
}

/* How often the picture is halved where a unit runs. */
static inline int at_detect_shift(int unit)
{
    int shift = 1;

    if (unit >= AT_UNIT_NECK)
        return 3 + (unit - AT_UNIT_NECK) % AT_DETECT_LEVELS;
    for (int stage = 0; unit >= AT_UNIT_STAGE + 2 * stage; stage++)
        shift += at_detect_pooled(stage);
    return shift;
}

typedef struct at_detect_net at_detect_net;

/* In eight bits where the source has ranges (detect_q8.h). */
int at_detect_net_create(at_detect_net **out, const at_weight_source *src, at_pool *pool,
                         const at_kernels *kn, attune_error *err);
void at_detect_net_free(at_detect_net **n);
/* As at_detector_heads. */
int at_detect_net_run(at_detect_net *n, const float *x, int h, int w,
                      const float *head[AT_DETECT_LEVELS]);

#endif
