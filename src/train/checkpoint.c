#include "train/checkpoint.h"
#include "base/error.h"
#include "tensor/weights.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a checkpoint: four numbers a parameter, of a network sixteen times ours. */
static const size_t MOST_BYTES = (size_t)1 << 30;
#define MOST_VALUE 1e30f

static int put(at_weights_writer *w, const char *kind, const at_param *p, const float *data)
{
    char name[96];
    snprintf(name, sizeof name, "%s%s", kind, p->name);
    return data ? at_weights_put(w, name, p->value.rank, p->value.dim, data, 0) : 0;
}

/* What is all zero in a run of f32 that goes well is left out. */
static int put_scaling(at_weights_writer *w, const at_progress_state *s)
{
    char text[64];
    int status = ATTUNE_OK;
    if (s->skipped) {
        snprintf(text, sizeof text, "%" PRId64, s->skipped);
        status = at_weights_put_meta(w, "skipped", text);
    }
    if (status || !(s->scaling.scale > 0))
        return status;
    snprintf(text, sizeof text, "%a", (double)s->scaling.scale);
    status = at_weights_put_meta(w, "loss_scale", text);
    snprintf(text, sizeof text, "%" PRId64, s->scaling.good);
    return status ? status : at_weights_put_meta(w, "good_steps", text);
}

static int put_meta(at_weights_writer *w, const at_adamw *o, const at_progress_state *s)
{
    char text[64];
    snprintf(text, sizeof text, "%" PRId64, s->step);
    int status = at_weights_put_meta(w, "step", text);
    snprintf(text, sizeof text, "%" PRId64, s->steps);
    status = status ? status : at_weights_put_meta(w, "steps", text);
    snprintf(text, sizeof text, "%" PRId64, o->step);
    status = status ? status : at_weights_put_meta(w, "updates", text);
    snprintf(text, sizeof text, "%016" PRIx64, s->stamp);
    status = status ? status : at_weights_put_meta(w, "stamp", text);
    snprintf(text, sizeof text, "%a", s->best);
    status = status ? status : at_weights_put_meta(w, "best", text);
    snprintf(text, sizeof text, "%a", s->score);
    status = status ? status : at_weights_put_meta(w, "score", text);
    snprintf(text, sizeof text, "%a", s->loss);
    status = status ? status : at_weights_put_meta(w, "loss", text);
    snprintf(text, sizeof text, "%a", s->rate);
    status = status ? status : at_weights_put_meta(w, "rate", text);
    snprintf(text, sizeof text, "%" PRId64, s->waited);
    status = status ? status : at_weights_put_meta(w, "waited", text);
    snprintf(text, sizeof text, "%" PRId64, s->stale);
    status = status ? status : at_weights_put_meta(w, "stale", text);
    return status ? status : put_scaling(w, s);
}

int at_checkpoint_save(const char *path, const at_params *p, const at_adamw *o,
                       const at_progress_state *s, attune_error *err)
{
    at_weights_writer *w = NULL;
    int status = at_weights_writer_create(&w, err);
    for (int i = 0; !status && i < p->count; i++) {
        const at_param *q = p->list[i];
        if (put(w, "", q, q->value.data) || put(w, "m/", q, q->m) || put(w, "v/", q, q->v) ||
            put(w, "ema/", q, q->ema))
            status = at_fail_nomem(err);
    }
    if (!status && put_meta(w, o, s))
        status = at_fail_nomem(err);
    if (!status)
        status = at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    return status;
}

static int take(const at_weights *w, const char *kind, const at_param *p, float *data,
                const char *path, attune_error *err)
{
    char name[96];
    if (!data)
        return ATTUNE_OK;
    snprintf(name, sizeof name, "%s%s", kind, p->name);
    const at_weight *t = at_weights_find(w, name);
    if (!t || t->count != at_tensor_count(&p->value))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s: %s", path, name,
                       t ? "wrong shape" : "missing");
    memcpy(data, t->data, t->count * sizeof(float));
    return ATTUNE_OK;
}

/* ---- what a checkpoint's header says: each number whole, and in its range --------------------- */

static int wrong_meta(const char *path, const char *key, const char *text, const char *range,
                      attune_error *err)
{
    return at_fail(err, ATTUNE_E_FORMAT, "%s: %s is %.40s, must be %s", path, key,
                   text ? text : "missing", range);
}

static int take_int(const at_weights *w, const char *key, int64_t most, int64_t *out,
                    const char *path, attune_error *err)
{
    const char *s = at_weights_meta(w, key);
    char *end = NULL, range[64];
    errno = 0;
    *out = s ? strtoll(s, &end, 10) : -1;
    if (s && end != s && !*end && !errno && *out >= 0 && *out <= most)
        return ATTUNE_OK;
    snprintf(range, sizeof range, "a whole number from 0 to %" PRId64, most);
    return wrong_meta(path, key, s, range, err);
}

static int take_number(const at_weights *w, const char *key, double least, double most, double *out,
                       const char *path, attune_error *err)
{
    const char *s = at_weights_meta(w, key);
    char *end = NULL, range[64];
    *out = s ? strtod(s, &end) : 0;
    if (s && end != s && !*end && *out >= least && *out <= most)
        return ATTUNE_OK;
    snprintf(range, sizeof range, "a number from %g to %g", least, most);
    return wrong_meta(path, key, s, range, err);
}

static int take_stamp(const at_weights *w, uint64_t *out, const char *path, attune_error *err)
{
    const char *s = at_weights_meta(w, "stamp");
    char *end = NULL;
    *out = s ? strtoull(s, &end, 16) : 0;
    return s && end != s && !*end ? ATTUNE_OK
                                  : wrong_meta(path, "stamp", s, "a hexadecimal number", err);
}

/* The schedule; checkpoints of before there was one have none, and have not waited. */
static int take_schedule(const at_weights *w, at_progress_state *s, const char *path,
                         attune_error *err)
{
    s->rate = 0;
    s->waited = s->stale = 0;
    if (!at_weights_meta(w, "rate"))
        return ATTUNE_OK;
    int status = take_number(w, "rate", 0, 10, &s->rate, path, err); /* as settings_plan.c has it */
    status = status ? status : take_int(w, "waited", INT32_MAX, &s->waited, path, err);
    return status ? status : take_int(w, "stale", INT32_MAX, &s->stale, path, err);
}

static int take_scaling(const at_weights *w, at_progress_state *s, const char *path,
                        attune_error *err)
{
    double scale = 0;
    int status = ATTUNE_OK;
    s->skipped = 0;
    s->scaling = (at_loss_scale){0};
    if (at_weights_meta(w, "skipped"))
        status = take_int(w, "skipped", s->step, &s->skipped, path, err);
    if (status || !at_weights_meta(w, "loss_scale"))
        return status;
    status = take_number(w, "loss_scale", 0, 1e12, &scale, path, err);
    status = status ? status : take_int(w, "good_steps", INT32_MAX, &s->scaling.good, path, err);
    s->scaling.scale = (float)scale;
    return status ? status
           : at_loss_scale_valid(&s->scaling)
               ? ATTUNE_OK
               : wrong_meta(path, "loss_scale", at_weights_meta(w, "loss_scale"),
                            "one that a run has", err);
}

static int take_state(const at_weights *w, at_adamw *o, at_progress_state *s, const char *path,
                      attune_error *err)
{
    int status = take_int(w, "steps", AT_MOST_STEPS, &s->steps, path, err);
    status = status ? status : take_int(w, "step", s->steps, &s->step, path, err);
    status = status ? status : take_int(w, "updates", s->step, &o->step, path, err);
    status = status ? status : take_number(w, "best", -1e30, 1e30, &s->best, path, err);
    status = status ? status : take_number(w, "score", -1e30, 1e30, &s->score, path, err);
    status = status ? status : take_number(w, "loss", -1e30, 1e30, &s->loss, path, err);
    status = status ? status : take_schedule(w, s, path, err);
    status = status ? status : take_scaling(w, s, path, err);
    return status ? status : take_stamp(w, &s->stamp, path, err);
}

/* Parameters, moments and averages; squares are not negative. */
static int check_arrays(const at_weights *w, const char *path, attune_error *err)
{
    int status = at_weights_check(w, path, "", -MOST_VALUE, MOST_VALUE, err);
    return status ? status : at_weights_check(w, path, "v/", 0, MOST_VALUE, err);
}

int at_checkpoint_load(const char *path, at_params *p, at_adamw *o, at_progress_state *s,
                       attune_error *err)
{
    at_weights *w = NULL;
    int status = at_weights_load_within(&w, path, MOST_BYTES, err);
    status = status ? status : check_arrays(w, path, err);
    for (int i = 0; !status && i < p->count; i++) {
        at_param *q = p->list[i];
        status = take(w, "", q, q->value.data, path, err);
        status = status ? status : take(w, "m/", q, q->m, path, err);
        status = status ? status : take(w, "v/", q, q->v, path, err);
        status = status ? status : take(w, "ema/", q, q->ema, path, err);
    }
    status = status ? status : take_state(w, o, s, path, err);
    at_weights_free(&w);
    return status;
}

int at_checkpoint_stamp(const char *path, uint64_t *stamp, attune_error *err)
{
    at_weights *w = NULL;
    int status = at_weights_load_within(&w, path, MOST_BYTES, err);
    status = status ? status : take_stamp(w, stamp, path, err);
    at_weights_free(&w);
    return status;
}

int at_params_save(const char *path, const at_params *p, const char *const *meta, attune_error *err)
{
    at_weights_writer *w = NULL;
    int status = at_weights_writer_create(&w, err);
    for (int i = 0; !status && i < p->count; i++)
        if (put(w, "", p->list[i], p->list[i]->value.data))
            status = at_fail_nomem(err);
    for (int i = 0; !status && meta && meta[i]; i += 2)
        if (at_weights_put_meta(w, meta[i], meta[i + 1]))
            status = at_fail_nomem(err);
    if (!status)
        status = at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    return status;
}

static int begins_with_any(const char *name, const char *const *beginning)
{
    for (; beginning && *beginning; beginning++)
        if (strncmp(name, *beginning, strlen(*beginning)) == 0)
            return 1;
    return 0;
}

int at_params_copy(at_params *p, const at_weights *w, const char *prefix, const char *but,
                   attune_error *err)
{
    for (int i = 0; i < at_weights_count(w); i++) {
        const at_weight *a = at_weights_at(w, i);
        if (strncmp(a->name, prefix, strlen(prefix)) != 0 ||
            (but && strncmp(a->name, but, strlen(but)) == 0))
            continue;
        const int status = at_params_take(p, a, err);
        if (status)
            return status;
    }
    return ATTUNE_OK;
}

int at_params_load(const char *path, at_params *p, const char *const *optional, attune_error *err)
{
    at_weights *w = NULL;
    int status = at_weights_load(&w, path, err);
    for (int i = 0; !status && i < p->count; i++)
        if (!begins_with_any(p->list[i]->name, optional) || at_weights_find(w, p->list[i]->name))
            status = take(w, "", p->list[i], p->list[i]->value.data, path, err);
    at_weights_free(&w);
    return status;
}
