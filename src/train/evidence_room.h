/* evidence_room.h - where evidence_faces.c and evidence_voices.c put their numbers. Private to evidence_*.c.
 *
 * An evidence is a row of floats, so that a set is one array in a file.
 */
#ifndef AT_TRAIN_EVIDENCE_ROOM_H
#define AT_TRAIN_EVIDENCE_ROOM_H

#include "degrade/harms.h"
#include "train/evidence_set.h"

/* A row's parts. */
typedef struct at_evidence_row {
    float *present, *quality, *share, *tokens; /* one each */
    float *time_us;                            /* (shape.tokens) */
    float *embedding;                          /* (shape.dims) */
    float *logit;                              /* (AT_MOST_CLASSES) */
    float *token;                              /* (shape.tokens, shape.token) */
} at_evidence_row;

/* Zeroed rows for samples in shape and versions, which are set. */
int at_evidence_room(at_evidence_set *s, int samples, attune_error *err);
at_evidence_row at_evidence_row_of(const at_evidence_set *s, int sample, int version);
/* Makes evidence of the rows once they are filled, and checks that all are numbers: ATTUNE_E_FORMAT. */
int at_evidence_settle(at_evidence_set *s, attune_error *err);

/* How a sample is degraded in a version: one of the recipe's harms to pictures, or to sound, at a level
 * between a third of what it says and all of it. Version 0: not at all. */
at_harms at_evidence_harm(const at_fusion_settings *s, int to_sound, int sample, int version);

/* ---- evidence_file.c ------------------------------------------------------------------------ */

/* OUT/evidence-KEY.safetensors, the key of the model's file, the corpus's samples and settings. */
int at_evidence_path(const at_job *job, const at_fusion_settings *s, const at_corpus *c,
                     int of_sound, char path[AT_TRAIN_PATH], attune_error *err);
/* 1: it is there and whole, and is now out, whose shape and versions are set; else 0. */
int at_evidence_load(at_evidence_set *out, const char *path);
int at_evidence_save(const at_evidence_set *s, const char *path, attune_error *err);

#endif
