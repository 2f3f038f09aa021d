#include "eval/onnx_face.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "onnx/net.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FREE_SIDE = 224 };

/* How far below the others the logit of a class is that it does not know. */
static const float below = 100;

typedef struct onnx_face {
    at_onnx_net *net;
    int channels, h, w;
    float mean[3], deviation[3]; /* of values in [0,255], by its channels */
    int bgr;
    int output; /* that is looked at */
    int expression[AT_FACE_CLASSES],
        basic[AT_BASIC_CLASSES]; /* which answer a class is; -1: none */
} onnx_face;

static void close_face(void **state)
{
    onnx_face *f = *state;

    if (f)
        at_onnx_net_free(&f->net);
    at_free(f);
    *state = NULL;
}

/* ---- what its input is ------------------------------------------------------------------------- */

static const struct {
    const char *name;
    float mean[3], deviation[3]; /* RGB */
} scales[] = {
    {"unit", {0, 0, 0}, {255, 255, 255}},
    {"byte", {0, 0, 0}, {1, 1, 1}},
    {"signed", {127.5f, 127.5f, 127.5f}, {127.5f, 127.5f, 127.5f}},
    {"imagenet", {123.675f, 116.28f, 103.53f}, {58.395f, 57.12f, 57.375f}},
};
enum { SCALES = sizeof scales / sizeof *scales };

/* "imagenet", or "imagenet,bgr". */
static int read_input(onnx_face *f, const char *text, attune_error *err)
{
    const size_t n = strcspn(text, ",");
    int k = 0;

    while (k < SCALES && (strlen(scales[k].name) != n || strncmp(scales[k].name, text, n) != 0))
        k++;
    if (k == SCALES || (text[n] && strcmp(text + n, ",bgr") != 0))
        return at_fail(err, ATTUNE_E_ARG,
                       "input \"%s\": it is unit, byte, signed or imagenet, and perhaps \",bgr\"",
                       text);
    memcpy(f->mean, scales[k].mean, sizeof f->mean);
    memcpy(f->deviation, scales[k].deviation, sizeof f->deviation);
    f->bgr = text[n] != 0;
    return ATTUNE_OK;
}

static int check_input(onnx_face *f, attune_error *err)
{
    const at_onnx_end *in = at_onnx_net_input(f->net);

    if (in->rank != 4 || in->dim[0] != 1 || (in->dim[1] != 1 && in->dim[1] != 3) ||
        in->dim[2] < 8 || in->dim[3] < 8)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "its input is no picture: one of 1 or 3 planes, at least 8 x 8");
    f->channels = in->dim[1];
    f->h = in->dim[2];
    f->w = in->dim[3];
    return ATTUNE_OK;
}

/* ---- what its answers are ------------------------------------------------------------------------ */

/* 1: it is a class of ours; 0: it is none; -1: it had an answer. */
static int name_answer(onnx_face *f, const char *word, int answer)
{
    const int expression = at_class_by_name(AT_HEAD_FACE8, word);
    const int basic = at_class_by_name(AT_HEAD_FACE7, word);

    if ((expression >= 0 && f->expression[expression] >= 0) || (basic >= 0 && f->basic[basic] >= 0))
        return -1;
    if (expression >= 0)
        f->expression[expression] = answer;
    if (basic >= 0)
        f->basic[basic] = answer;
    return expression >= 0 || basic >= 0;
}

static int count_words(const char *words)
{
    int n = 1;

    for (; *words; words++)
        n += *words == ',';
    return n;
}

static int name_all(onnx_face *f, const char *words, attune_error *err)
{
    int n = 0, ours = 0;

    for (const char *at = words; at; n++) {
        char word[32];
        const size_t length = strcspn(at, ",");
        if (!length || length >= sizeof word)
            return at_fail(err, ATTUNE_E_ARG, "classes \"%s\": words with commas between", words);
        memcpy(word, at, length);
        word[length] = 0;
        const int is_ours = name_answer(f, word, n);
        if (is_ours < 0)
            return at_fail(err, ATTUNE_E_ARG, "classes \"%s\": %s is there twice", words, word);
        ours += is_ours;
        at = at[length] ? at + length + 1 : NULL;
    }
    return ours ? ATTUNE_OK
                : at_fail(err, ATTUNE_E_ARG, "classes \"%s\": none of them is known", words);
}

static void name_like(onnx_face *f, at_head head)
{
    for (int k = 0; k < at_heads[head].classes; k++)
        name_answer(f, at_heads[head].class_names[k], k);
}

/* The first output of so many numbers; -1: none. */
static int output_of(const onnx_face *f, int numbers)
{
    for (int i = 0; i < at_onnx_net_outputs(f->net); i++) {
        const at_onnx_end *out = at_onnx_net_output(f->net, i);
        size_t n = 1;
        for (int d = 0; d < out->rank; d++)
            n *= (size_t)out->dim[d];
        if (n == (size_t)numbers)
            return i;
    }
    return -1;
}

static int read_classes(onnx_face *f, const char *words, attune_error *err)
{
    const int fer = words ? -1 : output_of(f, AT_FACE_CLASSES);
    const int basic = words ? -1 : output_of(f, AT_BASIC_CLASSES);

    for (int k = 0; k < AT_FACE_CLASSES; k++)
        f->expression[k] = -1;
    for (int k = 0; k < AT_BASIC_CLASSES; k++)
        f->basic[k] = -1;
    f->output = words ? output_of(f, count_words(words)) : fer >= 0 ? fer : basic;
    if (f->output < 0 && words)
        return at_fail(err, ATTUNE_E_ARG,
                       "none of its outputs is of %d numbers, as classes are named",
                       count_words(words));
    if (f->output < 0)
        return at_fail(err, ATTUNE_E_ARG,
                       "none of its outputs is of eight or seven numbers: what its "
                       "classes are has to be said");
    if (words)
        return name_all(f, words, err);
    name_like(f, fer >= 0 ? AT_HEAD_FACE8 : AT_HEAD_FACE7);
    return ATTUNE_OK;
}

/* ---- opening ---------------------------------------------------------------------------------------- */

static int open_net(onnx_face *f, const at_onnx_face_options *o, attune_error *err)
{
    unsigned char *bytes = NULL;
    size_t n = 0;
    int status = at_file_read(o->file, AT_ONNX_FILE_LIMIT, &bytes, &n, err);

    if (status < 0)
        return status; /* names the file itself */
    attune_error why = {0};
    status = at_onnx_net_open(&f->net, bytes, n, FREE_SIDE, at_kernels_best(), &why);
    status = status ? status : check_input(f, &why);
    status = status ? status : read_input(f, o->input ? o->input : "unit", &why);
    status = status ? status : read_classes(f, o->classes, &why);
    at_free(bytes);
    return status ? at_fail(err, (attune_status)status, "%s: %s", o->file, why.text) : ATTUNE_OK;
}

static int open_face(void **state, const at_face_source *from, attune_error *err)
{
    onnx_face *f = at_calloc(1, sizeof *f);

    *state = f;
    return f ? open_net(f, from->onnx, err) : at_fail_nomem(err);
}

static int knows(const void *state, at_head head)
{
    (void)state;
    return head == AT_HEAD_FACE8 || head == AT_HEAD_FACE7 || head == AT_HEAD_EMOTION7;
}

/* ---- looking ---------------------------------------------------------------------------------------- */

static size_t input_floats(const onnx_face *f)
{
    return (size_t)f->channels * f->h * f->w;
}

static size_t workspace(const void *state)
{
    const onnx_face *f = state;
    return input_floats(f) + at_onnx_net_workspace(f->net);
}

/* The sources of one place along an axis of n, as at_image_resize weighs them: a triangle, widened where the
 * picture shrinks. */
typedef struct stretch {
    double centre, reach;
    int from, to;
} stretch;

static stretch stretch_of(int at, int n, int source)
{
    const double step = (double)source / n, reach = step > 1 ? step : 1;
    const double centre = (at + 0.5) * step - 0.5;
    const int from = (int)ceil(centre - reach), to = (int)floor(centre + reach);
    return (stretch){centre, reach, from, to};
}

static double weight_of(const stretch *s, int i)
{
    return fmax(0, 1 - fabs(i - s->centre) / s->reach);
}

static int inside(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* RGB at (x, y) of a picture of the network's size. */
static void colour_at(const at_image *face, const stretch *across, const stretch *down,
                      double colour[3])
{
    double all = 0;

    colour[0] = colour[1] = colour[2] = 0;
    for (int y = down->from; y <= down->to; y++)
        for (int x = across->from; x <= across->to; x++) {
            const double k = weight_of(across, x) * weight_of(down, y);
            const uint8_t *p = at_image_at(face, inside(x, face->w), inside(y, face->h));
            for (int c = 0; c < 3; c++)
                colour[c] += k * p[c];
            all += k;
        }
    for (int c = 0; c < 3; c++)
        colour[c] /= all;
}

/* A plane of luma, or one each of the three colours. */
static void put_colour(const onnx_face *f, const double colour[3], float *at)
{
    const size_t plane = (size_t)f->h * f->w;
    const double luma = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];

    for (int c = 0; c < f->channels; c++) {
        const int k = f->bgr ? 2 - c : c; /* of RGB */
        const double v = f->channels == 1 ? luma : colour[k];
        at[c * plane] = (float)((v - f->mean[k]) / f->deviation[k]);
    }
}

static void draw(const onnx_face *f, const at_image *face, float *to)
{
    for (int y = 0; y < f->h; y++) {
        const stretch down = stretch_of(y, f->h, face->h);
        for (int x = 0; x < f->w; x++) {
            const stretch across = stretch_of(x, f->w, face->w);
            double colour[3];
            colour_at(face, &across, &down, colour);
            put_colour(f, colour, to + (size_t)y * f->w + x);
        }
    }
}

/* A network of others may say anything: what is no number is left as it is. */
static float logit_of(float said, int is_probability)
{
    const float x = is_probability ? logf(fmaxf(said, 1e-12f)) : said;
    return isnan(said) ? NAN : fminf(fmaxf(x, -AT_WEIGHTS_MOST), AT_WEIGHTS_MOST);
}

/* logit (classes) of what it said. */
static void answer(const onnx_face *f, const float *said, const int *which, int classes,
                   float *logit)
{
    const int is_probability = at_onnx_net_is_softmax(f->net, f->output);
    float least = NAN; /* of those that are numbers */

    for (int k = 0; k < classes; k++) {
        logit[k] = which[k] >= 0 ? logit_of(said[which[k]], is_probability) : NAN;
        least = fminf(least, logit[k]);
    }
    for (int k = 0; k < classes; k++)
        logit[k] = isnan(logit[k]) ? (isnan(least) ? 0 : least - below) : logit[k];
}

static void look(const void *state, const at_image *face, float *work, at_visual_result *out)
{
    const onnx_face *f = state;
    const float *said[AT_ONNX_MOST_ENDS];

    at_visual_result_none(out);
    draw(f, face, work);
    at_onnx_net_run(f->net, work, work + input_floats(f), said);
    answer(f, said[f->output], f->expression, AT_FACE_CLASSES, out->expression);
    answer(f, said[f->output], f->basic, AT_BASIC_CLASSES, out->basic);
}

const at_face_encoder at_onnx_face = {NULL, open_face, close_face, knows, workspace, look};
