/* grid.c - the whole table of degradations, a cell for each of its levels. */
#include "base/error.h"
#include "base/json.h"
#include "eval/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 1 + AT_DEGRADE_KINDS * AT_DEGRADE_LEVELS };

struct attune_grid {
    int count;
    attune_grid_cell cell[MOST_CELLS];
};

/* ---- cells ---------------------------------------------------------------------------------- */

/* d NULL: as it is. */
static int evaluate_cell(attune_grid_cell *out, const char *model, const attune_eval_options *o,
                         const at_degradation *d, int level, attune_error *err)
{
    char text[64];
    const char *const list[] = {text};
    attune_eval_options own = *o;
    *out = (attune_grid_cell){0};
    own.corrupt = NULL;
    own.corrupts = 0;
    if (d) {
        *out = (attune_grid_cell){.kind = d->name,
                                  .unit = d->unit,
                                  .level = (double)d->listed[level],
                                  .of_sound = d->sound != NULL};
        snprintf(text, sizeof text, "%s=%g", d->name, (double)d->listed[level]);
        own.corrupt = list;
        own.corrupts = 1;
        own.answers = own.excluded = own.qualities = NULL;
    }
    return attune_evaluate(&out->result, model, &own, err);
}

typedef struct teller {
    int (*cell)(void *user, const attune_grid_cell *c);
    void *user;
} teller;

static int add_cell(attune_grid *g, const char *model, const attune_eval_options *o,
                    const at_degradation *d, int level, const teller *t, attune_error *err)
{
    attune_grid_cell *cell = &g->cell[g->count];
    const int status = evaluate_cell(cell, model, o, d, level, err);
    if (status < 0)
        return status;
    g->count++;
    return t->cell && t->cell(t->user, cell) ? at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted")
                                             : ATTUNE_OK;
}

int attune_evaluate_grid(attune_grid **out, const char *model, const attune_eval_options *o,
                         int (*cell)(void *user, const attune_grid_cell *c), void *user,
                         attune_error *err)
{
    int touched[AT_DEGRADE_KINDS] = {0};
    const teller t = {cell, user};
    attune_grid *g = *out = calloc(1, sizeof *g);
    int status = g ? at_evaluate_touched(touched, o, err) : at_fail_nomem(err);
    if (status == ATTUNE_OK)
        status = add_cell(g, model, o, NULL, 0, &t, err);
    for (int k = 0; k < AT_DEGRADE_KINDS && status == ATTUNE_OK; k++) {
        const at_degradation *d = &at_degradations[k];
        if (!touched[k] || (k == AT_DEGRADE_NOISES && !o->noise))
            continue;
        for (int level = 0; level < d->levels && status == ATTUNE_OK; level++)
            status = add_cell(g, model, o, d, level, &t, err);
    }
    if (status < 0)
        attune_grid_free(out);
    return status;
}

void attune_grid_free(attune_grid **g)
{
    free(*g);
    *g = NULL;
}

const attune_grid_cell *attune_grid_at(const attune_grid *g, int i)
{
    return i >= 0 && i < g->count ? &g->cell[i] : NULL;
}

/* ---- means ---------------------------------------------------------------------------------- */

enum { FIGURES = 6 };
static const char *const figure_names[FIGURES] = {"coverage", "accuracy",    "balanced_accuracy",
                                                  "macro_f1", "weighted_f1", "ece"};

typedef struct sums {
    double sum[FIGURES];
    int n[FIGURES], cells;
} sums;

static void add_figures(sums *s, const double figure[FIGURES])
{
    for (int f = 0; f < FIGURES; f++)
        if (!isnan(figure[f])) {
            s->sum[f] += figure[f];
            s->n[f]++;
        }
}

static void mean_of(const sums *s, double mean[FIGURES])
{
    for (int f = 0; f < FIGURES; f++)
        mean[f] = s->n[f] ? s->sum[f] / s->n[f] : NAN;
}

/* Of a kind's cells; 0: it has none. */
static int mean_of_kind(const attune_grid *g, const char *kind, double mean[FIGURES], int *cells)
{
    sums s = {0};
    int there = 0;
    *cells = 0;
    for (int i = 0; i < g->count; i++) {
        const attune_eval_result *r = &g->cell[i].result;
        if (!g->cell[i].kind || strcmp(g->cell[i].kind, kind) != 0)
            continue;
        const double figure[FIGURES] = {r->coverage, r->accuracy,    r->balanced_accuracy,
                                        r->macro_f1, r->weighted_f1, r->ece};
        add_figures(&s, figure);
        *cells += !isnan(r->accuracy);
        there = 1;
    }
    mean_of(&s, mean);
    return there;
}

/* Over the kinds of pictures, of sounds, or both; each counts once, however many levels it has. */
static int mean_of_family(const attune_grid *g, int pictures, int sounds, double mean[FIGURES],
                          int *cells)
{
    sums s = {0};
    double one[FIGURES];
    int of_one, there = 0;
    *cells = 0;
    for (int k = 0; k < AT_DEGRADE_KINDS; k++) {
        if (!(k < AT_DEGRADE_PICTURES ? pictures : sounds) ||
            !mean_of_kind(g, at_degradations[k].name, one, &of_one))
            continue;
        add_figures(&s, one);
        *cells += of_one;
        there = 1;
    }
    mean_of(&s, mean);
    return there;
}

int attune_grid_mean_at(const attune_grid *g, int i, attune_grid_mean *out)
{
    static const struct {
        const char *name;
        int pictures, sounds;
    } family[] = {{"pictures", 1, 0}, {"sounds", 0, 1}, {"all", 1, 1}};
    double mean[FIGURES];
    int cells, at = 0;
    for (int k = 0; k < AT_DEGRADE_KINDS + 3; k++) {
        const int f = k - AT_DEGRADE_KINDS;
        const char *name = f < 0 ? at_degradations[k].name : family[f].name;
        const int there =
            f < 0 ? mean_of_kind(g, name, mean, &cells)
                  : mean_of_family(g, family[f].pictures, family[f].sounds, mean, &cells);
        if (!there || at++ != i)
            continue;
        *out =
            (attune_grid_mean){name, cells, mean[0], mean[1], mean[2], mean[3], mean[4], mean[5]};
        return 1;
    }
    return 0;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *cell_json(const attune_grid_cell *c)
{
    char *text = attune_eval_json(&c->result);
    json_t *figures = NULL;
    if (text)
        at_json_read(&figures, text, strlen(text), 0, NULL);
    attune_text_free(&text);
    return json_pack("{s:s?,s:s?,s:o,s:o}", "kind", c->kind, "unit", c->unit, "level",
                     c->kind ? json_real(c->level) : json_null(), "figures", figures);
}

static json_t *mean_json(const attune_grid_mean *m)
{
    const double mean[FIGURES] = {m->coverage, m->accuracy,    m->balanced_accuracy,
                                  m->macro_f1, m->weighted_f1, m->ece};
    json_t *object = json_pack("{s:i}", "cells", m->cells);
    for (int f = 0; f < FIGURES; f++)
        at_json_put(&object, figure_names[f], at_json_number(mean[f]));
    return object;
}

char *attune_grid_json(const attune_grid *g)
{
    json_t *cells = json_array(), *means = json_object();
    attune_grid_mean m;
    for (int i = 0; i < g->count; i++)
        at_json_append(&cells, cell_json(&g->cell[i]));
    for (int i = 0; attune_grid_mean_at(g, i, &m); i++)
        at_json_put(&means, m.name, mean_json(&m));
    json_t *root = json_pack("{s:o,s:o}", "cells", cells, "means", means);
    char *text = at_json_write(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    json_decref(root);
    return text;
}
