/* fusion_net.c - the fusion (fusion/fusion.c, step by step) as ONNX: of each stream's input what its condition
 * is, what it is worth, what both say together, and how likely each is to be right.
 *
 * What is no number does not come in: a stream that is not there has present 0 and any numbers otherwise. */
#include "base/error.h"
#include "onnx/fusion_pass.h"
#include "onnx/networks.h"
#include <assert.h>
#include <stdio.h>

typedef at_onnx_value value;
typedef at_onnx_fusion pass;

/* ---- words ----------------------------------------------------------------------------------- */

static value *least(const pass *p, value *a, value *b)
{
    return two(p, "Min", a, b);
}

static value *most(const pass *p, value *a, value *b)
{
    return two(p, "Max", a, b);
}

static value *sum_of_row(const pass *p, value *x)
{
    const int64_t axis = 1;
    return two(p, "ReduceSum", x, at_onnx_indices(p->o, 1, &axis));
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
    value *z = two(p, "Sub", p->embedding[m], row(p, r->dims, r->mean));
    z = two(p, "Mul", z, row(p, r->dims, r->inv_std));
    value *distance = at_onnx_unary(p->o, "Sqrt", of_row(p, "ReduceMean", two(p, "Mul", z, z)));
    value *over = most(p, p->zero, two(p, "Sub", distance, number(p, r->near)));
    over = two(p, "Mul", over, number(p, 1 / (r->far - r->near)));
    return two(p, "Div", p->one, two(p, "Add", p->one, two(p, "Mul", over, over)));
}

static value *condition(const pass *p, int m)
{
    value *share = two(p, "Div", most(p, p->zero, p->share[m]), number(p, AT_FULL_SHARE));
    value *quality = least(p, p->one, most(p, p->zero, p->quality[m]));
    value *c = two(p, "Mul", nearness(p, m), two(p, "Mul", quality, least(p, p->one, share)));
    return two(p, "Mul", c, p->present[m]);
}

static value *fitness(const pass *p, value *of)
{
    return p->f->floor > 0 ? least(p, p->one, two(p, "Div", of, number(p, p->f->floor))) : p->one;
}

static void weigh(pass *p, int m, value *best, value *floor)
{
    value *c = p->condition[m], *any = most(p, best, number(p, 1e-30f)); /* to divide by */
    value *fit = two(p, "GreaterOrEqual", c, floor);
    value *worth = at_onnx_unary(p->o, "Sqrt", two(p, "Div", c, any));

    p->used[m] = two(p, "And", two(p, "Greater", c, p->zero), two(p, "Or", fit, p->abstain));
    worth = two(p, "Mul", worth, two(p, "Mul", number(p, p->f->trust[m]), fitness(p, best)));
    p->worth[m] = where(p, p->used[m], worth, p->zero);
}

static void share_weight(pass *p)
{
    value *best = fold(p, "Max", p->condition), *floor = number(p, p->f->floor);

    p->abstain = two(p, "Or", two(p, "Less", best, floor), two(p, "LessOrEqual", best, p->zero));
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (at_fusion_takes(&p->f->net, m))
            weigh(p, m, best, floor);
    value *sum = most(p, fold(p, "Add", p->worth), number(p, 1e-30f));
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (at_fusion_takes(&p->f->net, m))
            p->weight[m] = two(p, "Div", p->worth[m], sum);
}

/* ---- emotion ----------------------------------------------------------------------------------- */

/* A stream's own answer in the shared seven (at_calibrated_emotion). */
static value *emotion_of(const pass *p, int m)
{
    const at_head_info *head = &at_heads[at_fusion_streams[m].head];
    float seven[AT_MOST_CLASSES * ATTUNE_EMOTIONS] = {0};

    for (int k = 0; k < head->classes; k++)
        if (head->emotion[k] >= 0)
            seven[k * ATTUNE_EMOTIONS + head->emotion[k]] = 1;
    value *native = softmax(p, p->logits[m], p->f->calibration.temperature[m]);
    value *folded =
        two(p, "MatMul", native,
            at_onnx_floats(p->o, NULL, 2, (int[]){head->classes, ATTUNE_EMOTIONS}, seven));
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
        part[m] = two(p, "Mul", p->worth[m], logarithm(p, p->own[m], 1e-7f));
    return two(p, "Add", part[0], part[1]);
}

static value *late(pass *p)
{
    value *part[ATTUNE_MODALITIES];
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        part[m] = two(p, "Mul", p->weight[m], logarithm(p, p->own[m], 1e-7f));
    return two(p, "Add", part[0], part[1]);
}

static value *mean(pass *p)
{
    value *part[ATTUNE_MODALITIES];
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        part[m] = two(p, "Mul", p->weight[m], p->own[m]);
    return logarithm(p, two(p, "Add", part[0], part[1]), 1e-30f);
}

/* Of a kind that is learned; one that hears the streams' own answers adds to their product, by a trust. */
static value *learned(pass *p)
{
    const at_fusion_net *net = &p->f->net;
    value *v = at_onnx_fusion_learned(p);

    if (!net->kind->hears)
        return v;
    return two(p, "Add", product(p), two(p, "Mul", v, number(p, net->trust->value.data[0])));
}

static value *logits_of(pass *p)
{
    static const struct {
        const at_fusion_kind *kind;
        value *(*logits)(pass *p);
    } pools[] = {{&at_fusion_product, product}, {&at_fusion_late, late}, {&at_fusion_mean, mean}};
    const at_fusion_kind *kind = p->f->net.kind;
    size_t i = 0;

    if (at_fusion_is_learned(kind))
        return learned(p);
    while (i < sizeof pools / sizeof *pools && pools[i].kind != kind)
        i++;
    assert(i < sizeof pools / sizeof *pools);
    return pools[i].logits(p);
}

static value *emotion(pass *p)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        p->own[m] = emotion_of(p, m);
    return softmax(p, logits_of(p), p->f->net.temperature->value.data[0]);
}

/* The probability, by all, of what the stream answers by itself. */
static value *reliability(const pass *p, int m, value *emotion7)
{
    value *answer = at_onnx_node(p->o, "ArgMax", 1, &p->own[m],
                                 (at_onnx_attribute[]){at_onnx_int("axis", 1), {0}});
    value *likely = at_onnx_node(p->o, "GatherElements", 2, (value *[]){emotion7, answer},
                                 (at_onnx_attribute[]){at_onnx_int("axis", 1), {0}});
    value *c = p->condition[m];
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

static value *both(const pass *p, value *face, value *voice)
{
    return side_by_side(p, 2, (value *[]){face, voice}, 1);
}

static void write_states(const pass *p)
{
    value *told = truth(p, p->used[ATTUNE_FACE]);
    at_onnx_output(p->o, states(p, told), "state4", "batch 4 4",
                   "of boredom, engagement, confusion, frustration: probabilities of level 0 to 3; "
                   "zeros where the face was not used");
    at_onnx_output(
        p->o,
        two(p, "Mul", softmax(p, p->engagement, p->f->calibration.engagement_temperature), told),
        "engagement3", "batch 3", "probabilities: disengaged, partial, engaged; zeros likewise");
}

/* A number of each stream that the fusion takes. */
static void write_streams(const pass *p, value *const of[ATTUNE_STREAMS], const char *name,
                          const char *doc)
{
    char shape[32];
    int n = 0;

    for (int m = 0; m < ATTUNE_STREAMS; m++)
        n += at_fusion_takes(&p->f->net, m);
    snprintf(shape, sizeof shape, "batch %d", n);
    at_onnx_output(p->o, all_streams(p, of, 1), name, shape, doc);
}

static void write_pass(pass *p)
{
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (at_fusion_takes(&p->f->net, m))
            p->condition[m] = condition(p, m);
    share_weight(p);

    value *emotion7 = emotion(p);
    value *doubtful = two(p, "Less", of_row(p, "ReduceMax", emotion7), number(p, p->f->doubt));
    value *reliable = both(p, reliability(p, 0, emotion7), reliability(p, 1, emotion7));
    at_onnx_output(p->o, emotion7, "emotion7", "batch 7",
                   "probabilities: neutral, happy, sad, angry, fearful, disgusted, surprised");
    write_states(p);
    write_streams(p, p->condition, "condition",
                  "of face, voice, and the signal and the chat where they are heard, 0..1: how fit "
                  "the input is to be judged");
    write_streams(p, p->weight, "weight", "likewise; together 1, or 0: nothing is there");
    at_onnx_output(p->o, reliable, "reliability", "batch 2",
                   "of face and voice: how likely each is right by itself");
    at_onnx_output(p->o, truth(p, p->abstain), "abstain", "batch 1",
                   "1: nothing is fit to be judged; the window is to be withheld");
    at_onnx_output(p->o, truth(p, doubtful), "doubtful", "batch 1",
                   "1: no emotion is likely enough; the window is to be withheld");
}

int at_onnx_write_fusion(at_onnx *o, const at_weights *w, attune_error *err)
{
    at_fusion *f = NULL;
    int status = at_fusion_load(&f, w, err);

    if (!status) {
        pass p = {.o = o, .f = f, .err = err};
        p.zero = number(&p, 0);
        p.one = number(&p, 1);
        if (!at_weights_meta(w, "fusion")) /* as what a recipe of the kind trained */
            at_onnx_meta(o, "fusion", f->net.kind->name);
        status = at_onnx_fusion_inputs(&p, w, err);
        if (!status) {
            write_pass(&p);
            status = p.status ? p.status : at_onnx_status(o) ? at_fail_nomem(err) : ATTUNE_OK;
        }
    }
    at_fusion_free(&f);
    return status;
}
