/* settings.h - what each kind of recipe may say, read and checked: a struct and a table a kind.
 *
 * Every number lies within the range of its table (settings_KIND.c) once at_fields_read has returned
 * ATTUNE_OK. Texts live with the recipe.
 */
#ifndef AT_TRAIN_SETTINGS_H
#define AT_TRAIN_SETTINGS_H

#include "data/face_clips.h"
#include "degrade/harms.h"
#include "degrade/sound.h"
#include "model/encoder.h"
#include "train/fields.h"

enum {
    AT_MAX_SETS = 8,
    AT_MAX_STAGES = 8,
    AT_MAX_MODELS = 8,
    AT_MAX_FOLDS = 16,
    AT_MAX_STEPS = 64,
    AT_MAX_JUDGED = 32,
    AT_MAX_SHARDS = 64,
    AT_MAX_VOICE_ROWS = 1000,
};

typedef struct at_optimiser_settings {
    float lr, floor, warmup; /* peak, end; share of all steps */
    float decay, beta1, beta2, clip, ema;
    float lr_heads, lr_early; /* factors */
} at_optimiser_settings;

/* Reduce on plateau, and early stopping (paper 3.5). */
typedef struct at_plateau_settings {
    int patience; /* 0: off, the rate follows a cosine */
    float factor;
} at_plateau_settings;

typedef struct at_stopping_settings {
    int patience, least; /* 0: off; epochs */
} at_stopping_settings;

/* How long and how fast to learn: the same of all that trains. */
typedef struct at_loop_plan {
    int epochs, eval_every;
    int shards; /* that a batch is computed in */
    int64_t seed;
    double checkpoint_minutes;
    const char *precision; /* "f32" or "mixed"; NULL: the first */
    at_optimiser_settings optimiser;
    at_plateau_settings plateau;
    at_stopping_settings early_stop;
} at_loop_plan;
extern const at_fields at_plan_fields;
int at_plan_is_mixed(const at_loop_plan *plan);

/* Pictures or voices of one corpus. */
typedef struct at_set_settings {
    const char *dataset, *folder, *train, *valid, *also;
    double share;
} at_set_settings;

typedef struct at_pictures_settings {
    at_set_settings set[AT_MAX_SETS];
    int sets;
} at_pictures_settings;

typedef struct at_stage_settings {
    double from; /* share of the run */
    int side;
} at_stage_settings;

/* A network that learned before. */
typedef struct at_model_settings {
    const char *model;
} at_model_settings;

typedef struct at_visual_losses {
    float expression, basic, state, dominant, engagement, covered, units, pose, smoothing, ensemble;
    double class_balance, level_balance;
} at_visual_losses;

typedef struct at_visual_settings {
    const char *kind, *name;
    at_loop_plan plan;
    at_pictures_settings data;
    const char *init, *detector, *teacher;
    at_model_settings ensemble[AT_MAX_MODELS];
    int models;               /* in the ensemble */
    at_encoder_shape spatial; /* layers 0: none */
    const char *frozen;       /* "trunk", "network"; NULL: all of it learns */
    at_stage_settings size[AT_MAX_STAGES];
    int sizes; /* 0: the side that runs throughout */
    at_face_augment augment;
    at_visual_losses losses;
    int batch, statistics_batches;
    float mixup, dropout;
} at_visual_settings;
extern const at_fields at_visual_fields;

typedef struct at_hog_settings {
    const char *kind, *name;
    at_pictures_settings data;
    const char *detector;
    double c, class_balance, tolerance;
    int iterations;
} at_hog_settings;
extern const at_fields at_hog_fields;

typedef struct at_ranges_settings {
    const char *kind, *name;
    const char *model; /* whose activations */
    at_pictures_settings data;
    int pictures, scenes, side;
    int64_t seed;
} at_ranges_settings;
extern const at_fields at_ranges_fields;

/* Which voices to learn from and which to be judged by. */
typedef struct at_fold_settings {
    const char *train, *valid;
} at_fold_settings;

typedef struct at_voices_settings {
    at_set_settings set[AT_MAX_SETS]; /* train, valid: NULL where the set has no such part */
    int sets;
} at_voices_settings;

/* One corpus, and its parts. */
typedef struct at_corpus_settings {
    const char *dataset, *folder;
    at_fold_settings parts;
} at_corpus_settings;

typedef struct at_audio_losses {
    float smoothing, lacking;
    double class_balance;
} at_audio_losses;

typedef struct at_audio_settings {
    const char *kind, *name;
    at_loop_plan plan;
    at_voices_settings data;
    at_fold_settings fold[AT_MAX_FOLDS]; /* in place of the first set's parts */
    int folds;
    const char *init;  /* nullable */
    const char *noise; /* folder; nullable */
    int members, batch, rows, versions;
    at_voice_augment augment;
    at_spec_masks masks;
    at_audio_losses losses;
    float mixup, dropout;
} at_audio_settings;
extern const at_fields at_audio_fields;

typedef struct at_functionals_settings {
    const char *kind, *name;
    const char *model; /* the voice stream that the expert joins; nullable */
    at_voices_settings data;
    const char *noise; /* folder; nullable */
    int64_t seed;
    int rows, versions, steps;
    int centred;
    double penalty, penalty_prosody;
    float lacking, weight, weight_prosody;
    at_voice_augment augment;
} at_functionals_settings;
extern const at_fields at_functionals_fields;

typedef struct at_detector_losses {
    float box, landmarks;
} at_detector_losses;

typedef struct at_detector_settings {
    const char *kind, *name;
    at_loop_plan plan;
    at_pictures_settings data;
    const char *init, *detector;
    int side, scenes, eval_scenes, batch;
    float silent;
    at_detector_losses losses;
} at_detector_settings;
extern const at_fields at_detector_fields;

/* What goes wrong with pictures or sound, at worst at that level. */
typedef struct at_harm_settings {
    const char *kind; /* as at_degradations names it */
    float level;
} at_harm_settings;

/* What was recorded beside the samples of a corpus. */
typedef struct at_beside_settings {
    const char *dataset, *folder;
    const char *train, *valid;    /* NULL: nothing was */
    const char *columns, *events; /* of a signal: names with commas between */
    const char *log_time;         /* NULL: as the files say */
    float absent;                 /* probability */
} at_beside_settings;

typedef struct at_fusion_settings {
    const char *kind, *name;
    const char *fusion; /* a kind of fusion that is learned */
    const char *model;  /* detector, networks and calibration */
    at_corpus_settings faces, voices;
    at_beside_settings signals, chats;
    at_loop_plan plan;
    int batch, pairs, judged, most, versions, sights, tokens;
    at_harm_settings harm[AT_MOST_HARMS];
    int harms;
    float clean, missing; /* probabilities */
    float dropout, smoothing, trust;
} at_fusion_settings;
extern const at_fields at_fusion_fields;

/* A trained stream and the recipe whose parts calibrate it. */
typedef struct at_stream_settings {
    const char *model, *recipe;
    float trust;
} at_stream_settings;

typedef struct at_temporal_losses {
    float expression, basic, smoothing;
    double class_balance;
} at_temporal_losses;

/* Clips made from stills, and what a Transformer over their frames learns. */
typedef struct at_temporal_settings {
    const char *kind, *name;
    const char *model; /* detector and face stream */
    at_pictures_settings data;
    at_encoder_shape temporal;
    at_loop_plan plan;
    int batch, most, judged, versions, frames;
    float rate_min, rate_max; /* frames a second */
    at_clip_motion motion;
    at_harm_settings harm[AT_MOST_HARMS];
    int harms;
    float clean; /* probability */
    float taught;
    at_temporal_losses losses;
    float dropout;
} at_temporal_settings;
extern const at_fields at_temporal_fields;

typedef struct at_assemble_settings {
    const char *kind, *name;
    const char *detector;
    at_stream_settings visual, audio;
    const char *temporal; /* a trained temporal encoder's file; nullable */
    const char *fusion;   /* a trained fusion's; likewise */
    float floor, doubt;
    int reference_pictures, answers;
    const json_t *metadata;
} at_assemble_settings;
extern const at_fields at_assemble_fields;

typedef struct at_judged_settings {
    const char *dataset, *folder, *split;
} at_judged_settings;

typedef struct at_chain_settings {
    const char *kind, *name;
    const char *step[AT_MAX_STEPS];
    int steps;
    const char *model;
    at_judged_settings judged[AT_MAX_JUDGED];
    int judgements;
} at_chain_settings;
extern const at_fields at_chain_fields;

/* The fields of a kind of recipe; NULL: there is no such kind. */
const at_fields *at_fields_of_kind(const char *kind);
/* The i-th kind's name, NULL past the end. */
const char *at_recipe_kind(int i);

#endif
