#include "train/learn.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/progress.h"
#include "train/checkpoint.h"
#include "train/prefetch.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LOG_EVERY = 100, LINE_SIZE = 1024 };

typedef struct run {
    const at_learner *l;
    at_learning *task;
    const at_job *job;
    const at_loop_plan *plan;
    const at_kernels *kn;
    at_graph *graph;
    at_prefetch *prefetch;
    at_adamw adamw;
    at_progress_state state;
    FILE *log;
    char checkpoint[AT_TRAIN_PATH], model[AT_TRAIN_PATH], best[AT_TRAIN_PATH],
        metrics[AT_TRAIN_PATH];
    double started, saved; /* clock: this call; last checkpoint */
    int64_t first;         /* step this call began at */
    double norm;           /* gradient norm, running mean */
} run;

uint64_t at_step_seed(int64_t seed, int64_t step)
{
    uint64_t z = (uint64_t)seed * 0x9e3779b97f4a7c15u + (uint64_t)step + 0x632be59bd9b4e019u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- what is told, and to whom ------------------------------------------------------------ */

static void tell(run *s, const char *line)
{
    attune_train_event e = {
        .epoch = (int)(s->state.step / s->task->steps_per_epoch),
        .epochs = s->plan->epochs,
        .step = s->state.step,
        .steps = s->state.steps,
        .loss = s->state.loss,
        .line = line,
    };
    double elapsed = at_now() - s->started;
    if (elapsed > 0)
        e.rate = (double)(s->state.step - s->first) * s->task->batch / elapsed;
    if (s->job->options->event)
        s->job->options->event(s->job->options->user, &e);
}

static void log_line(run *s, int show, const char *fmt, ...) AT_PRINTF(3, 4);
static void log_line(run *s, int show, const char *fmt, ...)
{
    char line[LINE_SIZE];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    fprintf(s->log, "%s\n", line);
    fflush(s->log);
    if (show)
        tell(s, line);
}

/* ---- files -------------------------------------------------------------------------------- */

#define CHECKPOINT ".checkpoint.safetensors"

/* Who has the log has the run's files: it is locked until it is closed, and emptied only then. */
static int open_log(run *s, const char *path, attune_error *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(fd);
        return at_fail(err, ATTUNE_E_IO, "%s: another run is writing there", path);
    }
    if (fd >= 0 && !s->task->resumed && ftruncate(fd, 0) == 0)
        remove(s->metrics);
    s->log = fd < 0 ? NULL : fdopen(fd, "a");
    if (!s->log) {
        const int status = at_fail(err, ATTUNE_E_IO, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    return ATTUNE_OK;
}

static int name_files(run *s, attune_error *err)
{
    char log[AT_TRAIN_PATH];
    int status = at_mkdirs(s->job->options->out_dir ? s->job->options->out_dir : ".", err);
    status = status ? status : at_job_path(s->job, CHECKPOINT, s->checkpoint, err);
    status = status ? status : at_job_path(s->job, ".safetensors", s->model, err);
    status = status ? status : at_job_path(s->job, ".best.safetensors", s->best, err);
    status = status ? status : at_job_path(s->job, ".metrics.jsonl", s->metrics, err);
    status = status ? status : at_job_path(s->job, ".log", log, err);
    status = status ? status : open_log(s, log, err);
    return status ? status : at_job_will_write(s->job, err);
}

/* Writes the metrics of earlier epochs (up to the present step) and, if given, one more line. */
static int put_metrics(const run *s, FILE *f, char *old, const char *add, attune_error *err)
{
    char *rest = NULL;
    for (char *line = old ? strtok_r(old, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        json_t *v;
        if (at_json_read(&v, line, strlen(line), 0, NULL) == ATTUNE_E_NOMEM)
            return at_fail_nomem(err);
        const json_t *at = json_object_get(v, "step");
        int64_t step = json_is_integer(at) ? json_integer_value(at) : -1;
        if (step >= 0 && (add ? step < s->state.step : step <= s->state.step))
            fprintf(f, "%s\n", line);
        json_decref(v);
    }
    if (add)
        fprintf(f, "%s\n", add);
    return ATTUNE_OK;
}

static int write_metrics(const run *s, const char *add, attune_error *err)
{
    unsigned char *old = NULL;
    size_t size = 0;
    at_outfile out;
    int status = access(s->metrics, F_OK) == 0
                     ? at_file_read(s->metrics, (size_t)64 << 20, &old, &size, err)
                     : ATTUNE_OK;
    status = status ? status : at_outfile_open(&out, s->metrics, err);
    if (!status) {
        status = put_metrics(s, out.f, (char *)old, add, err);
        status = status ? status : at_outfile_commit(&out, err);
        at_outfile_abandon(&out);
    }
    at_free(old);
    return status;
}

static int save_checkpoint(run *s, attune_error *err)
{
    s->saved = at_now();
    return at_checkpoint_save(s->checkpoint, &s->task->params, &s->adamw, &s->state, err);
}

/* ---- the schedule ------------------------------------------------------------------------- */

/* The rate of the step that comes. */
static float rate_now(const run *s)
{
    const at_optimiser_settings *o = &s->plan->optimiser;
    const int64_t step = s->state.step;
    const int64_t warmup = (int64_t)((double)o->warmup * (double)s->state.steps);
    if (!s->plan->plateau.patience || step < warmup)
        return at_lr_cosine(o->lr, o->floor, step, warmup, s->state.steps);
    return s->state.rate > 0 ? (float)s->state.rate : o->lr;
}

/* What an evaluation's score means for the rate and the end. The best score is still the one before. */
static void note_score(run *s, double score)
{
    const at_plateau_settings *set = &s->plan->plateau;
    at_plateau plateau = {.factor = set->factor,
                          .min_lr = s->plan->optimiser.floor,
                          .patience = set->patience,
                          .best = (float)s->state.best,
                          .waited = (int)s->state.waited,
                          .started = s->state.best > -1};
    const float rate = s->state.rate > 0 ? (float)s->state.rate : s->plan->optimiser.lr;
    s->state.stale = score > s->state.best ? 0 : s->state.stale + 1;
    if (!set->patience)
        return;
    s->state.rate = (double)at_plateau_step(&plateau, rate, (float)score);
    s->state.waited = plateau.waited;
}

/* At its last step, or stopped early. */
static int is_over(const run *s)
{
    const at_stopping_settings *stop = &s->plan->early_stop;
    return s->state.step >= s->state.steps ||
           (stop->patience && s->state.stale >= stop->patience &&
            s->state.step >= stop->least * s->task->steps_per_epoch);
}

/* ---- steps -------------------------------------------------------------------------------- */

static int one_step(run *s, attune_error *err)
{
    const at_learner *l = s->l;
    int64_t step = s->state.step;
    int slot = at_prefetch_next(s->prefetch);
    if (slot < 0)
        return at_fail(err, (attune_status)slot, "preparing a batch failed");
    at_graph_begin(s->graph, AT_TRAIN, at_step_seed(s->plan->seed, step));
    at_params_zero_grad(&s->task->params);
    at_tensor *loss = l->loss(s->task, s->graph, step, slot);
    s->adamw.scale = at_loss_scale_factor(&s->state.scaling);
    if (!loss || at_graph_backward_scaled(s->graph, loss, s->adamw.scale))
        return at_fail_nomem(err);
    const float lr = rate_now(s);
    double norm = at_adamw_step(&s->adamw, &s->task->params, s->job->pool, s->kn, lr);
    double value = loss->data[0];
    s->state.step++;
    at_loss_scale_update(&s->state.scaling, isfinite(norm));
    if (!isfinite(norm) || !isfinite(value)) {
        s->state.skipped++;
        return ATTUNE_OK;
    }
    double keep = step == 0 ? 0 : 0.98;
    s->state.loss = keep * s->state.loss + (1 - keep) * value;
    s->norm = s->norm > 0 ? 0.98 * s->norm + 0.02 * norm : norm;
    if (s->state.step % LOG_EVERY == 0)
        log_line(s, 0, "step %" PRId64 "/%" PRId64 " loss %.4f norm %.3f lr %.3g rate %.1f/s",
                 s->state.step, s->state.steps, s->state.loss, s->norm, (double)lr,
                 (double)(s->state.step - s->first) * s->task->batch / (at_now() - s->started));
    return ATTUNE_OK;
}

static void append_figures(const json_t *metrics, char *line, size_t size)
{
    const char *key;
    json_t *v;
    size_t n = strlen(line);
    json_object_foreach((json_t *)metrics, key, v)
    {
        if (json_is_real(v) && n < size)
            n += (size_t)snprintf(line + n, size - n, "  %s %.4f", key, json_real_value(v));
    }
}

/* Parameters as they are evaluated, with the figures. */
static int save_model(const run *s, const char *path, const json_t *metrics, attune_error *err)
{
    char *text = at_json_write(metrics, JSON_COMPACT | JSON_REAL_PRECISION(6));
    const char *meta[] = {s->l->record, text, NULL};
    int status = text ? at_params_save(path, &s->task->params, meta, err) : at_fail_nomem(err);
    free(text);
    return status;
}

/* Keeps the model, and as the best one where it is. */
static int keep_model(run *s, const json_t *metrics, double score, attune_error *err)
{
    int status = save_model(s, s->model, metrics, err);
    if (!status && score > s->state.best) {
        s->state.best = score;
        status = save_model(s, s->best, metrics, err);
    }
    return status;
}

static int add_metrics(const run *s, const json_t *metrics, attune_error *err)
{
    char *text = at_json_write(metrics, JSON_COMPACT | JSON_REAL_PRECISION(6));
    const int status = text ? write_metrics(s, text, err) : at_fail_nomem(err);
    free(text);
    return status;
}

/* Evaluates on the averaged weights, records the figures and keeps the model. */
static int evaluate(run *s, attune_error *err)
{
    const at_learner *l = s->l;
    double score = 0, begun = at_now();
    json_t *m = json_object();
    int averaged = s->adamw.ema > 0;
    if (averaged)
        at_ema_swap(&s->task->params);
    int status = l->evaluate(s->task, s->graph, s->state.step, &m, &score, err);
    if (!status) {
        char line[LINE_SIZE];
        int epoch = (int)(s->state.step / s->task->steps_per_epoch);
        snprintf(line, sizeof line, "epoch %d/%d  loss %.4f", epoch, s->plan->epochs,
                 s->state.loss);
        append_figures(m, line, sizeof line);
        at_json_put(&m, "epoch", json_integer(epoch));
        at_json_put(&m, "step", json_integer(s->state.step));
        at_json_put_real(&m, "loss", s->state.loss);
        at_json_put_real(&m, "score", score);
        note_score(s, score);
        log_line(s, 1, "%s", line);
        s->state.score = score;
        status = keep_model(s, m, score, err);
        /* What depends on the machine stays out of the model's file. */
        at_json_put(&m, "skipped_steps", json_integer(s->state.skipped));
        if (s->state.scaling.scale > 0)
            at_json_put_real(&m, "loss_scale", (double)s->state.scaling.scale);
        at_json_put_real(&m, "elapsed_s", at_now() - s->started);
        at_json_put_real(&m, "evaluation_s", at_now() - begun);
        status = status ? status : add_metrics(s, m, err);
    }
    if (averaged)
        at_ema_swap(&s->task->params);
    json_decref(m);
    return status;
}

static int stopped(const run *s)
{
    return s->job->options->stop && s->job->options->stop(s->job->options->user);
}

static int train(run *s, attune_error *err)
{
    const at_learner *l = s->l;
    /* The checkpoint is of the end, but what was made of it has gone. */
    if (is_over(s) && access(s->model, R_OK))
        return evaluate(s, err);
    int status =
        at_prefetch_start(&s->prefetch, l->prepare, s->task, s->state.step, s->state.steps, err);
    while (!status && !is_over(s)) {
        status = one_step(s, err);
        if (status)
            break;
        tell(s, NULL);
        int end_of_epoch = s->state.step % s->task->steps_per_epoch == 0;
        int64_t epoch = s->state.step / s->task->steps_per_epoch;
        if (end_of_epoch && (epoch % s->plan->eval_every == 0 || epoch == s->plan->epochs))
            status = evaluate(s, err);
        int stop = !status && stopped(s);
        if (!status &&
            (stop || end_of_epoch || at_now() - s->saved > 60 * s->plan->checkpoint_minutes))
            status = save_checkpoint(s, err);
        if (stop && !status && !is_over(s))
            status = at_fail(err, ATTUNE_E_INTERRUPTED,
                             "stopped at step %" PRId64 " of %" PRId64 "; go on with --resume",
                             s->state.step, s->state.steps);
    }
    at_prefetch_stop(&s->prefetch);
    if (!status && s->state.step < s->state.steps)
        log_line(s, 1, "stopped early: %" PRId64 " evaluations without a better one",
                 s->state.stale);
    return status;
}

static int resume(run *s, attune_error *err)
{
    at_progress_state found = {0};
    int status = at_checkpoint_load(s->checkpoint, &s->task->params, &s->adamw, &found, err);
    if (status)
        return status;
    if (found.stamp != s->state.stamp || found.steps != s->state.steps ||
        (found.scaling.scale > 0) != (s->state.scaling.scale > 0))
        return at_fail(err, ATTUNE_E_ARG, "%s: of another recipe, start, data or number of epochs",
                       s->checkpoint);
    s->state = found;
    return write_metrics(s, NULL, err);
}

/* ---- a run ---------------------------------------------------------------------------------- */

static at_adamw optimiser_of(const at_loop_plan *plan)
{
    const at_optimiser_settings *o = &plan->optimiser;
    return (at_adamw){.lr = o->lr,
                      .beta1 = o->beta1,
                      .beta2 = o->beta2,
                      .decay = o->decay,
                      .clip = o->clip,
                      .ema = o->ema};
}

static int check_length(const at_learning *t, attune_error *err)
{
    if (t->steps_per_epoch < 1)
        return at_fail(err, ATTUNE_E_ARG, "%s: fewer samples than one batch", t->job->recipe->path);
    if (t->steps_per_epoch > AT_MOST_STEPS / t->plan.epochs)
        return at_fail(err, ATTUNE_E_ARG,
                       "%s: epochs is %d, of %" PRId64 " steps each: the most is %" PRId64
                       " steps in all",
                       t->job->recipe->path, t->plan.epochs, t->steps_per_epoch, AT_MOST_STEPS);
    return ATTUNE_OK;
}

static int run_all(run *s, attune_error *err)
{
    at_learning *t = s->task;
    int status = name_files(s, err);
    status = status ? status : at_graph_create(&s->graph, s->job->pool, s->kn, err);
    if (!status && at_plan_is_mixed(s->plan)) {
        at_graph_set_precision(s->graph, AT_MIXED);
        s->state.scaling.scale = AT_LOSS_SCALE_START;
    }
    status = status ? status : at_adamw_init(&s->adamw, &t->params, err);
    status = status || !t->resumed ? status : resume(s, err);
    if (status)
        return status;
    s->started = s->saved = at_now();
    s->first = s->state.step;
    log_line(s, 1,
             "%s: %d epochs of %" PRId64 " steps of %d, from step %" PRId64
             ", kernels %s, %d threads",
             s->job->recipe->name, s->plan->epochs, t->steps_per_epoch, t->batch, s->state.step,
             s->kn->name, at_pool_threads(s->job->pool));
    return train(s, err);
}

static int run_task(const at_learner *l, at_learning *task, double *score, attune_error *err)
{
    run *s = at_calloc(1, sizeof *s);
    if (!s)
        return at_fail_nomem(err);
    *s = (run){.l = l,
               .task = task,
               .job = task->job,
               .plan = &task->plan,
               .adamw = optimiser_of(&task->plan),
               .kn = at_kernels_best(),
               .state = {.steps = task->steps_per_epoch * task->plan.epochs,
                         .best = -1,
                         .stamp = task->job->stamp}};
    int status = run_all(s, err);
    status = status ? status : at_job_wrote(task->job, ".safetensors", err);
    if (score)
        *score = s->state.score;
    if (s->log)
        fclose(s->log);
    at_graph_free(&s->graph);
    at_free(s);
    return status;
}

/* A checkpoint that is there but of another run is begun afresh over. */
static int goes_on(const at_job *job)
{
    char path[AT_TRAIN_PATH];
    uint64_t stamp = 0;
    return job->resume == AT_RESUME ||
           (job->resume == AT_RESUME_IF_ANY && !at_job_path(job, CHECKPOINT, path, NULL) &&
            !at_checkpoint_stamp(path, &stamp, NULL) && stamp == job->stamp);
}

int at_learn(const at_learner *l, const at_job *job, const at_loop_plan *plan, double *score,
             attune_error *err)
{
    at_learning *t = at_calloc(1, l->size);
    if (!t)
        return at_fail_nomem(err);
    t->job = job;
    t->plan = *plan;
    t->plan.epochs = job->options->epochs > 0 ? job->options->epochs : plan->epochs;
    t->resumed = goes_on(job);
    int status = l->set_up(t, err);
    status = status ? status : check_length(t, err);
    status = status ? status : run_task(l, t, score, err);
    if (l->clean_up)
        l->clean_up(t);
    at_params_free(&t->params);
    at_free(t);
    return status;
}
