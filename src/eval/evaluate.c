#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/protocol.h"
#include "eval/answers.h"
#include "eval/evaluate.h"
#include "eval/figures.h"
#include "eval/metrics.h"
#include "eval/movement.h"
#include "eval/run.h"

#include <attune/eval.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert((int)ATTUNE_EXCLUSIONS == (int)AT_EXCLUSIONS, "one list of reasons");
_Static_assert((int)ATTUNE_EVAL_CLASSES >= (int)AT_MOST_CLASSES, "room for every head");

typedef struct evaluation {
    const attune_eval_options *options;
    at_corpus corpus;
    at_protocol protocol;
    at_cache *cache;   /* nullable */
    at_answer *answer; /* (corpus.count) */
} evaluation;

/* ---- labels ------------------------------------------------------------------------------------ */

/* Has it anything to judge an answer by? A single state's level will do for that state's curve. */
static int labelled(const at_sample *s, at_head head)
{
    int any = at_label_of(s, head) >= 0;
    for (int i = 0; i < ATTUNE_STATES && head == AT_HEAD_STATE4; i++)
        any |= s->state[i] >= 0;
    return any;
}

/* ---- from answers to the result ------------------------------------------------------------------ */

/* The samples with label and answer. */
typedef struct judged {
    int n;
    int *label; /* -1: some state's level alone */
    int *group, *sample, *grade;
    float *p;
} judged;

static void judged_free(judged *j)
{
    free(j->label);
    free(j->group);
    free(j->sample);
    free(j->grade);
    free(j->p);
}

static int by_person(const void *a, const void *b)
{
    return strcmp((*(const at_sample *const *)a)->person, (*(const at_sample *const *)b)->person);
}

/* Number of each sample's person; samples of nobody known are groups of their own. */
static int number_people(const at_corpus *c, int *group)
{
    const at_sample **order = malloc(((size_t)c->count + 1) * sizeof *order);
    if (!order)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < c->count; i++)
        order[i] = &c->list[i];
    qsort(order, (size_t)c->count, sizeof *order, by_person);
    int number = -1;
    for (int i = 0; i < c->count; i++) {
        number += i == 0 || !*order[i]->person ||
                  strcmp(order[i]->person, order[i - 1]->person) != 0;
        group[order[i] - c->list] = number;
    }
    free(order);
    return ATTUNE_OK;
}

static int collect(judged *j, const evaluation *e, int classes)
{
    const at_corpus *c = &e->corpus;
    size_t most = (size_t)c->count + 1;
    memset(j, 0, sizeof *j);
    j->label = malloc(most * sizeof *j->label);
    j->group = malloc(most * sizeof *j->group);
    j->sample = malloc(most * sizeof *j->sample);
    j->grade = malloc(most * sizeof *j->grade);
    j->p = malloc(most * (size_t)classes * sizeof *j->p);
    if (!j->label || !j->group || !j->sample || !j->grade || !j->p ||
        number_people(c, j->group) < 0)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < c->count; i++) {
        if (!labelled(&c->list[i], c->head) || e->answer[i].outcome != AT_ANSWERED)
            continue;
        j->label[j->n] = at_label_of(&c->list[i], c->head);
        j->group[j->n] = j->group[i]; /* n never passes i */
        j->sample[j->n] = i;
        j->grade[j->n] = (int)e->answer[i].grade;
        memcpy(j->p + (size_t)j->n * (size_t)classes, e->answer[i].p,
               (size_t)classes * sizeof *j->p);
        j->n++;
    }
    return ATTUNE_OK;
}

/* a: without the samples of no class, which are dropped from j's copies in place. */
static at_answers with_class(const judged *j, int classes)
{
    at_answers a = {0, classes, j->label, j->p, j->group};
    for (int i = 0; i < j->n; i++) {
        if (j->label[i] < 0)
            continue;
        j->label[a.n] = j->label[i];
        j->group[a.n] = j->group[i];
        j->grade[a.n] = j->grade[i];
        memmove(j->p + (size_t)a.n * (size_t)classes, j->p + (size_t)i * (size_t)classes,
                (size_t)classes * sizeof *j->p);
        a.n++;
    }
    return a;
}

/* Called last: it uses j up. */
static int judge_classes(attune_eval_result *out, const evaluation *e, const judged *j,
                         attune_error *err)
{
    const attune_eval_options *o = e->options;
    const at_answers answers = with_class(j, out->classes);
    const int status = at_figures_fill(out, e->corpus.head, &answers, o->draws, o->seed, err);
    return status < 0 ? status
                      : at_figures_by_grade(out->condition, e->corpus.head, &answers, j->grade,
                                            o->draws, o->seed, err);
}

/* DAiSEE's states at the thresholds that its shares leave meaning for: see the data card. */
typedef struct threshold {
    const char *name;
    int state, least;
} threshold;

static const threshold thresholds[ATTUNE_EVAL_CURVES] = {
    {"boredom>=1", ATTUNE_BOREDOM, 1},
    {"engagement=3", ATTUNE_ENGAGEMENT, 3},
    {"confusion>=1", ATTUNE_CONFUSION, 1},
    {"frustration>=1", ATTUNE_FRUSTRATION, 1},
};

/* Scores, sides and groups of the samples with a level of t's state; returns their number. */
static int gather_curve(const evaluation *e, const judged *j, const threshold *t, float *score,
                        int *positive, int *group)
{
    int n = 0;
    for (int i = 0; i < j->n; i++) {
        int level = e->corpus.list[j->sample[i]].state[t->state];
        if (level < 0)
            continue;
        score[n] = 0;
        for (int k = t->least; k < ATTUNE_LEVELS; k++)
            score[n] += e->answer[j->sample[i]].state[t->state][k];
        positive[n] = level >= t->least;
        group[n++] = j->group[i];
    }
    return n;
}

static int judge_curve(attune_eval_curve *out, const evaluation *e, const judged *j,
                       const threshold *t, attune_error *err)
{
    float *score = malloc(((size_t)j->n + 1) * sizeof *score);
    int most = e->corpus.count; /* groups are numbered below it */
    int *positive = malloc((2 * (size_t)j->n + (size_t)most + 1) * sizeof *positive);
    int status = ATTUNE_OK;
    int draws = at_figures_draws(e->options->draws);
    at_interval interval = {NAN, NAN};
    *out = (attune_eval_curve){.name = t->name, .auc = NAN};
    if (!score || !positive) {
        status = at_fail_nomem(err);
    } else {
        int *group = positive + j->n, *seen = group + j->n;
        out->n = gather_curve(e, j, t, score, positive, group);
        for (int i = 0; i < out->n; i++)
            out->positives += positive[i];
        if (at_auc(&out->auc, score, positive, out->n))
            status = at_fail_nomem(err);
        for (int side = 0; side < 2; side++)
            out->groups[side] = at_figures_groups(group, positive, side, out->n, seen, most);
        if (!status && out->groups[0] > 1 && out->groups[1] > 1)
            status = at_auc_bootstrap(&interval, score, positive, group, out->n, draws,
                                      e->options->seed, err);
    }
    out->interval = (attune_interval){interval.lo, interval.hi};
    free(score);
    free(positive);
    return status;
}

/* An ordered label, and what is told of it. */
typedef struct scale {
    const char *name;
    int levels;
    int state; /* -1: the classes themselves are levels */
} scale;

/* A sample's label on it, -1: none; *p: the probabilities of its levels. */
static int level_of(const evaluation *e, const scale *on, int sample, const float **p)
{
    const at_answer *a = &e->answer[sample];
    *p = on->state < 0 ? a->p : a->state[on->state];
    return on->state < 0 ? at_label_of(&e->corpus.list[sample], e->corpus.head)
                         : e->corpus.list[sample].state[on->state];
}

/* Expected levels, labels, groups, how sure and whether right, of the samples with a label. */
typedef struct moves {
    int n;
    float *answer, *label, *sure;
    int *group, *right;
} moves;

static void gather_moves(const evaluation *e, const judged *j, const scale *on, moves *m)
{
    for (int i = 0; i < j->n; i++) {
        const float *p;
        const int level = level_of(e, on, j->sample[i], &p);
        if (level < 0)
            continue;
        const int best = at_likeliest(p, on->levels);
        m->answer[m->n] = 0;
        for (int k = 1; k < on->levels; k++)
            m->answer[m->n] += (float)k * p[k];
        m->label[m->n] = (float)level;
        m->sure[m->n] = p[best];
        m->right[m->n] = best == level;
        m->group[m->n++] = j->group[i];
    }
}

static int judge_movement(attune_eval_movement *out, const evaluation *e, const judged *j,
                          const scale *on, attune_error *err)
{
    const size_t most = (size_t)j->n + 1;
    float *room = malloc(3 * most * sizeof *room);
    int *number = malloc(2 * most * sizeof *number), status = ATTUNE_E_NOMEM;
    at_movement of = {NAN, NAN, NAN, 0};
    double auc = NAN;
    if (room && number) {
        moves m = {0, room, room + most, room + 2 * most, number, number + most};
        gather_moves(e, j, on, &m);
        status = at_movement_compute(&of, m.answer, m.label, m.group, m.n);
        status = status ? status : at_auc(&auc, m.sure, m.right, m.n);
        *out = (attune_eval_movement){on->name,       m.n, of.samples, of.people, of.time,
                                      of.correlation, auc};
    }
    free(room);
    free(number);
    return status ? at_fail_nomem(err) : ATTUNE_OK;
}

/* Of the heads whose labels are ordered. */
static int judge_movements(attune_eval_result *out, const evaluation *e, const judged *j,
                           attune_error *err)
{
    const at_head head = e->corpus.head;
    const scale engagement = {"engagement", ATTUNE_ENGAGEMENTS, -1};
    int status = ATTUNE_OK;
    if (head == AT_HEAD_ENGAGEMENT3)
        return judge_movement(&out->movement[out->movements++], e, j, &engagement, err);
    for (int s = 0; head == AT_HEAD_STATE4 && s < ATTUNE_STATES && status == ATTUNE_OK; s++) {
        const scale state = {attune_state_names[s], ATTUNE_LEVELS, s};
        status = judge_movement(&out->movement[out->movements++], e, j, &state, err);
    }
    return status;
}

static int judge(attune_eval_result *out, const evaluation *e, attune_error *err)
{
    const at_corpus *c = &e->corpus;
    judged j;
    int status = ATTUNE_OK;
    out->classes = at_heads[c->head].classes;
    if (collect(&j, e, out->classes) < 0) {
        judged_free(&j);
        return at_fail_nomem(err);
    }
    out->n = j.n;
    for (int i = 0; i < c->count; i++) {
        int asked = labelled(&c->list[i], c->head);
        out->withheld += asked && e->answer[i].outcome == AT_WITHHELD;
        out->not_found += asked && e->answer[i].outcome == AT_ANSWERED && e->answer[i].crop;
    }
    out->coverage = out->n + out->withheld ? (double)out->n / (out->n + out->withheld) : NAN;
    if (c->head == AT_HEAD_STATE4)
        for (int t = 0; t < ATTUNE_EVAL_CURVES && status == ATTUNE_OK; t++)
            status = judge_curve(&out->curve[out->curves++], e, &j, &thresholds[t], err);
    if (status == ATTUNE_OK)
        status = judge_movements(out, e, &j, err);
    if (status == ATTUNE_OK)
        status = judge_classes(out, e, &j, err);
    judged_free(&j);
    return status;
}

/* ---- the call ------------------------------------------------------------------------------------ */

static int choose_stream(const char *stream, at_run_options *o, attune_error *err)
{
    if (!stream)
        return ATTUNE_OK;
    if (strcmp(stream, "face") != 0 && strcmp(stream, "voice") != 0)
        return at_fail(err, ATTUNE_E_ARG, "%s: the streams are face and voice", stream);
    o->without = 1u << (strcmp(stream, "face") == 0 ? ATTUNE_VOICE : ATTUNE_FACE);
    return ATTUNE_OK;
}

static int choose_task(evaluation *e, attune_error *err)
{
    const char *task = e->options->task;
    at_head head = task ? at_head_find(task) : e->corpus.head;
    if (head == AT_HEADS || !(e->corpus.heads & 1u << head))
        return at_fail(err, ATTUNE_E_ARG, "%s has no labels for the task %s", e->corpus.dataset,
                       task);
    e->corpus.head = head;
    return ATTUNE_OK;
}

static int read_corpus(evaluation *e, attune_error *err)
{
    const attune_eval_options *o = e->options;
    if (!o->dataset || !o->root)
        return at_fail(err, ATTUNE_E_ARG, "a data set and its folder are needed");
    int status = at_corpus_read(&e->corpus, o->dataset, o->root, o->split ? o->split : "all", err);
    if (status < 0)
        return status;
    status = at_protocol_of(&e->protocol, &e->corpus, o->root, o->split ? o->split : "all", err);
    if (status < 0)
        return status;
    at_corpus_thin(&e->corpus, o->limit);
    if (o->cache && (status = at_cache_open(&e->cache, o->cache, err)) < 0)
        return status;
    e->corpus.cache = e->cache;
    return choose_task(e, err);
}

/* What only running showed: files that nothing came out of, and samples without a label. */
static int exclude_unjudged(evaluation *e, attune_error *err)
{
    at_corpus *c = &e->corpus;
    int status = ATTUNE_OK, read = 0;
    for (int i = 0; i < c->count && status == ATTUNE_OK; i++) {
        read += e->answer[i].outcome != AT_UNREAD;
        if (e->answer[i].outcome == AT_UNREAD)
            status = at_corpus_exclude(c, AT_UNREADABLE, c->list[i].path,
                                       "not a picture, sound or clip");
        else if (!labelled(&c->list[i], c->head))
            status =
                at_corpus_exclude(c, AT_UNLABELLED, c->list[i].path, "no label, or no majority");
    }
    if (status < 0)
        return at_fail_nomem(err);
    return read ? ATTUNE_OK
                : at_fail(err, ATTUNE_E_FORMAT, "%s: no sample could be read", e->options->root);
}

/* "--answers" is asked for without labels, too. */
static int check_labels(evaluation *e, attune_error *err)
{
    at_corpus *c = &e->corpus;
    for (int i = 0; i < c->count; i++)
        if (labelled(&c->list[i], c->head))
            return ATTUNE_OK;
    if (e->options->answers)
        return ATTUNE_OK;
    for (int i = 0; i < c->count; i++)
        if (at_corpus_exclude(c, AT_UNLABELLED, c->list[i].path, "no label") < 0)
            return at_fail_nomem(err);
    return at_fail(err, ATTUNE_E_FORMAT,
                   "%s: none of the %d samples has a label of %s, so there is nothing to judge "
                   "(--answers FILE writes what the model says of them)",
                   e->options->root, c->count, at_heads[c->head].name);
}

static int read_harms(at_harms *h, const attune_eval_options *o, attune_error *err)
{
    int status = ATTUNE_OK;
    h->seed = o->seed;
    for (int i = 0; i < o->corrupts && status == ATTUNE_OK; i++)
        status = at_harms_add(h, o->corrupt[i], err);
    return status;
}

/* The corpus's samples through the model: fills answer, and the list of what is excluded. */
static int answer_all(evaluation *e, const char *model, attune_error *err)
{
    const attune_eval_options *o = e->options;
    at_run_options run = {.crops = o->crops,
                          .noise = o->noise,
                          .face = {o->face, o->face_input, o->face_classes},
                          .quiet = o->quiet,
                          .stop = o->stop,
                          .progress = o->progress,
                          .user = o->user,
                          .precision = o->precision};
    at_pool *pool = NULL;
    int status = choose_stream(o->stream, &run, err);
    if (status == ATTUNE_OK)
        status = read_harms(&run.harms, o, err);
    if (status == ATTUNE_OK)
        status = check_labels(e, err);
    if (status == ATTUNE_OK)
        status = at_pool_create(&pool, o->threads, err);
    if (status == ATTUNE_OK && !(e->answer = calloc((size_t)e->corpus.count, sizeof *e->answer)))
        status = at_fail_nomem(err);
    if (status == ATTUNE_OK)
        status =
            at_run(model ? model : attune_default_model(), &e->corpus, &run, pool, e->answer, err);
    if (status == ATTUNE_OK)
        status = exclude_unjudged(e, err);
    at_pool_free(&pool);
    return status;
}

/* Who keeps things in a cache wants to know that it does not. */
static void note_cache(attune_eval_result *out, const evaluation *e)
{
    const int unwritten = e->cache ? at_cache_count(e->cache).unwritten : 0;
    const size_t used = strlen(out->note);
    if (unwritten)
        snprintf(out->note + used, sizeof out->note - used,
                 "%scache: %d could not be written to %.60s", used ? "; " : "", unwritten,
                 e->options->cache);
}

static void describe(attune_eval_result *out, const evaluation *e)
{
    const attune_eval_options *o = e->options;
    snprintf(out->dataset, sizeof out->dataset, "%s", e->corpus.dataset);
    snprintf(out->split, sizeof out->split, "%s", o->split ? o->split : "all");
    snprintf(out->task, sizeof out->task, "%s", at_heads[e->corpus.head].name);
    snprintf(out->stream, sizeof out->stream, "%s", o->stream ? o->stream : "both");
    snprintf(out->protocol, sizeof out->protocol, "%s", e->protocol.text);
    snprintf(out->twin, sizeof out->twin, "%s", e->protocol.twin);
    out->shared_people = e->protocol.shared;
    snprintf(out->note, sizeof out->note, "%s", e->corpus.note);
    for (int i = 0; i < o->corrupts; i++) {
        size_t used = strlen(out->corrupt);
        snprintf(out->corrupt + used, sizeof out->corrupt - used, "%s%s", i ? " " : "",
                 o->corrupt[i]);
    }
    note_cache(out, e);
    out->people = e->corpus.people;
    out->excluded = e->corpus.excluded_count;
    for (int k = 0; k < ATTUNE_EXCLUSIONS; k++)
        out->excluded_by[k] = at_corpus_excluded(&e->corpus, (at_exclusion)k);
}

int at_evaluate_touched(int touched[AT_DEGRADE_KINDS], const attune_eval_options *o,
                        attune_error *err)
{
    evaluation e = {.options = o};
    at_run_options run = {0};
    int status = choose_stream(o->stream, &run, err);
    if (status == ATTUNE_OK)
        status = read_corpus(&e, err);
    for (int k = 0; k < AT_DEGRADE_KINDS && status == ATTUNE_OK; k++)
        touched[k] = at_run_touches(&e.corpus, &run, (at_degrade_kind)k);
    at_cache_free(&e.cache);
    at_corpus_free(&e.corpus);
    return status;
}

/* Two names of one file, or one name of what is not there yet. */
static int is_same(const char *one, const char *other)
{
    struct stat a, b;
    if (!one || !other)
        return 0;
    if (stat(one, &a) == 0 && stat(other, &b) == 0)
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    return strcmp(one, other) == 0;
}

static int check_options(const attune_eval_options *o, attune_error *err)
{
    if (o->limit < 0 || o->draws < 0)
        return at_fail(err, ATTUNE_E_ARG, "%s is %d: not under 0", o->limit < 0 ? "limit" : "draws",
                       o->limit < 0 ? o->limit : o->draws);
    const char *const paths[] = {o->answers, o->qualities, o->excluded};
    int status = ATTUNE_OK;
    for (size_t i = 0; i < sizeof paths / sizeof *paths && status == ATTUNE_OK; i++) {
        if (paths[i])
            status = at_outfile_check(paths[i], err);
        if (status == ATTUNE_OK && is_same(paths[i], o->root))
            status =
                at_fail(err, ATTUNE_E_ARG, "%s: is what is read, and not written over", paths[i]);
        for (size_t k = 0; k < i && status == ATTUNE_OK; k++)
            if (is_same(paths[i], paths[k]))
                status = at_fail(err, ATTUNE_E_ARG, "%s: is to be written twice", paths[i]);
    }
    return status;
}

int attune_evaluate(attune_eval_result *out, const char *model, const attune_eval_options *o,
                    attune_error *err)
{
    evaluation e = {.options = o};
    memset(out, 0, sizeof *out);
    int status = check_options(o, err);
    if (status == ATTUNE_OK)
        status = read_corpus(&e, err);
    if (status == ATTUNE_OK)
        status = answer_all(&e, model, err);
    /* What was left out says most when there is nothing else to say. */
    if (o->excluded && (status == ATTUNE_OK || status == ATTUNE_E_FORMAT)) {
        int written = at_excluded_write(o->excluded, &e.corpus, status < 0 ? NULL : err);
        status = status < 0 ? status : written;
    }
    if (status == ATTUNE_OK && o->answers)
        status = at_answers_write(o->answers, &e.corpus, e.answer, err);
    if (status == ATTUNE_OK && o->qualities)
        status = at_qualities_write(o->qualities, o->root, &e.corpus, e.answer, err);
    if (status == ATTUNE_OK) {
        describe(out, &e);
        status = judge(out, &e, err);
    }
    free(e.answer);
    at_cache_free(&e.cache);
    at_corpus_free(&e.corpus);
    return status;
}
