/* fusion_net.c - the fusion (fusion/fusion.c, step by step) as ONNX: of each stream's input what its condition
 * is, what it is worth, what both say together, and how likely each is to be right.
 *
 * What is no number does not come in: a stream that is not there has present 0 and any numbers otherwise. */
#include "base/error.h"
#include "fusion/parts.h"
#include "fusion/stream.h"
#include "onnx/networks.h"
#include "onnx/scribe.h"
#include <string.h>

typedef at_onnx_value value;

/* A stream's inputs and what becomes of them, each (batch, 1) but for embedding and logits. */
typedef struct stream {
    value *present, *embedding, *logits, *quality, *share;
    value *condition, *used, *worth, *weight, *own;
} stream;

typedef struct pass {
    at_onnx *o;
    const at_fusion *f;
    value *zero, *one;
    value *state, *engagement; /* of the face */
    value *abstain;            /* whether; as `used` of a stream, a truth value */
    stream stream[ATTUNE_MODALITIES];
    attune_error *err;
    int status; /* of what listens */
} pass;

/* ---- words ----------------------------------------------------------------------------------- */

static value *number(const pass *p, float x)
{
    return at_onnx_scalar(p->o, x);
}

static value *row(const pass *p, int n, const float *x)
{
    return at_onnx_floats(p->o, NULL, 1, &n, x);
}

static value *two(const pass *p, const char *type, value *a, value *b)
{
    return at_onnx_binary(p->o, type, a, b);
}

static value *least(const pass *p, value *a, value *b)
{
    return two(p, "Min", a, b);
}

static value *most(const pass *p, value *a, value *b)
{
    return two(p, "Max", a, b);
}

static value *where(const pass *p, value *is, value *then, value *otherwise)
{
    return at_onnx_node(p->o, "Where", 3, (value *[]){is, then, otherwise}, NULL);
}

static value *truth(const pass *p, value *is)
{
    return where(p, is, p->one, p->zero);
}

static value *side_by_side(const pass *p, int n, value *const *x, int axis)
{
    return at_onnx_node(p->o, "Concat", n, x,
                        (at_onnx_attribute[]){at_onnx_int("axis", axis), {0}});
}

static value *sum_of_row(const pass *p, value *x)
{
    const int64_t axis = 1;
    return two(p, "ReduceSum", x, at_onnx_indices(p->o, 1, &axis));
}

/* Of each row, (batch, 1): type ReduceMean or ReduceMax. */
static value *of_row(const pass *p, const char *type, value *x)
{
    at_onnx_attribute a[] = {at_onnx_ints1("axes", 1), {0}};
    return at_onnx_node(p->o, type, 1, &x, a);
}

static value *softmax(const pass *p, value *x, float temperature)
{
    value *scaled = two(p, "Mul", x, number(p, 1 / temperature));
    return at_onnx_node(p->o, "Softmax", 1, &scaled,
                        (at_onnx_attribute[]){at_onnx_int("axis", 1), {0}});
}

/* ---- condition and worth ---------------------------------------------------------------------- */

static value *nearness(const pass *p, int m)
{
    const at_reference *r = &p->f->reference[m];
    if (!r->mean)
        return p->one;
    value *z = two(p, "Sub", p->stream[m].embedding, row(p, r->dims, r->mean));
    z = two(p, "Mul", z, row(p, r->dims, r->inv_std));
    value *distance = at_onnx_unary(p->o, "Sqrt", of_row(p, "ReduceMean", two(p, "Mul", z, z)));
    value *over = most(p, p->zero, two(p, "Sub", distance, number(p, r->near)));
    over = two(p, "Mul", over, number(p, 1 / (r->far - r->near)));
    return two(p, "Div", p->one, two(p, "Add", p->one, two(p, "Mul", over, over)));
}

static value *condition(const pass *p, int m)
{
    const stream *s = &p->stream[m];
    value *share = two(p, "Div", most(p, p->zero, s->share), number(p, AT_FULL_SHARE));
    value *quality = least(p, p->one, most(p, p->zero, s->quality));
    value *c = two(p, "Mul", nearness(p, m), two(p, "Mul", quality, least(p, p->one, share)));
    return two(p, "Mul", c, s->present);
}

static value *fitness(const pass *p, value *of)
{
    return p->f->floor > 0 ? least(p, p->one, two(p, "Div", of, number(p, p->f->floor))) : p->one;
}

static void share_weight(pass *p)
{
    stream *s = p->stream;
    value *best = most(p, s[0].condition, s[1].condition), *floor = number(p, p->f->floor);
    value *any = most(p, best, number(p, 1e-30f)); /* to divide by */

    p->abstain = two(p, "Or", two(p, "Less", best, floor), two(p, "LessOrEqual", best, p->zero));
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        value *fit = two(p, "GreaterOrEqual", s[m].condition, floor);
        s[m].used = two(p, "And", two(p, "Greater", s[m].condition, p->zero),
                        two(p, "Or", fit, p->abstain));
        value *worth = at_onnx_unary(p->o, "Sqrt", two(p, "Div", s[m].condition, any));
        worth = two(p, "Mul", worth, two(p, "Mul", number(p, p->f->trust[m]), fitness(p, best)));
        s[m].worth = where(p, s[m].used, worth, p->zero);
    }
    value *sum = most(p, two(p, "Add", s[0].worth, s[1].worth), number(p, 1e-30f));
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        s[m].weight = two(p, "Div", s[m].worth, sum);
}

/* ---- emotion ----------------------------------------------------------------------------------- */

/* A stream's own answer in the shared seven (at_calibrated_emotion). */
static value *emotion_of(const pass *p, int m)
{
    const at_head_info *head = &at_heads[at_fusion_streams[m].head];
    float fold[AT_MOST_CLASSES * ATTUNE_EMOTIONS] = {0};

    for (int k = 0; k < head->classes; k++)
        if (head->emotion[k] >= 0)
            fold[k * ATTUNE_EMOTIONS + head->emotion[k]] = 1;
    value *native = softmax(p, p->stream[m].logits, p->f->calibration.temperature[m]);
    value *folded =
        two(p, "MatMul", native,
            at_onnx_floats(p->o, NULL, 2, (int[]){head->classes, ATTUNE_EMOTIONS}, fold));
    value *sum = sum_of_row(p, folded);
    return where(p, two(p, "Greater", sum, p->zero), two(p, "Div", folded, sum),
                 number(p, 1.0f / ATTUNE_EMOTIONS));
}

static value *logarithm(const pass *p, value *x, float floor)
{
    return at_onnx_unary(p->o, "Log", most(p, x, number(p, floor)));
}

/* Each kind's run: logits of all that is used. */
static value *product(pass *p)
{
    value *part[ATTUNE_MODALITIES];
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        part[m] = two(p, "Mul", p->stream[m].worth, logarithm(p, p->stream[m].own, 1e-7f));
    return two(p, "Add", part[0], part[1]);
}

static value *late(pass *p)
{
    value *part[ATTUNE_MODALITIES];
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        part[m] = two(p, "Mul", p->stream[m].weight, logarithm(p, p->stream[m].own, 1e-7f));
    return two(p, "Add", part[0], part[1]);
}

static value *mean(pass *p)
{
    value *part[ATTUNE_MODALITIES];
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        part[m] = two(p, "Mul", p->stream[m].weight, p->stream[m].own);
    return logarithm(p, two(p, "Add", part[0], part[1]), 1e-30f);
}

/* (batch, size) as a network that looks at embeddings has it: standardised, zeros where it does not count. */
static value *standardised(const pass *p, int m)
{
    const at_fusion_net *net = &p->f->net;
    const int dims = at_fusion_streams[m].dims;
    value *x = two(p, "Sub", p->stream[m].embedding, row(p, dims, net->mean[m]->value.data));
    x = two(p, "Mul", x, row(p, dims, net->scale[m]->value.data));
    return where(p, p->stream[m].used, x, p->zero);
}

static at_tensor *given(at_graph *g, at_scribe *s, int cols, value *v)
{
    at_tensor *t = at_tensor_new(g, 2, (int[]){1, cols}, 0);

    if (!t)
        return NULL;
    memset(t->data, 0, (size_t)cols * sizeof *t->data);
    if (v)
        at_scribe_is(s, t, v);
    return t;
}

/* What the kind's own function does on the tensor graph, of a window; answers count as zeros. */
static value *heard(pass *p, at_graph *g, at_scribe *s)
{
    at_fusion_batch b = {.n = 1, .answer = given(g, s, ATTUNE_EMOTIONS, NULL)};

    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        value *counts = truth(p, p->stream[m].used);
        b.embedding[m] = given(g, s, at_fusion_streams[m].dims, standardised(p, m));
        b.counts[m] = given(g, s, 1, counts);
        b.absent[m] = given(g, s, 1, two(p, "Sub", p->one, counts));
        b.worth[m] = given(g, s, 1, p->stream[m].worth);
    }
    const at_tensor *y = p->f->net.kind->forward(g, &p->f->net, &b, 0);
    return y ? at_scribe_value(s, y) : NULL;
}

/* Where nothing counts, nothing is asked. */
static value *learned(pass *p)
{
    value *any = two(p, "Or", p->stream[0].used, p->stream[1].used);
    at_graph *g = NULL;
    at_scribe *s = NULL;
    value *v = NULL;

    p->status = at_graph_create(&g, NULL, at_kernels_best(), p->err);
    p->status = p->status ? p->status : at_scribe_create(&s, p->o, g, p->err);
    if (!p->status) {
        at_graph_begin(g, AT_INFER, 0);
        v = heard(p, g, s);
        p->status = at_scribe_status(s, p->err);
    }
    at_scribe_free(&s);
    at_graph_free(&g);
    return where(p, any, v, p->zero);
}

/* The product, and beside it what is learned, by a trust. */
static value *hybrid(pass *p)
{
    value *trusted = two(p, "Mul", learned(p), number(p, p->f->net.trust->value.data[0]));
    return two(p, "Add", product(p), trusted);
}

static const struct {
    const at_fusion_kind *kind;
    value *(*logits)(pass *p);
} kinds[] = {{&at_fusion_product, product},
             {&at_fusion_late, late},
             {&at_fusion_mean, mean},
             {&at_fusion_concat, learned},
             {&at_fusion_hybrid, hybrid}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static value *emotion(pass *p)
{
    value *logits = NULL;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        p->stream[m].own = emotion_of(p, m);
    for (int i = 0; i < KINDS; i++)
        if (kinds[i].kind == p->f->net.kind)
            logits = kinds[i].logits(p);
    return softmax(p, logits, p->f->net.temperature->value.data[0]);
}

/* The probability, by all, of what the stream answers by itself. */
static value *reliability(const pass *p, int m, value *emotion7)
{
    value *answer = at_onnx_node(p->o, "ArgMax", 1, &p->stream[m].own,
                                 (at_onnx_attribute[]){at_onnx_int("axis", 1), {0}});
    value *likely = at_onnx_node(p->o, "GatherElements", 2, (value *[]){emotion7, answer},
                                 (at_onnx_attribute[]){at_onnx_int("axis", 1), {0}});
    value *c = p->stream[m].condition;
    return where(p, two(p, "Greater", c, p->zero), two(p, "Mul", fitness(p, c), likely), p->zero);
}

/* ---- learning states --------------------------------------------------------------------------- */

static value *threshold(const pass *p, value *above, int k)
{
    const int64_t from = k, to = k + 1, axis = 2;
    return at_onnx_node(p->o, "Slice", 4,
                        (value *[]){above, at_onnx_indices(p->o, 1, &from),
                                    at_onnx_indices(p->o, 1, &to), at_onnx_indices(p->o, 1, &axis)},
                        NULL);
}

/* (batch, 4, 4): at_calibrated_states; zeros where the face is not used. */
static value *states(const pass *p, value *told)
{
    const at_calibration *c = &p->f->calibration;
    const int64_t by_state[] = {0, ATTUNE_STATES, AT_THRESHOLDS}, whole[] = {-1, 1, 1};
    value *x = two(p, "Reshape", p->state, at_onnx_indices(p->o, 3, by_state));
    x = two(p, "Mul", x, at_onnx_floats(p->o, NULL, 2, (int[]){ATTUNE_STATES, 1}, c->state_scale));
    x = two(p, "Add", x,
            at_onnx_floats(p->o, NULL, 2, (int[]){ATTUNE_STATES, AT_THRESHOLDS}, c->state_bias));
    x = at_onnx_unary(p->o, "Sigmoid", x);
    value *level[ATTUNE_LEVELS], *above = p->one;
    for (int k = 0; k < AT_THRESHOLDS; k++) {
        value *next = least(p, above, threshold(p, x, k));
        level[k] = two(p, "Sub", above, next);
        above = next;
    }
    level[AT_THRESHOLDS] = above;
    return two(p, "Mul", side_by_side(p, ATTUNE_LEVELS, level, 2),
               two(p, "Reshape", told, at_onnx_indices(p->o, 3, whole)));
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static stream inputs_of(const pass *p, int m)
{
    static const struct {
        const char *present, *embedding, *logits, *quality, *share, *dims;
    } names[ATTUNE_MODALITIES] = {
        [ATTUNE_FACE] = {"face_present", "face_embedding", "face_expression", "face_quality",
                         "face_share", "batch 1280"},
        [ATTUNE_VOICE] = {"voice_present", "voice_embedding", "voice_expression", "voice_quality",
                          "voice_share", "batch 512"},
    };
    return (stream){
        .present = at_onnx_input(p->o, names[m].present, "batch 1", "1, or 0: it is not there"),
        .embedding = at_onnx_input(p->o, names[m].embedding, names[m].dims,
                                   "the network's, mean over the window"),
        .logits = at_onnx_input(p->o, names[m].logits, "batch 8",
                                "the network's logits, mean over the window"),
        .quality =
            at_onnx_input(p->o, names[m].quality, "batch 1", "of the input, 0..1; 1 = clean"),
        .share = at_onnx_input(p->o, names[m].share, "batch 1",
                               "of the window that the stream covered, 0..1"),
    };
}

static value *both(const pass *p, value *face, value *voice)
{
    return side_by_side(p, 2, (value *[]){face, voice}, 1);
}

static void write_states(const pass *p)
{
    value *told = truth(p, p->stream[ATTUNE_FACE].used);
    at_onnx_output(p->o, states(p, told), "state4", "batch 4 4",
                   "of boredom, engagement, confusion, frustration: probabilities of level 0 to 3; "
                   "zeros where the face was not used");
    at_onnx_output(
        p->o,
        two(p, "Mul", softmax(p, p->engagement, p->f->calibration.engagement_temperature), told),
        "engagement3", "batch 3", "probabilities: disengaged, partial, engaged; zeros likewise");
}

static void write_pass(pass *p)
{
    stream *s = p->stream;

    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        s[m] = inputs_of(p, m);
    p->state =
        at_onnx_input(p->o, "face_state", "batch 12", "the face network's, mean over the window");
    p->engagement = at_onnx_input(p->o, "face_engagement", "batch 3", "likewise");
    p->zero = number(p, 0);
    p->one = number(p, 1);
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        s[m].condition = condition(p, m);
    share_weight(p);

    value *emotion7 = emotion(p);
    value *doubtful = two(p, "Less", of_row(p, "ReduceMax", emotion7), number(p, p->f->doubt));
    value *reliable = both(p, reliability(p, 0, emotion7), reliability(p, 1, emotion7));
    at_onnx_output(p->o, emotion7, "emotion7", "batch 7",
                   "probabilities: neutral, happy, sad, angry, fearful, disgusted, surprised");
    write_states(p);
    at_onnx_output(p->o, both(p, s[0].condition, s[1].condition), "condition", "batch 2",
                   "of face and voice, 0..1: how fit the input is to be judged");
    at_onnx_output(p->o, both(p, s[0].weight, s[1].weight), "weight", "batch 2",
                   "of face and voice, together 1, or 0: nothing is there");
    at_onnx_output(p->o, reliable, "reliability", "batch 2",
                   "of face and voice: how likely each is right by itself");
    at_onnx_output(p->o, truth(p, p->abstain), "abstain", "batch 1",
                   "1: nothing is fit to be judged; the window is to be withheld");
    at_onnx_output(p->o, truth(p, doubtful), "doubtful", "batch 1",
                   "1: no emotion is likely enough; the window is to be withheld");
}

static int is_known(const at_fusion_kind *kind)
{
    for (int i = 0; i < KINDS; i++)
        if (kinds[i].kind == kind)
            return 1;
    return 0;
}

int at_onnx_write_fusion(at_onnx *o, const at_weights *w, attune_error *err)
{
    at_fusion *f = NULL;
    int status = at_fusion_load(&f, w, err);

    if (!status && !is_known(f->net.kind))
        status = at_fail(err, ATTUNE_E_UNSUPPORTED, "the fusion \"%s\" is not written as ONNX",
                         f->net.kind->name);
    if (!status && f->net.streams >> ATTUNE_MODALITIES)
        status = at_fail(err, ATTUNE_E_UNSUPPORTED,
                         "the fusion hears a signal or a chat, which is not written as ONNX");
    if (!status) {
        pass p = {.o = o, .f = f, .err = err};
        write_pass(&p);
        status = p.status ? p.status : at_onnx_status(o) ? at_fail_nomem(err) : ATTUNE_OK;
    }
    at_fusion_free(&f);
    return status;
}
