/* file.h - read files with a limit, and write files that appear whole or not at all. */
#ifndef AT_BASE_FILE_H
#define AT_BASE_FILE_H

#include <attune/attune.h>
#include <stdio.h>

/* A file that is read from its front, piece by piece. */
typedef struct at_infile {
    int fd;
    const char *path; /* borrowed */
    /* Bytes when it was opened, but it may change; SIZE_MAX: it cannot tell (a pipe, what is empty, /proc). */
    size_t size;
} at_infile;

/* Fails with the reason ("is a directory", "larger than N bytes", strerror) in err; then there is nothing to close.
 * The limit is of the size that it tells: of what cannot, and of what grows, who reads on has to count. */
int at_infile_open(at_infile *f, const char *path, size_t limit, attune_error *err);
/* The next size bytes: fewer, *got of them, before the end only. */
int at_infile_read(const at_infile *f, void *to, size_t size, size_t *got, attune_error *err);
void at_infile_close(at_infile *f);

/* Reads path into a fresh buffer (at_alloc; one NUL follows the data). Fails as
 * at_infile_open does. */
int at_file_read(const char *path, size_t limit, unsigned char **out, size_t *size,
                 attune_error *err);

/* Adds what a file holds, by its digest (base/digest.h), to a hash (base/hash.h), which takes bytes one by one. */
int at_file_hash(const char *path, uint64_t *hash, attune_error *err);

/* An output under construction: written as PATH.tmp-XXXXXX beside its final name, made visible
 * by commit (flush, fsync, rename), removed by abandon. All failures (a full disk shows only at
 * flush) come out at commit. It is locked (flock) while it is written; what a dead run left of the same
 * PATH, without a lock, is removed when it is opened. A pipe must have its reader already. */
typedef struct at_outfile {
    FILE *f; /* write here */
    char *path, *temp;
} at_outfile;

int at_outfile_open(at_outfile *o, const char *path, attune_error *err);
/* Removes what dead runs left of files in a folder, NAME.tmp-XXXXXX without a lock, whose names are ours. */
void at_outfile_sweep(const char *folder, int (*is_ours)(const char *name, size_t n));
int at_outfile_check(const char *path,
                     attune_error *err); /* whether it could be opened; leaves nothing */
int at_outfile_commit(at_outfile *o, attune_error *err); /* on failure also abandons */
/* The same for the one file that several write at a time: who comes first has the name, and what others wrote is removed.
 * Where a file system has no links, who comes last has. */
int at_outfile_commit_first(at_outfile *o, attune_error *err);
void at_outfile_abandon(at_outfile *o); /* after open or commit; idempotent */

/* Flushes. Non-zero: that, or a write before it, failed, and errno says why. */
int at_stream_failed(FILE *f);
/* fclose. Non-zero: it, or a write before it, failed; one into memory fails where that is out. */
int at_stream_close(FILE *f);

int at_mkdirs(const char *path, attune_error *err); /* mkdir -p */

#endif
