#include "train/cache_key.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "kernels/kernels.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

uint64_t at_key_text(uint64_t key, const char *text)
{
    return at_hash(key, text, strlen(text) + 1);
}

uint64_t at_key_number(uint64_t key, double x)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", x);
    return at_key_text(key, text);
}

uint64_t at_key_start(void)
{
    return at_key_text(at_key_text(AT_HASH_START, at_answer_digest), at_kernels_best()->name);
}

uint64_t at_key_harms(uint64_t key, const at_harm_settings *list, int n)
{
    for (int i = 0; i < n; i++)
        key = at_key_number(at_key_text(key, list[i].kind), (double)list[i].level);
    return key;
}

uint64_t at_key_sample(uint64_t key, const at_sample *s, const unsigned char *picture, size_t n)
{
    struct stat st = {0};
    key = at_key_text(key, s->path);
    if (picture)
        key = at_hash(key, picture, n);
    else if (!stat(s->path, &st))
        key = at_key_number(key, (double)st.st_size);
    return at_key_number(key, s->expression);
}

uint64_t at_key_corpus(uint64_t key, const at_corpus *c)
{
    const size_t pixels = (size_t)AT_LISTED_SIDE * AT_LISTED_SIDE;
    key = at_key_text(key, c->dataset);
    for (int i = 0; i < c->count; i++)
        key = at_key_sample(key, &c->list[i], at_corpus_picture(c, &c->list[i]), pixels);
    return key;
}

int at_key_path(const at_job *job, uint64_t key, const char *model, const char *what,
                char path[AT_TRAIN_PATH], attune_error *err)
{
    const char *dir = job->options->out_dir ? job->options->out_dir : ".";
    char *file = NULL;
    int status = at_job_find(job, model, &file, err);
    status = status ? status : at_file_hash(file, &key, err);
    status = status ? status : at_mkdirs(dir, err);
    free(file);
    if (status)
        return status;
    int n = snprintf(path, AT_TRAIN_PATH, "%s/%s-%016" PRIx64 ".safetensors", dir, what, key);
    return n < AT_TRAIN_PATH ? ATTUNE_OK : at_fail(err, ATTUNE_E_ARG, "%s: path too long", dir);
}
