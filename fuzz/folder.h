/* folder.h - a folder of the program's own, in memory where it can be, that goes when it ends. */
#ifndef AT_FUZZ_FOLDER_H
#define AT_FUZZ_FOLDER_H

#include <stddef.h>

enum { FUZZ_PATH = 256 };

const char *fuzz_folder(void);
/* A file in it, with the folders on its way; 0: a file is one of these, or it a folder. */
int fuzz_folder_put(const char *name, const void *bytes, size_t size);
void fuzz_folder_empty(void);

#endif
