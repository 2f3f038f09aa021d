#include "report/timeline.h"

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "report/fields.h"

#include <attune/sink.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 1 << 16 };

/* Shares that are printed with four digits may miss their sum by so much. */
static const double sum_slack = 0.01;

/* ---- a value -------------------------------------------------------------------------------- */

static int is_flag(const at_field *f)
{
    return f->kind == AT_FIELD_FLAG || f->kind == AT_FIELD_USED;
}

static int has_type(const at_field *f, const json_t *value)
{
    if (is_flag(f))
        return json_is_boolean(value);
    if (f->kind == AT_FIELD_ID)
        return json_is_integer(value);
    return json_is_number(value) ||
           ((f->kind == AT_FIELD_REAL || f->kind == AT_FIELD_ANY) && json_is_null(value));
}

static int read_field(const at_field *f, const json_t *row, attune_window *w, attune_beside *beside,
                      attune_error *err)
{
    const json_t *value = json_object_get(row, f->column.name);
    double number;

    if (!value)
        return at_fail(err, ATTUNE_E_FORMAT, "'%s' is missing", f->column.name);
    if (!has_type(f, value))
        return at_fail(err, ATTUNE_E_FORMAT, "'%s' is of the wrong type", f->column.name);
    number = is_flag(f)            ? json_is_true(value)
             : json_is_null(value) ? NAN
                                   : json_number_value(value);
    if (!isnan(number) && !(number >= f->lo && number <= f->hi))
        return at_fail(err, ATTUNE_E_FORMAT, "'%s' is out of its range, %g to %g", f->column.name,
                       f->lo, f->hi);
    at_field_set(f, w, beside, number);
    return ATTUNE_OK;
}

/* Values that are there without a face, or a state, or the other way round. */
static int check_presence(const at_fields *t, const json_t *row, attune_window *w,
                          attune_error *err)
{
    int with = 0, without = 0;

    for (int i = 0; i < t->n; i++) {
        const at_field *f = &t->field[i];
        int there = !json_is_null(json_object_get(row, f->column.name));
        if (f->when == AT_WHEN_STATE) {
            with += there;
            without += !there;
        }
        if (f->when == AT_WHEN_FACE && there && !w->track)
            return at_fail(err, ATTUNE_E_FORMAT, "'%s' is there without a face", f->column.name);
    }
    if (with && without)
        return at_fail(err, ATTUNE_E_FORMAT, "some learning states are there and some are not");
    w->has_state = with > 0;
    return ATTUNE_OK;
}

static double sum_of(const float *p, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += (double)p[i];
    return sum;
}

/* NaN is no sum of 1 either. */
static int is_one(const float *p, int n)
{
    return fabs(sum_of(p, n) - 1) <= sum_slack;
}

static int check_window(const attune_window *w, attune_error *err)
{
    int whole = is_one(w->emotion7, ATTUNE_EMOTIONS);
    double weights = sum_of(w->weight, ATTUNE_STREAMS);

    if (w->has_state)
        whole &= is_one(w->engagement3, ATTUNE_ENGAGEMENTS);
    for (int i = 0; w->has_state && i < ATTUNE_STATES; i++)
        whole &= is_one(w->state4[i], ATTUNE_LEVELS);
    if (!whole)
        return at_fail(err, ATTUNE_E_FORMAT, "its probabilities do not sum to 1");
    if (!(fabs(weights - 1) <= sum_slack || weights == 0))
        return at_fail(err, ATTUNE_E_FORMAT, "its weights do not sum to 1");
    if (w->end_us < w->start_us)
        return at_fail(err, ATTUNE_E_FORMAT, "it ends before it begins");
    return ATTUNE_OK;
}

/* ---- a line --------------------------------------------------------------------------------- */

/* Weights of what was recorded beside, where the table has no columns of it: sums are of all. */
static void take_weights_beside(const json_t *row, attune_window *w)
{
    char name[32];

    for (int m = ATTUNE_MODALITIES; m < ATTUNE_STREAMS; m++) {
        snprintf(name, sizeof name, "weight_%s", attune_modality_name(m));
        const json_t *weight = json_object_get(row, name);
        if (json_is_number(weight))
            w->weight[m] = (float)json_number_value(weight);
    }
}

static int read_row(const at_fields *t, attune_window *out, attune_beside *beside, const char *line,
                    size_t n, attune_error *err)
{
    json_t *row;
    attune_window w = {0};
    int rc = at_json_read(&row, line, n, JSON_REJECT_DUPLICATES, NULL);

    if (rc == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    if (!json_is_object(row)) {
        json_decref(row);
        return at_fail(err, ATTUNE_E_FORMAT, "it is no whole JSON object");
    }
    at_fields_beside(t, &w, beside);
    for (int i = 0; i < t->n && rc == ATTUNE_OK; i++)
        rc = read_field(&t->field[i], row, &w, beside, err);
    take_weights_beside(row, &w);
    rc = rc < 0 ? rc : check_presence(t, row, &w, err);
    rc = rc < 0 ? rc : check_window(&w, err);
    json_decref(row);
    if (rc == ATTUNE_OK)
        *out = w;
    return rc;
}

int attune_window_read(attune_window *out, const char *line, size_t n, attune_error *err)
{
    attune_beside beside;
    at_fields t;

    at_fields_init(&t);
    return read_row(&t, out, &beside, line, n, err);
}

/* ---- the file ------------------------------------------------------------------------------- */

struct at_timeline {
    FILE *f;
    const char *path;
    int64_t line;
    int64_t end_us; /* of the row before */
    at_fields fields;
    attune_beside beside; /* of the latest row */
    char text[LINE_SIZE];
};

static int fail_line(const at_timeline *t, const char *why, attune_error *err)
{
    return at_fail(err, ATTUNE_E_FORMAT, "%s, line %lld: %s", t->path, (long long)t->line, why);
}

int at_timeline_open(at_timeline **out, const char *path, attune_error *err)
{
    at_timeline *t = *out = at_calloc(1, sizeof *t);

    if (!t)
        return at_fail_nomem(err);
    t->path = path;
    at_fields_init(&t->fields);
    errno = 0;
    t->f = fopen(path, "rb");
    if (t->f)
        return ATTUNE_OK;
    at_fail(err, ATTUNE_E_IO, "%s: %s", path, strerror(errno ? errno : EIO));
    at_timeline_close(out);
    return at_fail_unmade(ATTUNE_E_IO, path, "attune analyze writes it", err);
}

void at_timeline_expect(at_timeline *t, const attune_beside_setup *setup)
{
    at_fields_with(&t->fields, setup);
}

int at_timeline_next(at_timeline *t, attune_window *w, attune_error *err)
{
    attune_error why = {0};
    size_t n;

    errno = 0;
    if (!fgets(t->text, sizeof t->text, t->f)) {
        if (ferror(t->f))
            return at_fail(err, ATTUNE_E_IO, "%s: %s", t->path, strerror(errno ? errno : EIO));
        return 0;
    }
    t->line++;
    n = strlen(t->text);
    if (!n || t->text[n - 1] != '\n')
        return fail_line(t, n + 1 < sizeof t->text ? "it is cut short" : "it is too long", err);
    if (read_row(&t->fields, w, &t->beside, t->text, n, &why) < 0)
        return fail_line(t, why.text, err);
    if (w->end_us < t->end_us)
        return fail_line(t, "it ends before the row before it", err);
    t->end_us = w->end_us;
    return 1;
}

int64_t at_timeline_rows(const at_timeline *t)
{
    return t->line;
}

void at_timeline_close(at_timeline **t)
{
    if (*t && (*t)->f)
        fclose((*t)->f);
    at_free(*t);
    *t = NULL;
}
