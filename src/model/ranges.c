#include "model/ranges.h"
#include "base/error.h"
#include "tensor/weights_digest.h"
#include <stdio.h>
#include <string.h>

enum { MOST_BYTES = 1 << 16 };

void at_mb_range_arrays(const at_mb_ranges *r, at_range_array out[AT_MB_RANGE_ARRAYS])
{
    out[0] = (at_range_array){"visual.range.widened", AT_MB_BLOCKS, r->widened};
    out[1] = (at_range_array){"visual.range.depthwise", AT_MB_BLOCKS, r->depthwise};
    out[2] = (at_range_array){"visual.range.map", AT_MB_BLOCKS, r->map};
}

int at_mb_ranges_read(at_mb_ranges *out, const at_weights *ranges, attune_error *err)
{
    float *const to[AT_MB_RANGE_ARRAYS] = {out->widened, out->depthwise, out->map};
    at_range_array list[AT_MB_RANGE_ARRAYS];

    at_mb_range_arrays(out, list);
    for (int i = 0; i < AT_MB_RANGE_ARRAYS; i++) {
        const at_weight *w = at_weights_find(ranges, list[i].name);
        if (!w || w->rank != 1 || w->dim[0] != list[i].n)
            return at_fail(err, ATTUNE_E_FORMAT, "ranges of activations: %s %s", list[i].name,
                           w ? "has the wrong shape" : "is missing");
        memcpy(to[i], w->data, (size_t)list[i].n * sizeof *to[i]);
    }
    return ATTUNE_OK;
}

int at_ranges_save(const at_range_array *list, int n, const at_weights *model, const char *path,
                   attune_error *err)
{
    const char *digest = at_weights_meta(model, AT_WEIGHTS_DIGEST);
    at_weights_writer *w = NULL;
    int status =
        digest ? at_weights_writer_create(&w, err)
               : at_fail(err, ATTUNE_E_FORMAT,
                         "%s: its model has no digest by which ranges are known to be of it", path);

    for (int i = 0; i < n && !status; i++)
        if (at_weights_put(w, list[i].name, 1, &list[i].n, list[i].value, 0))
            status = at_fail_nomem(err);
    if (!status && at_weights_put_meta(w, "of", digest))
        status = at_fail_nomem(err);
    status = status ? status : at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    return status;
}

static int check(const at_weights *w, const at_weights *model, const char *path, attune_error *err)
{
    const char *of = at_weights_meta(w, "of"), *digest = at_weights_meta(model, AT_WEIGHTS_DIGEST);

    if (!of || !digest || strcmp(of, digest) != 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: of another model", path);
    if (!at_weights_meta(w, AT_WEIGHTS_DIGEST))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: has no digest", path);
    return at_weights_check(w, path, "", 0, AT_WEIGHTS_MOST, err);
}

int at_ranges_load(at_weights **out, const at_weights *model, const char *model_path,
                   attune_error *err)
{
    static const char ending[] = ".safetensors";
    size_t n = strlen(model_path), tail = sizeof ending - 1;
    char path[4096];

    *out = NULL;
    n -= n > tail && strcmp(model_path + n - tail, ending) == 0 ? tail : 0;
    if (snprintf(path, sizeof path, "%.*s.int8%s", (int)n, model_path, ending) >= (int)sizeof path)
        return at_fail(err, ATTUNE_E_ARG, "%s: too long a name", model_path);
    int status = at_fail_unmade(at_weights_load_within(out, path, MOST_BYTES, err), path,
                                "attune train makes it, by a recipe like recipes/int8.json", err);
    status = status ? status : check(*out, model, path, err);
    if (status)
        at_weights_free(out);
    return status;
}
