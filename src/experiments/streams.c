/* streams.c - Table 4 and Figure 5: face, voice, and every way of fusing them. */
#include "experiments/duets.h"
#include "experiments/experiment.h"
#include "experiments/page.h"
#include "experiments/rows.h"

#include "base/error.h"
#include "fusion/kind.h"
#include "report/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- label-matched pairs ---------------------------------------------------------------------- */

static int put_pairs(at_duets *d, at_lab *lab, at_sheet *s, const at_duet_question *q,
                     const char *condition, const at_paper *paper, attune_error *err)
{
    json_t *result = NULL;
    int status = at_duets_judge(d, lab, q, &result, err);
    char *command = status ? NULL : at_lab_reproduce(lab);
    if (!status && !command)
        status = at_fail_nomem(err);
    const at_row_words w = {.part = at_duets_title,
                            .people = at_duets_people,
                            .what = q->what,
                            .condition = condition,
                            .paper = paper ? paper : &at_paper_is_silent,
                            .command = command};
    if (!status)
        at_row_put(s, lab, &w, result);
    free(command);
    json_decref(result);
    return status;
}

/* ---- who answers ------------------------------------------------------------------------------ */

enum { MOST_VOICES = 16 };

/* Face alone, voice alone, and a file a kind of fusion. */
typedef struct asked {
    struct {
        char what[48];
        const char *stream; /* NULL: both */
        unsigned without;
        char *file; /* owned; NULL: the whole model's */
    } list[MOST_VOICES];
    int n;
} asked;

static const char *kind_words(const char *kind)
{
    static const char *const words[][2] = {
        {"late", "fused, late: confidence-weighted"},
        {"mean", "fused, late: mean"},
        {"product", "fused, late: product"},
        {"concat", "fused, concatenation"},
        {"tensor", "fused, tensor product"},
        {"attention", "fused, attention"},
        {"hybrid", "fused, hybrid"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], kind) == 0)
            return words[i][1];
    return kind;
}

static void add(asked *a, const char *what, const char *stream, unsigned without, char *file)
{
    if (a->n == MOST_VOICES) {
        free(file);
        return;
    }
    snprintf(a->list[a->n].what, sizeof a->list[a->n].what, "%s", what);
    a->list[a->n].stream = stream;
    a->list[a->n].without = without;
    a->list[a->n++].file = file;
}

static int gather(asked *a, at_lab *lab, at_sheet *s, attune_error *err)
{
    int status = ATTUNE_OK;
    add(a, "face alone", "face", 1u << ATTUNE_VOICE, NULL);
    add(a, "voice alone", "voice", 1u << ATTUNE_FACE, NULL);
    for (int k = 0; at_fusion_kinds[k] && !status; k++) {
        char *file = NULL;
        status = at_lab_fusion(lab, at_fusion_kinds[k]->name, s, &file, err);
        if (!status && file)
            add(a, kind_words(at_fusion_kinds[k]->name), NULL, 0, file);
    }
    return status;
}

static void ungather(asked *a)
{
    for (int i = 0; i < a->n; i++)
        free(a->list[i].file);
}

/* ---- Table 4 ---------------------------------------------------------------------------------- */

static const at_paper face_alone = {
    0.6158, 0.60,
    "the paper does not say on which pictures; it names DAiSEE, degraded by augmentation", 0, 0};
static const at_paper voice_alone = {
    0.8220, 0.79,
    "the paper splits at random, so that its test part holds the voices that it learned from", 0,
    0};

static const struct {
    const char *words, *face, *voice;
} conditions[] = {
    {"as they are", NULL, NULL},
    {"face 40 % covered", "patch=40", NULL},
    {"voice in noise, 0 dB", NULL, "hiss=0"},
    {"both", "patch=40", "hiss=0"},
};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

static int alone(at_lab *lab, at_sheet *s, const at_part_of *part, const char *what,
                 const at_paper *paper, attune_error *err)
{
    const at_question q = {.part = part, .model = lab->whole, .what = what};
    if (!at_lab_part(lab, part, s))
        return ATTUNE_OK;
    const int status = at_row_judge(lab, s, &q, "", paper, err);
    if (!status)
        at_row_constant(s);
    return status;
}

static int all_pairs(at_lab *lab, at_sheet *s, const asked *a, attune_error *err)
{
    at_duets *d = NULL;
    int status = at_duets_open(&d, lab, s, err);
    for (int c = 0; c < CONDITIONS && d && !status; c++)
        for (int i = 0; i < a->n && !status; i++) {
            const at_duet_question q = {.fusion = a->list[i].file ? a->list[i].file : lab->whole,
                                        .without = a->list[i].without,
                                        .face = conditions[c].face,
                                        .voice = conditions[c].voice,
                                        .what = a->list[i].what};
            status = put_pairs(d, lab, s, &q, conditions[c].words, NULL, err);
        }
    if (d && !status)
        at_row_constant(s);
    at_duets_free(&d);
    return status;
}

static int all_clips(at_lab *lab, at_sheet *s, const asked *a, attune_error *err)
{
    int status = ATTUNE_OK;
    if (!at_lab_part(lab, &at_javanese, s))
        return ATTUNE_OK;
    for (int c = 0; c < CONDITIONS && !status; c += CONDITIONS - 1)
        for (int i = 0; i < a->n && !status; i++) {
            const int face = a->list[i].without != 1u << ATTUNE_FACE,
                      voice = a->list[i].without != 1u << ATTUNE_VOICE;
            const char *harm[2] = {face ? conditions[c].face : NULL,
                                   voice ? conditions[c].voice : NULL};
            const at_question q = {
                .part = &at_javanese,
                .model = a->list[i].file ? a->list[i].file : lab->whole,
                .stream = a->list[i].stream,
                .corrupt = {harm[0] ? harm[0] : harm[1], harm[0] ? harm[1] : NULL},
                .what = a->list[i].what};
            status = at_row_judge(lab, s, &q, conditions[c].words, &at_paper_is_silent, err);
        }
    if (!status)
        at_row_constant(s);
    return status;
}

int at_table4(at_lab *lab, at_sheet *s, attune_error *err)
{
    asked a = {.n = 0};
    int status = alone(lab, s, &at_fer2013, "face alone", &face_alone, err);
    status = status ? status : alone(lab, s, &at_ravdess, "voice alone", &voice_alone, err);
    status = status ? status : gather(&a, lab, s, err);
    status = status ? status : all_pairs(lab, s, &a, err);
    status = status ? status : all_clips(lab, s, &a, err);
    at_sheet_note(
        s, "The paper has no figure of the fused model. Noise is white; the face is covered by a "
           "rectangle, in a clip at the same place all along.");
    ungather(&a);
    return status;
}

/* ---- Figure 5 --------------------------------------------------------------------------------- */

static const char cover_why[] =
    "the paper does not say on which pictures, nor what covers them but that it is random";
static const at_paper covered[AT_COVERS] = {{0.6158, 0.60, cover_why, 0, 0},
                                            {0.5678, 0.54, cover_why, 0, 0},
                                            {0.4909, 0.45, cover_why, 0, 0},
                                            {0.4227, 0.35, cover_why, 0, 0}};

static int pairs_covered(at_lab *lab, at_sheet *s, attune_error *err)
{
    static const char *const harm[AT_COVERS] = {NULL, "patch=20", "patch=40", "patch=60"};
    static const struct {
        const char *what;
        unsigned without;
    } who[] = {{"face alone", 1u << ATTUNE_VOICE}, {"face and voice, fused", 0}};
    at_duets *d = NULL;
    char words[32];
    int status = at_duets_open(&d, lab, s, err);
    for (size_t w = 0; w < sizeof who / sizeof *who; w++)
        for (int i = 0; i < AT_COVERS && d && !status; i++) {
            const at_duet_question q = {.fusion = lab->whole,
                                        .without = who[w].without,
                                        .face = harm[i],
                                        .what = who[w].what};
            status = put_pairs(d, lab, s, &q, at_cover_words(words, at_covers[i]),
                               who[w].without ? &covered[i] : NULL, err);
        }
    if (d && !status)
        at_row_constant(s);
    at_duets_free(&d);
    return status;
}

int at_fig5(at_lab *lab, at_sheet *s, attune_error *err)
{
    at_question q = {.part = &at_daisee};
    char *deep = NULL;
    int status = at_lab_deep(lab, 0, s, &deep, &q.what, err);
    q.model = deep;
    if (!status && deep && at_lab_part(lab, &at_daisee, s))
        status = at_row_covered(lab, s, &q, NULL, err);
    q = (at_question){.part = &at_fer2013, .model = lab->whole, .what = "face alone"};
    if (!status && at_lab_part(lab, &at_fer2013, s))
        status = at_row_covered(lab, s, &q, covered, err);
    status = status ? status : pairs_covered(lab, s, err);
    free(deep);
    return status;
}
