#include "experiments/said.h"

#include "base/error.h"
#include "base/mem.h"
#include "data/pairs.h"
#include "eval/classes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int at_said_make(at_said *s, int n, attune_error *err)
{
    const size_t most = (size_t)n + 1;
    *s = (at_said){.n = n};
    s->label = at_calloc(most, sizeof *s->label);
    s->answer = at_calloc(most, sizeof *s->answer);
    s->group = at_calloc(most, sizeof *s->group);
    if (s->label && s->answer && s->group)
        return ATTUNE_OK;
    at_said_free(s);
    return at_fail_nomem(err);
}

void at_said_free(at_said *s)
{
    at_free(s->label);
    at_free(s->answer);
    at_free(s->group);
    memset(s, 0, sizeof *s);
}

enum { MOST_PEOPLE = 10000000 };

/* ---- kept ------------------------------------------------------------------------------------- */

json_t *at_said_json(const at_said *s)
{
    json_t *label = json_array(), *answer = json_array(), *group = json_array();
    for (int i = 0; i < s->n; i++) {
        json_array_append_new(label, json_integer(s->label[i]));
        json_array_append_new(answer, json_integer(s->answer[i]));
        json_array_append_new(group, json_integer(s->group[i]));
    }
    return json_pack("{s:o,s:o,s:o}", "label", label, "answer", answer, "group", group);
}

static int read_list(int *out, const json_t *list, size_t n, int least, int most)
{
    int ok = json_array_size(list) == n;
    for (size_t i = 0; ok && i < n; i++) {
        const json_t *one = json_array_get(list, i);
        const json_int_t v = json_integer_value(one);
        ok = json_is_integer(one) && v >= least && v < most;
        out[i] = ok ? (int)v : 0;
    }
    return ok;
}

int at_said_read(at_said *out, const json_t *j, attune_error *err)
{
    const json_t *label = json_object_get(j, "label");
    const size_t n = json_array_size(label);
    int status = at_said_make(out, (int)n, err);
    if (status)
        return status;
    if (read_list(out->label, label, n, 0, ATTUNE_EMOTIONS) &&
        read_list(out->answer, json_object_get(j, "answer"), n, -1, ATTUNE_EMOTIONS) &&
        read_list(out->group, json_object_get(j, "group"), n, 0, MOST_PEOPLE))
        return ATTUNE_OK;
    at_said_free(out);
    return at_fail(err, ATTUNE_E_FORMAT, "what was kept is no list of answers");
}

/* ---- clips ------------------------------------------------------------------------------------ */

/* Number of the person of each sample, in order of first sight; samples of nobody known are by themselves. */
static void number_people(const at_corpus *c, int *group)
{
    int people = 0;
    for (int i = 0; i < c->count; i++) {
        int k = *c->list[i].person ? 0 : i;
        while (k < i && strcmp(c->list[k].person, c->list[i].person) != 0)
            k++;
        group[i] = k < i ? group[k] : people++;
    }
}

/* Of those with a label, in the corpus's order: a clip that gave nothing to one stream has its place all the
 * same, since answers are compared place by place. */
static int collect(at_said *out, const at_corpus *c, const at_answer *answer, attune_error *err)
{
    int *group = at_calloc((size_t)c->count + 1, sizeof *group);
    int status = group ? at_said_make(out, c->count, err) : at_fail_nomem(err);
    if (!status) {
        number_people(c, group);
        out->n = 0;
        for (int i = 0; i < c->count; i++) {
            const int label = at_label_of(&c->list[i], c->head);
            if (label < 0)
                continue;
            out->label[out->n] = label;
            out->group[out->n] = group[i];
            out->answer[out->n++] =
                answer[i].outcome == AT_ANSWERED ? at_likeliest(answer[i].p, ATTUNE_EMOTIONS) : -1;
        }
    }
    at_free(group);
    return status;
}

static int run(at_said *out, const at_lab *lab, const at_corpus *c, unsigned without,
               const char *const harm[2], attune_error *err)
{
    at_answer *answer = NULL;
    int status =
        at_lab_run(lab, lab->whole, c, harm, (at_run_options){.without = without}, &answer, err);
    status = status ? status : collect(out, c, answer, err);
    free(answer);
    return status;
}

static int key_of(const at_lab *lab, const at_corpus *c, unsigned without,
                  const char *const harm[2], uint64_t *key, attune_error *err)
{
    *key = at_lab_hash(lab);
    at_lab_hash_text(key, "answers of clips");
    at_lab_hash_text(key, harm[0]);
    at_lab_hash_text(key, harm[1]);
    at_lab_hash_number(key, without);
    at_lab_hash_corpus(key, c);
    return at_lab_hash_file(key, lab->whole, err);
}

/* What was kept, or what is now computed and kept. */
static int recall_or_run(at_said *out, at_lab *lab, const at_corpus *c, unsigned without,
                         const char *const harm[2], attune_error *err)
{
    json_t *kept = NULL;
    uint64_t key = 0;
    int status = key_of(lab, c, without, harm, &key, err);
    if (status)
        return status;
    at_lab_recall(lab, key, &kept);
    if (!kept || at_said_read(out, kept, NULL)) {
        json_decref(kept);
        kept = NULL;
        status = run(out, lab, c, without, harm, err);
        if (!status && !(kept = at_said_json(out)))
            status = at_fail_nomem(err);
        status = status ? status : at_lab_keep(lab, key, kept, err);
    }
    json_decref(kept);
    return status;
}

int at_said_of_clips(at_said *out, at_lab *lab, const at_part_of *part, unsigned without,
                     const char *const harm[2], attune_error *err)
{
    char root[AT_TRAIN_PATH];
    at_corpus c = {0};
    *out = (at_said){0};
    int status = at_lab_step(lab, err, "%s%s%s%s%s: %s",
                             without & 1u << ATTUNE_FACE    ? "voice alone"
                             : without & 1u << ATTUNE_VOICE ? "face alone"
                                                            : "both",
                             harm[0] ? ", " : "", harm[0] ? harm[0] : "", harm[1] ? ", " : "",
                             harm[1] ? harm[1] : "", part->title);
    if (status <= 0)
        return status;
    if (!at_lab_root(lab, part->folder, root))
        return at_fail(err, ATTUNE_E_IO, "%s: no such folder", part->folder);
    status = at_corpus_read(&c, part->dataset, root, part->split, err);
    if (!status) {
        at_corpus_thin(&c, at_lab_limit(lab, part));
        status = recall_or_run(out, lab, &c, without, harm, err);
    }
    at_corpus_free(&c);
    if (status)
        at_said_free(out);
    return status;
}

/* ---- compared --------------------------------------------------------------------------------- */

int at_said_given(const at_said *s)
{
    int given = 0;
    for (int i = 0; i < s->n; i++)
        given += s->answer[i] >= 0;
    return given;
}

double at_said_right(const at_said *s)
{
    int right = 0;
    const int given = at_said_given(s);
    for (int i = 0; i < s->n; i++)
        right += s->answer[i] == s->label[i];
    return given ? (double)right / given : NAN;
}

static int is_of_several(const int *group, int n)
{
    int several = 0;
    for (int i = 1; i < n; i++)
        several |= group[i] != group[0];
    return several;
}

int at_said_gain_compute(at_said_gain *out, const at_said *a, const at_said *b, int draws,
                         uint64_t seed, attune_error *err)
{
    const int most = a->n < b->n ? a->n : b->n;
    float *gain = at_alloc((size_t)most + 1, sizeof *gain);
    int *group = at_calloc((size_t)most + 1, sizeof *group), status = ATTUNE_OK;
    double sum = 0;
    *out = (at_said_gain){0, NAN, {NAN, NAN}};
    for (int i = 0; gain && group && i < most; i++) {
        if (a->answer[i] < 0 || b->answer[i] < 0)
            continue;
        gain[out->n] = (float)((a->answer[i] == a->label[i]) - (b->answer[i] == b->label[i]));
        group[out->n] = a->group[i];
        sum += (double)gain[out->n++];
    }
    if (!gain || !group)
        status = at_fail_nomem(err);
    else if (out->n)
        out->mean = sum / out->n;
    if (!status && is_of_several(group, out->n))
        status = at_mean_bootstrap(&out->interval, gain, group, out->n, draws, seed, err);
    at_free(gain);
    at_free(group);
    return status;
}
