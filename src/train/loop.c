#include "train/learn.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/progress.h"
#include "train/checkpoint.h"
#include "train/prefetch.h"
#include "train/ranks.h"
#include "train/shards.h"
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
    at_ranks *ranks; /* nullable */
    const at_kernels *kn;
    at_graph *graph;
    at_prefetch *prefetch;
    at_shards *shards; /* NULL: steps of one */
    at_adamw adamw;
    at_progress_state state;
    int64_t steps_per_epoch;
    int batch;
    FILE *log; /* the first rank's */
    char checkpoint[AT_TRAIN_PATH], model[AT_TRAIN_PATH], best[AT_TRAIN_PATH],
        metrics[AT_TRAIN_PATH];
    double started, saved; /* clock: this call; last checkpoint */
    int64_t first;         /* step this call began at */
    double norm;           /* gradient norm, running mean */
} run;

uint64_t at_step_seed(int64_t seed, int64_t shard)
{
    uint64_t z = (uint64_t)seed * 0x9e3779b97f4a7c15u + (uint64_t)shard + 0x632be59bd9b4e019u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- what is told, and to whom ------------------------------------------------------------ */

static void tell(run *s, const char *line)
{
    attune_train_event e = {
        .epoch = (int)(s->state.step / s->steps_per_epoch),
        .epochs = s->plan->epochs,
        .step = s->state.step,
        .steps = s->state.steps,
        .loss = s->state.loss,
        .line = line,
    };
    double elapsed = at_now() - s->started;
    if (elapsed > 0)
        e.rate = (double)(s->state.step - s->first) * s->batch / elapsed;
    if (s->job->options->event)
        s->job->options->event(s->job->options->user, &e);
}

static void log_line(run *s, int show, const char *fmt, ...) AT_PRINTF(3, 4);
static void log_line(run *s, int show, const char *fmt, ...)
{
    char line[LINE_SIZE];
    va_list ap;
    if (!s->log)
        return;
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
    if (!at_ranks_lead(s->ranks))
        return ATTUNE_OK;
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
    if (!at_ranks_lead(s->ranks))
        return ATTUNE_OK;
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
    return s->state.step >= s->state.steps || (stop->patience && s->state.stale >= stop->patience &&
                                               s->state.step >= stop->least * s->steps_per_epoch);
}

/* ---- steps -------------------------------------------------------------------------------- */

static int stopped(const run *s)
{
    return s->job->options->stop && s->job->options->stop(s->job->options->user);
}

/* Forwards and backwards through one shard, which was prepared (slot, or a status): gradients are its own. */
static int one_pass(run *s, int64_t shard, int slot, double *loss, attune_error *err)
{
    if (slot < 0)
        return at_fail(err, (attune_status)slot, "preparing a batch failed");
    at_graph_begin(s->graph, AT_TRAIN, at_step_seed(s->plan->seed, shard));
    at_params_zero_grad(&s->task->params);
    at_tensor *l = s->l->loss(s->task, s->graph, shard, slot);
    const float scale = at_loss_scale_factor(&s->state.scaling);
    if (!l || at_graph_backward_scaled(s->graph, l, scale))
        return at_fail_nomem(err);
    *loss = l->data[0];
    return ATTUNE_OK;
}

static int first_shard(const run *s)
{
    return s->ranks ? at_shards_first(s->plan->shards, s->ranks->rank, s->ranks->count) : 0;
}

static int end_shard(const run *s)
{
    return s->ranks ? at_shards_first(s->plan->shards, s->ranks->rank + 1, s->ranks->count)
                    : s->plan->shards;
}

/* This rank's shards of a step. Among others nobody waits for the end of a step that may never come. */
static int own_passes(run *s, attune_error *err)
{
    int status = ATTUNE_OK;
    const int64_t from = s->state.step * s->plan->shards;
    for (int i = first_shard(s); i < end_shard(s) && !status; i++) {
        double loss = 0;
        if (s->ranks && stopped(s))
            return ATTUNE_E_INTERRUPTED;
        status = one_pass(s, from + i, at_prefetch_next(s->prefetch), &loss, err);
        status = status ? status : at_shards_add(s->shards, loss, err);
    }
    return status;
}

/* Gradients of a whole batch, and its loss. */
static int all_passes(run *s, double *loss, attune_error *err)
{
    if (!s->shards)
        return one_pass(s, s->state.step, at_prefetch_next(s->prefetch), loss, err);
    at_shards_begin(s->shards);
    int status = at_ranks_agree(s->ranks, own_passes(s, err), err);
    status = status ? status : at_shards_end(s->shards, loss, err);
    if (status)
        at_shards_drop(s->shards);
    return status;
}

static int one_step(run *s, attune_error *err)
{
    double value = 0;
    const int64_t step = s->state.step;
    float norm = 0;
    int status = all_passes(s, &value, err);
    if (status)
        return status;
    s->adamw.scale = at_loss_scale_factor(&s->state.scaling) * (float)s->plan->shards;
    const float lr = rate_now(s);
    status = at_adamw_step(&s->adamw, &s->task->params, s->job->pool, s->kn, lr, &norm, err);
    if (status)
        return status;
    s->state.step++;
    at_loss_scale_update(&s->state.scaling, isfinite(norm));
    if (!isfinite(norm) || !isfinite(value)) {
        s->state.skipped++;
        return ATTUNE_OK;
    }
    double keep = step == 0 ? 0 : 0.98;
    s->state.loss = keep * s->state.loss + (1 - keep) * value;
    s->norm = s->norm > 0 ? 0.98 * s->norm + 0.02 * (double)norm : (double)norm;
    if (s->state.step % LOG_EVERY == 0)
        log_line(s, 0, "step %" PRId64 "/%" PRId64 " loss %.4f norm %.3f lr %.3g rate %.1f/s",
                 s->state.step, s->state.steps, s->state.loss, s->norm, (double)lr,
                 (double)(s->state.step - s->first) * s->batch / (at_now() - s->started));
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
    const char *const *also = s->task->meta;
    const char *meta[] = {s->l->record, text, also[0], also[1], also[2], also[3], NULL};
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
    int status = l->evaluate(s->task, s->graph, s->state.step * s->plan->shards, &m, &score, err);
    if (!status) {
        char line[LINE_SIZE];
        int epoch = (int)(s->state.step / s->steps_per_epoch);
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

/* By the first rank; what it means for the run is then known to all. */
static int evaluate_for_all(run *s, attune_error *err)
{
    int status = at_ranks_lead(s->ranks) ? evaluate(s, err) : ATTUNE_OK;
    status = at_ranks_agree(s->ranks, status, err);
    return status ? status : at_ranks_share(s->ranks, &s->state, sizeof s->state, err);
}

static int interrupted(const run *s, attune_error *err)
{
    return at_fail(err, ATTUNE_E_INTERRUPTED,
                   "stopped at step %" PRId64 " of %" PRId64 "; go on with --resume", s->state.step,
                   s->state.steps);
}

/* A step, and the evaluation that is due after it. */
static int one_step_judged(run *s, attune_error *err)
{
    int status = one_step(s, err);
    if (status)
        return status;
    tell(s, NULL);
    const int64_t epoch = s->state.step / s->steps_per_epoch;
    const int end_of_epoch = s->state.step % s->steps_per_epoch == 0;
    return end_of_epoch && (epoch % s->plan->eval_every == 0 || epoch == s->plan->epochs)
               ? evaluate_for_all(s, err)
               : ATTUNE_OK;
}

/* Who stops, or whom the others left in the middle of a step, saves the last whole one. */
static int go_on(run *s, attune_error *err)
{
    int status = one_step_judged(s, err);
    const int left = status == ATTUNE_E_INTERRUPTED, stop = left || (!status && stopped(s));
    if (stop || (!status && (s->state.step % s->steps_per_epoch == 0 ||
                             at_now() - s->saved > 60 * s->plan->checkpoint_minutes)))
        status = save_checkpoint(s, err);
    return !status && stop && (left || !is_over(s)) ? interrupted(s, err) : status;
}

/* Who has other samples, or whose arithmetic is another, comes to another loss: all try the same shard. */
static int compare_losses(run *s, attune_error *err)
{
    double loss = 0;
    if (!s->ranks)
        return ATTUNE_OK;
    const int64_t shard = s->state.step * s->plan->shards;
    at_shards_begin(s->shards);
    const int slot = s->l->prepare(s->task, shard, 0);
    int status = one_pass(s, shard, slot < 0 ? slot : 0, &loss, err);
    at_shards_drop(s->shards);
    status = at_ranks_agree(s->ranks, status, err);
    return status
               ? status
               : at_ranks_same(s->ranks, "loss of the same samples (so other data or arithmetic)",
                               &loss, sizeof loss, err);
}

static int prepare(void *user, int64_t i, int slot)
{
    const run *s = user;
    const int64_t own = end_shard(s) - first_shard(s), step = i / own;
    return s->l->prepare(s->task, step * s->plan->shards + first_shard(s) + i % own, slot);
}

static int train(run *s, attune_error *err)
{
    /* The checkpoint is of the end, but what was made of it has gone. */
    int gone = is_over(s) && at_ranks_lead(s->ranks) && access(s->model, R_OK);
    int status = at_ranks_share(s->ranks, &gone, sizeof gone, err);
    if (status || gone)
        return status ? status : evaluate_for_all(s, err);
    if (!is_over(s) && (status = compare_losses(s, err)))
        return status;
    const int64_t own = end_shard(s) - first_shard(s);
    status =
        at_prefetch_start(&s->prefetch, prepare, s, s->state.step * own, s->state.steps * own, err);
    status = at_ranks_agree(s->ranks, status, err);
    while (!status && !is_over(s))
        status = go_on(s, err);
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

static int count_steps(at_learning *t, attune_error *err)
{
    const int64_t steps_per_epoch = t->shards_per_epoch / t->plan.shards;
    if (steps_per_epoch < 1)
        return at_fail(err, ATTUNE_E_ARG, "%s: fewer samples than one batch", t->job->recipe->path);
    t->shards_per_epoch = steps_per_epoch * t->plan.shards;
    if (steps_per_epoch > AT_MOST_STEPS / t->plan.epochs)
        return at_fail(err, ATTUNE_E_ARG,
                       "%s: epochs is %d, of %" PRId64 " steps each: the most is %" PRId64
                       " steps in all",
                       t->job->recipe->path, t->plan.epochs, steps_per_epoch, AT_MOST_STEPS);
    return ATTUNE_OK;
}

/* What would make ranks learn apart from one another is told before they do. */
static int compare_ranks(run *s, attune_error *err)
{
    char kernels[32] = "";
    const uint64_t what[] = {s->state.stamp, (uint64_t)s->state.steps};
    snprintf(kernels, sizeof kernels, "%s", s->kn->name);
    int status = at_ranks_same(s->ranks, "recipe, options or data", what, sizeof what, err);
    return status ? status
                  : at_ranks_same(s->ranks, "instruction set, which $ATTUNE_ISA can make the same,",
                                  kernels, sizeof kernels, err);
}

/* Where the first rank begins, all do. */
static int begin_alike(run *s, attune_error *err)
{
    const at_params *p = &s->task->params;
    int status = compare_ranks(s, err);
    for (int i = 0; i < p->count && s->ranks && !status; i++) {
        const at_param *q = p->list[i];
        const size_t bytes = q->borrowed ? 0 : at_tensor_count(&q->value) * sizeof(float);
        status = at_ranks_share(s->ranks, q->value.data, bytes, err);
        if (q->m && q->v && !status)
            status = at_ranks_share(s->ranks, q->m, bytes, err);
        if (q->m && q->v && !status)
            status = at_ranks_share(s->ranks, q->v, bytes, err);
    }
    status = status ? status : at_ranks_share(s->ranks, &s->state, sizeof s->state, err);
    return status ? status : at_ranks_share(s->ranks, &s->adamw.step, sizeof s->adamw.step, err);
}

static int make_ready(run *s, attune_error *err)
{
    at_learning *t = s->task;
    int status = name_files(s, err);
    status = status ? status : at_graph_create(&s->graph, s->job->pool, s->kn, err);
    if (!status && at_plan_is_mixed(s->plan)) {
        at_graph_set_precision(s->graph, AT_MIXED);
        s->state.scaling.scale = AT_LOSS_SCALE_START;
    }
    status = status ? status : at_adamw_init(&s->adamw, &t->params, err);
    if (!status && s->plan->shards > 1)
        status = at_shards_create(&s->shards, &t->params, s->plan->shards, s->ranks, err);
    return status || !t->resumed || !at_ranks_lead(s->ranks) ? status : resume(s, err);
}

static int run_all(run *s, attune_error *err)
{
    char ranks[32] = "";
    int status = at_ranks_agree(s->ranks, make_ready(s, err), err);
    status = status ? status : begin_alike(s, err);
    if (status)
        return status;
    s->started = s->saved = at_now();
    s->first = s->state.step;
    if (s->ranks)
        snprintf(ranks, sizeof ranks, " on each of %d ranks", s->ranks->count);
    log_line(s, 1,
             "%s: %d epochs of %" PRId64 " steps of %d, from step %" PRId64
             ", kernels %s, %d threads%s",
             s->job->recipe->name, s->plan->epochs, s->steps_per_epoch, s->batch, s->state.step,
             s->kn->name, at_pool_threads(s->job->pool), ranks);
    return train(s, err);
}

static int run_task(const at_learner *l, at_learning *task, double *score, attune_error *err)
{
    run *s = at_calloc(1, sizeof *s);
    if (!s)
        return at_fail_nomem(err);
    const int64_t steps_per_epoch = task->shards_per_epoch / task->plan.shards;
    *s = (run){.l = l,
               .task = task,
               .job = task->job,
               .plan = &task->plan,
               .ranks = task->job->ranks,
               .adamw = optimiser_of(&task->plan),
               .kn = at_kernels_best(),
               .steps_per_epoch = steps_per_epoch,
               .batch = task->batch * task->plan.shards,
               .state = {.steps = steps_per_epoch * task->plan.epochs,
                         .best = -1,
                         .stamp = task->job->stamp}};
    int status = run_all(s, err);
    status = status ? status : at_job_wrote(task->job, ".safetensors", err);
    if (score)
        *score = s->state.score;
    if (s->log)
        fclose(s->log);
    at_shards_free(&s->shards);
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

static int check_ranks(const at_learning *t, attune_error *err)
{
    const at_ranks *r = t->job->ranks;
    return r && r->count > t->plan.shards
               ? at_fail(err, ATTUNE_E_ARG,
                         "%s: shards is %d: no more than as many ranks can learn, and here are %d",
                         t->job->recipe->path, t->plan.shards, r->count)
               : ATTUNE_OK;
}

static int set_up(const at_learner *l, at_learning *t, attune_error *err)
{
    int status = check_ranks(t, err);
    status = status ? status : l->set_up(t, err);
    return status ? status : count_steps(t, err);
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
    t->resumed = !at_ranks_lead(job->ranks) || goes_on(job);
    int status = at_ranks_agree(job->ranks, set_up(l, t, err), err);
    status = status ? status : run_task(l, t, score, err);
    if (l->clean_up)
        l->clean_up(t);
    at_params_free(&t->params);
    at_free(t);
    return status;
}
