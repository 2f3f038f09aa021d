/* ONNX files of others (onnx/reader.c, onnx/net.c): what opens runs within its workspace, and answers as many numbers as
 * it says; what does not says why. Changes are of the message's fields, with all lengths put right again. */
#include "fuzz.h"

#include "base/rng.h"
#include "onnx/net.h"

#include <string.h>

/* libFuzzer's; not there when files are only run again. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

enum { SIDE = 16, MOST_FLOATS = 1 << 21, MOST_WORK = 1 << 25, ROOM = 1 << 17 };

static size_t count_of(const at_onnx_end *end)
{
    size_t n = 1;

    for (int i = 0; i < end->rank; i++) {
        FUZZ_CHECK(end->dim[i] >= 0);
        n *= (size_t)end->dim[i];
    }
    return n;
}

static void run(const at_onnx_net *net)
{
    const size_t in = count_of(at_onnx_net_input(net)), room = at_onnx_net_workspace(net);
    const float *out[AT_ONNX_MOST_ENDS];
    volatile float sum = 0;

    if (in > MOST_FLOATS || room > MOST_FLOATS || at_onnx_net_work(net) > MOST_WORK)
        return;
    float *x = malloc(in * sizeof *x + 1), *workspace = at_alloc(room, sizeof *workspace);
    FUZZ_CHECK(x && workspace);
    for (size_t i = 0; i < in; i++)
        x[i] = (float)(i % 7) - 3;
    at_onnx_net_run(net, x, workspace, out);
    for (int i = 0; i < at_onnx_net_outputs(net); i++)
        for (size_t k = 0; k < count_of(at_onnx_net_output(net, i)); k++)
            sum = sum + out[i][k];
    free(x);
    at_free(workspace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    attune_error err = {0};
    at_onnx_net *net;
    const int status = at_onnx_net_open(&net, data, size, SIDE, at_kernels_best(), &err);

    FUZZ_CHECK(!status == !!net);
    FUZZ_CHECK(!status || (status == err.status && *err.text && !strchr(err.text, '\n')));
    if (net)
        run(net);
    at_onnx_net_free(&net);
    return 0;
}

/* ---- changes ---------------------------------------------------------------------------------- */

/* Which fields of a message are messages. */
typedef enum kind {
    LEAF,
    MODEL,
    GRAPH,
    NODE,
    ATTRIBUTE,
    TENSOR,
    END,
    TYPE,
    TENSOR_TYPE,
    SHAPE,
    DIM,
    OPSET
} kind;

static kind inside(kind k, int field)
{
    static const struct {
        kind in;
        int field;
        kind is;
    } messages[] = {
        {MODEL, 7, GRAPH}, {MODEL, 8, OPSET},      {GRAPH, 1, NODE},        {GRAPH, 5, TENSOR},
        {GRAPH, 11, END},  {GRAPH, 12, END},       {NODE, 5, ATTRIBUTE},    {ATTRIBUTE, 5, TENSOR},
        {END, 2, TYPE},    {TYPE, 1, TENSOR_TYPE}, {TENSOR_TYPE, 2, SHAPE}, {SHAPE, 1, DIM},
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (messages[i].in == k && messages[i].field == field)
            return messages[i].is;
    return LEAF;
}

/* A message on its way from one buffer to another: leaf number `chosen` is changed. */
typedef struct change {
    at_rng r;
    long leaves, chosen;
    uint8_t *out;
    size_t n, most;
} change;

static int get_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
    *v = 0;
    for (int shift = 0; *p < end && shift < 64; shift += 7) {
        const uint8_t byte = *(*p)++;
        *v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return 1;
    }
    return 0;
}

static void put(change *c, const void *bytes, size_t n)
{
    if (n <= c->most - c->n) {
        memcpy(c->out + c->n, bytes, n);
        c->n += n;
    } else {
        c->n = c->most;
    }
}

static void put_varint(change *c, uint64_t v)
{
    uint8_t byte[10];
    size_t n = 0;

    for (; v > 127; v >>= 7)
        byte[n++] = (uint8_t)(v | 128);
    byte[n++] = (uint8_t)v;
    put(c, byte, n);
}

static uint64_t odd_number(change *c, uint64_t v)
{
    static const uint64_t odd[] = {0,   1,     2,        3,         7,         16,
                                   255, 65536, 1u << 24, INT32_MAX, INT64_MAX, UINT64_MAX};
    const uint32_t which = at_rng_below(&c->r, 16);
    return which < 12 ? odd[which] : which < 14 ? v + 1 : v - 1;
}

static void put_bytes(change *c, int field, const uint8_t *bytes, size_t n, int changed)
{
    static uint8_t other[ROOM];
    static const char *const names[] = {"x",       "y",   "",      "Conv",  "Concat",
                                        "Reshape", "Add", "Split", "Slice", "Pad"};

    if (changed && n < ROOM / 2) {
        memcpy(other, bytes, n);
        if (at_rng_below(&c->r, 2)) {
            const char *name = names[at_rng_below(&c->r, 10)];
            n = strlen(name);
            memcpy(other, name, n);
        } else {
            n = LLVMFuzzerMutate(other, n, n + 8);
        }
        bytes = other;
    }
    put_varint(c, (uint64_t)field << 3 | 2);
    put_varint(c, n);
    put(c, bytes, n);
}

static void copy_message(change *c, kind k, const uint8_t *p, const uint8_t *end);

/* A message of known length is made behind the others, and then moved to where it belongs. */
static void copy_inside(change *c, kind k, int field, const uint8_t *p, size_t n)
{
    const size_t start = c->n;

    copy_message(c, k, p, p + n);
    const size_t made = c->n - start;
    uint8_t *copy = malloc(made + 1);
    FUZZ_CHECK(copy);
    memcpy(copy, c->out + start, made);
    c->n = start;
    put_varint(c, (uint64_t)field << 3 | 2);
    put_varint(c, made);
    put(c, copy, made);
    free(copy);
}

static void copy_field(change *c, kind k, int field, int type, const uint8_t *p, uint64_t v)
{
    const kind is = type == 2 ? inside(k, field) : LEAF;
    const int changed = c->leaves++ == c->chosen;
    const uint32_t how = changed ? at_rng_below(&c->r, 6) : 6;

    if (how == 0) /* it goes */
        return;
    for (int i = 0; i < (how == 1 ? 2 : 1); i++) { /* or comes twice */
        if (is != LEAF)
            copy_inside(c, is, field, p, v);
        else if (type == 2)
            put_bytes(c, field, p, v, changed);
        else if (type == 0) {
            put_varint(c, (uint64_t)field << 3);
            put_varint(c, changed ? odd_number(c, v) : v);
        } else {
            put_varint(c, (uint64_t)field << 3 | (unsigned)type);
            put(c, p, type == 5 ? 4 : 8);
        }
    }
}

static void copy_message(change *c, kind k, const uint8_t *p, const uint8_t *end)
{
    uint64_t key, v = 0;

    while (p < end && get_varint(&p, end, &key)) {
        const int type = (int)(key & 7);
        const size_t left = (size_t)(end - p), fixed = type == 5 ? 4 : type == 1 ? 8 : 0;
        if ((type == 0 || type == 2) && !get_varint(&p, end, &v))
            return;
        if ((type == 2 && v > (size_t)(end - p)) || fixed > left ||
            (type != 0 && type != 2 && !fixed))
            return;
        copy_field(c, k, (int)(key >> 3 & 0xffff), type, p, v);
        p += type == 2 ? v : fixed;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static uint8_t out[ROOM];
    change c = {.chosen = -1, .out = out, .most = max < ROOM ? max : ROOM};

    at_rng_seed(&c.r, seed, 0);
    if (at_rng_below(&c.r, 8) == 0)
        return LLVMFuzzerMutate(data, size, max);
    copy_message(&c, MODEL, data, data + size); /* how many fields there are */
    if (!c.leaves)
        return LLVMFuzzerMutate(data, size, max);
    c.chosen = (long)at_rng_below(&c.r, (uint32_t)c.leaves);
    c.leaves = 0;
    c.n = 0;
    copy_message(&c, MODEL, data, data + size);
    memcpy(data, out, c.n);
    return c.n;
}
