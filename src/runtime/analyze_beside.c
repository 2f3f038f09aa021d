#include "runtime/analyze_beside.h"

#include "base/digest.h"
#include "base/error.h"
#include "runtime/analyze_notes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int at_beside_open(at_beside *b, const attune_options *o, attune_error *err)
{
    *b = (at_beside){0};
    if (!o->beside)
        return ATTUNE_OK;
    if ((o->live || o->mic) && (o->beside->signal_log || o->beside->chat_log))
        return at_fail(err, ATTUNE_E_ARG,
                       "files of signals and chats are of recordings, not of live input");
    b->setup = *o->beside;
    b->signal.log = b->setup.signal_log;
    b->chat.log = b->setup.chat_log;
    b->setup.chat |= b->chat.log != NULL;
    if (b->signal.log) {
        b->setup.signals = attune_log_signals(b->signal.log);
        b->setup.events = attune_log_events(b->signal.log);
        b->setup.usual = o->causal ? NULL : attune_log_usual(b->signal.log);
    }
    if (b->signal.log && attune_log_rewind(b->signal.log, err) < 0)
        return (int)err->status;
    return b->chat.log ? attune_log_rewind(b->chat.log, err) : ATTUNE_OK;
}

/* What was said before the recording is none of its windows'; what a sensor showed then is usual too. */
static int push_row(const at_beside_log *x, attune_session *s, int is_chat)
{
    if (x->t_us < 0) {
        if (!is_chat)
            at_session_precede(s, x->t_us, x->value);
        return ATTUNE_OK;
    }
    return is_chat ? attune_session_push_text(s, x->t_us, x->text, x->n)
                   : attune_session_push_signal(s, x->t_us, x->value);
}

/* As attune_log_next: the row waits then. */
static int read_row(at_beside_log *x, attune_error *err)
{
    const int rc = attune_log_next(x->log, &x->t_us, x->value, &x->text, &x->n, err);

    x->waits = rc == 1;
    x->rows += x->waits;
    return rc;
}

static int push_log(at_beside_log *x, attune_session *s, int is_chat, int64_t until_us,
                    attune_error *err)
{
    int rc = ATTUNE_OK;

    while (x->log && rc == ATTUNE_OK) {
        if (!x->waits) {
            rc = read_row(x, err);
            if (rc == 0)
                x->log = NULL;
        }
        if (rc < 0 || !x->waits || x->t_us > until_us)
            return rc < 0 ? rc : ATTUNE_OK;
        rc = push_row(x, s, is_chat);
        x->waits = 0;
        if (rc < 0)
            return at_fail(err, (attune_status)rc, "%s", attune_session_error(s));
    }
    return rc;
}

int at_beside_push(at_beside *b, attune_session *s, int64_t until_us, attune_error *err)
{
    int rc = push_log(&b->signal, s, 0, until_us, err);

    return rc < 0 ? rc : push_log(&b->chat, s, 1, until_us, err);
}

/* ---- going on --------------------------------------------------------------------------------- */

static void keep_log(at_keep *k, at_beside_log *x)
{
    int64_t end_us;

    at_keep_count(k, &x->rows);
    at_keep_int(k, &x->waits, 0, x->rows > 0);
    if (k->reads && x->rows > (x->log ? attune_log_rows(x->log, &end_us) : 0))
        k->status = ATTUNE_E_FORMAT;
}

void at_beside_keep(at_keep *k, at_beside *b)
{
    keep_log(k, &b->signal);
    keep_log(k, &b->chat);
}

static int catch_up(at_beside_log *x, attune_error *err)
{
    const int64_t rows = x->rows;
    const int waits = x->waits;
    int rc = 1;

    for (x->rows = 0; x->rows < rows && rc == 1;)
        rc = read_row(x, err);
    x->waits = waits;
    if (rc == 0)
        return at_fail(err, ATTUNE_E_STATE, "the signal or the chat has fewer rows than before");
    return rc < 0 ? rc : ATTUNE_OK;
}

int at_beside_catch_up(at_beside *b, attune_error *err)
{
    const int rc = catch_up(&b->signal, err);

    return rc < 0 ? rc : catch_up(&b->chat, err);
}

static void digest_log(at_digest *d, const attune_log *log)
{
    const uint64_t of = log ? attune_log_digest(log) : 0;

    at_digest_add(d, &of, sizeof of);
}

uint64_t at_beside_digest(const attune_beside_setup *setup)
{
    at_digest d;

    if (!setup)
        return 0;
    at_digest_begin(&d);
    for (int i = 0; setup->signals && setup->signals[i]; i++)
        at_digest_add(&d, setup->signals[i], strlen(setup->signals[i]) + 1);
    at_digest_add(&d, &setup->events, sizeof setup->events);
    at_digest_add(&d, &setup->chat, sizeof setup->chat);
    digest_log(&d, setup->signal_log);
    digest_log(&d, setup->chat_log);
    return at_digest_of(&d);
}

/* ---- notes ------------------------------------------------------------------------------------ */

/* Times in milliseconds lie a thousand times too far away, where they are taken for seconds. */
static const double too_far = 100;

static void note_reading(const attune_log *log, const char *what, attune_input_info *info)
{
    double last_s;

    if (attune_log_format(log))
        at_note(info, "the %s is read as %s", what, attune_log_format(log));
    if (attune_log_unlabelled(log, &last_s) && last_s > too_far * info->duration_s)
        at_note(
            info,
            "the times of the %s are taken for seconds, and the last is %.0f: over %.0f times as "
            "long as the recording (--log-time ms or us)",
            what, last_s, too_far);
}

static void note_outside(const attune_log *log, const char *what, attune_input_info *info)
{
    int64_t end_us;

    if (attune_log_rows(log, &end_us) > 0)
        at_note(info,
                "no %s lies within the recording: the last is %.0f s %s its beginning (--zero and "
                "offsets move them)",
                what, fabs((double)end_us) / 1e6, end_us < 0 ? "before" : "after");
    else
        at_note(info, "no %s is there%s", what,
                attune_log_signals(log) ? "" : ", or none of whom --chat-of names");
}

int attune_session_lacks(const attune_session *s, char note[ATTUNE_NOTE_BYTES])
{
    const at_signal_scale *wants = &s->m->signal;
    const attune_beside_setup *has = s->o.beside;
    int place[ATTUNE_MAX_SIGNALS];
    const char *missing = NULL;

    if (has && has->signals && wants->columns)
        missing = at_signal_places(wants, has->signals, has->events, place);
    if (missing)
        snprintf(note, ATTUNE_NOTE_BYTES,
                 "the model's fusion was trained with a column %s, which the signal lacks: it is "
                 "shown, and no estimate rests on it",
                 missing);
    return missing != NULL;
}

void at_beside_note(const at_beside *b, const attune_session *s, attune_input_info *info)
{
    char lacks[ATTUNE_NOTE_BYTES];

    if (b->setup.signal_log)
        note_reading(b->setup.signal_log, "signal", info);
    if (b->setup.signal_log && attune_log_empty(b->setup.signal_log))
        at_note(info, "left out of the signal, since no row has a value in it: %s",
                attune_log_empty(b->setup.signal_log));
    if (b->setup.chat_log)
        note_reading(b->setup.chat_log, "chat", info);
    if (b->setup.signal_log && !info->counts.signal_rows)
        note_outside(b->setup.signal_log, "row of the signal", info);
    if (b->setup.chat_log && !info->counts.messages)
        note_outside(b->setup.chat_log, "message of the chat", info);
    if (info->counts.unread_messages)
        at_note(info,
                "%lld of %lld messages of the chat are in no language that is read here (English, "
                "German): nothing can be told of them",
                (long long)info->counts.unread_messages, (long long)info->counts.messages);
    if (attune_session_lacks(s, lacks))
        at_note(info, "%s", lacks);
}
