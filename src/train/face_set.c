#include "train/face_set.h"
#include "base/error.h"
#include "base/mem.h"
#include "data/split.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- loading ------------------------------------------------------------------------------ */

/* The same part of the set beside, whose labels are found by file: all of it where the part is drawn, since
 * another set is drawn otherwise. */
static int read_also(const at_job *job, const at_set_settings *of, const char *split,
                     at_corpus *also, attune_error *err)
{
    char *root = NULL;
    at_split s;
    int status = at_split_parse(&s, split, err);
    status = status ? status : at_job_data(job, of->dataset, of->folder, &root, err);
    status = status ? status : at_corpus_read(also, of->also, root, s.drawn ? "all" : split, err);
    free(root);
    if (!status && also->head != AT_HEAD_FACE7)
        status = at_fail(err, ATTUNE_E_ARG, "%s: also takes a set with FER2013's labels, not %s",
                         job->recipe->path, of->also);
    return status;
}

static int read_set(at_face_set *s, const at_job *job, const at_set_settings *of, at_part part,
                    int limit, at_corpus *corpus, at_corpus *also, attune_error *err)
{
    const char *split = part == AT_PART_TRAIN ? of->train : of->valid;
    int status = at_job_corpus(job, of->dataset, of->folder, split, limit, corpus, err);
    if (!status && of->also)
        status = read_also(job, of, split, also, err);
    s->share[s->sets++] = of->share;
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const at_sample *)a)->path, ((const at_sample *)b)->path);
}

/* FER2013's label of each picture that the set beside its own lists. */
static int label_basic(at_face_set *s, at_corpus *also, attune_error *err)
{
    s->basic = malloc((size_t)s->faces.count + 1);
    if (!s->basic)
        return at_fail_nomem(err);
    memset(s->basic, -1, (size_t)s->faces.count + 1);
    for (int k = 0; k < s->sets; k++)
        if (also[k].count)
            qsort(also[k].list, (size_t)also[k].count, sizeof *also[k].list, by_path);
    for (int i = 0; i < s->faces.count; i++) {
        const at_corpus *beside = &also[s->faces.list[i].corpus];
        const at_sample *found = NULL;
        if (beside->count)
            found = bsearch(&s->faces.list[i].label, beside->list, (size_t)beside->count,
                            sizeof *beside->list, by_path);
        if (found)
            s->basic[i] = (signed char)found->expression;
    }
    return ATTUNE_OK;
}

static int note_sets(at_face_set *s, attune_error *err)
{
    s->set_of = malloc(((size_t)s->faces.count + 1) * sizeof *s->set_of);
    if (!s->set_of)
        return at_fail_nomem(err);
    for (int i = 0; i < s->faces.count; i++)
        s->set_of[i] = s->faces.list[i].corpus;
    return ATTUNE_OK;
}

/* Movements differ in how much they vary; what a loss says of each should not. Those that hardly
 * ever move keep some of their smallness. */
static void weigh_units(at_face_set *s)
{
    const double least = 0.03;
    double sum = 0;
    for (int u = 0; u < ATTUNE_UNITS; u++) {
        double n = 0, mean = 0, square = 0;
        for (int i = 0; i < s->faces.count; i++)
            if (s->taught[i]) {
                double x = (double)s->taught[i]->unit[u];
                n++, mean += x, square += x * x;
            }
        mean = n > 0 ? mean / n : 0;
        const double deviation = n > 0 ? sqrt(fmax(square / n - mean * mean, 0)) : 0;
        s->unit_weight[u] = (float)(1 / fmax(deviation, least));
        sum += (double)s->unit_weight[u];
    }
    for (int u = 0; u < ATTUNE_UNITS; u++)
        s->unit_weight[u] *= (float)(ATTUNE_UNITS / sum);
}

static int ask_teacher(at_face_set *s, const at_job *job, const char *file, attune_error *err)
{
    char *path = NULL;
    int status = ATTUNE_OK;
    s->taught = calloc((size_t)s->faces.count + 1, sizeof *s->taught);
    if (!s->taught)
        return at_fail_nomem(err);
    if (file) {
        status = at_job_find(job, file, &path, err);
        status = status ? status : at_teacher_load(&s->teacher, path, err);
        free(path);
    }
    for (int i = 0; i < s->faces.count && s->teacher; i++)
        s->taught[i] = at_teacher_find(s->teacher, s->faces.list[i].label.path);
    weigh_units(s);
    return status;
}

/* Something to learn from, and an epoch's order is a list of int. */
static int check_epoch(const at_face_set *s, const char *path, attune_error *err)
{
    double n = 0;
    for (int i = 0; i < s->faces.count; i++)
        n += s->share[s->set_of[i]];
    if (!s->faces.count)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: no picture of its data can be read", path);
    return n < 1e9
               ? ATTUNE_OK
               : at_fail(err, ATTUNE_E_ARG, "%s: an epoch of %.3g pictures is too long", path, n);
}

int at_face_set_load(at_face_set *out, const at_job *job, const at_pictures_settings *data,
                     at_part part, int limit, const at_params *detector, const char *teacher,
                     attune_error *err)
{
    at_corpus corpus[AT_MAX_SETS] = {0}, also[AT_MAX_SETS] = {0};
    const at_watcher watcher = at_job_watcher(job);
    int status = ATTUNE_OK;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < data->sets && !status; i++)
        status = read_set(out, job, &data->set[i], part, limit, &corpus[i], &also[i], err);
    if (!status) {
        at_weight_source source = {0};
        if (detector)
            source = at_params_source(detector);
        status = at_faces_load(&out->faces, corpus, data->sets, detector ? &source : NULL,
                               job->pool, &watcher, err);
    }
    status = status ? status : label_basic(out, also, err);
    status = status ? status : note_sets(out, err);
    status = status ? status : ask_teacher(out, job, teacher, err);
    status = status ? status : check_epoch(out, job->recipe->path, err);
    for (int i = 0; i < data->sets; i++) {
        at_corpus_free(&corpus[i]);
        at_corpus_free(&also[i]);
    }
    if (status)
        at_face_set_free(out);
    return status;
}

int at_face_set_advise(at_face_set *s, const at_job *job, const at_model_settings *model,
                       int models, float share, attune_error *err)
{
    s->ensemble_share = models ? share : 0;
    return at_ensemble_ask(&s->ensemble, job, model, models, &s->faces, err);
}

void at_face_set_free(at_face_set *s)
{
    at_ensemble_free(&s->ensemble);
    at_faces_free(&s->faces);
    free(s->basic);
    free(s->set_of);
    free(s->taught);
    at_teacher_free(&s->teacher);
    memset(s, 0, sizeof *s);
}

/* ---- order of an epoch -------------------------------------------------------------------- */

at_draw at_face_set_draw(const at_face_set *s)
{
    return (at_draw){s->faces.count, s->sets, s->set_of, s->share};
}

/* ---- labels of a batch -------------------------------------------------------------------- */

int at_face_labels_create(at_face_labels *l, int n, attune_error *err)
{
    size_t rows = (size_t)n;
    memset(l, 0, sizeof *l);
    l->votes = at_calloc(rows, AT_FACE_CLASSES * sizeof(float));
    l->basic = at_calloc(rows, AT_BASIC_CLASSES * sizeof(float));
    l->engagement = at_calloc(rows, ATTUNE_ENGAGEMENTS * sizeof(float));
    l->votes_row = at_calloc(rows, sizeof(float));
    l->basic_row = at_calloc(rows, sizeof(float));
    l->engagement_row = at_calloc(rows, sizeof(float));
    l->dominant = at_calloc(rows, ATTUNE_STATES * sizeof(float));
    l->dominant_row = at_calloc(rows, sizeof(float));
    l->units = at_calloc(rows, ATTUNE_UNITS * sizeof(float));
    l->units_weight = at_calloc(rows, ATTUNE_UNITS * sizeof(float));
    l->pose = at_calloc(rows, AT_POSE_AXES * sizeof(float));
    l->pose_weight = at_calloc(rows, AT_POSE_AXES * sizeof(float));
    int ok = l->votes && l->basic && l->engagement && l->votes_row && l->basic_row &&
             l->engagement_row && l->dominant && l->dominant_row && l->units && l->units_weight &&
             l->pose && l->pose_weight;
    for (int s = 0; s < ATTUNE_STATES; s++) {
        l->level[s] = at_calloc(rows, sizeof(int));
        ok = ok && l->level[s];
    }
    if (ok)
        return ATTUNE_OK;
    at_face_labels_free(l);
    return at_fail_nomem(err);
}

void at_face_labels_free(at_face_labels *l)
{
    at_free(l->votes);
    at_free(l->basic);
    at_free(l->engagement);
    at_free(l->votes_row);
    at_free(l->basic_row);
    at_free(l->engagement_row);
    at_free(l->dominant);
    at_free(l->dominant_row);
    at_free(l->units);
    at_free(l->units_weight);
    at_free(l->pose);
    at_free(l->pose_weight);
    for (int s = 0; s < ATTUNE_STATES; s++)
        at_free(l->level[s]);
    memset(l, 0, sizeof *l);
}

static int one_hot(float *row, int classes, int label)
{
    memset(row, 0, (size_t)classes * sizeof(float));
    if (label >= 0)
        row[label] = 1;
    return label >= 0;
}

/* The label of a row, in part what the ensemble says. Its sum stays. */
static void advise(float *row, int classes, const float *said, float share)
{
    float sum = 0;
    for (int k = 0; k < classes; k++)
        sum += row[k];
    for (int k = 0; k < classes; k++)
        row[k] = (1 - share) * row[k] + share * sum * said[k];
}

static void fill_advised(at_face_labels *l, const at_face_set *s, int sample, int row)
{
    if (!(s->ensemble_share > 0))
        return;
    advise(l->votes + (size_t)row * AT_FACE_CLASSES, AT_FACE_CLASSES,
           s->ensemble.votes + (size_t)sample * AT_FACE_CLASSES, s->ensemble_share);
    advise(l->basic + (size_t)row * AT_BASIC_CLASSES, AT_BASIC_CLASSES,
           s->ensemble.basic + (size_t)sample * AT_BASIC_CLASSES, s->ensemble_share);
}

/* What the teacher saw, as it looks in the picture that was drawn: aligned, turned, mirrored. */
static int fill_taught(at_face_labels *l, const at_face_set *s, int sample,
                       const at_face_drawn *drawn, int row)
{
    const float degrees = 57.29578f;
    const at_taught *seen = s->taught[sample];
    const float *m = s->faces.list[sample].m;
    const int mirrored = drawn && drawn->mirrored;
    float *unit = l->units + (size_t)row * ATTUNE_UNITS;
    float *weight = l->units_weight + (size_t)row * ATTUNE_UNITS;
    float *pose = l->pose + (size_t)row * AT_POSE_AXES;
    for (int u = 0; u < ATTUNE_UNITS; u++) {
        unit[u] = seen ? seen->unit[mirrored ? at_unit_mirrored(u) : u] : 0;
        weight[u] = seen ? s->unit_weight[u] : 0;
    }
    for (int a = 0; a < AT_POSE_AXES; a++) {
        pose[a] = seen ? seen->pose[a] : 0;
        l->pose_weight[(size_t)row * AT_POSE_AXES + (size_t)a] = seen != NULL;
    }
    pose[2] += atan2f(m[3], m[0]) * degrees + (drawn ? drawn->turned : 0);
    pose[2] = remainderf(pose[2], 360);
    pose[0] = mirrored ? -pose[0] : pose[0];
    pose[2] = mirrored ? -pose[2] : pose[2];
    for (int a = 0; a < AT_POSE_AXES; a++)
        pose[a] /= AT_POSE_DEGREES;
    return seen != NULL;
}

void at_face_labels_fill(at_face_labels *l, const at_face_set *s, const int *index,
                         const at_face_drawn *drawn, int n)
{
    l->votes_n = l->basic_n = l->engagement_n = l->state_n = l->dominant_n = l->taught_n = 0;
    for (int i = 0; i < n; i++) {
        const at_sample *label = &s->faces.list[index[i]].label;
        int votes = at_sample_has_votes(label);
        memcpy(l->votes + (size_t)i * AT_FACE_CLASSES, label->votes, sizeof label->votes);
        int basic =
            one_hot(l->basic + (size_t)i * AT_BASIC_CLASSES, AT_BASIC_CLASSES, s->basic[index[i]]);
        int engagement = one_hot(l->engagement + (size_t)i * ATTUNE_ENGAGEMENTS, ATTUNE_ENGAGEMENTS,
                                 label->engagement);
        int dominant = one_hot(l->dominant + (size_t)i * ATTUNE_STATES, ATTUNE_STATES,
                               at_label_of(label, AT_HEAD_DOMINANT4));
        fill_advised(l, s, index[i], i);
        l->votes_row[i] = (float)votes;
        l->basic_row[i] = (float)basic;
        l->engagement_row[i] = (float)engagement;
        l->dominant_row[i] = (float)dominant;
        l->votes_n += votes;
        l->basic_n += basic;
        l->engagement_n += engagement;
        l->dominant_n += dominant;
        l->state_n += label->state[0] >= 0;
        l->taught_n += fill_taught(l, s, index[i], drawn ? &drawn[i] : NULL, i);
        for (int k = 0; k < ATTUNE_STATES; k++)
            l->level[k][i] = label->state[k];
    }
}

void at_face_set_counts(const at_face_set *s, at_face_counts *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < s->faces.count; i++) {
        const at_sample *label = &s->faces.list[i].label;
        double share = s->share[s->faces.list[i].corpus];
        for (int k = 0; k < AT_VOTES; k++)
            out->votes[k] += (double)label->votes[k];
        out->rows_votes += share * at_sample_has_votes(label);
        out->rows_taught += share * (s->taught[i] != NULL);
        if (s->basic[i] >= 0) {
            out->basic[s->basic[i]]++;
            out->rows_basic += share;
        }
        if (label->engagement >= 0) {
            out->engagement[label->engagement]++;
            out->rows_engagement += share;
        }
        const int dominant = at_label_of(label, AT_HEAD_DOMINANT4);
        if (dominant >= 0) {
            out->dominant[dominant]++;
            out->rows_dominant += share;
        }
        if (label->state[0] < 0)
            continue;
        out->states++;
        out->rows_state += share;
        for (int k = 0; k < ATTUNE_STATES; k++)
            for (int t = 0; t < AT_THRESHOLDS; t++)
                out->above[k][t] += label->state[k] > t;
    }
}
