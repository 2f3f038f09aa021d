/* net.h - a network out of an ONNX file, ready to run: floats in, floats out, one input, sizes fixed when it is
 * opened. For classifiers that others exported; our own networks have their own code (model/).
 *
 * Operators are a table (layers.h); one that is not in it is named. Values have their place in a workspace, which
 * those that are not alive at the same time share.
 */
#ifndef AT_ONNX_NET_H
#define AT_ONNX_NET_H

#include "kernels/kernels.h"
#include "onnx/reader.h"

typedef struct at_onnx_net at_onnx_net; /* immutable: share it */

/* side: what a free height and width become; a free first dimension is 1. The bytes are not needed afterwards.
 * ATTUNE_E_FORMAT says what is wrong, ATTUNE_E_UNSUPPORTED names the operator that is not there. */
int at_onnx_net_open(at_onnx_net **out, const unsigned char *bytes, size_t n, int side,
                     const at_kernels *kn, attune_error *err);
void at_onnx_net_free(at_onnx_net **net);

/* As they run: no dimension is free. */
const at_onnx_end *at_onnx_net_input(const at_onnx_net *net);
int at_onnx_net_outputs(const at_onnx_net *net);
const at_onnx_end *at_onnx_net_output(const at_onnx_net *net, int i);
/* Whether that output is probabilities: a softmax made it, in this or another shape. */
int at_onnx_net_is_softmax(const at_onnx_net *net, int i);

double at_onnx_net_work(const at_onnx_net *net); /* steps of arithmetic that a run takes, about */
size_t at_onnx_net_workspace(const at_onnx_net *net); /* floats that a run takes */
/* x: of the input. out (outputs): where each is, in x, in the workspace or in the net. Threads: any, each with a
 * workspace of its own. */
void at_onnx_net_run(const at_onnx_net *net, const float *x, float *workspace, const float **out);

#endif
