#include "signal/log_format.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* ---- a row ---------------------------------------------------------------------------------- */

/* Within quotes the ends of lines stay as they are. */
static int byte(at_log_rows *r, int quoted)
{
    return quoted ? at_log_rows_raw(r) : at_log_rows_byte(r);
}

/* 1: fields are there, maybe empty ones; 0: the end. */
static int read_row(at_log_rows *r, attune_error *err)
{
    size_t n = 0, from = 0;
    int quoted = 0, c, rc;

    r->fields = 0;
    r->line = r->next_line;
    while ((c = byte(r, quoted)) != EOF) {
        if (c == 0)
            return at_log_row_fail(r, err, "it has a byte of 0: this is no text in UTF-8");
        r->next_line += c == '\n';
        if (quoted && c == '"') {
            const int next = gzgetc(r->f);
            if (next != '"') {
                quoted = 0;
                if (next != EOF)
                    gzungetc(next, r->f);
                continue;
            }
        } else if (!quoted && (c == r->separator || c == '\n')) {
            at_log_row_end_field(r, from, n);
            from = ++n;
            if (c == '\n')
                return 1;
            if (n > AT_LOG_ROW)
                return at_log_row_fail(r, err, "it is longer than %d bytes", AT_LOG_ROW);
            continue;
        } else if (!quoted && c == '"' && n == from) {
            quoted = 1;
            continue;
        }
        if (n >= AT_LOG_ROW)
            return at_log_row_fail(r, err, "it is longer than %d bytes", AT_LOG_ROW);
        r->text[n++] = (char)c;
    }
    rc = at_log_rows_end(r, err);
    if (rc < 0)
        return rc;
    if (quoted)
        return at_log_row_fail(r, err, "a quote is opened and never closed");
    if (n == 0)
        return 0;
    at_log_row_end_field(r, from, n);
    return 1;
}

/* One past the last field that says something. */
static int told(const at_log_rows *r)
{
    int n = r->fields < AT_LOG_FIELDS ? r->fields : AT_LOG_FIELDS;

    while (n > 0 && !r->length[n - 1])
        n--;
    return n;
}

/* Lines of nothing but blanks and separators are passed over. A quote that is never closed, and a row that is longer than
 * AT_LOG_ROW or has more in it than the header has columns for, is ATTUNE_E_FORMAT. */
static int next_row(at_log_rows *r, attune_error *err)
{
    int rc;

    do
        rc = read_row(r, err);
    while (rc == 1 && !told(r));
    if (rc == 1 && told(r) > r->columns)
        return at_log_row_fail(r, err, "%d fields, where the header has %d", told(r), r->columns);
    return rc;
}

/* ---- the header ----------------------------------------------------------------------------- */

/* What the header's first line has outside of quotes. */
static char find_separator(at_log_rows *r)
{
    const z_off_t start = gztell(r->f);
    char found = ',';
    int quoted = 0, c, n = 0;

    while (n++ < AT_LOG_ROW && (c = byte(r, quoted)) != EOF && (quoted || c != '\n')) {
        quoted ^= c == '"';
        if (!quoted && (c == ',' || c == ';' || c == '\t')) {
            found = (char)c;
            break;
        }
    }
    gzseek(r->f, start, SEEK_SET);
    return found;
}

/* Spreadsheets begin with a line "sep=;". */
static int names_separator(const at_log_rows *r)
{
    return told(r) == 1 && strcmp(r->field[0], "sep=") == 0;
}

static int read_header(at_log_rows *r, attune_error *err)
{
    int rc = at_log_rows_rewind(r, err);

    if (rc < 0)
        return rc;
    r->separator = find_separator(r);
    rc = next_row(r, err);
    if (rc == 1 && names_separator(r))
        rc = next_row(r, err);
    if (rc == 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: is empty: a header is missing", r->path);
    if (rc == 1 && r->fields > AT_LOG_FIELDS)
        return at_log_row_fail(r, err, "more than %d columns", AT_LOG_FIELDS);
    r->columns = r->fields;
    return rc < 0 ? rc : ATTUNE_OK;
}

static int is_any(const at_log_rows *r, const char *head)
{
    (void)r;
    (void)head;
    return 1;
}

const at_log_format at_log_csv = {NULL,   AT_LOG_BOTH, AT_LOG_FROM_1970, ATTUNE_TIME_TOLD,
                                  is_any, read_header, next_row};
