#include "train/teacher.h"

#include "base/error.h"
#include "base/mem.h"
#include "data/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    char *name; /* SET/FILE */
    at_taught seen;
} entry;

struct at_teacher {
    entry *list; /* sorted by name */
    int count, capacity;
};

enum { SET, FILE_NAME, FOUND, POSE, UNIT = POSE + AT_POSE_AXES };
enum { COLUMNS = UNIT + ATTUNE_UNITS };

static const char *column_name(int i)
{
    static const char *const names[] = {"set", "file", "found", "yaw", "pitch", "roll"};
    return i < UNIT ? names[i] : attune_units[i - UNIT].name;
}

static int read_header(at_csv *csv, int *column, attune_error *err)
{
    int status = at_csv_header(csv, err);
    for (int i = 0; i < COLUMNS && !status; i++)
        if ((column[i] = at_csv_column(csv, column_name(i))) < 0)
            status = at_fail(err, ATTUNE_E_FORMAT, "%s: no column '%s' in its first row", csv->path,
                             column_name(i));
    return status;
}

static int number(const at_csv *csv, const int *column, int i, double least, double most,
                  float *out, attune_error *err)
{
    const char *text = at_csv_get(csv, column[i]);
    char *end;
    const double x = strtod(text, &end);
    if (!*text || *end || !(x >= least && x <= most))
        return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: %s is '%.30s', must be a number from %g to %g",
                       csv->path, csv->line, column_name(i), text, least, most);
    *out = (float)x;
    return ATTUNE_OK;
}

static int add(at_teacher *t, const at_csv *csv, const int *column, attune_error *err)
{
    if (t->count == t->capacity) {
        int capacity = t->capacity ? 2 * t->capacity : 1024;
        entry *grown = realloc(t->list, (size_t)capacity * sizeof *grown);
        if (!grown)
            return at_fail_nomem(err);
        t->list = grown;
        t->capacity = capacity;
    }
    entry *e = &t->list[t->count];
    int status = ATTUNE_OK;
    for (int i = 0; i < AT_POSE_AXES && !status; i++)
        status = number(csv, column, POSE + i, -180, 180, &e->seen.pose[i], err);
    for (int i = 0; i < ATTUNE_UNITS && !status; i++) {
        status = number(csv, column, UNIT + i, 0, 255, &e->seen.unit[i], err);
        e->seen.unit[i] /= 255;
    }
    if (status)
        return status;
    const char *set = at_csv_get(csv, column[SET]), *file = at_csv_get(csv, column[FILE_NAME]);
    const size_t size = strlen(set) + strlen(file) + 2;
    if (!(e->name = malloc(size)))
        return at_fail_nomem(err);
    snprintf(e->name, size, "%s/%s", set, file);
    t->count++;
    return ATTUNE_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

int at_teacher_load(at_teacher **out, const char *path, attune_error *err)
{
    at_csv csv;
    int column[COLUMNS];
    at_teacher *t = at_calloc(1, sizeof *t);
    *out = t;
    if (!t)
        return at_fail_nomem(err);
    int status = at_csv_open(&csv, path, err);
    if (status == ATTUNE_OK) {
        status = read_header(&csv, column, err);
        while (status >= 0 && (status = at_csv_row(&csv, err)) > 0)
            if (strcmp(at_csv_get(&csv, column[FOUND]), "1") == 0)
                status = add(t, &csv, column, err);
        at_csv_close(&csv);
    }
    if (status < 0)
        at_teacher_free(out);
    else if (t->count)
        qsort(t->list, (size_t)t->count, sizeof *t->list, by_name);
    return status;
}

void at_teacher_free(at_teacher **t)
{
    if (!t || !*t)
        return;
    for (int i = 0; i < (*t)->count; i++)
        free((*t)->list[i].name);
    free((*t)->list);
    at_free(*t);
    *t = NULL;
}

/* The path's last two names, its last three, and so on. */
const at_taught *at_teacher_find(const at_teacher *t, const char *path)
{
    int slashes = 0;
    for (const char *at = path + strlen(path); at > path && t->count; at--) {
        if (at[-1] != '/' || slashes++ == 0)
            continue;
        char *name = (char *)at;
        const entry *found =
            bsearch(&(entry){.name = name}, t->list, (size_t)t->count, sizeof *t->list, by_name);
        if (found)
            return &found->seen;
    }
    return NULL;
}
