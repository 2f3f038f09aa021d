/* fusion_inputs.c - what goes into a fusion: of face and voice what their networks say, of a chat what its messages are
 * as numbers, and of a signal what a window says of each of the model's columns. */
#include "base/error.h"
#include "onnx/fusion_pass.h"
#include "signal/embed.h"
#include <stdio.h>

typedef at_onnx_value value;
typedef at_onnx_fusion pass;

/* STREAM_WHAT. */
static value *input(const pass *p, int m, const char *what, const char *shape, const char *doc)
{
    char name[sizeof((value *)0)->name];

    snprintf(name, sizeof name, "%s_%s", attune_modality_name(m), what);
    return at_onnx_input(p->o, name, shape, doc);
}

static value *sized(const pass *p, int m, const char *what, const char *of, int size,
                    const char *doc)
{
    char shape[48];

    snprintf(shape, sizeof shape, "%s %d", of, size);
    return input(p, m, what, shape, doc);
}

/* What tokens of a batch are counted by, each stream's its own. */
static const char *const moments[ATTUNE_STREAMS] = {
    [ATTUNE_FACE] = "batch face_tokens",
    [ATTUNE_VOICE] = "batch voice_tokens",
    [ATTUNE_SIGNAL] = "batch signal_parts",
    [ATTUNE_CHAT] = "batch chat_tokens",
};

static void take_times(pass *p, int m)
{
    p->times[m] =
        input(p, m, "times", moments[m],
              "when each token was, in seconds from any moment, the same for all streams");
}

/* ---- streams with numbers of their own ------------------------------------------------------- */

static void take_numbers(pass *p, int m, const char *doc)
{
    const at_fusion_stream *s = &at_fusion_streams[m];

    p->present[m] = input(p, m, "present", "batch 1", "1, or 0: it is not there");
    p->embedding[m] = sized(p, m, "embedding", "batch", s->dims, doc);
    if (!at_onnx_fusion_looks(p))
        return;
    p->token[m] = sized(p, m, "tokens", moments[m], s->token,
                        "of each moment of the window, at least one; equally many in a batch");
    take_times(p, m);
}

static void take_answering(pass *p, int m)
{
    take_numbers(p, m, "the network's, mean over the window");
    p->logits[m] =
        input(p, m, "expression", "batch 8", "the network's logits, mean over the window");
    p->quality[m] = input(p, m, "quality", "batch 1", "of the input, 0..1; 1 = clean");
    p->share[m] = input(p, m, "share", "batch 1", "of the window that the stream covered, 0..1");
}

static void take_chat(pass *p)
{
    take_numbers(p, ATTUNE_CHAT, "mean of the window's messages as numbers (text/chat.h)");
    p->quality[ATTUNE_CHAT] = p->share[ATTUNE_CHAT] = p->one;
}

/* ---- a signal ---------------------------------------------------------------------------------- */

/* The figures of attune_signal in the order in which at_signal_embed has them. */
typedef enum figure { MEAN, SLOPE, DEVIATION, COVERAGE, Z, FIGURES } figure;

typedef struct signal {
    at_signal_scale scale;
    value *mean[ATTUNE_MAX_SIGNALS]; /* (batch, 1) as it comes in */
} signal;

/* Columns that have that figure (at most ATTUNE_MAX_SIGNALS): one that counts events has no slope or deviation. */
static int columns_of(const signal *s, figure f, int column[ATTUNE_MAX_SIGNALS])
{
    int n = 0;

    for (int c = 0; c < s->scale.columns; c++)
        if ((f != SLOPE && f != DEVIATION) || !(s->scale.events >> c & 1))
            column[n++] = c;
    return n;
}

/* As at_signal_embed has it: what is no number counts as zero, what is far out says no more than that. */
static value *within(const pass *p, value *x)
{
    value *limit[] = {x, number(p, -AT_SIGNAL_LIMIT), number(p, AT_SIGNAL_LIMIT)};
    value *nothing = at_onnx_unary(p->o, "IsNaN", two(p, "Mul", x, p->zero));

    return where(p, nothing, p->zero, at_onnx_node(p->o, "Clip", 3, limit, NULL));
}

/* x (..., n): column[i] to the place `first` + column[i] of `size`. */
static value *placed(const pass *p, value *x, int n, const int *column, int first, int size)
{
    float place[ATTUNE_MAX_SIGNALS * AT_SIGNAL_EMBED] = {0};

    for (int i = 0; i < n; i++)
        place[i * size + first + column[i]] = 1;
    return two(p, "MatMul", x, at_onnx_floats(p->o, NULL, 2, (int[]){n, size}, place));
}

/* x (..., n), by the model's own center and scale. A center of zeros: NULL. */
static value *scaled(const pass *p, const signal *s, value *x, int n, const int *column,
                     const float *center)
{
    float shift[ATTUNE_MAX_SIGNALS] = {0}, factor[ATTUNE_MAX_SIGNALS];

    for (int i = 0; i < n; i++) {
        shift[i] = center ? center[column[i]] : 0;
        factor[i] = s->scale.scale[column[i]];
    }
    return two(p, "Mul", two(p, "Sub", x, row(p, n, shift)), row(p, n, factor));
}

/* An input for a column: signal_WHAT_COLUMN, as a timeline has it. */
static value *column_input(const pass *p, const signal *s, int c, const char *what,
                           const char *shape, const char *doc)
{
    char name[48];

    snprintf(name, sizeof name, "%s_%s", what, s->scale.name[c]);
    return input(p, ATTUNE_SIGNAL, name, shape, doc);
}

/* (batch, AT_SIGNAL_EMBED) of one figure of all columns, zeros elsewhere; NULL: no column has it. */
static value *take_figure(pass *p, signal *s, figure f)
{
    static const char *const names[FIGURES] = {"mean", "slope", "deviation", "coverage", "z"};
    static const char *const docs[FIGURES] = {
        "over the window; NaN: not known", "a second; NaN: not known",
        "within the window; NaN: not known",
        "share of the window that values hold for, 0..1; 0: no value",
        "how far the mean lies over what is usual, in deviations of that; NaN: not known"};
    value *in[ATTUNE_MAX_SIGNALS];
    int column[ATTUNE_MAX_SIGNALS] = {0};
    const int n = columns_of(s, f, column);

    if (!n)
        return NULL;
    for (int i = 0; i < n; i++)
        in[i] = column_input(p, s, column[i], names[f], "batch 1", docs[f]);
    for (int i = 0; i < n && f == MEAN; i++)
        s->mean[column[i]] = in[i];
    value *x = side_by_side(p, n, in, 1);
    if (f == COVERAGE)
        p->share[ATTUNE_SIGNAL] = of_row(p, "ReduceMean", x);
    if (f == MEAN || f == SLOPE || f == DEVIATION)
        x = scaled(p, s, x, n, column, f == MEAN ? s->scale.center : NULL);
    return placed(p, within(p, x), n, column, f * ATTUNE_MAX_SIGNALS, AT_SIGNAL_EMBED);
}

/* Parts of the window as tokens (at_signal_token): one that has no value is as the window. */
static void take_parts(pass *p, const signal *s)
{
    const int64_t each[] = {0, -1, 1};
    value *part[ATTUNE_MAX_SIGNALS];
    int column[ATTUNE_MAX_SIGNALS] = {0};
    const int n = columns_of(s, MEAN, column);

    for (int c = 0; c < n; c++) {
        value *x = column_input(p, s, c, "parts", moments[ATTUNE_SIGNAL],
                                "mean over each part of the window; NaN: no value in it");
        x = where(p, at_onnx_unary(p->o, "IsNaN", x), s->mean[c], x);
        part[c] = two(p, "Reshape", x, at_onnx_indices(p->o, 3, each));
    }
    value *x = scaled(p, s, side_by_side(p, n, part, 2), n, column, s->scale.center);
    p->token[ATTUNE_SIGNAL] = placed(p, within(p, x), n, column, 0, AT_SIGNAL_TOKEN);
    take_times(p, ATTUNE_SIGNAL);
}

/* It is there where its columns cover something. */
static int take_signal(pass *p, const at_weights *w, attune_error *err)
{
    signal s = {0};
    int status = at_signal_scale_load(&s.scale, w, err);

    if (!status && !s.scale.columns)
        status = at_fail(err, ATTUNE_E_FORMAT,
                         "model: its fusion hears a signal, but it names no signal_columns");
    if (status)
        return status;
    for (figure f = 0; f < FIGURES; f++) {
        value *x = take_figure(p, &s, f);
        if (x)
            p->embedding[ATTUNE_SIGNAL] = f ? two(p, "Add", p->embedding[ATTUNE_SIGNAL], x) : x;
    }
    p->present[ATTUNE_SIGNAL] = p->quality[ATTUNE_SIGNAL] = p->one;
    if (at_onnx_fusion_looks(p))
        take_parts(p, &s);
    return ATTUNE_OK;
}

/* ---- all ----------------------------------------------------------------------------------------- */

int at_onnx_fusion_inputs(pass *p, const at_weights *w, attune_error *err)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        take_answering(p, m);
    p->state =
        at_onnx_input(p->o, "face_state", "batch 12", "the face network's, mean over the window");
    p->engagement = at_onnx_input(p->o, "face_engagement", "batch 3", "likewise");
    if (at_fusion_takes(&p->f->net, ATTUNE_CHAT))
        take_chat(p);
    return at_fusion_takes(&p->f->net, ATTUNE_SIGNAL) ? take_signal(p, w, err) : ATTUNE_OK;
}
