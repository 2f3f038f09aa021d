/* ranges.h - how far a model's activations go: a small safetensors file beside the model's, from which a
 * network in eight bits is made.
 *
 * Arrays visual.range.widened, .depthwise, .map (17; mobilenet.h), and the detector's (vision/detect.h).
 * Metadata "of": the digest of the model's file (tensor/weights_digest.h), so that ranges are not taken
 * for another model's.
 */
#ifndef AT_MODEL_RANGES_H
#define AT_MODEL_RANGES_H

#include "model/mobilenet.h"
#include "tensor/weights.h"

typedef struct at_range_array {
    const char *name;
    int n;
    const float *value; /* (n) */
} at_range_array;

/* Of MobileNetV2; values live with r. */
enum { AT_MB_RANGE_ARRAYS = 3 };
void at_mb_range_arrays(const at_mb_ranges *r, at_range_array out[AT_MB_RANGE_ARRAYS]);
/* ATTUNE_E_FORMAT: an array is missing, or of another shape. */
int at_mb_ranges_read(at_mb_ranges *out, const at_weights *ranges, attune_error *err);

/* ATTUNE_E_FORMAT: the model has no digest by which they would be known to be of it. */
int at_ranges_save(const at_range_array *list, int n, const at_weights *model, const char *path,
                   attune_error *err);
/* The file NAME.int8.safetensors beside the model's NAME.safetensors. ATTUNE_E_IO: there is none;
 * ATTUNE_E_FORMAT: it is another model's, or damaged. */
int at_ranges_load(at_weights **out, const at_weights *model, const char *model_path,
                   attune_error *err);

#endif
