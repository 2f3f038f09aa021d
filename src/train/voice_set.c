#include "train/voice_set.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* The network's class for a label of that head; -1: none. */
static int network_class(at_head head, int label)
{
    return label < 0 ? -1 : at_class_by_name(AT_HEAD_VOICE8, at_heads[head].class_names[label]);
}

static int read_set(at_voice_set *s, const at_job *job, const at_set_settings *of,
                    const char *split, at_corpus *corpus, attune_error *err)
{
    int set = s->sets++;
    int status =
        at_job_corpus(job, of->dataset, of->folder, split, job->options->limit, corpus, err);
    if (status)
        return status;
    s->share[set] = of->share;
    s->head[set] = corpus->head;
    if (corpus->head == AT_HEAD_VOICE8 || corpus->head == AT_HEAD_EMOTION7)
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_FORMAT, "%s: %s has no labels in the voice network's classes",
                   job->recipe->path, of->dataset);
}

static int take_labels(at_voice_set *s, attune_error *err)
{
    size_t n = (size_t)s->voices.count + 1;
    s->set_of = malloc(n * sizeof *s->set_of);
    s->label = malloc(n * sizeof *s->label);
    if (!s->set_of || !s->label)
        return at_fail_nomem(err);
    for (int i = 0; i < s->voices.count; i++) {
        const at_voice_sample *v = &s->voices.list[i];
        s->set_of[i] = v->corpus;
        s->label[i] = network_class(s->head[v->corpus], v->label.expression);
        if (s->label[i] >= 0)
            s->classes[v->corpus] |= 1u << s->label[i];
    }
    return ATTUNE_OK;
}

static int is_same_person(const at_voice_sample *a, const at_voice_sample *b)
{
    return a->corpus == b->corpus && strcmp(a->label.person, b->label.person) == 0;
}

/* Lists have a person's voices mostly one after the other. A voice without a name is of a person of its own. */
static int number_people(at_voice_set *s, attune_error *err)
{
    const size_t n = (size_t)s->voices.count + 1;
    int *first = malloc(n * sizeof *first); /* voice of each person */
    s->person = malloc(n * sizeof *s->person);
    int status = first && s->person ? ATTUNE_OK : at_fail_nomem(err);
    for (int i = 0; i < s->voices.count && !status; i++) {
        const at_voice_sample *v = &s->voices.list[i];
        int k = *v->label.person ? s->people - 1 : -1;
        while (k >= 0 && !is_same_person(v, &s->voices.list[first[k]]))
            k--;
        if (k < 0)
            first[k = s->people++] = i;
        s->person[i] = k;
    }
    free(first);
    return status;
}

int at_voice_set_load(at_voice_set *out, const at_job *job, const at_voices_settings *data,
                      at_part part, const char *noise, attune_error *err)
{
    static const double noise_share = 0.7; /* the rest is for judging */
    at_corpus corpus[AT_MAX_SETS] = {0};
    char *noise_dir = NULL;
    const at_watcher watcher = at_job_watcher(job);
    int status = ATTUNE_OK;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < data->sets && !status; i++) {
        const at_set_settings *of = &data->set[i];
        const char *split = part == AT_PART_TRAIN ? of->train : of->valid;
        if (split)
            status = read_set(out, job, of, split, &corpus[out->sets], err);
    }
    if (!status && noise)
        status = at_job_find(job, noise, &noise_dir, err);
    if (!status)
        status = at_voices_load(&out->voices, corpus, out->sets, noise_dir, noise_share, job->pool,
                                &watcher, err);
    status = status ? status : take_labels(out, err);
    status = status ? status : number_people(out, err);
    if (!status && !out->voices.count)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: no sound of its data can be read",
                         job->recipe->path);
    for (int i = 0; i < AT_MAX_SETS; i++)
        at_corpus_free(&corpus[i]);
    free(noise_dir);
    if (status)
        at_voice_set_free(out);
    return status;
}

void at_voice_set_free(at_voice_set *s)
{
    at_voices_free(&s->voices);
    free(s->set_of);
    free(s->label);
    free(s->person);
    memset(s, 0, sizeof *s);
}

at_draw at_voice_set_draw(const at_voice_set *s)
{
    return (at_draw){s->voices.count, s->sets, s->set_of, s->share};
}

void at_voice_set_target(const at_voice_set *s, int sample, float smoothing, float *target)
{
    unsigned classes = s->classes[s->set_of[sample]];
    float share = smoothing / (float)__builtin_popcount(classes);
    for (int k = 0; k < AT_VOICE_CLASSES; k++)
        target[k] = classes & 1u << k ? share : 0;
    target[s->label[sample]] += 1 - smoothing;
}

void at_voice_set_prior(const at_voice_set *s, const int *sample, int n, int mixed, float lacking,
                        float *prior)
{
    for (int i = 0; i < n; i++) {
        int partner = mixed && (i ^ 1) < n ? i ^ 1 : i;
        unsigned classes = s->classes[s->set_of[sample[i]]] |
                           s->classes[s->set_of[sample[partner]]];
        for (int k = 0; k < AT_VOICE_CLASSES; k++)
            prior[i * AT_VOICE_CLASSES + k] = classes & 1u << k ? 0 : -lacking;
    }
}

int at_voice_set_answer(const at_voice_set *s, int sample, const float *native, float *p)
{
    at_head head = s->head[s->set_of[sample]];
    if (head == AT_HEAD_VOICE8)
        memcpy(p, native, AT_VOICE_CLASSES * sizeof *p);
    else
        at_fold(AT_HEAD_VOICE8, native, p);
    return at_heads[head].classes;
}
