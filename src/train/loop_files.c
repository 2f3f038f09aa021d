#include "train/loop_inside.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* ---- what is told, and to whom ------------------------------------------------------------ */

void at_loop_tell(at_loop *s, const char *line)
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

void at_loop_log(at_loop *s, int show, const char *fmt, ...)
{
    char line[AT_LOOP_LINE];
    va_list ap;
    if (!s->log)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    fprintf(s->log, "%s\n", line);
    fflush(s->log);
    if (show)
        at_loop_tell(s, line);
}

int at_loop_stopped(const at_loop *s)
{
    return s->job->options->stop && s->job->options->stop(s->job->options->user);
}

/* ---- files -------------------------------------------------------------------------------- */

/* Who has the log has the run's files: it is locked until it is closed, and emptied only then. */
static int open_log(at_loop *s, const char *path, attune_error *err)
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

int at_loop_open_files(at_loop *s, attune_error *err)
{
    char log[AT_TRAIN_PATH];
    if (!at_ranks_lead(s->ranks))
        return ATTUNE_OK;
    int status = at_mkdirs(s->job->options->out_dir ? s->job->options->out_dir : ".", err);
    status = status ? status : at_job_path(s->job, AT_LOOP_CHECKPOINT, s->checkpoint, err);
    status = status ? status : at_job_path(s->job, ".safetensors", s->model, err);
    status = status ? status : at_job_path(s->job, ".best.safetensors", s->best, err);
    status = status ? status : at_job_path(s->job, ".metrics.jsonl", s->metrics, err);
    status = status ? status : at_job_path(s->job, ".log", log, err);
    status = status ? status : open_log(s, log, err);
    return status ? status : at_job_will_write(s->job, err);
}

/* Writes the metrics of earlier epochs (up to the present step) and, if given, one more line. */
static int put_metrics(const at_loop *s, FILE *f, char *old, const char *add, attune_error *err)
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

static int write_metrics(const at_loop *s, const char *add, attune_error *err)
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

int at_loop_save(at_loop *s, attune_error *err)
{
    s->saved = at_now();
    if (!at_ranks_lead(s->ranks))
        return ATTUNE_OK;
    return at_checkpoint_save(s->checkpoint, &s->task->params, &s->adamw, &s->state, err);
}

int at_loop_resume(at_loop *s, attune_error *err)
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

/* ---- what an evaluation leaves ------------------------------------------------------------ */

/* Parameters as they are evaluated, with the figures. */
static int save_model(const at_loop *s, const char *path, const json_t *metrics, attune_error *err)
{
    char *text = at_json_write(metrics, JSON_COMPACT | JSON_REAL_PRECISION(6));
    const char *const *also = s->task->meta;
    const char *meta[] = {s->l->record, text, also[0], also[1], also[2], also[3], NULL};
    int status = text ? at_params_save(path, &s->task->params, meta, err) : at_fail_nomem(err);
    free(text);
    return status;
}

int at_loop_keep_model(at_loop *s, const json_t *metrics, double score, attune_error *err)
{
    int status = save_model(s, s->model, metrics, err);
    if (!status && score > s->state.best) {
        s->state.best = score;
        status = save_model(s, s->best, metrics, err);
    }
    return status;
}

int at_loop_add_metrics(const at_loop *s, const json_t *metrics, attune_error *err)
{
    char *text = at_json_write(metrics, JSON_COMPACT | JSON_REAL_PRECISION(6));
    const int status = text ? write_metrics(s, text, err) : at_fail_nomem(err);
    free(text);
    return status;
}
