/* made_live.h - what a learner's computer sends, the model that looks at it, and a store to keep it in. */
#ifndef AT_TESTS_MADE_LIVE_H
#define AT_TESTS_MADE_LIVE_H

#include "serve/wire.h"
#include "sounds.h"

#include <attune/store.h>
#include <jansson.h>

enum { SECONDS = 3, PIECE = 1600 };

/* The default model; NULL: it is not there. */
extern attune_model *model;
extern int can_keep;                      /* the build has SQLite */
extern int16_t samples[SECONDS * SECOND]; /* somebody speaks */
extern const attune_options options;      /* nothing left at 0 */

/* Group set-up and tear-down. */
int make_live(void **state);
int remove_live(void **state);

/* A baseline JPEG of 32 x 16 grey pixels, at most 256 bytes. */
size_t make_jpeg(uint8_t *out);

attune_store *opened_store(void);
/* The latest session there (json_decref); NULL: none is kept. */
json_t *latest_kept(attune_store *s);
int is_kept(attune_store *s);

#endif
