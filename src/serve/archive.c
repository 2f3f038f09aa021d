#include "serve/archive.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTIONS_MOST = 64 };

struct at_question {
    at_question *next; /* of those that wait */
    int answered, dropped;
    at_answer answer;
};

struct at_archive {
    attune_store *store;
    void (*wake)(void *user);
    void *user;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t work;
    at_question *first, **last;
    int waiting, stop;
};

/* ---- answers: on the archive's thread -------------------------------------------------------- */

static int put(void *user, const char *text, size_t size)
{
    return fwrite(text, 1, size, user) != size;
}

typedef struct at_file {
    FILE *f;
    const attune_sink_info *sink;
} at_file;

/* Of the files that are written together, the one that was asked for. */
static int put_file(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    at_file *file = user;

    return sink == file->sink && put(file->f, text, size);
}

static int write_session(attune_store *s, const at_asking *a, FILE *f, attune_error *err)
{
    at_file file = {.f = f, .sink = a->sink};
    attune_report_options o = {.write = put_file, .user = &file};

    if (a->wish == AT_WISH_SESSION)
        return attune_store_export(s, a->id, put, f, err);
    o.sinks = a->sink->name;
    return attune_store_report(s, a->id, &o, NULL, err);
}

/* Nothing of it touches the disk. */
static int take_session(attune_store *s, const at_asking *a, at_answer *out, attune_error *err)
{
    FILE *f = open_memstream(&out->body, &out->size);
    int rc;

    if (!f)
        return at_fail_nomem(err);
    rc = write_session(s, a, f, err);
    if (at_stream_close(f) != 0 && rc >= 0)
        rc = at_fail_nomem(err);
    return rc;
}

static int list_files(at_answer *out, attune_error *err)
{
    FILE *f = open_memstream(&out->body, &out->size);
    const attune_sink_info *sink;
    const char *before = "[";

    if (!f)
        return at_fail_nomem(err);
    for (int i = 0; (sink = attune_sink_at(i)); i++) {
        if (sink->sightings)
            continue;
        fprintf(f, "%s\"%s\"", before, sink->file);
        before = ",";
    }
    fputs("]", f);
    return at_stream_close(f) == 0 ? 0 : at_fail_nomem(err);
}

static int fulfil(attune_store *s, const at_asking *a, at_answer *out, attune_error *err)
{
    switch (a->wish) {
    case AT_WISH_SESSIONS: return attune_store_sessions_json(s, &out->body, err);
    case AT_WISH_SESSION:
    case AT_WISH_FILE: return take_session(s, a, out, err);
    case AT_WISH_FILES: return list_files(out, err);
    case AT_WISH_TRENDS: return attune_store_trends_json(s, NULL, &out->body, err);
    case AT_WISH_DELETE: return attune_store_delete(s, a->id, err);
    case AT_WISH_DELETE_ALL: break;
    }
    return attune_store_delete_all(s, NULL, err);
}

/* Of what failed the client learns no more than the code: texts of the store name files. */
static void answer(attune_store *s, at_question *q)
{
    at_answer *a = &q->answer;
    int rc = fulfil(s, &a->asked, a, NULL);

    a->code = rc >= 0 ? 200 : rc == ATTUNE_E_STATE ? 404 : 503;
    if (rc < 0) {
        free(a->body);
        a->body = NULL;
    }
    if (!a->body)
        a->size = 0;
    else if (a->size == 0)
        a->size = strlen(a->body);
}

static void free_question(at_question *q)
{
    free(q->answer.body);
    at_free(q);
}

static at_question *take_first(at_archive *a)
{
    at_question *q = a->first;

    a->first = q->next;
    if (!a->first)
        a->last = &a->first;
    a->waiting--;
    return q;
}

static void *archive_main(void *arg)
{
    at_archive *a = arg;

    pthread_mutex_lock(&a->lock);
    for (;;) {
        while (!a->stop && !a->first)
            pthread_cond_wait(&a->work, &a->lock);
        if (a->stop)
            break;
        at_question *q = take_first(a);
        if (!q->dropped) {
            pthread_mutex_unlock(&a->lock);
            answer(a->store, q);
            pthread_mutex_lock(&a->lock);
        }
        q->answered = 1;
        if (q->dropped)
            free_question(q);
        pthread_mutex_unlock(&a->lock);
        a->wake(a->user);
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* ---- the loop's side ----------------------------------------------------------------------- */

int at_archive_open(at_archive **out, attune_store *store, void (*wake)(void *user), void *user,
                    attune_error *err)
{
    at_archive *a = at_calloc(1, sizeof *a);
    sigset_t all, before;
    int failed;

    *out = NULL;
    if (!a)
        return at_fail_nomem(err);
    *a = (at_archive){.store = store, .wake = wake, .user = user, .last = &a->first};
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->work, NULL);
    sigfillset(&all); /* signals are the program's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&a->thread, NULL, archive_main, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        pthread_cond_destroy(&a->work);
        pthread_mutex_destroy(&a->lock);
        at_free(a);
        return at_fail_nomem(err);
    }
    *out = a;
    return ATTUNE_OK;
}

void at_archive_free(at_archive **out)
{
    at_archive *a = *out;

    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stop = 1;
    pthread_cond_signal(&a->work);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    while (a->first) {
        at_question *q = take_first(a);
        q->answered = 1;
        q->answer.code = 503;
        if (q->dropped)
            free_question(q);
    }
    pthread_cond_destroy(&a->work);
    pthread_mutex_destroy(&a->lock);
    at_free(a);
    *out = NULL;
}

at_question *at_archive_ask(at_archive *a, const at_asking *asking)
{
    at_question *q = at_calloc(1, sizeof *q);

    if (!q)
        return NULL;
    *q = (at_question){.answer.asked = *asking};
    pthread_mutex_lock(&a->lock);
    if (a->waiting == QUESTIONS_MOST) {
        pthread_mutex_unlock(&a->lock);
        at_free(q);
        return NULL;
    }
    *a->last = q;
    a->last = &q->next;
    a->waiting++;
    pthread_cond_signal(&a->work);
    pthread_mutex_unlock(&a->lock);
    return q;
}

int at_archive_answer(at_archive *a, at_question *q, at_answer *out)
{
    int answered = 1;

    if (a) {
        pthread_mutex_lock(&a->lock);
        answered = q->answered;
        pthread_mutex_unlock(&a->lock);
    }
    if (!answered)
        return 0;
    *out = q->answer;
    at_free(q);
    return 1;
}

void at_archive_drop(at_archive *a, at_question *q)
{
    int answered = 1;

    if (q && !a)
        free_question(q);
    if (!q || !a)
        return;
    pthread_mutex_lock(&a->lock);
    q->dropped = 1;
    answered = q->answered;
    pthread_mutex_unlock(&a->lock);
    if (answered)
        free_question(q);
}
