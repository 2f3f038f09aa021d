/* bench_analyze.c - a clip from its file to the last window: how much faster than it plays. */
#include "bench/bench.h"

#include "base/tree.h"
#include "base/error.h"

#include <stdlib.h>

typedef struct analysis {
    attune_model *model;
    const char *clip;
    char demo[4096];
    int threads;
    at_bench_work *work;
} analysis;

void at_bench_analyze_destroy(void *state)
{
    analysis *a = state;
    attune_model_free(&a->model);
    free(a);
}

static int take_window(void *user, const attune_window *w)
{
    (void)user, (void)w;
    return 0;
}

int at_bench_analyze_run(void *state, attune_error *err)
{
    analysis *a = state;
    const attune_options o = {.threads = a->threads};
    const attune_sink sink = {.window = take_window};
    attune_input_info info;
    int status = attune_analyze_file(a->model, a->clip, &o, &sink, &info, err);
    if (!status && !(info.duration_s > 0))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: nothing in it", a->clip);
    a->work->items = info.duration_s;
    return status;
}

int at_bench_analyze_create(void **state, const at_bench_setup *s, at_bench_work *work,
                            attune_error *err)
{
    analysis *a = calloc(1, sizeof *a);
    if (!a)
        return at_fail_nomem(err);
    at_tree_find(a->demo, sizeof a->demo, "demo/talking_head.mp4");
    a->clip = s->clip ? s->clip : a->demo;
    a->threads = s->threads;
    a->work = work;
    int status = attune_model_load(&a->model, s->model, err);
    status = status ? status : attune_model_set_precision(a->model, s->precision, err);
    if (status) {
        at_bench_analyze_destroy(a);
        return status;
    }
    *state = a;
    return ATTUNE_OK;
}
