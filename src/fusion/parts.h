/* parts.h - what a fusion is made of. Private to fusion and onnx, which writes it down for other engines.
 */
#ifndef AT_FUSION_PARTS_H
#define AT_FUSION_PARTS_H

#include "fusion/calibration.h"
#include "fusion/condition.h"
#include "fusion/kind.h"

struct at_fusion {
    at_params params; /* of the kind; read only once loaded */
    at_fusion_net net;
    at_reference reference[ATTUNE_STREAMS];
    at_calibration calibration;
    at_usual usual[ATTUNE_MODALITIES];
    float trust[ATTUNE_STREAMS]; /* what its condition is worth on strangers */
    float floor;                 /* of condition */
    float doubt;                 /* least probability of the likeliest emotion */
};

#endif
