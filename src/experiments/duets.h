/* duets.h - faces and voices of one emotion, label-matched (data/pairs.h): each fusion is asked about the same
 * pairs, as they are and degraded.
 */
#ifndef AT_EXPERIMENTS_DUETS_H
#define AT_EXPERIMENTS_DUETS_H

#include "experiments/cases.h"
#include "experiments/said.h"
#include "experiments/testimony.h"

typedef struct at_duets at_duets;

/* Both parts' samples, as many of each emotion; nothing is run yet. *out: NULL when a set is missing, which
 * the sheet then says, or in a plan. */
int at_duets_open(at_duets **out, at_lab *lab, at_sheet *s, attune_error *err);
void at_duets_free(at_duets **d);

extern const char at_duets_title[], at_duets_people[];

typedef struct at_duet_question {
    const char *fusion;       /* a whole model's file, whose fusion answers */
    unsigned without;         /* bit (1u << ATTUNE_FACE), (1u << ATTUNE_VOICE): not there */
    const char *face, *voice; /* "KIND=LEVEL" done to them; NULL: nothing */
    const char *what;         /* in words */
} at_duet_question;

/* *out: as attune_eval_json has it, json_decref. d: NULL in a plan. */
int at_duets_judge(at_duets *d, at_lab *lab, const at_duet_question *q, json_t **out,
                   attune_error *err);
/* The same, sample by sample; in a plan empty. Kept, too. */
int at_duets_said(at_duets *d, at_lab *lab, const at_duet_question *q, at_said *out,
                  attune_error *err);
/* All pairs' evidence, which lives as long as d. face, voice: as in a question. */
int at_duets_cases(at_duets *d, const at_lab *lab, const char *face, const char *voice,
                   at_cases *out, attune_error *err);

#endif
