#include "train/loop_inside.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- an evaluation -------------------------------------------------------------------------- */

/* What an evaluation's score means for the rate and the end. The best score is still the one before. */
static void note_score(at_loop *s, double score)
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

/* The figures with what they were at. */
static void complete(const at_loop *s, json_t **metrics, int epoch, double score)
{
    at_json_put(metrics, "epoch", json_integer(epoch));
    at_json_put(metrics, "step", json_integer(s->state.step));
    at_json_put_real(metrics, "loss", s->state.loss);
    at_json_put_real(metrics, "score", score);
}

/* What depends on the machine: it stays out of the model's file. */
static void complete_record(const at_loop *s, json_t **metrics, double begun)
{
    at_json_put(metrics, "skipped_steps", json_integer(s->state.skipped));
    if (s->state.scaling.scale > 0)
        at_json_put_real(metrics, "loss_scale", (double)s->state.scaling.scale);
    at_json_put_real(metrics, "elapsed_s", at_now() - s->started);
    at_json_put_real(metrics, "evaluation_s", at_now() - begun);
}

static int judge(at_loop *s, json_t **metrics, attune_error *err)
{
    const int epoch = (int)(s->state.step / s->steps_per_epoch);
    const double begun = at_now();
    double score = 0;
    char figures[AT_LOOP_LINE] = "";
    int status =
        s->l->evaluate(s->task, s->graph, s->state.step * s->plan->shards, metrics, &score, err);
    if (status)
        return status;
    append_figures(*metrics, figures, sizeof figures);
    complete(s, metrics, epoch, score);
    note_score(s, score);
    at_loop_log(s, 1, "epoch %d/%d  loss %.4f%s", epoch, s->plan->epochs, s->state.loss, figures);
    s->state.score = score;
    status = at_loop_keep_model(s, *metrics, score, err);
    complete_record(s, metrics, begun);
    return status ? status : at_loop_add_metrics(s, *metrics, err);
}

/* Evaluates on the averaged weights, records the figures and keeps the model. */
static int evaluate(at_loop *s, attune_error *err)
{
    json_t *metrics = json_object();
    const int averaged = s->adamw.ema > 0;
    if (averaged)
        at_ema_swap(&s->task->params);
    const int status = judge(s, &metrics, err);
    if (averaged)
        at_ema_swap(&s->task->params);
    json_decref(metrics);
    return status;
}

/* By the first rank; what it means for the run is then known to all. */
static int evaluate_for_all(at_loop *s, attune_error *err)
{
    int status = at_ranks_lead(s->ranks) ? evaluate(s, err) : ATTUNE_OK;
    status = at_ranks_agree(s->ranks, status, err);
    return status ? status : at_ranks_share(s->ranks, &s->state, sizeof s->state, err);
}

/* ---- from step to step ---------------------------------------------------------------------- */

/* At its last step, or stopped early. */
static int is_over(const at_loop *s)
{
    const at_stopping_settings *stop = &s->plan->early_stop;
    return s->state.step >= s->state.steps || (stop->patience && s->state.stale >= stop->patience &&
                                               s->state.step >= stop->least * s->steps_per_epoch);
}

static int interrupted(const at_loop *s, attune_error *err)
{
    return at_fail(err, ATTUNE_E_INTERRUPTED,
                   "stopped at step %" PRId64 " of %" PRId64 "; go on with --resume", s->state.step,
                   s->state.steps);
}

/* A step, and the evaluation that is due after it. */
static int one_step_judged(at_loop *s, attune_error *err)
{
    int status = at_loop_step(s, err);
    if (status)
        return status;
    at_loop_tell(s, NULL);
    const int64_t epoch = s->state.step / s->steps_per_epoch;
    const int end_of_epoch = s->state.step % s->steps_per_epoch == 0;
    return end_of_epoch && (epoch % s->plan->eval_every == 0 || epoch == s->plan->epochs)
               ? evaluate_for_all(s, err)
               : ATTUNE_OK;
}

/* Who stops, or whom the others left in the middle of a step, saves the last whole one. */
static int go_on(at_loop *s, attune_error *err)
{
    int status = one_step_judged(s, err);
    const int left = status == ATTUNE_E_INTERRUPTED, stop = left || (!status && at_loop_stopped(s));
    if (stop || (!status && (s->state.step % s->steps_per_epoch == 0 ||
                             at_now() - s->saved > 60 * s->plan->checkpoint_minutes)))
        status = at_loop_save(s, err);
    return !status && stop && (left || !is_over(s)) ? interrupted(s, err) : status;
}

static int train(at_loop *s, attune_error *err)
{
    /* The checkpoint is of the end, but what was made of it has gone. */
    int gone = is_over(s) && at_ranks_lead(s->ranks) && access(s->model, R_OK);
    int status = at_ranks_share(s->ranks, &gone, sizeof gone, err);
    if (status || gone)
        return status ? status : evaluate_for_all(s, err);
    if (!is_over(s) && (status = at_loop_compare(s, err)))
        return status;
    status = at_ranks_agree(s->ranks, at_loop_prefetch(s, err), err);
    while (!status && !is_over(s))
        status = go_on(s, err);
    at_prefetch_stop(&s->prefetch);
    if (!status && s->state.step < s->state.steps)
        at_loop_log(s, 1, "stopped early: %" PRId64 " evaluations without a better one",
                    s->state.stale);
    return status;
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
static int compare_ranks(at_loop *s, attune_error *err)
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
static int begin_alike(at_loop *s, attune_error *err)
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

static int make_ready(at_loop *s, attune_error *err)
{
    at_learning *t = s->task;
    int status = at_loop_open_files(s, err);
    status = status ? status : at_graph_create(&s->graph, s->job->pool, s->kn, err);
    if (!status && at_plan_is_mixed(s->plan)) {
        at_graph_set_precision(s->graph, AT_MIXED);
        s->state.scaling.scale = AT_LOSS_SCALE_START;
    }
    status = status ? status : at_adamw_init(&s->adamw, &t->params, err);
    if (!status && s->plan->shards > 1)
        status = at_shards_create(&s->shards, &t->params, s->plan->shards, s->ranks, err);
    return status || !t->resumed || !at_ranks_lead(s->ranks) ? status : at_loop_resume(s, err);
}

static int run_all(at_loop *s, attune_error *err)
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
    at_loop_log(s, 1,
                "%s: %d epochs of %" PRId64 " steps of %d, from step %" PRId64
                ", kernels %s, %d threads%s",
                s->job->recipe->name, s->plan->epochs, s->steps_per_epoch, s->batch, s->state.step,
                s->kn->name, at_pool_threads(s->job->pool), ranks);
    return train(s, err);
}

static int run_task(const at_learner *l, at_learning *task, double *score, attune_error *err)
{
    at_loop *s = at_calloc(1, sizeof *s);
    if (!s)
        return at_fail_nomem(err);
    const int64_t steps_per_epoch = task->shards_per_epoch / task->plan.shards;
    *s = (at_loop){.l = l,
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
           (job->resume == AT_RESUME_IF_ANY && !at_job_path(job, AT_LOOP_CHECKPOINT, path, NULL) &&
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
