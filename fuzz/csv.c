/* Hostile label files: fields stay inside the text, and rows come to an end. */
#include "fuzz.h"

#include "data/csv.h"

#include <string.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    at_csv c;
    attune_error err = {0};
    size_t rows = 0, bytes = 0;
    int status;

    if (at_csv_open(&c, fuzz_file(data, size), &err) != ATTUNE_OK) {
        FUZZ_CHECK(err.text[0] != '\0');
        return 0;
    }
    status = at_csv_header(&c, &err);
    for (status = status < 0 ? status : 1; status == 1; status = at_csv_row(&c, &err)) {
        rows++;
        check_row(&c, &bytes);
    }
    FUZZ_CHECK(rows <= size && bytes <= size);
    FUZZ_CHECK(status < 0 ? err.text[0] != '\0' : at_csv_row(&c, &err) == 0);
    at_csv_close(&c);
    at_csv_close(&c);
    return 0;
}
