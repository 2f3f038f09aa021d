/* onednn.h - oneDNN 2.x's C API with the errors checked: shapes, memory, lists of primitives. */
#ifndef PEER_ONEDNN_H
#define PEER_ONEDNN_H

#include "peer.h"

#include <oneapi/dnnl/dnnl.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "written for oneDNN 2.x (Debian 12)"
#endif

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void ok(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success) {
        fprintf(stderr, "onednn: %s: status %d\n", what, status);
        exit(1);
    }
}
#define OK(call) ok(call, #call)

typedef dnnl_memory_desc_t shape;

static shape shape_of(int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    shape s;
    OK(dnnl_memory_desc_init_by_tag(&s, rank, dims, dnnl_f32, tag));
    return s;
}

static shape vector(int n)
{
    return shape_of(1, (dnnl_dims_t){n}, dnnl_a);
}

static shape matrix(int rows, int cols, dnnl_format_tag_t tag)
{
    return shape_of(2, (dnnl_dims_t){rows, cols}, tag);
}

static shape picture(int n, int c, int side, dnnl_format_tag_t tag)
{
    return shape_of(4, (dnnl_dims_t){n, c, side, side}, tag);
}

/* A convolution's weights; depthwise ones are grouped. plain: as a reorder can read them. */
static shape kernel(int in, int out, int k, int groups, int plain)
{
    if (groups > 1)
        return shape_of(5, (dnnl_dims_t){groups, out / groups, in / groups, k, k},
                        plain ? dnnl_goihw : dnnl_format_tag_any);
    return shape_of(4, (dnnl_dims_t){out, in, k, k}, plain ? dnnl_oihw : dnnl_format_tag_any);
}

static const shape *shape_in(dnnl_memory_t m)
{
    const shape *s;
    OK(dnnl_memory_get_memory_desc(m, &s));
    return s;
}

static float *data_of(dnnl_memory_t m)
{
    void *p;
    OK(dnnl_memory_get_data_handle(m, &p));
    return p;
}

static size_t floats_in(dnnl_memory_t m)
{
    return dnnl_memory_desc_get_size(shape_in(m)) / sizeof(float);
}

static dnnl_memory_t zeros(const shape *s)
{
    dnnl_memory_t m;
    OK(dnnl_memory_create(&m, s, engine, DNNL_MEMORY_ALLOCATE));
    memset(data_of(m), 0, floats_in(m) * sizeof(float));
    return m;
}

static dnnl_memory_t randoms(const shape *s, float scale)
{
    dnnl_memory_t m = zeros(s);
    for (size_t i = 0, n = floats_in(m); i < n; i++)
        data_of(m)[i] = scale * peer_random();
    return m;
}

/* The shape that a primitive wants or gives. */
static const shape *asked(dnnl_primitive_desc_t p, int what)
{
    return dnnl_primitive_desc_query_md(
        p, what >= 512 ? dnnl_query_exec_arg_md : (dnnl_query_t)what, what >= 512 ? what : 0);
}

typedef struct op {
    dnnl_primitive_t primitive;
    int n;
    dnnl_exec_arg_t arg[10];
} op;

typedef struct program {
    op list[400];
    int n;
} program;

static op *add_op(program *p, dnnl_primitive_desc_t desc)
{
    op *o = &p->list[p->n++];
    *o = (op){0};
    OK(dnnl_primitive_create(&o->primitive, desc));
    return o;
}

static void give(op *o, int what, dnnl_memory_t m)
{
    o->arg[o->n++] = (dnnl_exec_arg_t){what, m};
}

static void run_program(const program *p)
{
    for (int i = 0; i < p->n; i++)
        OK(dnnl_primitive_execute(p->list[i].primitive, stream, p->list[i].n, p->list[i].arg));
    OK(dnnl_stream_wait(stream));
}

static void add_reorder(program *p, dnnl_memory_t from, dnnl_memory_t to)
{
    dnnl_primitive_desc_t d;
    OK(dnnl_reorder_primitive_desc_create(&d, shape_in(from), engine, shape_in(to), engine, NULL));
    op *o = add_op(p, d);
    give(o, DNNL_ARG_FROM, from);
    give(o, DNNL_ARG_TO, to);
}

/* m in the wanted shape: itself, or a copy that p makes first. */
static dnnl_memory_t in_shape(program *p, dnnl_memory_t m, const shape *want)
{
    if (dnnl_memory_desc_equal(shape_in(m), want))
        return m;
    dnnl_memory_t to = zeros(want);
    add_reorder(p, m, to);
    return to;
}

/* Random weights in the shape that a primitive wants. Blocked shapes pad: values go in plain. */
static dnnl_memory_t weights(const shape *plain, const shape *want, float scale)
{
    static program once;
    dnnl_memory_t m = randoms(plain, scale);
    once.n = 0;
    m = in_shape(&once, m, want);
    run_program(&once);
    return m;
}

static void start_onednn(void)
{
    OK(dnnl_engine_create(&engine, dnnl_cpu, 0));
    OK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
}

static int parse_layout(const char *name, dnnl_format_tag_t *out)
{
    static const struct {
        const char *name;
        dnnl_format_tag_t tag;
    } known[] = {{"any", dnnl_format_tag_any},
                 {"nhwc", dnnl_nhwc},
                 {"blocked8", dnnl_nChw8c},
                 {"blocked16", dnnl_nChw16c}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) {
            *out = known[i].tag;
            return 1;
        }
    return 0;
}

/* Of the first layer's input, whose three channels are never blocked. */
static dnnl_format_tag_t pixel_layout(dnnl_format_tag_t layout)
{
    return layout == dnnl_nhwc ? dnnl_nhwc : dnnl_nchw;
}

/* MobileNetV2 (Sandler 2018, table 2). */
typedef struct stage {
    int expansion, channels, blocks, stride;
} stage;
static const stage stages[7] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
enum { STEM = 32, FEATURES = 1280, CLASSES = 1000 };

#endif
