/* folder.h - what stands in a study's folder: which study it is, and what has become of each recording. */
#ifndef AT_STUDY_FOLDER_H
#define AT_STUDY_FOLDER_H

#include "study/list.h"

/* Puts manifest.csv and study.json there, or compares with those that are. ATTUNE_E_STATE: they are of another study. */
int at_study_mark(const char *dir, const char *manifest, const char *made_with, attune_error *err);
/* Whether two folders, which have both, are of one study. */
int at_study_same(const char *dir, const char *other, attune_error *err);

int at_study_path(char out[AT_STUDY_PATH], const char *dir, const char *name, attune_error *err);

/* reason: of what failed. ATTUNE_E_FORMAT: what is there is damaged, and to do. */
int at_study_state(const char *folder, attune_recording_state *out, char reason[512],
                   attune_error *err);
int at_study_note(const char *folder, const char *reason, attune_error *err);
int at_study_forget(const char *folder, attune_error *err); /* its result */

/* What tells files from others that take their places: size and time, a line each. */
enum { AT_STUDY_FILES = 3, AT_STUDY_INPUT = AT_STUDY_FILES * 64 + 128 };
/* path (n), n at most AT_STUDY_FILES. "": one of them is not there. */
void at_study_input(char out[AT_STUDY_INPUT], const char *const *path, int n);
int at_study_note_input(const char *folder, const char *input, attune_error *err);
/* The first of the files that is another than the result is of; < 0: it is of these, or nobody knows. */
int at_study_changed(const char *folder, const char *input);

/* Of the row-th recording of the study in dir. >= 0: a descriptor, to be closed; -1: another has it; -2: there are no
 * locks here. */
int at_study_lock(const char *dir, int row);

extern const char at_study_manifest[], at_study_maker[];

#endif
