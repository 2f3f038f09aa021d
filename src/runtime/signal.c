/* signal.c - the signal modality: columns of numbers that were recorded beside pictures and sound.
 *
 * Every window tells of each column. Only where the model's fusion was trained with columns of these names is there a
 * finding, so that a signal changes no other model's answers.
 */
#include "base/error.h"
#include "base/mem.h"
#include "base/names.h"
#include "runtime/modality.h"
#include "signal/column.h"

#include <math.h>
#include <string.h>

typedef struct at_signal_stream {
    at_setting setting;
    const attune_beside_setup *setup;
    int columns;
    at_column column[ATTUNE_MAX_SIGNALS];
    attune_signal said[ATTUNE_MAX_SIGNALS]; /* of the latest window */

    const at_signal_scale *scale;  /* NULL: no fusion wants it */
    int place[ATTUNE_MAX_SIGNALS]; /* of the model's columns among ours */
    float embedding[AT_SIGNAL_EMBED], token[AT_SIGNAL_TOKENS * AT_SIGNAL_TOKEN];
    int64_t times[AT_SIGNAL_TOKENS];
} at_signal_stream;

/* ---- open and free -------------------------------------------------------------------------- */

static void signal_free(void **self)
{
    at_signal_stream *s = *self;

    if (!s)
        return;
    for (int k = 0; k < ATTUNE_MAX_SIGNALS; k++)
        at_column_free(&s->column[k]);
    at_free(s);
    *self = NULL;
}

static int signal_open(void **self, const at_setting *setting, attune_error *err)
{
    const attune_beside_setup *setup = setting->o->beside;
    const at_signal_scale *scale = &setting->model->signal;
    at_signal_stream *s;
    int columns, rc = ATTUNE_OK;

    *self = NULL;
    if (!setup || !setup->signals)
        return ATTUNE_OK;
    columns = at_count_columns(setup->signals, err);
    if (columns < 0)
        return columns;
    *self = s = at_calloc(1, sizeof *s);
    if (!s)
        return at_fail_nomem(err);
    s->setting = *setting;
    s->setup = setup;
    s->columns = columns;
    if (scale->columns && !at_signal_places(scale, setup->signals, setup->events, s->place))
        s->scale = scale;
    for (int k = 0; k < columns && rc == ATTUNE_OK; k++)
        rc = at_column_open(&s->column[k], setup->events >> k & 1,
                            setting->o->window_s + setting->o->lag_s + 1);
    if (rc < 0)
        signal_free(self);
    return rc < 0 ? at_fail_nomem(err) : ATTUNE_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void signal_push(void *self, int64_t t_us, const float *value)
{
    at_signal_stream *s = self;

    for (int k = 0; k < s->columns; k++)
        if (isfinite(value[k]))
            at_column_push(&s->column[k], t_us, value[k]);
}

static void signal_forget_before(void *self, int64_t t_us)
{
    at_signal_stream *s = self;

    for (int k = 0; k < s->columns; k++)
        at_column_forget_before(&s->column[k], t_us);
}

/* ---- a window -------------------------------------------------------------------------------- */

/* The window in parts, in the model's order of columns. */
static void tokens(at_signal_stream *s, const attune_signal *said, int64_t start_us, int64_t end_us)
{
    for (int i = 0; i < AT_SIGNAL_TOKENS; i++) {
        const int64_t from = start_us + (end_us - start_us) * i / AT_SIGNAL_TOKENS;
        const int64_t to = start_us + (end_us - start_us) * (i + 1) / AT_SIGNAL_TOKENS;
        float mean[ATTUNE_MAX_SIGNALS];
        for (int c = 0; c < s->scale->columns; c++)
            mean[c] = at_column_mean(&s->column[s->place[c]], from, to);
        at_signal_token(s->scale, mean, said, s->token + (size_t)i * AT_SIGNAL_TOKEN);
        s->times[i] = from + (to - from) / 2;
    }
}

static int signal_collect(void *self, int64_t start_us, int64_t end_us, at_finding *out)
{
    at_signal_stream *s = self;
    attune_signal said[ATTUNE_MAX_SIGNALS];
    float share;

    for (int k = 0; k < s->columns; k++)
        at_column_window(&s->column[k], start_us, end_us,
                         s->setup->usual ? &s->setup->usual[k] : NULL, &s->said[k]);
    if (!s->scale)
        return 0;
    for (int c = 0; c < s->scale->columns; c++)
        said[c] = s->said[s->place[c]];
    share = at_signal_coverage(s->scale, said);
    if (!(share > 0))
        return 0;
    at_signal_embed(s->scale, said, s->embedding);
    tokens(s, said, start_us, end_us);
    *out =
        (at_finding){.evidence = {.present = 1,
                                  .embedding = s->embedding,
                                  .tokens = {AT_SIGNAL_TOKENS, AT_SIGNAL_TOKEN, s->token, s->times},
                                  .quality = 1,
                                  .share = share}};
    return 1;
}

static void signal_keep(void *self, at_keep *k)
{
    at_signal_stream *s = self;

    for (int c = 0; c < s->columns; c++)
        at_column_keep(k, &s->column[c]);
}

static void signal_tell_beside(const void *self, attune_beside *out)
{
    const at_signal_stream *s = self;

    out->signals = s->columns;
    memcpy(out->signal, s->said, sizeof out->signal);
}

const at_modality at_signal_modality = {
    .name = "signal",
    .input = AT_BESIDE,
    .open = signal_open,
    .free = signal_free,
    .push_row = signal_push,
    .forget_before = signal_forget_before,
    .collect = signal_collect,
    .tell_beside = signal_tell_beside,
    .keep = signal_keep,
};
