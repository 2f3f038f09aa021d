#include "data/csv.h"

#include "base/file.h"
#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

int at_csv_open(at_csv *c, const char *path, attune_error *err)
{
    unsigned char *data;
    size_t size;
    memset(c, 0, sizeof *c);
    int status = at_file_read(path, (size_t)512 << 20, &data, &size, err);
    if (status < 0)
        return status;
    c->text = (char *)data;
    c->next = c->text;
    if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
        c->next += 3; /* a byte-order mark */
    return ATTUNE_OK;
}

/* Cuts one field off at *at, in place; leaves *at behind its separator and says which it was. */
static char *cut_field(char **at, char *separator)
{
    char *read = *at, *write = read, *field = read;
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
        } else if (!quoted && (*read == ',' || *read == '\n')) {
            break;
        }
        *write++ = *read;
    }
    *separator = *read;
    *at = *read ? read + 1 : read;
    while (write > field && isspace((unsigned char)write[-1]))
        write--;
    *write = '\0';
    while (isspace((unsigned char)*field))
        field++;
    return field;
}

int at_csv_row(at_csv *c)
{
    while (*c->next == '\n' || *c->next == '\r')
        c->next++;
    c->fields = 0;
    if (!*c->next)
        return 0;
    char separator;
    do {
        char *field = cut_field(&c->next, &separator);
        if (c->fields < AT_CSV_FIELDS)
            c->field[c->fields++] = field;
    } while (separator == ',');
    c->row++;
    return 1;
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
