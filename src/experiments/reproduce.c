/* reproduce.c - the public call: a plan, then each experiment, then the page. */
#include "experiments/experiment.h"
#include "experiments/page.h"

#include "base/error.h"
#include "base/file.h"
#include "base/outset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 32 };

typedef struct reproduction {
    at_lab lab;
    at_outcome_of list[MOST];
    int n;
    int lock; /* of the folder; 0: not yet */
} reproduction;

/* ---- what is asked for ------------------------------------------------------------------------ */

static int find(const char *name)
{
    for (int i = 0; i < at_experiment_count(); i++)
        if (strcmp(at_experiments[i].name, name) == 0)
            return i;
    return -1;
}

static int is_wanted(const attune_reproduce_options *o, int i)
{
    for (int k = 0; k < o->n; k++)
        if (strcmp(o->names[k], at_experiments[i].name) == 0)
            return 1;
    return o->n == 0;
}

static int choose(reproduction *r, const attune_reproduce_options *o, attune_error *err)
{
    for (int k = 0; k < o->n; k++)
        if (find(o->names[k]) < 0)
            return at_fail(err, ATTUNE_E_ARG, "%s: there is no such table or figure", o->names[k]);
    for (int i = 0; i < at_experiment_count() && r->n < MOST; i++)
        if (is_wanted(o, i))
            r->list[r->n++].experiment = &at_experiments[i];
    return ATTUNE_OK;
}

/* ---- running ---------------------------------------------------------------------------------- */

static int run(reproduction *r, at_outcome_of *out, attune_error *err)
{
    const at_experiment *e = out->experiment;
    at_sheet_free(&out->sheet);
    at_sheet_begin(&out->sheet, e->name, e->title, e->column, e->columns);
    r->lab.experiment = e->name;
    const int status = e->run(&r->lab, &out->sheet, err);
    return status ? status : out->sheet.status ? at_fail_nomem(err) : ATTUNE_OK;
}

static int plan(reproduction *r, attune_error *err)
{
    int status = ATTUNE_OK;
    r->lab.planning = 1;
    for (int i = 0; i < r->n && status == ATTUNE_OK; i++)
        status = run(r, &r->list[i], err);
    r->lab.steps = r->lab.step;
    r->lab.step = r->lab.planning = 0;
    return status;
}

/* ---- writing ---------------------------------------------------------------------------------- */

static int write_csv(const reproduction *r, const at_sheet *s, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    at_outfile out;
    if (snprintf(path, sizeof path, "%s/%s.csv", r->lab.o->out_dir, s->name) >= AT_TRAIN_PATH)
        return at_fail(err, ATTUNE_E_ARG, "%s: path too long", r->lab.o->out_dir);
    const int status = at_outfile_open(&out, path, err);
    if (status)
        return status;
    at_sheet_csv(s, out.f);
    return at_outfile_commit(&out, err);
}

static int write_page(const reproduction *r, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    at_outfile out;
    if (snprintf(path, sizeof path, "%s/report.html", r->lab.o->out_dir) >= AT_TRAIN_PATH)
        return at_fail(err, ATTUNE_E_ARG, "%s: path too long", r->lab.o->out_dir);
    const int status = at_outfile_open(&out, path, err);
    if (status)
        return status;
    at_page_write(&r->lab, r->list, r->n, out.f);
    return at_outfile_commit(&out, err);
}

static int tell(const reproduction *r, const at_outcome_of *o, attune_error *err)
{
    const at_sheet *s = &o->sheet;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return at_fail_nomem(err);
    if (o->experiment->drawn_only)
        fprintf(f, "%s\n  drawn in report.html, in figures in %s.csv\n", s->title, s->name);
    else
        at_sheet_lines(s, f);
    if (at_stream_close(f) != 0) {
        free(text);
        return at_fail_nomem(err);
    }
    const attune_reproduce_event e = {
        .experiment = s->name, .step = r->lab.step, .steps = r->lab.steps, .table = text};
    if (r->lab.o->event)
        r->lab.o->event(r->lab.o->user, &e);
    free(text);
    return ATTUNE_OK;
}

/* What one run makes and keeps in its folder is no other's. */
static int lock(reproduction *r, attune_error *err)
{
    const attune_reproduce_options *o = r->lab.o;
    r->lock = at_folder_lock(o->out_dir, err);
    return r->lock < 0 ? r->lock : ATTUNE_OK;
}

int attune_reproduce(const attune_reproduce_options *o, attune_error *err)
{
    reproduction *r = calloc(1, sizeof *r);
    int status = r ? choose(r, o, err) : at_fail_nomem(err); /* before any folder is made */
    status = status ? status : at_lab_open(&r->lab, o, err);
    status = status ? status : lock(r, err);
    status = status ? status : plan(r, err);
    for (int i = 0; !status && i < r->n; i++) {
        status = run(r, &r->list[i], err);
        status = status ? status : write_csv(r, &r->list[i].sheet, err);
        status = status ? status : tell(r, &r->list[i], err);
    }
    status = status ? status : write_page(r, err);
    for (int i = 0; r && i < r->n; i++)
        at_sheet_free(&r->list[i].sheet);
    if (r && r->lock > 0)
        close(r->lock);
    free(r);
    return status;
}
