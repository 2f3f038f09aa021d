/* figures.h - what a kept session says of its person: the report's figures, from the windows. Private
 * to store.
 *
 * Whose session it is: with one face or none that of everything seen and heard; with several faces the
 * one with most windows that are not withheld.
 */
#ifndef AT_STORE_FIGURES_H
#define AT_STORE_FIGURES_H

#include "report/subject.h"

#include <attune/store.h>
#include <sqlite3.h>

/* Of numbers as they come: how many, their mean, the sum of squared distances from it (Welford 1962,
 * joined as by Chan, Golub and LeVeque 1979). */
typedef struct at_moments {
    double n, mean, squares;
} at_moments;

void at_moments_join(at_moments *m, const at_moments *more);
double at_moments_deviation(const at_moments *m); /* 0 of fewer than two */

/* What has a usual: probabilities of expressions, then levels of states. */
enum { AT_QUANTITIES = ATTUNE_EMOTIONS + ATTUNE_STATES };

enum { AT_USUAL_SESSIONS = 3 }; /* so many before it is said what is usual */

typedef struct at_figures {
    at_subject subject;        /* closed */
    int64_t windows, withheld; /* of the person */
    double hop_s;
    at_moments of[AT_QUANTITIES];
    at_moments signal[ATTUNE_MAX_SIGNALS]; /* columns' means, of moments in which there was any */
    int64_t on_signal, on_chat;            /* windows whose estimate rests (also) on it */
} at_figures;

int at_figures_of(sqlite3 *db, const attune_record *r, at_figures *out, attune_error *err);

#endif
