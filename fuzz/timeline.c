/* Hostile timelines: what is read is what would be written, and rows come to an end. */
#include "fuzz.h"

#include "report/fields.h"
#include "report/timeline.h"

#include <attune/sink.h>
#include <string.h>

static char *line_of(const at_fields *t, const attune_window *w, size_t *n)
{
    char *line = NULL;
    FILE *f = open_memstream(&line, n);

    FUZZ_CHECK(f != NULL);
    at_fields_json(t, w, f);
    FUZZ_CHECK(fclose(f) == 0);
    return line;
}

/* Written and read again it is the same; sums may be off by what is rounded. */
static void check_window(const at_fields *t, const attune_window *w)
{
    attune_window read;
    size_t n, m;
    char *line = line_of(t, w, &n), *again;

    FUZZ_CHECK(w->start_us >= 0 && w->start_us <= w->end_us);
    if (attune_window_read(&read, line, n, NULL) == ATTUNE_OK) {
        again = line_of(t, &read, &m);
        FUZZ_CHECK(n == m && memcmp(line, again, n) == 0);
        free(again);
    }
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    at_timeline *t;
    at_fields fields;
    attune_window w;
    attune_error err = {0};
    int status;

    at_fields_init(&fields);
    FUZZ_CHECK(at_timeline_open(&t, fuzz_file(data, size), &err) == ATTUNE_OK);
    while ((status = at_timeline_next(t, &w, &err)) > 0)
        check_window(&fields, &w);
    FUZZ_CHECK(status == 0 || err.text[0] != '\0');
    FUZZ_CHECK((size_t)at_timeline_rows(t) <= size);
    at_timeline_close(&t);
    at_timeline_close(&t);
    return 0;
}
