#include "signal/log_row.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

int at_log_row_fail(const at_log_rows *r, attune_error *err, const char *fmt, ...)
{
    char why[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    return at_fail(err, ATTUNE_E_FORMAT, "%s:%lld: %s", r->path, (long long)r->line, why);
}

enum { ASKED_AFTER = 1 << 20 };

static int fail_io(const at_log_rows *r, attune_error *err)
{
    return at_fail(err, ATTUNE_E_IO, "%s: %s", r->path, strerror(errno ? errno : EIO));
}

/* ---- the file ------------------------------------------------------------------------------- */

static int open_file(at_log_rows *r, attune_error *err)
{
    struct stat s;
    int fd, rc = ATTUNE_OK;

    errno = 0;
    fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is not waited for */
    if (fd < 0)
        return fail_io(r, err);
    if (fstat(fd, &s) != 0)
        rc = fail_io(r, err);
    else if (S_ISDIR(s.st_mode))
        rc = at_fail(err, ATTUNE_E_IO, "%s: is a directory", r->path);
    else if (!S_ISREG(s.st_mode))
        rc = at_fail(err, ATTUNE_E_ARG, "%s: is no file: it can be read only once", r->path);
    else if (!(r->f = gzdopen(fd, "rb")))
        rc = at_fail_nomem(err);
    if (rc < 0)
        close(fd);
    return rc;
}

int at_log_rows_open(at_log_rows *r, const char *path, attune_error *err)
{
    int rc;

    *r = (at_log_rows){.path = path};
    rc = open_file(r, err);
    if (rc < 0)
        return rc;
    r->text = at_alloc(AT_LOG_ROW + 1, 1);
    r->ahead = at_alloc(AT_LOG_ROW + 1, 1);
    return r->text && r->ahead ? ATTUNE_OK : at_fail_nomem(err);
}

void at_log_rows_close(at_log_rows *r)
{
    if (r->f)
        gzclose(r->f);
    at_free(r->text);
    at_free(r->ahead);
    *r = (at_log_rows){0};
}

int at_log_rows_end(const at_log_rows *r, attune_error *err)
{
    int why;

    if (r->stopped)
        return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: interrupted", r->path);
    gzerror(r->f, &why);
    if (why == Z_OK || why == Z_STREAM_END)
        return 0;
    if (why == Z_MEM_ERROR)
        return at_fail_nomem(err);
    if (why == Z_ERRNO)
        return fail_io(r, err);
    return at_fail(err, ATTUNE_E_FORMAT, "%s: is damaged or cut short: gzip cannot unpack it",
                   r->path);
}

int at_log_rows_rewind(at_log_rows *r, attune_error *err)
{
    unsigned char mark[3] = {0};
    int n;

    errno = 0;
    r->line = r->next_line = 1;
    r->columns = AT_LOG_FIELDS;
    r->held = 0;
    gzrewind(r->f);
    n = gzread(r->f, mark, sizeof mark);
    if (n < 0)
        return at_log_rows_end(r, err);
    if (n >= 2 && ((mark[0] == 0xFF && mark[1] == 0xFE) || (mark[0] == 0xFE && mark[1] == 0xFF)))
        return at_log_row_fail(r, err, "this is UTF-16: save it as UTF-8");
    if (n < 3 || memcmp(mark, "\xEF\xBB\xBF", 3) != 0)
        gzrewind(r->f);
    return ATTUNE_OK;
}

static int is_to_stop(at_log_rows *r)
{
    r->stopped = r->stop && r->stop(r->user);
    r->unasked = r->stopped ? r->unasked : 0;
    return r->stopped;
}

int at_log_rows_raw(at_log_rows *r)
{
    return ++r->unasked > ASKED_AFTER && is_to_stop(r) ? EOF : gzgetc(r->f);
}

int at_log_rows_byte(at_log_rows *r)
{
    const int c = at_log_rows_raw(r);
    int next;

    if (c != '\r')
        return c;
    next = gzgetc(r->f);
    if (next != '\n' && next != EOF)
        gzungetc(next, r->f);
    return '\n';
}

int at_log_rows_line(at_log_rows *r, attune_error *err)
{
    size_t n = 0;
    int c = 0, rc = 0;

    if (!r->held) {
        r->ahead_line = r->line = r->next_line;
        while ((c = at_log_rows_byte(r)) != EOF && c != '\n') {
            if (c == 0)
                return at_log_row_fail(r, err, "it has a byte of 0: this is no text in UTF-8");
            if (n >= AT_LOG_ROW)
                return at_log_row_fail(r, err, "it is longer than %d bytes", AT_LOG_ROW);
            r->ahead[n++] = (char)c;
        }
        r->ahead[r->ahead_bytes = n] = 0;
        r->next_line++;
    }
    r->held = 0;
    r->line = r->ahead_line;
    rc = c == EOF ? at_log_rows_end(r, err) : 0;
    return rc < 0 ? rc : c != EOF || n > 0;
}

void at_log_rows_hold(at_log_rows *r)
{
    r->held = 1;
}

/* ---- fields --------------------------------------------------------------------------------- */

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void at_log_row_end_field(at_log_rows *r, size_t from, size_t to)
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

void at_log_row_set(at_log_rows *r, const char *fields)
{
    size_t n = 0, from = 0;

    r->fields = 0;
    for (; *fields && n < AT_LOG_ROW; fields++, n++) {
        r->text[n] = *fields;
        if (*fields == ',') {
            at_log_row_end_field(r, from, n);
            from = n + 1;
        }
    }
    at_log_row_end_field(r, from, n);
}

void at_log_row_put_stamp(at_log_rows *r)
{
    const int n = r->fields < AT_LOG_FIELDS ? r->fields : AT_LOG_FIELDS - 1;

    memmove(r->field + 1, r->field, (size_t)n * sizeof *r->field);
    memmove(r->length + 1, r->length, (size_t)n * sizeof *r->length);
    r->field[0] = r->stamp;
    r->length[0] = strlen(r->stamp);
    r->fields = n + 1;
}

void at_log_row_put_sample(at_log_rows *r)
{
    snprintf(r->stamp, sizeof r->stamp, "%.6f",
             r->begin_s + (double)(r->line - r->first_line) / r->rate);
    at_log_row_put_stamp(r);
}

void at_log_row_drop(at_log_rows *r)
{
    int n = 0;

    for (int i = 0; i < r->fields && i < AT_LOG_FIELDS; i++) {
        if (i < 64 && r->dropped >> i & 1)
            continue;
        r->field[n] = r->field[i];
        r->length[n++] = r->length[i];
    }
    r->fields = n;
}

int at_log_row_find(const at_log_rows *r, const char *name)
{
    for (int i = 0; i < r->fields && i < AT_LOG_FIELDS; i++)
        if (strcasecmp(r->field[i], name) == 0)
            return i;
    return -1;
}

int at_log_row_find_any(const at_log_rows *r, const char *const *names)
{
    int found = -1;

    for (; *names && found < 0; names++)
        found = at_log_row_find(r, *names);
    return found;
}

const char *at_log_row_field(const at_log_rows *r, int i)
{
    return i >= 0 && i < r->fields ? r->field[i] : "";
}

const char *at_log_row_number(const at_log_rows *r, int i)
{
    char *text = i < r->fields ? r->field[i] : NULL;
    char *mark = text ? strpbrk(text, ",.") : NULL;

    if (mark && *mark == ',' && r->separator != ',' && mark[1] >= '0' && mark[1] <= '9' &&
        !strpbrk(mark + 1, ",."))
        *mark = '.';
    return at_log_row_field(r, i);
}
