#include "study/list.h"

#include "base/error.h"
#include "base/mem.h"
#include "data/csv.h"
#include "report/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows ---------------------------------------------------------------------------------- */

static int is_id(const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-";
    const size_t n = strspn(s, plain);

    return n > 0 && n < AT_STUDY_ID && !s[n] && *s != '.';
}

/* The file's name without its ending, of what an id may have. */
static void id_of_path(char out[AT_STUDY_ID], const char *path)
{
    char name[AT_STUDY_ID - 12]; /* -2, -3, ... follow */
    at_text_basename(name, sizeof name, path);
    char *dot = strrchr(name, '.');

    if (dot && dot != name)
        *dot = 0;
    snprintf(out, AT_STUDY_ID, "%s", *name ? name : "recording");
    for (char *p = out; *p; p++) {
        const char one[] = {*p, 0};
        if (!is_id(one) && (*p != '.' || p == out))
            *p = '_';
    }
}

static char *copy_of(const char *s)
{
    const size_t n = strlen(s) + 1;
    char *copy = at_alloc(n, 1);

    return copy ? memcpy(copy, s, n) : NULL;
}

static int copy_fields(char ***out, const at_csv *csv, int n)
{
    *out = at_calloc((size_t)n, sizeof **out);
    for (int i = 0; *out && i < n; i++)
        if (!((*out)[i] = copy_of(at_csv_get(csv, i))))
            return 0;
    return *out != NULL;
}

static void free_fields(char **field, int n)
{
    for (int i = 0; field && i < n; i++)
        at_free(field[i]);
    at_free(field);
}

static int make_room(at_list *l)
{
    if (l->n < l->room)
        return 1;
    const int room = l->room ? 2 * l->room : 64;
    at_listed *row = at_alloc((size_t)room, sizeof *row);

    if (!row)
        return 0;
    if (l->n)
        memcpy(row, l->row, (size_t)l->n * sizeof *row);
    at_free(l->row);
    l->row = row;
    l->room = room;
    return 1;
}

static int add_row(at_list *l, const at_csv *csv, int path, int id, attune_error *err)
{
    const char *where = at_csv_get(csv, path), *name = at_csv_get(csv, id);
    char made[AT_STUDY_ID];

    if (l->n == ATTUNE_MAX_RECORDINGS)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: more than %d recordings", csv->path,
                       ATTUNE_MAX_RECORDINGS);
    if (!*where)
        return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: no path", csv->path, csv->line);
    if (id >= 0 && !is_id(name))
        return at_fail(
            err, ATTUNE_E_FORMAT,
            "%s:%d: the id '%.40s' must be letters, digits, '.', '_', '-', up to %d, and "
            "not begin with '.'",
            csv->path, csv->line, name, AT_STUDY_ID - 1);
    if (!make_room(l))
        return at_fail_nomem(err);
    id_of_path(made, where);
    at_listed *row = &l->row[l->n++];
    *row = (at_listed){.id = copy_of(id >= 0 ? name : made), .path = copy_of(where)};
    return row->id && row->path && copy_fields(&row->field, csv, l->columns) ? ATTUNE_OK
                                                                             : at_fail_nomem(err);
}

/* ---- ids that are alike ---------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const at_listed *x = *(at_listed *const *)a, *y = *(at_listed *const *)b;
    const int order = strcmp(x->id, y->id);

    return order ? order : (x > y) - (x < y);
}

/* Numbers those that share a file's name; made: they came of paths. Two may still be alike: "a-2". */
static int number_alike(at_listed **row, int n, int made, const char *manifest, attune_error *err)
{
    for (int i = 1, same = 1; i < n; i++) {
        char id[AT_STUDY_ID];
        /* the first of them keeps its name */
        same = strcmp(row[i]->id, row[i - same]->id) == 0 ? same + 1 : 1;
        if (same == 1)
            continue;
        if (!made)
            return at_fail(err, ATTUNE_E_FORMAT, "%s: the id '%s' is there twice", manifest,
                           row[i]->id);
        snprintf(id, sizeof id, "%.89s-%d", row[i]->id, same);
        char *copy = copy_of(id);
        if (!copy)
            return at_fail_nomem(err);
        at_free(row[i]->id);
        row[i]->id = copy;
    }
    return ATTUNE_OK;
}

static int tell_apart(at_list *l, int made, const char *manifest, attune_error *err)
{
    at_listed **row = at_alloc((size_t)l->n, sizeof(at_listed *));
    int rc = row ? ATTUNE_OK : at_fail_nomem(err);

    for (int round = 0; rc == ATTUNE_OK && round < 1 + made; round++) { /* then whether it did */
        for (int i = 0; i < l->n; i++)
            row[i] = &l->row[i];
        qsort(row, (size_t)l->n, sizeof *row, by_id);
        rc = number_alike(row, l->n, made && round == 0, manifest, err);
    }
    at_free(row);
    return rc;
}

/* ---- the file ------------------------------------------------------------------------------ */

static int name_folder(at_list *l, const char *manifest, attune_error *err)
{
    const char *slash = strrchr(manifest, '/');
    const size_t n = slash ? (size_t)(slash + 1 - manifest) : 0;

    if (n >= sizeof l->folder)
        return at_fail(err, ATTUNE_E_ARG, "the manifest's name is too long");
    memcpy(l->folder, manifest, n);
    l->folder[n] = 0;
    return ATTUNE_OK;
}

static int read_rows(at_list *l, at_csv *csv, attune_error *err)
{
    int rc = at_csv_header(csv, err);
    if (rc < 0)
        return rc;
    const int path = at_csv_column(csv, "path"), id = at_csv_column(csv, "id");
    l->columns = csv->fields;
    if (path < 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: its header has no column 'path'", csv->path);
    if (!copy_fields(&l->column, csv, l->columns))
        return at_fail_nomem(err);
    while ((rc = at_csv_row(csv, err)) > 0)
        if ((rc = add_row(l, csv, path, id, err)) < 0)
            return rc;
    if (rc == 0 && l->n == 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: names no recording", csv->path);
    return rc < 0 ? rc : tell_apart(l, id < 0, csv->path, err);
}

int at_list_read(at_list *l, const char *manifest, attune_error *err)
{
    at_csv csv;
    int rc = name_folder(l, manifest, err);

    rc = rc < 0 ? rc : at_csv_open(&csv, manifest, err);
    if (rc < 0)
        return rc;
    rc = read_rows(l, &csv, err);
    at_csv_close(&csv);
    return rc;
}

void at_list_free(at_list *l)
{
    for (int i = 0; i < l->n; i++) {
        at_free(l->row[i].id);
        at_free(l->row[i].path);
        free_fields(l->row[i].field, l->columns);
    }
    free_fields(l->column, l->columns);
    at_free(l->row);
    *l = (at_list){.n = 0};
}

int at_list_path(const at_list *l, int i, char out[AT_STUDY_PATH], attune_error *err)
{
    const char *path = l->row[i].path;
    const int n = snprintf(out, AT_STUDY_PATH, "%s%s", *path == '/' ? "" : l->folder, path);

    return n < AT_STUDY_PATH ? ATTUNE_OK
                             : at_fail(err, ATTUNE_E_ARG, "%s: its path is too long", l->row[i].id);
}
