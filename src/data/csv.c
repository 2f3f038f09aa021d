#include "data/csv.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/gunzip.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* The file's text, unpacked if it is packed. */
static int read_text(const char *path, unsigned char **out, size_t *size, attune_error *err)
{
    const size_t limit = (size_t)512 << 20;
    unsigned char *packed;
    int status = at_file_read(path, limit, out, size, err);
    if (status < 0 || !at_is_gzip(*out, *size))
        return status;
    packed = *out;
    status = at_gunzip(path, packed, *size, limit, out, size, err);
    at_free(packed);
    return status;
}

/* Where a text has one it would seem to end. */
static int refuse_zeros(const char *path, const unsigned char *data, size_t size, attune_error *err)
{
    const unsigned char *zero = memchr(data, 0, size);
    int line = 1;

    if (!zero)
        return ATTUNE_OK;
    for (const unsigned char *p = data; p < zero; p++)
        line += *p == '\n';
    return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: it has a byte of 0: this is no text in UTF-8",
                   path, line);
}

/* Old spreadsheets end lines with a carriage return alone. */
static void end_lines(char *text)
{
    if (!strchr(text, '\n'))
        for (; (text = strchr(text, '\r')); text++)
            *text = '\n';
}

int at_csv_open(at_csv *c, const char *path, attune_error *err)
{
    unsigned char *data;
    size_t size;
    memset(c, 0, sizeof *c);
    int status = read_text(path, &data, &size, err);
    if (status < 0)
        return status;
    if ((status = refuse_zeros(path, data, size, err)) < 0) {
        at_free(data);
        return status;
    }
    c->text = (char *)data;
    c->next = c->text;
    c->path = path;
    c->next_line = 1;
    c->separator = ',';
    end_lines(c->text);
    if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
        c->next += 3; /* a byte-order mark */
    return ATTUNE_OK;
}

/* Cuts the next field off, in place, and says what it ended at: NUL at the end of the text, '"' when that
 * came within quotes. */
static char *cut_field(at_csv *c, char *end)
{
    char *read = c->next, *write = read, *field = read;
    int quoted = 0;
    if (*read == '"') {
        quoted = 1;
        read++;
    }
    for (; *read; read++) {
        if (quoted && *read == '"') {
            if (read[1] != '"') {
                quoted = 0;
                continue;
            }
            read++;
        } else if (!quoted && (*read == c->separator || *read == '\n')) {
            break;
        }
        c->next_line += *read == '\n';
        *write++ = *read;
    }
    c->next_line += *read == '\n';
    *end = quoted ? '"' : *read;
    c->next = *read ? read + 1 : read;
    while (write > field && isspace((unsigned char)write[-1]))
        write--;
    *write = '\0';
    while (isspace((unsigned char)*field))
        field++;
    return field;
}

static void skip_empty_lines(at_csv *c)
{
    for (; *c->next == '\n' || *c->next == '\r'; c->next++)
        c->next_line += *c->next == '\n';
}

/* Fields that no column of the header is for may be there if they are empty, as spreadsheets leave
 * them. */
static int read_row(at_csv *c, int most, attune_error *err)
{
    char end = c->separator;
    int fields = 0, said = 0;
    skip_empty_lines(c);
    c->fields = 0;
    c->line = c->next_line;
    if (!*c->next)
        return 0;
    for (; end == c->separator; fields++) {
        char *field = cut_field(c, &end);
        if (fields < AT_CSV_FIELDS)
            c->field[c->fields++] = field;
        if (*field)
            said = fields + 1;
    }
    if (end == '"')
        return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: a quote is opened and never closed", c->path,
                       c->line);
    if (said > AT_CSV_FIELDS)
        return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: %d fields: more than %d cannot be", c->path,
                       c->line, said, AT_CSV_FIELDS);
    if (said > most)
        return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: %d fields, where the header has %d", c->path,
                       c->line, said, most);
    return 1;
}

/* The first that the first line has outside of quotes. */
static char find_separator(const at_csv *c)
{
    const char *p = c->next;
    int quoted = 0;
    for (; *p && (quoted || *p != '\n'); p++) {
        quoted ^= *p == '"';
        if (!quoted && strchr(",;\t", *p))
            return *p;
    }
    return ',';
}

/* Spreadsheets begin with a line "sep=;". */
static int names_separator(const at_csv *c)
{
    return c->fields == 2 && !strcmp(c->field[0], "sep=") && !*c->field[1];
}

int at_csv_header(at_csv *c, attune_error *err)
{
    skip_empty_lines(c);
    c->separator = find_separator(c);
    int status = read_row(c, AT_CSV_FIELDS, err);
    if (status == 1 && names_separator(c))
        status = read_row(c, AT_CSV_FIELDS, err);
    c->columns = c->fields;
    if (status == 0)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: is empty: a header is missing", c->path);
    return status < 0 ? status : ATTUNE_OK;
}

int at_csv_check_rows(const at_csv *c, attune_error *err)
{
    if (c->next[strspn(c->next, "\r\n")])
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_FORMAT, "%s: has a header and no rows", c->path);
}

int at_csv_row(at_csv *c, attune_error *err)
{
    return read_row(c, c->columns, err);
}

int at_csv_column(const at_csv *c, const char *name)
{
    for (int i = 0; i < c->fields; i++)
        if (strcasecmp(c->field[i], name) == 0)
            return i;
    return -1;
}

const char *at_csv_get(const at_csv *c, int i)
{
    return i >= 0 && i < c->fields ? c->field[i] : "";
}

void at_csv_close(at_csv *c)
{
    at_free(c->text);
    memset(c, 0, sizeof *c);
}

void at_csv_put(FILE *f, const char *text)
{
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, f);
        return;
    }
    fputc('"', f);
    for (; *text; text++)
        fprintf(f, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', f);
}
