#include "experiments/duets.h"

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "data/pairs.h"
#include "eval/figures.h"
#include "fusion/fusion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 1400, QUICK_PAIRS = 140, MOST_FACES = 1400, HARMS = 8 };

const char at_duets_title[] =
    "Label-matched pairs: faces of FER+, voices of RAVDESS, seven emotions";
const char at_duets_people[] =
    "whose voices they are, none of whom is in training; whose faces they are is not known, but none of the "
    "pictures is in training; face and voice are of different people, whose errors are independent, so that "
    "fusing looks better than it is with one person's";

/* One stream's samples, and what was said of them under each harm so far. */
typedef struct side {
    at_corpus corpus;
    int *emotion; /* (corpus.count) */
    const char *harm[HARMS];
    at_testimony said[HARMS];
    int harms;
} side;

struct at_duets {
    side of[ATTUNE_MODALITIES];
    at_pair *pair;
    int pairs;
    int matched; /* pairs are there */
};

static const at_part_of *const parts[ATTUNE_MODALITIES] = {
    [ATTUNE_FACE] = &at_ferplus, [ATTUNE_VOICE] = &at_ravdess};

/* ---- opening ---------------------------------------------------------------------------------- */

static int open_side(side *s, const at_lab *lab, int modality, attune_error *err)
{
    const at_part_of *p = parts[modality];
    char root[AT_TRAIN_PATH];
    if (!at_lab_root(lab, p->folder, root))
        return at_fail(err, ATTUNE_E_IO, "%s: no such folder", p->folder);
    int status = at_corpus_read(&s->corpus, p->dataset, root, p->split, err);
    if (!status && at_corpus_balance(&s->corpus, lab->limit ? lab->limit : MOST_FACES, 1))
        status = at_fail_nomem(err);
    if (!status && !(s->emotion = at_calloc((size_t)s->corpus.count, sizeof *s->emotion)))
        status = at_fail_nomem(err);
    for (int i = 0; i < s->corpus.count && !status; i++)
        s->emotion[i] = at_labelled_emotion(&s->corpus.list[i], s->corpus.head);
    return status;
}

int at_duets_open(at_duets **out, at_lab *lab, at_sheet *s, attune_error *err)
{
    int status = ATTUNE_OK;
    *out = NULL;
    if (!at_lab_part(lab, &at_ferplus, s) || !at_lab_part(lab, &at_ravdess, s))
        return ATTUNE_OK;
    at_duets *d = *out = at_calloc(1, sizeof *d);
    if (!d)
        return at_fail_nomem(err);
    d->pairs = lab->limit ? QUICK_PAIRS : PAIRS;
    d->pair = at_calloc((size_t)d->pairs, sizeof *d->pair);
    if (!d->pair)
        status = at_fail_nomem(err);
    for (int m = 0; m < ATTUNE_MODALITIES && !status; m++)
        status = open_side(&d->of[m], lab, m, err);
    if (status)
        at_duets_free(out);
    return status;
}

void at_duets_free(at_duets **d)
{
    if (!*d)
        return;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        side *s = &(*d)->of[m];
        for (int i = 0; i < s->harms; i++)
            at_testimony_free(&s->said[i]);
        at_corpus_free(&s->corpus);
        at_free(s->emotion);
    }
    at_free((*d)->pair);
    at_free(*d);
    *d = NULL;
}

/* ---- what was said ---------------------------------------------------------------------------- */

static int same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int listen(side *s, const at_lab *lab, const char *harm, const at_testimony **out,
                  attune_error *err)
{
    for (int i = 0; i < s->harms; i++)
        if (same(s->harm[i], harm)) {
            *out = &s->said[i];
            return ATTUNE_OK;
        }
    if (s->harms == HARMS)
        return at_fail(err, ATTUNE_E_ARG, "over %d degradations of one set of pairs", HARMS);
    const int status =
        at_testimony_take(&s->said[s->harms], lab, lab->whole, &s->corpus, harm, err);
    if (status == ATTUNE_OK) {
        s->harm[s->harms] = harm;
        *out = &s->said[s->harms++];
    }
    return status;
}

/* Pairs are of samples of which something was said as they are: the same under all conditions. */
static int match(at_duets *d, const at_lab *lab, attune_error *err)
{
    const at_testimony *said = NULL;
    int status = ATTUNE_OK;
    if (d->matched)
        return ATTUNE_OK;
    for (int m = 0; m < ATTUNE_MODALITIES && !status; m++) {
        side *s = &d->of[m];
        status = listen(s, lab, NULL, &said, err);
        for (int i = 0; i < s->corpus.count && !status; i++)
            if (!said || !said->list[i].present)
                s->emotion[i] = -1;
    }
    const side *face = &d->of[ATTUNE_FACE], *voice = &d->of[ATTUNE_VOICE];
    status = status ? status
                    : at_pairs_match(d->pair, d->pairs, face->emotion, face->corpus.count,
                                     voice->emotion, voice->corpus.count, lab->o->seed, err);
    d->matched = status == ATTUNE_OK;
    return status;
}

/* ---- judging ---------------------------------------------------------------------------------- */

/* Number of the person whose voice it is among those of the voices, in order of first sight. */
static int person_of(const at_corpus *c, int sample)
{
    int number = 0;
    for (int i = 0; i < c->count; i++) {
        int seen = 0;
        for (int k = 0; k < i && !seen; k++)
            seen = strcmp(c->list[k].person, c->list[i].person) == 0;
        if (strcmp(c->list[i].person, c->list[sample].person) == 0)
            return number;
        number += !seen;
    }
    return number;
}

typedef struct answers {
    int n, withheld;
    int *label, *group;
    float *p;
} answers;

/* What the fusion makes of each pair: estimate (pairs). */
static int estimate_all(at_duets *d, const at_lab *lab, const at_duet_question *q,
                        at_estimate *estimate, attune_error *err)
{
    const at_testimony *face = NULL, *voice = NULL;
    at_weights *w = NULL;
    at_fusion *fusion = NULL;
    int status = match(d, lab, err);
    status = status ? status : listen(&d->of[ATTUNE_FACE], lab, q->face, &face, err);
    status = status ? status : listen(&d->of[ATTUNE_VOICE], lab, q->voice, &voice, err);
    status = status ? status : at_weights_load(&w, q->fusion, err);
    status = status ? status : at_fusion_load(&fusion, w, err);
    for (int i = 0; i < d->pairs && !status; i++) {
        at_evidence e[ATTUNE_STREAMS] = {[ATTUNE_FACE] = face->list[d->pair[i].face],
                                         [ATTUNE_VOICE] = voice->list[d->pair[i].voice]};
        for (int m = 0; m < ATTUNE_MODALITIES; m++)
            e[m].present = e[m].present && !(q->without >> m & 1);
        at_fusion_run(fusion, e, &estimate[i]);
    }
    at_fusion_free(&fusion);
    at_weights_free(&w);
    return status;
}

static void gather(const at_duets *d, const at_estimate *estimate, answers *a)
{
    for (int i = 0; i < d->pairs; i++) {
        if (estimate[i].abstain) {
            a->withheld++;
            continue;
        }
        a->label[a->n] = d->pair[i].emotion;
        a->group[a->n] = person_of(&d->of[ATTUNE_VOICE].corpus, d->pair[i].voice);
        memcpy(a->p + (size_t)a->n++ * ATTUNE_EMOTIONS, estimate[i].emotion7,
               sizeof estimate->emotion7);
    }
}

static void describe(const at_duets *d, const at_duet_question *q, const answers *a,
                     attune_eval_result *r)
{
    *r = (attune_eval_result){.n = a->n, .withheld = a->withheld};
    snprintf(r->dataset, sizeof r->dataset, "ferplus + ravdess");
    snprintf(r->split, sizeof r->split, "%s + %s", at_ferplus.split, at_ravdess.split);
    snprintf(r->task, sizeof r->task, "%s", at_heads[AT_HEAD_EMOTION7].name);
    snprintf(r->stream, sizeof r->stream, "%s",
             q->without & 1u << ATTUNE_FACE    ? "voice"
             : q->without & 1u << ATTUNE_VOICE ? "face"
                                               : "both");
    snprintf(r->corrupt, sizeof r->corrupt, "%s%s%s", q->face ? q->face : "",
             q->face && q->voice ? " " : "", q->voice ? q->voice : "");
    r->coverage = (double)a->n / d->pairs;
    r->people = d->of[ATTUNE_VOICE].corpus.people;
}

static int figures(const at_duets *d, const at_lab *lab, const at_duet_question *q,
                   const answers *a, json_t **out, attune_error *err)
{
    const at_answers all = {
        .n = a->n, .classes = ATTUNE_EMOTIONS, .label = a->label, .p = a->p, .group = a->group};
    attune_eval_result r;
    describe(d, q, a, &r);
    const int status =
        at_figures_fill(&r, AT_HEAD_EMOTION7, &all, lab->o->draws, lab->o->seed, err);
    if (status)
        return status;
    char *text = attune_eval_json(&r);
    *out = NULL;
    if (text)
        at_json_read(out, text, strlen(text), 0, NULL);
    attune_text_free(&text);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}

static int judge(at_duets *d, const at_lab *lab, const at_duet_question *q, json_t **out,
                 attune_error *err)
{
    const size_t n = (size_t)d->pairs;
    at_estimate *estimate = at_calloc(n, sizeof *estimate);
    answers a = {.label = at_calloc(n, sizeof(int)),
                 .group = at_calloc(n, sizeof(int)),
                 .p = at_calloc(n, ATTUNE_EMOTIONS * sizeof(float))};
    int status = estimate && a.label && a.group && a.p ? ATTUNE_OK : at_fail_nomem(err);
    status = status ? status : estimate_all(d, lab, q, estimate, err);
    if (!status) {
        gather(d, estimate, &a);
        status = figures(d, lab, q, &a, out, err);
    }
    at_free(estimate);
    at_free(a.label);
    at_free(a.group);
    at_free(a.p);
    return status;
}

/* The same as a list of answers. */
static int say(at_duets *d, const at_lab *lab, const at_duet_question *q, json_t **out,
               attune_error *err)
{
    at_estimate *estimate = at_calloc((size_t)d->pairs, sizeof *estimate);
    at_said s = {0};
    int status = estimate ? at_said_make(&s, d->pairs, err) : at_fail_nomem(err);
    status = status ? status : estimate_all(d, lab, q, estimate, err);
    for (int i = 0; i < d->pairs && !status; i++) {
        s.label[i] = d->pair[i].emotion;
        s.group[i] = person_of(&d->of[ATTUNE_VOICE].corpus, d->pair[i].voice);
        s.answer[i] = estimate[i].abstain ? -1
                                          : at_likeliest(estimate[i].emotion7, ATTUNE_EMOTIONS);
    }
    if (!status && !(*out = at_said_json(&s)))
        status = at_fail_nomem(err);
    at_said_free(&s);
    at_free(estimate);
    return status;
}

int at_duets_cases(at_duets *d, const at_lab *lab, const char *face, const char *voice,
                   at_cases *out, attune_error *err)
{
    const at_testimony *of_face = NULL, *of_voice = NULL;
    *out = (at_cases){.n = d->pairs, .people = d->of[ATTUNE_VOICE].corpus.people};
    int status = match(d, lab, err);
    status = status ? status : listen(&d->of[ATTUNE_FACE], lab, face, &of_face, err);
    status = status ? status : listen(&d->of[ATTUNE_VOICE], lab, voice, &of_voice, err);
    if (!status && !(out->list = at_calloc((size_t)d->pairs, sizeof *out->list)))
        status = at_fail_nomem(err);
    for (int i = 0; i < d->pairs && !status; i++) {
        const at_pair *pair = &d->pair[i];
        const int person = person_of(&d->of[ATTUNE_VOICE].corpus, pair->voice);
        out->list[i] = (at_case){.of = {[ATTUNE_FACE] = of_face->list[pair->face],
                                        [ATTUNE_VOICE] = of_voice->list[pair->voice]},
                                 .emotion = pair->emotion,
                                 .person = {[ATTUNE_FACE] = -1, [ATTUNE_VOICE] = person},
                                 .group = person};
    }
    return status;
}

static int key_of(const at_duets *d, const at_lab *lab, const at_duet_question *q, const char *form,
                  uint64_t *key, attune_error *err)
{
    *key = at_lab_hash(lab);
    at_lab_hash_text(key, form);
    at_lab_hash_text(key, q->face);
    at_lab_hash_text(key, q->voice);
    at_lab_hash_number(key, q->without);
    at_lab_hash_number(key, d->pairs);
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        at_lab_hash_corpus(key, &d->of[m].corpus);
    const int status = at_lab_hash_file(key, lab->whole, err);
    return status ? status : at_lab_hash_file(key, q->fusion, err);
}

typedef int (*answer_fn)(at_duets *, const at_lab *, const at_duet_question *, json_t **,
                         attune_error *);

/* What answer gives, or gave: it is kept. *out: NULL in a plan. */
static int recall_or(answer_fn answer, const char *form, at_duets *d, at_lab *lab,
                     const at_duet_question *q, json_t **out, attune_error *err)
{
    uint64_t key = 0;
    *out = NULL;
    int status = at_lab_step(lab, err, "%s%s%s%s%s: label-matched pairs", q->what,
                             q->face ? ", " : "", q->face ? q->face : "", q->voice ? ", " : "",
                             q->voice ? q->voice : "");
    if (status <= 0)
        return status;
    status = key_of(d, lab, q, form, &key, err);
    if (status == ATTUNE_OK)
        at_lab_recall(lab, key, out);
    if (status || *out)
        return status;
    status = answer(d, lab, q, out, err);
    return status ? status : at_lab_keep(lab, key, *out, err);
}

int at_duets_judge(at_duets *d, at_lab *lab, const at_duet_question *q, json_t **out,
                   attune_error *err)
{
    const int status = recall_or(judge, "pairs", d, lab, q, out, err);
    if (!status && !*out && !(*out = json_object()))
        return at_fail_nomem(err);
    return status;
}

int at_duets_said(at_duets *d, at_lab *lab, const at_duet_question *q, at_said *out,
                  attune_error *err)
{
    json_t *list = NULL;
    *out = (at_said){0};
    int status = recall_or(say, "answers to pairs", d, lab, q, &list, err);
    if (!status && list)
        status = at_said_read(out, list, err);
    json_decref(list);
    return status;
}
