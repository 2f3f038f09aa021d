/* vtt.c - timeline.vtt: what was perceived, second by second, to lay over the video in a player
 * (WebVTT, W3C 2019); and each row of the timeline as a metadata cue, for pages of one's own. */
#include "report/cues.h"
#include "report/fields.h"
#include "report/hops.h"
#include "report/sinks.h"

static int head(FILE *f, void *state, const attune_report_options *setup)
{
    (void)state, (void)setup;
    fprintf(f, "WEBVTT\n\nNOTE\n%s\n", at_notice_meaning);
    return ATTUNE_OK;
}

static void put_times(FILE *f, int64_t start_us, int64_t end_us)
{
    fputc('\n', f);
    at_cue_time(f, start_us, '.');
    fputs(" --> ", f);
    at_cue_time(f, end_us, '.');
    fputc('\n', f);
}

static int cue(FILE *f, void *state, const attune_window *w)
{
    at_cues *c = state;
    int first;

    if (!at_cue_shows(c, w, &first))
        return ATTUNE_OK;
    if (first)
        put_times(f, c->start_us, c->end_us);
    at_cue_estimate(f, w);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_vtt = {
    .info = {.name = "vtt",
             .file = "timeline.vtt",
             .what = "subtitles: what was perceived, second by second"},
    .state_size = sizeof(at_cues),
    .open = head,
    .window = cue,
};

/* ---- metadata ------------------------------------------------------------------------------- */

typedef struct at_metadata {
    at_hops hops;
    at_fields fields;
} at_metadata;

static int metadata_head(FILE *f, void *state, const attune_report_options *setup)
{
    at_metadata *m = state;

    at_fields_with(&m->fields, setup->session.beside);
    return head(f, state, setup);
}

static int metadata_cue(FILE *f, void *state, const attune_window *w)
{
    at_metadata *m = state;

    put_times(f, at_hop_start(&m->hops, w), w->end_us);
    at_fields_json(&m->fields, w, f);
    fputc('\n', f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_vtt_metadata = {
    .info = {"vtt-metadata", "timeline.metadata.vtt", "each row of the timeline as a WebVTT cue",
             .extra = 1},
    .state_size = sizeof(at_metadata),
    .open = metadata_head,
    .window = metadata_cue,
};
