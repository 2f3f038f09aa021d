#include "onnx/model.h"
#include "base/error.h"
#include "base/mem.h"
#include "onnx/schema.h"
#include "onnx/wire.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_INPUTS = 16, MOST_ATTRIBUTES = 6 };

/* Nodes are written last, since their outputs may still get another name. */
typedef struct node {
    struct node *next;
    const char *type;
    int n, attributes;
    at_onnx_value *in[MOST_INPUTS], *out;
    at_onnx_attribute attribute[MOST_ATTRIBUTES];
} node;

struct at_onnx {
    const char *name, *doc;
    at_arena arena;
    node *first, *last;
    int values; /* named so far */
    int failed;
    at_wire constants, ends, meta; /* fields of the graph, the graph, and the model */
};

static at_onnx_value absent;
at_onnx_value *const at_onnx_absent = &absent;

int at_onnx_create(at_onnx **out, const char *name, const char *doc, attune_error *err)
{
    at_onnx *o = at_calloc(1, sizeof *o);

    *out = o;
    if (!o)
        return at_fail_nomem(err);
    o->name = name;
    o->doc = doc;
    return ATTUNE_OK;
}

void at_onnx_free(at_onnx **o)
{
    if (!o || !*o)
        return;
    at_arena_free(&(*o)->arena);
    at_wire_free(&(*o)->constants);
    at_wire_free(&(*o)->ends);
    at_wire_free(&(*o)->meta);
    at_free(*o);
    *o = NULL;
}

static void *take(at_onnx *o, size_t size)
{
    void *p = at_arena_alloc(&o->arena, 1, size);

    if (p)
        memset(p, 0, size);
    else
        o->failed = 1;
    return p;
}

static at_onnx_value *named(at_onnx *o, const char *name)
{
    at_onnx_value *v = take(o, sizeof *v);

    if (v)
        snprintf(v->name, sizeof v->name, "%s", name);
    return v;
}

/* Named after what makes it, and a number. */
static at_onnx_value *numbered(at_onnx *o, const char *type)
{
    at_onnx_value *v = take(o, sizeof *v);

    if (v)
        snprintf(v->name, sizeof v->name, "%s_%d", type, ++o->values);
    return v;
}

/* ---- inputs and outputs ------------------------------------------------------------------- */

/* "batch 3 112 112" */
static at_wire shape_of(const char *text)
{
    at_wire shape = {0};

    while (*text) {
        at_wire dim = {0};
        const size_t n = strcspn(text, " ");
        if (*text >= '0' && *text <= '9')
            at_wire_int(&dim, DIM_VALUE, strtol(text, NULL, 10));
        else
            at_wire_bytes(&dim, DIM_SYMBOL, text, n);
        at_wire_message(&shape, SHAPE_DIM, &dim);
        text += n + (text[n] == ' ');
    }
    return shape;
}

static void add_end(at_onnx *o, int field, const char *name, const char *shape, const char *doc)
{
    at_wire end = {0}, type = {0}, tensor = {0}, dims = shape_of(shape);

    at_wire_int(&tensor, TENSOR_TYPE_ELEMENT, TENSOR_IS_FLOAT);
    at_wire_message(&tensor, TENSOR_TYPE_SHAPE, &dims);
    at_wire_message(&type, TYPE_TENSOR, &tensor);
    at_wire_text(&end, VALUE_NAME, name);
    at_wire_message(&end, VALUE_TYPE, &type);
    at_wire_text(&end, VALUE_DOC, doc);
    at_wire_message(&o->ends, field, &end);
}

at_onnx_value *at_onnx_input(at_onnx *o, const char *name, const char *shape, const char *doc)
{
    add_end(o, GRAPH_INPUT, name, shape, doc);
    return named(o, name);
}

void at_onnx_output(at_onnx *o, at_onnx_value *v, const char *name, const char *shape,
                    const char *doc)
{
    if (!v)
        return;
    snprintf(v->name, sizeof v->name, "%s", name);
    add_end(o, GRAPH_OUTPUT, name, shape, doc);
}

/* ---- constants ------------------------------------------------------------------------------ */

static void put_dims(at_wire *tensor, int rank, const int *dim)
{
    for (int i = 0; i < rank; i++)
        at_wire_int(tensor, TENSOR_DIMS, dim[i]);
}

at_onnx_value *at_onnx_floats(at_onnx *o, const char *name, int rank, const int *dim,
                              const float *values)
{
    at_onnx_value *v = name ? named(o, name) : numbered(o, "values");
    at_wire tensor = {0};
    size_t n = 1;

    if (!v)
        return NULL;
    for (int i = 0; i < rank; i++)
        n *= (size_t)dim[i];
    put_dims(&tensor, rank, dim);
    at_wire_int(&tensor, TENSOR_TYPE, TENSOR_IS_FLOAT);
    at_wire_text(&tensor, TENSOR_NAME, v->name);
    at_wire_floats(&tensor, TENSOR_RAW, values, n);
    at_wire_message(&o->constants, GRAPH_INITIALIZER, &tensor);
    return v;
}

at_onnx_value *at_onnx_scalar(at_onnx *o, float value)
{
    return at_onnx_floats(o, NULL, 0, NULL, &value);
}

at_onnx_value *at_onnx_indices(at_onnx *o, int n, const int64_t *values)
{
    at_onnx_value *v = numbered(o, "indices");
    at_wire tensor = {0};

    if (!v)
        return NULL;
    put_dims(&tensor, 1, &n);
    at_wire_int(&tensor, TENSOR_TYPE, TENSOR_IS_INT64);
    for (int i = 0; i < n; i++)
        at_wire_int(&tensor, TENSOR_INT64S, values[i]);
    at_wire_text(&tensor, TENSOR_NAME, v->name);
    at_wire_message(&o->constants, GRAPH_INITIALIZER, &tensor);
    return v;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

at_onnx_attribute at_onnx_int(const char *name, int64_t i)
{
    return (at_onnx_attribute){.name = name, .type = ATTRIBUTE_IS_I, .i = {i}};
}

at_onnx_attribute at_onnx_ints1(const char *name, int64_t a)
{
    return (at_onnx_attribute){.name = name, .type = ATTRIBUTE_IS_INTS, .n = 1, .i = {a}};
}

at_onnx_attribute at_onnx_ints2(const char *name, int64_t a, int64_t b)
{
    return (at_onnx_attribute){.name = name, .type = ATTRIBUTE_IS_INTS, .n = 2, .i = {a, b}};
}

at_onnx_attribute at_onnx_ints4(const char *name, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return (at_onnx_attribute){.name = name, .type = ATTRIBUTE_IS_INTS, .n = 4, .i = {a, b, c, d}};
}

at_onnx_attribute at_onnx_float(const char *name, float f)
{
    return (at_onnx_attribute){.name = name, .type = ATTRIBUTE_IS_F, .f = f};
}

at_onnx_attribute at_onnx_text(const char *name, const char *s)
{
    return (at_onnx_attribute){.name = name, .type = ATTRIBUTE_IS_S, .s = s};
}

at_onnx_value *at_onnx_node(at_onnx *o, const char *type, int n, at_onnx_value *const *in,
                            const at_onnx_attribute *attributes)
{
    node *made = take(o, sizeof *made);

    assert(n <= MOST_INPUTS);
    if (!made)
        return NULL;
    made->type = type;
    made->n = n;
    for (int i = 0; i < n; i++)
        if (!(made->in[i] = in[i]))
            return NULL;
    while (attributes && attributes[made->attributes].name && made->attributes < MOST_ATTRIBUTES) {
        made->attribute[made->attributes] = attributes[made->attributes];
        made->attributes++;
    }
    made->out = numbered(o, type);
    *(o->last ? &o->last->next : &o->first) = made;
    o->last = made;
    return made->out;
}

at_onnx_value *at_onnx_unary(at_onnx *o, const char *type, at_onnx_value *x)
{
    return at_onnx_node(o, type, 1, &x, NULL);
}

at_onnx_value *at_onnx_binary(at_onnx *o, const char *type, at_onnx_value *a, at_onnx_value *b)
{
    return at_onnx_node(o, type, 2, (at_onnx_value *[]){a, b}, NULL);
}

void at_onnx_meta(at_onnx *o, const char *key, const char *value)
{
    at_wire entry = {0};

    at_wire_text(&entry, ENTRY_KEY, key);
    at_wire_text(&entry, ENTRY_VALUE, value);
    at_wire_message(&o->meta, MODEL_METADATA, &entry);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void put_attribute(at_wire *node_of, const at_onnx_attribute *a)
{
    at_wire w = {0};

    at_wire_text(&w, ATTRIBUTE_NAME, a->name);
    at_wire_int(&w, ATTRIBUTE_TYPE, a->type);
    switch (a->type) {
    case ATTRIBUTE_IS_F: at_wire_float(&w, ATTRIBUTE_F, a->f); break;
    case ATTRIBUTE_IS_I: at_wire_int(&w, ATTRIBUTE_I, a->i[0]); break;
    case ATTRIBUTE_IS_S: at_wire_text(&w, ATTRIBUTE_S, a->s); break;
    default:
        for (int i = 0; i < a->n; i++)
            at_wire_int(&w, ATTRIBUTE_INTS, a->i[i]);
    }
    at_wire_message(node_of, NODE_ATTRIBUTE, &w);
}

static void put_node(at_wire *graph, const node *n)
{
    at_wire w = {0};

    for (int i = 0; i < n->n; i++)
        at_wire_text(&w, NODE_INPUT, n->in[i]->name);
    at_wire_text(&w, NODE_OUTPUT, n->out->name);
    at_wire_text(&w, NODE_NAME, n->out->name);
    at_wire_text(&w, NODE_TYPE, n->type);
    for (int i = 0; i < n->attributes; i++)
        put_attribute(&w, &n->attribute[i]);
    at_wire_message(graph, GRAPH_NODE, &w);
}

/* All but the constants and the ends, which are messages already. */
static at_wire nodes_of(const at_onnx *o)
{
    at_wire nodes = {0};

    for (const node *n = o->first; n; n = n->next)
        put_node(&nodes, n);
    at_wire_text(&nodes, GRAPH_NAME, o->name);
    return nodes;
}

static at_wire head_of(const at_onnx *o)
{
    at_wire head = {0}, opset = {0};

    at_wire_int(&opset, OPSET_VERSION, AT_ONNX_OPSET);
    at_wire_int(&head, MODEL_IR_VERSION, AT_ONNX_IR);
    at_wire_text(&head, MODEL_PRODUCER_NAME, "attune");
    at_wire_text(&head, MODEL_PRODUCER_VERSION, attune_version());
    at_wire_text(&head, MODEL_DOC, o->doc);
    at_wire_message(&head, MODEL_OPSET, &opset);
    return head;
}

int at_onnx_status(const at_onnx *o)
{
    return o->failed || o->constants.failed || o->ends.failed || o->meta.failed ? ATTUNE_E_NOMEM
                                                                                : ATTUNE_OK;
}

static void put_bytes(FILE *f, const at_wire *w)
{
    if (w->size)
        fwrite(w->data, 1, w->size, f);
}

int at_onnx_write(const at_onnx *o, FILE *f, attune_error *err)
{
    at_wire head = head_of(o), nodes = nodes_of(o);
    const size_t graph = nodes.size + o->constants.size + o->ends.size;
    const int failed = head.failed || nodes.failed || at_onnx_status(o);

    at_wire_length(&head, MODEL_GRAPH, graph);
    if (!failed && !head.failed) {
        put_bytes(f, &head);
        put_bytes(f, &nodes);
        put_bytes(f, &o->constants);
        put_bytes(f, &o->ends);
        put_bytes(f, &o->meta);
    }
    const int status = failed || head.failed ? at_fail_nomem(err) : ATTUNE_OK;
    at_wire_free(&head);
    at_wire_free(&nodes);
    return status;
}
