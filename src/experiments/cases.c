#include "experiments/cases.h"

#include "base/error.h"
#include "base/mem.h"
#include "data/pairs.h"
#include "eval/classes.h"

#include <string.h>

enum { MOST_SAMPLES = 700 };

int at_cases_corpus(at_corpus *c, const at_lab *lab, const at_part_of *part, int most,
                    attune_error *err)
{
    char root[AT_TRAIN_PATH];
    if (!at_lab_root(lab, part->folder, root))
        return at_fail(err, ATTUNE_E_IO, "%s: no such folder", part->folder);
    const int status = at_corpus_read(c, part->dataset, root, part->split, err);
    const int limit = at_lab_limit(lab, part);
    if (!status)
        at_corpus_thin(c, limit ? limit : most);
    return status;
}

/* Number of the sample's person among those before it, in order of first sight. */
static int person_of(const at_cases *so_far, const at_corpus *c, const int *sample, int at)
{
    if (!*c->list[at].person)
        return -1;
    for (int k = 0; k < so_far->n; k++)
        if (strcmp(c->list[sample[k]].person, c->list[at].person) == 0)
            return so_far->list[k].group;
    return so_far->people;
}

static void add(at_cases *out, const at_corpus *c, int *sample, int at)
{
    at_case *one = &out->list[out->n];
    const int emotion = at_labelled_emotion(&c->list[at], c->head);
    int present = 0;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        one->of[m] = out->said[m].list ? out->said[m].list[at] : (at_evidence){0};
        present |= one->of[m].present;
    }
    if (emotion < 0 || !present)
        return;
    const int person = person_of(out, c, sample, at);
    *one = (at_case){.emotion = emotion,
                     .of = {one->of[0], one->of[1]},
                     .person = {person, person},
                     .group = person < 0 ? out->n : person};
    out->people += person == out->people;
    sample[out->n++] = at;
}

int at_cases_of_part(at_cases *out, const at_lab *lab, const at_part_of *part,
                     const char *const harm[2], attune_error *err)
{
    at_corpus c = {0};
    int *sample = NULL;
    *out = (at_cases){0};
    int status = at_cases_corpus(&c, lab, part, MOST_SAMPLES, err);
    const at_sample_kind kind = c.count ? at_sample_kind_of(&c.list[0]) : AT_SOUND;
    if (!status && kind == AT_CLIP)
        status = at_testimony_take_clips(out->said, lab, lab->whole, &c, harm, err);
    else if (!status)
        status = at_testimony_take(&out->said[kind == AT_PICTURE ? ATTUNE_FACE : ATTUNE_VOICE], lab,
                                   lab->whole, &c, harm[0], err);
    if (!status) {
        out->list = at_calloc((size_t)c.count + 1, sizeof *out->list);
        sample = at_calloc((size_t)c.count + 1, sizeof *sample);
        if (!out->list || !sample)
            status = at_fail_nomem(err);
    }
    for (int i = 0; i < c.count && !status; i++)
        add(out, &c, sample, i);
    at_free(sample);
    at_corpus_free(&c);
    if (status)
        at_cases_free(out);
    return status;
}

void at_cases_free(at_cases *c)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        at_testimony_free(&c->said[m]);
    at_free(c->list);
    memset(c, 0, sizeof *c);
}
