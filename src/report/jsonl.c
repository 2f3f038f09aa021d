/* jsonl.c - timeline.jsonl: the rows of timeline.csv, a JSON object a line. */
#include "report/fields.h"
#include "report/sinks.h"

static int open_jsonl(FILE *f, void *state, const attune_report_options *setup)
{
    (void)f;
    at_fields_with(state, setup->session.beside);
    return ATTUNE_OK;
}

static int line(FILE *f, void *state, const attune_window *w)
{
    at_fields_json(state, w, f);
    fputc('\n', f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_jsonl = {
    .info = {.name = "jsonl", .file = "timeline.jsonl", .what = "the same as JSON lines"},
    .state_size = sizeof(at_fields),
    .open = open_jsonl,
    .window = line,
};
