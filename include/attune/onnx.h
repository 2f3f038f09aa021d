/* onnx.h - models for other engines. May change between versions; attune.h does not.
 *
 * Naming, errors and ownership as in attune.h. What goes into the networks and comes out of them stands in
 * docs/onnx.md, and in the files.
 */
#ifndef ATTUNE_ONNX_H
#define ATTUNE_ONNX_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The file of the i-th network that a model may have, "detector.onnx"; NULL past the end. */
const char *attune_onnx_file(int i);

/* Writes the networks of a model's file (attune_default_model) into the folder dir, which is made if need be,
 * as ONNX (github.com/onnx/onnx, opset 17): all that it has, or none. have (nullable): bit i is set where
 * attune_onnx_file(i) was written. ATTUNE_E_UNSUPPORTED names what ONNX cannot be told. Takes some 50 MB for
 * a moment; any thread. */
int attune_onnx_export(const char *model, const char *dir, unsigned *have, attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
