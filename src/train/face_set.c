#include "train/face_set.h"
#include "base/error.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

/* ---- loading ------------------------------------------------------------------------------ */

static int read_set(at_face_set *s, const at_job *job, const at_set_settings *of, at_part part,
                    int limit, at_corpus *corpus, at_corpus *also, attune_error *err)
{
    const char *split = part == AT_PART_TRAIN ? of->train : of->valid;
    char *root = NULL;
    int status = at_job_corpus(job, of->dataset, of->folder, split, limit, corpus, err);
    if (!status && of->also && !also->count) {
        status = at_job_data(job, of->dataset, of->folder, &root, err);
        status = status ? status : at_corpus_read(also, of->also, root, split, err);
        free(root);
    }
    s->share[s->sets++] = of->share;
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const at_sample *)a)->path, ((const at_sample *)b)->path);
}

/* FER2013's label of each picture that also lists. */
static int label_basic(at_face_set *s, at_corpus *also, attune_error *err)
{
    s->basic = malloc((size_t)s->faces.count + 1);
    if (!s->basic)
        return at_fail_nomem(err);
    memset(s->basic, -1, (size_t)s->faces.count + 1);
    if (!also->count)
        return ATTUNE_OK;
    qsort(also->list, (size_t)also->count, sizeof *also->list, by_path);
    for (int i = 0; i < s->faces.count; i++) {
        const at_sample *found = bsearch(&s->faces.list[i].label, also->list, (size_t)also->count,
                                         sizeof *also->list, by_path);
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
                     at_part part, int limit, const at_params *detector, attune_error *err)
{
    at_corpus corpus[AT_MAX_SETS] = {0}, also = {0};
    int status = ATTUNE_OK;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < data->sets && !status; i++)
        status = read_set(out, job, &data->set[i], part, limit, &corpus[i], &also, err);
    if (!status) {
        at_weight_source source = {0};
        if (detector)
            source = at_params_source(detector);
        status = at_faces_load(&out->faces, corpus, data->sets, detector ? &source : NULL,
                               job->pool, job->options->quiet, err);
    }
    status = status ? status : label_basic(out, &also, err);
    status = status ? status : note_sets(out, err);
    status = status ? status : check_epoch(out, job->recipe->path, err);
    for (int i = 0; i < data->sets; i++)
        at_corpus_free(&corpus[i]);
    at_corpus_free(&also);
    if (status)
        at_face_set_free(out);
    return status;
}

void at_face_set_free(at_face_set *s)
{
    at_faces_free(&s->faces);
    free(s->basic);
    free(s->set_of);
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
    int ok = l->votes && l->basic && l->engagement && l->votes_row && l->basic_row &&
             l->engagement_row;
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
    for (int s = 0; s < ATTUNE_STATES; s++)
        at_free(l->level[s]);
    memset(l, 0, sizeof *l);
}

static int has_votes(const at_sample *s)
{
    float sum = 0;
    for (int i = 0; i < AT_VOTES; i++)
        sum += s->votes[i];
    return sum > 0;
}

static int one_hot(float *row, int classes, int label)
{
    memset(row, 0, (size_t)classes * sizeof(float));
    if (label >= 0)
        row[label] = 1;
    return label >= 0;
}

void at_face_labels_fill(at_face_labels *l, const at_face_set *s, const int *index, int n)
{
    l->votes_n = l->basic_n = l->engagement_n = l->state_n = 0;
    for (int i = 0; i < n; i++) {
        const at_sample *label = &s->faces.list[index[i]].label;
        int votes = has_votes(label);
        memcpy(l->votes + (size_t)i * AT_FACE_CLASSES, label->votes, sizeof label->votes);
        int basic =
            one_hot(l->basic + (size_t)i * AT_BASIC_CLASSES, AT_BASIC_CLASSES, s->basic[index[i]]);
        int engagement = one_hot(l->engagement + (size_t)i * ATTUNE_ENGAGEMENTS, ATTUNE_ENGAGEMENTS,
                                 label->engagement);
        l->votes_row[i] = (float)votes;
        l->basic_row[i] = (float)basic;
        l->engagement_row[i] = (float)engagement;
        l->votes_n += votes;
        l->basic_n += basic;
        l->engagement_n += engagement;
        l->state_n += label->state[0] >= 0;
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
        out->rows_votes += share * has_votes(label);
        if (s->basic[i] >= 0) {
            out->basic[s->basic[i]]++;
            out->rows_basic += share;
        }
        if (label->engagement >= 0) {
            out->engagement[label->engagement]++;
            out->rows_engagement += share;
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
