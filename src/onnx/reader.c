#include "onnx/reader.h"
#include "base/error.h"
#include "onnx/schema.h"
#include <string.h>

/* ---- bytes ------------------------------------------------------------------------------------ */

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

/* What is left of a message. */
typedef struct span {
    const unsigned char *p;
    size_t n;
} span;

typedef struct field {
    int number, type;
    uint64_t value; /* of a varint, or the bits of a fixed one */
    span bytes;
} field;

typedef struct reader {
    at_onnx_graph *g;
    attune_error *err;
    int status; /* sticky */
} reader;

static void fail(reader *r, const char *why)
{
    if (r->status == ATTUNE_OK)
        r->status = at_fail(r->err, ATTUNE_E_FORMAT, "ONNX: %s", why);
}

static void *take(reader *r, size_t count, size_t size)
{
    void *p = r->status == ATTUNE_OK ? at_arena_alloc(&r->g->arena, count, size) : NULL;

    if (!p && r->status == ATTUNE_OK)
        r->status = at_fail_nomem(r->err);
    if (p)
        memset(p, 0, count * size);
    return p;
}

static int get_varint(span *s, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64 && s->n; shift += 7) {
        const unsigned char byte = *s->p++;
        s->n--;
        *out |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return 1;
    }
    return 0;
}

static int get_fixed(span *s, size_t n, uint64_t *out)
{
    if (s->n < n)
        return 0;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out |= (uint64_t)s->p[i] << 8 * i;
    s->p += n;
    s->n -= n;
    return 1;
}

static int get_value(span *s, field *f)
{
    switch (f->type) {
    case VARINT: return get_varint(s, &f->value);
    case FIXED64: return get_fixed(s, 8, &f->value);
    case FIXED32: return get_fixed(s, 4, &f->value);
    case LENGTH:
        if (!get_varint(s, &f->value) || f->value > s->n)
            return 0;
        f->bytes = (span){s->p, (size_t)f->value};
        s->p += f->value;
        s->n -= (size_t)f->value;
        return 1;
    default: return 0;
    }
}

/* The next field; 0 at the end, and where the message is damaged. */
static int next(reader *r, span *s, field *f)
{
    uint64_t key;

    if (!s->n || r->status)
        return 0;
    *f = (field){0};
    if (!get_varint(s, &key) || key >> 3 > INT32_MAX) {
        fail(r, "the file is damaged");
        return 0;
    }
    f->number = (int)(key >> 3);
    f->type = (int)(key & 7);
    if (get_value(s, f))
        return 1;
    fail(r, "the file is damaged, or cut short");
    return 0;
}

static int is(const field *f, int number, int type)
{
    return f->number == number && f->type == type;
}

/* How many fields of that number a message has. */
static int count(reader *r, span s, int number)
{
    field f;
    int n = 0;

    while (next(r, &s, &f))
        n += is(&f, number, LENGTH);
    return n;
}

static const char *text(reader *r, span s)
{
    char *p = take(r, s.n + 1, 1);

    if (!p)
        return "";
    if (s.n)
        memcpy(p, s.p, s.n);
    if (strlen(p) != s.n)
        fail(r, "a name has a zero in it");
    return p;
}

/* ---- integers, one by one or packed ------------------------------------------------------------- */

/* Those of a field of that number: counts them, or with out puts them there. */
static size_t integers(reader *r, span s, int number, int64_t *out)
{
    size_t n = 0;
    field f;

    while (next(r, &s, &f)) {
        uint64_t value;
        if (is(&f, number, VARINT)) {
            if (out)
                out[n] = (int64_t)f.value;
            n++;
        }
        while (is(&f, number, LENGTH) && f.bytes.n) {
            if (!get_varint(&f.bytes, &value)) {
                fail(r, "the file is damaged");
                return n;
            }
            if (out)
                out[n] = (int64_t)value;
            n++;
        }
    }
    return n;
}

enum { MOST_INTEGERS = 1 << 20 };

/* None after a failure. */
static const int64_t *take_integers(reader *r, span s, int number, size_t *n)
{
    *n = integers(r, s, number, NULL);
    if (*n > MOST_INTEGERS)
        fail(r, "too many whole numbers in one place");
    int64_t *out = take(r, *n, sizeof *out);

    if (out)
        integers(r, s, number, out);
    else
        *n = 0;
    return out;
}

/* ---- tensors ------------------------------------------------------------------------------------ */

static float float_of(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float x;

    memcpy(&x, &low, sizeof x);
    return x;
}

/* Of fields of floats, one by one or packed. */
static size_t listed_floats(reader *r, span s, float *out)
{
    size_t n = 0;
    field f;

    while (next(r, &s, &f)) {
        uint64_t bits;
        if (is(&f, TENSOR_FLOATS, FIXED32)) {
            if (out)
                out[n] = float_of(f.value);
            n++;
        }
        while (is(&f, TENSOR_FLOATS, LENGTH) && get_fixed(&f.bytes, 4, &bits)) {
            if (out)
                out[n] = float_of(bits);
            n++;
        }
    }
    return n;
}

static void raw_floats(span raw, size_t n, float *out)
{
    uint64_t bits;

    for (size_t i = 0; i < n && get_fixed(&raw, 4, &bits); i++)
        out[i] = float_of(bits);
}

static void raw_integers(span raw, size_t n, size_t size, int64_t *out)
{
    uint64_t bits;

    for (size_t i = 0; i < n && get_fixed(&raw, size, &bits); i++)
        out[i] = size == 4 ? (int32_t)bits : (int64_t)bits;
}

/* Values lie raw, or listed one by one. */
static void read_floats(reader *r, span s, span raw, at_onnx_array *a)
{
    if (raw.n != a->count * 4 && (raw.n || listed_floats(r, s, NULL) != a->count)) {
        fail(r, "a tensor has not as many values as its shape says");
        return;
    }
    float *to = take(r, a->count, sizeof *to);
    a->floats = to;
    if (to && raw.n)
        raw_floats(raw, a->count, to);
    else if (to)
        listed_floats(r, s, to);
}

static void read_integers(reader *r, span s, span raw, size_t size, at_onnx_array *a)
{
    const int listed = size == 8 ? TENSOR_INT64S : TENSOR_INT32S;
    size_t n;

    if (!raw.n) {
        a->ints = take_integers(r, s, listed, &n);
        if (n != a->count)
            fail(r, "a tensor has not as many values as its shape says");
        return;
    }
    if (raw.n != a->count * size) {
        fail(r, "a tensor has not as many values as its shape says");
        return;
    }
    int64_t *to = take(r, a->count, sizeof *to);
    a->ints = to;
    if (to)
        raw_integers(raw, a->count, size, to);
}

static void read_shape(reader *r, span s, at_onnx_array *a)
{
    size_t rank, extent = 1; /* extent: as if no dimension were empty */
    const int64_t *dim = take_integers(r, s, TENSOR_DIMS, &rank);

    if (rank > AT_ONNX_RANK) {
        fail(r, "a tensor has too many dimensions");
        return;
    }
    a->rank = (int)rank;
    a->count = 1;
    for (int i = 0; dim && i < a->rank; i++) {
        if (dim[i] < 0 || dim[i] > AT_ONNX_MOST_SIDE ||
            (dim[i] && extent > (size_t)AT_ONNX_FILE_LIMIT / (size_t)dim[i])) {
            fail(r, "a tensor is too large");
            return;
        }
        a->dim[i] = (int)dim[i];
        a->count *= (size_t)dim[i];
        extent *= dim[i] ? (size_t)dim[i] : 1;
    }
}

static void read_tensor(reader *r, span s, at_onnx_array *a)
{
    span raw = {0}, at = s;
    uint64_t type = 0;
    field f;

    a->name = "";
    read_shape(r, s, a);
    while (next(r, &at, &f))
        if (is(&f, TENSOR_NAME, LENGTH))
            a->name = text(r, f.bytes);
        else if (is(&f, TENSOR_RAW, LENGTH))
            raw = f.bytes;
        else if (is(&f, TENSOR_TYPE, VARINT))
            type = f.value;
        else if (is(&f, TENSOR_LOCATION, VARINT) && f.value)
            fail(r, "its weights lie in another file, which is not read");
    if (r->status)
        return;
    switch (type) {
    case TENSOR_IS_FLOAT: read_floats(r, s, raw, a); break;
    case TENSOR_IS_INT64: read_integers(r, s, raw, 8, a); break;
    case TENSOR_IS_INT32: read_integers(r, s, raw, 4, a); break;
    case TENSOR_IS_BOOL: read_integers(r, s, raw, 1, a); break;
    default: break; /* told where it is used */
    }
}

/* ---- nodes --------------------------------------------------------------------------------------- */

static void read_setting(reader *r, span s, at_onnx_setting *a)
{
    span at = s;
    size_t n;
    field f;

    a->name = a->s = "";
    while (next(r, &at, &f)) {
        if (is(&f, ATTRIBUTE_NAME, LENGTH)) {
            a->name = text(r, f.bytes);
        } else if (is(&f, ATTRIBUTE_TYPE, VARINT)) {
            a->type = f.value < 100 ? (int)f.value : 0;
        } else if (is(&f, ATTRIBUTE_F, FIXED32)) {
            a->f = float_of(f.value);
        } else if (is(&f, ATTRIBUTE_I, VARINT)) {
            a->i = (int64_t)f.value;
        } else if (is(&f, ATTRIBUTE_S, LENGTH)) {
            a->s = text(r, f.bytes);
        } else if (is(&f, ATTRIBUTE_T, LENGTH)) {
            at_onnx_array *t = take(r, 1, sizeof *t);
            if (t)
                read_tensor(r, f.bytes, t);
            a->t = t;
        }
    }
    a->ints = take_integers(r, s, ATTRIBUTE_INTS, &n);
    a->n = n > AT_ONNX_MOST_ENDS ? 0 : (int)n;
    if (n > AT_ONNX_MOST_ENDS)
        fail(r, "an attribute has too many values");
}

/* The texts of a field, as many as there are. */
static const char **read_texts(reader *r, span s, int number, int *n)
{
    field f;

    *n = count(r, s, number);
    if (*n > AT_ONNX_MOST_ENDS)
        fail(r, "a node has too many inputs or outputs");
    const char **list = take(r, (size_t)*n, sizeof *list);
    for (int i = 0; list && next(r, &s, &f);)
        if (is(&f, number, LENGTH))
            list[i++] = text(r, f.bytes);
    return list;
}

static void read_step(reader *r, span s, at_onnx_step *step)
{
    field f;
    int n = 0;

    step->type = step->domain = "";
    step->in = read_texts(r, s, NODE_INPUT, &step->ins);
    step->out = read_texts(r, s, NODE_OUTPUT, &step->outs);
    step->settings = count(r, s, NODE_ATTRIBUTE);
    if (step->settings > AT_ONNX_MOST_ENDS)
        fail(r, "a node has too many attributes");
    at_onnx_setting *list = take(r, (size_t)step->settings, sizeof *list);
    step->setting = list;
    while (list && next(r, &s, &f))
        if (is(&f, NODE_TYPE, LENGTH))
            step->type = text(r, f.bytes);
        else if (is(&f, NODE_DOMAIN, LENGTH))
            step->domain = text(r, f.bytes);
        else if (is(&f, NODE_ATTRIBUTE, LENGTH))
            read_setting(r, f.bytes, &list[n++]);
}

/* ---- inputs and outputs ---------------------------------------------------------------------------- */

static span part(reader *r, span s, int number)
{
    span found = {0};
    field f;

    while (next(r, &s, &f))
        if (is(&f, number, LENGTH))
            found = f.bytes;
    return found;
}

static void read_end(reader *r, span s, at_onnx_end *end)
{
    span type = part(r, part(r, s, VALUE_TYPE), TYPE_TENSOR);
    span shape = part(r, type, TENSOR_TYPE_SHAPE);
    size_t n;
    field f;

    end->name = text(r, part(r, s, VALUE_NAME));
    const int64_t *element = take_integers(r, type, TENSOR_TYPE_ELEMENT, &n);
    end->element = element && n == 1 && element[0] > 0 && element[0] < 100 ? (int)element[0] : 0;
    while (next(r, &shape, &f)) {
        if (!is(&f, SHAPE_DIM, LENGTH))
            continue;
        const int64_t *size = take_integers(r, f.bytes, DIM_VALUE, &n);
        if (end->rank == AT_ONNX_RANK || (n && (size[0] < 0 || size[0] > AT_ONNX_MOST_SIDE))) {
            fail(r, "an input or output has too many dimensions, or one that is too large");
            return;
        }
        end->dim[end->rank++] = n ? (int)size[0] : 0;
    }
}

/* ---- the graph --------------------------------------------------------------------------------------- */

static int is_constant(const at_onnx_graph *g, const char *name)
{
    for (int i = 0; i < g->constants; i++)
        if (strcmp(g->constant[i].name, name) == 0)
            return 1;
    return 0;
}

/* Old files list their constants among the inputs. */
static void drop_constants(at_onnx_graph *g)
{
    int kept = 0;

    for (int i = 0; i < g->inputs; i++)
        if (!is_constant(g, g->input[i].name))
            g->input[kept++] = g->input[i];
    g->inputs = kept;
}

static void read_graph(reader *r, span s)
{
    at_onnx_graph *g = r->g;
    const int steps = count(r, s, GRAPH_NODE), constants = count(r, s, GRAPH_INITIALIZER);
    const int inputs = count(r, s, GRAPH_INPUT), outputs = count(r, s, GRAPH_OUTPUT);
    field f;

    if (steps > AT_ONNX_MOST_NODES || constants > AT_ONNX_MOST_NODES ||
        inputs > AT_ONNX_MOST_NODES || outputs > AT_ONNX_MOST_ENDS) {
        fail(r, "the graph is too large");
        return;
    }
    g->step = take(r, (size_t)steps, sizeof *g->step);
    g->constant = take(r, (size_t)constants, sizeof *g->constant);
    g->input = take(r, (size_t)inputs, sizeof *g->input);
    g->output = take(r, (size_t)outputs, sizeof *g->output);
    while (next(r, &s, &f))
        if (is(&f, GRAPH_NODE, LENGTH))
            read_step(r, f.bytes, &g->step[g->steps++]);
        else if (is(&f, GRAPH_INITIALIZER, LENGTH))
            read_tensor(r, f.bytes, &g->constant[g->constants++]);
        else if (is(&f, GRAPH_INPUT, LENGTH))
            read_end(r, f.bytes, &g->input[g->inputs++]);
        else if (is(&f, GRAPH_OUTPUT, LENGTH))
            read_end(r, f.bytes, &g->output[g->outputs++]);
    if (!r->status)
        drop_constants(g);
}

/* Of the operators that are ONNX's own: the domain without a name. */
static void read_opset(reader *r, span s)
{
    const span domain = part(r, s, OPSET_DOMAIN);
    size_t n;
    const int64_t *version = take_integers(r, s, OPSET_VERSION, &n);

    if (!domain.n && n)
        r->g->opset = version ? version[n - 1] : 0;
}

int at_onnx_read(at_onnx_graph *out, const unsigned char *bytes, size_t n, attune_error *err)
{
    reader r = {out, err, ATTUNE_OK};
    span s = {bytes, n}, graph = {0};
    field f;

    *out = (at_onnx_graph){0};
    while (next(&r, &s, &f))
        if (is(&f, MODEL_GRAPH, LENGTH))
            graph = f.bytes;
        else if (is(&f, MODEL_OPSET, LENGTH))
            read_opset(&r, f.bytes);
    if (!r.status && !graph.n)
        fail(&r, "there is no graph in it");
    if (!r.status && (out->opset < 7 || out->opset > 100))
        fail(&r, "its operators are not of opset 7 or later");
    if (!r.status)
        read_graph(&r, graph);
    return r.status;
}

void at_onnx_graph_free(at_onnx_graph *g)
{
    at_arena_free(&g->arena);
    *g = (at_onnx_graph){0};
}

const at_onnx_setting *at_onnx_setting_of(const at_onnx_step *s, const char *name)
{
    for (int i = 0; i < s->settings; i++)
        if (strcmp(s->setting[i].name, name) == 0)
            return &s->setting[i];
    return NULL;
}
