#include "study/columns.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static int is_beside(const char *name)
{
    return strncmp(name, "signal_", 7) == 0 || strncmp(name, "chat_", 5) == 0;
}

/* Cuts a line into its fields, which are numbers and names: none is quoted. How many, most + 1 at most. */
static int cut(char *line, char **field, int most)
{
    int n = 0;

    line[strcspn(line, "\n")] = 0;
    while (line && n <= most) {
        char *one = strsep(&line, ",");
        if (n++ < most)
            field[n - 1] = one;
    }
    return n;
}

static int find(const at_columns *c, const char *name)
{
    int k = 0;

    while (k < c->n && strcmp(c->name[k], name) != 0)
        k++;
    return k < c->n ? k : -1;
}

static int fail_others(const char *path, attune_error *err)
{
    return at_fail(err, ATTUNE_E_FORMAT, "%s: has other columns than the timelines before it",
                   path);
}

/* How many come before what was recorded beside. */
static int count_common(char *const *field, int n)
{
    int common = 0;

    while (common < n && !is_beside(field[common]))
        common++;
    return common;
}

/* The fields of a header that begins as all do. */
static int cut_header(const at_columns *c, char *header, char **field, const char *path,
                      attune_error *err)
{
    const int n = cut(header, field, AT_COLUMNS_MOST);

    if (n > AT_COLUMNS_MOST)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: more than %d columns", path, AT_COLUMNS_MOST);
    if (c->n && count_common(field, n) != c->common)
        return fail_others(path, err);
    for (int k = 0; k < c->common; k++)
        if (strcmp(field[k], c->name[k]) != 0)
            return fail_others(path, err);
    return n;
}

static int add(at_columns *c, const char *name, const char *path, attune_error *err)
{
    if (c->n == AT_COLUMNS_MOST)
        return at_fail(err, ATTUNE_E_FORMAT,
                       "%s: with it there are more than %d columns in all: say which to take of "
                       "signals (--columns)",
                       path, AT_COLUMNS_MOST);
    if (!(c->name[c->n] = strdup(name)))
        return at_fail_nomem(err);
    c->n++;
    return ATTUNE_OK;
}

int at_columns_add(at_columns *c, char *header, const char *path, attune_error *err)
{
    char *field[AT_COLUMNS_MOST];
    const int n = cut_header(c, header, field, path, err);
    int rc = n;

    if (n >= 0 && !c->n)
        c->common = count_common(field, n);
    for (int i = 0; i < n && rc >= 0; i++)
        if (find(c, field[i]) < 0)
            rc = add(c, field[i], path, err);
    return rc < 0 ? rc : ATTUNE_OK;
}

int at_columns_places(const at_columns *c, at_places *out, char *header, const char *path,
                      attune_error *err)
{
    char *field[AT_COLUMNS_MOST];
    const int n = cut_header(c, header, field, path, err);

    if (n < 0)
        return n;
    for (int k = 0; k < c->n; k++)
        out->at[k] = -1;
    out->n = n;
    out->same = n == c->n;
    for (int i = 0; i < n; i++) {
        const int k = find(c, field[i]);
        if (k < 0 || out->at[k] >= 0)
            return fail_others(path, err);
        out->at[k] = i;
        out->same &= k == i;
    }
    return ATTUNE_OK;
}

void at_columns_put(const at_columns *c, FILE *f)
{
    for (int k = 0; k < c->n; k++)
        fprintf(f, "%s%s", k ? "," : "", c->name[k]);
    fputc('\n', f);
}

int at_columns_put_row(const at_columns *c, const at_places *p, char *line, FILE *f)
{
    char *field[AT_COLUMNS_MOST];

    if (p->same) {
        fputs(line, f);
        return 1;
    }
    if (cut(line, field, p->n) != p->n)
        return 0;
    for (int k = 0; k < c->n; k++)
        fprintf(f, "%s%s", k ? "," : "", p->at[k] < 0 ? "" : field[p->at[k]]);
    fputc('\n', f);
    return 1;
}

void at_columns_free(at_columns *c)
{
    for (int k = 0; k < c->n; k++)
        free(c->name[k]);
    c->n = c->common = 0;
}
