/* settings_shared.h - what the tables of several kinds of recipe (settings_KIND.c) have in common.
 *
 * Beside each table stands the struct that it reads into. at_wrong_X says what is wrong, as at_fields'
 * `wrong` does; NULL: nothing.
 */
#ifndef AT_TRAIN_SETTINGS_SHARED_H
#define AT_TRAIN_SETTINGS_SHARED_H

#include "train/settings.h"

/* The first two lines of each kind's table. T: its struct. */
#define AT_HEAD(T, what) \
    AT_NEEDED(T, kind, "kind", what), AT_NEEDED(T, name, "name", "of the files that are written")

enum { AT_MOST_PIXELS = 60000000 }; /* of a batch: some 700 MiB of floats */

/* Corpora (settings_sets.c). */
extern const at_fields at_pictures_fields; /* at_pictures_settings */
extern const at_fields at_voices_fields;   /* at_voices_settings */
/* For kinds that learn from all pictures at once: no set may say a share of it. */
const char *at_wrong_share(const at_pictures_settings *data);

/* Harm done to samples (settings_harms.c). */
extern const at_fields at_face_augment_fields;  /* at_face_augment */
extern const at_fields at_voice_augment_fields; /* at_voice_augment */
extern const at_fields at_harm_fields;          /* at_harm_settings */

/* Transformers (settings_encoders.c). */
extern const at_fields at_spatial_encoder_fields;  /* at_encoder_shape, layers from 0 */
extern const at_fields at_temporal_encoder_fields; /* at_encoder_shape, layers from 1 */

/* A batch must part into the plan's shards (settings_plan.c). */
const char *at_wrong_batch(int batch, const at_loop_plan *plan);

#endif
