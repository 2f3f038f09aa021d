/* evidence_beside.c - what signals and chats that were recorded beside clips say, as evidence: by the functions that
 * tell a session's windows of them. No network hears them, so nothing is kept. */
#include "base/error.h"
#include "base/mem.h"
#include "data/pairs.h"
#include "signal/column.h"
#include "text/chat.h"
#include "train/calibrate.h"
#include "train/evidence_room.h"
#include <attune/log.h>
#include <math.h>
#include <string.h>

static const int64_t window_us = (int64_t)(ATTUNE_DEFAULT_WINDOW_S * 1e6);
static const double most_s = 120; /* of a log, at full detail */

static attune_log_time time_of(const at_beside_settings *b)
{
    return b->log_time ? (attune_log_time)attune_log_time_of(b->log_time) : ATTUNE_TIME_TOLD;
}

static int open_log(attune_log **out, const char *path, int chat, const at_beside_settings *b,
                    const at_job *job, attune_error *err)
{
    const attune_log_options o = {.chat = chat,
                                  .columns = b->columns,
                                  .events = b->events,
                                  .time = time_of(b),
                                  .stop = job->options->stop,
                                  .user = job->options->user};
    const at_watcher watcher = at_job_watcher(job);
    *out = NULL;
    /* few logs are so long that it is asked while they are read */
    if (at_watcher_stays(&watcher, err))
        return ATTUNE_E_INTERRUPTED;
    return attune_log_open(out, path, &o, err);
}

/* ---- signals -------------------------------------------------------------------------------- */

/* What a window said, before it is known how columns are standardised. */
typedef struct told {
    int there;
    attune_signal column[ATTUNE_MAX_SIGNALS];
    float part[AT_SIGNAL_TOKENS][ATTUNE_MAX_SIGNALS]; /* means */
    int64_t start_us;
} told;

/* Version v of them lies in the v-th part of the log, the last one where it ends. */
static int64_t window_start(int64_t end_us, int version, int versions)
{
    const int64_t room = end_us - window_us;
    return room <= 0 ? 0 : versions > 1 ? room * version / (versions - 1) : room / 2;
}

static void tell(told *t, const at_column *column, const attune_signal_usual *usual, int columns)
{
    const int64_t from = t->start_us, to = from + window_us;
    for (int k = 0; k < columns; k++) {
        at_column_window(&column[k], from, to, &usual[k], &t->column[k]);
        t->there |= t->column[k].coverage > 0;
        for (int i = 0; i < AT_SIGNAL_TOKENS; i++)
            t->part[i][k] = at_column_mean(&column[k], from + window_us * i / AT_SIGNAL_TOKENS,
                                           from + window_us * (i + 1) / AT_SIGNAL_TOKENS);
    }
}

/* All windows of one log. */
static int tell_log(const at_signal_scale *s, attune_log *log, told *t, int versions,
                    attune_error *err)
{
    at_column column[ATTUNE_MAX_SIGNALS] = {{0}};
    attune_signal_usual usual[ATTUNE_MAX_SIGNALS];
    float value[ATTUNE_MAX_SIGNALS];
    int place[ATTUNE_MAX_SIGNALS];
    int64_t end_us, t_us;
    int status = ATTUNE_OK;
    attune_log_rows(log, &end_us);
    at_signal_places(s, attune_log_signals(log), attune_log_events(log), place);
    for (int k = 0; k < s->columns && !status; k++) {
        usual[k] = place[k] < 0 ? (attune_signal_usual){NAN, NAN} : attune_log_usual(log)[place[k]];
        if (at_column_open(&column[k], s->events >> k & 1,
                           fmin(fmax((double)end_us / 1e6, 0), most_s)) < 0)
            status = at_fail_nomem(err);
    }
    while (status >= 0 && (status = attune_log_next(log, &t_us, value, NULL, NULL, err)) == 1)
        for (int k = 0; k < s->columns; k++)
            if (place[k] >= 0 && isfinite(value[place[k]])) { /* else no row has one */
                at_column_push(&column[k], t_us, value[place[k]]);
                if (t_us < 0)
                    at_column_forget_before(&column[k], t_us);
            }
    for (int v = 0; v < versions && !status; v++) {
        t[v].start_us = window_start(end_us, v, versions);
        tell(&t[v], column, usual, s->columns);
    }
    for (int k = 0; k < s->columns; k++)
        at_column_free(&column[k]);
    return status;
}

static int tell_sample(const at_beside_settings *b, const at_job *job, const at_signal_scale *s,
                       const char *path, told *t, int versions, attune_error *err)
{
    attune_log *log;
    int status = open_log(&log, path, 0, b, job, err);
    if (!status)
        status = tell_log(s, log, t, versions, err);
    attune_log_free(&log);
    return status;
}

/* Mean and one over the deviation of each column's means, over all windows. */
static void fit_scale(at_signal_scale *s, const told *t, int n)
{
    for (int k = 0; k < s->columns; k++) {
        double mean = 0, m2 = 0;
        int all = 0;
        for (int i = 0; i < n; i++)
            if (isfinite(t[i].column[k].mean)) {
                const double step = (double)t[i].column[k].mean - mean;
                mean += step / ++all;
                m2 += step * ((double)t[i].column[k].mean - mean);
            }
        s->center[k] = (float)mean;
        s->scale[k] = m2 > 0 ? (float)(1 / sqrt(m2 / all)) : 1;
    }
}

static void fill(const at_evidence_set *out, const at_signal_scale *s, const told *t, int sample,
                 int version)
{
    const at_evidence_row row = at_evidence_row_of(out, sample, version);
    *row.present = (float)t->there;
    if (!t->there)
        return;
    *row.quality = 1;
    *row.share = at_signal_coverage(s, t->column);
    at_signal_embed(s, t->column, row.embedding);
    *row.tokens = AT_SIGNAL_TOKENS;
    for (int i = 0; i < AT_SIGNAL_TOKENS; i++) {
        row.time_us[i] = (float)(t->start_us + window_us * (2 * i + 1) / (2 * AT_SIGNAL_TOKENS));
        at_signal_token(s, t->part[i], t->column, row.token + (size_t)i * AT_SIGNAL_TOKEN);
    }
}

int at_signal_evidence_set(at_evidence_set *out, const at_job *job, const at_fusion_settings *s,
                           at_signal_scale *scale, int fit, const at_corpus *c, attune_error *err)
{
    const size_t versions = (size_t)s->versions, n = (size_t)c->count * versions;
    told *t = at_calloc(n ? n : 1, sizeof *t);
    *out = (at_evidence_set){.shape = {AT_SIGNAL_EMBED, AT_SIGNAL_TOKEN, AT_SIGNAL_TOKENS},
                             .versions = s->versions};
    int status = t ? at_evidence_room(out, c->count, err) : at_fail_nomem(err);
    for (int i = 0; i < c->count && !status; i++)
        if (c->list[i].signal)
            status = tell_sample(&s->signals, job, scale, c->list[i].signal,
                                 t + (size_t)i * versions, s->versions, err);
    if (!status && fit)
        fit_scale(scale, t, (int)n);
    for (int i = 0; i < c->count && !status; i++) {
        out->emotion[i] = at_labelled_emotion(&c->list[i], c->head);
        for (int v = 0; v < s->versions; v++)
            fill(out, scale, &t[(size_t)i * versions + (size_t)v], i, v);
    }
    at_free(t);
    return status ? status : at_evidence_settle(out, err);
}

/* ---- chats ---------------------------------------------------------------------------------- */

static void forget_first(const at_evidence_row *row)
{
    const size_t left = (size_t)*row->tokens - 1;
    memmove(row->time_us, row->time_us + 1, left * sizeof *row->time_us);
    memmove(row->token, row->token + AT_TEXT_DIMS, left * AT_TEXT_DIMS * sizeof *row->token);
    *row->tokens = (float)left;
}

static void hear(const at_evidence_row *row, int64_t t_us, const char *text, size_t n)
{
    at_text_answer answer;
    float *token;
    if (*row->tokens >= AT_TEXT_TOKENS)
        forget_first(row);
    token = row->token + (size_t)*row->tokens * AT_TEXT_DIMS;
    at_text_read(&answer, text, n);
    at_text_embed(&answer, token);
    row->time_us[(int)*row->tokens] = (float)t_us;
    *row->tokens += 1;
    *row->present += 1;
    for (int d = 0; d < AT_TEXT_DIMS; d++)
        row->embedding[d] += token[d];
}

/* All messages of a clip's chat, as one window has them. */
static int hear_log(const at_evidence_row *row, const at_job *job, const at_beside_settings *b,
                    const char *path, attune_error *err)
{
    attune_log *log;
    const char *text;
    int64_t t_us;
    size_t n;
    int status = open_log(&log, path, 1, b, job, err);
    while (status >= 0 && log && (status = attune_log_next(log, &t_us, NULL, &text, &n, err)) == 1)
        if (t_us >= 0)
            hear(row, t_us, text, n);
    attune_log_free(&log);
    if (!(*row->present > 0))
        return status;
    for (int d = 0; d < AT_TEXT_DIMS; d++)
        row->embedding[d] /= *row->present;
    *row->present = *row->quality = *row->share = 1;
    return status;
}

int at_chat_evidence_set(at_evidence_set *out, const at_job *job, const at_beside_settings *b,
                         const at_corpus *c, attune_error *err)
{
    *out = (at_evidence_set){.shape = {AT_TEXT_DIMS, AT_TEXT_DIMS, AT_TEXT_TOKENS}, .versions = 1};
    int status = at_evidence_room(out, c->count, err);
    for (int i = 0; i < c->count && !status; i++) {
        const at_evidence_row row = at_evidence_row_of(out, i, 0);
        out->emotion[i] = at_labelled_emotion(&c->list[i], c->head);
        if (c->list[i].chat)
            status = hear_log(&row, job, b, c->list[i].chat, err);
    }
    return status ? status : at_evidence_settle(out, err);
}
