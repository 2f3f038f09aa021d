#include "tensor/tensor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

size_t at_tensor_count(const at_tensor *t)
{
    size_t n = 1;
    for (int i = 0; i < t->rank; i++)
        n *= (size_t)t->dim[i];
    return n;
}

int at_tensor_cols(const at_tensor *t)
{
    return t->rank > 0 ? t->dim[t->rank - 1] : 1;
}

int at_tensor_rows(const at_tensor *t)
{
    int rows = 1;
    for (int i = 0; i + 1 < t->rank; i++)
        rows *= t->dim[i];
    return rows;
}

/* ---- parameters ----------------------------------------------------------------------- */

/* FNV-1a. Models look up each of some hundreds of parameters by name in every pass. */
static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != 0; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

at_param *at_params_find(const at_params *s, const char *name)
{
    uint32_t hash = hash_of(name);
    for (int i = 0; i < s->count; i++)
        if (s->list[i]->hash == hash && strcmp(s->list[i]->name, name) == 0)
            return s->list[i];
    return NULL;
}

static void param_free(at_param *p)
{
    if (p == NULL)
        return;
    if (!p->borrowed)
        at_free(p->value.data);
    at_free(p->value.grad);
    at_free(p->m);
    at_free(p->v);
    at_free(p->ema);
    at_free(p);
}

static int same_shape(const at_tensor *t, int rank, const int *dim)
{
    if (t->rank != rank)
        return 0;
    for (int i = 0; i < rank; i++)
        if (t->dim[i] != dim[i])
            return 0;
    return 1;
}

static int make_room(at_params *s)
{
    if (s->count < s->capacity)
        return 1;
    int capacity = s->capacity > 0 ? 2 * s->capacity : 64;
    at_param **list = realloc(s->list, (size_t)capacity * sizeof *list);
    if (list == NULL)
        return 0;
    s->list = list;
    s->capacity = capacity;
    return 1;
}

/* A new one without values, not in the list yet, which has room for it. */
static at_param *new_param(at_params *s, const char *name, int rank, const int *dim)
{
    at_param *p = make_room(s) ? at_calloc(1, sizeof *p) : NULL;
    if (p == NULL)
        return NULL;
    assert(rank >= 0 && rank <= AT_MAX_RANK && strlen(name) < sizeof p->name);
    strcpy(p->name, name);
    p->hash = hash_of(name);
    p->trainable = 1;
    p->decay = rank > 1; /* not biases, not the scales of normalisations */
    p->lr_scale = 1;
    p->value.rank = rank;
    for (int i = 0; i < AT_MAX_RANK; i++)
        p->value.dim[i] = i < rank ? dim[i] : 1;
    return p;
}

at_param *at_params_get(at_params *s, const char *name, int rank, const int *dim)
{
    at_param *p = at_params_find(s, name);
    if (p != NULL)
        return same_shape(&p->value, rank, dim) ? p : NULL;
    p = new_param(s, name, rank, dim);
    if (p == NULL)
        return NULL;
    p->value.data = at_calloc(at_tensor_count(&p->value), sizeof(float));
    if (p->value.data == NULL) {
        param_free(p);
        return NULL;
    }
    s->list[s->count++] = p;
    return p;
}

at_param *at_params_borrow(at_params *s, const char *name, int rank, const int *dim,
                           const float *values)
{
    at_param *p = at_params_find(s, name) == NULL ? new_param(s, name, rank, dim) : NULL;
    if (p == NULL)
        return NULL;
    p->value.data = (float *)values;
    p->borrowed = 1;
    p->trainable = 0;
    s->list[s->count++] = p;
    return p;
}

void at_params_free(at_params *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < s->count; i++)
        param_free(s->list[i]);
    free(s->list);
    *s = (at_params){0};
}

void at_params_zero_grad(at_params *s)
{
    for (int i = 0; i < s->count; i++)
        s->list[i]->grad_is_zero = 1;
}

void at_param_settle_grad(at_param *p)
{
    if (p->grad_is_zero && p->value.grad != NULL)
        memset(p->value.grad, 0, at_tensor_count(&p->value) * sizeof(float));
    p->grad_is_zero = 0;
}
