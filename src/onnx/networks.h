/* networks.h - a model's networks as ONNX: what goes in, what comes out. Private to onnx.
 *
 * Each is written down from the function that runs or trains it (scribe.h). Only the fusion, and the expert
 * beside the voice's networks, are no functions over tensors: what is written of them stands here once more,
 * and tests/cli_onnx.py holds it to what runs.
 */
#ifndef AT_ONNX_NETWORKS_H
#define AT_ONNX_NETWORKS_H

#include "onnx/model.h"
#include "tensor/weights.h"

typedef struct at_onnx_network {
    const char *file;   /* "face.onnx" */
    const char *prefix; /* of its arrays in a model's file */
    const char *name, *doc;
    int (*write)(at_onnx *o, const at_weights *w, attune_error *err);
} at_onnx_network;

extern const at_onnx_network at_onnx_networks[]; /* a file of NULL past the end */

int at_onnx_write_fusion(at_onnx *o, const at_weights *w, attune_error *err);

#endif
