/* export.c - a report's folder, given to more sinks. */
#include "base/error.h"
#include "report/outcome.h"
#include "report/readback.h"

#include <attune/sink.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

/* Where things go. */
static int set_target(attune_report_options *setup, char folder[PATH_SIZE], const char *dir,
                      const attune_export_options *o, attune_error *err)
{
    const char *slash = o->file ? strrchr(o->file, '/') : NULL;
    size_t n = slash ? (size_t)(slash - o->file) : 0;

    setup->sinks = o->to;
    setup->input = o->input ? o->input : setup->input;
    setup->dir = o->dir ? o->dir : dir;
    if (!o->file)
        return ATTUNE_OK;
    if (n >= PATH_SIZE)
        return at_fail(err, ATTUNE_E_ARG, "the file's name is too long");
    snprintf(folder, PATH_SIZE, "%.*s%s", (int)n, o->file,
             slash == o->file ? "/"
             : slash          ? ""
                              : ".");
    setup->dir = folder;
    setup->file = slash ? slash + 1 : o->file;
    return ATTUNE_OK;
}

/* folder: of the one file. */
static int export_to(at_readback *r, char folder[PATH_SIZE], const char *dir,
                     const attune_export_options *o, attune_error *err)
{
    at_result *result = at_readback_result(r);
    attune_report *report = NULL;
    int rc = set_target(&result->setup, folder, dir, o, err);

    rc = rc < 0 ? rc : attune_report_open(&report, &result->setup, err);
    if (rc == ATTUNE_OK) {
        at_report_is_read_back(report);
        rc = at_readback_windows(r, report, err);
    }
    rc = rc < 0 ? rc : attune_report_finish(report, &result->info, result->interrupted, err);
    attune_report_free(&report);
    return rc;
}

int attune_export(const char *report, const attune_export_options *o, attune_error *err)
{
    char folder[PATH_SIZE];
    at_readback *r = NULL;
    int rc = at_readback_open(&r, report, err);

    rc = rc < 0 ? rc : export_to(r, folder, report, o, err);
    at_readback_close(&r);
    return rc;
}
