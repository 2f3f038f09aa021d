/* explained.c - an explanation's files, which appear together. */
#include "report/explained.h"

#include "base/error.h"
#include "base/mem.h"
#include "report/png.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- taking in ------------------------------------------------------------------------------- */

static int check(const attune_explanation_options *o, attune_error *err)
{
    if (!o->dir || !o->input)
        return at_fail(err, ATTUNE_E_ARG, "an explanation has no folder, or no input's name");
    return ATTUNE_OK;
}

static void start_stats(attune_explanation *x)
{
    attune_options *o = &x->as_report.session;
    attune_state_usual usual;

    o->window_s = o->window_s > 0 ? o->window_s : ATTUNE_DEFAULT_WINDOW_S;
    o->hop_s = o->hop_s > 0 ? o->hop_s : fmin(ATTUNE_DEFAULT_HOP_S, o->window_s);
    o->max_tracks = o->max_tracks > 0 ? o->max_tracks : 1;
    attune_model_state_usual(x->setup.model, &usual);
    at_stats_init(&x->stats, llround(o->hop_s * 1e6), o->window_s, o->max_tracks, &usual);
}

int attune_explanation_open(attune_explanation **out, const attune_explanation_options *o,
                            attune_error *err)
{
    attune_explanation *x = at_calloc(1, sizeof *x);
    int rc = x ? check(o, err) : at_fail_nomem(err);

    *out = NULL;
    if (rc == ATTUNE_OK) {
        x->setup = *o;
        x->as_report = (attune_report_options){
            .dir = o->dir, .input = o->input, .model = o->model, .session = o->session};
        start_stats(x);
        rc = at_outset_open(&x->set, o->dir, err);
    }
    if (rc < 0) {
        at_free(x);
        return rc;
    }
    *out = x;
    return ATTUNE_OK;
}

void attune_explanation_free(attune_explanation **x)
{
    attune_explanation *p = *x;

    if (!p)
        return;
    at_outset_free(&p->set);
    for (int i = 0; i < p->n; i++)
        at_free(p->list[i].rgb);
    at_stats_free(&p->stats);
    free(p->json);
    free(p->text);
    at_free(p);
    *x = NULL;
}

int attune_explanation_window(attune_explanation *x, const attune_window *w, attune_error *err)
{
    x->withheld_faces += w->abstain && w->track;
    return at_stats_add(&x->stats, w) < 0 ? at_fail_nomem(err) : ATTUNE_OK;
}

int attune_explanation_overlay(attune_explanation *x, const attune_overlay *o, attune_error *err)
{
    size_t face = 3 * (size_t)o->face_side * (size_t)o->face_side;
    size_t overlay = 3 * (size_t)o->side * (size_t)o->side;
    at_shown *s = &x->list[x->n];

    if (x->n == AT_OVERLAYS || o->side < 1 || o->face_side < 1 ||
        !attune_overlay_kind_name(o->kind))
        return at_fail(err, ATTUNE_E_ARG, "an overlay too many, or one of no kind or size");
    s->rgb = at_alloc(face + overlay, 1);
    if (!s->rgb)
        return at_fail_nomem(err);
    memcpy(s->rgb, o->face, face);
    memcpy(s->rgb + face, o->overlay, overlay);
    s->overlay = *o;
    s->overlay.face = s->rgb;
    s->overlay.overlay = s->rgb + face;
    snprintf(s->file, sizeof s->file, "overlay-%02d.png", ++x->n);
    return ATTUNE_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

enum { PAGE, JSON, OTHERS };
static const char *const names[OTHERS] = {"explain.html", "explain.json"};

static const char *file_name(const attune_explanation *x, int i)
{
    return i < x->n ? x->list[i].file : names[i - x->n];
}

static void put_content(const attune_explanation *x, int i, FILE *f)
{
    if (i < x->n)
        at_png_write(f, x->list[i].overlay.overlay, x->list[i].overlay.side,
                     x->list[i].overlay.side);
    else if (i - x->n == PAGE)
        at_html_explained(x, f);
    else
        fprintf(f, "%s\n", x->json);
}

static int in_folder(const attune_explanation *x, const char *name, char path[4096],
                     attune_error *err)
{
    int n = snprintf(path, 4096, "%s/%s", x->setup.dir, name);

    return n > 0 && n < 4096 ? ATTUNE_OK
                             : at_fail(err, ATTUNE_E_IO, "%.100s...: the folder's name is too long",
                                       x->setup.dir);
}

static int write_all(attune_explanation *x, attune_error *err)
{
    int rc = ATTUNE_OK;

    for (int i = 0; rc == ATTUNE_OK && i < x->n + OTHERS; i++) {
        FILE *f;
        rc = at_outset_add(x->set, file_name(x, i), &f, err);
        if (rc == ATTUNE_OK)
            put_content(x, i, f);
    }
    return rc < 0 ? rc : at_outset_commit(x->set, err);
}

/* Pictures that this run will not write over still show somebody: they are named. */
static void name_earlier(attune_explanation *x)
{
    char name[32], path[4096];

    for (int i = x->n + 1; i <= AT_OVERLAYS; i++) {
        size_t used = strlen(x->earlier);
        snprintf(name, sizeof name, "overlay-%02d.png", i);
        if (in_folder(x, name, path, NULL) == ATTUNE_OK && access(path, F_OK) == 0)
            snprintf(x->earlier + used, sizeof x->earlier - used, "%s%s", used ? ", " : "", name);
    }
}

int attune_explanation_finish(attune_explanation *x, const attune_input_info *info, int interrupted,
                              attune_error *err)
{
    x->info = *info;
    x->interrupted = interrupted;
    if (at_stats_close(&x->stats) < 0)
        return at_fail_nomem(err);
    at_stats_take_input(&x->stats, info);
    name_earlier(x);
    x->json = at_explained_json(x);
    x->text = at_explained_text(x);
    if (!x->json || !x->text)
        return at_fail_nomem(err);
    return write_all(x, err);
}

const char *attune_explanation_json(const attune_explanation *x)
{
    return x->json;
}

const char *attune_explanation_text(const attune_explanation *x)
{
    return x->text;
}
