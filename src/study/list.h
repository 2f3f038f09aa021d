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

int at_list_has(const at_list *l, const char *column);
/* What the i-th has in the column; "" where there is no such column, too. */
const char *at_list_field(const at_list *l, int i, const char *column);
/* The file that it names, from here; "": none. ATTUNE_E_ARG: its path is too long. */
int at_list_file(const at_list *l, int i, const char *column, char out[AT_STUDY_PATH],
                 attune_error *err);
/* The seconds that it says; 0: it is empty. */
double at_list_seconds(const at_list *l, int i, const char *column);

#endif
