/* csv.c - timeline.csv: a row a window and face (RFC 4180, one header line). */
#include "report/fields.h"
#include "report/sinks.h"

static int open_csv(FILE *f, void *state, const attune_report_options *setup)
{
    at_fields *t = state;

    at_fields_with(t, setup->session.beside);
    for (int i = 0; i < t->n; i++)
        fprintf(f, "%s%s", i ? "," : "", t->field[i].column.name);
    fputc('\n', f);
    return ATTUNE_OK;
}

static int row(FILE *f, void *state, const attune_window *w)
{
    const at_fields *t = state;
    double value;

    for (int i = 0; i < t->n; i++) {
        if (i)
            fputc(',', f);
        if (at_field_value(&t->field[i], w, &value))
            at_field_print(&t->field[i], value, f);
    }
    fputc('\n', f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_csv = {
    .info = {.name = "csv", .file = "timeline.csv", .what = "a row for every half second and face"},
    .state_size = sizeof(at_fields),
    .open = open_csv,
    .window = row,
};
