/* weights.h - safetensors files in and out (huggingface.co/docs/safetensors: 8 bytes little-endian
 * header length, a JSON header, then the data).
 *
 * Every length, offset, type and shape of a file is checked against the file's size (a pipe's: against
 * the most that is read) before use; a hostile file gives ATTUNE_E_FORMAT. F32 and F16 are read (f16
 * becomes f32); files are written atomically.
 */
#ifndef AT_TENSOR_WEIGHTS_H
#define AT_TENSOR_WEIGHTS_H

#include <attune/attune.h>
#include <stddef.h>

struct at_params;
typedef struct at_weights at_weights;

enum { AT_WEIGHTS_LIMIT = 128 << 20 }; /* bytes of a model's file */

/* Of any number in a model: ours have some hundreds. */
#define AT_WEIGHTS_MOST 1e6f

/* Reads all of a model's file, whose every number is in range: a file that is cut short or changed meanwhile is
 * damaged, and no more. */
int at_weights_load(at_weights **out, const char *path, attune_error *err);
/* A file of at most so many bytes, for what training keeps: its numbers may be any. */
int at_weights_load_within(at_weights **out, const char *path, size_t most, attune_error *err);
/* Whether the numbers of all arrays whose names begin so are in [least, most]: else ATTUNE_E_FORMAT, with name,
 * place, value and range. */
int at_weights_check(const at_weights *w, const char *path, const char *beginning, float least,
                     float most, attune_error *err);
void at_weights_free(at_weights **w);

typedef struct at_weight {
    const char *name; /* lives with the file */
    int rank, dim[8];
    const float *data; /* f32, row-major; lives with the file */
    size_t count;
} at_weight;

size_t at_weights_bytes(const at_weights *w); /* of its file */
int at_weights_count(const at_weights *w);
const at_weight *at_weights_at(const at_weights *w, int i);
/* NULL if absent; w NULL: a file that has nothing. */
const at_weight *at_weights_find(const at_weights *w, const char *name);
/* Whether it is there (w: nullable) and has rows x cols values, or in one row (rows 0) cols. */
int at_weight_is(const at_weight *w, int rows, int cols);
const char *at_weights_meta(const at_weights *w, const char *key);
const char *at_weights_meta_at(const at_weights *w, int i,
                               const char **key); /* NULL past the end */

/* Where a network takes its arrays from: a file, or the parameters being trained. find returns 1
 * and fills out, or 0 when there is none of that name. */
typedef struct at_weight_source {
    int (*find)(const void *user, const char *name, at_weight *out);
    const void *user;
} at_weight_source;
at_weight_source at_weights_source(const at_weights *w);
at_weight_source at_params_source(const struct at_params *p); /* tensor.h; weights_params.c */
/* Of two files, the second nullable; the pair lives as long as the source. */
typedef struct at_weights_pair {
    const at_weights *first, *second;
} at_weights_pair;
at_weight_source at_weights_pair_source(const at_weights_pair *p);
/* And the other way: adds a copy of a file's array to p. ATTUNE_E_FORMAT: it has a name, or a shape, that no
 * parameter has, or another shape than p's of that name. */
int at_params_take(struct at_params *p, const at_weight *w, attune_error *err);

/* Writing: collect, then save. Data is borrowed until at_weights_save returns. */
typedef struct at_weights_writer at_weights_writer;
int at_weights_writer_create(at_weights_writer **out, attune_error *err);
void at_weights_writer_free(at_weights_writer **w);
int at_weights_put(at_weights_writer *w, const char *name, int rank, const int *dim,
                   const float *data, int as_f16);
int at_weights_put_meta(at_weights_writer *w, const char *key, const char *value); /* copied */
int at_weights_save(at_weights_writer *w, const char *path, attune_error *err);

#endif
