/* Hostile checkpoints: an error in words, or a state within its ranges and arrays of numbers. Weights that a
 * training starts from are read by the same calls. */
#include "fuzz.h"

#include "train/checkpoint.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { ROWS = 3, COLS = 4 };

static void make(at_params *p, at_adamw *o)
{
    at_param *w = at_params_get(p, "audio.weight", 2, (int[]){ROWS, COLS});
    at_param *b = at_params_get(p, "audio.bias", 1, (int[]){COLS});

    FUZZ_CHECK(w && b);
    *o = (at_adamw){.beta1 = 0.9f, .beta2 = 0.99f, .eps = 1e-8f, .ema = 0.5f};
    FUZZ_CHECK(at_adamw_init(o, p, NULL) == ATTUNE_OK);
}

static void check_numbers(const at_params *p)
{
    for (int i = 0; i < p->count; i++) {
        const at_param *q = p->list[i];
        for (size_t k = 0; k < at_tensor_count(&q->value); k++) {
            FUZZ_CHECK(isfinite(q->value.data[k]) && isfinite(q->m[k]));
            FUZZ_CHECK(isfinite(q->v[k]) && q->v[k] >= 0);
            FUZZ_CHECK(!q->ema || isfinite(q->ema[k]));
        }
    }
}

static void check_state(const at_progress_state *s, const at_adamw *o)
{
    FUZZ_CHECK(s->step >= 0 && s->step <= s->steps && o->step >= 0 && o->step <= s->step);
    FUZZ_CHECK(isfinite(s->best) && isfinite(s->score) && isfinite(s->loss));
    FUZZ_CHECK(s->rate >= 0 && s->rate <= 10 && s->waited >= 0 && s->stale >= 0);
    FUZZ_CHECK(s->skipped >= 0 && s->skipped <= s->step);
    FUZZ_CHECK(isfinite(s->scaling.scale) && s->scaling.scale >= 0 && s->scaling.good >= 0);
}

static void resume(const char *path)
{
    at_params p = {0};
    at_adamw o;
    at_progress_state s = {0};
    attune_error err = {0};
    uint64_t stamp;

    make(&p, &o);
    const int status = at_checkpoint_load(path, &p, &o, &s, &err);
    if (status == ATTUNE_OK) {
        check_numbers(&p);
        check_state(&s, &o);
        FUZZ_CHECK(at_checkpoint_stamp(path, &stamp, NULL) == ATTUNE_OK && stamp == s.stamp);
    } else {
        FUZZ_CHECK(status == (int)err.status && err.text[0]);
    }
    at_params_free(&p);
}

static void start_from(const char *path)
{
    static const char *const optional[] = {"audio.b", NULL};
    at_params p = {0}, copy = {0};
    at_adamw o;
    at_weights *w = NULL;
    attune_error err = {0};

    make(&p, &o);
    FUZZ_CHECK(at_params_load(path, &p, optional, &err) == ATTUNE_OK || err.text[0]);
    at_params_free(&p);
    if (at_weights_load(&w, path, NULL) != ATTUNE_OK)
        return;
    err = (attune_error){0};
    const int status = at_params_copy(&copy, w, "audio", "audio.b", &err);
    FUZZ_CHECK(status == ATTUNE_OK || (err.text[0] && status == ATTUNE_E_FORMAT));
    at_params_free(&copy);
    at_weights_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);

    resume(path);
    start_from(path);
    return 0;
}
