/* scribe.h - writes down as ONNX what a pass on a tensor graph does, by listening to it (tensor/told.h).
 *
 * Our pictures are (b,h,w,c), ONNX's (b,c,h,w): tensors of rank 4 are written in ONNX's order, all others as
 * they are. A pass of one picture or one sequence stands for any number of them, and for any size that its
 * operations let be free (at_onnx_input's shape says which).
 */
#ifndef AT_ONNX_SCRIBE_H
#define AT_ONNX_SCRIBE_H

#include "onnx/model.h"
#include "tensor/ops.h"
#include "tensor/told.h"

typedef struct at_scribe at_scribe;

/* Listens to g until at_scribe_free; o [kept]. Before the pass begins. */
int at_scribe_create(at_scribe **out, at_onnx *o, at_graph *g, attune_error *err);
void at_scribe_free(at_scribe **s);

/* A tensor of the caller's, before it is used, is that value; of rank 4 in ONNX's order. */
void at_scribe_is(at_scribe *s, const at_tensor *t, at_onnx_value *v);
/* After the pass. NULL: memory is out, or t was made by what cannot be written down. */
at_onnx_value *at_scribe_value(at_scribe *s, const at_tensor *t);
/* ATTUNE_OK, ATTUNE_E_NOMEM, or ATTUNE_E_UNSUPPORTED: something in the pass cannot be written down. */
int at_scribe_status(const at_scribe *s, attune_error *err);

#endif
