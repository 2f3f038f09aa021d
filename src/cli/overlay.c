/* overlay.c - the one export that is no sink, since it needs the clip once more. */
#include "base/progress.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

const char at_overlay_file[] = "overlay.mp4";

const char at_overlay_kind[] = "overlay";

void at_print_overlay(FILE *f)
{
    fprintf(f, "  %-12s %-23s %s\n", at_overlay_kind, at_overlay_file,
            "the clip with boxes, bands and weights drawn in");
}

int at_split_overlay(const char *kinds, char rest[AT_KINDS_SIZE])
{
    size_t used = 0;
    int found = 0;

    rest[0] = 0;
    while (kinds) {
        const size_t n = strcspn(kinds, ",");
        if (n == strlen(at_overlay_kind) && !strncmp(kinds, at_overlay_kind, n)) {
            found = 1;
        } else {
            if (used + n + 2 > AT_KINDS_SIZE)
                return -1;
            used += (size_t)sprintf(rest + used, "%s%.*s", used ? "," : "", (int)n, kinds);
        }
        kinds = kinds[n] ? kinds + n + 1 : NULL;
    }
    return found;
}

static int on_progress(void *user, double done_s, double total_s)
{
    at_progress_update(user, done_s, total_s, NULL);
    return at_stopped(NULL);
}

int at_draw_overlay(const char *report, const char *input, const char *out,
                    const attune_annotate_options *o, int quiet)
{
    attune_annotate_options options = *o;
    at_progress progress = {0};
    attune_error err;
    int rc;

    options.progress = on_progress;
    options.user = &progress;
    at_progress_start(&progress, "drawing", quiet);
    rc = attune_annotate(report, input, out, &options, &err);
    at_progress_end(&progress);
    if (rc == ATTUNE_OK)
        return AT_EXIT_OK;
    fprintf(stderr, "attune: %s\n", rc == ATTUNE_E_INTERRUPTED ? "interrupted" : err.text);
    return rc == ATTUNE_E_INTERRUPTED ? AT_EXIT_INTERRUPTED : AT_EXIT_FAILED;
}
