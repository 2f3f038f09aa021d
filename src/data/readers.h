/* readers.h - what corpus.c and the corpus_*.c readers share. Private to src/data. */
#ifndef AT_DATA_READERS_H
#define AT_DATA_READERS_H

#include "data/corpus.h"

enum { AT_PATH = 4096 };

/* A reader appends the split's samples to out (dataset and task are set). root exists. */
typedef int at_corpus_reader(at_corpus *out, const char *root, const char *split,
                             attune_error *err);

at_corpus_reader at_corpus_ferplus, at_corpus_fer2013, at_corpus_ravdess, at_corpus_daisee_frames,
    at_corpus_daisee, at_corpus_wacv, at_corpus_crema, at_corpus_folder;

/* base/name into out (AT_PATH); 0 when it does not fit. */
int at_path_join(char *out, const char *base, const char *name);
int at_path_exists(const char *path);
int at_path_is_dir(const char *path);
/* Path's last component, and its length without the extension. */
const char *at_path_stem(const char *path, size_t *length);
int at_has_extension(const char *name, const char *const *extensions); /* NULL-terminated list */
extern const char *const at_picture_extensions[], *const at_sound_extensions[],
                                                      *const at_clip_extensions[];

/* root itself, or the one folder in it, that holds marker: into out. 0 when neither does. */
int at_corpus_locate(char *out, const char *root, const char *marker);

/* Calls fn for each entry of dir in the order of its name (hidden ones left out); fn's non-zero
 * result ends the walk and is returned. A folder that cannot be read has no entries. */
int at_each_entry(const char *dir, int (*fn)(void *user, const char *path, const char *name),
                  void *user);

/* Is number in a comma list such as "1,2,3"? */
int at_in_list(const char *list, int number);

#endif
