/* grid.c - both streams degraded at once: the face covered more and more by sound that is worse and worse, and
 * whether both together are right more often than the better of the two. */
#include "experiments/duets.h"
#include "experiments/experiment.h"
#include "experiments/rows.h"

#include "base/error.h"
#include "eval/figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum {
    PART,
    COVER,
    SOUND,
    SAMPLES,
    WITHHELD,
    FACE,
    VOICE,
    FUSED,
    GAIN,
    VERDICT,
    PROTOCOL,
    SEED,
    COMMAND,
};
_Static_assert(COMMAND + 1 == AT_GRID_COLUMNS, "a column each");

const at_column at_grid_columns[AT_GRID_COLUMNS] = {
    [PART] = {"part", NULL, AT_TEXT_COLUMN, AT_HEADING, 0},
    [COVER] = {"face", "face", AT_TEXT_COLUMN, AT_TABLE, 0},
    [SOUND] = {"voice", "voice", AT_TEXT_COLUMN, AT_TABLE, 0},
    [SAMPLES] = {"n", "n", AT_COUNT, AT_TABLE, 0},
    [WITHHELD] = {"withheld", "withheld", AT_COUNT, AT_TABLE, 0},
    [FACE] = {"face_accuracy", "face alone %", AT_PERCENT, AT_TABLE, 0},
    [VOICE] = {"voice_accuracy", "voice alone %", AT_PERCENT, AT_TABLE, 0},
    [FUSED] = {"fused_accuracy", "fused %", AT_PERCENT, AT_TABLE, 0},
    [GAIN] = {"gain", "over the better one", AT_PERCENT, AT_TABLE, 1},
    [VERDICT] = {"verdict", "", AT_TEXT_COLUMN, AT_TABLE, 0},
    [PROTOCOL] = {"protocol", NULL, AT_TEXT_COLUMN, AT_PROTOCOL, 0},
    [SEED] = {"seed", NULL, AT_COUNT, AT_CSV_ALONE, 0},
    [COMMAND] = {"command", NULL, AT_TEXT_COLUMN, AT_COMMAND, 0},
};

/* ---- the cells -------------------------------------------------------------------------------- */

static const char *const cover[AT_COVERS] = {NULL, "patch=20", "patch=40", "patch=60"};

enum { SOUNDS = 4, MISSING = SOUNDS - 1 };
static const struct {
    const char *words, *harm;
} sound[SOUNDS] = {
    {"clean", NULL}, {"noise, 10 dB", "hiss=10"}, {"noise, 0 dB", "hiss=0"}, {"missing", NULL}};

/* Samples that the streams answer, alone and together. */
typedef struct ground {
    const char *title, *people, *split;
    at_duets *duets; /* NULL: clips */
    const at_part_of *part;
} ground;

/* face, voice: harm, NULL: none. */
static int ask(const ground *on, at_lab *lab, unsigned without, const char *face, const char *voice,
               at_said *out, attune_error *err)
{
    const char *const harm[2] = {face ? face : voice, face ? voice : NULL};
    const at_duet_question q = {.fusion = lab->whole,
                                .without = without,
                                .face = face,
                                .voice = voice,
                                .what = without & 1u << ATTUNE_FACE    ? "voice alone"
                                        : without & 1u << ATTUNE_VOICE ? "face alone"
                                                                       : "fused"};
    return on->duets ? at_duets_said(on->duets, lab, &q, out, err)
                     : at_said_of_clips(out, lab, on->part, without, harm, err);
}

/* What was said of all cells; missing sound leaves the face alone. */
typedef struct heard {
    at_said face[AT_COVERS], voice[SOUNDS - 1], both[AT_COVERS][SOUNDS - 1];
} heard;

static void heard_free(heard *h)
{
    for (int c = 0; c < AT_COVERS; c++)
        at_said_free(&h->face[c]);
    for (int s = 0; s < MISSING; s++)
        at_said_free(&h->voice[s]);
    for (int c = 0; c < AT_COVERS; c++)
        for (int s = 0; s < MISSING; s++)
            at_said_free(&h->both[c][s]);
}

static int hear(const ground *on, at_lab *lab, heard *h, attune_error *err)
{
    int status = ATTUNE_OK;
    for (int c = 0; c < AT_COVERS && !status; c++)
        status = ask(on, lab, 1u << ATTUNE_VOICE, cover[c], NULL, &h->face[c], err);
    for (int s = 0; s < MISSING && !status; s++)
        status = ask(on, lab, 1u << ATTUNE_FACE, NULL, sound[s].harm, &h->voice[s], err);
    for (int c = 0; c < AT_COVERS; c++)
        for (int s = 0; s < MISSING && !status; s++)
            status = ask(on, lab, 0, cover[c], sound[s].harm, &h->both[c][s], err);
    return status;
}

/* ---- rows ------------------------------------------------------------------------------------- */

static const char *verdict(const at_said_gain *g)
{
    return !isfinite(g->interval.lo) ? ""
           : g->interval.lo > 0      ? "better"
           : g->interval.hi < 0      ? "worse"
                                     : "as good within the interval";
}

static int people_of(const at_said *s)
{
    int most = -1;
    for (int i = 0; i < s->n; i++)
        most = s->group[i] > most ? s->group[i] : most;
    return most + 1;
}

static void begin_row(at_sheet *s, const at_lab *lab, const ground *on, const at_said *all, int c,
                      int sounds)
{
    char words[32];
    char *command = at_lab_reproduce(lab);
    at_sheet_row(s);
    at_sheet_text(s, PART, "%s", on->title);
    at_sheet_text(s, COVER, "%s", at_cover_words(words, at_covers[c]));
    at_sheet_text(s, SOUND, "%s", sound[sounds].words);
    at_sheet_text(s, PROTOCOL,
                  "Part %s: %d samples of %d people, %s. The gain is over the better of the two "
                  "streams in that cell, where both answer; 95 %%, bootstrap over people.",
                  on->split, all->n, people_of(all), on->people);
    at_sheet_value(s, SEED, (double)lab->o->seed);
    if (command)
        at_sheet_text(s, COMMAND, "%s", command);
    else
        s->status = ATTUNE_E_NOMEM;
    free(command);
}

/* Without sound there is nothing to gain, nor to lose: the face answers. */
static int put_cell(at_sheet *s, const at_lab *lab, const ground *on, const heard *h, int c,
                    int sounds, attune_error *err)
{
    const at_said *face = &h->face[c], *voice = sounds == MISSING ? NULL : &h->voice[sounds];
    const at_said *both = voice ? &h->both[c][sounds] : face;
    const double of_face = at_said_right(face), of_voice = voice ? at_said_right(voice) : NAN;
    at_said_gain gain = {0, NAN, {NAN, NAN}};
    int status = ATTUNE_OK;
    begin_row(s, lab, on, both, c, sounds);
    at_sheet_value(s, SAMPLES, at_said_given(both));
    at_sheet_value(s, WITHHELD, both->n - at_said_given(both));
    at_sheet_value(s, FACE, of_face);
    at_sheet_value(s, VOICE, of_voice);
    at_sheet_value(s, FUSED, at_said_right(both));
    if (voice)
        status = at_said_gain_compute(&gain, both, of_voice > of_face ? voice : face,
                                      at_figures_draws(lab->o->draws), lab->o->seed, err);
    at_sheet_interval(s, GAIN, gain.mean, gain.interval.lo, gain.interval.hi);
    at_sheet_text(s, VERDICT, "%s", verdict(&gain));
    return status;
}

static int put_ground(at_lab *lab, at_sheet *s, const ground *on, attune_error *err)
{
    heard *h = calloc(1, sizeof *h);
    int status = h ? hear(on, lab, h, err) : at_fail_nomem(err);
    for (int c = 0; c < AT_COVERS; c++)
        for (int k = 0; k < SOUNDS && !status; k++)
            status = put_cell(s, lab, on, h, c, k, err);
    if (h)
        heard_free(h);
    free(h);
    return status;
}

int at_grid(at_lab *lab, at_sheet *s, attune_error *err)
{
    char split[64];
    at_duets *d = NULL;
    int status = at_duets_open(&d, lab, s, err);
    snprintf(split, sizeof split, "%s + %s", at_ferplus.split, at_ravdess.split);
    const ground pairs = {at_duets_title, at_duets_people, split, d, NULL};
    const ground clips = {at_javanese.title, at_javanese.people, at_javanese.split, NULL,
                          &at_javanese};
    if (d && !status)
        status = put_ground(lab, s, &pairs, err);
    at_duets_free(&d);
    if (!status && at_lab_part(lab, &at_javanese, s))
        status = put_ground(lab, s, &clips, err);
    at_sheet_note(s, "Noise is white; the face is covered by a rectangle, in a clip at the same "
                     "place all along. Without sound both are the face alone.");
    return status;
}
