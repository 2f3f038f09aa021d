/* Physiological recordings of BIDS (v1.9, "Physiological recordings"): NAME.tsv or NAME.tsv.gz, a sample a line and no header;
 * NAME.json says how many a second, from when on, and what the columns are called. */
#include "signal/log_format.h"

#include "base/error.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SIDECAR = 1 << 20 };

static const double most_rate = 1e6, most_begin = 1e8;

/* 0: a file of this name has none. */
static int sidecar_of(const char *path, char *out, size_t size)
{
    static const char *const ends[] = {".tsv", ".tsv.gz"};
    const size_t n = strlen(path);

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const size_t end = strlen(ends[i]);
        if (n > end && !strcmp(path + n - end, ends[i]))
            return snprintf(out, size, "%.*s.json", (int)(n - end), path) < (int)size;
    }
    return 0;
}

/* Tables with a header have such a file beside them, too, which explains their columns. */
static int is_bids(const at_log_rows *r, const char *head)
{
    char sidecar[4096];
    json_t *said = NULL;
    int is;

    (void)head;
    if (!sidecar_of(r->path, sidecar, sizeof sidecar) || access(sidecar, F_OK) != 0)
        return 0;
    is = at_json_read_file(&said, sidecar, MOST_SIDECAR, 0, NULL) < 0 ||
         json_object_get(said, "SamplingFrequency") || json_object_get(said, "Columns");
    json_decref(said);
    return is;
}

static int take_columns(at_log_rows *r, const json_t *names)
{
    char all[AT_LOG_HEAD] = "time";
    size_t n = strlen(all);

    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name || n + strlen(name) + 2 > sizeof all)
            return 0;
        n += (size_t)snprintf(all + n, sizeof all - n, ",%s", name);
    }
    at_log_row_set(r, all);
    r->columns = (int)json_array_size(names);
    return r->columns > 0 && r->fields == r->columns + 1 && r->fields <= AT_LOG_FIELDS;
}

static int take_sidecar(at_log_rows *r, const char *path, const json_t *said, attune_error *err)
{
    r->rate = json_number_value(json_object_get(said, "SamplingFrequency"));
    r->begin_s = json_number_value(json_object_get(said, "StartTime"));
    if (!(r->rate > 0 && r->rate <= most_rate))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: SamplingFrequency is not above 0", path);
    if (!(fabs(r->begin_s) <= most_begin))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: StartTime is too far", path);
    if (!take_columns(r, json_object_get(said, "Columns")))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: Columns is no list of names", path);
    return ATTUNE_OK;
}

static int read_header(at_log_rows *r, attune_error *err)
{
    char sidecar[4096];
    json_t *said = NULL;
    int rc;

    sidecar_of(r->path, sidecar, sizeof sidecar);
    rc = at_json_read_file(&said, sidecar, MOST_SIDECAR, 0, err);
    rc = rc < 0 ? rc : at_log_rows_rewind(r, err);
    rc = rc < 0 ? rc : take_sidecar(r, sidecar, said, err);
    json_decref(said);
    r->separator = '\t';
    r->first_line = r->next_line;
    return rc;
}

static int next_row(at_log_rows *r, attune_error *err)
{
    const int rc = at_log_csv.next(r, err);

    if (rc == 1)
        at_log_row_put_sample(r);
    return rc;
}

const at_log_format at_log_bids = {"a recording of BIDS, by the .json beside it",
                                   AT_LOG_SIGNALS,
                                   AT_LOG_FROM_BEGIN,
                                   ATTUNE_TIME_S,
                                   is_bids,
                                   read_header,
                                   next_row};
