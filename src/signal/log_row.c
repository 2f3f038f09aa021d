#include "signal/log_row.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

int at_log_row_fail(const at_log_rows *r, attune_error *err, const char *fmt, ...)
{
    char why[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    return at_fail(err, ATTUNE_E_FORMAT, "%s:%lld: %s", r->path, (long long)r->line, why);
}

static int fail_io(const at_log_rows *r, attune_error *err)
{
    return at_fail(err, ATTUNE_E_IO, "%s: %s", r->path, strerror(errno ? errno : EIO));
}

int at_log_rows_open(at_log_rows *r, const char *path, attune_error *err)
{
    struct stat s;

    *r = (at_log_rows){.path = path};
    errno = 0;
    r->f = fopen(path, "rb");
    if (!r->f || fstat(fileno(r->f), &s) != 0)
        return fail_io(r, err);
    if (S_ISDIR(s.st_mode))
        return at_fail(err, ATTUNE_E_IO, "%s: is a directory", path);
    if (!S_ISREG(s.st_mode))
        return at_fail(err, ATTUNE_E_ARG, "%s: is no file: it can be read only once", path);
    r->text = at_alloc(AT_LOG_ROW + 1, 1);
    return r->text ? ATTUNE_OK : at_fail_nomem(err);
}

void at_log_rows_close(at_log_rows *r)
{
    if (r->f)
        fclose(r->f);
    at_free(r->text);
    *r = (at_log_rows){0};
}

/* ---- a row ---------------------------------------------------------------------------------- */

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The field that ends with the text so far; another begins. */
static void end_field(at_log_rows *r, size_t from, size_t to)
{
    char *field = r->text + from;

    while (to > from && is_blank(r->text[to - 1]))
        to--;
    r->text[to] = 0;
    for (; field < r->text + to && is_blank(*field); field++)
        ;
    if (r->fields < AT_LOG_FIELDS) {
        r->field[r->fields] = field;
        r->length[r->fields] = (size_t)(r->text + to - field);
    }
    r->fields++;
}

/* A line ends with "\n", "\r\n" or "\r". */
static int next_byte(FILE *f)
{
    const int c = getc(f);
    int next;

    if (c != '\r')
        return c;
    next = getc(f);
    if (next != '\n')
        ungetc(next, f);
    return '\n';
}

/* 1: fields are there, maybe empty ones; 0: the end. */
static int read_row(at_log_rows *r, attune_error *err)
{
    size_t n = 0, from = 0;
    int quoted = 0, c;

    r->fields = 0;
    r->line = r->next_line;
    while ((c = quoted ? getc(r->f) : next_byte(r->f)) != EOF) {
        if (c == 0)
            return at_log_row_fail(r, err, "it has a byte of 0: this is no text in UTF-8");
        r->next_line += c == '\n';
        if (quoted && c == '"') {
            const int next = getc(r->f);
            if (next != '"') {
                quoted = 0;
                ungetc(next, r->f);
                continue;
            }
        } else if (!quoted && (c == r->separator || c == '\n')) {
            end_field(r, from, n);
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
    if (ferror(r->f))
        return fail_io(r, err);
    if (quoted)
        return at_log_row_fail(r, err, "a quote is opened and never closed");
    if (n == 0)
        return 0;
    end_field(r, from, n);
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

int at_log_rows_next(at_log_rows *r, attune_error *err)
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

static int skip_mark(at_log_rows *r, attune_error *err)
{
    unsigned char mark[3];
    const size_t n = fread(mark, 1, sizeof mark, r->f);

    if (n >= 2 && ((mark[0] == 0xFF && mark[1] == 0xFE) || (mark[0] == 0xFE && mark[1] == 0xFF)))
        return at_log_row_fail(r, err, "this is UTF-16: save it as UTF-8");
    if (n == 3 && !memcmp(mark, "\xEF\xBB\xBF", 3))
        return ATTUNE_OK;
    rewind(r->f);
    return ferror(r->f) ? fail_io(r, err) : ATTUNE_OK;
}

/* What the header's first line has outside of quotes. */
static char find_separator(at_log_rows *r)
{
    const long start = ftell(r->f);
    char found = ',';
    int quoted = 0, c;

    while ((c = quoted ? getc(r->f) : next_byte(r->f)) != EOF && (quoted || c != '\n')) {
        quoted ^= c == '"';
        if (!quoted && (c == ',' || c == ';' || c == '\t')) {
            found = (char)c;
            break;
        }
    }
    fseek(r->f, start, SEEK_SET);
    return found;
}

/* Spreadsheets begin with a line "sep=;". */
static int names_separator(const at_log_rows *r)
{
    return told(r) == 1 && strcmp(r->field[0], "sep=") == 0;
}

int at_log_rows_header(at_log_rows *r, attune_error *err)
{
    int rc;

    errno = 0;
    rewind(r->f);
    r->line = r->next_line = 1;
    r->columns = AT_LOG_FIELDS;
    rc = skip_mark(r, err);
    if (rc < 0)
        return rc;
    r->separator = find_separator(r);
    rc = at_log_rows_next(r, err);
    if (rc == 1 && names_separator(r))
        rc = at_log_rows_next(r, err);
    if (rc == 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: is empty: a header is missing", r->path);
    if (rc == 1 && r->fields > AT_LOG_FIELDS)
        return at_log_row_fail(r, err, "more than %d columns", AT_LOG_FIELDS);
    r->columns = r->fields;
    return rc < 0 ? rc : ATTUNE_OK;
}
