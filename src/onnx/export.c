/* export.c - the files of a model's networks. */
#include "base/error.h"
#include "base/outset.h"
#include "onnx/networks.h"

#include <attune/onnx.h>
#include <string.h>

const char *attune_onnx_file(int i)
{
    int n = 0;

    while (at_onnx_networks[n].file)
        n++;
    return i >= 0 && i < n ? at_onnx_networks[i].file : NULL;
}

/* The network that an array is of: the one that its name begins with more of than with another's. NULL: of none. */
static const at_onnx_network *network_of(const char *array)
{
    const at_onnx_network *of = NULL;

    for (const at_onnx_network *n = at_onnx_networks; n->file; n++)
        if (strncmp(array, n->prefix, strlen(n->prefix)) == 0 &&
            (!of || strlen(n->prefix) > strlen(of->prefix)))
            of = n;
    return of;
}

static int has(const at_weights *w, const at_onnx_network *n)
{
    for (int i = 0; i < at_weights_count(w); i++)
        if (network_of(at_weights_at(w, i)->name) == n)
            return 1;
    return 0;
}

/* What the model's file says of itself, the networks' files say too. */
static void copy_meta(at_onnx *o, const at_weights *w)
{
    const char *key, *value;

    for (int i = 0; (value = at_weights_meta_at(w, i, &key)); i++)
        at_onnx_meta(o, key, value);
}

static int write_network(const at_onnx_network *n, const at_weights *w, FILE *f, attune_error *err)
{
    at_onnx *o = NULL;
    int status = at_onnx_create(&o, n->name, n->doc, err);

    status = status ? status : n->write(o, w, err);
    if (!status) {
        copy_meta(o, w);
        status = at_onnx_write(o, f, err);
    }
    at_onnx_free(&o);
    return status;
}

static int write_all(const at_weights *w, at_outset *set, unsigned *have, attune_error *err)
{
    int status = ATTUNE_OK;

    for (int i = 0; at_onnx_networks[i].file && !status; i++) {
        const at_onnx_network *n = &at_onnx_networks[i];
        FILE *f;
        if (!has(w, n))
            continue;
        status = at_outset_add(set, n->file, &f, err);
        status = status ? status : write_network(n, w, f, err);
        *have |= 1u << i;
    }
    return status;
}

int attune_onnx_export(const char *model, const char *dir, unsigned *have, attune_error *err)
{
    at_weights *w = NULL;
    at_outset *set = NULL;
    unsigned written = 0;
    int status = at_weights_load(&w, model, err);

    status = status ? status : at_outset_open(&set, dir, err);
    status = status ? status : write_all(w, set, &written, err);
    if (!status && !written)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: holds no network that is known", model);
    status = status ? status : at_outset_commit(set, err);
    if (!status && have)
        *have = written;
    at_outset_free(&set);
    at_weights_free(&w);
    return status;
}
