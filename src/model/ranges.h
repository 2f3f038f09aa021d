/* ranges.h - how far a model's activations go: a small safetensors file beside the model's.
 *
 * Arrays visual.range.widened, .depthwise, .map (17) (mobilenet.h); metadata "of": the digest of the
 * model's file (tensor/weights_digest.h), so that ranges are not taken for another model's.
 */
#ifndef AT_MODEL_RANGES_H
#define AT_MODEL_RANGES_H

#include "model/mobilenet.h"
#include "tensor/weights.h"

typedef struct at_ranges {
    at_mb_ranges visual;
} at_ranges;

int at_ranges_save(const at_ranges *r, const at_weights *model, const char *path,
                   attune_error *err);
/* Those of the model in that file, out of NAME.int8.safetensors beside NAME.safetensors. ATTUNE_E_IO: there
 * is no such file; ATTUNE_E_FORMAT: it is another model's, or damaged. */
int at_ranges_load(at_ranges *out, const at_weights *model, const char *model_path,
                   attune_error *err);

#endif
