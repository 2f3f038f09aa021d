/* json.h - JSON texts to trees and back, where no memory that is out passes for something else.
 *
 * jansson alone (2.14) calls a text wrong that it had no memory for, leaves out letters, or writes where it must not; and
 * leaves out a key that it had no memory to write. It reads what there was memory for a moment ago, and errno, which
 * allocations set and jansson does not reset behind them, tells of the rest. */
#ifndef AT_BASE_JSON_H
#define AT_BASE_JSON_H

#include <attune/attune.h>
#include <jansson.h>

/* *out: a new reference, or NULL. ATTUNE_E_FORMAT: why (nullable) says what is wrong with the text; or
 * ATTUNE_E_NOMEM. */
int at_json_read(json_t **out, const char *text, size_t size, size_t flags, json_error_t *why);
/* Of a file with at most limit bytes; an error names it and the line. */
int at_json_read_file(json_t **out, const char *path, size_t limit, size_t flags,
                      attune_error *err);

/* free. NULL: v is, or memory is out. */
char *at_json_write(const json_t *v, size_t flags);

json_t *at_json_number(double v); /* null of what is not finite, for which JSON has no word */
json_t *at_json_real(double v); /* likewise, rounded: what lies behind the sixth decimal is noise */

/* Add a part, which is taken, to a whole. Where the part is NULL or memory is out the whole goes and becomes
 * NULL, and stays so: it alone has to be looked at in the end. */
void at_json_put(json_t **object, const char *key, json_t *part);
void at_json_append(json_t **array, json_t *part);
/* Nothing where v is not finite. */
void at_json_put_real(json_t **object, const char *key, double v);

#endif
