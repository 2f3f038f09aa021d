#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "signal/column.h"
#include "signal/log_clock.h"
#include "signal/log_columns.h"
#include "signal/log_format.h"
#include "signal/log_message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { USUAL_CELLS_S = 1 }; /* what is usual needs no values that wait */

struct attune_log {
    at_log_rows rows;
    const at_log_format *format;
    char *path;
    at_log_clock clock;
    at_log_columns columns; /* of signals */
    int chat, text_column, from_column;
    char *from; /* nullable */

    attune_signal_usual usual[ATTUNE_MAX_SIGNALS];
    int64_t taken, end_us;
    at_digest digest; /* of names, and of all rows */
};

/* ---- messages ------------------------------------------------------------------------------- */

static int take_text(attune_log *l, const attune_log_options *o, attune_error *err)
{
    l->text_column = at_log_row_find_any(&l->rows, at_log_texts);
    l->from_column = at_log_row_find_any(&l->rows, at_log_senders);
    if (l->text_column < 0 || l->text_column == l->clock.column)
        return at_log_row_fail(&l->rows, err, "no column 'text', 'message' or 'content'");
    if (o->from && l->from_column < 0)
        return at_log_row_fail(&l->rows, err,
                               "no column 'from', 'sender', 'author', 'name' or 'user'");
    l->from = o->from ? strdup(o->from) : NULL;
    return o->from && !l->from ? at_fail_nomem(err) : ATTUNE_OK;
}

static int read_text(const attune_log *l, const char **text, size_t *n, attune_error *err)
{
    *text = at_log_row_field(&l->rows, l->text_column);
    *n = l->text_column < l->rows.fields ? l->rows.length[l->text_column] : 0;
    if (*n > ATTUNE_MAX_MESSAGE)
        return at_log_row_fail(&l->rows, err, "its text is longer than %d bytes",
                               ATTUNE_MAX_MESSAGE);
    if (!at_utf8_is(*text))
        return at_log_row_fail(&l->rows, err, "its text is no UTF-8: save the file as UTF-8");
    return ATTUNE_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* As attune_log_next, of all rows. */
static int read_row(attune_log *l, int64_t *t_us, float *value, const char **text, size_t *n,
                    attune_error *err)
{
    int rc = l->format->next(&l->rows, err);

    if (rc <= 0)
        return rc;
    rc = at_log_clock_read(&l->clock, &l->rows, t_us, err);
    if (rc == ATTUNE_OK)
        rc = l->chat ? read_text(l, text, n, err)
                     : at_log_columns_read(&l->columns, &l->rows, value, err);
    return rc < 0 ? rc : 1;
}

/* A row of a signal; of a chat what is said, by whom the caller wants to hear. */
static int is_taken(const attune_log *l, size_t n)
{
    if (l->chat && n == 0)
        return 0;
    return !l->from || strcasecmp(l->from, at_log_row_field(&l->rows, l->from_column)) == 0;
}

int attune_log_next(attune_log *l, int64_t *t_us, float *value, const char **text, size_t *n,
                    attune_error *err)
{
    float values[ATTUNE_MAX_SIGNALS];
    const char *message = "";
    size_t bytes = 0;
    int rc;

    do
        rc = read_row(l, t_us, values, &message, &bytes, err);
    while (rc == 1 && !is_taken(l, bytes));
    if (rc <= 0)
        return rc;
    if (value)
        memcpy(value, values, (size_t)l->columns.n * sizeof *value);
    if (text)
        *text = message;
    if (n)
        *n = bytes;
    return 1;
}

int attune_log_rewind(attune_log *l, attune_error *err)
{
    at_log_clock_rewind(&l->clock);
    return l->format->header(&l->rows, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void digest_row(attune_log *l, int64_t t_us, const float *value, const char *text, size_t n)
{
    at_digest_add(&l->digest, &t_us, sizeof t_us);
    at_digest_add(&l->digest, value, (size_t)l->columns.n * sizeof *value);
    at_digest_add(&l->digest, &n, sizeof n);
    at_digest_add(&l->digest, text, n);
}

static void digest_names(attune_log *l)
{
    at_digest_begin(&l->digest);
    for (int k = 0; k < l->columns.n; k++)
        at_digest_add(&l->digest, l->columns.name[k], strlen(l->columns.name[k]) + 1);
}

/* Checks all rows, and finds out what is usual. */
static int look_through(attune_log *l, attune_error *err)
{
    at_column of[ATTUNE_MAX_SIGNALS] = {{0}};
    float value[ATTUNE_MAX_SIGNALS];
    const char *text;
    int64_t t_us;
    size_t n;
    int rc = ATTUNE_OK;

    digest_names(l);
    for (int k = 0; k < l->columns.n && rc == ATTUNE_OK; k++)
        rc = at_column_open(&of[k], l->columns.events >> k & 1, USUAL_CELLS_S);
    rc = rc < 0 ? at_fail_nomem(err) : rc;
    while (rc >= 0 && (rc = attune_log_next(l, &t_us, value, &text, &n, err)) == 1) {
        digest_row(l, t_us, value, text, n);
        l->taken++;
        l->end_us = t_us;
        for (int k = 0; k < l->columns.n; k++)
            if (!isnan(value[k])) {
                at_column_push(&of[k], t_us, value[k]);
                at_column_forget_before(&of[k], t_us);
            }
    }
    for (int k = 0; k < l->columns.n; k++) {
        l->usual[k] = at_column_usual(&of[k], l->end_us);
        at_column_free(&of[k]);
    }
    return rc;
}

static int open_log(attune_log *l, const attune_log_options *o, attune_error *err)
{
    int rc = l->path ? at_log_rows_open(&l->rows, l->path, err) : at_fail_nomem(err);

    l->rows.stop = o->stop;
    l->rows.user = o->user;
    rc = rc < 0 ? rc : at_log_format_find(&l->format, &l->rows, o->chat, err);
    rc = rc < 0 ? rc : at_log_clock_set(&l->clock, &l->rows, l->format, o, err);
    rc = rc < 0 ? rc : l->format->header(&l->rows, err);
    rc = rc < 0 ? rc : at_log_clock_find(&l->clock, &l->rows, l->format, o->time, err);
    l->chat = o->chat;
    if (rc == ATTUNE_OK)
        rc = l->chat ? take_text(l, o, err)
                     : at_log_columns_take(&l->columns, &l->rows, l->format, &l->clock, o, err);
    rc = rc < 0 ? rc : at_log_clock_settle(&l->clock, &l->rows, l->format, err);
    rc = rc < 0 ? rc : attune_log_rewind(l, err);
    rc = rc < 0 ? rc : look_through(l, err);
    return rc < 0 ? rc : attune_log_rewind(l, err);
}

int attune_log_open(attune_log **out, const char *path, const attune_log_options *o,
                    attune_error *err)
{
    static const attune_log_options usual = {0};
    attune_log *l = *out = at_calloc(1, sizeof *l);
    int rc;

    if (!l)
        return at_fail_nomem(err);
    l->path = strdup(path);
    rc = open_log(l, o ? o : &usual, err);
    if (rc < 0)
        attune_log_free(out);
    return rc;
}

void attune_log_free(attune_log **l)
{
    if (!*l)
        return;
    at_log_rows_close(&(*l)->rows);
    free((*l)->path);
    free((*l)->from);
    at_free(*l);
    *l = NULL;
}

/* ---- what it holds -------------------------------------------------------------------------- */

const char *const *attune_log_signals(const attune_log *l)
{
    return l->columns.n ? l->columns.names : NULL;
}

unsigned attune_log_events(const attune_log *l)
{
    return l->columns.events;
}

const attune_signal_usual *attune_log_usual(const attune_log *l)
{
    return l->usual;
}

int64_t attune_log_rows(const attune_log *l, int64_t *end_us)
{
    *end_us = l->end_us;
    return l->taken;
}

const char *attune_log_empty(const attune_log *l)
{
    return *l->columns.empty ? l->columns.empty : NULL;
}

uint64_t attune_log_digest(const attune_log *l)
{
    return at_digest_of(&l->digest);
}

const char *attune_log_format(const attune_log *l)
{
    return l->format->name;
}

int attune_log_unlabelled(const attune_log *l, double *last_s)
{
    *last_s = (double)(l->end_us - l->clock.shift_us) / 1e6;
    return l->clock.unlabelled;
}
