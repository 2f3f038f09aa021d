/* cells.h - the figures of a group, told so that none is about a few of its people. Private to store.
 *
 * A class that somebody showed, but fewer than ATTUNE_GROUP_LEAST people, is told together with others, as
 * many as it takes, so that it is no difference of the rest from 1 either.
 */
#ifndef AT_STORE_CELLS_H
#define AT_STORE_CELLS_H

#include "store/units.h"

#include <jansson.h>

/* u: a unit a person, at least ATTUNE_GROUP_LEAST; each counts once afterwards, however much there is of
 * them. A new reference; NULL: out of memory. */
json_t *at_cells_tell(at_units *u, int64_t sessions);

#endif
