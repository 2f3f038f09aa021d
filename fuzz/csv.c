/* Hostile label files, plain and packed: fields stay inside the text, and rows come to an end. */
#include "fuzz.h"

#include "base/mem.h"
#include "data/csv.h"
#include "data/gunzip.h"

#include <string.h>

enum { LIMIT = 100000 };

static void check_row(const at_csv *c, size_t *bytes)
{
    FUZZ_CHECK(c->fields >= 1 && c->fields <= AT_CSV_FIELDS);
    for (int i = 0; i < c->fields; i++) {
        FUZZ_CHECK(at_csv_get(c, i) == c->field[i]);
        *bytes += strlen(c->field[i]);
        FUZZ_CHECK(at_csv_column(c, c->field[i]) <= i);
    }
    FUZZ_CHECK(*at_csv_get(c, c->fields) == '\0' && *at_csv_get(c, -1) == '\0');
}

/* Fields that are written are the fields that are read again. */
static void check_written(const at_csv *c)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    at_csv again;

    FUZZ_CHECK(f);
    fputc('x', f); /* so that it is no gzip file, and no blank line */
    for (int i = 1; i < c->fields; i++) {
        fputc(',', f);
        at_csv_put(f, c->field[i]);
    }
    fputs("\nx\n", f);
    fclose(f);
    FUZZ_CHECK(at_csv_open(&again, fuzz_file((const uint8_t *)text, size), NULL) == ATTUNE_OK);
    FUZZ_CHECK(at_csv_header(&again, NULL) == ATTUNE_OK && again.fields == c->fields);
    FUZZ_CHECK(at_csv_check_rows(&again, NULL) == ATTUNE_OK);
    for (int i = 1; i < c->fields; i++)
        FUZZ_CHECK(strcmp(again.field[i], c->field[i]) == 0);
    at_csv_close(&again);
    free(text);
}

/* The bytes that size bytes of file can mean: deflate makes of one byte 1032 at most. */
static size_t most_text(const uint8_t *data, size_t size)
{
    return at_is_gzip(data, size) ? 1032 * size : size;
}

static void unpack(const uint8_t *data, size_t size)
{
    unsigned char *text;
    size_t n;
    attune_error err = {0};

    if (at_gunzip("packed", data, size, LIMIT, &text, &n, &err) == ATTUNE_OK) {
        FUZZ_CHECK(n <= LIMIT && text[n] == 0);
        at_free(text);
    } else {
        FUZZ_CHECK(err.text[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    at_csv c;
    attune_error err = {0};
    size_t rows = 0, bytes = 0;
    int status;

    unpack(data, size);
    if (at_csv_open(&c, fuzz_file(data, size), &err) != ATTUNE_OK) {
        FUZZ_CHECK(err.text[0] != '\0');
        return 0;
    }
    status = at_csv_header(&c, &err);
    if (status == ATTUNE_OK)
        check_written(&c);
    for (status = status < 0 ? status : 1; status == 1; status = at_csv_row(&c, &err)) {
        rows++;
        check_row(&c, &bytes);
    }
    FUZZ_CHECK(rows <= most_text(data, size) && bytes <= most_text(data, size));
    FUZZ_CHECK(status < 0 ? err.text[0] != '\0' : at_csv_row(&c, &err) == 0);
    at_csv_close(&c);
    at_csv_close(&c);
    return 0;
}
