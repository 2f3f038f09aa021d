#include "signal/log_columns.h"

#include "base/error.h"
#include "signal/column.h"
#include "signal/log_name.h"
#include "signal/log_time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- the file's columns --------------------------------------------------------------------- */

/* One of them. */
typedef struct choice {
    char name[ATTUNE_SIGNAL_BYTES];
    int is_wanted, counts, has_value;
} choice;

enum { WORD = 256 };

/* Those that would be called the same are told apart by numbers. */
static void name_all(const at_log_rows *r, choice *of)
{
    for (int i = 0; i < r->fields; i++) {
        char base[ATTUNE_SIGNAL_BYTES];
        int like = 1;
        at_log_name(base, r->field[i], i + 1);
        memcpy(of[i].name, base, sizeof base);
        for (int k = 0; k < i; k++)
            if (strcasecmp(of[k].name, of[i].name) == 0) {
                at_log_name_number(of[i].name, base, ++like);
                k = -1;
            }
    }
}

/* The next of words with commas between; at: what is left, NULL past the last. */
static int next_word(const char **at, char one[WORD])
{
    const char *from = *at;

    if (!from)
        return 0;
    size_t n = strcspn(from, ",");
    *at = from[n] ? from + n + 1 : NULL;
    for (; n && from[n - 1] == ' '; n--)
        ;
    const size_t blanks = strspn(from, " ") < n ? strspn(from, " ") : n;
    snprintf(one, WORD, "%.*s", (int)(n - blanks), from + blanks);
    return 1;
}

/* The column that the word names: as the header has it, or as it is called behind that. -1: there is none. */
static int column_named(const at_log_rows *r, const choice *of, const char *word)
{
    char clean[ATTUNE_SIGNAL_BYTES];
    int found = -1;

    for (int i = 0; i < r->fields && found < 0; i++)
        found = strcmp(r->field[i], word) == 0 ? i : -1;
    found = found < 0 ? at_log_row_find(r, word) : found;
    at_log_name(clean, word, 0);
    for (int i = 0; i < r->fields && found < 0; i++)
        found = strcasecmp(of[i].name, clean) == 0 ? i : -1;
    return found;
}

/* All but the time; where nobody says which, a second clock is none that anybody wants to see. */
static int want(const at_log_rows *r, choice *of, const at_log_clock *clock, const char *words,
                attune_error *err)
{
    char word[WORD];

    for (int i = 0; i < r->fields; i++)
        of[i].is_wanted = !words && !at_log_clock_has(clock, i) && !at_log_clock_is(of[i].name);
    while (next_word(&words, word)) {
        const int i = column_named(r, of, word);
        if (i < 0 || at_log_clock_has(clock, i))
            return at_log_row_fail(r, err, "there is no column '%.80s' beside the time", word);
        of[i].is_wanted = 1;
    }
    return ATTUNE_OK;
}

static int count(const at_log_rows *r, choice *of, const char *words, attune_error *err)
{
    char word[WORD];

    while (next_word(&words, word)) {
        const int i = column_named(r, of, word);
        if (i < 0 || !of[i].is_wanted)
            return at_log_row_fail(r, err, "there is no column '%.80s' that could count", word);
        of[i].counts = 1;
    }
    return ATTUNE_OK;
}

/* ---- values --------------------------------------------------------------------------------- */

static int is_nothing(const char *text)
{
    static const char *const words[] = {"", "nan", "na", "n/a", "null", "none", "-", NULL};
    int i = 0;

    while (words[i] && strcasecmp(words[i], text) != 0)
        i++;
    return words[i] != NULL;
}

static int read_value(const at_log_rows *r, int column, const char *name, float *out,
                      attune_error *err)
{
    const char *text = at_log_row_number(r, column);
    double x;

    *out = NAN;
    if (is_nothing(text))
        return ATTUNE_OK;
    const int reads = at_log_number(text, &x);
    if (reads && fabs(x) > AT_COLUMN_MOST)
        return at_log_row_fail(
            r, err, "%s is '%.40s', no number up to %g: say which columns to take (--columns)",
            name, text, AT_COLUMN_MOST);
    if (!reads)
        return at_log_row_fail(r, err, "%s is '%.40s', no number%s", name, text,
                               strchr(text, ',') ? " (with a point)"
                                                 : ": say which columns to take (--columns)");
    *out = (float)x;
    return ATTUNE_OK;
}

int at_log_columns_read(const at_log_columns *c, const at_log_rows *r, float *value,
                        attune_error *err)
{
    int rc = ATTUNE_OK;

    for (int k = 0; k < c->n && rc == ATTUNE_OK; k++)
        rc = read_value(r, c->column[k], c->name[k], &value[k], err);
    return rc;
}

/* How many of those that are wanted have a value in the row for the first time. */
static int note_values(const at_log_rows *r, choice *of, int columns)
{
    int n = 0;

    for (int i = 0; i < columns; i++)
        if (of[i].is_wanted && !of[i].has_value && !is_nothing(at_log_row_field(r, i)))
            n += of[i].has_value = 1;
    return n;
}

/* Mostly the first row says it of all. Where there are no rows, nothing is missing. */
static int find_values(at_log_rows *r, const at_log_format *f, choice *of, attune_error *err)
{
    const int columns = r->fields;
    int left = 0, rows = 0, rc = 1;

    for (int i = 0; i < columns; i++)
        left += of[i].is_wanted;
    for (; left > 0 && (rc = f->next(r, err)) == 1; rows++)
        left -= note_values(r, of, columns);
    for (int i = 0; i < columns; i++)
        of[i].has_value |= !rows;
    return rc < 0 ? rc : f->header(r, err);
}

/* ---- which are taken ------------------------------------------------------------------------ */

static void leave_out(at_log_columns *c, const char *name)
{
    const size_t n = strlen(c->empty);

    snprintf(c->empty + n, sizeof c->empty - n, "%s%s", n ? ", " : "", name);
}

static int add(at_log_columns *c, const at_log_rows *r, int i, const char *name, int counts,
               attune_error *err)
{
    if (c->n == ATTUNE_MAX_SIGNALS)
        return at_log_row_fail(
            r, err, "more than %d columns beside the time: say which to take (--columns)",
            ATTUNE_MAX_SIGNALS);
    memcpy(c->name[c->n], name, ATTUNE_SIGNAL_BYTES);
    c->names[c->n] = c->name[c->n];
    c->events |= (unsigned)counts << c->n;
    c->column[c->n++] = i;
    return ATTUNE_OK;
}

static int add_all(at_log_columns *c, const at_log_rows *r, const choice *of, attune_error *err)
{
    int rc = ATTUNE_OK;

    for (int i = 0; i < r->fields && rc == ATTUNE_OK; i++)
        if (of[i].is_wanted && of[i].has_value)
            rc = add(c, r, i, of[i].name, of[i].counts, err);
        else if (of[i].is_wanted)
            leave_out(c, of[i].name);
    return rc;
}

int at_log_columns_take(at_log_columns *c, at_log_rows *r, const at_log_format *f,
                        const at_log_clock *clock, const attune_log_options *o, attune_error *err)
{
    choice of[AT_LOG_FIELDS] = {{{0}, 0, 0, 0}};
    int rc;

    name_all(r, of);
    rc = want(r, of, clock, o->columns, err);
    rc = rc < 0 ? rc : count(r, of, o->events, err);
    rc = rc < 0 ? rc : find_values(r, f, of, err);
    rc = rc < 0 ? rc : add_all(c, r, of, err);
    if (rc < 0 || c->n)
        return rc;
    if (*c->empty)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: no row has a value in %s", r->path, c->empty);
    return at_log_row_fail(r, err, "no column beside the time");
}
