/* kinds.c - names of what is written, as options take them: sinks, and the two kinds that are none. */
#include "cli/cli.h"

#include <attune/sink.h>
#include <stdio.h>
#include <string.h>

void at_print_sinks(FILE *f, int extra, int sightings)
{
    const attune_sink_info *sink;

    for (int i = 0; (sink = attune_sink_at(i)); i++)
        if (!sink->extra == !extra && (sightings || !sink->sightings))
            fprintf(f, "  %-12s %-23s %s\n", sink->name, sink->file, sink->what);
}

int at_are_named(const char *names, const char *name)
{
    while (names) {
        const size_t n = strcspn(names, ",");
        if (n == strlen(name) && strncmp(names, name, n) == 0)
            return 1;
        names = names[n] ? names + n + 1 : NULL;
    }
    return 0;
}

int at_check_sinks(const char *command, const char *option, const char *names)
{
    attune_error err;

    if (attune_sinks_check(names, &err) == ATTUNE_OK)
        return -1;
    if (at_are_named(names, at_model_kind))
        return at_wrong_usage(command,
                              "%s: %s is of a model, and goes by itself: attune export MODEL --to "
                              "%s -o DIR",
                              option, at_model_kind, at_model_kind);
    if (at_are_named(names, at_overlay_kind))
        return at_wrong_usage(command,
                              "%s: %s is drawn into a clip: attune export RESULT INPUT --to %s",
                              option, at_overlay_kind, at_overlay_kind);
    return at_wrong_usage(command, "%s: %s", option, err.text);
}
