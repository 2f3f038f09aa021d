#include "report/timeline.h"

void at_timeline_init(at_timeline *t)
{
    t->fields = at_fields(t->field);
}

static void put_value(const at_field *field, double value, FILE *f)
{
    switch (field->kind) {
    case AT_FIELD_TIME: fprintf(f, "%.3f", value); break;
    case AT_FIELD_REAL: fprintf(f, "%.*f", field->decimals, value); break;
    case AT_FIELD_ID:
    case AT_FIELD_FLAG:
    case AT_FIELD_USED: fprintf(f, "%.0f", value); break;
    }
}

void at_timeline_csv_header(const at_timeline *t, FILE *f)
{
    for (int i = 0; i < t->fields; i++)
        fprintf(f, "%s%s", i ? "," : "", t->field[i].name);
    fputc('\n', f);
}

void at_timeline_csv_row(const at_timeline *t, const attune_window *w, FILE *f)
{
    double value;

    for (int i = 0; i < t->fields; i++) {
        if (i)
            fputc(',', f);
        if (at_field_value(&t->field[i], w, &value))
            put_value(&t->field[i], value, f);
    }
    fputc('\n', f);
}

void at_timeline_json_row(const at_timeline *t, const attune_window *w, FILE *f)
{
    double value;

    for (int i = 0; i < t->fields; i++) {
        const at_field *field = &t->field[i];
        int flag = field->kind == AT_FIELD_FLAG || field->kind == AT_FIELD_USED;

        fprintf(f, "%s\"%s\":", i ? "," : "{", field->name);
        if (!at_field_value(field, w, &value))
            fputs("null", f);
        else if (flag)
            fputs(value != 0 ? "true" : "false", f);
        else
            put_value(field, value, f);
    }
    fputs("}\n", f);
}
