/* cache_key.h - the name of a file that keeps what frozen networks say of samples, made of all that it
 * depends on: another recipe on the same samples, and a run that is resumed, find it again.
 */
#ifndef AT_TRAIN_CACHE_KEY_H
#define AT_TRAIN_CACHE_KEY_H

#include "train/learn.h"

/* Of the sources of whatever an answer goes through, from base to train and experiments. */
extern const char at_answer_digest[];
uint64_t at_key_start(void); /* of these, and of this machine's kernels */
uint64_t at_key_text(uint64_t key, const char *text);
uint64_t at_key_number(uint64_t key, double x);
uint64_t at_key_harms(uint64_t key, const at_harm_settings *list, int n);
/* By path, size and label: a file is not read. picture (n bytes): of a sample that came in a list; nullable. */
uint64_t at_key_sample(uint64_t key, const at_sample *s, const unsigned char *picture, size_t n);
uint64_t at_key_corpus(uint64_t key, const at_corpus *c);
/* OUT/WHAT-KEY.safetensors, with the digest of the model that the recipe names in the key. The folder is
 * made. */
int at_key_path(const at_job *job, uint64_t key, const char *model, const char *what,
                char path[AT_TRAIN_PATH], attune_error *err);

#endif
