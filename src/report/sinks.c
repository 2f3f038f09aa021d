#include "report/sinks.h"

#include "base/error.h"

#include <string.h>
#include <unistd.h>

/* The summary comes last: where it is, the rest is there too. */
static const at_sink_kind *const kinds[] = {
    &at_sink_csv, &at_sink_jsonl, &at_sink_vtt, &at_sink_html, &at_sink_summary,
};

enum { KINDS = sizeof kinds / sizeof *kinds };
_Static_assert((int)KINDS <= (int)AT_SINKS_MAX, "bits of a choice");

const at_sink_kind *at_sink_kind_at(int i)
{
    return i >= 0 && i < KINDS ? kinds[i] : NULL;
}

const attune_sink_info *attune_sink_at(int i)
{
    const at_sink_kind *kind = at_sink_kind_at(i);

    return kind ? &kind->info : NULL;
}

static int find(const char *name, size_t length)
{
    int i = 0;

    while (i < KINDS && (strlen(kinds[i]->info.name) != length ||
                         strncmp(kinds[i]->info.name, name, length) != 0))
        i++;
    return i < KINDS ? i : -1;
}

static int fail_unknown(const char *name, size_t length, attune_error *err)
{
    char list[256] = "";

    for (int i = 0; i < KINDS; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", kinds[i]->info.name);
    }
    return at_fail(err, ATTUNE_E_ARG, "there is no sink '%.*s'; there are %s",
                   (int)(length < 40 ? length : 40), name, list);
}

int at_sinks_chosen(const char *names, unsigned *chosen, attune_error *err)
{
    *chosen = names ? 0 : (1u << KINDS) - 1;
    while (names) {
        size_t length = strcspn(names, ",");
        int i = find(names, length);
        if (i < 0)
            return fail_unknown(names, length, err);
        *chosen |= 1u << i;
        names = names[length] ? names + length + 1 : NULL;
    }
    return ATTUNE_OK;
}

int attune_sinks_check(const char *names, attune_error *err)
{
    unsigned chosen;

    return at_sinks_chosen(names, &chosen, err);
}

static int stands_in(const char *dir, const char *file)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", dir, file);

    return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

int at_sinks_files(unsigned chosen, char *out, size_t size)
{
    size_t used = 0;
    int n = 0;

    out[0] = 0;
    for (int i = 0; i < KINDS; i++) {
        if (!(chosen >> i & 1u))
            continue;
        snprintf(out + used, size - used, "%s%s", n++ ? ", " : "", kinds[i]->info.file);
        used += strlen(out + used);
    }
    return n;
}

int attune_outputs_in(const char *dir, const char *except, char *out, size_t size)
{
    unsigned without = 0, there = 0;

    if (!except || *except)
        at_sinks_chosen(except, &without, NULL);
    for (int i = 0; i < KINDS; i++)
        there |= (unsigned)stands_in(dir, kinds[i]->info.file) << i;
    return at_sinks_files(there & ~without, out, size);
}

int at_sink_is_chosen(const char *names, const at_sink_kind *kind)
{
    unsigned chosen = 0;
    int i = 0;

    at_sinks_chosen(names, &chosen, NULL);
    while (kinds[i] != kind)
        i++;
    return (int)(chosen >> i & 1u);
}
