/* pairs.h - a face and a voice that show one emotion, for what learns from both.
 *
 * Label-matched pairs are of a face and an utterance of different people who were labelled alike. One
 * person's face and voice err together, these do not: figures on them are optimistic, and are called
 * label-matched wherever they are told. (True pairs need no list: a clip has both.)
 *
 * Pairs are made within one part of each set; at_parts_apart holds to it that nobody of the part that is
 * learned from is in the one that judges.
 */
#ifndef AT_DATA_PAIRS_H
#define AT_DATA_PAIRS_H

#include "data/corpus.h"

typedef struct at_pair {
    int face, voice; /* which of the faces, which of the voices */
    int emotion;     /* of both */
} at_pair;

/* Which of the seven the sample is labelled with, -1: none of them. */
int at_labelled_emotion(const at_sample *s, at_head head);

/* Keeps at most `most` (0: all) samples that are labelled with one of the seven emotions, as evenly over
 * the emotions as there are such, and drops the rest; which ones is drawn from seed. Emotions do not make
 * room for each other. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_corpus_balance(at_corpus *c, int most, uint64_t seed);

/* count label-matched pairs of faces and voices whose emotions are given (-1: not to be used): each emotion
 * that both have equally often, in turn; of an emotion's samples each is taken once before any is twice.
 * Deterministic. ATTUNE_E_ARG when there is no such emotion. */
int at_pairs_match(at_pair *out, int count, const int *face_emotion, int faces,
                   const int *voice_emotion, int voices, uint64_t seed, attune_error *err);

/* ATTUNE_E_ARG, naming one, when a person or a file of the one is in the other. one_folder: both were read
 * from the same one. */
int at_parts_apart(const at_corpus *train, const at_corpus *valid, int one_folder,
                   attune_error *err);

#endif
