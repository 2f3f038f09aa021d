/* moments.h - when the tokens of a window were seen, as networks are told it. Private to onnx. */
#ifndef AT_ONNX_MOMENTS_H
#define AT_ONNX_MOMENTS_H

#include "onnx/model.h"

/* times (batch, tokens) seconds, latest (batch, 1): (batch, tokens, AT_TEMPORAL_TIME), by at_temporal_time. */
at_onnx_value *at_onnx_moments(at_onnx *o, at_onnx_value *times, at_onnx_value *latest);
/* Of times, (batch, 1). */
at_onnx_value *at_onnx_latest(at_onnx *o, at_onnx_value *times);

#endif
