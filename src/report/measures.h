/* measures.h - what is measured of the input (attune_quality): one table of which the timeline's
 * columns, the summary's keys and the page's curves are made.
 */
#ifndef AT_REPORT_MEASURES_H
#define AT_REPORT_MEASURES_H

#include <attune/attune.h>
#include <stddef.h>

enum { AT_MEASURES = offsetof(attune_quality, reserved) / sizeof(float) };

/* The place of a member of attune_quality in the table, which has their order. */
#define AT_MEASURE(member) ((int)(offsetof(attune_quality, member) / sizeof(float)))

typedef struct at_measure {
    const char *name;  /* of the member, of a column, of a key */
    const char *what;  /* it means */
    const char *unit;  /* "": a share, 0..1 */
    int decimals;      /* in a column */
    int modality;      /* of whose input */
    const char *label; /* of a curve; NULL: it has none */
    double most;       /* a curve reaches from 0 to this */
} at_measure;

extern const at_measure at_measures[AT_MEASURES];

#endif
