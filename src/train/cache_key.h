/* cache_key.h - the name of a file that keeps what frozen networks say of samples, made of all that it
 * depends on: another recipe on the same samples, and a run that is resumed, find it again.
 */
#ifndef AT_TRAIN_CACHE_KEY_H
#define AT_TRAIN_CACHE_KEY_H

#include "train/learn.h"

uint64_t at_key_start(void); /* of this build's version and kernels */
uint64_t at_key_text(uint64_t key, const char *text);
uint64_t at_key_number(uint64_t key, double x);
uint64_t at_key_harms(uint64_t key, const at_harm_settings *list, int n);
/* By path, size and label: a sample is not read. */
uint64_t at_key_sample(uint64_t key, const at_sample *s);
/* OUT/WHAT-KEY.safetensors, with the bytes of the model that the recipe names in the key. The folder is
 * made. */
int at_key_path(const at_job *job, uint64_t key, const char *model, const char *what,
                char path[AT_TRAIN_PATH], attune_error *err);

#endif
