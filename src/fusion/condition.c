#include "fusion/condition.h"
#include "base/error.h"
#include "base/mem.h"
#include "fusion/arrays.h"
#include <math.h>

static int load_statistics(at_reference *r, const at_weights *w, const char *of, attune_error *err)
{
    r->mean = at_alloc((size_t)r->dims, sizeof(float));
    r->inv_std = at_alloc((size_t)r->dims, sizeof(float));
    if (!r->mean || !r->inv_std)
        return at_fail_nomem(err);
    int has_mean = at_fusion_take_part(w, of, "mean", r->dims, r->mean, err);
    int has_var = at_fusion_take_part(w, of, "var", r->dims, r->inv_std, err);
    if (has_mean < 0 || has_var < 0)
        return ATTUNE_E_FORMAT;
    if (!has_mean || !has_var) {
        at_reference_free(r);
        return ATTUNE_OK;
    }
    for (int i = 0; i < r->dims; i++)
        r->inv_std[i] = 1 / sqrtf(fmaxf(r->inv_std[i], 1e-12f));
    return ATTUNE_OK;
}

int at_reference_load(at_reference *r, const at_weights *w, const char *of, int dims,
                      attune_error *err)
{
    float reach[2] = {1.5f, 3};
    *r = (at_reference){.dims = dims};
    if (at_fusion_take_part(w, of, "distance", 2, reach, err) < 0)
        return ATTUNE_E_FORMAT;
    r->near = reach[0];
    r->far = reach[1];
    if (!(r->far > r->near))
        return at_fail(err, ATTUNE_E_FORMAT, "model: %s.distance does not rise", of);
    return load_statistics(r, w, of, err);
}

int at_reference_set(at_reference *r, const float *mean, const float *var)
{
    r->mean = at_alloc((size_t)r->dims, sizeof(float));
    r->inv_std = at_alloc((size_t)r->dims, sizeof(float));
    if (!r->mean || !r->inv_std)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < r->dims; i++) {
        r->mean[i] = mean[i];
        r->inv_std[i] = 1 / sqrtf(fmaxf(var[i], 1e-12f));
    }
    return ATTUNE_OK;
}

void at_reference_free(at_reference *r)
{
    at_free(r->mean);
    at_free(r->inv_std);
    r->mean = r->inv_std = NULL;
}

float at_embedding_distance(const float *embedding, const float *mean, const float *inv_std,
                            int dims)
{
    double sum = 0;
    for (int i = 0; i < dims; i++) {
        double z = (double)(embedding[i] - mean[i]) * inv_std[i];
        sum += z * z;
    }
    return (float)sqrt(sum / dims);
}

/* 1 up to near, a half at far, falling as a Cauchy tail: far out it never quite reaches 0. */
static float nearness(const at_reference *r, const float *embedding)
{
    if (!r->mean || !embedding)
        return 1;
    float d = at_embedding_distance(embedding, r->mean, r->inv_std, r->dims);
    if (!isfinite(d))
        return 0;
    float over = fmaxf(0, d - r->near) / (r->far - r->near);
    return 1 / (1 + over * over);
}

float at_condition(const at_reference *r, const at_evidence *e)
{
    if (!e->present)
        return 0;
    float quality = isfinite(e->quality) ? fminf(1, fmaxf(0, e->quality)) : 0;
    float share = fminf(1, fmaxf(0, e->share) / AT_FULL_SHARE);
    return nearness(r, e->embedding) * quality * share;
}
