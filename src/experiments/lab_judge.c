/* lab_judge.c - parts of data sets, judged by the evaluator; what was judged is kept. */
#include "experiments/lab.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "train/cache_key.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRANGERS "none of whom is in training"
#define NAMELESS  "people are not named, and may be in training with other pictures"

const at_part_of at_daisee = {
    .title = "DAiSEE, validation part: the dominant of four states",
    .dataset = "daisee-frames",
    .folder = "daisee_frames",
    .split = "val",
    .task = "dominant4",
    .people = STRANGERS,
};
const at_part_of at_daisee_levels = {
    .title = "DAiSEE, validation part: the levels of the four states",
    .dataset = "daisee-frames",
    .folder = "daisee_frames",
    .split = "val",
    .task = "state4",
    .people = STRANGERS,
};
const at_part_of at_fer2013 = {
    .title = "FER2013, validation part: seven expressions",
    .dataset = "fer2013",
    .folder = "ferplus",
    .split = "valid",
    .people = NAMELESS,
};
const at_part_of at_ferplus = {
    .title = "FER+, validation part: eight expressions",
    .dataset = "ferplus",
    .folder = "ferplus",
    .split = "valid",
    .people = NAMELESS,
};
const at_part_of at_ravdess = {
    .title = "RAVDESS, actors of fold 3: eight emotions of voices",
    .dataset = "ravdess",
    .folder = "ravdess_speech16k",
    .split = "fold3",
    .people = STRANGERS,
};
const at_part_of at_javanese = {
    .title = "Talkers on video, each with their own voice (javanese_av)",
    .dataset = "manifest",
    .folder = "javanese_av",
    .split = "certain=1", /* the codes of the other two emotions are guesses */
    .task = "emotion7",
    .people = "none of whom is in training, nor is the language",
    .slow = 1,
};

int at_lab_part(const at_lab *lab, const at_part_of *part, at_sheet *s)
{
    char root[AT_TRAIN_PATH];
    if (at_lab_root(lab, part->folder, root))
        return 1;
    at_sheet_note(s, "Left out: %s. There is no folder %s in %s.", part->title, part->folder,
                  lab->o->data_dir);
    return 0;
}

int at_lab_limit(const at_lab *lab, const at_part_of *part)
{
    enum { SLOW_LIMIT = 13 }; /* no multiple of how often labels come again */
    return lab->limit && part->slow ? SLOW_LIMIT : lab->limit;
}

/* ---- keys ------------------------------------------------------------------------------------ */

void at_lab_hash_text(uint64_t *hash, const char *text)
{
    *hash = at_key_text(*hash, text ? text : "");
}

void at_lab_hash_number(uint64_t *hash, double x)
{
    *hash = at_key_number(*hash, x);
}

int at_lab_hash_file(uint64_t *hash, const char *path, attune_error *err)
{
    return at_file_hash(path, hash, err);
}

void at_lab_hash_corpus(uint64_t *hash, const at_corpus *c)
{
    *hash = at_key_corpus(*hash, c);
    for (int i = 0; i < c->count; i++) {
        at_lab_hash_text(hash, c->list[i].person);
        for (int k = 0; k < ATTUNE_STATES; k++)
            at_lab_hash_number(hash, c->list[i].state[k]);
    }
}

uint64_t at_lab_hash(const at_lab *lab)
{
    uint64_t hash = at_key_start();
    at_lab_hash_number(&hash, (double)lab->o->seed);
    at_lab_hash_number(&hash, lab->o->draws);
    at_lab_hash_number(&hash, lab->limit);
    return hash;
}

static int key_of(const at_lab *lab, const at_question *q, const char *root, uint64_t *key,
                  attune_error *err)
{
    const at_part_of *p = q->part;
    const char *const texts[] = {p->split, p->task, q->stream, q->corrupt[0], q->corrupt[1]};
    at_corpus c = {0};
    *key = at_lab_hash(lab);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        at_lab_hash_text(key, texts[i]);
    if (at_lab_limit(lab, p) != lab->limit) /* that is in already */
        at_lab_hash_number(key, at_lab_limit(lab, p));
    int status = at_lab_hash_file(key, q->model, err);
    status = status ? status : at_corpus_read(&c, p->dataset, root, p->split, err);
    if (status == ATTUNE_OK)
        at_lab_hash_corpus(key, &c);
    at_corpus_free(&c);
    return status;
}

/* ---- what was kept --------------------------------------------------------------------------- */

enum { KEPT_LIMIT = 64 << 20 };

static int kept_path(const at_lab *lab, uint64_t key, char path[AT_TRAIN_PATH])
{
    return snprintf(path, AT_TRAIN_PATH, "%s/%016" PRIx64 ".json", lab->kept, key) < AT_TRAIN_PATH;
}

/* Counts are of samples, and figures of what is counted. */
static const double most_number = 1e7;

static int numbers_in_range(const json_t *v)
{
    const char *key;
    json_t *one;
    size_t i;
    if (json_is_number(v))
        return fabs(json_number_value(v)) <= most_number;
    json_array_foreach(v, i, one)
    {
        if (!numbers_in_range(one))
            return 0;
    }
    json_object_foreach((json_t *)v, key, one)
    {
        if (!numbers_in_range(one))
            return 0;
    }
    return 1;
}

/* What is amiss is judged anew. */
void at_lab_recall(const at_lab *lab, uint64_t key, json_t **out)
{
    char path[AT_TRAIN_PATH];
    *out = NULL;
    if (kept_path(lab, key, path))
        at_json_read_file(out, path, KEPT_LIMIT, 0, NULL);
    if (*out && !numbers_in_range(*out)) {
        json_decref(*out);
        *out = NULL;
    }
}

int at_lab_keep(const at_lab *lab, uint64_t key, const json_t *result, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    char *text = at_json_write(result, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    int status = text ? ATTUNE_OK : at_fail_nomem(err);
    if (!status && !kept_path(lab, key, path))
        status = at_fail(err, ATTUNE_E_ARG, "%s: path too long", lab->kept);
    status = status ? status : attune_text_write(path, text, err);
    free(text);
    return status;
}

/* ---- judging --------------------------------------------------------------------------------- */

static int corrupts_of(const at_question *q)
{
    return !q->corrupt[0] ? 0 : q->corrupt[1] ? 2 : 1;
}

static int evaluate(const at_lab *lab, const at_question *q, const char *root, json_t **out,
                    attune_error *err)
{
    const attune_eval_options o = {
        .dataset = q->part->dataset,
        .root = root,
        .split = q->part->split,
        .task = q->part->task,
        .stream = q->stream,
        .corrupt = q->corrupt,
        .corrupts = corrupts_of(q),
        .limit = at_lab_limit(lab, q->part),
        .threads = lab->o->threads,
        .draws = lab->o->draws,
        .seed = lab->o->seed,
        .quiet = lab->o->quiet,
        .stop = lab->o->stop,
        .user = lab->o->user,
    };
    attune_eval_result result;
    const int status = attune_evaluate(&result, q->model, &o, err);
    if (status)
        return status;
    char *text = attune_eval_json(&result);
    if (text)
        at_json_read(out, text, strlen(text), 0, NULL);
    attune_text_free(&text);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}

int at_lab_judge(at_lab *lab, const at_question *q, json_t **out, attune_error *err)
{
    char root[AT_TRAIN_PATH];
    uint64_t key = 0;
    *out = NULL;
    int status = at_lab_step(lab, err, "%s%s%s%s%s: %s", q->what, q->corrupt[0] ? ", " : "",
                             q->corrupt[0] ? q->corrupt[0] : "", q->corrupt[1] ? " " : "",
                             q->corrupt[1] ? q->corrupt[1] : "", q->part->title);
    if (status == 0) {
        *out = json_object();
        return *out ? ATTUNE_OK : at_fail_nomem(err);
    }
    if (status < 0)
        return status;
    if (!at_lab_root(lab, q->part->folder, root))
        return at_fail(err, ATTUNE_E_IO, "%s: no such folder", q->part->folder);
    status = key_of(lab, q, root, &key, err);
    if (status == ATTUNE_OK)
        at_lab_recall(lab, key, out);
    if (status || *out)
        return status;
    status = evaluate(lab, q, root, out, err);
    status = status ? status : at_lab_keep(lab, key, *out, err);
    if (status) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

int at_lab_run(const at_lab *lab, const char *model, const at_corpus *c, const char *const harm[2],
               at_run_options o, at_answer **answer, attune_error *err)
{
    at_pool *pool = NULL;
    int status = ATTUNE_OK;
    o.harms.seed = lab->o->seed;
    o.quiet = lab->o->quiet;
    o.stop = lab->o->stop;
    o.user = lab->o->user;
    for (int i = 0; i < 2 && !status; i++)
        if (harm[i])
            status = at_harms_add(&o.harms, harm[i], err);
    *answer = calloc((size_t)c->count + 1, sizeof **answer);
    status = status || *answer ? status : at_fail_nomem(err);
    status = status ? status : at_pool_create(&pool, lab->o->threads, err);
    status = status ? status : at_run(model, c, &o, pool, *answer, err);
    at_pool_free(&pool);
    return status;
}

char *at_lab_command(const at_lab *lab, const at_question *q)
{
    const at_part_of *p = q->part;
    char root[AT_TRAIN_PATH], *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return NULL;
    fprintf(f, "attune eval %s --dataset %s --root %s --split %s", q->model, p->dataset,
            at_lab_root(lab, p->folder, root) ? root : p->folder, p->split);
    if (p->task)
        fprintf(f, " --task %s", p->task);
    if (q->stream)
        fprintf(f, " --stream %s", q->stream);
    for (int i = 0; i < corrupts_of(q); i++)
        fprintf(f, " --corrupt %s", q->corrupt[i]);
    if (at_lab_limit(lab, p))
        fprintf(f, " --limit %d", at_lab_limit(lab, p));
    if (lab->o->draws)
        fprintf(f, " --draws %d", lab->o->draws);
    fprintf(f, " --seed %" PRIu64, lab->o->seed);
    if (at_stream_close(f) == 0)
        return text;
    free(text);
    return NULL;
}

char *at_lab_reproduce(const at_lab *lab)
{
    char *text = NULL;
    const attune_reproduce_options *o = lab->o;
    if (asprintf(&text, "attune reproduce %s --data %s -o %s%s%s%s%s%s --seed %" PRIu64,
                 lab->experiment, o->data_dir, o->out_dir, o->model ? " --model " : "",
                 o->model ? o->model : "", o->models_dir ? " --models " : "",
                 o->models_dir ? o->models_dir : "", o->quick ? " --quick" : "", o->seed) < 0)
        return NULL;
    return text;
}
