/* eaf.c - timeline.eaf: tiers of each face, for ELAN (format 3.0, as EAFv3.0.xsd orders it). */
#include "report/sinks.h"
#include "report/text.h"
#include "report/tiers.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PATH_SIZE = 4096 };

static int add(FILE *f, void *state, const attune_window *w)
{
    (void)f;
    return at_tiers_add(state, w);
}

static void free_tiers(void *state)
{
    at_tiers_free(state);
}

/* ---- the medium ----------------------------------------------------------------------------- */

static const char *mime_type(const char *name)
{
    static const char *const types[][2] = {
        {".mp4", "video/mp4"},        {".m4v", "video/mp4"},   {".mov", "video/quicktime"},
        {".mpg", "video/mpeg"},       {".mpeg", "video/mpeg"}, {".avi", "video/x-msvideo"},
        {".mkv", "video/x-matroska"}, {".webm", "video/webm"}, {".wav", "audio/x-wav"},
        {".mp3", "audio/mpeg"},       {".m4a", "audio/mp4"}};
    const char *ending = strrchr(name, '.');

    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++)
        if (!strcasecmp(ending, types[i][0]))
            return types[i][1];
    return "unknown";
}

/* The way from a folder to a file, both absolute: "../clip.mp4". 0: it is too long. */
static int way(char *out, size_t size, const char *from, const char *to)
{
    size_t same = 0, used = 0;

    for (size_t i = 0; from[i] && from[i] == to[i]; i++)
        same = from[i] == '/' ? i + 1 : same;
    if (!strncmp(from, to, strlen(from)) && to[strlen(from)] == '/')
        same = strlen(from) + 1;
    for (const char *p = same > strlen(from) ? "" : from + same; *p; p += strcspn(p, "/")) {
        p += *p == '/';
        used += (size_t)snprintf(out + used, size - used, "../");
        if (used >= size)
            return 0;
    }
    return used + strlen(to + same) < size &&
           snprintf(out + used, size - used, "%s", to + same) > 0;
}

/* How the clip is reached from the folder of this file: it says nothing of where both lie. Where that
 * cannot be found out, beside it. */
static void put_medium(FILE *f, const attune_report_options *setup)
{
    char *folder = setup->dir ? realpath(setup->dir, NULL) : NULL;
    char *clip = realpath(setup->input, NULL), path[PATH_SIZE], name[256];

    at_text_basename(name, sizeof name, setup->input);
    if (!folder || !clip || !way(path, sizeof path, folder, clip))
        snprintf(path, sizeof path, "%s", name);
    free(folder);
    free(clip);
    fputs("    <MEDIA_DESCRIPTOR MEDIA_URL=\"", f);
    at_text_html(f, path);
    fprintf(f, "\" MIME_TYPE=\"%s\" RELATIVE_MEDIA_URL=\"%s", mime_type(name),
            strncmp(path, "../", 3) ? "./" : "");
    at_text_html(f, path);
    fputs("\"/>\n", f);
}

/* The date is one and the same: the same windows make the same file. */
static void put_head(FILE *f, const at_outcome *o, size_t annotations)
{
    fprintf(
        f,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<ANNOTATION_DOCUMENT AUTHOR=\"attune %s\" DATE=\"1970-01-01T00:00:00+00:00\" "
        "FORMAT=\"3.0\" VERSION=\"3.0\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
        "xsi:noNamespaceSchemaLocation=\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\">\n"
        "  <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">\n",
        attune_version());
    put_medium(f, o->setup);
    fprintf(f,
            "    <PROPERTY NAME=\"lastUsedAnnotationId\">%zu</PROPERTY>\n"
            "    <PROPERTY NAME=\"notice\">%s</PROPERTY>\n  </HEADER>\n",
            annotations, at_notice_meaning);
}

/* ---- time ----------------------------------------------------------------------------------- */

typedef struct at_slots {
    int64_t *ms; /* (n) rising */
    size_t n;
} at_slots;

static int by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Every moment at which something begins or ends, once. */
static int make_slots(at_slots *s, const at_tiers *t)
{
    size_t kept = 0;

    s->ms = at_alloc(2 * t->spans, sizeof *s->ms);
    if (!s->ms)
        return ATTUNE_E_NOMEM;
    for (size_t i = 0; i < t->spans; i++) {
        s->ms[2 * i] = t->span[i].start_us / 1000;
        s->ms[2 * i + 1] = t->span[i].end_us / 1000;
    }
    s->n = 2 * t->spans;
    if (s->n)
        qsort(s->ms, s->n, sizeof *s->ms, by_time);
    for (size_t i = 0; i < s->n; i++)
        if (!kept || s->ms[i] != s->ms[kept - 1])
            s->ms[kept++] = s->ms[i];
    s->n = kept;
    return ATTUNE_OK;
}

/* Its number, from 1. */
static size_t slot_of(const at_slots *s, int64_t us)
{
    const int64_t ms = us / 1000;
    const int64_t *found = bsearch(&ms, s->ms, s->n, sizeof ms, by_time);

    return found ? (size_t)(found - s->ms) + 1 : 0;
}

static void put_slots(FILE *f, const at_slots *s)
{
    fputs("  <TIME_ORDER>\n", f);
    for (size_t i = 0; i < s->n; i++)
        fprintf(f, "    <TIME_SLOT TIME_SLOT_ID=\"ts%zu\" TIME_VALUE=\"%lld\"/>\n", i + 1,
                (long long)s->ms[i]);
    fputs("  </TIME_ORDER>\n", f);
}

/* ---- tiers ---------------------------------------------------------------------------------- */

static void put_tier(FILE *f, const at_tiers *t, const at_slots *slots, int subject, at_tier tier)
{
    char name[AT_SUBJECT_NAME_SIZE];
    size_t n;
    const at_span *span = at_tier_spans(t, subject, tier, &n);

    at_tier_subject(name, t, subject);
    fprintf(f,
            "  <TIER ANNOTATOR=\"attune\" LINGUISTIC_TYPE_REF=\"%s\" PARTICIPANT=\"%s\" "
            "TIER_ID=\"%s %s\"%s\n",
            at_tier_vocabulary(tier), name, name, at_tier_name(tier), n ? ">" : "/>");
    for (size_t i = 0; i < n; i++)
        fprintf(f,
                "    <ANNOTATION>\n      <ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a%zu\" "
                "CVE_REF=\"%s-%d\" TIME_SLOT_REF1=\"ts%zu\" TIME_SLOT_REF2=\"ts%zu\">\n"
                "        <ANNOTATION_VALUE>%s</ANNOTATION_VALUE>\n"
                "      </ALIGNABLE_ANNOTATION>\n    </ANNOTATION>\n",
                (size_t)(span + i - t->span) + 1, at_tier_vocabulary(tier), span[i].label,
                slot_of(slots, span[i].start_us), slot_of(slots, span[i].end_us),
                at_tier_label(tier, span[i].label));
    if (n)
        fputs("  </TIER>\n", f);
}

/* One tier of each vocabulary. */
static const at_tier kinds[] = {AT_TIER_EXPRESSION, AT_TIER_ENGAGEMENT, AT_TIER_STATE,
                                AT_TIER_WITHHELD};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void put_vocabulary(FILE *f, at_tier tier)
{
    const char *name = at_tier_vocabulary(tier), *label;

    fprintf(f,
            "  <CONTROLLED_VOCABULARY CV_ID=\"%s\">\n    <DESCRIPTION LANG_REF=\"eng\">as attune "
            "perceives it</DESCRIPTION>\n",
            name);
    for (int i = 0; (label = at_tier_label(tier, i)); i++)
        fprintf(f,
                "    <CV_ENTRY_ML CVE_ID=\"%s-%d\">\n      <CVE_VALUE DESCRIPTION=\"\" "
                "LANG_REF=\"eng\">%s</CVE_VALUE>\n    </CV_ENTRY_ML>\n",
                name, i, label);
    fputs("  </CONTROLLED_VOCABULARY>\n", f);
}

static void put_types(FILE *f)
{
    for (int i = 0; i < KINDS; i++)
        fprintf(f,
                "  <LINGUISTIC_TYPE CONTROLLED_VOCABULARY_REF=\"%s\" GRAPHIC_REFERENCES=\"false\" "
                "LINGUISTIC_TYPE_ID=\"%s\" TIME_ALIGNABLE=\"true\"/>\n",
                at_tier_vocabulary(kinds[i]), at_tier_vocabulary(kinds[i]));
    fputs("  <LANGUAGE LANG_DEF=\"http://cdb.iso.org/lg/CDB-00138502-001\" LANG_ID=\"eng\" "
          "LANG_LABEL=\"English (eng)\"/>\n",
          f);
    for (int i = 0; i < KINDS; i++)
        put_vocabulary(f, kinds[i]);
}

static int close_eaf(FILE *f, void *state, const at_outcome *o)
{
    at_tiers *t = state;
    at_slots slots = {0};
    int rc = at_tiers_close(t);

    rc = rc < 0 ? rc : make_slots(&slots, t);
    if (rc < 0)
        return rc;
    put_head(f, o, t->spans);
    put_slots(f, &slots);
    for (int s = 0; s < t->subjects; s++)
        for (int tier = 0; tier < AT_TIERS; tier++)
            if (t->track[s] || tier == AT_TIER_EXPRESSION || tier == AT_TIER_WITHHELD)
                put_tier(f, t, &slots, s, (at_tier)tier);
    put_types(f);
    fputs("</ANNOTATION_DOCUMENT>\n", f);
    at_free(slots.ms);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_eaf = {
    .info = {"eaf", "timeline.eaf", "ELAN: a tier for each thing that is told of a face",
             .extra = 1},
    .state_size = sizeof(at_tiers),
    .window = add,
    .close = close_eaf,
    .free = free_tiers,
};
