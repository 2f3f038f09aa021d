#include "onnx/net.h"
#include "base/error.h"
#include "onnx/layers.h"
#include "onnx/schema.h"
#include <limits.h>
#include <string.h>

/* Of a run: some minutes. */
static const double most_work = 1e12;

struct at_onnx_net {
    at_arena arena;      /* what the layers keep */
    at_onnx_graph graph; /* whose constants they use */
    const at_kernels *kn;
    at_onnx_layer *layer;
    int layers, outputs;
    at_onnx_tensor **output;
    at_onnx_end input, *end;
    size_t values, scratch; /* floats of the workspace */
    double work;
};

/* ---- values that are there at the beginning ----------------------------------------------------------- */

static void add_given(at_onnx_builder *b, const at_onnx_tensor *given)
{
    at_onnx_tensor *t = &b->tensor[b->tensors++];

    *t = *given;
    t->root = t;
}

static void add_constants(at_onnx_builder *b)
{
    for (int i = 0; i < b->graph->constants; i++) {
        const at_onnx_array *a = &b->graph->constant[i];
        at_onnx_tensor t = {.name = a->name,
                            .rank = a->rank,
                            .count = a->count,
                            .constant = a->floats,
                            .known = a->ints,
                            .is_foreign = !a->floats && !a->ints};
        memcpy(t.dim, a->dim, sizeof t.dim);
        add_given(b, &t);
    }
}

/* A free batch is one, free sizes of a picture are what the caller said. */
static int settle_input(at_onnx_net *net, int side, attune_error *err)
{
    const at_onnx_graph *g = &net->graph;
    size_t count = 1;

    if (g->inputs != 1 || !g->outputs)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "ONNX: a network has one input and some outputs, not %d and %d", g->inputs,
                       g->outputs);
    net->input = g->input[0];
    if (net->input.element != TENSOR_IS_FLOAT)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "ONNX: its input is not of 32-bit floats");
    for (int i = 0; i < net->input.rank; i++) {
        int *size = &net->input.dim[i];
        *size = *size ? *size : i == 0 ? 1 : i == 1 ? 3 : side;
        count = count > AT_ONNX_MOST_FLOATS ? count : count * (size_t)*size;
    }
    return count > AT_ONNX_MOST_FLOATS
               ? at_fail(err, ATTUNE_E_FORMAT, "ONNX: its input is too large")
               : ATTUNE_OK;
}

static void add_input(at_onnx_builder *b, const at_onnx_end *input)
{
    at_onnx_tensor t = {.name = input->name, .rank = input->rank, .count = 1, .is_input = 1};

    memcpy(t.dim, input->dim, sizeof t.dim);
    for (int i = 0; i < t.rank; i++)
        t.count *= (size_t)t.dim[i];
    add_given(b, &t);
}

/* ---- layers ---------------------------------------------------------------------------------------------- */

static const at_onnx_operator *find_operator(const char *type)
{
    static const at_onnx_operator *const tables[] = {at_onnx_shapes, at_onnx_maths,
                                                     at_onnx_pictures};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const at_onnx_operator *o = tables[i]; o->type; o++)
            if (strcmp(o->type, type) == 0)
                return o;
    return NULL;
}

static void prepare(at_onnx_builder *b, const at_onnx_step *step)
{
    const at_onnx_operator *o =
        *step->domain && strcmp(step->domain, "ai.onnx") != 0 ? NULL : find_operator(step->type);

    b->step = step;
    if (!o) {
        b->status = at_fail(b->err, ATTUNE_E_UNSUPPORTED, "ONNX: operator %s%s%s is not there",
                            step->domain, *step->domain ? "." : "", step->type);
        return;
    }
    if (!step->outs)
        at_onnx_wrong(b, "it has no output");
    else
        o->prepare(b);
}

static int start_builder(at_onnx_builder *b)
{
    const at_onnx_graph *g = b->graph;

    for (int i = 0; i < g->steps; i++) { /* a join has a layer an input, a split one an output */
        b->most_layers += g->step[i].outs + g->step[i].ins;
        b->most_tensors += g->step[i].outs;
    }
    if (b->most_layers > AT_ONNX_MOST_NODES)
        b->most_layers = AT_ONNX_MOST_NODES;
    b->most_tensors += g->constants + 1;
    b->tensor = at_onnx_take(b, (size_t)b->most_tensors, sizeof *b->tensor);
    b->layer = at_onnx_take(b, (size_t)b->most_layers, sizeof *b->layer);
    return b->status;
}

/* ---- memory ----------------------------------------------------------------------------------------------- */

/* Whose memory is made by a layer: neither given nor another's. */
static int is_made(const at_onnx_tensor *t)
{
    return t->root == t && !t->constant && !t->known && !t->is_input && !t->is_foreign;
}

/* Those that have a place, by place. */
typedef struct alive {
    const at_onnx_tensor **list;
    int n;
} alive;

static void forget_before(alive *a, int layer)
{
    int kept = 0;

    for (int i = 0; i < a->n; i++)
        if (a->list[i]->last >= layer)
            a->list[kept++] = a->list[i];
    a->n = kept;
}

/* The first gap that is wide enough. Values are made in the order of the layers. */
static void place(alive *a, at_onnx_tensor *t)
{
    int i = 0;

    forget_before(a, t->from);
    for (; i < a->n && a->list[i]->at < t->at + t->count; i++)
        t->at = a->list[i]->at + a->list[i]->count;
    memmove(a->list + i + 1, a->list + i, (size_t)(a->n - i) * sizeof *a->list);
    a->list[i] = t;
    a->n++;
}

static void place_all(at_onnx_builder *b, at_onnx_net *net)
{
    alive a = {at_onnx_take(b, (size_t)b->tensors, sizeof *a.list), 0};

    for (int i = 0; a.list && i < b->tensors; i++) {
        at_onnx_tensor *t = &b->tensor[i];
        if (!is_made(t))
            continue;
        place(&a, t);
        net->values = t->at + t->count > net->values ? t->at + t->count : net->values;
    }
}

static void sum_up(const at_onnx_builder *b, at_onnx_net *net)
{
    for (int i = 0; i < b->layers; i++) {
        net->scratch = b->layer[i].scratch > net->scratch ? b->layer[i].scratch : net->scratch;
        net->work += b->layer[i].work;
    }
}

/* ---- outputs ----------------------------------------------------------------------------------------------- */

static at_onnx_tensor *find_made(at_onnx_builder *b, const char *name)
{
    for (int i = b->tensors - 1; i >= 0; i--)
        if (strcmp(b->tensor[i].name, name) == 0 && !b->tensor[i].known && !b->tensor[i].is_foreign)
            return &b->tensor[i];
    return NULL;
}

static int settle_outputs(at_onnx_builder *b, at_onnx_net *net)
{
    const at_onnx_graph *g = b->graph;

    net->output = at_onnx_take(b, (size_t)g->outputs, sizeof *net->output);
    net->end = at_onnx_take(b, (size_t)g->outputs, sizeof *net->end);
    for (int i = 0; i < g->outputs && !b->status; i++) {
        at_onnx_tensor *t = find_made(b, g->output[i].name);
        if (!t)
            return b->status = at_fail(b->err, ATTUNE_E_FORMAT, "ONNX: output \"%s\" is not made",
                                       g->output[i].name);
        t->root->last = INT_MAX;
        net->output[i] = t;
        net->end[i] = (at_onnx_end){.name = t->name, .element = TENSOR_IS_FLOAT, .rank = t->rank};
        memcpy(net->end[i].dim, t->dim, sizeof t->dim);
    }
    net->outputs = g->outputs;
    return b->status;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static int build(at_onnx_net *net, attune_error *err)
{
    at_onnx_builder b = {.kn = net->kn, .graph = &net->graph, .arena = &net->arena, .err = err};

    if (start_builder(&b))
        return b.status;
    add_constants(&b);
    add_input(&b, &net->input);
    for (int i = 0; i < net->graph.steps && !b.status; i++)
        prepare(&b, &net->graph.step[i]);
    if (b.status || settle_outputs(&b, net))
        return b.status;
    place_all(&b, net);
    sum_up(&b, net);
    net->layer = b.layer;
    net->layers = b.layers;
    if (!b.status && net->values + net->scratch > AT_ONNX_MOST_FLOATS)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "ONNX: it would take too much memory");
    if (!b.status && net->work > most_work)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "ONNX: it would take too long");
    return b.status;
}

int at_onnx_net_open(at_onnx_net **out, const unsigned char *bytes, size_t n, int side,
                     const at_kernels *kn, attune_error *err)
{
    at_onnx_net *net = at_calloc(1, sizeof *net);

    *out = NULL;
    if (!net)
        return at_fail_nomem(err);
    net->kn = kn;
    int status = at_onnx_read(&net->graph, bytes, n, err);
    status = status ? status : settle_input(net, side, err);
    status = status ? status : build(net, err);
    if (status)
        at_onnx_net_free(&net);
    *out = net;
    return status;
}

void at_onnx_net_free(at_onnx_net **net)
{
    if (!net || !*net)
        return;
    at_onnx_graph_free(&(*net)->graph);
    at_arena_free(&(*net)->arena);
    at_free(*net);
    *net = NULL;
}

const at_onnx_end *at_onnx_net_input(const at_onnx_net *net)
{
    return &net->input;
}

int at_onnx_net_outputs(const at_onnx_net *net)
{
    return net->outputs;
}

const at_onnx_end *at_onnx_net_output(const at_onnx_net *net, int i)
{
    return &net->end[i];
}

int at_onnx_net_is_softmax(const at_onnx_net *net, int i)
{
    const at_onnx_tensor *made = net->output[i]->root; /* whatever shape it was given after that */

    return is_made(made) && net->layer[made->from].is_softmax;
}

double at_onnx_net_work(const at_onnx_net *net)
{
    return net->work;
}

size_t at_onnx_net_workspace(const at_onnx_net *net)
{
    return net->values + net->scratch;
}

void at_onnx_net_run(const at_onnx_net *net, const float *x, float *workspace, const float **out)
{
    const at_onnx_run r = {net->kn, x, workspace, workspace + net->values};

    for (int i = 0; i < net->layers; i++)
        net->layer[i].run(&net->layer[i], &r);
    for (int i = 0; i < net->outputs; i++)
        out[i] = at_onnx_values(&r, net->output[i]);
}
