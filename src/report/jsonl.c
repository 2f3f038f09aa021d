/* jsonl.c - timeline.jsonl: the rows of timeline.csv, a JSON object a line. */
#include "report/fields.h"
#include "report/sinks.h"

static int open_jsonl(FILE *f, void *state)
{
    (void)f;
    at_fields_init(state);
    return ATTUNE_OK;
}

static int line(FILE *f, void *state, const attune_window *w)
{
    const at_fields *t = state;
    double value;

    for (int i = 0; i < t->n; i++) {
        const at_field *field = &t->field[i];
        int flag = field->kind == AT_FIELD_FLAG || field->kind == AT_FIELD_USED;

        fprintf(f, "%s\"%s\":", i ? "," : "{", field->column.name);
        if (!at_field_value(field, w, &value))
            fputs("null", f);
        else if (flag)
            fputs(value != 0 ? "true" : "false", f);
        else
            at_field_print(field, value, f);
    }
    fputs("}\n", f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_jsonl = {
    .info = {"jsonl", "timeline.jsonl", "the same as JSON lines"},
    .state_size = sizeof(at_fields),
    .open = open_jsonl,
    .window = line,
};
