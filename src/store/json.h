/* json.h - pieces of the store's JSON texts. Private to store.
 *
 * Each gives a new reference, or NULL where memory is out; NULL given to another as a part makes that
 * NULL, too, so that only the whole has to be looked at.
 */
#ifndef AT_STORE_JSON_H
#define AT_STORE_JSON_H

#include "store/units.h"

#include "base/json.h"

json_t *at_json_time(int64_t seconds);          /* "2026-11-27T06:10:00Z"; null of 0 */
json_t *at_json_text(const char *text);         /* null of "" */
json_t *at_json_interval(const at_interval *i); /* [low, high], or null */

json_t *at_json_record(const attune_record *r);
json_t *at_json_figures(const attune_record *r, const at_figures *f);
json_t *at_json_units(const at_units *u); /* of all of them together */
/* A session over time, of one face (track 0: of all windows). */
int at_json_timeline(sqlite3 *db, const attune_record *r, uint32_t track, json_t **out,
                     attune_error *err);
/* usual: (AT_QUANTITIES) of the n sessions before; null of too few. */
json_t *at_json_usual(const at_moments *usual, int n, const at_figures *f);

/* Steals root. *out (free): its text. */
int at_json_finish(json_t *root, char **out, attune_error *err);

#endif
