#include "report/sinks.h"

#include "at_config.h"
#include "base/error.h"

#include <string.h>
#include <unistd.h>

/* Files of one name are written together. The summary comes last: where it is, the rest is there too. */
static const at_sink_kind *const kinds[] = {
    &at_sink_csv,
    &at_sink_jsonl,
    &at_sink_vtt,
    &at_sink_html,
    /* exports */
    &at_sink_openface,
    &at_sink_openface_windows,
    &at_sink_eaf,
    &at_sink_textgrid,
    &at_sink_srt,
    &at_sink_vtt_metadata,
    &at_sink_table,
    &at_sink_table_columns,
#if AT_HAVE_CAIRO
    &at_sink_pdf,
    &at_sink_expression_svg,
    &at_sink_states_svg,
    &at_sink_weights_svg,
    &at_sink_expression_png,
    &at_sink_states_png,
    &at_sink_weights_png,
#endif
    &at_sink_summary,
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

static const char all_but_extra[] = "default";

static unsigned not_extra(void)
{
    unsigned bits = 0;

    for (int i = 0; i < KINDS; i++)
        bits |= (unsigned)!kinds[i]->info.extra << i;
    return bits;
}

static int is(const char *name, size_t length, const char *other)
{
    return strlen(other) == length && strncmp(other, name, length) == 0;
}

/* 0: there is none of that name. */
static unsigned named(const char *name, size_t length)
{
    unsigned bits = is(name, length, all_but_extra) ? not_extra() : 0;

    for (int i = 0; i < KINDS; i++)
        bits |= (unsigned)is(name, length, kinds[i]->info.name) << i;
    return bits;
}

static int fail_unknown(const char *name, size_t length, attune_error *err)
{
    char list[256] = "";

    for (int i = 0; i < KINDS; i++) {
        size_t used = strlen(list);
        if (i && !strcmp(kinds[i]->info.name, kinds[i - 1]->info.name))
            continue;
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", kinds[i]->info.name);
    }
    return at_fail(err, ATTUNE_E_ARG, "there is no sink '%.*s'; there are %s",
                   (int)(length < 40 ? length : 40), name, list);
}

int at_sinks_chosen(const char *names, unsigned *chosen, attune_error *err)
{
    *chosen = names ? 0 : not_extra();
    while (names) {
        size_t length = strcspn(names, ",");
        unsigned bits = named(names, length);
        if (!bits)
            return fail_unknown(names, length, err);
        *chosen |= bits;
        names = names[length] ? names + length + 1 : NULL;
    }
    return ATTUNE_OK;
}

int attune_sinks_check(const char *names, attune_error *err)
{
    unsigned chosen;

    return at_sinks_chosen(names, &chosen, err);
}

int attune_sinks_have(const char *names, const char *file)
{
    unsigned chosen;

    at_sinks_chosen(names, &chosen, NULL);
    for (int i = 0; i < KINDS; i++)
        if ((chosen >> i & 1u) && !strcmp(kinds[i]->info.file, file))
            return 1;
    return 0;
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
