/* The paper's baseline (Tables 1 and 2): histograms of oriented gradients of all pictures, and on them one
 * logistic regression for each head that there are labels for. The minimum is found on all pictures at
 * once and has no randomness in it, so there is nothing to go on with after a stop: it is found anew. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "eval/metrics.h"
#include <attune/eval.h>
#include "model/hog_net.h"
#include "train/checkpoint.h"
#include "train/class_weights.h"
#include "train/face_set.h"
#include "train/logistic.h"
#include "vision/hog.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One part of the data, and what its pictures look like. */
typedef struct part {
    at_face_set set;
    float *values; /* (set.faces.count, task.values) */
    int *label;    /* (set.faces.count) of the head at hand, -1: none */
} part;

typedef struct task {
    const at_job *job;
    const at_hog_settings *s;
    int values;
    part train, valid;
    at_params params; /* the model: detector and heads */
    json_t *metrics;
} task;

/* ---- what pictures look like ----------------------------------------------------------------- */

typedef struct description {
    const part *p;
    int values;
} description;

static int describe(void *user, int i, int thread, const at_image *aligned)
{
    const description *d = user;
    float *workspace =
        at_alloc((size_t)at_hog_workspace(AT_FACE_SIDE, AT_FACE_SIDE), sizeof *workspace);
    (void)thread;
    if (!workspace)
        return ATTUNE_E_NOMEM;
    at_hog(aligned, workspace, d->p->values + (size_t)i * (size_t)d->values);
    at_free(workspace);
    return ATTUNE_OK;
}

static int load_part(task *t, part *p, at_part which, const at_params *detector, attune_error *err)
{
    description d = {.p = p, .values = t->values};
    const at_watcher watcher = at_job_watcher(t->job);
    int status = at_face_set_load(&p->set, t->job, &t->s->data, which, t->job->options->limit,
                                  detector, NULL, err);
    if (status)
        return status;
    const size_t count = (size_t)p->set.faces.count;
    p->values = at_alloc(count * (size_t)t->values, sizeof *p->values);
    p->label = at_alloc(count, sizeof *p->label);
    if (!p->values || !p->label)
        return at_fail_nomem(err);
    return at_faces_each(&p->set.faces, "gradients", t->job->pool, describe, &d, &watcher, err);
}

/* ---- one head --------------------------------------------------------------------------------- */

/* FER+'s label is its majority's, FER2013's is told by the set beside it. */
static void find_labels(part *p, at_head head)
{
    for (int i = 0; i < p->set.faces.count; i++) {
        const at_sample *s = &p->set.faces.list[i].label;
        p->label[i] = head == AT_HEAD_FACE7                              ? p->set.basic[i]
                      : head == AT_HEAD_FACE8 && !at_sample_has_votes(s) ? -1
                                                                         : at_label_of(s, head);
    }
}

/* Of each class how many; returns how many in all. */
static double count_labels(const part *p, int classes, double *count)
{
    double all = 0;
    memset(count, 0, (size_t)classes * sizeof *count);
    for (int i = 0; i < p->set.faces.count; i++)
        if (p->label[i] >= 0) {
            count[p->label[i]]++;
            all++;
        }
    return all;
}

static int note_step(void *user, int iteration, double value, double largest)
{
    const at_job *job = ((const task *)user)->job;
    char line[96];
    snprintf(line, sizeof line, "iteration %d  loss %.6f  gradient %.2g", iteration, value,
             largest);
    if (iteration % 100 == 0)
        at_job_tell(job, line);
    return job->options->stop && job->options->stop(job->options->user);
}

static at_param *make(task *t, at_head head, const char *what, int rank)
{
    char name[80];
    const int outputs = at_heads[head].outputs, dim[] = {t->values, outputs};
    at_hog_array(head, what, name);
    return at_params_get(&t->params, name, rank, rank == 2 ? dim : &outputs);
}

/* The validation part's figures; m->n is 0 where it has no such labels. */
static int judge(task *t, at_head head, at_metrics *m, attune_error *err)
{
    const part *p = &t->valid;
    at_hog_net net = {.values = t->values};
    net.weight[head] = make(t, head, "weight", 2)->value.data;
    net.bias[head] = make(t, head, "bias", 1)->value.data;
    const int classes = at_heads[head].classes;
    float logit[AT_MOST_CLASSES];
    float *answer = at_alloc((size_t)p->set.faces.count * (size_t)classes, sizeof *answer);
    int *label = at_alloc((size_t)p->set.faces.count, sizeof *label);
    at_answers a = {.classes = classes, .label = label, .p = answer};
    for (int i = 0; answer && label && i < p->set.faces.count; i++) {
        if (p->label[i] < 0)
            continue;
        at_hog_net_run(&net, head, p->values + (size_t)i * (size_t)t->values, logit);
        at_probabilities(logit, classes, 1, answer + (size_t)a.n * (size_t)classes);
        label[a.n++] = p->label[i];
    }
    const int status = answer && label ? ATTUNE_OK : at_fail_nomem(err);
    if (!status)
        at_metrics_compute(m, &a);
    at_free(answer);
    at_free(label);
    return status;
}

static void note_figures(task *t, at_head head, int iterations, const at_metrics *m)
{
    const struct {
        const char *name;
        double value;
    } figure[] = {
        {"accuracy", m->accuracy}, {"balanced", m->balanced_accuracy}, {"macro_f1", m->macro_f1}};
    char line[160], key[64];
    int n = snprintf(line, sizeof line, "%s: %d iterations", at_heads[head].name, iterations);
    for (size_t i = 0; m->n && i < sizeof figure / sizeof *figure; i++) {
        n += snprintf(line + n, sizeof line - (size_t)n, "  %s %.4f", figure[i].name,
                      figure[i].value);
        snprintf(key, sizeof key, "%s.%s", at_heads[head].name, figure[i].name);
        at_json_put_real(&t->metrics, key, figure[i].value);
    }
    at_job_tell(t->job, line);
}

/* Nothing where no picture has its label. */
static int learn_head(task *t, at_head head, attune_error *err)
{
    const int classes = at_heads[head].classes;
    double count[AT_MOST_CLASSES];
    float class_weight[AT_MOST_CLASSES];
    at_metrics m;
    find_labels(&t->train, head);
    find_labels(&t->valid, head);
    if (count_labels(&t->train, classes, count) < 1)
        return ATTUNE_OK;
    at_class_weights(count, classes, t->s->class_balance, class_weight);
    at_param *weight = make(t, head, "weight", 2), *bias = make(t, head, "bias", 1);
    if (!weight || !bias)
        return at_fail_nomem(err);
    const at_logistic l = {.rows = t->train.set.faces.count,
                           .values = t->values,
                           .classes = classes,
                           .x = t->train.values,
                           .label = t->train.label,
                           .class_weight = class_weight,
                           .c = t->s->c,
                           .tolerance = t->s->tolerance,
                           .iterations = t->s->iterations,
                           .step = note_step,
                           .user = t};
    const int took = at_logistic_fit(&l, t->job->pool, at_kernels_best(), weight->value.data,
                                     bias->value.data, err);
    const int status = took < 0 ? took : judge(t, head, &m, err);
    if (!status)
        note_figures(t, head, took, &m);
    return status;
}

/* ---- the run ---------------------------------------------------------------------------------- */

static int write_model(const task *t, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    char *text = at_json_write(t->metrics, JSON_COMPACT | JSON_REAL_PRECISION(6));
    const char *meta[] = {"training", text, NULL};
    int status = text ? at_job_path(t->job, ".safetensors", path, err) : at_fail_nomem(err);
    status = status ? status : at_job_will_write(t->job, err);
    status = status ? status : at_params_save(path, &t->params, meta, err);
    free(text);
    return status ? status : at_job_wrote(t->job, ".safetensors", err);
}

static int write_metrics(const task *t, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    char *text = at_json_write(t->metrics, JSON_COMPACT | JSON_REAL_PRECISION(6));
    int status = text ? at_job_path(t->job, ".metrics.jsonl", path, err) : at_fail_nomem(err);
    status = status ? status : attune_text_write(path, text, err);
    free(text);
    return status;
}

static int learn(task *t, attune_error *err)
{
    int status = at_mkdirs(t->job->options->out_dir ? t->job->options->out_dir : ".", err);
    status = status ? status : at_job_detector(t->job, t->s->detector, &t->params, NULL, err);
    status = status ? status : load_part(t, &t->train, AT_PART_TRAIN, &t->params, err);
    status = status ? status : load_part(t, &t->valid, AT_PART_VALID, &t->params, err);
    const int before = t->params.count;
    for (int i = 0; at_hog_head(i) < AT_HEADS && !status; i++)
        status = learn_head(t, at_hog_head(i), err);
    if (!status && t->params.count == before)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: no picture of its data has a label",
                         t->job->recipe->path);
    status = status ? status : write_model(t, err);
    return status ? status : write_metrics(t, err);
}

static void part_free(part *p)
{
    at_face_set_free(&p->set);
    at_free(p->values);
    at_free(p->label);
}

int at_learn_hog(const at_job *job, attune_error *err)
{
    task t = {.job = job,
              .s = job->settings,
              .values = at_hog_values(AT_FACE_SIDE, AT_FACE_SIDE),
              .metrics = json_object()};
    int status = t.metrics ? learn(&t, err) : at_fail_nomem(err);
    part_free(&t.train);
    part_free(&t.valid);
    at_params_free(&t.params);
    json_decref(t.metrics);
    return status;
}
