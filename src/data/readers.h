/* readers.h - what corpora.c and the corpus_*.c readers share. Private to src/data. */
#ifndef AT_DATA_READERS_H
#define AT_DATA_READERS_H

#include "data/corpus.h"
#include "data/csv.h"

enum { AT_PATH = 4096 };

/* A reader appends the split's samples to out (dataset, head and crops are set). root exists. It
 * need not look whether a file is there, a pointer, or listed twice: corpora.c does. */
typedef int at_corpus_reader(at_corpus *out, const char *root, const char *split,
                             attune_error *err);

at_corpus_reader at_corpus_ferplus, at_corpus_fer2013, at_corpus_ravdess, at_corpus_daisee,
    at_corpus_wacv, at_corpus_crema, at_corpus_folder, at_corpus_manifest, at_corpus_voices_more;

/* The part of path that says which sample it is, where a set holds one in several files: length
 * bytes of the result. */
typedef const char *at_corpus_identity(const char *path, size_t *length);
at_corpus_identity at_ravdess_take;
/* The same of a sample of any corpus. */
const char *at_corpus_identify(const at_corpus *c, const at_sample *s, size_t *length);

/* Lists a row that names no file, by its list and line. */
int at_corpus_exclude_row(at_corpus *c, const at_csv *csv);

/* base/name into out (AT_PATH); 0 when it does not fit. */
int at_path_join(char *out, const char *base, const char *name);
int at_path_exists(const char *path);
int at_path_is_dir(const char *path);
int at_path_is_pointer(const char *path); /* what Git LFS leaves until it fetches the file */
/* Path's last component, and its length without the extension. */
const char *at_path_stem(const char *path, size_t *length);
int at_has_extension(const char *name, const char *const *extensions); /* NULL-terminated list */
extern const char *const at_picture_extensions[], *const at_sound_extensions[],
                                                      *const at_clip_extensions[];
int at_is_media(const char *name); /* any of the three */

/* 1: root itself, or the one folder in it, that holds marker is in out (AT_PATH); 0: neither does; < 0 as at_each_entry. */
int at_corpus_locate(char *out, const char *root, const char *marker);

/* Calls fn for each entry of dir in the order of its name (hidden ones left out); fn's non-zero
 * result ends the walk and is returned. A folder that is not there has no entries; where one cannot
 * be read, the result is ATTUNE_E_IO, and errno says why, or ATTUNE_E_NOMEM. */
int at_each_entry(const char *dir, int (*fn)(void *user, const char *path, const char *name),
                  void *user);
/* The same for each file in dir and the folders below it, some levels deep. */
int at_each_file(const char *dir, int (*fn)(void *user, const char *path, const char *name),
                 void *user);

/* What such a walk through root came to, where that is below 0; errno is still the walk's. */
int at_fail_walk(int status, const char *root, attune_error *err);

/* Samples of class-named folders below root: a file's class is the nearest folder above it that
 * names one, and its part (train, valid, test) likewise. Those that split takes (at_split_takes); a file in
 * no part only where it takes the whole. class_of (nullable): a class by a folder's name, before
 * at_class_by_name. Returns the number of files in named parts, < 0 as at_each_file. */
int at_corpus_walk(at_corpus *out, const char *root, const char *split,
                   int (*class_of)(const char *folder));

/* Is number in a comma list such as "1,2,3"? */
int at_in_list(const char *list, int number);
/* Is word (length bytes)? */
int at_word_in_list(const char *list, size_t length, const char *word);

#endif
