/* units.h - several sessions, or several people, as a sample. Private to store.
 *
 * Windows of one unit resemble one another and say little of the next unit's. So the variance of a
 * share or a mean is that of a ratio of sums over units (Cochran 1977, Sampling Techniques, chapter 6),
 * with Student's t for as many units as there are, less one. A share's interval is Wilson's (1927) for as
 * many independent windows as have that variance (Korn and Graubard 1998, Survey Methodology 24, who
 * widen by t in the same way), never more than there are without overlap; where all units agree on none
 * or all, each counts as one.
 */
#ifndef AT_STORE_UNITS_H
#define AT_STORE_UNITS_H

#include "store/figures.h"

/* What is known of a unit: wholes, each followed by its parts, counted in windows without overlap. */
enum {
    AT_UNIT_WINDOWS,
    AT_UNIT_WITHHELD,
    AT_UNIT_EXPRESSION,
    AT_UNIT_EMOTION,
    AT_UNIT_STATES = AT_UNIT_EMOTION + ATTUNE_EMOTIONS,
    AT_UNIT_ENGAGEMENT,
    AT_UNIT_LEVEL = AT_UNIT_ENGAGEMENT + ATTUNE_ENGAGEMENTS, /* level x windows */
    AT_UNIT_MEMBERS = AT_UNIT_LEVEL + ATTUNE_STATES
};

typedef struct at_units {
    double *of[AT_UNIT_MEMBERS]; /* each (n) */
    int n, room;
} at_units;

/* A session as a unit of its own. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_units_add(at_units *u, const at_figures *f);
/* A unit of which nothing is known yet, and a session more of it, the last one. */
int at_units_add_empty(at_units *u);
void at_units_extend(at_units *u, const at_figures *f);
void at_units_clear(at_units *u); /* keeps the room */
void at_units_free(at_units *u);

/* The 97.5 % point of Student's t; df >= 1. */
double at_student(int df);

/* 95 % intervals of n units; of fewer than two they are not known. */
at_interval at_units_share(const double *part, const double *whole, int n);
at_interval at_units_mean(const double *part, const double *whole, int n, double most);

#endif
