#include "train/loop.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/progress.h"
#include "train/checkpoint.h"
#include "train/prefetch.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096, LOG_EVERY = 100, LINE_SIZE = 1024 };

typedef struct run {
    const at_learner *l;
    const at_loop_plan *plan;
    const at_recipe *recipe;
    const attune_train_options *o;
    at_pool *pool;
    const at_kernels *kn;
    at_graph *graph;
    at_prefetch *prefetch;
    at_adamw adamw;
    at_progress_state state;
    FILE *log;
    char checkpoint[PATH_SIZE], model[PATH_SIZE], best[PATH_SIZE], metrics[PATH_SIZE];
    double started, saved; /* clock: this call; last checkpoint */
    int64_t first;         /* step this call began at */
    double norm;           /* gradient norm, running mean */
    int64_t skipped;       /* steps with a gradient that was not finite */
} run;

uint64_t at_step_seed(int64_t seed, int64_t step)
{
    uint64_t z = (uint64_t)seed * 0x9e3779b97f4a7c15u + (uint64_t)step + 0x632be59bd9b4e019u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int at_loop_plan_read(at_loop_plan *plan, const at_recipe *r, const attune_train_options *o,
                      attune_error *err)
{
    static const char *const known[] = {"lr",    "floor",    "warmup",   "decay",
                                        "clip",  "lr_heads", "lr_early", "ema",
                                        "beta1", "beta2",    "comment",  NULL};
    const json_t *opt = json_object_get(r->root, "optimiser");
    int status = at_recipe_check(r, opt, "optimiser", known, err);
    if (status)
        return status;
    memset(plan, 0, sizeof *plan);
    plan->epochs = o->epochs > 0 ? o->epochs : (int)at_recipe_int(r->root, "epochs", 10);
    plan->seed = at_recipe_int(r->root, "seed", 1);
    plan->checkpoint_s = at_recipe_number(r->root, "checkpoint_minutes", 5) * 60;
    plan->eval_every = (int)at_recipe_int(r->root, "eval_every", 1);
    plan->lr = (float)at_recipe_number(opt, "lr", 1e-3);
    plan->floor = (float)at_recipe_number(opt, "floor", 1e-5);
    plan->warmup = (float)at_recipe_number(opt, "warmup", 0.05);
    plan->optimiser.lr = plan->lr;
    plan->optimiser.beta1 = (float)at_recipe_number(opt, "beta1", 0.9);
    plan->optimiser.beta2 = (float)at_recipe_number(opt, "beta2", 0.999);
    plan->optimiser.decay = (float)at_recipe_number(opt, "decay", 0.01);
    plan->optimiser.clip = (float)at_recipe_number(opt, "clip", 0);
    plan->optimiser.ema = (float)at_recipe_number(opt, "ema", 0.999);
    if (plan->epochs < 1 || plan->eval_every < 1 || !(plan->lr > 0) || plan->warmup < 0 ||
        plan->warmup > 1)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: epochs, eval_every, lr or warmup out of range",
                       r->path);
    return ATTUNE_OK;
}

/* ---- what is told, and to whom ------------------------------------------------------------ */

static void tell(run *s, const char *line)
{
    attune_train_event e = {
        .epoch = (int)(s->state.step / s->l->steps_per_epoch),
        .epochs = s->plan->epochs,
        .step = s->state.step,
        .steps = s->state.steps,
        .loss = s->state.loss,
        .line = line,
    };
    double elapsed = at_now() - s->started;
    if (elapsed > 0)
        e.rate = (double)(s->state.step - s->first) * s->l->batch / elapsed;
    if (s->o->event)
        s->o->event(s->o->user, &e);
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

static int name_files(run *s, attune_error *err)
{
    const char *dir = s->o->out_dir ? s->o->out_dir : ".", *name = s->recipe->name;
    char log[PATH_SIZE];
    int status = at_mkdirs(dir, err);
    if (status)
        return status;
    int longest = snprintf(s->checkpoint, PATH_SIZE, "%s/%s.checkpoint.safetensors", dir, name);
    snprintf(s->model, PATH_SIZE, "%s/%s.safetensors", dir, name);
    snprintf(s->best, PATH_SIZE, "%s/%s.best.safetensors", dir, name);
    snprintf(s->metrics, PATH_SIZE, "%s/%s.metrics.jsonl", dir, name);
    snprintf(log, PATH_SIZE, "%s/%s.log", dir, name);
    if (longest >= PATH_SIZE)
        return at_fail(err, ATTUNE_E_ARG, "%s: path too long", dir);
    if (!s->o->resume)
        remove(s->metrics);
    s->log = fopen(log, s->o->resume ? "a" : "w");
    if (!s->log)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", log, strerror(errno));
    return ATTUNE_OK;
}

/* Writes the metrics of earlier epochs (up to the present step) and, if given, one more line. */
static int write_metrics(run *s, const json_t *add, attune_error *err)
{
    unsigned char *old = NULL;
    size_t size = 0;
    at_outfile out;
    char *rest = NULL;
    if (at_file_read(s->metrics, (size_t)64 << 20, &old, &size, NULL))
        old = NULL;
    int status = at_outfile_open(&out, s->metrics, err);
    if (status) {
        at_free(old);
        return status;
    }
    for (char *line = old ? strtok_r((char *)old, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        json_t *v = json_loads(line, 0, NULL);
        int64_t step = at_recipe_int(v, "step", -1);
        if (step >= 0 && (add ? step < s->state.step : step <= s->state.step))
            fprintf(out.f, "%s\n", line);
        json_decref(v);
    }
    if (add) {
        json_dumpf(add, out.f, JSON_COMPACT | JSON_REAL_PRECISION(6));
        fputc('\n', out.f);
    }
    at_free(old);
    return at_outfile_commit(&out, err);
}

static int save_checkpoint(run *s, attune_error *err)
{
    s->saved = at_now();
    return at_checkpoint_save(s->checkpoint, s->l->params, &s->adamw, &s->state, err);
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
    at_params_zero_grad(l->params);
    at_tensor *loss = l->loss(l->self, s->graph, step, slot);
    if (!loss || at_graph_backward(s->graph, loss))
        return at_fail_nomem(err);
    int64_t warmup = (int64_t)((double)s->plan->warmup * (double)s->state.steps);
    float lr = at_lr_cosine(s->plan->lr, s->plan->floor, step, warmup, s->state.steps);
    double norm = at_adamw_step(&s->adamw, l->params, s->pool, s->kn, lr), value = loss->data[0];
    s->state.step++;
    if (!isfinite(norm) || !isfinite(value)) {
        s->skipped++;
        return ATTUNE_OK;
    }
    double keep = step == 0 ? 0 : 0.98;
    s->state.loss = keep * s->state.loss + (1 - keep) * value;
    s->norm = s->norm > 0 ? 0.98 * s->norm + 0.02 * norm : norm;
    if (s->state.step % LOG_EVERY == 0)
        log_line(s, 0, "step %" PRId64 "/%" PRId64 " loss %.4f norm %.3f lr %.3g rate %.1f/s",
                 s->state.step, s->state.steps, s->state.loss, s->norm, (double)lr,
                 (double)(s->state.step - s->first) * l->batch / (at_now() - s->started));
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
static int save_model(const at_learner *l, const char *path, const json_t *metrics,
                      attune_error *err)
{
    char *text = json_dumps(metrics, JSON_COMPACT | JSON_REAL_PRECISION(6));
    const char *meta[] = {l->record, text ? text : "{}", NULL};
    int status = at_params_save(path, l->params, meta, err);
    free(text);
    return status;
}

/* Evaluates on the averaged weights, records the figures and keeps the model. */
static int evaluate(run *s, attune_error *err)
{
    const at_learner *l = s->l;
    double score = 0, begun = at_now();
    json_t *m = json_object();
    if (!m)
        return at_fail_nomem(err);
    int averaged = s->adamw.ema > 0;
    if (averaged)
        at_ema_swap(l->params);
    int status = l->evaluate(l->self, s->graph, s->state.step, m, &score, err);
    if (!status) {
        char line[LINE_SIZE];
        int epoch = (int)(s->state.step / l->steps_per_epoch);
        snprintf(line, sizeof line, "epoch %d/%d  loss %.4f", epoch, s->plan->epochs,
                 s->state.loss);
        append_figures(m, line, sizeof line);
        json_object_set_new(m, "epoch", json_integer(epoch));
        json_object_set_new(m, "step", json_integer(s->state.step));
        json_object_set_new(m, "loss", json_real(s->state.loss));
        json_object_set_new(m, "score", json_real(score));
        log_line(s, 1, "%s", line);
        status = save_model(l, s->model, m, err);
        if (!status && score > s->state.best) {
            s->state.best = score;
            status = save_model(l, s->best, m, err);
        }
        /* What depends on the machine stays out of the model's file. */
        json_object_set_new(m, "skipped_steps", json_integer(s->skipped));
        json_object_set_new(m, "elapsed_s", json_real(at_now() - s->started));
        json_object_set_new(m, "evaluation_s", json_real(at_now() - begun));
        status = status ? status : write_metrics(s, m, err);
    }
    if (averaged)
        at_ema_swap(l->params);
    json_decref(m);
    return status;
}

static int stopped(const run *s)
{
    return s->o->stop && s->o->stop(s->o->user);
}

static int train(run *s, attune_error *err)
{
    const at_learner *l = s->l;
    int status =
        at_prefetch_start(&s->prefetch, l->prepare, l->self, s->state.step, s->state.steps, err);
    while (!status && s->state.step < s->state.steps) {
        status = one_step(s, err);
        if (status)
            break;
        tell(s, NULL);
        int end_of_epoch = s->state.step % l->steps_per_epoch == 0;
        int64_t epoch = s->state.step / l->steps_per_epoch;
        if (end_of_epoch && (epoch % s->plan->eval_every == 0 || epoch == s->plan->epochs))
            status = evaluate(s, err);
        int stop = !status && stopped(s);
        if (!status && (stop || end_of_epoch || at_now() - s->saved > s->plan->checkpoint_s))
            status = save_checkpoint(s, err);
        if (stop && !status && s->state.step < s->state.steps)
            status = at_fail(err, ATTUNE_E_INTERRUPTED,
                             "stopped at step %" PRId64 " of %" PRId64 "; go on with --resume",
                             s->state.step, s->state.steps);
    }
    at_prefetch_stop(&s->prefetch);
    return status;
}

static int resume(run *s, attune_error *err)
{
    at_progress_state found = {0};
    int status = at_checkpoint_load(s->checkpoint, s->l->params, &s->adamw, &found, err);
    if (status)
        return status;
    if (found.recipe != s->state.recipe || found.steps != s->state.steps)
        return at_fail(err, ATTUNE_E_ARG, "%s: of another recipe, data or number of epochs",
                       s->checkpoint);
    s->state = found;
    return write_metrics(s, NULL, err);
}

int at_loop_run(const at_learner *l, const at_loop_plan *plan, const at_recipe *r,
                const attune_train_options *o, at_pool *pool, attune_error *err)
{
    run *s = at_calloc(1, sizeof *s);
    if (!s)
        return at_fail_nomem(err);
    *s = (run){.l = l,
               .plan = plan,
               .recipe = r,
               .o = o,
               .pool = pool,
               .adamw = plan->optimiser,
               .kn = at_kernels_best()};
    s->state.steps = l->steps_per_epoch * plan->epochs;
    s->state.best = -1;
    s->state.recipe = at_recipe_hash(r);
    int status = l->steps_per_epoch < 1
                     ? at_fail(err, ATTUNE_E_ARG, "%s: fewer samples than one batch", r->path)
                     : name_files(s, err);
    status = status ? status : at_graph_create(&s->graph, pool, s->kn, err);
    status = status ? status : at_adamw_init(&s->adamw, l->params, err);
    if (!status && o->resume)
        status = resume(s, err);
    if (!status) {
        s->started = s->saved = at_now();
        s->first = s->state.step;
        log_line(s, 1,
                 "%s: %d epochs of %" PRId64 " steps of %d, from step %" PRId64
                 ", kernels %s, %d threads",
                 r->name, plan->epochs, l->steps_per_epoch, l->batch, s->state.step, s->kn->name,
                 at_pool_threads(pool));
        status = train(s, err);
    }
    if (s->log)
        fclose(s->log);
    at_graph_free(&s->graph);
    at_free(s);
    return status;
}
