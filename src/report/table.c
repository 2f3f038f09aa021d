/* table.c - table.csv, tidy, for statistics: each row stands by itself (the recording's name, the likeliest
 * class as a word, levels as numbers), whatever is missing is NA, and table.csv-metadata.json beside it
 * says what each column is (CSV on the Web, W3C 2015), where readers of that standard look for it. */
#include "base/json.h"
#include "report/fields.h"
#include "report/sinks.h"
#include "report/text.h"

#include <stdlib.h>
#include <string.h>

static const char missing[] = "NA";

/* The columns before those of the timeline. */
typedef struct at_own_column {
    const char *name, *what;
} at_own_column;

enum {
    OWN_RECORDING,
    OWN_EXPRESSION,
    OWN_ENGAGEMENT,
    OWN_LEVEL,
    OWN_APART = OWN_LEVEL + ATTUNE_STATES,
    OWN_COLUMNS
};

static const at_own_column own[OWN_COLUMNS] = {
    [OWN_RECORDING] = {"recording", "name of the input"},
    [OWN_EXPRESSION] = {"expression", "the likeliest one; NA where the estimate is withheld"},
    [OWN_ENGAGEMENT] = {"engagement",
                        "the likeliest class; NA where the estimate is withheld, or none was made"},
    [OWN_LEVEL + ATTUNE_BOREDOM] = {"level_boredom", "expected level, 0..3"},
    [OWN_LEVEL + ATTUNE_ENGAGEMENT] = {"level_engagement", "expected level, 0..3"},
    [OWN_LEVEL + ATTUNE_CONFUSION] = {"level_confusion", "expected level, 0..3"},
    [OWN_LEVEL + ATTUNE_FRUSTRATION] = {"level_frustration", "expected level, 0..3"},
    [OWN_APART] =
        {"apart",
         "1: shares no input with the rows before that have a 1; windows overlap, and tests "
         "that take rows for independent need these alone"},
};

typedef struct at_table {
    at_fields fields;
    char recording[256];
    int64_t apart_us; /* end of the latest windows with a 1 */
    int begun;
} at_table;

/* ---- rows ----------------------------------------------------------------------------------- */

/* Without quotes and commas, and nothing that a spreadsheet would calculate. */
static void name_recording(char *out, size_t size, const char *input)
{
    at_text_basename(out, size, input);
    for (char *p = out; *p; p++)
        if (strchr("\",;\t", *p) || (p == out && strchr("=+-@", *p)))
            *p = '_';
}

static int head(FILE *f, void *state, const attune_report_options *setup)
{
    at_table *t = state;

    at_fields_with(&t->fields, setup->session.beside);
    name_recording(t->recording, sizeof t->recording, setup->input);
    for (int i = 0; i < OWN_COLUMNS; i++)
        fprintf(f, "%s%s", i ? "," : "", own[i].name);
    for (int i = 0; i < t->fields.n; i++)
        fprintf(f, ",%s", t->fields.field[i].column.name);
    fputc('\n', f);
    return ATTUNE_OK;
}

static const char *likeliest(const float *p, int n, const char *const *names)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    return names[best];
}

static void put_level(FILE *f, const attune_window *w, int state)
{
    double sum = 0;

    for (int k = 1; k < ATTUNE_LEVELS; k++)
        sum += k * (double)w->state4[state][k];
    if (w->has_state)
        fprintf(f, ",%.4f", sum);
    else
        fprintf(f, ",%s", missing);
}

/* All windows that end together are apart, or none. */
static int is_apart(at_table *t, const attune_window *w)
{
    if (!t->begun || w->start_us >= t->apart_us) {
        t->begun = 1;
        t->apart_us = w->end_us;
    }
    return w->end_us == t->apart_us;
}

static int row(FILE *f, void *state, const attune_window *w)
{
    at_table *t = state;
    double value;

    fprintf(f, "%s,%s,%s", t->recording,
            w->abstain ? missing : likeliest(w->emotion7, ATTUNE_EMOTIONS, attune_emotion_names),
            w->abstain || !w->has_state
                ? missing
                : likeliest(w->engagement3, ATTUNE_ENGAGEMENTS, attune_engagement_names));
    for (int i = 0; i < ATTUNE_STATES; i++)
        put_level(f, w, i);
    fprintf(f, ",%d", is_apart(t, w));
    for (int i = 0; i < t->fields.n; i++) {
        fputc(',', f);
        if (at_field_value(&t->fields.field[i], w, &value))
            at_field_print(&t->fields.field[i], value, f);
        else
            fputs(missing, f);
    }
    fputc('\n', f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_table = {
    .info = {"table", "table.csv", "for statistics: a tidy table, and what its columns are",
             .extra = 1},
    .state_size = sizeof(at_table),
    .open = head,
    .window = row,
};

/* ---- columns -------------------------------------------------------------------------------- */

/* json_pack gives NULL where memory is out or one of its parts was NULL. */
static json_t *classes(const char *const *names, int n)
{
    char pattern[128] = "";

    for (int i = 0; i < n; i++) {
        size_t used = strlen(pattern);
        snprintf(pattern + used, sizeof pattern - used, "%s%s", i ? "|" : "", names[i]);
    }
    return json_pack("{s:s, s:s}", "base", "string", "format", pattern);
}

static json_t *own_type(int i)
{
    switch (i) {
    case OWN_RECORDING: return json_string("string");
    case OWN_EXPRESSION: return classes(attune_emotion_names, ATTUNE_EMOTIONS);
    case OWN_ENGAGEMENT: return classes(attune_engagement_names, ATTUNE_ENGAGEMENTS);
    case OWN_APART:
        return json_pack("{s:s, s:i, s:i}", "base", "integer", "minimum", 0, "maximum", 1);
    default:
        return json_pack("{s:s, s:i, s:i}", "base", "number", "minimum", 0, "maximum",
                         ATTUNE_LEVELS - 1);
    }
}

static json_t *field_type(const at_field *f)
{
    switch (f->kind) {
    case AT_FIELD_TIME: return json_string("number");
    case AT_FIELD_ID: return json_pack("{s:s, s:i}", "base", "integer", "minimum", 0);
    case AT_FIELD_ANY: return json_string("number");
    case AT_FIELD_REAL:
        return json_pack("{s:s, s:f, s:f}", "base", "number", "minimum", f->lo, "maximum", f->hi);
    default: return json_pack("{s:s, s:i, s:i}", "base", "integer", "minimum", 0, "maximum", 1);
    }
}

/* Takes type. ATTUNE_OK or ATTUNE_E_NOMEM. */
static int add_column(json_t *columns, const char *name, const char *what, json_t *type)
{
    json_t *column = json_pack("{s:s, s:s, s:s, s:o}", "name", name, "titles", name,
                               "dc:description", what, "datatype", type);

    return json_array_append_new(columns, column) < 0 ? ATTUNE_E_NOMEM : ATTUNE_OK;
}

static json_t *all_columns(const at_fields *fields)
{
    json_t *columns = json_array();
    int rc = columns ? ATTUNE_OK : ATTUNE_E_NOMEM;

    for (int i = 0; i < OWN_COLUMNS && rc == ATTUNE_OK; i++)
        rc = add_column(columns, own[i].name, own[i].what, own_type(i));
    for (int i = 0; i < fields->n && rc == ATTUNE_OK; i++)
        rc = add_column(columns, fields->field[i].column.name, fields->field[i].column.what,
                        field_type(&fields->field[i]));
    if (rc < 0)
        json_decref(columns);
    return rc < 0 ? NULL : columns;
}

static int write_columns(FILE *f, void *state, const at_outcome *o)
{
    at_fields *fields = state;
    json_t *columns, *root;
    char *text, title[256], creator[64];

    at_fields_with(fields, o->setup->session.beside);
    columns = all_columns(fields);
    at_text_basename(title, sizeof title, o->setup->input);
    snprintf(creator, sizeof creator, "attune %s", attune_version());
    root = json_pack(
        "{s:[s, {s:s}], s:s, s:s, s:s, s:s, s:{s:s, s:s, s:b}, s:{s:s, s:[s, s], s:o}}", "@context",
        "http://www.w3.org/ns/csvw", "@language", "en", "url", at_sink_table.info.file, "dc:title",
        title, "dc:creator", creator, "dc:description", at_notice_meaning, "dialect", "encoding",
        "utf-8", "delimiter", ",", "header", 1, "tableSchema", "null", missing, "primaryKey",
        "end_s", "track", "columns", columns);
    text = at_json_write(root, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(root);
    if (!text)
        return ATTUNE_E_NOMEM;
    fprintf(f, "%s\n", text);
    free(text);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_table_columns = {
    .info = {"table", "table.csv-metadata.json", "for statistics: what table.csv's columns are",
             .extra = 1},
    .state_size = sizeof(at_fields),
    .close = write_columns,
};
