#include "train/checkpoint.h"
#include "base/error.h"
#include "tensor/weights.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put(at_weights_writer *w, const char *kind, const at_param *p, const float *data)
{
    char name[96];
    snprintf(name, sizeof name, "%s%s", kind, p->name);
    return data ? at_weights_put(w, name, p->value.rank, p->value.dim, data, 0) : 0;
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
    snprintf(text, sizeof text, "%016" PRIx64, s->recipe);
    status = status ? status : at_weights_put_meta(w, "recipe", text);
    snprintf(text, sizeof text, "%a", s->best);
    status = status ? status : at_weights_put_meta(w, "best", text);
    snprintf(text, sizeof text, "%a", s->loss);
    return status ? status : at_weights_put_meta(w, "loss", text);
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

static double meta_number(const at_weights *w, const char *key)
{
    const char *s = at_weights_meta(w, key);
    return s ? strtod(s, NULL) : 0;
}

static int64_t meta_int(const at_weights *w, const char *key)
{
    const char *s = at_weights_meta(w, key);
    return s ? strtoll(s, NULL, 10) : 0;
}

int at_checkpoint_load(const char *path, at_params *p, at_adamw *o, at_progress_state *s,
                       attune_error *err)
{
    at_weights *w = NULL;
    int status = at_weights_load(&w, path, err);
    for (int i = 0; !status && i < p->count; i++) {
        at_param *q = p->list[i];
        status = take(w, "", q, q->value.data, path, err);
        status = status ? status : take(w, "m/", q, q->m, path, err);
        status = status ? status : take(w, "v/", q, q->v, path, err);
        status = status ? status : take(w, "ema/", q, q->ema, path, err);
    }
    if (!status) {
        const char *hash = at_weights_meta(w, "recipe");
        o->step = meta_int(w, "updates");
        s->step = meta_int(w, "step");
        s->steps = meta_int(w, "steps");
        s->best = meta_number(w, "best");
        s->loss = meta_number(w, "loss");
        s->recipe = hash ? strtoull(hash, NULL, 16) : 0;
    }
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

int at_params_load(const char *path, at_params *p, const char *optional, attune_error *err)
{
    at_weights *w = NULL;
    int status = at_weights_load(&w, path, err);
    for (int i = 0; !status && i < p->count; i++)
        if (!optional || strncmp(p->list[i]->name, optional, strlen(optional)) ||
            at_weights_find(w, p->list[i]->name))
            status = take(w, "", p->list[i], p->list[i]->value.data, path, err);
    at_weights_free(&w);
    return status;
}
