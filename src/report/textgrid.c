/* textgrid.c - timeline.TextGrid: tiers of each face, for Praat (long text format, its manual's "TextGrid
 * file formats"). Intervals follow on one another without a gap; where nothing is said they are empty. */
#include "report/sinks.h"
#include "report/tiers.h"

static int add(FILE *f, void *state, const attune_window *w)
{
    (void)f;
    return at_tiers_add(state, w);
}

static void free_tiers(void *state)
{
    at_tiers_free(state);
}

static int is_written(const at_tiers *t, int subject, int tier)
{
    return t->track[subject] || tier == AT_TIER_EXPRESSION || tier == AT_TIER_WITHHELD;
}

static void put_interval(FILE *f, int number, int64_t start_us, int64_t end_us, const char *text)
{
    fprintf(f,
            "        intervals [%d]:\n            xmin = %.3f\n            xmax = %.3f\n"
            "            text = \"%s\"\n",
            number, (double)start_us / 1e6, (double)end_us / 1e6, text);
}

/* Writes the tier's intervals, gaps too; f NULL: only counts them. */
static int intervals(FILE *f, const at_tiers *t, int subject, at_tier tier)
{
    int64_t at_us = t->start_us;
    int n = 0;
    size_t spans;
    const at_span *span = at_tier_spans(t, subject, tier, &spans);

    for (size_t i = 0; i <= spans; i++) {
        int64_t next_us = i < spans ? span[i].start_us : t->end_us;
        if (next_us > at_us && ++n && f)
            put_interval(f, n, at_us, next_us, "");
        if (i < spans && ++n && f)
            put_interval(f, n, span[i].start_us, span[i].end_us,
                         at_tier_label(tier, span[i].label));
        at_us = i < spans ? span[i].end_us : at_us;
    }
    return n;
}

static void put_span(FILE *f, const char *indent, const at_tiers *t)
{
    fprintf(f, "%sxmin = %.3f\n%sxmax = %.3f\n", indent, (double)t->start_us / 1e6, indent,
            (double)t->end_us / 1e6);
}

static void put_tier(FILE *f, const at_tiers *t, int number, int subject, at_tier tier)
{
    char name[AT_SUBJECT_NAME_SIZE];

    fprintf(f, "    item [%d]:\n        class = \"IntervalTier\"\n        name = \"%s %s\"\n",
            number, at_tier_subject(name, t, subject), at_tier_name(tier));
    put_span(f, "        ", t);
    fprintf(f, "        intervals: size = %d\n", intervals(NULL, t, subject, tier));
    intervals(f, t, subject, tier);
}

static int close_textgrid(FILE *f, void *state, const at_outcome *o)
{
    at_tiers *t = state;
    int rc = at_tiers_close(t), n = 0;

    (void)o;
    for (int s = 0; s < t->subjects; s++)
        for (int tier = 0; tier < AT_TIERS; tier++)
            n += is_written(t, s, tier);
    fputs("File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n", f);
    put_span(f, "", t);
    fprintf(f, "tiers? <exists>\nsize = %d\nitem []:\n", n);
    n = 0;
    for (int s = 0; s < t->subjects; s++)
        for (int tier = 0; tier < AT_TIERS; tier++)
            if (is_written(t, s, tier))
                put_tier(f, t, ++n, s, (at_tier)tier);
    return rc;
}

const at_sink_kind at_sink_textgrid = {
    .info = {"textgrid", "timeline.TextGrid", "Praat: the same tiers", .extra = 1},
    .state_size = sizeof(at_tiers),
    .window = add,
    .close = close_textgrid,
    .free = free_tiers,
};
