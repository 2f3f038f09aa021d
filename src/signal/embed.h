/* embed.h - a signal over a window as numbers of one size, for a fusion that was trained with its columns.
 *
 * A model that was says so in its metadata: signal_columns, names with commas between, and signal_events, those of them that
 * count; and how each is standardised in the arrays signal.center and signal.scale (columns each): (x - center) * scale, as
 * over the recordings that it learned from. Columns have a place each, in the model's order; the places that are left over are zeros, and
 * so is what is not known of one.
 */
#ifndef AT_SIGNAL_EMBED_H
#define AT_SIGNAL_EMBED_H

#include "tensor/weights.h"

enum {
    AT_SIGNAL_TOKEN = ATTUNE_MAX_SIGNALS,     /* the mean of each column, standardised */
    AT_SIGNAL_EMBED = 5 * ATTUNE_MAX_SIGNALS, /* that; slope, deviation, coverage, z */
    AT_SIGNAL_TOKENS = 6,                     /* a window is cut into so many */
    AT_SIGNAL_LIMIT = 10, /* of each number: what is far out says no more than that */
};

typedef struct at_signal_scale {
    int columns; /* 0: the model knows of no signal */
    char name[ATTUNE_MAX_SIGNALS][ATTUNE_SIGNAL_BYTES];
    unsigned events;
    float center[ATTUNE_MAX_SIGNALS], scale[ATTUNE_MAX_SIGNALS];
} at_signal_scale;

/* ATTUNE_OK, or ATTUNE_E_FORMAT where the arrays are not as the metadata says. */
int at_signal_scale_load(at_signal_scale *out, const at_weights *w, attune_error *err);
/* Names (and which of them count, a bit each) out of a list with commas between: ATTUNE_E_ARG where it has too many, none,
 * one that is too long or one twice; of what: whose list it is. */
int at_signal_names(at_signal_scale *out, const char *names, const char *events, const char *what,
                    attune_error *err);
/* Where the model's columns are among names (NULL after the last), which count as events says. Returns the first that is not there, or counts
 * otherwise, and has -1 for a place; NULL: place (columns) has all. */
const char *at_signal_places(const at_signal_scale *s, const char *const *names, unsigned events,
                             int place[ATTUNE_MAX_SIGNALS]);

/* signal (columns): of the window, in the model's order. x (AT_SIGNAL_EMBED). */
void at_signal_embed(const at_signal_scale *s, const attune_signal *signal, float *x);
/* mean (columns) of a part of it, NaN: as the window. x (AT_SIGNAL_TOKEN). */
void at_signal_token(const at_signal_scale *s, const float *mean, const attune_signal *signal,
                     float *x);
/* [0,1] mean over the columns. */
float at_signal_coverage(const at_signal_scale *s, const attune_signal *signal);

#endif
