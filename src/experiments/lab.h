/* lab.h - what experiments share: where files are, networks that are trained when they are missing, and
 * judgements that are kept.
 *
 * An experiment is run twice: first as a plan, which only counts its steps, then for good. In a plan nothing
 * is trained, judged or written; what would come of it is empty.
 */
#ifndef AT_EXPERIMENTS_LAB_H
#define AT_EXPERIMENTS_LAB_H

#include "eval/run.h"
#include "experiments/sheet.h"
#include "train/learn.h"

#include <attune/eval.h>
#include <attune/reproduce.h>
#include <jansson.h>

typedef struct at_lab {
    const attune_reproduce_options *o;
    const char *experiment; /* that is running */
    int planning, step, steps;
    char models[AT_TRAIN_PATH], kept[AT_TRAIN_PATH], recipes[AT_TRAIN_PATH];
    const char *whole; /* a model with both streams */
    int limit;         /* most samples of a set; 0: all */
    int epochs;        /* 0: the recipes' */
} at_lab;

int at_lab_open(at_lab *lab, const attune_reproduce_options *o, attune_error *err);

/* Announces a step. 1: it is to be done; 0: this is a plan; ATTUNE_E_INTERRUPTED: the caller's stop. */
int at_lab_step(at_lab *lab, attune_error *err, const char *fmt, ...) AT_SHEET_PRINTF(3, 4);
/* How far the step is. Non-zero: stop. */
int at_lab_progress(at_lab *lab, double done, double total);

/* DATA/folder if that is there: 1; else 0. */
int at_lab_root(const at_lab *lab, const char *folder, char root[AT_TRAIN_PATH]);

/* ---- networks: lab_train.c ------------------------------------------------------------------- */

typedef enum at_which { AT_LAST_EPOCH, AT_BEST_EPOCH } at_which;

/* What the recipe of that name (without ".json") makes, trained if it is not there, on those of its data sets
 * that are. *out: the file's name, free; NULL: it cannot be made, and the sheet says why. */
int at_lab_model(at_lab *lab, const char *recipe, at_which which, at_sheet *s, char **out,
                 attune_error *err);
/* The deep network of the paper, with or without class weights, or what stands in for it. what: how tables
 * call it, static. */
int at_lab_deep(at_lab *lab, int weighted, at_sheet *s, char **out, const char **what,
                attune_error *err);
/* The whole model with another kind of fusion, learned if need be: a file in models. */
int at_lab_fusion(at_lab *lab, const char *kind, at_sheet *s, char **out, attune_error *err);

/* ---- judgements: lab_judge.c ------------------------------------------------------------------ */

/* A part of a data set, and by what it is judged. */
typedef struct at_part_of {
    const char *title;
    const char *dataset, *folder, *split, *task; /* task: nullable */
    const char *people;                          /* who is in it, beside training */
    int slow;                                    /* clips: a trial takes few of them */
} at_part_of;

extern const at_part_of at_daisee, at_daisee_levels, at_fer2013, at_ferplus, at_ravdess,
    at_javanese;

typedef struct at_question {
    const at_part_of *part;
    const char *model, *stream; /* stream: nullable */
    const char *corrupt[2];     /* "KIND=LEVEL"; NULL: nothing more */
    const char *what;           /* in words, for who watches */
} at_question;

/* *out: as attune_eval_json has it, json_decref. The part's folder is there. */
int at_lab_judge(at_lab *lab, const at_question *q, json_t **out, attune_error *err);
/* What a model makes of each of c's samples under both harms ("KIND=LEVEL"; nullable); o: of the rest. *answer: as many,
 * free. */
int at_lab_run(const at_lab *lab, const char *model, const at_corpus *c, const char *const harm[2],
               at_run_options o, at_answer **answer, attune_error *err);
/* The command that prints the same as a judgement; free. NULL: memory is out. */
char *at_lab_command(const at_lab *lab, const at_question *q);
/* The command that makes the experiment again; likewise. */
char *at_lab_reproduce(const at_lab *lab);
/* Most samples of a part that are judged; 0: all. */
int at_lab_limit(const at_lab *lab, const at_part_of *part);
/* 1: the part is there. 0: it is not, and the sheet says so. */
int at_lab_part(const at_lab *lab, const at_part_of *part, at_sheet *s);

/* FNV-1a over what a judgement depends on. */
int at_lab_hash_file(uint64_t *hash, const char *path, attune_error *err);
void at_lab_hash_text(uint64_t *hash, const char *text /* nullable */);
void at_lab_hash_number(uint64_t *hash, double x);
/* The corpus by paths, sizes and labels. */
void at_lab_hash_corpus(uint64_t *hash, const at_corpus *c);
/* Code, kernels, seed, draws and limit. */
uint64_t at_lab_hash(const at_lab *lab);

/* *out: what was kept under that key; NULL: nothing was. */
void at_lab_recall(const at_lab *lab, uint64_t key, json_t **out);
int at_lab_keep(const at_lab *lab, uint64_t key, const json_t *result, attune_error *err);

#endif
