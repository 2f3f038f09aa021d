#include "experiments/whole.h"

#include "base/error.h"
#include "tensor/weights.h"
#include "tensor/tensor.h"
#include "tensor/weights_digest.h"
#include "vision/detect.h"

#include <stdio.h>
#include <string.h>

static int begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

int at_whole_check(const char *path, int *both, attune_error *err)
{
    at_weights *w = NULL;
    int face = 0, voice = 0;
    const int status = at_weights_load(&w, path, err);
    for (int i = 0; !status && i < at_weights_count(w); i++) {
        face |= begins(at_weights_at(w, i)->name, "visual.");
        voice |= begins(at_weights_at(w, i)->name, "audio.");
    }
    at_weights_free(&w);
    *both = face && voice;
    return status;
}

/* All arrays of w but (or, with wanted, none but) those whose names begin with prefix. */
static int copy(at_weights_writer *out, const at_weights *w, const char *prefix, int wanted)
{
    int status = ATTUNE_OK;
    for (int i = 0; i < at_weights_count(w) && !status; i++) {
        const at_weight *a = at_weights_at(w, i);
        if (begins(a->name, prefix) == wanted)
            status = at_weights_put(out, a->name, a->rank, a->dim, a->data, 0);
    }
    return status;
}

/* All but the kind, and the digest of what was. */
static int copy_meta(at_weights_writer *out, const at_weights *w, const char *kind)
{
    const char *key, *value;
    int status = at_weights_put_meta(out, "fusion", kind);
    for (int i = 0; !status && (value = at_weights_meta_at(w, i, &key)); i++)
        if (strcmp(key, "fusion") != 0 && strcmp(key, AT_WEIGHTS_DIGEST) != 0)
            status = at_weights_put_meta(out, key, value);
    return status;
}

int at_whole_with_fusion(const char *model, const char *kind, const char *learned, const char *out,
                         attune_error *err)
{
    at_weights *base = NULL, *fusion = NULL;
    at_weights_writer *w = NULL;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "fusion.%s.", kind);
    int status = at_weights_load(&base, model, err);
    if (!status && learned)
        status = at_weights_load(&fusion, learned, err);
    status = status ? status : at_weights_writer_create(&w, err);
    if (!status && (copy(w, base, prefix, 0) || (fusion && copy(w, fusion, prefix, 1)) ||
                    copy_meta(w, base, kind)))
        status = at_fail_nomem(err);
    status = status ? status : at_weights_save(w, out, err);
    at_weights_writer_free(&w);
    at_weights_free(&fusion);
    at_weights_free(&base);
    return status;
}

static int put_params(at_weights_writer *out, const at_params *p)
{
    int status = ATTUNE_OK;
    for (int i = 0; i < p->count && !status; i++) {
        const at_param *a = p->list[i];
        status = at_weights_put(out, a->name, a->value.rank, a->value.dim, a->value.data, 0);
    }
    return status;
}

int at_whole_with_detector(const char *net, const char *detector, const char *out,
                           attune_error *err)
{
    at_weights *base = NULL, *finder = NULL;
    at_params p = {0};
    at_weights_writer *w = NULL;
    int status = at_weights_load(&base, net, err);
    status = status ? status : at_weights_load(&finder, detector, err);
    status = status ? status : at_detector_import(&p, finder, err);
    status = status ? status : at_weights_writer_create(&w, err);
    if (!status && (copy(w, base, "detector.", 0) || put_params(w, &p)))
        status = at_fail_nomem(err);
    status = status ? status : at_weights_save(w, out, err);
    at_weights_writer_free(&w);
    at_params_free(&p);
    at_weights_free(&finder);
    at_weights_free(&base);
    return status;
}
