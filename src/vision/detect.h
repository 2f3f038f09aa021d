/* detect.h - faces with five landmarks: a YuNet-shaped network (Wu, Peng & Yu 2023, "YuNet: a
 * tiny millisecond-level face detector"), prior-free, at strides 8, 16 and 32.
 *
 * Input of the network: (h, w, 3) in BGR order, 0..255, h and w multiples of 32. At stride s, cell
 * (row i, column j) gives AT_DETECT_CHANNELS values, in the order cls, dx, dy, dw, dh, obj and five
 * (kx, ky); cls and obj are logits. Decoded:
 *     centre = (j + dx, i + dy) s    size = exp(dw, dh) s    landmark = (j + kx, i + ky) s
 *     score = sqrt(sigmoid(cls) sigmoid(obj))
 *
 * Weights are arrays with the source's names behind "detector." (batch norm folded, all with
 * biases): conv1 of the stem (27, o) in (ky, kx, c) order; each unit's 1x1 "conv1.weight" (c, o)
 * and depthwise "conv2.weight" (9, o); the four heads of a level are one unit, "bbox_head.0" ..
 * "bbox_head.2". Channel counts are taken from the arrays.
 */
#ifndef AT_VISION_DETECT_H
#define AT_VISION_DETECT_H

#include "base/keep.h"
#include "base/pool.h"
#include "kernels/kernels.h"
#include "tensor/tensor.h"
#include "tensor/weights.h"
#include "vision/picture.h"

enum { AT_LANDMARKS = 5, AT_DETECT_LEVELS = 3, AT_DETECT_CHANNELS = 16 };

/* Source pixels. Landmarks: the eye on the picture's left, the eye on its right, the nose tip,
 * the mouth's corner on the left, and on the right; left and right are those of the upright
 * face, however it lies in the picture. */
typedef struct at_face {
    float x, y, w, h; /* box; may reach outside the picture */
    float landmark[AT_LANDMARKS][2];
    float score; /* [0,1] */
} at_face;

/* Quarter turns clockwise, 0..3, from upright to how the face lies in the picture, by its
 * landmarks. */
int at_face_quarters(const at_face *f);
/* Pixels between the eyes' midpoint and the mouth's. */
float at_face_size(const at_face *f);
/* Intersection over union of the boxes, [0,1]. */
float at_face_iou(const at_face *a, const at_face *b);
void at_face_keep(at_keep *k, at_face *f); /* base/keep.h */

/* Zero is the default for every field. */
typedef struct at_detect_options {
    int side;        /* the longer side of the picture is scaled to this; 0: 320 */
    int side_near;   /* the same for at_detector_search_near; 0: 192 */
    float threshold; /* least score; 0: 0.7 */
    float iou;       /* of two boxes overlapping more, the better stays; 0: 0.4 */
} at_detect_options;

/* Weights packed for the kernels, and work buffers. One thread at a time. */
typedef struct at_detector at_detector;

/* pool [kept] nullable. The source is not needed after the call. ATTUNE_E_FORMAT names what is
 * missing or has another shape. */
int at_detector_create(at_detector **out, const at_weight_source *src, at_pool *pool,
                       const at_kernels *kn, const at_detect_options *o /* nullable */,
                       attune_error *err);
void at_detector_free(at_detector **d);

/* Where to look, how closely, and for faces that lie how. */
typedef struct at_look {
    at_rect part;    /* of the upright picture; what lies outside it is left out */
    int side;        /* the part's longer side is scaled to this, but enlarged no more than twice */
    int quarters;    /* clockwise quarter turns from an upright face to those that are looked for */
    float threshold; /* least score; 0: the detector's */
} at_look;

/* Faces by falling score, at most max, in pixels of the upright picture. Returns their number or a
 * negative status. p is one that at_picture_check lets pass; only what the network looks at is
 * converted. Nothing is allocated once looks of these sizes have been taken. */
int at_detector_look(at_detector *d, const attune_picture *p, const at_look *look, at_face *out,
                     int max);
/* The same look again, which showed what it showed, for faces that lie otherwise: the picture is not needed, and
 * not scaled once more. */
int at_detector_turn(at_detector *d, int quarters, at_face *out, int max);
/* Upright faces in the whole picture. */
int at_detector_search(at_detector *d, const attune_picture *p, at_face *out, int max);
/* Faces that lie as the last one did, in its neighbourhood only (twice its box): several times
 * faster. For following a face between full passes. */
int at_detector_search_near(at_detector *d, const attune_picture *p, const at_face *last,
                            at_face *out, int max);
/* The square round a face that reaches that many times its larger side each way from its centre,
 * which may lie partly or wholly outside the picture. ATTUNE_E_ARG where it is no square that a
 * picture could have. */
int at_face_surroundings(const at_face *f, float reach, at_rect *out);
/* at_detector_search in an RGB image. */
int at_detector_run(at_detector *d, const at_image *rgb, at_face *out, int max);

/* The network alone, for tests and distillation: x (h, w, 3). head[l] (h/s, w/s,
 * AT_DETECT_CHANNELS) for strides 8, 16, 32 lives until the next call on d. */
int at_detector_heads(at_detector *d, const float *x, int h, int w,
                      const float *head[AT_DETECT_LEVELS]);

/* ---- training ------------------------------------------------------------------------- */

/* Fills params ("detector.*"), ready for at_params_source, from a file of ours (a trained detector
 * or a whole model: what is named "detector.*") or a YuNet file in its authors' layout (OIHW, names
 * without "detector."). ATTUNE_E_FORMAT when it is neither, or its arrays do not fit one another. */
int at_detector_import(at_params *p, const at_weights *w, attune_error *err);
/* The network over tensors: x (b, h, w, 3) -> head[l] (b, h/s, w/s, AT_DETECT_CHANNELS), with
 * gradients in AT_TRAIN mode. p holds "detector.*". Returns at_graph_status, or ATTUNE_E_FORMAT
 * when p lacks something. */
int at_detector_graph(at_graph *g, at_params *p, at_tensor *x, at_tensor *head[AT_DETECT_LEVELS]);

enum { AT_DETECTOR_UNITS = 20 };
/* How far activations go, as the largest absolute value of the pictures seen: after the stem, between the
 * two layers of each unit, and after it; of a level's feature with what is added to it. A detector that is
 * made of a source with these (detector.range.stem, .wide, .out) runs in eight bits. */
typedef struct at_detector_ranges {
    float stem, wide[AT_DETECTOR_UNITS], out[AT_DETECTOR_UNITS];
} at_detector_ranges;
/* Runs the graph on x and widens the ranges by what there is. As at_detector_graph. */
int at_detector_watch(at_graph *g, at_params *p, at_tensor *x, at_detector_ranges *seen);

#endif
