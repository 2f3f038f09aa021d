/* export_model.c - the export that is of a model, not of a result. */
#include "cli/cli.h"

#include <attune/onnx.h>
#include <string.h>

const char at_model_kind[] = "onnx";

void at_print_model_kinds(FILE *f)
{
    const char *file;

    fprintf(f, "  %-12s", at_model_kind);
    for (int i = 0; (file = attune_onnx_file(i)); i++)
        fprintf(f, "%s %s", i ? "," : "", file);
    fputc('\n', f);
}

int at_export_model(const char *model, const char *dir, int quiet)
{
    attune_error err;
    unsigned have;
    const char *file;

    if (strcmp(model, "default") == 0)
        model = attune_default_model();
    if (attune_onnx_export(model, dir, &have, &err) < 0) {
        fprintf(stderr, "attune export: %s\n", err.text);
        return AT_EXIT_FAILED;
    }
    for (int i = 0; !quiet && (file = attune_onnx_file(i)); i++)
        if (have >> i & 1)
            at_print_line(stdout, "%s/%s", dir, file);
    return AT_EXIT_OK;
}
