/* list.h - a study's manifest, read. */
#ifndef AT_STUDY_LIST_H
#define AT_STUDY_LIST_H

#include <attune/study.h>
#include <stdio.h>

enum { AT_STUDY_ID = 101, AT_STUDY_PATH = 4096 };

typedef struct at_listed {
    char *id, *path; /* path: as the manifest has it */
    char **field;    /* (columns) */
} at_listed;

typedef struct at_list {
    at_listed *row; /* (n) */
    char **column;  /* (columns) names */
    int n, columns, room;
    char folder[AT_STUDY_PATH]; /* the manifest's, with a slash, or "" */
} at_list;

/* Zeroed to begin with. What is read is to be freed in any case. */
int at_list_read(at_list *l, const char *manifest, attune_error *err);
void at_list_free(at_list *l);

/* The path from here. ATTUNE_E_ARG: too long. */
int at_list_path(const at_list *l, int i, char out[AT_STUDY_PATH], attune_error *err);

#endif
