/* outset.h - files of one folder that appear in it together, or not at all.
 *
 * They grow in FOLDER/attune-unfinished, under their names, so that a run that is killed leaves what it had. At
 * commit they are brought to the disk; then that folder is renamed to attune-finished, which is the one
 * moment that decides: before it all is as it was, after it the files are moved to where they belong. A
 * move that fails is taken back. Where even that is not to be, or the machine stops in between, the next
 * that opens or settles the folder moves the rest.
 *
 * The folder is locked (flock) until then, so that a second run is refused, and that what
 * lies in attune-unfinished without a lock is of a dead one and can be swept. */
#ifndef AT_BASE_OUTSET_H
#define AT_BASE_OUTSET_H

#include <attune/attune.h>
#include <stdio.h>

typedef struct at_outset at_outset;

enum { AT_OUTSET_MOST = 80 }; /* files */

/* dir is made if it is not there, and goes again with at_outset_free if nothing came to be in it. */
int at_outset_open(at_outset **out, const char *dir, attune_error *err);
/* name: [kept]. *f is to be written to, and the set's. What the name stands for already must be a file. */
int at_outset_add(at_outset *s, const char *name, FILE **f, attune_error *err);
/* Once. All that can fail, late errors of the disk too, comes out here. */
int at_outset_commit(at_outset *s, attune_error *err);
/* Without a commit, nothing is left. Takes NULL. */
void at_outset_free(at_outset **s);

/* The lock alone. Returns its descriptor, to be closed, or what is wrong. */
int at_folder_lock(const char *dir, attune_error *err);

/* For who reads a folder: sees to it that the files in it are of one set. */
int at_outset_settle(const char *dir, attune_error *err);

#endif
