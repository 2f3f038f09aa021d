/* analyze_study.c - the recordings of a manifest, by several processes: each takes the next one that is to do, and
 * whatever it dies of is that recording's failure. */
#include "base/progress.h"
#include "base/visible.h"
#include "cli/analyze.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS_MOST = 256, WAIT_MS = 200 };

/* What all of them see. */
typedef struct at_board {
    atomic_int next;                /* into todo */
    atomic_int done, failed;        /* so far */
    atomic_int doing[WORKERS_MOST]; /* recording, or -1 */
} at_board;

typedef struct at_pool_run {
    at_job *job;
    attune_study *study;
    at_board *board;
    int *todo, n;            /* recordings */
    int workers, told;       /* told: to stop */
    pid_t pid[WORKERS_MOST]; /* 0: it is gone */
} at_pool_run;

/* ---- a worker -------------------------------------------------------------------------------- */

static int note_failure(at_pool_run *r, int i, const char *why)
{
    attune_error err;

    atomic_fetch_add(&r->board->failed, 1);
    if (attune_study_failed(r->study, i, why, &err) == ATTUNE_OK)
        return 1;
    at_print_line(stderr, "attune: %s", err.text);
    return 0;
}

static int note_result(at_pool_run *r, int i)
{
    attune_error err;

    if (attune_study_done(r->study, i, &err) < 0) {
        at_print_line(stderr, "attune: %s", err.text);
        return 0;
    }
    atomic_fetch_add(&r->board->done, 1);
    return 1;
}

/* What was recorded beside is of this recording alone. */
static int analyze(at_job *job, const attune_recording *x)
{
    attune_error err;
    int rc, code = AT_EXIT_INTERRUPTED;

    job->signal = x->signal;
    job->chat = x->chat;
    job->signal_log.offset_s = x->signal_offset_s;
    job->chat_log.offset_s = x->chat_offset_s;
    job->signal_log.zero = job->chat_log.zero = x->zero;
    job->unwritten = 0;
    rc = at_analyze_open_beside(job, &err);
    if (rc == ATTUNE_OK)
        code = at_analyze_input(job, x->path, x->folder, x->id);
    else if (rc != ATTUNE_E_INTERRUPTED)
        code = at_analyze_complain(job, x->path, err.text);
    at_analyze_close_beside(job);
    return code;
}

/* Nobody may ever write into a pipe; what is not there says so itself. */
static int is_endless(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* Whether there is a point in going on. */
static int do_recording(at_pool_run *r, int i)
{
    attune_recording x;
    attune_error err;

    const int ours = attune_study_take(r->study, i, &err);
    if (ours < 0 || attune_study_at(r->study, i, &x, &err) < 0) {
        at_print_line(stderr, "attune: %s", err.text);
        return 0;
    }
    if (!ours) /* another run is at it */
        return 1;
    if (x.state == ATTUNE_DONE) { /* by another run, meanwhile */
        atomic_fetch_add(&r->board->done, 1);
        return 1;
    }
    if (is_endless(x.path))
        return note_failure(r, i, "it is no file, so it cannot be read again");
    const int code = analyze(r->job, &x);
    if (code == AT_EXIT_INTERRUPTED)
        return 0;
    if (code != AT_EXIT_OK && r->job->unwritten) /* no failure of the recording's */
        return r->job->unwritten == ATTUNE_E_STATE;
    if (code != AT_EXIT_OK)
        return note_failure(r, i, r->job->why);
    return note_result(r, i);
}

static _Noreturn void work(at_pool_run *r, int worker)
{
    int at, good = 1;

    r->job->quiet = 1; /* only what is wrong */
    while (good && !at_stopped(NULL) && (at = atomic_fetch_add(&r->board->next, 1)) < r->n) {
        atomic_store(&r->board->doing[worker], r->todo[at]);
        good = do_recording(r, r->todo[at]);
        atomic_store(&r->board->doing[worker], -1);
    }
    fflush(stdout);
    _exit(good || at_stopped(NULL) ? AT_EXIT_OK : AT_EXIT_BROKE_OFF);
}

static int start(at_pool_run *r, int worker)
{
    const pid_t parent = getpid();

    atomic_store(&r->board->doing[worker], -1);
    r->pid[worker] = fork();
    if (r->pid[worker] == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(AT_EXIT_FAILED);
        work(r, worker);
    }
    if (r->pid[worker] > 0)
        return 1;
    r->pid[worker] = 0;
    at_print_line(stderr, "attune: no process for another recording: %s", strerror(errno));
    return 0;
}

/* ---- the workers ----------------------------------------------------------------------------- */

/* What it was at when it died failed; another one goes on in its place. */
static int bury(at_pool_run *r, int worker, int status)
{
    const int i = atomic_load(&r->board->doing[worker]);
    char why[96];

    r->pid[worker] = 0;
    if (WIFEXITED(status))
        return WEXITSTATUS(status) == AT_EXIT_OK;
    if (i < 0 || at_stopped(NULL))
        return at_stopped(NULL);
    snprintf(why, sizeof why, "attune broke down over it (signal %d)", WTERMSIG(status));
    attune_recording x;
    if (attune_study_at(r->study, i, &x, NULL) == ATTUNE_OK)
        at_print_line(stderr, "attune: %s: %s", x.id, why);
    return note_failure(r, i, why) && start(r, worker);
}

/* A signal may have been for this process alone. */
static void pass_on_stop(at_pool_run *r)
{
    if (!at_stopped(NULL) || r->told)
        return;
    r->told = 1;
    for (int w = 0; w < r->workers; w++)
        if (r->pid[w] > 0)
            kill(r->pid[w], SIGTERM);
}

static void show(const at_pool_run *r, at_progress *progress)
{
    const int done = atomic_load(&r->board->done), failed = atomic_load(&r->board->failed);
    char note[64] = "";

    if (failed)
        snprintf(note, sizeof note, "%d failed", failed);
    at_progress_update(progress, done + failed, r->n, note);
}

/* Returns whether all went as it should, whatever came of recordings. */
static int watch(at_pool_run *r, at_progress *progress)
{
    int left = r->workers, good = 1;

    while (left > 0) {
        left = 0;
        pass_on_stop(r);
        for (int w = 0; w < r->workers; w++) {
            int status;
            if (r->pid[w] > 0 && waitpid(r->pid[w], &status, WNOHANG) == r->pid[w])
                good &= bury(r, w, status);
            left += r->pid[w] > 0;
        }
        show(r, progress);
        if (left)
            nanosleep(&(struct timespec){0, WAIT_MS * 1000000L}, NULL);
    }
    return good;
}

static int run_workers(at_pool_run *r)
{
    at_progress progress;
    int good = 1;

    fflush(stdout);
    for (int w = 0; w < r->workers; w++)
        good &= start(r, w);
    at_progress_start(&progress, "recordings", r->job->quiet);
    good &= watch(r, &progress);
    at_progress_end(&progress);
    return good;
}

/* ---- the study ------------------------------------------------------------------------------- */

/* Which are to do; before: how many are done. */
static int list_todo(at_pool_run *r, int *before, attune_error *err)
{
    const int n = attune_study_count(r->study);
    r->todo = malloc(((size_t)n + 1) * sizeof *r->todo);

    for (int i = 0; r->todo && i < n; i++) {
        attune_recording x;
        int rc = attune_study_at(r->study, i, &x, err);
        if (rc < 0)
            return rc;
        if (x.state != ATTUNE_DONE)
            r->todo[r->n++] = i;
        if (x.state == ATTUNE_TO_DO && *x.reason)
            at_print_line(stderr, "attune: %s", x.reason);
    }
    *before = n - r->n;
    if (!r->todo)
        snprintf(err->text, sizeof err->text, "out of memory");
    return r->todo ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

static int count_workers(const at_pool_run *r)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int n = r->job->processes ? r->job->processes : cores > 0 ? (int)cores : 1;

    n = n < WORKERS_MOST ? n : WORKERS_MOST;
    return n < r->n ? n : r->n;
}

static void describe_logs(FILE *f, const at_job *job)
{
    const attune_log_options *s = &job->signal_log;

    if (s->columns)
        fprintf(f, " columns %s", s->columns);
    if (s->events)
        fprintf(f, " events %s", s->events);
    if (job->chat_log.from)
        fprintf(f, " chat-of %s", job->chat_log.from);
    if (s->time)
        fprintf(f, " log-time %d", (int)s->time);
}

/* What results depend on besides the input: a text to be freed; NULL: out of memory. */
static char *describe(const at_job *job)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    const attune_options *o = &job->options;
    const char *digest = attune_model_meta(job->model, "xxh64");
    const char *ranges = attune_model_meta(job->model, "ranges");

    if (!f)
        return NULL;
    fprintf(
        f,
        "model %.32s%s%.32s rate %g window %g hop %g lag %g tracks %d min-face %d no-video %d no-audio "
        "%d no-baseline %d causal %d video-track %d audio-track %d pcm %d thumbnails %d sinks %s",
        digest ? digest : "", ranges ? " in int8 by " : "", ranges ? ranges : "", o->rate,
        o->window_s, o->hop_s, o->lag_s, o->max_tracks, o->min_face, o->no_video, o->no_audio,
        o->no_baseline, o->causal, o->video_track, o->audio_track, o->pcm_rate, o->thumbnails,
        job->sinks ? job->sinks : "default");
    describe_logs(f, job);
    if (fclose(f) == 0)
        return at_visible_copy(text, size + 1, text); /* which JSON has room for */
    free(text);
    return NULL;
}

/* before: done by earlier runs. What is left broke off, or another run has it in hand. */
static void print_shard(const at_pool_run *r, const char *dir, int before, int good)
{
    const int failed = atomic_load(&r->board->failed);
    const int done = before + atomic_load(&r->board->done);
    const int left = before + r->n - done - failed;
    char more[32] = "";

    if (left > 0)
        snprintf(more, sizeof more, ", %d left", left);
    at_print_line(stdout, "shard %d of %d: %d done, %d failed%s%s%s%s", r->job->shard,
                  r->job->shards, done, failed, more, good ? "; attune merge " : "",
                  good ? dir : "", good ? " makes the tables" : "");
}

static int finish(const at_pool_run *r, const char *dir, int before, int good)
{
    const int failed = atomic_load(&r->board->failed);
    int code = good ? AT_EXIT_OK : AT_EXIT_BROKE_OFF;

    if (at_stopped(NULL)) {
        at_print_line(stderr, "attune: interrupted; attune analyze --resume goes on with %s", dir);
        return AT_EXIT_INTERRUPTED;
    }
    if (r->job->shards > 1) {
        if (!r->job->quiet)
            print_shard(r, dir, before, good);
    } else if (good) {
        code = at_merge_study("analyze", dir, &dir, 1, 1, 1, r->job->quiet);
        if (code == AT_EXIT_FAILED) /* no file's fault: the tables are still to make */
            code = AT_EXIT_BROKE_OFF;
    }
    return code == AT_EXIT_OK && failed ? AT_EXIT_FAILED : code;
}

static int run_study(at_pool_run *r, const char *dir, attune_error *err)
{
    int before = 0, good = 1;
    int rc = list_todo(r, &before, err);

    if (rc < 0)
        return rc;
    if (before && !r->job->quiet)
        fprintf(stderr, "attune: %d of %d are done\n", before, before + r->n);
    r->workers = count_workers(r);
    good = run_workers(r);
    return finish(r, dir, before, good);
}

int at_analyze_study(at_job *job)
{
    const char *dir = job->dir ? job->dir : "attune-study";
    const attune_log_options *s = &job->signal_log;
    char *made_with = describe(job);
    attune_error err;
    const attune_study_options o = {.manifest = job->manifest,
                                    .dir = dir,
                                    .shard = job->shard,
                                    .shards = job->shards,
                                    .resume = job->resume,
                                    .made_with = made_with,
                                    .of_signals = s->columns || s->events,
                                    .of_chats = job->chat_log.from != NULL,
                                    .of_either = s->time != ATTUNE_TIME_TOLD};
    at_pool_run *r = made_with ? calloc(1, sizeof *r) : NULL;
    int code = AT_EXIT_FAILED;

    job->options.threads = job->options.threads ? job->options.threads : 1;
    if (r)
        r->board =
            mmap(NULL, sizeof *r->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!r || r->board == MAP_FAILED) {
        fputs("attune: out of memory\n", stderr);
        free(r);
        free(made_with);
        return AT_EXIT_FAILED;
    }
    r->job = job;
    if (attune_study_open(&r->study, &o, &err) < 0 || (code = run_study(r, dir, &err)) < 0) {
        at_print_line(stderr, "attune: %s", err.text);
        code = AT_EXIT_FAILED;
    }
    attune_study_free(&r->study);
    munmap(r->board, sizeof *r->board);
    free(r->todo);
    free(r);
    free(made_with);
    return code;
}
