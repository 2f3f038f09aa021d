#include "model/ranges.h"
#include "base/error.h"
#include "tensor/weights_digest.h"
#include <stdio.h>
#include <string.h>

enum { MOST_BYTES = 1 << 16 };

/* Which array holds which ranges. */
typedef struct part {
    const char *name;
    int n;
    float *value;
} part;

enum { PARTS = 3 };

static void list_parts(at_ranges *r, part out[PARTS])
{
    out[0] = (part){"visual.range.widened", AT_MB_BLOCKS, r->visual.widened};
    out[1] = (part){"visual.range.depthwise", AT_MB_BLOCKS, r->visual.depthwise};
    out[2] = (part){"visual.range.map", AT_MB_BLOCKS, r->visual.map};
}

int at_ranges_save(const at_ranges *r, const at_weights *model, const char *path, attune_error *err)
{
    const char *digest = at_weights_meta(model, AT_WEIGHTS_DIGEST);
    at_ranges copy = *r;
    part list[PARTS];
    at_weights_writer *w = NULL;
    int status = at_weights_writer_create(&w, err);

    list_parts(&copy, list);
    for (int i = 0; i < PARTS && !status; i++)
        if (at_weights_put(w, list[i].name, 1, &list[i].n, list[i].value, 0))
            status = at_fail_nomem(err);
    if (!status && at_weights_put_meta(w, "of", digest ? digest : ""))
        status = at_fail_nomem(err);
    status = status ? status : at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    return status;
}

static int take_part(const part *p, const at_weights *w, const char *path, attune_error *err)
{
    const at_weight *t = at_weights_find(w, p->name);

    if (!t || t->rank != 1 || t->dim[0] != p->n)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s: %s", path, p->name,
                       t ? "wrong shape" : "missing");
    memcpy(p->value, t->data, (size_t)p->n * sizeof *p->value);
    return at_weights_check(w, path, p->name, 0, AT_WEIGHTS_MOST, err);
}

static int take_all(at_ranges *out, const at_weights *w, const at_weights *model, const char *path,
                    attune_error *err)
{
    const char *of = at_weights_meta(w, "of"), *digest = at_weights_meta(model, AT_WEIGHTS_DIGEST);
    part list[PARTS];
    int status = ATTUNE_OK;

    if (!of || !digest || strcmp(of, digest) != 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: of another model", path);
    list_parts(out, list);
    for (int i = 0; i < PARTS && !status; i++)
        status = take_part(&list[i], w, path, err);
    return status;
}

int at_ranges_load(at_ranges *out, const at_weights *model, const char *model_path,
                   attune_error *err)
{
    static const char ending[] = ".safetensors";
    size_t n = strlen(model_path), tail = sizeof ending - 1;
    char path[4096];
    at_weights *w = NULL;

    n -= n > tail && strcmp(model_path + n - tail, ending) == 0 ? tail : 0;
    if (snprintf(path, sizeof path, "%.*s.int8%s", (int)n, model_path, ending) >= (int)sizeof path)
        return at_fail(err, ATTUNE_E_ARG, "%s: too long a name", model_path);
    int status = at_weights_load_within(&w, path, MOST_BYTES, err);
    status = status ? status : take_all(out, w, model, path, err);
    at_weights_free(&w);
    return status;
}
