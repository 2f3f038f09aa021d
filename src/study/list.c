#include "study/list.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "data/csv.h"
#include "report/text.h"
#include "study/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* ---- rows ---------------------------------------------------------------------------------- */

static int is_id(const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-";
    const size_t n = strspn(s, plain);

    return n > 0 && n < AT_STUDY_ID && !s[n] && *s != '.';
}

/* Names of what lies beside the recordings' folders. */
static int is_taken(const char *s)
{
    static const char *const names[] = {"manifest.csv", "study.json",   "recordings.csv",
                                        "windows.csv",  "failures.csv", "index.html"};
    int taken = strncasecmp(s, "attune-", 7) == 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        taken |= strcasecmp(s, names[i]) == 0;
    return taken;
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
    if (is_taken(out))
        *strpbrk(out, ".-") = '_';
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
    if (strcmp(where, "-") == 0 || strncmp(where, "/dev/", 5) == 0)
        return at_fail(err, ATTUNE_E_FORMAT,
                       "%s:%d: '%.40s' is no recording that can be read again", csv->path,
                       csv->line, where);
    if (id >= 0 && is_id(name) && is_taken(name))
        return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: the id '%s' is the name of a study's own file",
                       csv->path, csv->line, name);
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

static int column_of(const at_list *l, const char *name)
{
    for (int k = 0; k < l->columns; k++)
        if (strcasecmp(l->column[k], name) == 0)
            return k;
    return -1;
}

/* What the row last added has in the column. */
static const char *last_field(const at_list *l, const char *column)
{
    return at_list_field(l, l->n - 1, column);
}

/* Of that row. */
static int check_seconds(const at_list *l, const at_csv *csv, const char *log, const char *column,
                         attune_error *err)
{
    const double most = 1e8;
    const char *text = last_field(l, column);
    char *end;
    const double s = strtod(text, &end);

    if (!at_list_has(l, log)) /* the column is somebody else's */
        return ATTUNE_OK;
    if (*end || !(fabs(s) <= most))
        return at_fail(err, ATTUNE_E_FORMAT,
                       "%s:%d: %s is '%.40s', and takes seconds from %g to %g", csv->path,
                       csv->line, column, text, -most, most);
    if (s != 0 && !*last_field(l, log))
        return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: %s is '%.40s', and the row names no %s",
                       csv->path, csv->line, column, text, log);
    return ATTUNE_OK;
}

static int check_zero(const at_list *l, const at_csv *csv, attune_error *err)
{
    const char *zero = last_field(l, "zero");

    if (!*zero || *last_field(l, "signal") || *last_field(l, "chat") ||
        (!at_list_has(l, "signal") && !at_list_has(l, "chat")))
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_FORMAT,
                   "%s:%d: zero is '%.40s', and the row names no signal and no chat", csv->path,
                   csv->line, zero);
}

static int check_path(const at_list *l, const at_csv *csv, const char *column, attune_error *err)
{
    return strlen(l->folder) + strlen(last_field(l, column)) < AT_STUDY_PATH
               ? ATTUNE_OK
               : at_fail(err, ATTUNE_E_FORMAT, "%s:%d: the %s is too long", csv->path, csv->line,
                         column);
}

static int check_row(const at_list *l, const at_csv *csv, attune_error *err)
{
    int rc = check_path(l, csv, "path", err);

    rc = rc < 0 ? rc : check_path(l, csv, "signal", err);
    rc = rc < 0 ? rc : check_path(l, csv, "chat", err);
    rc = rc < 0 ? rc : check_seconds(l, csv, "signal", "signal_offset", err);

    rc = rc < 0 ? rc : check_seconds(l, csv, "chat", "chat_offset", err);
    return rc < 0 ? rc : check_zero(l, csv, err);
}

/* ---- ids that are alike ---------------------------------------------------------------------- */

enum { MOST_ROUNDS = 100 };

static int by_id(const void *a, const void *b)
{
    const at_listed *x = *(at_listed *const *)a, *y = *(at_listed *const *)b;
    const int order = strcasecmp(x->id, y->id); /* some file systems know no case */

    return order ? order : (x > y) - (x < y);
}

/* Numbers those that share a file's name; made: they came of paths. Two may still be alike: "a-2". Returns how many
 * were. */
static int number_alike(at_listed **row, int n, int made, const char *manifest, attune_error *err)
{
    int alike = 0;

    for (int i = 1, same = 1; i < n; i++) {
        char id[AT_STUDY_ID];
        /* the first of them keeps its name */
        same = strcasecmp(row[i]->id, row[i - same]->id) == 0 ? same + 1 : 1;
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
        alike++;
    }
    return alike;
}

static int tell_apart(at_list *l, int made, const char *manifest, attune_error *err)
{
    at_listed **row = at_alloc((size_t)l->n, sizeof(at_listed *));
    int rc = row ? 1 : at_fail_nomem(err);

    for (int round = 0; rc > 0; round++) {
        for (int i = 0; i < l->n; i++)
            row[i] = &l->row[i];
        qsort(row, (size_t)l->n, sizeof *row, by_id);
        rc = number_alike(row, l->n, made && round < MOST_ROUNDS, manifest, err);
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

/* Of the header. */
static int check_columns(const at_csv *csv, attune_error *err)
{
    for (int i = 0; i < csv->fields; i++) {
        const char *name = at_csv_get(csv, i);
        const int own = at_figures_have(name);
        if (own < 0)
            return at_fail_nomem(err);
        if (own || (*name && at_csv_column(csv, name) != i))
            return at_fail(err, ATTUNE_E_FORMAT, "%s: the column '%.40s' %s", csv->path, name,
                           own ? "has the name of one of recordings.csv's own" : "is there twice");
    }
    return ATTUNE_OK;
}

/* Spreadsheets leave such rows behind. */
static int is_empty(const at_csv *csv)
{
    for (int i = 0; i < csv->fields; i++)
        if (*at_csv_get(csv, i))
            return 0;
    return 1;
}

/* What it says stands in tables that programs read as UTF-8. */
static int check_text(const at_csv *csv, attune_error *err)
{
    for (int i = 0; i < csv->fields; i++)
        if (!at_utf8_is(at_csv_get(csv, i)))
            return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: this is no UTF-8: save it so", csv->path,
                           csv->line);
    return ATTUNE_OK;
}

static int take_row(at_list *l, const at_csv *csv, int path, int id, attune_error *err)
{
    if (is_empty(csv))
        return ATTUNE_OK;
    int rc = check_text(csv, err);
    rc = rc < 0 ? rc : add_row(l, csv, path, id, err);
    return rc < 0 ? rc : check_row(l, csv, err);
}

static int read_rows(at_list *l, at_csv *csv, attune_error *err)
{
    int rc = at_csv_header(csv, err);
    rc = rc < 0 ? rc : check_text(csv, err);
    if (rc < 0)
        return rc;
    const int path = at_csv_column(csv, "path"), id = at_csv_column(csv, "id");
    l->columns = csv->fields;
    if (path < 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: its header has no column 'path'", csv->path);
    if (!copy_fields(&l->column, csv, l->columns))
        return at_fail_nomem(err);
    if ((rc = check_columns(csv, err)) < 0)
        return rc;
    while (rc >= 0 && (rc = at_csv_row(csv, err)) > 0)
        rc = take_row(l, csv, path, id, err);
    if (rc == 0 && l->n == 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: names no recording", csv->path);
    return rc < 0 ? rc : tell_apart(l, id < 0, csv->path, err);
}

int at_list_read(at_list *l, const char *manifest, attune_error *err)
{
    at_csv csv;
    struct stat st;
    int rc = name_folder(l, manifest, err);

    if (rc == ATTUNE_OK && stat(manifest, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        rc = at_fail(
            err, ATTUNE_E_ARG,
            "%s: can be read only once, and a study's manifest is read again: it has to be a file",
            manifest);
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

/* ---- what a row says ------------------------------------------------------------------------- */

int at_list_has(const at_list *l, const char *column)
{
    return column_of(l, column) >= 0;
}

const char *at_list_field(const at_list *l, int i, const char *column)
{
    const int k = column_of(l, column);

    return k < 0 ? "" : l->row[i].field[k];
}

double at_list_seconds(const at_list *l, int i, const char *column)
{
    return strtod(at_list_field(l, i, column), NULL);
}

int at_list_file(const at_list *l, int i, const char *column, char out[AT_STUDY_PATH],
                 attune_error *err)
{
    const char *path = at_list_field(l, i, column);
    const int n =
        snprintf(out, AT_STUDY_PATH, "%s%s", !*path || *path == '/' ? "" : l->folder, path);

    return n < AT_STUDY_PATH ? ATTUNE_OK
                             : at_fail(err, ATTUNE_E_ARG, "%s: its path is too long", l->row[i].id);
}
